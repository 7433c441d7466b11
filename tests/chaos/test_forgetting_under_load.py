"""A hundred children are forgotten while messages come, and the process that does so dies at every point.

Rules. All eight processes are real, and the broker of this stack cleans after a minute what it leaves for half a day
in production. Some of the forgotten are told of again meanwhile: those are new youths, of whom nothing old is left.
"""

import asyncio
import json
import re
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.indication.identity import lookup
from tests.e2e.town import MUNICIPALITY, SEED, Town, today, town
from tests.forgetting import EVERY_POINT, forgotten_though_killed, found_anywhere, rounds_of, shrink, stated
from youthcare.cli_demo.feeding import Doors, http_client
from youthcare.runtime.sealing import read_keys
from youthcare.runtime.settings import Settings
from youthcare.simulator import Envelope, simulate

pytestmark = pytest.mark.prove

YOUTHS, FORGOTTEN, LAG_SECONDS, WAIT_SECONDS = 240, 100, 60, 2.0
LONG_SECONDS = 900.0
_BSN = re.compile(rb"(?:[bB]sn>|\"bsn\": ?\")([0-9]{9})")
PUBLISHED = "select p::text as line from indicators.{table} p order by 1"
OFFICER = "/0153/privacy"


def persons_in(envelopes: Sequence[Envelope]) -> list[str]:
    """The numbers of the persons that messages are about, in their order."""
    bodies = (each.body if isinstance(each.body, bytes) else str(each.body).encode() for each in envelopes)
    return list(dict.fromkeys(number.decode() for body in bodies for number in _BSN.findall(body)))


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
        async with http_client() as client:
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


def test_a_hundred_are_forgotten_under_load_though_the_process_dies_at_every_point(tmp_path: Path) -> None:
    """Their identifiers and numbers stand nowhere, published figures stand, and live equals replay."""
    last = today() - timedelta(days=1)
    envelopes = list(simulate(SEED, MUNICIPALITY, last - timedelta(days=364), last, YOUTHS))
    first, second = envelopes[: len(envelopes) // 2], envelopes[len(envelopes) // 2 :]
    with town(tmp_path) as here:
        here.feed(first)
        here.settle()
        shrink(here.stack, LAG_SECONDS)
        quarter = f"{last.year - 1}Q4"
        here.command("publish", quarter, "--municipality", MUNICIPALITY)
        before = published(here)
        known = youths_of(here, tmp_path, persons_in(first))
        gone = dict(list(known.items())[:FORGOTTEN])
        assert len(gone) == FORGOTTEN

        async def wait() -> None:
            here.services.revive()
            await asyncio.sleep(WAIT_SECONDS)  # the pace of rounds; the workers go on by themselves

        with load(here, second) as counted:
            forget(here, list(gone))
            settings = Settings.from_env(here.environment())
            with rounds_of({**here.environment(), "FORGET_MARK_SECONDS": "0"}, tmp_path / "rounds.log") as rounds:
                asyncio.run(forgotten_though_killed(rounds, settings, EVERY_POINT, wait, LONG_SECONDS))
        here.settle()

        assert rounds.killed == len(EVERY_POINT)
        assert counted[0] > 0
        assert len(asyncio.run(stated(settings))) >= FORGOTTEN
        assert (
            asyncio.run(found_anywhere(here.stack, tmp_path, [*gone, *gone.values()], [tmp_path / "rounds.log"])) == []
        )
        assert before
        assert published(here) == before
        assert here.compared().differences == []
