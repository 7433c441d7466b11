"""Residence: days of living and stay, who grows up at home, and who began (domain.md §6).

Days are counted in two conventions. In the messages the last day of care is a day. CBS counts from the day after the
first night to the day after the last night: one day for each night, so that a run of n days has n - 1.
"""

from collections.abc import Iterator, Sequence

from services.indicators.ages import minor_days
from services.indicators.counting import day_steps, present
from services.indicators.definitions import Per
from services.indicators.placements import Scope
from services.indicators.steps import SharedSteps
from youthcare.codes import Residential
from youthcare.period import ONE_DAY, Period, joined

KINDS: dict[str, frozenset[Residential]] = {
    "": frozenset(Residential),
    ".living": frozenset({Residential.LIVING}),
    ".stay": frozenset({Residential.STAY}),
}
"""Which kinds of residence a figure counts, by the end of its name."""


def residence_steps(scope: Scope) -> Iterator[SharedSteps]:
    """The steps of residential days, of those who have one, and of minors who do not grow up at home."""
    for suffix, kinds in KINDS.items():
        days = residential_days(scope, kinds)
        if not days:
            continue
        for convention, counted in (("", days), (".cbs", after_nights(days))):
            yield day_steps(f"residential_days{suffix}{convention}", Per.QUARTER, scope, counted)
            yield present(f"residential_users{suffix}{convention}", Per.QUARTER, scope, (0, 1, 0), counted)
        if not suffix:
            minor = minor_days(scope.care_days, scope.birth_date)
            yield present("at_home_rate", Per.QUARTER, scope, (1, 0, 0), minor, days)


def residential_days(scope: Scope, kinds: frozenset[Residential]) -> tuple[Period, ...]:
    """The runs of days with residential care of some kinds."""
    return joined(period for row in scope.rows if row.residential in kinds for period in row.care)


def after_nights(days: Sequence[Period]) -> tuple[Period, ...]:
    """The days that follow a night, as CBS counts them."""
    return tuple(Period(run.start + ONE_DAY, run.end) for run in days if run.start + ONE_DAY < run.end)
