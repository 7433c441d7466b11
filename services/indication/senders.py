"""Who delivers, for whom it may speak, and when it came.

Two rules. A role names a source and stands for that source alone; a part of the national chain
(`urn:ijw:<municipality>`, or that with a party) stands for all its parties too. On Kafka the broker's access rights
decide who may write, so a record there says itself for whom it speaks.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from youthcare.events import IJW_SOURCE_PREFIX

UNKNOWN_MUNICIPALITY = "0000"
REGISTER = "register"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One delivery: reception (UTC), the municipality and sources it may speak for (None: any), and powers.

    `sender` names it where the delivery itself does not; `named` when it is the delivery's own source.
    """

    received: datetime
    sender: str
    municipality: str | None = None
    sources: frozenset[str] | None = None
    may_merge: bool = False
    may_forget: bool = False
    named: bool = False

    def may_speak_for(self, municipality: str) -> bool:
        """Whether statements of this municipality may come in this delivery."""
        return self.municipality in (None, municipality)

    def may_state_as(self, source: str) -> bool:
        """Whether statements of this source may come in this delivery."""
        return self.sources is None or speaks_for(self.sources, source)

    def readers(self) -> tuple[str, ...]:
        """The sources that one must speak for to read what came: its own, or all of who delivered it without one."""
        return () if self.named or self.sources is None else tuple(sorted(self.sources))


def speaks_for(sources: Collection[str], source: str) -> bool:
    """Whether who may speak for some sources may speak for this one."""
    return source in sources or source.startswith(parties_of(sources))


def parties_of(sources: Collection[str]) -> tuple[str, ...]:
    """How the sources of the parties begin for whom a part of the national chain stands."""
    return tuple(f"{source}:" for source in sorted(sources) if source.startswith(IJW_SOURCE_PREFIX))


def is_register(source: str) -> bool:
    """Whether a source is the register of persons ("basisregistratie"): its last part says so."""
    return source.rsplit("/", 1)[-1] == REGISTER


def source_kind(source: str) -> str:
    """The kind of sender, for metrics: a closed list."""
    if source.startswith(IJW_SOURCE_PREFIX):
        return "ijw"
    return REGISTER if is_register(source) else "team"
