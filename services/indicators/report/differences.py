"""The note on figures that were published before and are others now: each is listed, with its cause."""

from dataclasses import replace
from fractions import Fraction

from services.indicators.publishing import Cause
from services.indicators.report.content import TOPICS
from services.indicators.report.model import CARE_FORM, MUNICIPALITY, TEAM, Difference, Report
from services.indicators.report.numbers import MEAN, Unit, counted, in_steps, shown
from services.indicators.report.periods import day_nl, per_of, titled
from services.indicators.report.readings import Readings, State
from services.indicators.report.sentences import ABSENT_NL, WITHHELD_NL
from services.indicators.report.specials import TIMELINESS
from services.indicators.report.tables import care_form_name, team_name
from services.indicators.report.topics import Topic
from services.indicators.report.views import Cell, Note, Row, Table

CAUSES_NL = {
    Cause.LATE_STATEMENT: ("te laat bericht", "een bericht kwam na de publicatie binnen"),
    Cause.CORRECTION: ("verbetering", "een eerder bericht is ingetrokken of verbeterd"),
    Cause.DEFINITION: ("definitie", "het cijfer wordt anders berekend dan toen"),
    Cause.REFERENCE_DATA: ("referentiegegevens", "bevolkingsaantallen of andere aangeleverde gegevens zijn vervangen"),
    Cause.ERASURE: ("verwijdering", "gegevens zijn gewist op verzoek of na de bewaartermijn"),
    Cause.UNEXPLAINED: (
        "onverklaard",
        "niemand weet nog waardoor het cijfer is gewijzigd: het is geen van de andere oorzaken, en dus een fout in het "
        "systeem",
    ),
}
"""Each cause in two words, and what it means."""
_MORE_DECIMALS = 3
_NOT_SHOWN_NL = "dit rapport toont daar geen van"
_ELSEWHERE_NL = (
    "Wijzigingen in andere cijfers dan die van de gemeente als geheel staan er niet bij: die gaan soms over enkele "
    "jeugdigen."
)


def differences_note(readings: Readings) -> Note:
    """The note on differences with the publication that the report was compared with."""
    report = readings.report
    return Note(
        anchor="verschillen",
        title="Verschillen met een eerdere publicatie",
        paragraphs=tuple(text for text in (_opening(readings), _unexplained_nl(report)) if text),
        terms=tuple(
            words for cause, words in CAUSES_NL.items() if any(row.cause is cause for row in report.differences)
        ),
        tables=(_table(readings),) if report.differences else (),
    )


def _opening(readings: Readings) -> str:
    report = readings.report
    if report.compared_with is None:
        return "Er is geen eerdere publicatie om dit rapport mee te vergelijken."
    day = day_nl(report.compared_with)
    if not report.differences:
        return f"Alle cijfers van de gemeente als geheel die op {day} zijn gepubliceerd, zijn nu hetzelfde."
    count = len(report.differences)
    told = "is 1 cijfer" if count == 1 else f"zijn {count} cijfers"
    listed = f"Vergeleken met de publicatie van {day} {told} gewijzigd. De tabel noemt ze alle, met de oorzaak."
    return f"{listed} {_ELSEWHERE_NL}"


def _unexplained_nl(report: Report) -> str:
    """That nobody knows why figures changed, those of teams and care forms too, and whom to ask; else nothing."""
    count = report.unexplained
    if not count:
        return ""
    listed = sum(row.cause is Cause.UNEXPLAINED for row in report.differences)
    figures, changed = ("cijfer", "het is") if count == 1 else ("cijfers", "zij zijn")
    shown_nl = (
        f"{counted(listed)} daarvan {'staat' if listed == 1 else 'staan'} in de tabel" if listed else _NOT_SHOWN_NL
    )
    return (
        f"Van {counted(count)} {figures} uit die publicatie is niet bekend waardoor {changed} gewijzigd (onverklaard); "
        f"{shown_nl}. Vraag de beheerder van dit systeem bij de gemeente {report.municipality_name} hoe het zit. "
        "Zolang dat niet bekend is, is zo'n nieuw cijfer niet zeker."
    )


def _table(readings: Readings) -> Table:
    return Table(
        caption="Gewijzigde cijfers",
        columns=("Cijfer", "Periode", "Groep", "Gepubliceerd", "Nu", "Oorzaak"),
        rows=tuple(_row(readings, row) for row in readings.report.differences),
    )


def _row(readings: Readings, row: Difference) -> Row:
    topic = _find_topic(row)
    unit = told_apart(MEAN if topic is None else topic.unit, row)
    return Row(
        head=Cell(text=_title(topic, row)),
        cells=(
            Cell(text=titled(row.period)),
            Cell(text=_group(readings, row)),
            Cell(text=_value(unit, row.published)),
            Cell(text=_now(readings, unit, row)),
            Cell(text=CAUSES_NL[row.cause][0]),
        ),
    )


def _find_topic(row: Difference) -> Topic | None:
    ours = (*TOPICS, TIMELINESS)
    found = [topic for topic in ours if row.indicator in {topic.id, topic.beside}]
    return next((topic for topic in found if topic.per is per_of(row.period)), found[0] if found else None)


def _title(topic: Topic | None, row: Difference) -> str:
    if topic is None:
        return row.indicator
    return f"{topic.title_nl} (9 van de 10)" if row.indicator == topic.beside else topic.title_nl


def _group(readings: Readings, row: Difference) -> str:
    names = {
        MUNICIPALITY: lambda: f"Gemeente {readings.report.municipality_name}",
        TEAM: lambda: team_name(readings, row.group),
        CARE_FORM: lambda: care_form_name(readings, row.group),
    }
    return names.get(row.group_kind, lambda: row.group)()


def told_apart(unit: Unit, row: Difference) -> Unit:
    """The unit with as many decimals as it takes to see the difference, up to three more than elsewhere."""
    if row.published is None or row.now is None:
        return unit
    finer = [replace(unit, decimals=unit.decimals + more) for more in range(_MORE_DECIMALS + 1)]
    return next((each for each in finer if in_steps(row.published, each) != in_steps(row.now, each)), finer[-1])


def _value(unit: Unit, value: Fraction | None) -> str:
    return ABSENT_NL if value is None else shown(value, unit)


def _now(readings: Readings, unit: Unit, row: Difference) -> str:
    """The value of today; one that is withheld today is not told here either."""
    today = readings.beside(row.indicator, row.period, (row.group_kind, row.group))
    return WITHHELD_NL if today.state is State.WITHHELD else _value(unit, row.now)
