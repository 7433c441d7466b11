"""How complete a recent period is, and what its count will probably become: an estimate, and never a count.

Counts of recent days are too low, since part of what happened is reported later. From the counted delays
(`delays.py`) this module learns which share of the events is reported within d days, and says between which numbers
the count of a period will end up with a probability of 80 %.

The steps, as in the nowcasting of registries:

1. *The curve.* Young events are seen only when their delay is short, so a plain histogram is too quick. Instead, for
   each delay d: of the events at least d days old that were reported within d days, the share reported on day d
   itself (the reverse hazard; Kalbfleisch and Lawless 1989, and the chain ladder of actuaries). The product of
   what is left, from the longest delay down, gives F(d). Each d rests on the latest 270 days on which it can be seen.
2. *The level.* A month's daily rate is a gamma variable: its shape is the seen events and some of the months before,
   its exposure the sum of F over its days. What is missing is then negative binomial, also on days without reports.
3. *The past.* The same question is put to each of the last eighteen months with what was known then. How much came in
   since, by what was expected, corrects the centre; how far it lay off widens the band. That is how bursts count:
   senders that report in batches, and certified institutions that register whole months afterwards.
4. *The band* runs from the 10th to the 90th percentile of a negative binomial with that mean and variance.

Floats are used here and in no count or ratio: nothing of this is a figure, and its error is far above rounding.
What is retracted later is not foreseen: the lower end is never below what was reported. Nor is a day of the year on
which far more happens than on others, such as ends on 31 December: asked on that day itself the band misses it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from math import exp, lgamma, log, log1p, sqrt
from typing import NamedTuple

from services.indicators.delays import DELAY_DAYS_MAX
from youthcare.period import Period, add_months, months_of

LEARNING_DAYS = 270
PAST_MONTHS = 18
PAST_MONTHS_MIN = 6
EVENTS_MIN = 100
"""Fewer events in the learning days are too few to learn from."""

WARMING_DAYS = 120
"""How long a feed must have run before its past is asked what it would have expected."""

HISTORY_DAYS = DELAY_DAYS_MAX + LEARNING_DAYS + 31 * (PAST_MONTHS + 1)
"""Older events change no estimate."""

LEVEL_DAYS = 91
LEVEL_EVENTS = 25.0
"""How many events the level of the quarter before is worth: a level that varies by a fifth."""

TRUST_EVENTS = 10.0
TRUST_MONTHS = 2.0
"""How many missing events, and how many months, of model without flaw the past is mixed with."""

UNSURE = 1.13
"""A spread learned from so few months is unsure itself: the square of what Student's t adds to the 90th percentile."""

LOWER, MIDDLE, UPPER = 0.1, 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the count of a period will probably become ("schatting"); with 80 % it ends from lower to upper, both
    included. `completeness` is the share that was reported, as expected.
    """

    lower: int
    middle: int
    upper: int
    completeness: float


class Reported(NamedTuple):
    """How many events of a day (an ordinal) were reported after a number of days."""

    day: int
    delay: int
    events: int


Curve = Sequence[float]
"""By age in days the share of the events that is reported by then."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """All that was reported, by event day; `curves` remembers what was learned from it on a day (an ordinal)."""

    rows: Sequence[Reported]
    curves: dict[int, Curve] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The first day with an event."""
        return self.rows[0].day

    def within(self, first: int, end: int) -> Sequence[Reported]:
        """The events of the days from `first` up to, not including, `end`."""
        return self.rows[bisect_left(self.rows, (first,)) : bisect_left(self.rows, (end,))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Which days are asked about, and the day on which it is known what was reported; ordinals, `end` excluded."""

    period: Period
    known: int


class _Outlook(NamedTuple):
    """Mean and variance of what is still to come in."""

    mean: float
    variance: float


def history_of(counted: Mapping[tuple[date, int], int]) -> History:
    """The reports by event day and delay in days, in order.

    Events of before the first report are left out: of them only the late reports were seen.
    """
    rows = sorted(Reported(day.toordinal(), delay, events) for (day, delay), events in counted.items() if events > 0)
    first = min((row.day + row.delay for row in rows if row.delay < DELAY_DAYS_MAX), default=0)
    return History(rows=rows[bisect_left(rows, (first,)) :])


def reported(history: History, period: Period, known_on: date) -> int:
    """How many events of a period were reported up to a day."""
    return _seen(history.within(period.start.toordinal(), period.end.toordinal()), known_on.toordinal())


def estimate(history: History, period: Period, known_on: date) -> Estimate | None:
    """What the number of events of a period will become, as far as it has passed; None when too little is known."""
    known = known_on.toordinal()
    if known_on < period.start or _seen(history.within(known - LEARNING_DAYS, known + 1), known) < EVENTS_MIN:
        return None
    question = _Question(period=period, known=known)
    past = [_past(history, _earlier(question, months), known) for months in _past_months(history, question)]
    if len(past) < PAST_MONTHS_MIN:
        return None
    ahead = _corrected(_outlook(history, question, known + DELAY_DAYS_MAX), past)
    return _banded(reported(history, period, known_on), ahead)


def _banded(seen: int, ahead: _Outlook) -> Estimate:
    lower, middle, upper = (seen + missing for missing in _quantiles(ahead))
    total = seen + ahead.mean
    return Estimate(lower=lower, middle=middle, upper=upper, completeness=seen / total if total else 1.0)


def _seen(rows: Iterable[Reported], known: int) -> int:
    return sum(row.events for row in rows if row.day + row.delay <= known)


def _curve(history: History, known: int) -> Curve:
    if known not in history.curves:
        rows = history.within(known - LEARNING_DAYS - DELAY_DAYS_MAX, known + 1)
        history.curves[known] = learned_curve(rows, known)
    return history.curves[known]


def learned_curve(rows: Iterable[Reported], known: int) -> Curve:
    """The share reported by age in days, learned from what was known on a day, an ordinal (step 1)."""
    on_the_day = [0] * (DELAY_DAYS_MAX + 1)
    by_then = [0] * (DELAY_DAYS_MAX + 2)
    for day, delay, events in rows:
        age = known - day
        first = max(delay, age - LEARNING_DAYS + 1)
        if delay <= age and first <= DELAY_DAYS_MAX:
            by_then[first] += events
            by_then[min(age, DELAY_DAYS_MAX) + 1] -= events
            on_the_day[delay] += events if first == delay else 0
    shares, share = [1.0], 1.0
    for new, all_told in zip(reversed(on_the_day[1:]), list(accumulate(by_then))[DELAY_DAYS_MAX:0:-1], strict=True):
        share *= 1 - new / all_told if all_told else 1.0
        shares.append(share)
    return shares[::-1]


def _share(curve: Curve, age: int) -> float:
    return curve[min(age, DELAY_DAYS_MAX)]


def _outlook(history: History, question: _Question, until: int) -> _Outlook:
    """What of the days asked will come in after the day known, up to a later day (step 2)."""
    curve = _curve(history, question.known)
    parts = [_month_outlook(history, curve, month, question.known, until) for month in _open_months(question)]
    return _Outlook(sum(part.mean for part in parts), sum(part.variance for part in parts))


def _open_months(question: _Question) -> Iterator[range]:
    """The days asked that are not complete yet, by month."""
    first = max(question.period.start, date.fromordinal(question.known - DELAY_DAYS_MAX))
    days = question.period.clipped(first, date.fromordinal(question.known + 1))
    for month in months_of(days) if days is not None else ():
        yield range(month.start.toordinal(), month.end.toordinal())


def _month_outlook(history: History, curve: Curve, days: range, known: int, until: int) -> _Outlook:
    first = history.first
    days = range(max(days.start, first), days.stop)
    before = range(max(days.start - LEVEL_DAYS, first), days.start)
    level = (_seen(history.within(before.start, days.start), known) + 0.5) / (_exposure(curve, before, known) + 0.5)
    shape = LEVEL_EVENTS + _seen(history.within(days.start, days.stop), known)
    rate = shape / (LEVEL_EVENTS / level + _exposure(curve, days, known))
    mean = rate * (_exposure(curve, days, until) - _exposure(curve, days, known))
    return _Outlook(mean, mean + mean * mean / shape)


def _exposure(curve: Curve, days: range, known: int) -> float:
    """The days as far as they are complete."""
    return sum(_share(curve, known - day) for day in days)


def _past_months(history: History, question: _Question) -> Iterator[int]:
    """How many months back the same question had an answer, the latest first."""
    for months in range(1, PAST_MONTHS + 1):
        if _earlier(question, months).known - WARMING_DAYS >= history.first:
            yield months


def _earlier(question: _Question, months: int) -> _Question:
    """The same question some months before: as long after the period's end, or when it still ran after its start."""
    period = Period(add_months(question.period.start, -months), add_months(question.period.end, -months))
    is_over = question.known >= question.period.end.toordinal() - 1
    now, then = (question.period.end, period.end) if is_over else (question.period.start, period.start)
    return _Question(period=period, known=question.known - now.toordinal() + then.toordinal())


class _Past(NamedTuple):
    """What was expected to come in since, and what did."""

    expected: _Outlook
    came: int


def _past(history: History, question: _Question, until: int) -> _Past:
    days = history.within(question.period.start.toordinal(), question.period.end.toordinal())
    old_enough = [row for row in days if row.day <= question.known]
    return _Past(
        expected=_outlook(history, question, until),
        came=_seen(old_enough, until) - _seen(old_enough, question.known),
    )


def _corrected(ahead: _Outlook, past: Sequence[_Past]) -> _Outlook:
    """The outlook with the centre and the spread that the past teaches (step 3)."""
    events = sum(row.came for row in past) + TRUST_EVENTS
    centre = events / (sum(row.expected.mean for row in past) + TRUST_EVENTS)
    told = [(row.came, _centred(row.expected, centre)) for row in past]
    misses = sum((came - then.mean) ** 2 / then.variance for came, then in told if then.variance > 0)
    spread = max(1.0, (misses + TRUST_MONTHS) / (len(past) + TRUST_MONTHS - 1) * UNSURE)
    mean, variance = _centred(ahead, centre)
    return _Outlook(mean, spread * (variance + mean * mean / events))


def _centred(outlook: _Outlook, centre: float) -> _Outlook:
    """Another mean, the same relative uncertainty of the level."""
    mean = centre * outlook.mean
    return _Outlook(mean, mean + centre**2 * (outlook.variance - outlook.mean))


def _quantiles(ahead: _Outlook) -> tuple[int, ...]:
    """The least numbers that a negative binomial does not exceed with each of the three probabilities (step 4)."""
    if ahead.mean <= 0:
        return 0, 0, 0
    shape = ahead.mean**2 / max(ahead.variance - ahead.mean, ahead.mean * 1e-6)
    log_miss = log(shape) - log(shape + ahead.mean)
    log_hit = -log1p(shape / ahead.mean)
    first = max(0, int(ahead.mean - 12 * sqrt(ahead.variance)))
    found, total, number = [], 0.0, first
    for probability in (LOWER, MIDDLE, UPPER):
        while total < probability:
            chance = lgamma(number + shape) - lgamma(shape) - lgamma(number + 1)
            total += exp(chance + shape * log_miss + number * log_hit)
            number += 1
        found.append(number - 1)
    return tuple(found)
