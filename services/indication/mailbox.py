"""The mailbox of refused messages: who sees which, how old what is open is, and how much is repaired in time.

Three rules. A sender sees its own sources; a supervisor sees that something was refused, never what was in it. The
payload goes back to who could have sent it, and only while it is kept. A refusal is repaired in time when it is
settled within 30 days of its reception; the rate is told of refusals that have had those 30 days.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.indication.senders import parties_of, source_kind, speaks_for
from youthcare.outcome import Reason

REPAIR_TERM, REPAIR_COHORT = timedelta(days=30), timedelta(days=90)
AGE_DAYS = (1, 7, 30, 90)
"""The last day of each age class; what is older is `more`."""
AGE_CLASSES = (*map(str, AGE_DAYS), "more")


class Settlement(StrEnum):
    """How a refusal was settled: its message was accepted after all, or its sender says what became of it."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"  # hersteld onder een ander kenmerk
    WITHDRAWN = "withdrawn"  # had niet verzonden moeten worden


class State(StrEnum):
    """Whether something is still to be done about a refusal."""

    OPEN = "open"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Whose refusals somebody sees: of these sources and the parties they stand for, or of all senders."""

    sources: frozenset[str]
    all_senders: bool

    @property
    def parties(self) -> tuple[str, ...]:
        """How the sources of the parties begin that are seen too."""
        return parties_of(self.sources)

    def may_act(self, sender: str, readers: Collection[str]) -> bool:
        """Whether somebody may have the payload back; `readers` when the message itself named no source."""
        return all(speaks_for(self.sources, source) for source in readers or (sender,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """After which refusal a page begins, the newest first."""

    received: datetime
    sender: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which refusals are asked, and how many at most."""

    sight: Sight
    limit: int
    sender: str | None = None
    code: Reason | None = None
    state: State | None = None
    since: datetime | None = None
    after: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """Of one sender: open refusals by age class, the oldest one's reception, and how many were repaired in time.

    `matured` are the refusals of the ninety days that ended thirty days ago, `repaired` those of them that were
    settled within thirty days.
    """

    municipality: str
    sender: str
    open: Mapping[str, int]
    oldest: datetime | None
    matured: int
    repaired: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The same of all senders of a kind, all municipalities together; `oldest` is an age."""

    open: Mapping[str, int]
    oldest: timedelta
    matured: int
    repaired: int


def age_class(age: timedelta) -> str:
    """The class of an age, by whole days begun."""
    return next((str(days) for days in AGE_DAYS if age <= timedelta(days=days)), AGE_CLASSES[-1])


def by_kind(rows: Iterable[Ageing], kinds: Collection[str], now: datetime) -> Mapping[str, Standing]:
    """Senders counted together by their kind; a kind without refusals counts nought."""
    held = list(rows)
    return {kind: _together([row for row in held if source_kind(row.sender) == kind], now) for kind in kinds}


def _together(rows: Collection[Ageing], now: datetime) -> Standing:
    oldest = min((row.oldest for row in rows if row.oldest is not None), default=now)
    return Standing(
        open={each: sum(row.open.get(each, 0) for row in rows) for each in AGE_CLASSES},
        oldest=max(now - oldest, timedelta(0)),
        matured=sum(row.matured for row in rows),
        repaired=sum(row.repaired for row in rows),
    )
