"""A naive recomputation of the figures from facts, day by day, written from domain.md §5 and §6 alone.

Rules: every figure is worked out by looking at each day of its period and at each youth; nothing is a step, a sum of
differences or an interval trick. It is slow, and only asked of a horizon of a few years.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests.builders import Statement
from youthcare.codes import CareForms
from youthcare.period import Period
from youthcare.wire import statement_from_wire
from youthcare.youthfacts import CarePeriod, YouthFacts

Row = tuple[str, str, str, str]
Added = tuple[Row, tuple[int, int, int]]
Amounts = dict[Row, tuple[int, int, int]]
ONE = timedelta(days=1)
FIRST_MONTH = date(2023, 10, 1)
# No strategy tells of care before this month.


def told_layers(told: Iterable[Statement], care_forms: CareForms, coverage_start: date | None) -> list[YouthFacts]:
    """Everything that the trajectory service would tell of these statements, oldest known day first."""
    rules = Rules(care_forms=care_forms, coverage_start=coverage_start)
    return list(layers([statement_from_wire(event) for event in told], rules))


def newest(told: Iterable[YouthFacts]) -> list[YouthFacts]:
    """What was told last of each youth."""
    return list({facts.youth: facts for facts in told}.values())


def amounts(youths: Iterable[YouthFacts], on: date) -> Amounts:
    """Numerator, denominator and pending of every row that is not all nought, on a day."""
    totals: Counter[tuple[Row, int]] = Counter()
    for youth in youths:
        if not youth.gone:
            for row, amount in _list_rows(youth, on):
                totals.update({(row, place): number for place, number in enumerate(amount)})
    found = {row: (totals[row, 0], totals[row, 1], totals[row, 2]) for row, _ in totals}
    return {row: amount for row, amount in found.items() if any(amount)}


def _list_rows(youth: YouthFacts, on: date) -> list[Added]:
    rows = []
    for month, days in _calendar(on, _month):
        rows += _month_rows(youth, month, days)
        rows += _flow_rows(youth, month, days)
    for quarter, days in _calendar(on, _quarter):
        rows += _inflow_rows(youth, quarter, days)
        rows += _exit_rows(youth, quarter, on)
    return rows


def _calendar(on: date, name: object) -> list[tuple[str, list[date]]]:
    """Every period up to a day, with its days so far."""
    assert callable(name)
    periods: dict[str, list[date]] = {}
    day = FIRST_MONTH
    while day <= on:
        periods.setdefault(name(day), []).append(day)
        day += ONE
    return list(periods.items())


def _month(day: date) -> str:
    return day.isoformat()[:7]


def _quarter(day: date) -> str:
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"


def _both(youth: YouthFacts, row: tuple[str, str], team: str, amount: tuple[int, int, int]) -> list[Added]:
    groups = (("municipality", youth.municipality), ("team", team))
    return [((*row, *group), amount) for group in groups]


def _has(periods: Iterable[Period], day: date) -> bool:
    return any(period.start <= day < period.end for period in periods)


def _cares(youth: YouthFacts, day: date) -> bool:
    return any(row.counts_as_care and _has(row.care, day) for row in youth.indications)


def _team(youth: YouthFacts, day: date) -> str:
    """As registered, else that of the greatest indication under way, else unknown."""
    registered = [row.team for row in youth.registrations if row.valid_from <= day]
    if registered and registered[-1]:
        return registered[-1]
    under_way = {
        row.indication: row.team
        for row in youth.indications
        if row.team and (_has(row.care, day) or _has(row.running, day))
    }
    return under_way[max(under_way)] if under_way else "unknown"


def running_durations(youths: Iterable[YouthFacts], on: date) -> dict[tuple[str, str], list[int]]:
    """Per group the durations in days of the trajectories under way on a day, sorted.

    A return goes on with the trajectory before it; days in between belong to its duration.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for youth in youths:
        first_day = date.min
        for row in [] if youth.gone else youth.definitions["enschede"].care_periods:
            if row.opening.value != "return":
                first_day = row.period.start
            if _has([row.period], on):
                for group in (("municipality", youth.municipality), ("team", _team(youth, on))):
                    found.setdefault(group, []).append((on - first_day).days + 1)
    return {group: sorted(durations) for group, durations in found.items()}


def nearest_rank(durations: Sequence[int], percent: int) -> int:
    """The least duration that at least so many percent of all do not exceed."""
    return min(
        days
        for days in durations
        if 100 * len([each for each in durations if each <= days]) >= percent * len(durations)
    )


def _month_rows(youth: YouthFacts, month: str, days: Sequence[date]) -> list[Added]:
    care = [day for day in days if _cares(youth, day)]
    if not care:
        return []
    team = _team(youth, care[-1])
    provisions = youth.definitions["enschede"].provisions
    count = len([each for each in provisions if any(_has(each.days, day) for day in days)])
    rows = _both(youth, ("in_care", month), team, (1, 1, 0))
    if count >= 1:
        rows += _both(youth, ("stacking_share", month), team, (1 if count >= 2 else 0, 1, 0))
    if count >= 2:
        rows += _both(youth, ("stacking_mean", month), team, (count, 1, 0))
    return rows


def _flow_rows(youth: YouthFacts, month: str, days: Sequence[date]) -> list[Added]:
    rows = []
    for row in youth.definitions["enschede"].care_periods:
        before = days[0] - ONE
        if _has([row.period], before):
            rows += _both(youth, ("flow_balance.start", month), _team(youth, before), (1, 1, 0))
        if _has([row.period], days[-1]):
            rows += _both(youth, ("flow_balance.end", month), _team(youth, days[-1]), (1, 1, 0))
        for day in days:
            rows += _flows_on(youth, row, month, day)
    return rows


def _flows_on(youth: YouthFacts, row: CarePeriod, month: str, day: date) -> list[Added]:
    now, before = _has([row.period], day), _has([row.period], day - ONE)
    if not now and not before:
        return []
    old, new = _team(youth, day - ONE), _team(youth, day)
    if now and not before:
        return _both(youth, (f"flow_balance.{row.opening.value}", month), new, (1, 1, 0))
    if before and not now:
        return _both(youth, ("flow_balance.exits", month), old, (1, 1, 0))
    if old == new:
        return []
    return [
        (("flow_balance.moved_out", month, "team", old), (1, 1, 0)),
        (("flow_balance.moved_in", month, "team", new), (1, 1, 0)),
    ]


def _inflow_rows(youth: YouthFacts, quarter: str, days: Sequence[date]) -> list[Added]:
    care = [day for day in days if _cares(youth, day)]
    births = [row.birth_date for row in youth.registrations][-1:]
    young = [day for day in care if births in ([], [None]) or _age(births[0], day) < 18]
    opened = [row.opening.value for row in youth.definitions["enschede"].care_periods if row.period.start in days]
    if not young:
        return []
    amount = (1 if "inflow" in opened else 0, 0, opened.count("unknown"))
    return _both(youth, ("inflow_rate", quarter), _team(youth, care[-1]), amount)


def _age(birth_date: date | None, day: date) -> int:
    """Birthdays that have passed."""
    assert birth_date is not None
    years = range(birth_date.year + 1, day.year + 1)
    return len([year for year in years if (year, birth_date.month, birth_date.day) <= (day.year, day.month, day.day)])


def _exit_rows(youth: YouthFacts, quarter: str, on: date) -> list[Added]:
    periods = [row for row in youth.definitions["enschede"].care_periods if row.period.start <= on]
    decided: list[tuple[str, int]] = []
    pending: list[tuple[str, int]] = []
    for number, row in enumerate(periods):
        if row.period.end > on or row.until is None or _quarter(row.until) != quarter:
            continue
        if row.exit_kind is None or row.exit_kind.value not in ("ended", "other-domain"):
            continue
        team = _team(youth, row.period.end - ONE)
        returned = any(row.period.end <= other.period.start <= row.until for other in periods[number + 1 :])
        (pending if row.until >= on else decided).append((team, 0 if returned else 1))
    rows = []
    for team, lasted in decided[-1:]:
        rows += _both(youth, ("sustainable_exit_rate", quarter), team, (lasted, 1, 0))
    for team, _ in pending[-1:]:
        rows += _both(youth, ("sustainable_exit_rate", quarter), team, (0, 0, 1))
    return rows
