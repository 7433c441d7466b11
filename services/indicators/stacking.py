"""Stacking: how many provisions a youth has in a month, in a year and on one day (domain.md §5, "zorgstapeling").

The provisions are those of the youth, also where a figure counts the care of one group alone: one provider cannot
stack. Such a youth counts in the group when it has a care day of it in the period.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from services.indicators.counting import Amounts, all_in_period, has_day, present
from services.indicators.definitions import Per
from services.indicators.placements import Scope
from services.indicators.spans import turns
from services.indicators.steps import NOTHING, Amount, SharedSteps
from youthcare.period import Period, joined
from youthcare.youthfacts import ProvisionDays

STACKED_MIN, PEAK_MIN = 2, 3


def stacking_steps(scope: Scope, provisions: Sequence[ProvisionDays]) -> Iterator[SharedSteps]:
    """The steps of all stacking figures."""
    if not provisions:
        return
    for per, suffix in ((Per.MONTH, ""), (Per.YEAR, ".year")):
        yield _counted(suffix, per, scope, provisions)
    yield present("stacking_peak", Per.MONTH, scope, (1, 0, 0), peak_days(provisions))


def _counted(suffix: str, per: Per, scope: Scope, provisions: Sequence[ProvisionDays]) -> SharedSteps:
    mean, share = f"stacking_mean{suffix}", f"stacking_share{suffix}"

    def amounts_on(first_day: date, on: date) -> Amounts:
        count = sum(has_day(provision.days, first_day, on) for provision in provisions)
        return {mean: _mean(count), share: _share(count)}

    days = (day for provision in provisions for day in turns(provision.days, per))
    return all_in_period(per, scope, days, amounts_on)


def _mean(count: int) -> Amount:
    return (count, 1, 0) if count >= STACKED_MIN else NOTHING


def _share(count: int) -> Amount:
    return (int(count >= STACKED_MIN), 1, 0) if count else NOTHING


def peak_days(provisions: Sequence[ProvisionDays]) -> tuple[Period, ...]:
    """The days on which three or more provisions count."""
    days = sorted({day for each in provisions for period in each.days for day in (period.start, period.end)})
    parts = (Period(start, end) for start, end in pairwise(days))
    return joined(part for part in parts if _count_on(provisions, part.start) >= PEAK_MIN)


def _count_on(provisions: Sequence[ProvisionDays], day: date) -> int:
    return sum(has_day(provision.days, day, day) for provision in provisions)
