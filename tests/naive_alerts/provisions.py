"""Naive readings of the rules about a provision run: long, stacked, double, renewed, not evaluated (decision 0017)."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations, count, pairwise

from services.alerts.norms import Norm
from tests.naive_alerts.seen import (
    DAY,
    Days,
    Holds,
    Line,
    Run,
    Seen,
    Window,
    always,
    between,
    counted,
    earliest,
    last_of,
    number_of,
    opening_in,
)
from youthcare.period import add_months
from youthcare.youthfacts import IndicationFacts


def long_running(seen: Seen) -> Iterator[Line]:
    """Count the days of each provision run; its first day counts as 1."""
    for run in seen.runs:
        found = seen.opened("indication-overlong", "norm", counted(run.days), run.care_form)
        if found:
            rows = run_until(seen, run, found[0])
            anchor = run.first.indication
            yield seen.line("indication-overlong", "norm", anchor, found, last_of(run.days), rows)


def run_until(seen: Seen, run: Run, day: date) -> list[IndicationFacts]:
    """The indications of a run with a running day in it up to a day."""
    return [row for row in run.members if any(one <= day for one in seen.running[row.indication] & run.days)]


def unrequested(seen: Seen) -> Iterator[Line]:
    """A second provision run begins while an earlier one runs: through another referrer, or without a request."""
    for second in seen.runs:
        day = second.first_day
        earlier = [run for run in seen.runs if run.begun < second.begun and day in run.days]
        if not earlier:
            continue
        first = min(earlier, key=lambda run: run.begun)
        days = first.days & second.days
        referrers = {first.first.referrer, second.first.referrer}
        asked = any(grant.request for grant in second.first.grants)
        for level, fires in (("signal", None not in referrers and len(referrers) == 2), ("without-request", not asked)):
            found = seen.opened("stacking-unrequested", level, always(days)) if fires else None
            if found:
                rows = (first.first, second.first)
                yield seen.line("stacking-unrequested", level, second.first.indication, found, last_of(days), rows)


def doubled(seen: Seen) -> Iterator[Line]:
    """One care form at two known providers, beyond the days of a hand-over."""
    for one, other in combinations(seen.runs, 2):
        known = None not in (one.provider, other.provider)
        days = sorted(one.days & other.days)
        if not (known and one.care_form == other.care_form and days):
            continue
        found = seen.opened("duplicate-provision", "signal", _beyond(days), one.care_form)
        if found:
            later = max(one, other, key=lambda run: run.begun)
            rows = (one.first, other.first)
            yield seen.line("duplicate-provision", "signal", later.first.indication, found, last_of(days), rows)


def _beyond(days: list[date]) -> Holds:
    return lambda norm: days[number_of(norm) :]


def renewed(seen: Seen) -> Iterator[Line]:
    """Extensions in a provision run: longer grants, and renewals under another number."""
    for run in seen.runs:
        found_in = sorted(
            ((day, row) for row in run.members for day in extension_days(seen, run, row)),
            key=lambda pair: (pair[0], pair[1].indication),
        )
        days = [day for day, _ in found_in]
        found = seen.opened("serial-renewal", "signal", _from_nth(run.days, days), run.care_form)
        if found:
            rows = [run.first, *(row for day, row in found_in if day <= found[0])]
            yield seen.line("serial-renewal", "signal", run.first.indication, found, last_of(run.days), rows)


def _from_nth(days: Days, moments: list[date]) -> Holds:
    return lambda norm: [day for day in days if sum(moment <= day for moment in moments) >= number_of(norm)]


def extension_days(seen: Seen, run: Run, row: IndicationFacts) -> Iterator[date]:
    """The days in a run on which an indication of it was extended, or began where another number ran the day before."""
    for before, after in pairwise(row.grants):
        says_so = after.change_reason == "04"
        if says_so or (after.last_day or date.max) > (before.last_day or date.max):
            day = after.granted_at.date()
            if day in run.days:
                yield day
    began = min(seen.running[row.indication])
    if began in run.days and began - DAY in run.days:
        yield began


def evaluations(seen: Seen) -> Iterator[Line]:
    """The moments of evaluation: months after the start of the run, then yearly.

    A yearly moment has its number whatever was found before; those of a later run with the same first indication
    go on where the earlier run's ended, or two findings would be one.
    """
    numbers: Counter[str] = Counter()
    for run in seen.runs:
        names = {row.indication for row in run.members}
        held = sorted({row.day for row in seen.facts.evaluations if row.indication in names})
        base = seen.opened("evaluation-due", "first", _from_moment(run), run.care_form)
        if base is None:
            continue
        moment = first_moment(run, base[1])
        yield from _first(seen, run, held)
        before = numbers[run.first.indication]
        numbers[run.first.indication] += max((number for _, number, _ in yearly_moments(seen, run, moment)), default=0)
        yield from _yearly(seen, run, held, moment, before)


def first_moment(run: Run, norm: Norm) -> date:
    """So many months after the first day."""
    return add_months(run.first_day, number_of(norm))


def _from_moment(run: Run) -> Holds:
    def holds(norm: Norm) -> list[date]:
        moment = first_moment(run, norm)
        return [day for day in run.days if day >= moment]

    return holds


def _first(seen: Seen, run: Run, held: list[date]) -> Iterator[Line]:
    def until(moment: date) -> date | None:
        later = next((day for day in held if day > moment), None)
        following = _next_moment(seen, run, moment, 1, moment)
        return earliest(later and later - DAY, following and following - DAY, last_of(run.days))

    def holds(norm: Norm) -> tuple[date, ...]:
        moment = first_moment(run, norm)
        late = moment in run.days and not any(run.first_day <= day <= moment for day in held)
        return tuple(day for day in between(moment, until(moment)) if day in run.days) if late else ()

    found = seen.opened("evaluation-due", "first", holds, run.care_form)
    if found:
        moment = first_moment(run, found[1])
        rows = run_until(seen, run, found[0])
        yield seen.line("evaluation-due", "first", run.first.indication, found, until(moment), rows)


def _next_moment(seen: Seen, run: Run, first: date, number: int, on: date) -> date | None:
    """The numbered yearly moment, under the norm in force on a day; None when there is none."""
    windows = seen.windows("evaluation-due", "yearly", run.care_form)
    norm = next((norm for norm, since, until in windows if since <= on <= until), None)
    return None if norm is None else add_months(first, number * number_of(norm))


def yearly_moments(seen: Seen, run: Run, first: date) -> list[tuple[Window, int, date]]:
    """The yearly moments in a run: each norm has its own, told with how many times the norm it lies after the first."""
    found = []
    for window in seen.windows("evaluation-due", "yearly", run.care_form):
        for number in count(1):
            moment = add_months(first, number * number_of(window[0]))
            if moment not in run.days:
                break
            found.append((window, number, moment))
    return found


def _yearly(seen: Seen, run: Run, held: list[date], first: date, numbered: int) -> Iterator[Line]:
    """A moment up to the last day of what another norm found before is none, and no number is given twice."""
    given, taken = numbered, date.min
    for window, number, moment in yearly_moments(seen, run, first):
        before, after = (add_months(first, number_of(window[0]) * (number + step)) for step in (-1, 1))
        later = next((day for day in held if day > moment), None)
        last = earliest(later and later - DAY, after - DAY, last_of(run.days))
        late = not any(before < day <= moment for day in held)
        opens_on = opening_in(window, between(moment, last)) if late else None
        if opens_on is not None and moment > taken:
            given, taken = max(numbered + number, given + 1), last or date.max
            rows = run_until(seen, run, opens_on)
            opened = (opens_on, window[0])
            yield seen.line("evaluation-due", "yearly", run.first.indication, opened, last, rows, occurrence=given)
