"""Code lists of the iJw standard that rules depend on, and the care forms a product maps to.

The value of a member is the official code, its comment the Dutch label (ijw/reference.md §4). Care forms are
data (`deploy/care-forms.yml`, domain.md §9); this file says how a product is looked up in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EndReason(StrEnum):
    """Why a delivery ended (RedenBeeindiging, JZ588)."""

    DIED = "02"  # Overlijden
    PAUSED = "20"  # Levering is tijdelijk beëindigd
    AS_PLANNED = "31"  # Levering is volgens plan beëindigd
    BY_CLIENT = "32"  # Voortijdig afgesloten: eenzijdig door de cliënt
    BY_PROVIDER = "33"  # Voortijdig afgesloten: eenzijdig door de aanbieder
    IN_AGREEMENT = "34"  # Voortijdig afgesloten: in overeenstemming
    EXTERNAL = "35"  # Voortijdig afgesloten: wegens externe omstandigheden
    BY_MUNICIPALITY = "36"  # Geïnitieerd door de gemeente
    CHANGE_REQUEST = "37"  # In verband met wijzigingsverzoek
    OTHER_PROVIDER = "38"  # Overstap naar andere aanbieder
    OTHER_DOMAIN = "39"  # Uitstroom naar ander domein


PAPER_END_REASONS = frozenset({EndReason.BY_MUNICIPALITY, EndReason.CHANGE_REQUEST, EndReason.OTHER_PROVIDER})


class ChangeReason(StrEnum):
    """Why an indication was changed (RedenWijziging, JZ002)."""

    OLD_CORRECTION = "01"  # Administratieve correctie (vervallen)
    DIED = "02"  # Cliënt overleden
    CONTRACT_CHANGED = "03"  # Contractwijziging
    EXTENDED = "04"  # Herbeoordeling: verlenging toewijzing
    SHORTENED = "05"  # Herbeoordeling: verkorting toewijzing
    OTHER_DOMAIN = "06"  # Uitstroom naar ander domein
    MOVED = "07"  # Verhuizing naar een andere gemeente
    OTHER_DELIVERY = "08"  # Wijziging leveringsvorm (ZIN naar pgb)
    OTHER_PROVIDER = "09"  # Overstap naar andere aanbieder
    OTHER_FUNDING = "10"  # Overgang naar nieuwe bekostigingssystematiek
    REORGANISED = "11"  # Gemeentelijke herindeling
    BY_PROVIDER = "12"  # Geïnitieerd door de aanbieder
    DELETED = "13"  # Verwijderd
    CORRECTED = "14"  # Administratieve correctie


class Referrer(StrEnum):
    """Who referred the youth (TypeVerwijzer, COD327)."""

    MUNICIPALITY = "01"  # Gemeente
    GENERAL_PRACTITIONER = "02"  # Huisarts
    YOUTH_DOCTOR = "03"  # Jeugdarts
    CERTIFIED_INSTITUTION = "04"  # Gecertificeerde instelling
    SPECIALIST = "05"  # Medisch specialist
    NONE = "06"  # Zelfverwijzer of geen verwijzer
    COURT = "08"  # Rechter, Officier van Justitie


class RequestAnswer(StrEnum):
    """What a municipality answers to a request other than by granting it (VerzoekAntwoord, WJ760)."""

    REJECTED = "rejected"  # 1 Verzoek afgewezen
    UNDER_INVESTIGATION = "under-investigation"  # 2 Aanvraag in onderzoek


class RefusalReason(StrEnum):
    """Why the municipality refused a request (RedenAfwijzingVerzoek, WJ759)."""

    NEW_REQUEST = "1"  # Geen wijziging, maar nieuwe aanvraag
    BUDGET = "2"  # Past niet binnen budget
    NO_CONTRACT = "3"  # Geen contract
    OUTSIDE_CONTRACT = "4"  # Past niet binnen contract
    OTHER_MUNICIPALITY = "5"  # Andere gemeente
    STACKING = "6"  # Stapeling
    CARE_CONTENT = "7"  # Zorginhoudelijke afkeur
    RESIDENCE = "8"  # Woonplaatsbeginsel
    AGE_LIMIT = "9"  # Leeftijdsgrens is bereikt


class Residential(StrEnum):
    """Kind of residential care: living ("wonen") or stay ("verblijf"), domain.md §9."""

    LIVING = "living"
    STAY = "stay"


PRODUCT_CATEGORIES = frozenset({"31", "32", "33", "34", "35", "36", "37", "38"} | {str(n) for n in range(40, 56)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CareForm:
    """The class a product code maps to ("zorgvorm")."""

    name: str
    counts_as_care: bool
    stackable: bool
    residential: Residential | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is granted or delivered: a category ("productcategorie") and often a code within it."""

    category: str | None = None
    code: str | None = None


OTHER = CareForm(name="other", counts_as_care=True, stackable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CareForms:
    """The table of care forms of one municipality: by code, then by category (domain.md §9)."""

    forms: Mapping[str, CareForm]
    codes: Mapping[tuple[str, str], str]
    categories: Mapping[str, str]

    def of(self, product: Product | None) -> CareForm:
        """The care form of a product; a code without category is looked up by its first two digits."""
        if product is None or (product.category is None and product.code is None):
            return OTHER
        category = product.category or (product.code or "")[:2]
        name = self.codes.get((category, product.code or "")) or self.categories.get(category)
        return self.forms[name] if name else OTHER


def care_forms_from(content: Mapping[str, Mapping[str, object]]) -> CareForms:
    """The table from the content of `care-forms.yml`; a name that is not defined there is our bug."""
    forms = {name: _care_form(name, row) for name, row in content["forms"].items()}
    codes = {(code[:2], code): str(name) for code, name in content["codes"].items()}
    categories = {category: str(name) for category, name in content["categories"].items()}
    assert {*codes.values(), *categories.values()} <= forms.keys(), "every code maps to a defined care form"
    return CareForms(forms=forms, codes=codes, categories=categories)


def _care_form(name: str, row: object) -> CareForm:
    assert isinstance(row, Mapping)
    kind = row.get("residential")
    return CareForm(
        name=name,
        counts_as_care=bool(row["counts_as_care"]),
        stackable=bool(row["stackable"]),
        residential=Residential(str(kind)) if kind else None,
    )
