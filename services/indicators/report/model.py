"""What a council report is made from: cells, targets, other series, differences, and recent counts with estimates.

Three rules. Figures arrive suppressed: what is withheld has no numbers here, so the report cannot tell them. Values are
fractions; they are rounded only where they are written. A target of a year holds for its quarters and months.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from services.indicators.delays import Event
from services.indicators.publishing import Cause

FINAL = "final"
PROVISIONAL = "provisional"

MUNICIPALITY = "municipality"
TEAM = "team"
CARE_FORM = "care_form"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCell:
    """One figure of one group; `pending` is None when it is too small to tell."""

    indicator: str
    period: str
    group_kind: str
    group: str
    numerator: int | None
    denominator: int | None
    value: Fraction | None
    status: str
    pending: int | None
    is_withheld: bool = False

    def __post_init__(self) -> None:
        told = (self.numerator, self.denominator, self.value)
        assert not self.is_withheld or told == (None, None, None), "what is withheld has no numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target ("streefwaarde") of an indicator or other series, for one period or for a whole year."""

    indicator: str
    period: str
    value: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalValue:
    """A value of a series that is imported: client experience, deficit (in euros), measures, investments (in euros)."""

    series: str
    period: str
    value: Fraction
    is_provisional: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A figure that was published as one value and is another now; None where there was, or is, nothing to show."""

    indicator: str
    period: str
    group_kind: str
    group: str
    cause: Cause
    published: Fraction | None
    now: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Between which numbers, both included, a count ends eight times in ten: an estimate, never a count."""

    low: int
    high: int

    def __post_init__(self) -> None:
        assert self.low <= self.high, "a band has a lower and an upper edge"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentCount:
    """How many starts or ends of a recent month or quarter were reported; what they will become stands apart."""

    event: Event
    period: str
    last_day: date
    """The last day that is counted: that of the period, or the day asked."""
    count: int | None
    band: Band | None = None
    """None when too little is known to estimate it."""
    is_withheld: bool = False

    def __post_init__(self) -> None:
        assert (self.count is None) == self.is_withheld, "what is withheld has no count, and all else has one"
        if self.band is not None:
            assert self.count is not None, "a band would tell what is withheld"
            assert self.count <= self.band.low, "what was reported is not expected away"

    @property
    def may_rise(self) -> bool:
        """Whether more reports are expected, or nobody knows."""
        return self.count is not None and (self.band is None or self.band.high > self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the report of one municipality and quarter tells."""

    municipality: str
    municipality_name: str
    quarter: str
    as_of: date
    known_on: date
    definition: str
    cells: tuple[ReportCell, ...]
    targets: tuple[Target, ...] = ()
    external: tuple[ExternalValue, ...] = ()
    differences: tuple[Difference, ...] = ()
    unexplained: int = 0
    """How many published cells, of any group, are others now without a known cause."""
    recent: tuple[RecentCount, ...] = ()
    teams: Mapping[str, str] = field(default_factory=dict)
    """Name of each team by its id; the teams of the report, in this order."""
    care_forms: Mapping[str, str] = field(default_factory=dict)
    """Dutch name of each care form by its id."""
    published_on: date | None = None
    compared_with: date | None = None
    """The day of the publication that the differences are with; None when there was none."""
    digest: str | None = None
    """Hash of the frozen figures, when the report is published."""
