"""What goes wrong on the way: late, double, answered with a rejection, out of order, plainly wrong.

Three rules. Noise never changes what was meant: a rejected message is sent again, a wrong one comes beside the
right one. A wrong message says why in its `flaw`. The shares are constants here and are tested.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from youthcare.period import civil_day
from youthcare.simulator.messages import IjwMessage, Notice, ReturnLine, TeamEvent
from youthcare.simulator.planning import Correspondence, arrival, working_day

DOUBLE_SHARE = 0.015
WRONG_SHARE = 0.010
REJECTED_SHARE = 0.008
ACCEPTED_SHARE = 0.02
OVERTAKEN_SHARE = 0.04
ENVELOPE_SHARE = 0.10
_RETURN_KINDS = {"301": "302", "305": "306", "307": "308"}
_RETURN_CODES = {"301": ("9332",), "305": ("9074", "9326", "9019"), "307": ("9069", "9415", "9019")}


@dataclass(slots=True, kw_only=True)
class Road:
    """The way messages of one youth travel."""

    rng: Random
    correspondence: Correspondence


def travelled(road: Road, notices: Iterable[Notice]) -> Iterator[Notice]:
    """The notices as they arrive, with all that comes with them."""
    for notice in notices:
        for arrived in _overtaken(road.rng, _accompanied(road, notice)):
            wrapped = _wrapped(road.rng, arrived)
            yield wrapped
            if road.rng.random() < DOUBLE_SHARE:
                yield replace(wrapped, received=_later(road.rng, wrapped, 30))


def _accompanied(road: Road, notice: Notice) -> Iterator[Notice]:
    chance = road.rng.random()
    if chance < WRONG_SHARE:
        yield _flawed(road, notice)
    yield notice
    if isinstance(notice.message, IjwMessage) and notice.message.kind in _RETURN_KINDS:
        yield from _returned(road, notice, notice.message, road.rng.random())


def _flawed(road: Road, notice: Notice) -> Notice:
    """A wrong message just before the right one, under its own identification."""
    message = notice.message
    flaws = ["bsn", "not-readable", "unknown-code"]
    if isinstance(message, TeamEvent):
        flawed: IjwMessage | TeamEvent = replace(message, id=f"{message.id}-x")
        if message.type != "indication.ended":
            flaws.remove("unknown-code")
        ends = message.type == "indication.ended"
    else:
        flawed = replace(message, identification=road.correspondence.identification())
        if message.kind == "319":
            flaws.remove("bsn")
        ends = message.kind == "307"
    flaw = road.rng.choice([*flaws, "end-before-start", "end-before-start"] if ends else flaws)
    earlier = timedelta(minutes=road.rng.randrange(1, 60))
    return Notice(received=notice.received - earlier, message=flawed, flaw=flaw)


def _returned(road: Road, notice: Notice, message: IjwMessage, chance: float) -> Iterator[Notice]:
    if chance > REJECTED_SHARE + ACCEPTED_SHARE:
        return
    rng, kind = road.rng, message.kind
    codes = (rng.choice(_RETURN_CODES[kind]),) if chance < REJECTED_SHARE else ()
    day = working_day(civil_day(notice.received) + timedelta(days=rng.randrange(1, 4)))
    line = ReturnLine(identification=message.identification, dated=message.dated, codes=codes)
    yield road.correspondence.notice(_RETURN_KINDS[kind], message.provider, day, [line])
    if codes:  # nothing was wrong with what it said: the same again, under a new identification
        again = working_day(day + timedelta(days=rng.randrange(1, 12)))
        yield road.correspondence.notice(kind, message.provider, again, message.lines)


def _overtaken(rng: Random, notices: Iterator[Notice]) -> Iterator[Notice]:
    """Grants and requests that are held up on the way, so that what follows from them arrives first."""
    for notice in notices:
        kind = notice.message.kind if isinstance(notice.message, IjwMessage) else ""
        held = kind in ("301", "315", "317") and rng.random() < OVERTAKEN_SHARE
        yield replace(notice, received=_later(rng, notice, 12)) if held else notice


def _later(rng: Random, notice: Notice, days: int) -> datetime:
    return arrival(rng, working_day(civil_day(notice.received) + timedelta(days=rng.randrange(1, days))))


def _wrapped(rng: Random, notice: Notice) -> Notice:
    if isinstance(notice.message, TeamEvent) or rng.random() > ENVELOPE_SHARE:
        return notice
    return replace(notice, envelope=str(UUID(int=rng.getrandbits(128), version=4)))
