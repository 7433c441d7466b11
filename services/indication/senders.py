"""Who delivers, for whom it may speak, and when it came.

Two rules. A role names a source and stands for that source alone; a part of the national chain
(`urn:ijw:<municipality>`, or that with a party) stands for all its parties too. On Kafka the broker's access rights
decide who may write, so a record there says itself for whom it speaks.
"""

from dataclasses import dataclass
from datetime import datetime

from youthcare.events import IJW_SOURCE_PREFIX

UNKNOWN_MUNICIPALITY = "0000"
REGISTER = "register"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One delivery: reception (UTC), the municipality and sources it may speak for (None: any), and powers.

    `sender` names it where the delivery itself does not.
    """

    received: datetime
    sender: str
    municipality: str | None = None
    sources: frozenset[str] | None = None
    may_merge: bool = False
    may_forget: bool = False

    def may_speak_for(self, municipality: str) -> bool:
        """Whether statements of this municipality may come in this delivery."""
        return self.municipality in (None, municipality)

    def may_state_as(self, source: str) -> bool:
        """Whether statements of this source may come in this delivery."""
        if self.sources is None or source in self.sources:
            return True
        return any(role.startswith(IJW_SOURCE_PREFIX) and source.startswith(role + ":") for role in self.sources)


def is_register(source: str) -> bool:
    """Whether a source is the register of persons ("basisregistratie"): its last part says so."""
    return source.rsplit("/", 1)[-1] == REGISTER


def source_kind(source: str) -> str:
    """The kind of sender, for metrics: a closed list."""
    if source.startswith(IJW_SOURCE_PREFIX):
        return "ijw"
    return REGISTER if is_register(source) else "team"
