"""Correcting a BSN on the real stack: the youth stays who it is, and the wrong number is nobody's."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from services.indication.store.rotation import Rotated, rotate
from tests.bsn_scan import scan_tables, scan_topics
from tests.indication import Door, new_bsn
from tests.looks import lines_of
from tests.shell.test_indication_rotation import Town, everything, town
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.sealing import read_keys
from youthcare.runtime.topics import youth_digest

__all__ = ["town"]
REASON = "De ouders lieten het juiste document zien, zaak 12."


@pytest_asyncio.fixture
async def door(town: Town) -> AsyncIterator[Door]:
    """Doors with the keys of the town."""
    async with town.open() as opened:
        yield opened


async def correct(town: Town, door: Door, bsn: str, right: str, *roles: str, **more: Any) -> httpx.Response:
    """Ask for a correction, as a privacy officer unless told otherwise."""
    header = town.world.issuer.header(*(roles or ("privacy-officer",)), municipality=town.municipality)
    body = {"bsn": bsn, "correct_bsn": right, "reason": REASON, **more}
    return await door.http.post("/v1/identity-corrections", json=body, headers=header)


def about(town: Town, bsn: str, kind: str, **data: str) -> dict[str, Any]:
    """A statement of a kind about a person."""
    return {**town.start(bsn, kind), "data": {"bsn": bsn, **data}}


async def merge(town: Town, door: Door, bsn: str, into: str) -> None:
    """State that two persons are one, as a privacy officer may."""
    event = about(town, bsn, "youth.merged", into_bsn=into)
    header = town.world.issuer.header(f"sender:{town.source}", "privacy-officer", municipality=town.municipality)
    answer = await door.http.post("/v1/events", json=event, headers=header)
    assert answer.json()[0]["status"] == "accepted", answer.text


async def behind(town: Town, door: Door, youth: str) -> list[str]:
    """The numbers that are told of a youth, the newest first."""
    header = town.world.issuer.header("privacy-officer", municipality=town.municipality)
    answer = await door.http.post(f"/v1/youths/{youth}/identity", json={"reason": REASON}, headers=header)
    return list(answer.json()["bsns"])


async def test_a_youth_is_found_by_the_right_number_and_nothing_else_changes(town: Town, door: Door) -> None:
    """By digest of every other table and topic; who then comes under the wrong number is another child."""
    wrong, right = new_bsn(), new_bsn()
    youth = (await town.youths([wrong], door))[wrong]
    before = await everything(town.world)

    answer = await correct(town, door, wrong, right)

    after = await everything(town.world)
    assert (answer.status_code, answer.json()["youth"]) == (200, youth)
    changed = {place for place in before if before[place] != after[place]}
    assert changed == {'"indication"."disclosure"', '"access_log"."look"'}
    assert len(await town.rows("select 1 from identity")) == 1
    found = await town.youths([right, wrong], door)
    assert (found[right], found[wrong] != youth) == (youth, True)
    assert await behind(town, door, youth) == [right, wrong]
    (row,) = await town.rows("select * from disclosure where number = $1", answer.json()["disclosure"])
    assert (row["kind"], row["actor"]) == ("correction", "someone")
    assert row["youth_digest"] == youth_digest(town.municipality, youth)
    (line, *_tellings) = await lines_of(town.world.stack, town.municipality)
    assert (line.name, line.purpose) == ("identity.correct", REASON)
    assert await scan_tables(town.world.stack, [wrong, right]) == []
    assert scan_topics(town.world.stack, [wrong, right]) == []


async def test_two_numbers_that_are_two_youths_are_merged_first(town: Town, door: Door) -> None:
    """Then the wrong number goes too, and all that was told stands under one youth."""
    wrong, right = new_bsn(), new_bsn()
    youths = await town.youths([wrong, right], door)

    early = await correct(town, door, wrong, right)
    assert (early.status_code, await town.youths([wrong, right], door)) == (409, youths)
    await merge(town, door, wrong, right)
    done = await correct(town, door, wrong, right)

    assert (done.status_code, done.json()["youth"]) == (200, youths[right])
    found = await town.youths([wrong, right], door)
    assert found[right] == youths[right]
    assert found[wrong] not in youths.values()
    assert await behind(town, door, youths[right]) == [right, wrong]


async def test_what_is_sealed_of_a_corrected_youth_is_found_when_it_is_forgotten(town: Town, door: Door) -> None:
    """A message that was refused under the wrong number goes with the youth."""
    wrong, right, other = new_bsn(), new_bsn(), new_bsn()
    await town.youths([wrong, other], door)
    late = [about(town, each, "indication.ended", indication="T-1", reason="31") for each in (wrong, other)]
    assert await town.state(door, late) == ["field-missing"] * 2
    assert (await correct(town, door, wrong, right)).status_code == 200

    wish = about(town, right, "youth.forgotten")
    header = town.world.issuer.header(f"sender:{town.source}", "privacy-officer", municipality=town.municipality)
    assert (await door.http.post("/v1/events", json=wish, headers=header)).json()[0]["status"] == "accepted"
    (row,) = await town.rows("select traces from forgetting")
    own = read_keys(town.file)[town.municipality]
    traces = json.loads(own.unseal("forgetting.traces", row["traces"]))

    assert set(traces["numbers"]) == {wrong, right}
    assert await town.rows("select 1 from identity where youth = (select youth from forgetting)") == []


async def test_a_former_number_is_rewritten_when_keys_rotate(town: Town, door: Door) -> None:
    """It is opened by the new keys alone afterwards, and stands for the same."""
    wrong, right = new_bsn(), new_bsn()
    youth = (await town.youths([wrong], door))[wrong]
    await correct(town, door, wrong, right)
    town.announce_and_use()
    own = read_keys(town.file)[town.municipality]

    async with await open_pool(town.world.settings().database("indication"), "test", all_municipalities=True) as pool:
        done = await rotate(pool, own)

    (row,) = await town.rows("select bsn_sealed, former from identity")
    assert done == Rotated(identities=1, payloads=0)
    assert {each[0] for each in (row["bsn_sealed"], *row["former"])} == {own.sealing_version}
    async with town.open() as again:
        assert await town.youths([right], again) == {right: youth}
        assert await behind(town, again, youth) == [right, wrong]


async def test_a_correction_that_cannot_be_is_refused_and_changes_nothing(town: Town, door: Door) -> None:
    """Nobody else does it, and not without a reason, a known number and a right one."""
    known, right = new_bsn(), new_bsn()
    youths = await town.youths([known], door)

    told = [
        (await correct(town, door, known, right, "supervisor")).status_code,
        (await correct(town, door, known, right, f"sender:{town.source}")).status_code,
        (await correct(town, door, new_bsn(), right)).status_code,
        (await correct(town, door, known, known)).status_code,
        (await correct(town, door, known, "123456789")).status_code,
        (await correct(town, door, known, right, reason="kort")).status_code,
        (await correct(town, door, known, right, reason=f"{REASON} {known}")).status_code,
    ]

    assert told == [403, 403, 404, 422, 422, 422, 422]
    assert await town.youths([known], door) == youths
    assert await town.rows("select 1 from disclosure") == []


async def test_a_correction_waits_for_deliveries_and_they_for_it(town: Town, door: Door) -> None:
    """However they meet, the right number is one youth: that of the wrong one, or a youth of its own (then 409)."""
    for _ in range(5):
        wrong, right = new_bsn(), new_bsn()
        youth = (await town.youths([wrong], door))[wrong]

        told, found = await asyncio.gather(correct(town, door, wrong, right), town.youths([right], door))

        assert told.status_code == (200 if found[right] == youth else 409)
        assert (await town.youths([right], door)) == found
