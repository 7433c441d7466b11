"""The mailbox of refused messages on the real stack: who sees what, what settles it, and who gets a payload back."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.indication.api.opening import load_keys
from services.indication.store import expire
from services.indication.store.ageing import ageing_of_all
from services.indication.store.counts import show
from tests import ijw_builders as ijw
from tests.indication import CHAIN, Door, World, fetch, new_bsn, new_name, new_number, open_door, world_of
from youthcare.runtime import metrics
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import open_pool

MAILBOX, PROVIDER = "/v1/refusals", f"{CHAIN}:{ijw.PROVIDER}"


@pytest.fixture(scope="module")
def world(stack: Stack) -> World:
    """Topics, keys and tokens on the running stack."""
    return world_of(stack)


@dataclass(slots=True)
class Clock:
    """A clock that tests move."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now


@dataclass(slots=True)
class Team:
    """A sender with a source of its own, at doors whose clock it can move."""

    door: Door
    clock: Clock
    source: str

    def header(self, *roles: str, sources: tuple[str, ...] = ()) -> dict[str, str]:
        """The header of this sender, or of these roles instead."""
        return self.door.world.issuer.header(*(roles or (f"sender:{each}" for each in sources or (self.source,))))

    async def state(self, content: object) -> list[dict[str, str]]:
        """State events; their answers."""
        response = await self.door.http.post("/v1/events", json=content, headers=self.header())
        answers: list[dict[str, str]] = response.json()
        return answers

    async def ask(self, path: str = MAILBOX, *roles: str, **params: Any) -> httpx.Response:
        """What a door answers this sender, or a bearer of these roles."""
        return await self.door.http.get(path, params=params, headers=self.header(*roles))

    async def box(self, **params: Any) -> list[dict[str, Any]]:
        """The refusals in the mailbox, the newest first."""
        rows: list[dict[str, Any]] = (await self.ask(**params)).json()["refusals"]
        return rows

    def start(self, bsn: str, **changed: Any) -> dict[str, Any]:
        """A start that is right."""
        event = {
            "specversion": "1.0",
            "id": new_name("E"),
            "source": self.source,
            "type": "nl.jeugdzorg.indication.started.v1",
            "municipality": "0153",
            "time": "2024-03-05T10:00:00Z",
            "data": {"bsn": bsn, "indication": f"T-{new_name()}", "first_day": "2024-03-04"},
        }
        return event | changed

    def wrong(self, bsn: str, **changed: Any) -> dict[str, Any]:
        """A start that is refused: no calendar of ours reaches the year in which it says that it was recorded."""
        return self.start(bsn, **({"time": "2999-01-01T00:00:00Z"} | changed))


@pytest_asyncio.fixture
async def team(world: World) -> AsyncIterator[Team]:
    """A new sender at open doors."""
    clock = Clock()
    async with open_door(world, clock) as door:
        yield Team(door, clock, f"/0153/{new_name()}")


async def test_a_sender_finds_its_refusal_with_what_to_do(team: Team) -> None:
    """Type, identification, field, code, guidance, when, how to correct it, and that it is open (issue 5.5)."""
    event = team.wrong(new_bsn())

    await team.state(event)

    (row,) = await team.box()
    assert (row["number"], row["sender"], row["identification"]) == (1, team.source, event["id"])
    assert (row["type"], row["field"], row["code"]) == (event["type"], "time", "field-invalid")
    assert row["guidance"].startswith("De waarde van het genoemde veld")
    assert ".retracted" in row["correction"]
    assert datetime.fromisoformat(row["received"]) == team.clock.now
    assert datetime.fromisoformat(row["payload_until"]) - team.clock.now == timedelta(days=90)
    assert (row["state"], row["settled"]) == ("open", None)


async def test_a_sender_sees_its_own_sources_alone(team: Team) -> None:
    """Another sender sees nothing of it, a supervisor all but the payload, others get no answer."""
    await team.state(team.wrong(new_bsn()))
    other, elsewhere = "sender:/0153/somebody-else", team.door.world.issuer.header("supervisor", municipality="0164")

    seen = await team.ask(MAILBOX, "supervisor", sender=team.source)
    payload = f"{MAILBOX}/1/payload"
    answers = {
        role: ((await team.ask(MAILBOX, role)).status_code, (await team.ask(payload, role)).status_code)
        for role in (other, "supervisor", "team:noord", "privacy-officer")
    }
    foreign = await team.door.http.get(MAILBOX, params={"sender": team.source}, headers=elsewhere)

    assert len(seen.json()["refusals"]) == 1
    assert (await team.ask(MAILBOX, other, sender=team.source)).json()["refusals"] == []
    assert foreign.json()["refusals"] == []
    assert answers == {
        other: (200, 404),
        "supervisor": (200, 403),
        "team:noord": (403, 403),
        "privacy-officer": (403, 403),
    }


async def test_the_mailbox_is_paged_and_asked_by_code_state_and_time(team: Team) -> None:
    """Pages follow on each other without a gap or a repeat, also when refusals share one instant."""
    await team.state([team.wrong(new_bsn()) for _ in range(3)])
    team.clock.now += timedelta(hours=1)
    later = team.clock.now.isoformat()
    await team.state([team.wrong(new_bsn()), team.start("999900007")])
    await team.door.http.post(f"{MAILBOX}/5/handled", json={"outcome": "withdrawn"}, headers=team.header())

    numbers, after = [], None
    while True:
        page = (await team.ask(limit=2, **({} if after is None else {"after": after}))).json()
        numbers += [row["number"] for row in page["refusals"]]
        after = page["next"]
        if after is None:
            break

    assert numbers == [5, 4, 3, 2, 1]
    assert [row["number"] for row in await team.box(code="bsn-invalid")] == [5]
    assert [row["number"] for row in await team.box(state="settled")] == [5]
    assert [row["number"] for row in await team.box(state="open", since=later)] == [4]


def cursor(*parts: object) -> str:
    """A place in the pages, as somebody could make one up."""
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


NONSENSE: tuple[dict[str, Any], ...] = (
    {"after": "x"},
    {"after": "é"},
    {"after": cursor()},
    {"after": cursor("0001-01-01T00:00:00+14:00", "a", 1)},
    {"after": cursor("2024-01-01T00:00:00", "a", 1)},
    {"after": cursor("2024-01-01T00:00:00+00:00", "a\0", 1)},
    {"after": cursor("2024-01-01T00:00:00+00:00", "a", 2**63)},
    {"since": "0001-01-01T00:00:00+14:00"},
    {"since": "2024-01-01T00:00:00"},
    {"sender": "a\0b"},
    {"code": "x"},
    {"state": "x"},
    {"limit": 0},
    {"limit": 201},
)


async def test_a_question_that_makes_no_sense_is_refused(team: Team) -> None:
    """At the door, with a problem document."""
    answers = [await team.ask(**question) for question in NONSENSE]

    assert {answer.status_code for answer in answers} == {422}
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


async def test_a_sender_gets_its_payload_back_and_it_is_written_down(team: Team) -> None:
    """As it was sent, to its sender alone; who got it and when is kept."""
    bsn = new_bsn()
    await team.state(team.wrong(bsn))

    answer = await team.ask(f"{MAILBOX}/1/payload")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["data"]["bsn"] == bsn
    assert answer.headers["cache-control"] == "no-store"
    (row,) = await fetch(team.door.world, "select * from disclosure where sender = $1", team.source)
    assert (row["kind"], row["actor"], row["refusal"]) == ("payload", "someone", 1)
    assert row["told"] == team.clock.now


async def test_what_names_no_source_is_not_read_by_one_of_two(team: Team) -> None:
    """A system that speaks for two delivers what cannot be read: who speaks for one of them does not get it."""
    second = f"{team.source}-2"
    both = team.header(sources=(team.source, second))
    await team.door.http.post("/v1/events", content=b"{", headers=both)

    one = await team.ask(f"{MAILBOX}/1/payload")
    two = await team.door.http.get(f"{MAILBOX}/1/payload", headers=both)

    assert (one.status_code, two.status_code) == (404, 200)
    assert (two.content, two.headers["content-type"]) == (b"{", "application/json")


async def test_numbers_are_per_sender_so_one_of_several_must_be_named(team: Team) -> None:
    """Who speaks for two sources says whose number it means."""
    second = Team(team.door, team.clock, f"{team.source}-2")
    await team.state(team.wrong(new_bsn()))
    await second.state(second.wrong(new_bsn()))
    both = team.header(sources=(team.source, second.source))

    unnamed = await team.door.http.get(f"{MAILBOX}/1/payload", headers=both)
    named = await team.door.http.get(f"{MAILBOX}/1/payload", params={"sender": second.source}, headers=both)

    assert (unnamed.status_code, named.status_code) == (422, 200)
    assert named.json()["source"] == second.source


async def test_a_payload_is_gone_after_ninety_days(team: Team) -> None:
    """The door closes on the hour, the sweep destroys it; the refusal itself stays."""
    await team.state(team.wrong(new_bsn()))
    world = team.door.world
    settings = world.settings()
    query = "select payload from refusal where sender = $1"
    pool = await open_pool(settings.database("indication"), "test", all_municipalities=True)

    async with pool:
        team.clock.now += timedelta(days=90, seconds=-1)
        assert (await team.ask(f"{MAILBOX}/1/payload")).status_code == 200
        team.clock.now += timedelta(seconds=1)
        assert (await team.ask(f"{MAILBOX}/1/payload")).status_code == 404
        assert (await fetch(world, query, team.source))[0]["payload"] is not None
        await expire(pool, load_keys(settings), team.clock.now)

    assert (await fetch(world, query, team.source))[0]["payload"] is None
    assert (await team.box())[0]["payload_until"] is None


async def test_what_is_accepted_later_settles_the_refusal(team: Team) -> None:
    """The same identification, put right; its sender sees when and by what, and nobody else's is touched."""
    wrong, other = team.wrong(new_bsn()), team.wrong(new_bsn())
    await team.state([wrong, other])
    team.clock.now += timedelta(days=2)

    (answer,) = await team.state(wrong | {"time": "2024-03-05T10:00:00Z"})

    assert answer["status"] == "accepted"
    settled, left = sorted(await team.box(), key=lambda row: row["number"])
    assert settled["state"] == "settled"
    assert settled["settled"] == {"at": team.clock.now.isoformat(), "as": "accepted", "by": wrong["id"]}
    assert left["state"] == "open"
    keys = await fetch(team.door.world, "select number from refusal_key where sender = $1", team.source)
    assert [row["number"] for row in keys] == [2]


async def test_what_is_refused_and_accepted_in_one_batch_is_settled(team: Team) -> None:
    """Whichever came first: the statement stands."""
    wrong = team.wrong(new_bsn())

    await team.state([wrong | {"time": "2024-03-05T10:00:00Z"}, wrong])

    (row,) = await team.box()
    assert (row["state"], row["settled"]["by"]) == ("settled", wrong["id"])


async def test_a_reused_identification_is_settled_by_its_sender_alone(team: Team) -> None:
    """What stands under it comes again and settles nothing; settled once stays as it was."""
    right = team.start(new_bsn())
    await team.state(right)
    await team.state(right | {"time": "2024-03-06T10:00:00Z"})
    await team.state(right)
    assert [row["code"] for row in await team.box(state="open")] == ["id-reused"]
    door = f"{MAILBOX}/1/handled"

    async def say(outcome: str, *roles: str) -> httpx.Response:
        return await team.door.http.post(door, json={"outcome": outcome}, headers=team.header(*roles))

    assert (await say("accepted")).status_code == 422
    assert (await say("corrected", "supervisor")).status_code == 403
    assert (await say("corrected", "sender:/0153/somebody-else")).status_code == 404
    first, second = await say("corrected"), await say("withdrawn")
    assert first.json()["settled"] == {"at": team.clock.now.isoformat(), "as": "corrected", "by": "someone"}
    assert second.json() == first.json()


def delivered(*products: str, bsn: str, name: str) -> bytes:
    """A JW305 of the provider."""
    return ijw.jw305(*products, bsn=bsn, identification=name)


async def test_a_message_of_the_chain_settles_what_was_refused_under_its_name(world: World) -> None:
    """Whole or one product of it; an exact repeat of a message with a refused product settles nothing."""
    bsn, name = new_bsn(), new_name()
    first, second = ijw.started_product(new_number()), ijw.started_product(new_number(), status="2")
    async with open_door(world) as door:

        async def codes(body: bytes) -> list[str]:
            return [answer.get("code", answer["status"]) for answer in (await door.xml(body))[1]]

        async def states() -> dict[str, list[str]]:
            answer = await door.http.get(
                MAILBOX, params={"sender": PROVIDER, "limit": 200}, headers=world.header(CHAIN)
            )
            found: dict[str, list[str]] = {}
            for row in answer.json()["refusals"]:
                if name in (row["identification"] or ""):
                    found.setdefault(row["identification"], []).append(row["state"])
            return found

        broken = delivered(first, bsn="123456789", name=name)
        whole = f"JW305-{name}-{ijw.DATED}"
        assert await codes(broken) == ["bsn-invalid"]
        assert await states() == {whole: ["open"]}
        assert await codes(delivered(first, bsn=bsn, name=name)) == ["accepted"]
        assert await states() == {whole: ["settled"]}
        half = delivered(first, second, bsn=bsn, name=name)
        refused = await codes(half)
        assert refused[0] == "accepted"
        await codes(half)
        assert (await states())[f"{whole}-2"] == ["open", "open"]
        mended = ijw.started_product(new_number())
        assert await codes(delivered(first, mended, bsn=bsn, name=name)) == ["accepted", "accepted"]
        assert (await states())[f"{whole}-2"] == ["settled", "settled"]


async def test_ageing_and_repair_are_counted_per_sender_and_shown_per_kind(team: Team) -> None:
    """By age class; the rate is of those that had their thirty days, and no metric names a sender."""
    started = team.clock.now
    mended, late, never = (team.wrong(new_bsn()) for _ in range(3))
    team.clock.now = started - timedelta(days=60)
    await team.state([mended, late, never])
    team.clock.now = started - timedelta(days=30)
    await team.state(mended | {"time": "2024-03-05T10:00:00Z"})
    team.clock.now += timedelta(seconds=1)
    await team.state(late | {"time": "2024-03-05T10:00:00Z"})
    team.clock.now = started
    await team.state(team.wrong(new_bsn()))

    own = (await team.ask(f"{MAILBOX}/senders")).json()["senders"]
    seen = (await team.ask(f"{MAILBOX}/senders", "supervisor")).json()["senders"]

    assert own == [
        {
            "sender": team.source,
            "open": {"1": 1, "90": 1},
            "oldest_open": (started - timedelta(days=60)).isoformat(),
            "matured": 3,
            "settled_within_30_days": 1,
        }
    ]
    assert own[0] in seen
    pool = await open_pool(team.door.world.settings().database("indication"), "test", all_municipalities=True)
    async with pool:
        rows = await ageing_of_all(pool, team.clock.now)
    show(rows, team.clock.now)
    page = metrics.rendered().decode()
    assert team.source not in page
    assert f'youthcare_refusals_matured{{sender_kind="team"}} {sum(row.matured for row in rows):.1f}' in page
