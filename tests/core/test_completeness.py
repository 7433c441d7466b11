"""The completeness band: over 200 simulated months the later truth lies in the 80 % band 70-90 % of the time.

The generators know nothing of the estimator: they draw days of events and days of reports, and nothing else.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from math import exp, sqrt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.indicators.completeness import (
    EVENTS_MIN,
    Estimate,
    History,
    Reported,
    estimate,
    history_of,
    learned_curve,
    reported,
)
from services.indicators.delays import DELAY_DAYS_MAX
from youthcare.period import Period, add_months

FIRST = date(2000, 1, 1)
LEARNED, MONTHS = 36, 200
END = add_months(FIRST, LEARNED + MONTHS)
LATER = date(2100, 1, 1)

Told = tuple[date, date]
"""The day of an event and the day on which it was reported."""
Feed = Callable[[Random], Iterator[Told]]
Band = tuple[int, int]


def happened(rng: Random, per_day: float, growth: float = 0.0, restless: float = 0.0) -> Iterator[date]:
    """Days of events: Poisson, growing by a share a month, or at another level each month."""
    level = 1.0
    for number in range((END - FIRST).days):
        day = FIRST + timedelta(days=number)
        if day.day == 1 and restless:
            level = rng.gammavariate(1 / restless**2, restless**2)
        yield from [day] * poisson(rng, per_day * level * (1 + growth) ** (number / 30.4))


def poisson(rng: Random, mean: float) -> int:
    """A Poisson number, by multiplying chances (Knuth)."""
    number, chance, floor = 0, rng.random(), exp(-mean)
    while chance > floor:
        number, chance = number + 1, chance * rng.random()
    return number


def after(rng: Random, day: date, mean_days: float) -> date:
    """An exponential delay on, but no report on a weekend."""
    told = day + timedelta(days=int(rng.expovariate(1 / mean_days)))
    return told + timedelta(days=7 - told.weekday()) if told.weekday() > 4 else told


def quick(rng: Random) -> Iterator[Told]:
    """Within a week on average."""
    yield from ((day, after(rng, day, 6)) for day in happened(rng, 5))


def slow(rng: Random) -> Iterator[Told]:
    """A month and a half on average."""
    yield from ((day, after(rng, day, 45)) for day in happened(rng, 3))


def mixed(rng: Random) -> Iterator[Told]:
    """Most within days, a fifth within weeks, a tenth after months."""
    for day in happened(rng, 4):
        mean_days = rng.choices((2, 20, 100), (7, 2, 1))[0]
        yield day, after(rng, day, mean_days)


def growing(rng: Random) -> Iterator[Told]:
    """Volume doubles in seven years."""
    yield from ((day, after(rng, day, 20)) for day in happened(rng, 1.5, growth=0.008))


def restless(rng: Random) -> Iterator[Told]:
    """Each month has another level, by a fifth."""
    yield from ((day, after(rng, day, 20)) for day in happened(rng, 4, restless=0.2))


def quickening(rng: Random) -> Iterator[Told]:
    """The delay itself shrinks and grows over the years, between ten days and a month and a half."""
    for day in happened(rng, 4):
        phase = (day - FIRST).days % 3600 / 3600
        yield day, after(rng, day, 10 + 70 * abs(phase - 0.5))


def bursty(rng: Random) -> Iterator[Told]:
    """Six senders that keep what they have and send it all at once, weekly to every second month, at random."""
    batches = [list(_batches(rng, mean_days)) for mean_days in (5, 9, 14, 21, 30, 45)]
    for day in happened(rng, 4):
        own = rng.choice(batches)
        yield day, own[bisect_left(own, after(rng, day, 5))]


def _batches(rng: Random, mean_days: int) -> Iterator[date]:
    day = FIRST
    while day < END + timedelta(days=400):
        day += timedelta(days=1 + int(rng.expovariate(1 / mean_days)))
        yield day


def monthly(rng: Random) -> Iterator[Told]:
    """Half of it is registered afterwards, around the tenth of the next month."""
    for day in happened(rng, 4):
        next_month = add_months(day.replace(day=1), 1) + timedelta(days=9)
        yield day, after(rng, day, 5) if rng.random() < 0.5 else after(rng, next_month, 3)


@cache
def history(feed: Feed, seed: int) -> History:
    """All that one simulated feed told."""
    told = feed(Random(seed))
    return history_of(Counter((day, min((told_on - day).days, DELAY_DAYS_MAX)) for day, told_on in told))


def questions(days_after: int) -> Iterator[tuple[Period, date]]:
    """The 200 months, each asked so many days after its last."""
    for number in range(LEARNED, LEARNED + MONTHS):
        month = Period(add_months(FIRST, number), add_months(FIRST, number + 1))
        yield month, month.end + timedelta(days=days_after - 1)


def coverage(feed: Feed, seed: int, days_after: int, band: Callable[[History, Period, date], Band]) -> float:
    """The share of the months whose truth lay in the band."""
    rows = history(feed, seed)
    hits = 0
    for month, on in questions(days_after):
        lower, upper = band(rows, month, on)
        hits += lower <= reported(rows, month, LATER) <= upper
    return hits / MONTHS


def ours(rows: History, month: Period, on: date) -> Band:
    """The band of the product."""
    found = estimate(rows, month, on)
    assert found is not None, "three years are enough to learn from"
    return found.lower, found.upper


def naive(rows: History, month: Period, on: date) -> Band:
    """A band as one would first write it: a plain histogram of the delays seen in a year, and a Poisson error."""
    known = on.toordinal()
    seen = [row for row in rows.within(known - 365, known + 1) if row.day + row.delay <= known]
    total = sum(row.events for row in seen)
    days = range(month.start.toordinal(), month.end.toordinal())
    shares = [sum(row.events for row in seen if row.delay <= known - day) / total for day in days]
    expected = reported(rows, month, on) * (len(days) / sum(shares) - 1)
    middle, half = reported(rows, month, on) + expected, 1.2816 * sqrt(expected)
    return round(middle - half), round(middle + half)


SHAPES = [
    (quick, 0),
    (slow, 5),
    (mixed, 5),
    (growing, 5),
    (restless, 5),
    (quickening, 5),
    (bursty, 5),
    (monthly, 5),
]
"""How feeds delay, and how many days after the month's last day is asked."""


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("feed", "days_after"), SHAPES, ids=lambda each: getattr(each, "__name__", str(each)))
def test_the_truth_lies_in_the_band_four_times_out_of_five(feed: Feed, days_after: int, seed: int) -> None:
    """Over 200 months, whatever the shape of the delay: between 70 and 90 % (issue 3, item 5)."""
    assert 0.70 <= coverage(feed, seed, days_after, ours) <= 0.90


@pytest.mark.parametrize("feed", [slow, growing, bursty, monthly], ids=lambda each: each.__name__)
def test_a_band_without_truncation_and_bursts_fails_the_same_check(feed: Feed) -> None:
    """The check can fail: young events are seen only when they were quick, and reports do not come one by one."""
    assert coverage(feed, 1, 5, naive) < 0.70


def test_the_band_narrows_as_time_goes_by() -> None:
    """Asked later of the same month, less is missing and the band is narrower."""
    month = Period(date(2010, 3, 1), date(2010, 4, 1))

    asked = [ours(history(slow, 1), month, month.end + timedelta(days=days)) for days in (0, 30, 90, 200)]

    widths = [upper - lower for lower, upper in asked]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 10 * max(widths[-1], 1)


def test_a_period_older_than_the_longest_delay_is_complete() -> None:
    """Nothing more is expected: the estimate is the count."""
    rows, month = history(slow, 1), Period(date(2010, 3, 1), date(2010, 4, 1))
    on = month.end + timedelta(days=DELAY_DAYS_MAX)
    count = reported(rows, month, on)

    assert estimate(rows, month, on) == Estimate(lower=count, middle=count, upper=count, completeness=1.0)


def test_a_period_that_still_runs_is_estimated_as_far_as_it_has_passed() -> None:
    """In the middle of a month the estimate is of its first half: days to come are no missing reports."""
    rows, month = history(slow, 1), Period(date(2010, 3, 1), date(2010, 4, 1))
    half = Period(date(2010, 3, 1), date(2010, 3, 16))

    found = estimate(rows, month, date(2010, 3, 15))

    assert found is not None
    assert found.lower <= reported(rows, half, LATER) <= found.upper


def test_too_few_events_and_too_short_a_feed_give_no_band() -> None:
    """Where little is known nothing is estimated; nor before the period has begun."""
    months = [(row.day, row.delay) for row in history(slow, 1).rows]
    ten_months_in = FIRST + timedelta(days=300)
    scarce = history_of({(date.fromordinal(day), delay): 1 for day, delay in months[:: len(months) // EVENTS_MIN]})

    assert estimate(history(slow, 1), Period(date(2000, 9, 1), date(2000, 10, 1)), ten_months_in) is None
    assert estimate(scarce, Period(date(2010, 3, 1), date(2010, 4, 1)), date(2010, 4, 5)) is None
    assert estimate(history(slow, 1), Period(date(2010, 3, 1), date(2010, 4, 1)), date(2010, 2, 28)) is None
    assert estimate(history_of({}), Period(date(2010, 3, 1), date(2010, 4, 1)), date(2010, 4, 5)) is None


def test_events_of_before_the_feed_teach_nothing() -> None:
    """A first delivery tells of years at once; taken as delays these would never end."""
    rows = history(quick, 1).rows
    counted = {(date.fromordinal(row.day), row.delay): row.events for row in rows}
    stock = {(FIRST - timedelta(days=days), min(days, DELAY_DAYS_MAX)): 20 for days in range(1, 1000)}

    assert history_of({**counted, **stock}).rows == rows


@settings(max_examples=25, deadline=None)
@given(number=st.integers(30, 200), days_after=st.integers(-20, 100))
def test_what_is_reported_later_changes_no_earlier_estimate(number: int, days_after: int) -> None:
    """Law: an estimate of a day is made of what was known on that day, so it can be made again."""
    rows, month = history(mixed, 1), Period(add_months(FIRST, number), add_months(FIRST, number + 1))
    on = month.end + timedelta(days=days_after)
    told = [row for row in rows.rows if row.day + row.delay <= on.toordinal()]

    assert estimate(rows, month, on) == estimate(History(rows=told), month, on)


REPORTS = st.dictionaries(st.tuples(st.integers(0, 200), st.integers(0, 60)), st.integers(1, 5), min_size=1)


@given(REPORTS, st.integers(0, 300))
def test_the_curve_rises_from_nought_to_all(counts: dict[tuple[int, int], int], known: int) -> None:
    """Law: the share that is reported grows with age, lies between 0 and 1, and ends at 1."""
    curve = learned_curve([Reported(day, delay, events) for (day, delay), events in counts.items()], known)

    assert list(curve) == sorted(curve)
    assert curve[0] >= 0
    assert curve[-1] == 1


@given(REPORTS)
def test_of_complete_days_the_curve_is_the_plain_distribution(counts: dict[tuple[int, int], int]) -> None:
    """Law: when nothing is cut off, the reverse hazards multiply to the share reported within each delay."""
    total = sum(counts.values())

    curve = learned_curve([Reported(day, delay, events) for (day, delay), events in counts.items()], 262)

    for age in range(61):
        assert curve[age] == pytest.approx(sum(n for (_, delay), n in counts.items() if delay <= age) / total)


def test_the_curve_is_not_fooled_by_young_events() -> None:
    """Half is reported at once and half after ten days; of the last ten days only the first half is seen."""
    rows = [Reported(day, delay, 10) for day in range(100) for delay in (0, 10) if day + delay < 100]

    curve = learned_curve(rows, 99)

    assert curve[0] == curve[9] == pytest.approx(0.5)
    assert curve[10] == 1
