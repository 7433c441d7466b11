"""What an indicator is: the period and kind of its figures, and which sums of steps they are made of.

A figure is a sum of *terms*: the steps of a series up to a day (`At`), added or taken away. A series whose steps
count days (`is_days`) grows by itself between steps. Distributions (`Kind.QUANTILE`, `Kind.SURVIVAL`) are read from
series whose steps name a first day as their period. The rows stand in
`catalogue.py`; how each figure is read stands in docs/decisions/0013 and 0015.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Per(StrEnum):
    """The calendar period of a figure."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Kind(StrEnum):
    """What numerator and denominator are."""

    COUNT = "count"  # the denominator is 1 by convention
    RATIO = "ratio"  # both are sums of steps
    RATE = "rate"  # the denominator is the population, which is reference data
    COMPLEMENT = "complement"  # the population without those counted, by the population
    QUANTILE = "quantile"  # the numerator is the quantile in days, the denominator how many were counted
    SURVIVAL = "survival"  # as a quantile, but some are still waiting (Kaplan-Meier)


class At(StrEnum):
    """Up to which day the steps of a term are summed; `up` is the period's last day, or the day asked if earlier."""

    END = "end"  # up to `up`
    BEFORE = "before"  # up to the day before the period
    BOUND = "bound"  # up to the day asked; the steps name the period
    NEXT_END = "next_end"  # as END, of the period after; nothing when that has not begun
    WITHIN = "within"  # from the period's first day up to `up`; of distributions alone


class Settles(StrEnum):
    """When a figure can be final, nothing being pending."""

    PERIOD = "period"  # when its period is over
    NEXT_PERIOD = "next_period"  # when the period after it is over
    WORKING_DAYS = "working_days"  # after the fifth working day after its period


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One sum of steps in a figure; with `is_days` the series counts days and grows between its steps."""

    series: str
    at: At = At.END
    sign: int = 1
    is_days: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One row of the catalogue; an indicator that is no figure of a report is kept for the gauges alone."""

    id: str
    label_nl: str
    per: Per
    kind: Kind
    meaning: str
    source: str
    terms: tuple[Term, ...]
    quantile: Fraction = Fraction(1, 2)
    settles: Settles = Settles.PERIOD
    is_reported: bool = True
    is_for_supervisors: bool = False
    """Oversight of providers: shown to nobody else (domain.md §6)."""


ANY_DEFINITION = ""
"""The definition under which steps are kept that are the same under each."""

UNDER_ANY = (ANY_DEFINITION,)
"""As the definition sets of a shared step."""

DEFAULT_DEFINITION = "enschede"
"""The definition set that figures are asked under."""

DEFINITIONS = (DEFAULT_DEFINITION, "cbs-statline", "cbs-outcome")
"""The definition sets that figures can be asked under."""

DEFINED_SERIES = frozenset(
    {
        "inflow_rate",
        "residential_inflow",
        "sustainable_exit_rate",
        "windows_open",
        "trajectory_running",
        "trajectories",
        "care_periods_begun",
        "switches_mean",
        "switches_mean.provider",
        "switches_mean.care_form",
        "care_period_ended",
        "new_share",
        "repeat_share",
        "crisis_share",
        *(f"flow_balance.{term}" for term in ("inflow", "unknown", "return", "moved_in", "moved_out", "exits", "end")),
    }
)
"""The series that differ between definition sets."""


def definition_of(series: str, definition: str) -> str:
    """The definition under which the steps of a series are kept."""
    return definition if series in DEFINED_SERIES else ANY_DEFINITION
