"""Why a file of reference data is refused: a closed list, each with its line, its column and what to mend, in Dutch.

Two rules. A refusal is a value and names a place, never what stands there. One cell has one refusal: the first
thing that is wrong with it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from youthcare.personal_number import holds_personal_number

TEXT_LENGTH_MAX = 200
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠")
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._-]{0,59}")


class Wrong(StrEnum):
    """What is wrong with a file, a line or a cell."""

    NOT_UTF8 = "not-utf8"
    NOT_CSV = "not-csv"
    WRONG_SEPARATOR = "wrong-separator"
    WRONG_HEADER = "wrong-header"
    NO_ROWS = "no-rows"
    TOO_MANY_LINES = "too-many-lines"
    CELL_COUNT = "cell-count"
    CELL_MISSING = "cell-missing"
    CELL_TOO_LONG = "cell-too-long"
    STRAY_SPACE = "stray-space"
    FORBIDDEN_CHARACTER = "forbidden-character"
    FORMULA = "formula"
    PERSONAL_NUMBER = "personal-number"
    MUNICIPALITY_INVALID = "municipality-invalid"
    OTHER_MUNICIPALITY = "other-municipality"
    PERIOD_INVALID = "period-invalid"
    DAY_INVALID = "day-invalid"
    GROUP_KIND_UNKNOWN = "group-kind-unknown"
    GROUP_INVALID = "group-invalid"
    AGE_BAND_UNKNOWN = "age-band-unknown"
    INDICATOR_UNKNOWN = "indicator-unknown"
    SERIES_UNKNOWN = "series-unknown"
    DIRECTION_UNKNOWN = "direction-unknown"
    UNIT_UNKNOWN = "unit-unknown"
    COUNT_INVALID = "count-invalid"
    NUMBER_INVALID = "number-invalid"
    DUPLICATE_KEY = "duplicate-key"
    NOTHING_TO_WITHDRAW = "nothing-to-withdraw"


GUIDANCE_NL: dict[Wrong, str] = {
    Wrong.NOT_UTF8: "Het bestand is geen UTF-8. Sla het op als 'CSV UTF-8' en lever het opnieuw aan.",
    Wrong.NOT_CSV: "Vanaf deze regel is het bestand niet te lezen. Controleer de aanhalingstekens.",
    Wrong.WRONG_SEPARATOR: "De kolommen zijn niet met komma's gescheiden. Sla het bestand op met komma's.",
    Wrong.WRONG_HEADER: "De eerste regel bevat niet precies deze kolommen, in deze volgorde.",
    Wrong.NO_ROWS: "Het bestand bevat geen regels onder de kolomnamen.",
    Wrong.TOO_MANY_LINES: "Het bestand heeft meer dan 20.000 regels. Splits het en lever de delen apart aan.",
    Wrong.CELL_COUNT: "De regel heeft niet evenveel cellen als de eerste regel kolommen heeft.",
    Wrong.CELL_MISSING: "De cel is leeg. Vul haar in.",
    Wrong.CELL_TOO_LONG: "De cel is langer dan 200 tekens. Kort de tekst in.",
    Wrong.STRAY_SPACE: "De cel begint of eindigt met een spatie. Haal die weg.",
    Wrong.FORBIDDEN_CHARACTER: "De cel bevat een teken dat niet te zien is. Typ de tekst opnieuw.",
    Wrong.FORMULA: "De cel begint met =, +, - of @ en zou een formule kunnen zijn. Begin met een letter of cijfer.",
    Wrong.PERSONAL_NUMBER: "De cel bevat negen cijfers achter elkaar, mogelijk een BSN. Haal het nummer weg.",
    Wrong.MUNICIPALITY_INVALID: "Een gemeente is een code van vier cijfers, zoals 0153.",
    Wrong.OTHER_MUNICIPALITY: "De regel is van een andere gemeente dan waarvoor het bestand wordt aangeleverd.",
    Wrong.PERIOD_INVALID: "Dit tijdvak bestaat niet of past hier niet. Schrijf 2024, 2024Q3 of 2024-09.",
    Wrong.DAY_INVALID: "Deze dag bestaat niet. Schrijf een dag als 2024-12-24.",
    Wrong.GROUP_KIND_UNKNOWN: "Deze soort groep is hier niet bekend.",
    Wrong.GROUP_INVALID: "De naam van de groep heeft niet de juiste vorm. Gebruik de code van het systeem.",
    Wrong.AGE_BAND_UNKNOWN: "Deze leeftijdsgroep is hier niet bekend.",
    Wrong.INDICATOR_UNKNOWN: "Deze indicator staat niet in de catalogus (/v1/indicators).",
    Wrong.SERIES_UNKNOWN: "Deze reeks is niet bekend: client_experience, deficit, measures_started of investment.",
    Wrong.DIRECTION_UNKNOWN: "De richting is at-least (ten minste) of at-most (ten hoogste).",
    Wrong.UNIT_UNKNOWN: "De eenheid is percent, euro, count of score.",
    Wrong.COUNT_INVALID: "Schrijf een geheel getal van 0 tot en met 9999999, zonder punten.",
    Wrong.NUMBER_INVALID: "Schrijf een getal met een punt, zoals 12.5; hoogstens 12 cijfers ervoor en 6 erna.",
    Wrong.DUPLICATE_KEY: "Deze regel gaat over hetzelfde als een eerdere regel. Laat er één staan.",
    Wrong.NOTHING_TO_WITHDRAW: "Er geldt niets dat met deze regel kan worden ingetrokken. Controleer de regel.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What is wrong in a place of a file; without a column it is the line, `first_line` is what it repeats."""

    line: int
    wrong: Wrong
    column: str = ""
    first_line: int | None = None

    @property
    def guidance(self) -> str:
        """What to mend, in Dutch."""
        return GUIDANCE_NL[self.wrong]

    @property
    def sentence(self) -> str:
        """Place, guidance and code on one line, in Dutch, for a terminal."""
        place = f"regel {self.line}" + (f", kolom {self.column}" if self.column else "")
        earlier = f" (zie regel {self.first_line})" if self.first_line is not None else ""
        return f"{place}: {self.guidance}{earlier} [{self.wrong.value}]"


def find_text_flaw(cell: str) -> Wrong | None:
    """What is wrong with a cell of text; a spreadsheet would take what begins with =, +, - or @ for a formula."""
    if cell == "":
        return Wrong.CELL_MISSING
    if not cell.isprintable():
        return Wrong.FORBIDDEN_CHARACTER
    if cell != cell.strip():
        return Wrong.STRAY_SPACE
    if cell[0] in _FORMULA_SIGNS:
        return Wrong.FORMULA
    if len(cell) > TEXT_LENGTH_MAX:
        return Wrong.CELL_TOO_LONG
    return Wrong.PERSONAL_NUMBER if holds_personal_number(cell) else None


def find_name_flaw(cell: str) -> Wrong | None:
    """What is wrong with the name of a group: the form of a team's id at the doors."""
    return find_text_flaw(cell) or (None if _NAME.fullmatch(cell) else Wrong.GROUP_INVALID)


def find_number_flaw(cell: str, form: re.Pattern[str], otherwise: Wrong) -> Wrong | None:
    """What is wrong with a cell that holds a number of a form."""
    if cell == "":
        return Wrong.CELL_MISSING
    return None if form.fullmatch(cell) else otherwise


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet could take a cell for a formula."""
    return cell[:1] in _FORMULA_SIGNS
