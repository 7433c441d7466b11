"""The catalogue of indicators: what each figure means, per which period, and how its steps are summed.

A *running* indicator holds on a day whatever the period: its figure for a period is the sum of all steps up to the
day asked, or up to the period's last day when that is earlier. A *bound* indicator's steps name their period.
An indicator that is no figure of a report (`is_reported` false) is kept for the gauges alone.
"""

from dataclasses import dataclass
from enum import StrEnum


class Per(StrEnum):
    """The calendar period of a figure."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"


class Kind(StrEnum):
    """What numerator and denominator are."""

    COUNT = "count"  # the denominator is 1 by convention
    RATIO = "ratio"  # both are sums of steps
    RATE = "rate"  # the denominator is the population, which is reference data


class Axis(StrEnum):
    """How steps are summed to a figure."""

    RUNNING = "running"
    BOUND = "bound"
    BEFORE = "before"  # running, asked of the day before the period


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One row of the catalogue; `series` names the steps it is read from."""

    id: str
    label_nl: str
    per: Per
    kind: Kind
    axis: Axis
    meaning: str
    source: str
    series: str
    is_reported: bool = True


_SECTION = "domain.md §6"
_FLOW = "flow_balance"


def _flow(term: str, label_nl: str, axis: Axis, meaning: str, series: str = "") -> Indicator:
    return Indicator(
        id=f"{_FLOW}.{term}",
        label_nl=label_nl,
        per=Per.MONTH,
        kind=Kind.COUNT,
        axis=axis,
        meaning=meaning,
        source=_SECTION,
        series=f"{_FLOW}.{series or term}",
    )


_ROWS = (
    Indicator(
        id="in_care",
        label_nl="Jeugdigen met jeugdhulp",
        per=Per.MONTH,
        kind=Kind.COUNT,
        axis=Axis.RUNNING,
        meaning="Youths of all ages with a care day in the month, up to the day asked.",
        source=_SECTION,
        series="in_care",
    ),
    Indicator(
        id="stacking_mean",
        label_nl="Gemiddeld aantal voorzieningen bij stapeling",
        per=Per.MONTH,
        kind=Kind.RATIO,
        axis=Axis.RUNNING,
        meaning="Provisions of the stacked youths / youths with two or more provisions in the month.",
        source="domain.md §5 and §6",
        series="stacking_mean",
    ),
    Indicator(
        id="stacking_share",
        label_nl="Aandeel jeugdigen met zorgstapeling",
        per=Per.MONTH,
        kind=Kind.RATIO,
        axis=Axis.RUNNING,
        meaning="Youths with two or more provisions in the month / youths with at least one that counts.",
        source="domain.md §5 and §6",
        series="stacking_share",
    ),
    Indicator(
        id="inflow_rate",
        label_nl="Instroom per inwoner van 0 tot en met 17 jaar",
        per=Per.QUARTER,
        kind=Kind.RATE,
        axis=Axis.RUNNING,
        meaning="Youths 0-17 with an inflow in the quarter / population 0-17; pending are openings unknown.",
        source=_SECTION,
        series="inflow_rate",
    ),
    Indicator(
        id="sustainable_exit_rate",
        label_nl="Aandeel duurzame uitstroom",
        per=Per.QUARTER,
        kind=Kind.RATIO,
        axis=Axis.BOUND,
        meaning="Sustainable exits / youths with an exit whose window closed in the quarter, the latest counting.",
        source=_SECTION,
        series="sustainable_exit_rate",
    ),
    _flow("start", "Stand aan het begin", Axis.BEFORE, "Care periods that cover the day before the month.", "end"),
    _flow("inflow", "Instroom", Axis.BOUND, "Care periods that opened in the month as inflow."),
    _flow("unknown", "Instroom onbekend", Axis.BOUND, "Care periods that opened in the month, unknown how."),
    _flow("return", "Herinstroom", Axis.BOUND, "Care periods that opened in the month as a return."),
    _flow("moved_in", "Overgekomen van een ander wijkteam", Axis.BOUND, "Moves to the team within a care period."),
    _flow("moved_out", "Overgegaan naar een ander wijkteam", Axis.BOUND, "Moves from the team in a care period."),
    _flow("exits", "Uitstroom", Axis.BOUND, "Care periods whose last day + 1 lies in the month."),
    _flow("end", "Stand aan het eind", Axis.RUNNING, "Care periods that cover the month's last day, or the day asked."),
    Indicator(
        id="in_care_today",
        label_nl="Jeugdigen met jeugdhulp vandaag",
        per=Per.DAY,
        kind=Kind.COUNT,
        axis=Axis.RUNNING,
        meaning="Youths with care on the day itself.",
        source="design.md §7",
        series="in_care_today",
        is_reported=False,
    ),
    Indicator(
        id="windows_open",
        label_nl="Open termijnen voor herinstroom",
        per=Per.DAY,
        kind=Kind.COUNT,
        axis=Axis.RUNNING,
        meaning="Exits that are pending on the day itself.",
        source="design.md §7",
        series="windows_open",
        is_reported=False,
    ),
    Indicator(
        id="trajectory_running",
        label_nl="Lopende zorgtrajecten",
        per=Per.DAY,
        kind=Kind.COUNT,
        axis=Axis.BOUND,
        meaning="Trajectories that run on the day itself; the period of their steps is their first day.",
        source="design.md §7",
        series="trajectory_running",
        is_reported=False,
    ),
)

CATALOGUE = {row.id: row for row in _ROWS}
"""Every indicator by its id."""

REPORTED = tuple(row for row in _ROWS if row.is_reported)
"""The indicators of a report, in the order of the catalogue."""

FLOW_TERMS = tuple(row.id for row in _ROWS if row.id.startswith(f"{_FLOW}."))
"""The rows of the flow balance: start + openings + moved in - moved out - exits = end."""

DEFAULT_DEFINITION = "enschede"
"""The definition set that figures are asked under."""
