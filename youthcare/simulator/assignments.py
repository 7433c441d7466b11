"""How a municipality grants a provision: assignment numbers, versions, renewals, pauses, stops.

Three rules. Most assignments run to 31 December or for a year; care that goes on is extended under its number
(reason 04) while that is allowed, else it gets a new number after an administrative stop (36, 37). Certified
institutions ask after the fact. A few assignments are never started, deleted again, or end without a stop.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from youthcare.codes import ChangeReason, EndReason, Referrer, RefusalReason, RequestAnswer
from youthcare.period import ONE_DAY, Period, add_months, from_days
from youthcare.simulator.careers import Provision

CARELESS_SHARE = 0.005  # of the references hold the citizen number
NEAR_DAYS = 30  # care that would end this soon after an assignment simply ends with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a municipality wrote back to a request, other than a grant (JW319)."""

    day: date
    answer: RequestAnswer
    reason: RefusalReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for an assignment (JW315) or for a change (JW317)."""

    reference: str
    written_on: date
    first_day: date
    last_day: date | None
    answers: tuple[Answer, ...] = ()
    change: bool = False
    renews: int | None = None  # the number a change request wants to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One version of an assignment."""

    granted_at: datetime
    last_day: date | None
    change_reason: ChangeReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One delivery: its first day and its stops, last day and reason each."""

    first_day: date
    stops: tuple[tuple[date, EndReason], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One number of one provision, as it was meant ("toewijzing")."""

    number: int
    provision: Provision
    first_day: date
    grants: tuple[Grant, ...] = ()
    spells: tuple[Spell, ...] = ()
    request: Request | None = None
    start_withdrawn: bool = False

    @property
    def running(self) -> Period | None:
        """The days it runs, pauses included; None when never started or refused."""
        if not self.spells or self.start_withdrawn:
            return None
        stops = self.spells[-1].stops
        return from_days(self.spells[0].first_day, stops[-1][0] if stops else self.grants[-1].last_day)

    @property
    def care(self) -> tuple[Period, ...]:
        """The days it is delivered, without pauses."""
        running = self.running
        if running is None:
            return ()
        lasts = [spell.stops[0][0] if spell.stops else running.last_day for spell in self.spells]
        periods = (from_days(spell.first_day, last) for spell, last in zip(self.spells, lasts, strict=True))
        return tuple(period for period in periods if period is not None)


def moment(rng: Random, day: date) -> datetime:
    """A time of writing in office hours of a day, without zone; weekends write on Monday."""
    day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
    return datetime.combine(day, time(8 + rng.randrange(9), rng.randrange(60), rng.randrange(60)))


def assigned(rng: Random, provision: Provision, numbers: Iterator[int], bsn: str) -> Iterator[Assignment]:
    """The assignments that carry a provision from its first day to its last."""
    begin = provision.first_day
    first_day, decided_on, request = _asked(rng, provision, bsn)
    while True:
        grants = _grants(rng, provision, first_day, decided_on)
        last_day = grants[-1].last_day
        number = next(numbers)
        whole = Assignment(
            number=number, provision=provision, first_day=first_day, grants=tuple(grants), request=request
        )
        if last_day is None or (provision.last_day - last_day).days <= NEAR_DAYS:
            yield _closed(rng, whole, begin)
            break
        renewed_by = EndReason.CHANGE_REQUEST if rng.random() < 0.6 else EndReason.BY_MUNICIPALITY
        yield replace(whole, spells=_spells(rng, begin, last_day, renewed_by))
        begin = first_day = last_day + ONE_DAY
        by_request = renewed_by is EndReason.CHANGE_REQUEST
        decided_on, request = _renewal(rng, first_day, number, by_request=by_request, bsn=bsn)
    yield from _unstarted(rng, provision, numbers)


def _asked(rng: Random, provision: Provision, bsn: str) -> tuple[date, date, Request | None]:
    """First day granted, day of the decision, and the request that led to it."""
    if provision.referrer is Referrer.CERTIFIED_INSTITUTION:
        first_day = provision.first_day
        decided_on = first_day + timedelta(days=rng.randrange(8, 70))
    else:
        wait = 0 if rng.random() < 0.25 else rng.randrange(1, 22) if rng.random() < 0.8 else rng.randrange(22, 45)
        first_day = provision.first_day - timedelta(days=wait)
        decided_on = first_day - timedelta(days=rng.randrange(8))
    if provision.referrer is Referrer.MUNICIPALITY and not provision.by_change_request:
        return first_day, decided_on, None
    examined = rng.random() < 0.08
    written_on = decided_on - timedelta(days=rng.randrange(15, 45) if examined else rng.randrange(1, 8))
    answers = (
        (Answer(day=written_on + timedelta(days=rng.randrange(1, 6)), answer=RequestAnswer.UNDER_INVESTIGATION),)
        if examined
        else ()
    )
    return (
        first_day,
        decided_on,
        Request(
            reference=reference(rng, bsn),
            written_on=written_on,
            first_day=first_day,
            last_day=habitual_end(rng, first_day),
            answers=answers,
            change=provision.by_change_request,
        ),
    )


def reference(rng: Random, bsn: str) -> str:
    """A provider's own reference; a careless provider puts the citizen number in it."""
    token = f"{rng.getrandbits(48):012x}"
    return f"{bsn}-{token[:6]}" if rng.random() < CARELESS_SHARE else f"VZ-{token}"


def _grants(rng: Random, provision: Provision, first_day: date, decided_on: date) -> list[Grant]:
    open_ended = provision.offer.residential and rng.random() < 0.15
    last_day = None if open_ended else habitual_end(rng, first_day)
    grants = [Grant(granted_at=moment(rng, decided_on), last_day=last_day)]
    while last_day is not None and (provision.last_day - last_day).days > NEAR_DAYS:
        if provision.offer.total or rng.random() > 0.62:
            break
        decided_on = max(last_day - timedelta(days=rng.randrange(4, 45)), decided_on + ONE_DAY)
        last_day = habitual_end(rng, last_day + ONE_DAY)
        grants.append(Grant(granted_at=moment(rng, decided_on), last_day=last_day, change_reason=ChangeReason.EXTENDED))
    return grants


def habitual_end(rng: Random, first_day: date) -> date:
    """The last day a municipality would give an assignment that begins on a day."""
    chance = rng.random()
    if chance < 0.58:  # to 31 December
        year = first_day.year if first_day.month < 11 else first_day.year + 1
        return date(year, 12, 31)
    return add_months(first_day, 12 if chance < 0.88 else 6) - ONE_DAY


def _renewal(rng: Random, first_day: date, number: int, *, by_request: bool, bsn: str) -> tuple[date, Request | None]:
    """Decision and request of the number that follows another; one in eight is decided after the fact."""
    late = rng.random() < 0.12
    decided_on = first_day + timedelta(days=rng.randrange(1, 40) if late else -rng.randrange(2, 35))
    if not by_request:
        return decided_on, None
    written_on = decided_on - timedelta(days=rng.randrange(1, 8))
    return decided_on, Request(
        reference=reference(rng, bsn),
        written_on=written_on,
        first_day=first_day,
        last_day=habitual_end(rng, first_day),
        change=True,
        renews=number,
    )


def _closed(rng: Random, whole: Assignment, begin: date) -> Assignment:
    """The last assignment of a provision: how it ended, and what the municipality wrote about that."""
    provision, last_day = whole.provision, whole.grants[-1].last_day
    end = provision.last_day if last_day is None else min(provision.last_day, last_day)
    early = last_day is None or end < last_day
    if not early and rng.random() < 0.05:  # ends with its assignment, and nobody sends the stop
        return replace(whole, spells=(Spell(first_day=begin),))
    reason = EndReason.EXTERNAL if provision.moved else provision.reason if early else EndReason.AS_PLANNED
    spells = _spells(rng, begin, end, reason)
    change = _change_at_end(rng, provision) if early else None
    if change is None:
        return replace(whole, spells=spells)
    decided_at = moment(
        rng, max(end + timedelta(days=rng.randrange(2, 30)), whole.grants[-1].granted_at.date() + ONE_DAY)
    )
    shortened = Grant(granted_at=decided_at, last_day=max(end, whole.first_day), change_reason=change)
    return replace(whole, spells=spells, grants=(*whole.grants, shortened))


def _change_at_end(rng: Random, provision: Provision) -> ChangeReason | None:
    if provision.moved:
        return ChangeReason.MOVED
    fixed = {EndReason.DIED: ChangeReason.DIED, EndReason.OTHER_PROVIDER: ChangeReason.OTHER_PROVIDER}
    return fixed.get(provision.reason, ChangeReason.BY_PROVIDER if rng.random() < 0.15 else None)


def _spells(rng: Random, begin: date, end: date, reason: EndReason) -> tuple[Spell, ...]:
    """One delivery, now and then interrupted: resumed under the same number, or ended while paused."""
    days, chance = (end - begin).days, rng.random()
    if days < 100 or chance > 0.05:
        return (Spell(first_day=begin, stops=((max(end, begin), reason),)),)
    paused = begin + timedelta(days=rng.randrange(20, days - 76))
    if chance < 0.008:
        return (
            Spell(first_day=begin, stops=((end - timedelta(days=rng.randrange(30)), EndReason.PAUSED), (end, reason))),
        )
    resumed = paused + timedelta(days=rng.randrange(14, 75))
    return (
        Spell(first_day=begin, stops=((paused, EndReason.PAUSED),)),
        Spell(first_day=resumed, stops=((end, reason),)),
    )


def _unstarted(rng: Random, provision: Provision, numbers: Iterator[int]) -> Iterator[Assignment]:
    """Now and then an assignment too many: never started, deleted again, or started by mistake."""
    if rng.random() > 0.035 or provision.offer.form == "team-care":
        return
    first_day = provision.first_day + timedelta(days=rng.randrange(5, 60))
    granted_at = moment(rng, first_day - timedelta(days=rng.randrange(10)))
    grants = [Grant(granted_at=granted_at, last_day=habitual_end(rng, first_day))]
    chance = rng.random()
    if chance < 0.45:
        grants.append(
            Grant(
                granted_at=moment(rng, granted_at.date() + timedelta(days=rng.randrange(3, 90))),
                last_day=first_day,
                change_reason=ChangeReason.DELETED,
            )
        )
    mistaken = (Spell(first_day=first_day),) if chance > 0.8 else ()
    yield Assignment(
        number=next(numbers),
        provision=provision,
        first_day=first_day,
        grants=tuple(grants),
        spells=mistaken,
        start_withdrawn=bool(mistaken),
    )
