"""A hundred children are forgotten while messages come, and the process that does so dies at every point.

Rules. All eight processes are real, and the broker of this stack cleans after a minute what it leaves for half a day
in production. Some of the forgotten are told of again meanwhile: those are new youths, of whom nothing old is left.
"""

import asyncio
import json
import re
import threading
import uuid
from base64 import b64decode
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.indication.forgetting import names_in
from services.indication.identity import lookup
from tests.e2e.town import MUNICIPALITY, SEED, Town, today, town
from tests.everywhere import Search
from tests.forgetting import EVERY_POINT, forgotten_though_killed, found_anywhere, rounds_of, shrink, stated
from tests.indication import until
from youthcare.cli_demo.feeding import Doors, http_client
from youthcare.runtime.sealing import read_keys
from youthcare.runtime.settings import Settings
from youthcare.simulator import Envelope, simulate

pytestmark = pytest.mark.prove

YOUTHS, FORGOTTEN, LAG_SECONDS, WAIT_SECONDS = 160, 100, 60, 2.0
FIRST = 0.6
"""Which part of the messages comes before the wishes; the rest comes again and again while they are carried out."""
PER_SECOND = 5
# A deadline and no pace: a machine with other work takes the time that it takes.
LONG_SECONDS = 3600.0
_BSN = re.compile(rb"(?:[bB]sn>|\"bsn\": ?\")([0-9]{9})")
_INSIDE = re.compile(rb"xmlBestand[^>]*>([^<]+)<")
PUBLISHED = "select p::text as line from indicators.{table} p order by 1"
OFFICER = "/0153/privacy"


def persons_in(envelopes: Sequence[Envelope]) -> list[str]:
    """The numbers of the persons that messages are about, in their order."""
    bodies = map(unwrapped, envelopes)
    return list(dict.fromkeys(number.decode() for body in bodies for number in _BSN.findall(body)))


def unwrapped(envelope: Envelope) -> bytes:
    """What a message says, also when it travels in a StUF envelope."""
    inside = _INSIDE.search(envelope.body)
    return envelope.body if inside is None else b64decode(inside[1])


def published(here: Town) -> list[str]:
    """Every published figure and what it rests on."""
    tables = ("publication", "publication_cell")
    return [row["line"] for table in tables for row in here.ask(PUBLISHED.format(table=table))]


@contextmanager
def load(here: Town, envelopes: Sequence[Envelope]) -> Iterator[list[int]]:
    """Messages that go on coming, again and again, until the end of the block; how many were answered."""
    ended, counted = threading.Event(), [0]

    async def deliver() -> None:
        doors = Doors(here.services.url("indication"), here.issuer, MUNICIPALITY)
        async with http_client() as client:
            while not ended.is_set():
                for each in envelopes:
                    source = f"urn:ijw:{MUNICIPALITY}" if each.door == "ijw" else each.sender
                    counted[0] += len(await doors.post(client, each.door, source, each.body))
                    await asyncio.sleep(1 / PER_SECOND)
                    if ended.is_set():
                        return

    thread = threading.Thread(target=lambda: asyncio.run(deliver()), daemon=True)
    thread.start()
    try:
        yield counted
    finally:
        ended.set()
        thread.join(60)


def forget(here: Town, persons: Sequence[str]) -> None:
    """A privacy officer asks for each of them."""
    roles = [f"sender:{OFFICER}", "privacy-officer"]
    token = here.issuer.token(MUNICIPALITY, roles, datetime.now(UTC), timedelta(hours=1))

    async def ask() -> None:
        async with http_client(here.services.trust) as client:
            for person in persons:
                wish = {
                    "specversion": "1.0",
                    "id": uuid.uuid4().hex,
                    "source": OFFICER,
                    "type": "nl.jeugdzorg.youth.forgotten.v1",
                    "municipality": MUNICIPALITY,
                    "time": "2024-03-05T10:00:00Z",
                    "data": {"bsn": person},
                }
                answer = await client.post(
                    f"{here.services.url('indication')}/v1/events",
                    content=json.dumps(wish),
                    headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                    timeout=60,
                )
                assert answer.json()[0]["status"] == "accepted", answer.text

    asyncio.run(ask())


def youths_of(here: Town, folder: Path, persons: Sequence[str]) -> dict[str, str]:
    """Which youth each person is now."""
    keys = read_keys(folder / "identity-keys.json")[MUNICIPALITY]
    by_lookup = {lookup(keys.lookup[keys.lookup_version], MUNICIPALITY, each): each for each in persons}
    rows = here.ask("select lookup, youth from indication.identity")
    return {by_lookup[row["lookup"]]: row["youth"] for row in rows if row["lookup"] in by_lookup}


def about(persons: Sequence[str], envelopes: Sequence[Envelope]) -> list[Envelope]:
    """The messages that name one of the persons."""
    wanted = {*persons}
    return [each for each in envelopes if wanted & {*persons_in([each])}]


def names_of(here: Town, youths: Collection[str], told_of_others: bytes) -> list[str]:
    """The ids, indications, requests and case references in what stands of youths, but what others share with them."""
    rows = here.ask("select youth, id, body from indication.statement")
    named = {name for row in rows if row["youth"] in youths for name in (row["id"], *names_in([row["body"]]))}
    others = b"\n".join(row["body"] for row in rows if row["youth"] not in youths)
    with Search(named) as search:
        return sorted(named - search.found(others + told_of_others))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What is to happen: who is forgotten, what is told meanwhile, and by what those who keep quiet would be found."""

    gone: dict[str, str]
    messages: list[Envelope]
    names: list[str]


def planned(here: Town, folder: Path, first: Sequence[Envelope], second: Sequence[Envelope]) -> Planned:
    """A hundred of those who are known; of every second one nothing is told any more."""
    gone = dict(list(youths_of(here, folder, persons_in(first)).items())[:FORGOTTEN])
    assert len(gone) == FORGOTTEN
    quiet = list(gone)[::2]
    silenced = about(quiet, second)
    messages = [each for each in second if each not in silenced]
    names = names_of(here, {gone[person] for person in quiet}, b"\n".join(map(unwrapped, messages)))
    assert len(names) > len(quiet)
    return Planned(gone=gone, messages=messages, names=names)


def carry_out(here: Town, folder: Path, plan: Planned) -> int:
    """Ask for all, and go on until all is certified, killed at every point while messages come; how often killed."""
    settings = Settings.from_env(here.environment())

    async def wait() -> None:
        here.services.revive()
        await asyncio.sleep(WAIT_SECONDS)  # the pace of rounds; the workers go on by themselves

    with load(here, plan.messages) as counted:
        forget(here, list(plan.gone))
        with rounds_of({**here.environment(), "FORGET_MARK_SECONDS": "0"}, folder / "rounds.log") as rounds:
            asyncio.run(forgotten_though_killed(rounds, settings, EVERY_POINT, wait, LONG_SECONDS))
        until(lambda: counted[0] > len(plan.messages), "all was told once more", LONG_SECONDS)
    here.services.revive()
    here.settle()
    assert len(asyncio.run(stated(settings))) >= FORGOTTEN
    return rounds.killed


def test_a_hundred_are_forgotten_under_load_though_the_process_dies_at_every_point(tmp_path: Path) -> None:
    """Their identifiers and numbers stand nowhere, published figures stand, and live equals replay.

    Half of them are told of again meanwhile; of the others no id, indication or case reference stands anywhere either.
    """
    last = today() - timedelta(days=1)
    envelopes = list(simulate(SEED, MUNICIPALITY, last - timedelta(days=364), last, YOUTHS))
    first, second = envelopes[: int(FIRST * len(envelopes))], envelopes[int(FIRST * len(envelopes)) :]
    with town(tmp_path) as here:
        here.feed(first)
        here.settle()
        shrink(here.stack, LAG_SECONDS)
        here.command("publish", f"{last.year - 1}Q4", "--municipality", MUNICIPALITY)
        before, plan = published(here), planned(here, tmp_path, first, second)

        killed = carry_out(here, tmp_path, plan)

        assert killed == len(EVERY_POINT)
        again = youths_of(here, tmp_path, list(plan.gone))
        assert again
        assert {*again}.isdisjoint(list(plan.gone)[::2])
        assert {*again.values()}.isdisjoint(plan.gone.values())
        needles = [*plan.gone, *plan.gone.values(), *plan.names]
        assert asyncio.run(found_anywhere(here.stack, tmp_path, needles, here.metrics())) == {}
        assert before
        assert published(here) == before
        assert here.compared().differences == []
