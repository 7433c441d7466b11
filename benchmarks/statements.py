"""Canonical statements of a simulated year, made without a broker or a database.

Rules. The doors' own reading makes them; only the register is a double: a youth's identifier is made of the number.
What refers to a message that has not come yet is left out, where the register would let it wait.
"""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from itertools import islice

import yaml

from schemas.models import check
from services.indication.assertions import Assertion, body, under_name
from services.indication.doors import Doors
from services.indication.processor import read_record
from services.indication.senders import Arrival
from services.indication.teams import teams_from
from youthcare.runtime.processing import Outgoing
from youthcare.runtime.settings import shipped
from youthcare.runtime.topics import INDICATION_EVENTS, partition_of, statement_key
from youthcare.simulator import Envelope, simulate

SEED = 1
YEAR = date(2024, 1, 1), date(2024, 12, 31)
_KEY = b"the key of the benchmarks, for digests alone"


def envelopes(municipality: str, youths: int, days: tuple[date, date] = YEAR) -> Iterator[Envelope]:
    """The right messages of a simulated year, or of other days, in order of reception."""
    time = simulate(SEED, municipality, *days, youths)
    return (envelope for envelope in time if envelope.flaw is None)


def statements(
    municipality: str, youths: int, count: int | None = None, days: tuple[date, date] = YEAR
) -> list[Outgoing]:
    """The first so many statements of the year, as the indication service would publish them; all without a count."""
    return list(islice(_published(municipality, youths, days), count))


def _published(municipality: str, youths: int, days: tuple[date, date]) -> Iterator[Outgoing]:
    teams = teams_from(yaml.safe_load(shipped("teams.yml").read_text(encoding="utf-8")))
    doors = Doors(check=check, schemas=None, teams=teams, digest_keys={municipality: _KEY})
    known: dict[str, tuple[str, str]] = {}
    seen: set[tuple[str, str, str]] = set()
    for envelope in envelopes(municipality, youths, days):
        arrival = Arrival(received=envelope.received, sender=envelope.sender, municipality=municipality)
        for row in read_record(doors, arrival, envelope.body).assertions:
            youth, named = _identified(row, known)
            if youth is not None and row.identity not in seen:
                seen.add(row.identity)
                yield _outgoing(named, youth)


def _identified(row: Assertion, known: dict[str, tuple[str, str]]) -> tuple[str | None, Assertion]:
    """Whose statement it is, and the statement with what it refers to under its registered name."""
    if row.bsn is None:
        youth, name = known.get(row.refers_to or "", (None, ""))
        return youth, row if youth is None else under_name(row, name)
    youth = sha256(row.bsn.encode()).hexdigest()[:32]
    for reference in row.tells:
        known.setdefault(reference.lookup, (youth, reference.name))
    return youth, row


def _outgoing(row: Assertion, youth: str) -> Outgoing:
    return Outgoing(
        topic=INDICATION_EVENTS.name,
        key=statement_key(row.municipality, youth, row.source, row.id),
        value=body(row, youth),
        partition=partition_of(row.municipality, youth),
    )
