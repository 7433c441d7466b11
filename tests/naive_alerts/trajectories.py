"""Naive readings of the rules about a trajectory, a return or the stack of a day (domain.md §5 and §7)."""

from collections.abc import Callable, Iterator
from datetime import date

from services.alerts.norms import Norm
from tests.naive_alerts.seen import (
    DAY,
    HORIZON,
    Days,
    Holds,
    Line,
    Seen,
    always,
    between,
    days_of,
    earliest,
    last_of,
    number_of,
    pieces,
    under,
)
from youthcare.period import add_months, civil_day
from youthcare.youthfacts import CarePeriod, IndicationFacts, RequestFacts, Trajectory


def overlong(seen: Seen) -> Iterator[Line]:
    """Count the days of each trajectory until the norm, and until 80 % of it."""
    for trajectory in seen.definition.trajectories:
        days = days_of([trajectory.period])
        norm = _reached(seen, trajectory, "trajectory-overlong", "norm", number_of)
        if norm:
            yield seen.line("trajectory-overlong", "norm", trajectory.anchor, norm, last_of(days))
        warned = _reached(seen, trajectory, "trajectory-overlong", "warning", _warning_days)
        until = norm[0] - DAY if norm else last_of(days)
        if warned and (until is None or warned[0] <= until):
            yield seen.line("trajectory-overlong", "warning", trajectory.anchor, warned, until)


def _warning_days(norm: Norm) -> int:
    days = number_of(norm)
    return days if norm.level == "warning" else next(count for count in range(10_000) if count * 100 >= days * 80)


def outlier(seen: Seen) -> Iterator[Line]:
    """One day longer than the percentile that was made of the quarter."""
    for trajectory in seen.definition.trajectories:
        found = _reached(seen, trajectory, "outlier", "norm", lambda norm: number_of(norm) + 1)
        if found:
            days = days_of([trajectory.period])
            until = days & {*between(HORIZON[0], found[0])}
            rows = [row for row in seen.counting if seen.running[row.indication] & until]
            yield seen.line("outlier", "norm", trajectory.anchor, found, last_of(days), rows)


def _reached(
    seen: Seen, trajectory: Trajectory, rule: str, level: str, wanted: Callable[[Norm], int]
) -> tuple[date, Norm] | None:
    """The first day of running care periods on which a trajectory counts at least so many days."""
    running = days_of(row.period for row in seen.definition.care_periods)
    numbered = list(enumerate(sorted(days_of([trajectory.period])), start=1))

    def holds(norm: Norm) -> list[date]:
        number_wanted = wanted(norm)
        return [day for number, day in numbered if number >= number_wanted and day in running]

    return seen.opened(rule, level, holds)


def turning(seen: Seen) -> Iterator[Line]:
    """Running care in the months before the eighteenth birthday; born on 29 February is 18 on 1 March (0013)."""
    birth = seen.facts.registrations[-1].birth_date if seen.facts.registrations else None
    if birth is None:
        return
    leap = (birth.month, birth.day) == (2, 29)
    birthday = date(birth.year + 18, 3, 1) if leap else birth.replace(year=birth.year + 18)
    running = frozenset(day for days in seen.running.values() for day in days)
    for trajectory in seen.definition.trajectories:
        days = days_of([trajectory.period])
        found = seen.opened("turning-18", "signal", _before(birthday, days & running))
        if found:
            closes = earliest(birthday - DAY, last_of(days))
            rows = [row for row in seen.counting if found[0] in seen.running[row.indication]]
            yield seen.line("turning-18", "signal", trajectory.anchor, found, closes, rows)


def _before(birthday: date, days: Days) -> Holds:
    return lambda norm: days & {*between(add_months(birthday, -number_of(norm)), birthday - DAY)}


def returned(seen: Seen) -> Iterator[Line]:
    """Every care period that the facts call a return."""
    rows: tuple[CarePeriod, ...] = seen.definition.care_periods
    for row in rows:
        days = days_of([row.period])
        found = seen.opened("returned", "signal", always(days))
        if row.opening == "return" and found:
            yield seen.line("returned", "signal", begun(seen, row.period.start), found, last_of(days))


def begun(seen: Seen, day: date) -> str:
    """The smallest indication whose running days begin on a day."""
    return min(name for name, days in seen.running.items() if day in days and day - DAY not in days)


def requested(seen: Seen) -> Iterator[Line]:
    """Every request that would add care to care that runs."""
    for row in seen.facts.requests:
        days = between(civil_day(row.requested), decided(seen, row))
        found = seen.opened("stacking-request", "signal", always(days))
        if adds(seen, row) and found:
            yield seen.line("stacking-request", "signal", row.request, found, decided(seen, row))


def adds(seen: Seen, request: RequestFacts) -> bool:
    """A change request with a new product; any other request on a day with running care."""
    kinds = {product.kind for product in request.products}
    if kinds & {"keep", "change"}:
        return "new" in kinds
    return any(civil_day(request.requested) in days for days in seen.running.values())


def decided(seen: Seen, request: RequestFacts) -> date | None:
    """The day of the rejection or of the first grant that carries the reference."""
    days = {
        grant.granted_at.date()
        for row in seen.facts.indications
        for grant in row.grants
        if grant.request == request.request
    }
    if request.answer == "rejected" and request.answered:
        days.add(civil_day(request.answered))
    return min(days) if days else None


def stacked(seen: Seen) -> Iterator[Line]:
    """Walk over the days and note where the threshold is reached and where it is left."""
    counts = {day: len(provisions(seen, day)) for day in HORIZON}
    found: list[Line] = []
    for norm, _, _ in seen.windows("stacking-level", "signal", None):
        for run in pieces(day for day in HORIZON if counts[day] >= number_of(norm)):
            opened = seen.opened("stacking-level", "signal", under(norm, run))
            if opened and not any(told_already(one, opened[0], run) for one in found):
                anchor = _stacking_anchor(seen, opened[0])
                found.append(seen.line("stacking-level", "signal", anchor, opened, last_of(run)))
    yield from found


def told_already(line: Line, day: date, run: Days) -> bool:
    """Whether another norm found these days before: its finding stays, and this one would tell of it again."""
    return line.opens_on in run or line.opens_on <= day <= (line.closes_on or date.max)


def provisions(seen: Seen, day: date) -> set[tuple[str, str | None]]:
    """The provisions that count for stacking on a day, from the indications themselves (domain.md §5)."""
    cared = [row for row in seen.counting if day in seen.care[row.indication]]
    at_home = {row.provider for row in cared if row.residential and row.provider is not None}
    return {
        (row.care_form, row.provider)
        for row in cared
        if row.stackable and (row.residential or row.provider not in at_home)
    }


def _stacking_anchor(seen: Seen, day: date) -> str:
    """The smallest counting indication that begins that day, else that has care that day."""
    wanted = provisions(seen, day)
    rows = [row for row in seen.counting if row.stackable and (row.care_form, row.provider) in wanted]
    return smallest_begun(seen, rows, day)


def smallest_begun(seen: Seen, rows: list[IndicationFacts], day: date) -> str:
    """The smallest indication with care that begins on a day, else with care that day."""
    on_day = sorted(row.indication for row in rows if day in seen.care[row.indication])
    begun_then = [name for name in on_day if day - DAY not in seen.care[name]]
    return (begun_then or on_day)[0]
