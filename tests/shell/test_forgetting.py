"""A youth is forgotten everywhere, whatever breaks in between, and what stands of others stays as it is."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.indication.app import forgettings
from services.indication.forgetting import STEPS, certificate
from services.indicators.app import write_csv
from tests.forgetting import POINTS, eventually, found_anywhere, readers_of, rounds_of, shrink
from tests.indication import TEAM, Door, World, fetch, new_bsn, new_name, open_door, world_of
from tests.stack import run_stack
from youthcare.runtime.settings import Settings
from youthcare.runtime.topics import youth_digest

REGISTER = "/0153/register"


@pytest.fixture(scope="module")
def own_world() -> Iterator[World]:
    with run_stack(with_monitoring=False) as stack:
        world = world_of(stack)
        shrink(stack)
        yield world


@pytest.fixture
async def door(own_world: World) -> AsyncIterator[Door]:
    async with open_door(own_world) as opened:
        yield opened


def event(bsn: str, kind: str, data: dict[str, Any], source: str = TEAM) -> dict[str, Any]:
    """A statement about a person."""
    return {
        "specversion": "1.0",
        "id": new_name("E"),
        "source": source,
        "type": f"nl.jeugdzorg.{kind}.v1",
        "municipality": "0153",
        "time": "2024-03-05T10:00:00Z",
        "data": {"bsn": bsn, **data},
    }


def care(bsn: str, reference: str) -> list[dict[str, Any]]:
    """A registration and three years of care at two providers, which is something to signal."""
    registered = {"valid_from": "2021-01-01", "birth_date": "2012-05-17", "team": "noord", "case_reference": reference}
    starts = [
        {"indication": f"T-{reference}-{number}", "first_day": "2022-01-08", "provider": provider, "product": product}
        for number, provider, product in (
            (1, "42420001", {"category": "45"}),
            (2, "42420002", {"category": "45"}),
        )
    ]
    return [event(bsn, "youth.registered", registered), *(event(bsn, "indication.started", each) for each in starts)]


async def told(door: Door, content: object, *roles: str) -> list[str]:
    """Deliver as a team, the register and these roles; the status or code of each statement."""
    who = door.world.header(TEAM, REGISTER, roles=roles)
    answers = (await door.http.post("/v1/events", json=content, headers=who)).json()
    return [str(answer.get("code", answer["status"])) for answer in answers]


async def youth_of(world: World, identification: str) -> str:
    """The youth under whom a statement is registered."""
    (row,) = await fetch(world, "select youth from statement where id = $1", identification)
    return str(row["youth"])


async def test_youths_are_forgotten_everywhere_though_the_process_dies_at_every_step(
    own_world: World, door: Door, tmp_path: Path
) -> None:
    """Two persons, one of them known under two numbers; killed once at each point; then nothing is found anywhere.

    The other youths' figures are as if those two had never been, and a later message about one is a new youth.
    """
    world, readers, log = own_world, readers_of(own_world), tmp_path / "rounds.log"
    one, two, twin, stays = (new_bsn() for _ in range(4))
    names = {bsn: new_name("Z") for bsn in (one, two, twin, stays)}
    await told(door, care(stays, names[stays]))
    await readers.catch_up()
    alone = await figures(readers.settings)
    events = [each for bsn in (one, two, twin) for each in care(bsn, names[bsn])]
    merge = event(twin, "youth.merged", {"into_bsn": two}, REGISTER)
    assert {*await told(door, [*events, merge])} == {"accepted"}
    wrong = event(one, "indication.ended", {"indication": "T-1", "first_day": "2024-03-04", "last_day": "2020-01-01"})
    assert await told(door, {**wrong, "data": {**wrong["data"], "reason": "31"}}) == ["end-before-start"]
    await readers.catch_up()
    gone = {bsn: await youth_of(world, events[3 * place]["id"]) for place, bsn in enumerate((one, two, twin))}
    needles = [*gone, *gone.values(), *(names[bsn] for bsn in gone), *(each["id"] for each in [*events, merge, wrong])]
    assert await figures(readers.settings) != alone
    places = set(await found_anywhere(world.stack, tmp_path, [gone[one]]))
    assert {"alerts.alert", "care-alerts", "trajectory-facts", "indication-events", "indicators.youth_layer"} <= places

    wishes = [event(bsn, "youth.forgotten", {}) for bsn in (one, two)]
    assert await told(door, wishes, "privacy-officer") == ["accepted", "accepted"]
    assert await told(door, wishes, "privacy-officer") == ["set-aside", "set-aside"]
    await readers.catch_up()
    assert await figures(readers.settings) == alone, "the live figures lose them at once"

    with rounds_of(world, log) as rounds:

        async def dies_at(point: str) -> bool:
            if point.partition("-")[0] in STEPS[5:]:
                await readers.catch_up()
            return rounds.run(point) == -9

        for point in POINTS:
            await eventually(lambda: dies_at(point), point)  # noqa: B023

        async def is_certified() -> bool:
            await readers.catch_up()
            assert rounds.run() == 0
            return all(each.certified for each in await stated(world))

        await eventually(is_certified, "certified")

    assert await found_anywhere(world.stack, tmp_path, [*needles, *(each["id"] for each in wishes)], [log]) == []
    assert await found_anywhere(world.stack, tmp_path, [names[stays]]) != [], "the search finds what does stand there"
    assert await figures(readers.settings) == alone
    papers = [certificate(each) for each in await stated(world)]
    assert {each["digest"] for each in papers} == {youth_digest("0153", youth) for youth in gone.values()}
    assert [len(each["places"]) for each in papers] == [len(STEPS)] * 3
    again = care(one, names[one])
    assert {*await told(door, again)} == {"accepted"}
    assert await youth_of(world, again[0]["id"]) != gone[one]


async def figures(settings: Settings) -> str:
    """All live figures of the municipality on a day."""
    return await asyncio.to_thread(write_csv, settings, "0153", date(2026, 1, 1), date(9999, 12, 31))


async def stated(world: World) -> list[Any]:
    """How far each forgetting is."""
    return await asyncio.to_thread(forgettings, world.settings(), "0153")
