"""What a council report is made from: cells, targets, other series, differences and estimates.

Three rules. Figures arrive suppressed: what is withheld has no numbers here, so the report cannot tell them. Values are
fractions; they are rounded only where they are written. A target of a year holds for its quarters and months.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

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
    """Between which values a recent figure of the municipality is expected to end: an estimate, never a count."""

    indicator: str
    period: str
    low: Fraction
    high: Fraction
    share: Fraction
    """How often the later truth lies inside, such as 4/5."""

    def __post_init__(self) -> None:
        assert self.low <= self.high, "a band has a lower and an upper edge"


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
    bands: tuple[Band, ...] = ()
    teams: Mapping[str, str] = field(default_factory=dict)
    """Name of each team by its id; the teams of the report, in this order."""
    care_forms: Mapping[str, str] = field(default_factory=dict)
    """Dutch name of each care form by its id."""
    published_on: date | None = None
    compared_with: date | None = None
    """The day of the publication that the differences are with; None when there was none."""
    digest: str | None = None
    """Hash of the frozen figures, when the report is published."""
