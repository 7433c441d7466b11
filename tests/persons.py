"""Messages about persons, with all that tells who somebody is: in the fields of the standard for it, and beside them.

One rule: each message is about a person of its own, so that what is found tells which message leaked.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import choice
from typing import Any

from tests import ijw_builders as ijw
from tests.bombs import BILLION_LAUGHS
from tests.indication import new_bsn, new_name, new_number

TEAM = "/0153/wijkteam-noord"
EMAIL, STREET, SURNAME = "geheimadres@voorbeeld.nl", "Geheime Gracht 7", "Van den Geheimen"
TELLING = (*ijw.SECRETS, EMAIL, STREET, SURNAME, ijw.POSTCODE)
"""What tells who somebody is, beside the number."""
REMARK = f"{SURNAME} woont {STREET}, mail {EMAIL}"


@dataclass(slots=True)
class Persons:
    """Those about whom something was fed in."""

    numbers: list[str] = field(default_factory=list)

    def new(self) -> str:
        """The number of a person nobody was told of yet."""
        self.numbers.append(new_bsn())
        return self.numbers[-1]

    def anybody(self) -> str:
        """Somebody of whom something was told."""
        return choice(self.numbers)

    @property
    def sought(self) -> list[str]:
        """What may stand nowhere."""
        return [*self.numbers, *TELLING]


def messages(persons: Persons) -> Iterator[bytes]:
    """Right messages of each of the six kinds, bare and in an envelope, and returns that repeat a client."""
    contact = ijw.address().replace("</Contact>", f"<Emailadres>{EMAIL}</Emailadres></Contact>")
    number, reference = new_number(), new_name("V")
    once = {"bsn": persons.new(), "identification": new_name()}
    yield ijw.jw301(ijw.granted_product(number), contacts=[contact], **once)
    yield ijw.envelope(ijw.jw305(ijw.started_product(new_number()), bsn=persons.new(), identification=new_name()))
    yield ijw.jw307(ijw.ended_product(new_number()), bsn=persons.new(), identification=new_name())
    yield ijw.jw315(ijw.asked_product(reference), bsn=persons.new(), identification=new_name())
    yield ijw.jw317(added=[ijw.added_product()], reference=new_name("W"), bsn=persons.new(), identification=new_name())
    yield ijw.jw319(reference=reference, identification=new_name())
    # The number of the person in what names the message, and in what only its sender understands.
    bsn = persons.new()
    yield ijw.jw305(ijw.started_product(new_number()), bsn=bsn, identification=bsn)
    bsn = persons.new()
    yield ijw.jw315(ijw.asked_product(f"R{bsn}"), bsn=bsn, identification=new_name())
    yield ijw.retour("JW305", body=ijw.returned_start("9019", bsn=persons.new()), identification=new_name())
    yield ijw.retour("JW305", "0001", identification=persons.new())


def event(bsn: object, kind: str = "indication.started", **changed: Any) -> dict[str, Any]:
    """An event of a team's system, with names and free text for which the contract has no place."""
    telling = {"name": SURNAME, "address": {"street": STREET, "e-mail": EMAIL}, "remark": f"{bsn}: {REMARK}"}
    start = {"indication": f"T-{new_name()}", "first_day": "2024-03-04", "provider": "42420001"}
    return {
        "specversion": "1.0",
        "id": new_name("E"),
        "source": TEAM,
        "type": f"nl.jeugdzorg.{kind}.v1",
        "municipality": "0153",
        "time": "2024-03-05T10:00:00Z",
        "data": {"bsn": bsn, **start, **telling},
        "contact": telling,
        **changed,
    }


def events(persons: Persons) -> Iterator[bytes]:
    """Right events, a registration with address among them, and some whose ids hold the number."""
    yield json.dumps([event(persons.new()) for _ in range(3)]).encode()
    bsn = persons.new()
    registered = {"bsn": bsn, "valid_from": "2024-01-01", "birth_date": "2012-05-17", "case_reference": f"D{bsn}"}
    more = {"postcode": ijw.POSTCODE, "name": SURNAME, "remark": REMARK}
    yield json.dumps(event(bsn, "youth.registered", data={**registered, **more})).encode()
    bsn = persons.new()
    yield json.dumps(event(bsn, id=f"id-{bsn}")).encode()
    yield json.dumps({**event(persons.new()), "type": "nl.jeugdzorg.not.yet.known.v1"}).encode()


def poison(persons: Persons) -> Iterator[bytes]:
    """What cannot be taken in: broken in the middle, wrong in content, the number in a field that is not its own."""
    whole = ijw.jw301(bsn=persons.new(), identification=new_name())
    yield whole[: len(whole) // 2]
    yield ijw.envelope(ijw.jw305(bsn=persons.new()))[:-60]
    yield ijw.envelope(ijw.jw305(bsn=persons.new())).replace(b64encode(b"<"), b"!!!!")
    yield ijw.jw305(bsn=persons.new()).replace(b"Begindatum", b"Onbekend")
    yield ijw.jw305(bsn=persons.new()).replace(b"UTF-8", b"UTF-16")
    yield ijw.jw307(ijw.ended_product(reason="21"), bsn=persons.new(), identification=new_name())
    yield ijw.jw305(ijw.started_product(status="9"), bsn=persons.new(), birth_date=persons.new())
    yield ijw.jw305(bsn=persons.new(), municipality=persons.new()[:4])
    yield BILLION_LAUGHS + persons.new().encode()
    yield f"<{SURNAME}><Bsn>{persons.new()}</Bsn>".encode()
    text = json.dumps(event(persons.new()))
    yield text[: len(text) // 2].encode()
    yield text.encode() + persons.new().encode()
    yield from map(_json, _wrong(persons))


def _wrong(persons: Persons) -> Iterator[object]:
    yield event(int(persons.new()))
    yield event(f"{persons.new()}0")
    yield {**event(None), "data": persons.new()}
    yield {**event(None), persons.new(): "bsn"}
    for place in ("id", "source", "type", "municipality", "time", "specversion"):
        bsn = persons.new()
        yield {**event(bsn), place: bsn}
    for place in ("indication", "first_day", "provider", "product", "referrer", "crisis"):
        bsn = persons.new()
        started = event(bsn)
        yield {**started, "data": {**started["data"], place: bsn}}
    yield [persons.new(), [persons.new(), {"bsn": persons.new()}]]
    yield persons.new()
    yield int(persons.new())


def _json(content: object) -> bytes:
    return json.dumps(content).encode()
