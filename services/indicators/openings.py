"""How care began: inflow of minors, of residence, and the shares of new, repeated and crisis care (domain.md §6).

An opening that nobody can know is pending, not inflow. A return is neither. Inflow counts youths, the shares count
care periods.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from services.indicators.ages import minor_days
from services.indicators.counting import events, has_day, in_period
from services.indicators.definitions import Per
from services.indicators.placements import Scope
from services.indicators.spans import next_first_day, turns
from services.indicators.steps import NOTHING, Amount, Definitions, SharedSteps
from youthcare.youthfacts import CarePeriod, DefinitionFacts, Opening


def opening_steps(scope: Scope, under: DefinitionFacts, definitions: Definitions) -> Iterator[SharedSteps]:
    """The steps of all figures of openings under definition sets that agree on them."""
    periods = scope.care_periods(under)
    yield _inflow("inflow_rate", scope, periods, definitions)
    yield _inflow("residential_inflow", scope, scope.residential_periods(under), definitions)
    begun = [(row.period.start, {series: amount_of(row) for series, amount_of in _SHARES.items()}) for row in periods]
    yield events(Per.YEAR, scope, begun, definitions=definitions)


def _inflow(series: str, scope: Scope, periods: Sequence[CarePeriod], definitions: Definitions) -> SharedSteps:
    begun = [(row.period.start, row.opening) for row in periods if row.opening is not Opening.RETURN]
    if not begun:
        return {}
    minor = minor_days(scope.care_days, scope.birth_date)

    def amount_on(first_day: date, on: date) -> Amount:
        kinds = [kind for day, kind in begun if first_day <= day <= on]
        if not kinds or not has_day(minor, first_day, on):
            return NOTHING
        return int(Opening.INFLOW in kinds), 0, kinds.count(Opening.UNKNOWN)

    opened = [turn for day, _ in begun for turn in (day, next_first_day(Per.QUARTER, day))]
    days = (*opened, *turns(minor, Per.QUARTER))
    return in_period(series, Per.QUARTER, scope, days, amount_on, definitions=definitions)


def _new(row: CarePeriod) -> Amount:
    return int(row.five_years is Opening.INFLOW), 0, int(row.five_years is Opening.UNKNOWN)


def _repeated(row: CarePeriod) -> Amount:
    return int(row.five_years is Opening.RETURN), 0, int(row.five_years is Opening.UNKNOWN)


def _crisis(row: CarePeriod) -> Amount:
    return int(row.crisis), 0, 0


def _begun(_row: CarePeriod) -> Amount:
    return 0, 1, 0


_SHARES: dict[str, Callable[[CarePeriod], Amount]] = {
    "new_share": _new,
    "repeat_share": _repeated,
    "crisis_share": _crisis,
    "care_periods_begun": _begun,
}
