"""Forgetting a youth: which steps there are, by what a person is found in sealed content, what is certified.

Three rules. Each step is confirmed before the next begins, and every step may be done again. What is kept while it
lasts is the identifier and, sealed, the traces; what is kept for good is a digest. A certificate names no person.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

PROMISE = timedelta(hours=72)
"""Within which nothing of a youth is left on the topics but `intake`."""
INTAKE_TERM = timedelta(days=7)
SURELY_HELD = timedelta(hours=11)
"""For how long the broker leaves the last tombstone alone: the compaction lag, less an hour, as clocks differ."""
AGES = ("promised", "late", "overdue")
"""Up to 72 hours, up to seven days, longer."""


class Step(StrEnum):
    """What is confirmed, in this order."""

    REQUESTED = "requested"
    SEALED = "sealed"
    TOLD = "told"
    WIPED = "wiped"
    LOG = "log"
    FACTS = "facts"
    READERS = "readers"
    ALERTS = "alerts"
    DROPPED = "dropped"
    VANISHED = "vanished"


STEPS = tuple(Step)
WHERE_NL: Mapping[Step, str] = {
    Step.REQUESTED: "identiteit, verwijzingen en register van de indicatiedienst",
    Step.SEALED: "verzegelde inhoud: geweigerde, wachtende en onbekende berichten",
    Step.TOLD: "het verzoek staat op indication-events: de levende cijfers verliezen de jeugdige",
    Step.WIPED: "register leeg, ook van het verzoek; wissing van indication-events verzonden",
    Step.LOG: "indication-events: elk record van de jeugdige is gewist",
    Step.FACTS: "trajectdienst: tabellen leeg; trajectory-facts gewist",
    Step.READERS: "cijferdienst en signaaldienst: tabellen leeg",
    Step.ALERTS: "care-alerts: elk record over de jeugdige is gewist",
    Step.DROPPED: "de broker heeft de inhoud van alle topics (buiten intake) verwijderd",
    Step.VANISHED: "de broker heeft ook de wismarkeringen verwijderd",
}


def step_after(confirmed: Iterable[str]) -> Step | None:
    """The first step that is not confirmed yet; None when all are."""
    done = set(confirmed)
    return next((step for step in STEPS if step not in done), None)


def request_digest(municipality: str, source: str, identification: str) -> str:
    """By which a wish is found again by whoever knows its source and id."""
    return sha256(f"{municipality}/{source}/{identification}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """By what a person is found in content that is kept sealed: numbers, and names only its statements have."""

    numbers: frozenset[str] = field(repr=False)
    names: frozenset[str] = field(repr=False)

    def body(self) -> bytes:
        """As they are sealed."""
        return json.dumps({"numbers": sorted(self.numbers), "names": sorted(self.names)}).encode()

    def found_in(self, content: bytes) -> bool:
        """Whether content is about the person: it holds the BSN, or one of the names as a whole JSON text."""
        # Without the noughts of UTF-16, in which digits stand apart.
        text = content.replace(b"\0", b"").decode("utf-8", errors="replace")
        return any(_number(each).search(text) for each in self.numbers) or any(
            json.dumps(name, ensure_ascii=False) in text for name in self.names
        )


def traces_from(body: bytes) -> Traces:
    """The traces that were sealed."""
    content = json.loads(body)
    return Traces(numbers=frozenset(content["numbers"]), names=frozenset(content["names"]))


def _number(bsn: str) -> re.Pattern[str]:
    digits = r"[ .\-]?".join(bsn.lstrip("0"))
    return re.compile(rf"(?<![0-9])0*{digits}(?![0-9])")


_NAMING = ("indication", "request", "message", "case_reference")
# Shorter ones may stand in anybody's message.
_NAME_LENGTH_MIN = 5


def names_in(bodies: Iterable[bytes]) -> frozenset[str]:
    """The names by which statements are about one youth alone: their ids, its indications, requests and messages."""
    named = (name for body in bodies for name in _names(json.loads(body)))
    return frozenset(name for name in named if len(name) >= _NAME_LENGTH_MIN)


def _names(event: Mapping[str, Any]) -> Iterator[str]:
    yield event["id"]
    for part in (event["data"], *event["data"].get("products", ())):
        yield from (part[name] for name in _NAMING if isinstance(part.get(name), str))


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A step that was confirmed: when, and by what."""

    step: Step
    at: datetime
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """How far the forgetting of one youth is; `youth` is known until it is certified."""

    municipality: str
    digest: str
    requested: datetime
    certified: datetime | None = None
    marked: datetime | None = None
    youth: str | None = field(default=None, repr=False)
    confirmed: Sequence[Confirmed] = ()

    @property
    def step(self) -> Step | None:
        """What is to be done now; None when all is done."""
        return step_after(each.step for each in self.confirmed)

    def evidence(self, step: Step) -> Mapping[str, Any]:
        """By what a step was confirmed; raises ``KeyError`` when it was not."""
        return {each.step: each.evidence for each in self.confirmed}[step]

    def may_be_unread(self, now: datetime) -> bool:
        """Whether a reader may have passed the last tombstone after the broker had cleaned it away."""
        wiped = next(each.at for each in self.confirmed if each.step is Step.WIPED)
        return now > wiped + SURELY_HELD

    def is_late(self, now: datetime) -> bool:
        """Whether the promise for the topics is broken."""
        return self.certified is None and now > self.requested + PROMISE


def ages(forgettings: Iterable[Forgetting], now: datetime) -> dict[str, int]:
    """How many are not certified: within the promise, late, and beyond the term of `intake` as well."""
    counts = dict.fromkeys(AGES, 0)
    for each in forgettings:
        if each.certified is None:
            waited = now - each.requested
            counts[AGES[(waited > PROMISE) + (waited > INTAKE_TERM)]] += 1
    return counts


def certificate(forgetting: Forgetting) -> dict[str, Any]:
    """Where and when each place was confirmed empty; of the youth no more than the digest of its identifier."""
    order = {step: number for number, step in enumerate(STEPS)}
    return {
        "municipality": forgetting.municipality,
        "digest": forgetting.digest,
        "requested": forgetting.requested.isoformat(),
        "certified": None if forgetting.certified is None else forgetting.certified.isoformat(),
        "next": None if forgetting.step is None else forgetting.step.value,
        "places": [
            {
                "step": each.step.value,
                "where": WHERE_NL[each.step],
                "confirmed": each.at.isoformat(),
                "evidence": dict(each.evidence),
            }
            for each in sorted(forgetting.confirmed, key=lambda each: order[each.step])
        ],
        "by_term": [{"where": "intake", "gone": (forgetting.requested + INTAKE_TERM).isoformat()}],
    }
