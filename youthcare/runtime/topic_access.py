"""Who may read and write which topic: each user of the broker, declared once, beside the topics.

1. A user may do what stands here and nothing else: the broker refuses whatever no rule allows.
2. Only `indication` writes `indication-events`; a sender writes `intake` and reads nothing.
3. The operator stands in no rule: it is the broker's super user, makes topics, users and rules, and runs no service.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from youthcare.runtime.topics import (
    CARE_ALERTS,
    INDICATION_EVENTS,
    INTAKE,
    REFUSALS,
    TOPICS,
    TRAJECTORY_FACTS,
    Topic,
)

OPERATOR = "operator"
GROUP_PREFIX = "trajectwacht-"
BULK_GROUP, INSPECTING_GROUP = "bulk", "inspector"
"""The groups of who reads a topic without joining anybody: the client asks the broker after them all the same."""


class Right(StrEnum):
    """What may be done; to read or to write is also to see that a thing is there."""

    READ = "read"
    WRITE = "write"
    SEE = "see"
    SEE_SETTINGS = "see the settings of"


class Thing(StrEnum):
    """What it may be done to."""

    TOPIC = "topic"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rule:
    """One right of one user."""

    user: str
    right: Right
    thing: Thing
    name: str

    def __str__(self) -> str:
        return f"{self.user} may {self.right} {self.thing} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one user of the broker may do. ``follows``: the topic that it reads as a worker, of which it may ask how
    soon the broker compacts it; ``joins``: the consumer groups it reads in; ``watches``: those of which it may ask how
    far they are."""

    user: str
    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()
    follows: tuple[Topic, ...] = ()
    joins: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()

    def rules(self) -> frozenset[Rule]:
        """The same, a rule for each right."""
        lines = (
            (Right.READ, Thing.TOPIC, [topic.name for topic in self.reads]),
            (Right.WRITE, Thing.TOPIC, [topic.name for topic in self.writes]),
            (Right.SEE_SETTINGS, Thing.TOPIC, [topic.name for topic in self.follows]),
            (Right.READ, Thing.GROUP, self.joins),
            (Right.SEE, Thing.GROUP, self.watches),
        )
        return frozenset(
            Rule(user=self.user, right=right, thing=thing, name=name) for right, thing, names in lines for name in names
        )


def group_of(processor: str) -> str:
    """The consumer group of a processor, which is a service's worker."""
    return f"{GROUP_PREFIX}{processor}"


INDICATION = Access(
    user="indication",
    # All but `intake` to see that who was forgotten is gone, and to fill the register after a restore.
    reads=TOPICS,
    writes=(INDICATION_EVENTS, REFUSALS),
    follows=(INTAKE,),
    joins=(group_of("indication"),),
    # A forgetting is confirmed when these three have read it.
    watches=(group_of("trajectory"), group_of("indicators"), group_of("alerts"), BULK_GROUP, INSPECTING_GROUP),
)
TRAJECTORY = Access(
    user="trajectory",
    reads=(INDICATION_EVENTS,),
    writes=(TRAJECTORY_FACTS,),
    follows=(INDICATION_EVENTS,),
    joins=(group_of("trajectory"),),
    watches=(BULK_GROUP, INSPECTING_GROUP),
)
INDICATORS = Access(
    user="indicators",
    reads=(TRAJECTORY_FACTS,),
    follows=(TRAJECTORY_FACTS,),
    joins=(group_of("indicators"),),
    watches=(INSPECTING_GROUP,),
)
ALERTS = Access(
    user="alerts",
    reads=(TRAJECTORY_FACTS,),
    writes=(CARE_ALERTS,),
    follows=(TRAJECTORY_FACTS,),
    joins=(group_of("alerts"),),
    watches=(INSPECTING_GROUP,),
)
# `verify`, which changes nothing; `verify --republish` is the operator's.
AUDITOR = Access(
    user="auditor",
    reads=(INDICATION_EVENTS, TRAJECTORY_FACTS),
    watches=(BULK_GROUP, INSPECTING_GROUP),
)
ACCESSES: tuple[Access, ...] = (INDICATION, TRAJECTORY, INDICATORS, ALERTS, AUDITOR)
USERS: tuple[str, ...] = (OPERATOR, *(access.user for access in ACCESSES))


def access_of_sender(user: str) -> Access:
    """What a sender on Kafka may do: write `intake`. Raises ``ValueError`` for a name that is one of ours."""
    if not user or user in USERS:
        raise ValueError(f"a sender needs a name of its own, which {user or 'nothing'!r} is not")
    return Access(user=user, writes=(INTAKE,))


def declared(senders: Iterable[str] = ()) -> frozenset[Rule]:
    """Every rule that there is to be, with those of these senders."""
    accesses = (*ACCESSES, *map(access_of_sender, senders))
    return frozenset(rule for access in accesses for rule in access.rules())
