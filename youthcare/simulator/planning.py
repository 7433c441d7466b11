"""Which iJw messages tell the assignments of one youth, before anything goes wrong with them.

Three rules. A JW301 is a snapshot: it repeats, without reason and reference, what else is assigned at that
provider (OP087, IV099). A start or stop is written after the fact, mostly within a week, sometimes after months,
and by certified institutions nearly always late. Nothing is dated in the future.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from youthcare.codes import ChangeReason
from youthcare.period import start_of_day
from youthcare.simulator.assignments import Assignment, Grant, Request
from youthcare.simulator.catalogue import INSTITUTIONS
from youthcare.simulator.messages import AnswerLine, DeliveryLine, GrantLine, IjwMessage, Line, Notice, RequestLine
from youthcare.simulator.population import Youth

CORRECTED_SHARE = 0.02  # of the starts and stops
REPEATED_SHARE = 0.08  # of the JW301, sent again without anything new


@dataclass(slots=True, kw_only=True)
class Correspondence:
    """The messages about one youth in one municipality; it hands out their numbers."""

    rng: Random
    municipality: str
    youth: Youth
    last_number: int = 0

    def notice(self, kind: str, provider: str, day: date, lines: Sequence[Line]) -> Notice:
        """A message dated on a day, arriving that day or the next."""
        message = IjwMessage(
            kind=kind,
            identification=self.identification(),
            dated=day,
            provider=provider,
            municipality=self.municipality,
            youth=self.youth,
            lines=tuple(lines),
        )
        travel = 0 if self.rng.random() < 0.8 else 1
        return Notice(received=arrival(self.rng, day + timedelta(days=travel)), message=message)

    def identification(self) -> str:
        """A message identification, unique at every sender."""
        self.last_number += 1
        return f"{self.youth.number:07d}{self.last_number:04d}"


def arrival(rng: Random, day: date) -> datetime:
    """An instant in the working hours of a day, in UTC."""
    return start_of_day(day) + timedelta(hours=9, seconds=rng.randrange(9 * 3600))


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > 4 else day


def delay_days(rng: Random, provider: str) -> int:
    """Days between an event and its message."""
    chance = rng.random()
    if provider in INSTITUTIONS:
        return rng.randrange(10, 60) if chance < 0.8 else rng.randrange(60, 150)
    if chance < 0.83:
        return rng.randrange(6)
    return rng.randrange(6, 46) if chance < 0.965 else rng.randrange(46, 170)


def planned(correspondence: Correspondence, assignments: Sequence[Assignment]) -> Iterator[Notice]:
    """All iJw messages that tell these assignments, each on its own time."""
    for one in assignments:
        if one.request is not None:
            yield from _asking(correspondence, one, one.request, assignments)
    for provider in dict.fromkeys(one.provision.provider for one in assignments):
        theirs = [one for one in assignments if one.provision.provider == provider]
        yield from _snapshots(correspondence, provider, theirs)
    for one in assignments:
        yield from _deliveries(correspondence, one)


def _asking(
    correspondence: Correspondence, one: Assignment, request: Request, assignments: Sequence[Assignment]
) -> Iterator[Notice]:
    provider, provision = one.provision.provider, one.provision
    kept = _current(assignments, provider, request) if request.change else ()
    line = RequestLine(
        reference=request.reference,
        offer=provision.offer,
        product=provision.product,
        referrer=provision.referrer,
        first_day=request.first_day,
        last_day=request.last_day,
        kept=kept,
        renewed=request.renews,
    )
    kind = "317" if request.change and (kept or request.renews is not None) else "315"
    yield correspondence.notice(kind, provider, working_day(request.written_on), [line])
    for answer in request.answers:
        answered = AnswerLine(reference=request.reference, answer=answer.answer, reason=answer.reason)
        yield correspondence.notice("319", provider, working_day(answer.day), [answered])


def _current(assignments: Sequence[Assignment], provider: str, request: Request) -> tuple[int, ...]:
    """The numbers this provider has on the day it asks, but the one it wants renewed."""
    day = request.written_on
    return tuple(
        one.number
        for one in assignments
        if one.provision.provider == provider
        and one.number != request.renews
        and (version := _version(one, datetime.combine(day, time.max))) is not None
        and _actual(version, day)
    )


def _version(one: Assignment, at: datetime) -> Grant | None:
    return next((grant for grant in reversed(one.grants) if grant.granted_at <= at), None)


def _actual(version: Grant, day: date) -> bool:
    open_or_later = version.last_day is None or version.last_day >= day
    return open_or_later and version.change_reason is not ChangeReason.DELETED


def _snapshots(correspondence: Correspondence, provider: str, theirs: list[Assignment]) -> Iterator[Notice]:
    changes = sorted(
        ((grant.granted_at, one.number, one, grant) for one in theirs for grant in one.grants),
        key=lambda change: change[:2],
    )
    for granted_at, _, one, grant in changes:
        first = grant is one.grants[0]
        reference = one.request.reference if first and one.request is not None else None
        changed = _grant_line(one, grant, reason=grant.change_reason, reference=reference)
        shared = reference if one.request is not None and one.request.change else None
        others = [
            _grant_line(other, version, reference=shared)
            for other in theirs
            if other is not one
            and (version := _version(other, granted_at)) is not None
            and _actual(version, granted_at.date())
        ]
        yield correspondence.notice("301", provider, granted_at.date(), [changed, *others])
        if correspondence.rng.random() < REPEATED_SHARE:
            yield from _repeated(correspondence, provider, theirs, granted_at)


def _repeated(
    correspondence: Correspondence, provider: str, theirs: list[Assignment], after: datetime
) -> Iterator[Notice]:
    """The same snapshot again, without anything new in it."""
    day = working_day(after.date() + timedelta(days=correspondence.rng.randrange(2, 50)))
    lines = [
        _grant_line(one, version)
        for one in theirs
        if (version := _version(one, datetime.combine(day, time.max))) is not None and _actual(version, day)
    ]
    if lines:
        yield correspondence.notice("301", provider, day, lines)


def _grant_line(
    one: Assignment, grant: Grant, *, reason: ChangeReason | None = None, reference: str | None = None
) -> GrantLine:
    return GrantLine(
        number=one.number,
        offer=one.provision.offer,
        product=one.provision.product,
        granted_at=grant.granted_at,
        first_day=one.first_day,
        last_day=grant.last_day,
        change_reason=reason,
        reference=reference,
    )


def _deliveries(correspondence: Correspondence, one: Assignment) -> Iterator[Notice]:
    """Starts and stops; a correction of one mistake is told as mistake, then 3 and 1 in one message."""
    rng, provider = correspondence.rng, one.provision.provider
    for spell in one.spells:
        started = DeliveryLine(
            number=one.number,
            product=one.provision.product,
            first_day=spell.first_day,
            granted_first_day=one.first_day,
        )
        told = max(spell.first_day, one.grants[0].granted_at.date()) + timedelta(days=delay_days(rng, provider))
        yield from _told(correspondence, "305", provider, told, started)
        if one.start_withdrawn:
            later = working_day(told + timedelta(days=rng.randrange(3, 40)))
            yield correspondence.notice("305", provider, later, [replace(started, status="3")])
        for last_day, reason in spell.stops:
            stopped = replace(started, last_day=last_day, reason=reason)
            after = max(last_day, told) + timedelta(days=delay_days(rng, provider))
            yield from _told(correspondence, "307", provider, after, stopped)


def _told(correspondence: Correspondence, kind: str, provider: str, day: date, line: DeliveryLine) -> Iterator[Notice]:
    rng, day = correspondence.rng, working_day(day)
    if rng.random() > CORRECTED_SHARE or line.last_day == line.first_day:
        yield correspondence.notice(kind, provider, day, [line])
        return
    wrong = _mistaken(rng, line)
    yield correspondence.notice(kind, provider, day, [wrong])
    later = working_day(day + timedelta(days=rng.randrange(2, 45)))
    yield correspondence.notice(kind, provider, later, [replace(wrong, status="3"), line])


def _mistaken(rng: Random, line: DeliveryLine) -> DeliveryLine:
    """The same line with a day that is a few days too early."""
    days = timedelta(days=rng.randrange(1, 8))
    if line.last_day is None:
        return replace(line, first_day=line.first_day - days)
    return replace(line, last_day=max(line.last_day - days, line.first_day))
