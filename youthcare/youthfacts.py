"""What is known of one youth, as dates and periods: the only thing the trajectory service tells the others.

Nothing here changes when time passes: "today" is a question asked of these values (`services/trajectory/view.py`,
the indicators, the alert rules), never a state in them. `version` and
`known_day` order what is told about a youth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from youthcare.codes import Product, Residential
from youthcare.events import RequestedProduct
from youthcare.period import Period

RULES_REVISION = 1
"""Raised when code or data that facts depend on change; the golden village's facts are the test."""


class Opening(StrEnum):
    """How a care period began (domain.md §4)."""

    INFLOW = "inflow"  # instroom
    RETURN = "return"  # herinstroom
    UNKNOWN = "unknown"  # onbekend: te kort na het begin van de aanlevering


class ExitKind(StrEnum):
    """Why a care period ended; only the last two enter the sustainable-exit cohort (domain.md §4)."""

    DIED = "died"  # overleden
    MOVED = "moved"  # verhuisd
    OTHER_DOMAIN = "other-domain"  # uitstroom naar ander domein
    ENDED = "ended"  # beëindigd


COHORT_EXITS = frozenset({ExitKind.ENDED, ExitKind.OTHER_DOMAIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Who the youth is from a day on, without saying who it is."""

    valid_from: date
    birth_date: date | None = None
    team: str | None = None
    case_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A start or end day, when its sender first recorded it and when we first received it; for timeliness."""

    day: date
    time: datetime
    received: datetime | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One version of an indication, oldest first."""

    granted_at: datetime
    first_day: date
    last_day: date | None = None
    change_reason: str | None = None
    request: str | None = None
    received: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicationFacts:
    """One indication: what it is and the days on which it was delivered."""

    indication: str
    provider: str | None = None
    product: Product | None = None
    care_form: str
    counts_as_care: bool
    stackable: bool
    residential: Residential | None = None
    referrer: str | None = None
    team: str | None = None
    crisis: bool = False
    grants: tuple[Grant, ...] = ()
    first_start: date | None = None
    care: tuple[Period, ...] = ()
    running: tuple[Period, ...] = ()
    closing_reason: str | None = None
    stated_last_days: tuple[date, ...] = ()
    starts: tuple[Recorded, ...] = ()
    ends: tuple[Recorded, ...] = ()
    closing_ends: tuple[Recorded, ...] = ()
    """The final ends that close runs of running days; of a run that ends without one there is none."""
    evidence: tuple[str, ...] = ()

    @property
    def last_running_day(self) -> date | None:
        """The last running day; None while open or never started."""
        return self.running[-1].last_day if self.running else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """A request of a provider and what was answered."""

    request: str
    provider: str
    referrer: str | None = None
    products: tuple[RequestedProduct, ...] = ()
    care_forms: tuple[str, ...] = ()
    """The care forms of the products asked, new or changed, each once; what is kept is not asked."""
    requested: datetime
    received: datetime
    answer: str | None = None
    answer_reason: str | None = None
    answered: datetime | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The evaluation of an indication took place on a day."""

    indication: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePeriod:
    """A maximal run of running days ("aaneengesloten zorgperiode"); exit fields hold once it has ended."""

    period: Period
    opening: Opening
    five_years: Opening = Opening.UNKNOWN
    """How it began with a window of five years, whatever the definition set (`new_share`, domain.md §6)."""
    crisis: bool = False
    end_stated: bool
    exit_kind: ExitKind | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The day from which one run of care has replaced another within a trajectory."""

    day: date
    provider: bool
    care_form: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """Care periods chained while each return falls inside the window ("zorgtraject")."""

    period: Period
    anchor: str
    switches: tuple[Switch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionDays:
    """A provision (care form, provider) and the days on which it counts for stacking."""

    care_form: str
    provider: str | None = None
    days: tuple[Period, ...] = ()


class GroupKind(StrEnum):
    """A kind of group that an indication is in by what it is (domain.md §6)."""

    CARE_FORM = "care_form"
    REFERRER = "referrer"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPeriods:
    """The care periods of the indications of one group alone (domain.md §6, `flow_balance` by care form)."""

    kind: GroupKind
    group: str
    care_periods: tuple[CarePeriod, ...] = ()
    residential_periods: tuple[CarePeriod, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionFacts:
    """What follows under one definition set; a group that holds all indications has the periods of the youth."""

    care_periods: tuple[CarePeriod, ...] = ()
    trajectories: tuple[Trajectory, ...] = ()
    residential_periods: tuple[CarePeriod, ...] = ()
    residential_moves: tuple[Switch, ...] = ()
    """Moves between residential provisions, each on the first day of the run that replaces."""
    provisions: tuple[ProvisionDays, ...] = ()
    groups: tuple[GroupPeriods, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class YouthFacts:
    """All that follows from the ledger of one youth, as known at the end of `known_day`."""

    municipality: str
    youth: str
    version: tuple[int, int]
    known_day: date
    registrations: tuple[Registration, ...] = ()
    indications: tuple[IndicationFacts, ...] = ()
    requests: tuple[RequestFacts, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    definitions: Mapping[str, DefinitionFacts] = field(default_factory=dict)
    corrects: bool = False
    """Whether something received on the known day takes back or mends what was told before it."""
    gone: bool = False
    """Merged into another youth or forgotten: nothing is told of this identifier any more."""


UNKNOWN_GROUP = "unknown"
"""The group of an indication of which nobody stated the care form, referrer or provider."""


def group_of(row: IndicationFacts, kind: GroupKind) -> str:
    """The group of an indication."""
    named = {GroupKind.CARE_FORM: row.care_form, GroupKind.REFERRER: row.referrer, GroupKind.PROVIDER: row.provider}
    return named[kind] or UNKNOWN_GROUP


def registration_on(facts: YouthFacts, day: date) -> Registration | None:
    """The registration in force on a day: the greatest `valid_from` on or before it (domain.md §2)."""
    return next((row for row in reversed(facts.registrations) if row.valid_from <= day), None)


def team_on(facts: YouthFacts, day: date) -> str | None:
    """The team on a day: as registered, else that of an indication in care that day (the greatest id)."""
    registered = registration_on(facts, day)
    if registered is not None and registered.team is not None:
        return registered.team
    teams = (row.team for row in reversed(facts.indications) if row.team and _cares_on(row, day))
    return next(teams, None)


def _cares_on(row: IndicationFacts, day: date) -> bool:
    return any(period.covers(day) for period in (*row.care, *row.running))
