"""Webhooks and the heartbeat on a real Postgres and broker, with receivers that are down, slow, wrong or killed."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas.heartbeat import CARE_ALERT, AlertHeartbeat
from services.alerts import outbox
from services.alerts.api.webhooks import add_webhooks
from services.alerts.outbox.heartbeat import beat
from services.alerts.outbox.webhooks import Courier
from services.alerts.store.delivering import count_dead, list_webhooks, replay_webhook
from services.alerts.store.tables import TABLES
from services.alerts.webhooks import signature
from tests.apis import api_environment
from tests.conftest import REPOSITORY
from tests.deliveries import (
    Delivered,
    Receiver,
    delivery,
    free_port,
    no_problems,
    receiver,
    shown,
    tell,
    until,
    utc_now,
)
from tests.stack import new_municipality
from tests.tokens import Issuer
from youthcare.runtime import metrics
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, apply_schema, open_pool
from youthcare.runtime.producing import Publisher
from youthcare.runtime.sealing import Keys, make_keys, read_keys
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import DeliverySettings, Settings
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import CARE_ALERTS, PARTITION_COUNT
from youthcare.runtime.web import create_app

TEAM = "team:noord"


@pytest.fixture
def settings(stack: Stack, municipality: str, tmp_path: Path) -> Settings:
    make_keys(tmp_path / "keys.json", municipality)
    own = {"WEBHOOK_KEYS_FILE": str(tmp_path / "keys.json"), "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8"}
    return Settings.from_env(api_environment(stack, tmp_path, "alerts") | own)


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return read_keys(Path(settings.webhook_keys_file or ""))


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    opened = await open_pool(settings.database("alerts"), "test", all_municipalities=True)
    await apply_schema(opened, TABLES)
    # Whoever delivers, delivers to all: what another test left would be delivered here.
    await opened.execute("delete from webhook")
    yield opened
    await opened.close()


@pytest.fixture
async def supervisor(settings: Settings, municipality: str) -> AsyncIterator[httpx.AsyncClient]:
    """A supervisor at the door."""
    pools = [await open_pool(settings.database("alerts"), "test-api")]
    app = create_app("test", gate=token_gate(settings.token()), http=settings.http(), problems=no_problems)
    add_webhooks(app, pools, settings, utc_now)
    header = Issuer().header("supervisor", municipality=municipality)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://door.test", headers=header
    ) as client:
        yield client
    await pools[0].close()


async def entered(supervisor: httpx.AsyncClient, url: str, receiver: str = TEAM, **more: Any) -> dict[str, Any]:
    """A webhook as its supervisor enters it."""
    answer = await supervisor.post("/v1/webhooks", json={"receiver": receiver, "url": url} | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def webhook(pool: Pool, municipality: str, number: int) -> dict[str, Any]:
    """How a webhook stands."""
    async with pool.acquire() as connection:
        rows = await list_webhooks(connection, municipality)
    return next(dict(row) for row in rows if row["number"] == number)


def took(one: Receiver, count: int) -> Callable[[], Awaitable[bool]]:
    """Whether a receiver took so many."""

    async def holds() -> bool:
        return len(one.taken) >= count

    return holds


def courier(pool: Pool, keys: Keys, settings: DeliverySettings | None = None) -> Courier:
    """A worker's courier."""
    return Courier(pool=pool, clock=utc_now, settings=settings or delivery(), keys=keys)


async def test_a_receiver_that_was_down_for_300_pauses_gets_everything_once_and_in_order(
    pool: Pool, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """Nobody listens at its port for three hundred attempts; then it hears all that was told meanwhile."""
    down = Receiver(free_port())
    made = await entered(supervisor, down.url)
    at_work = courier(pool, keys)
    await tell(pool, municipality, TEAM, 20)

    async def failed_often() -> bool:
        return bool((await webhook(pool, municipality, made["number"]))["failures"] >= 300)

    await until(failed_often, at_work.begin_due)
    await tell(pool, municipality, TEAM, 20)
    async with down.listening():
        await until(took(down, 40), at_work.begin_due)
        await at_work.finish()
        await at_work.begin_due()
        await at_work.finish()

    stands = await webhook(pool, municipality, made["number"])
    assert down.numbers == list(range(1, 41))
    assert (stands["next_number"], stands["failures"], stands["last_failure"]) == (41, 0, None)


async def test_a_receiver_that_answers_500_and_hangs_gets_everything_once_and_in_order(
    pool: Pool, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """Two of three attempts fail, by a status or by silence; what was taken is not sent again."""
    attempts = 0

    async def behave(_delivered: Delivered) -> int:
        nonlocal attempts
        attempts += 1
        if attempts % 3 == 0:
            await asyncio.sleep(0.3)
            return 503
        return 500 if attempts % 3 == 1 else 200

    async with receiver(behave) as wrong:
        await entered(supervisor, wrong.url)
        await tell(pool, municipality, TEAM, 12)
        at_work = courier(pool, keys, delivery(timeout_seconds=0.15))
        await until(took(wrong, 12), at_work.begin_due)
        await at_work.finish()

    assert wrong.numbers == list(range(1, 13))
    assert wrong.refused > 12


async def test_what_a_receiver_gets_is_signed_and_is_the_record_on_the_topic(
    pool: Pool, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """With the secret that was shown once; the table holds it sealed."""
    async with receiver() as one:
        made = await entered(supervisor, one.url)
        await tell(pool, municipality, TEAM, 1)
        at_work = courier(pool, keys)
        await until(took(one, 1), at_work.begin_due)
        await at_work.finish()

    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    headers, body = one.taken[0].headers, one.taken[0].body
    signed = signature(key, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    row = await pool.fetchrow("select * from webhook where municipality = $1", municipality)
    assert row is not None
    assert headers["webhook-signature"] == signed
    assert headers["webhook-id"] == headers["idempotency-key"] == f"{municipality}/{TEAM}/1"
    assert body == await pool.fetchval("select body from alert_event where municipality = $1", municipality)
    assert key not in row["secret"]
    assert made["secret"] not in str(dict(row))


async def test_a_receiver_that_hangs_delays_no_other_and_holds_no_connection(
    pool: Pool, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """Twenty that never answer; the one beside them has everything at once, and the pool is free for folding."""
    never = asyncio.Event()

    async def hang(_delivered: Delivered) -> int:
        await never.wait()
        return 200

    async with receiver(hang) as slow, receiver() as quick:
        for number in range(20):
            await entered(supervisor, f"{slow.url}/{number}")
        await entered(supervisor, quick.url)
        await tell(pool, municipality, TEAM, 50)
        at_work = courier(pool, keys)
        began = asyncio.get_running_loop().time()
        await until(took(quick, 50), at_work.begin_due)
        taken = asyncio.get_running_loop().time() - began
        idle = pool.get_idle_size() + (pool.get_max_size() - pool.get_size())
        at_work.drop()
        never.set()

    assert quick.numbers == list(range(1, 51))
    assert taken < 4, "less than one time-out of the others"
    assert idle >= pool.get_max_size() - 2


async def test_a_receiver_that_fails_too_often_is_dead_until_a_supervisor_replays_it(
    pool: Pool, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """Dead: told in the list and by the gauge, nothing is tried; replayed from a number it gets all from there."""
    status = 500

    async def behave(_delivered: Delivered) -> int:
        return status

    async with receiver(behave) as wrong:
        made = await entered(supervisor, wrong.url)
        await tell(pool, municipality, TEAM, 3)
        at_work = courier(pool, keys, delivery(attempts_max=5))

        async def is_dead() -> bool:
            async with pool.acquire() as connection:
                return await count_dead(connection) == 1

        await until(is_dead, at_work.begin_due)
        status = 200
        for _ in range(5):
            assert await at_work.begin_due() == 0
        listed = (await supervisor.get("/v1/webhooks")).json()["webhooks"]
        assert (wrong.refused, wrong.numbers) == (5, [])
        assert [(row["state"], row["last_failure"], row["failures"]) for row in listed] == [("dead", "status 500", 5)]
        assert "secret" not in listed[0]
        assert shown(metrics.WEBHOOKS_DEAD) == 1

        answer = await supervisor.post(f"/v1/webhooks/{made['number']}/replay", params={"from": 2})
        await until(took(wrong, 2), at_work.begin_due)
        await at_work.finish()

    assert answer.json() == {"number": made["number"], "next_number": 2}
    assert wrong.numbers == [2, 3]


async def test_two_workers_never_deliver_the_same_at_the_same_time(
    pool: Pool, settings: Settings, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """They take turns by lease: one request at a time, each number once, in order."""

    async def behave(_delivered: Delivered) -> int:
        await asyncio.sleep(0.003)
        return 200

    second = await open_pool(settings.database("alerts"), "test-second", all_municipalities=True)
    async with receiver(behave) as one:
        await entered(supervisor, one.url)
        workers = [courier(pool, keys), courier(second, keys)]

        async def both() -> None:
            await asyncio.gather(*(each.begin_due() for each in workers))

        for _ in range(10):
            await tell(pool, municipality, TEAM, 10)
            await both()
        await until(took(one, 100), both)
        await asyncio.gather(*(each.finish() for each in workers))
    await second.close()

    assert one.numbers == list(range(1, 101))
    assert one.at_once_max == 1


async def test_a_worker_that_is_killed_between_sending_and_marking_sends_again_under_the_same_id(
    pool: Pool, settings: Settings, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """At least once: the receiver took it, the table does not know, and the identity tells that it is the same."""
    killed: list[asyncio.subprocess.Process] = []

    async def behave(delivered: Delivered) -> int:
        if delivered.number == 3 and killed and killed[0].returncode is None:
            killed[0].kill()
            await killed[0].wait()
        return 200

    async with receiver(behave) as one:
        await entered(supervisor, one.url)
        await tell(pool, municipality, TEAM, 5)
        killed.append(await started_worker(settings, timeout_seconds=0.5))
        assert await asyncio.wait_for(killed[0].wait(), 30) == -9
        at_work = courier(pool, keys)
        await until(took(one, 6), at_work.begin_due)
        await at_work.finish()

    ids = [each.headers["webhook-id"] for each in one.taken]
    assert one.numbers == [1, 2, 3, 3, 4, 5]
    assert ids[2] == ids[3]
    assert list(dict.fromkeys(ids)) == [f"{municipality}/{TEAM}/{number}" for number in range(1, 6)]


WORKER = """
import asyncio, os
from datetime import UTC, datetime
from pathlib import Path
from services.alerts.outbox.webhooks import webhooks_always
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.sealing import read_keys
from youthcare.runtime.settings import Settings

async def main():
    settings = Settings.from_env(os.environ)
    pool = await open_pool(settings.database("alerts"), "test-killed", all_municipalities=True)
    delivery = settings.delivery()
    await webhooks_always(pool, None, lambda: datetime.now(UTC), 10, delivery, read_keys(Path(delivery.keys_file)))

asyncio.run(main())
"""


async def started_worker(settings: Settings, timeout_seconds: float) -> asyncio.subprocess.Process:
    """A process that does nothing but deliver to webhooks."""
    environment = {
        "ALERTS_DSN": settings.alerts_dsn or "",
        "WEBHOOK_KEYS_FILE": settings.webhook_keys_file or "",
        "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
        "DELIVERY_TIMEOUT_SECONDS": str(timeout_seconds),
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, cwd=REPOSITORY, env={**os.environ, **environment}
    )


async def test_telling_the_topic_again_and_a_late_webhook_send_nothing(
    pool: Pool, settings: Settings, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """A webhook has its own place in the outbox: a rebuild moves it not, and a new one begins with what comes."""
    await tell(pool, municipality, TEAM, 3)
    async with receiver() as old, receiver() as new:
        await entered(supervisor, old.url, first=1)
        await entered(supervisor, new.url)
        at_work = courier(pool, keys)
        await until(took(old, 3), at_work.begin_due)
        await at_work.finish()

        await outbox.publish_again(pool, utc_now())
        begun = await at_work.begin_due()
        await tell(pool, municipality, TEAM, 1)
        await until(took(new, 1), at_work.begin_due)
        await until(took(old, 4), at_work.begin_due)
        await at_work.finish()

    assert begun == 0
    assert old.numbers == [1, 2, 3, 4]
    assert new.numbers == [4]


async def test_what_was_told_of_a_forgotten_youth_is_left_out(
    pool: Pool, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """Its number is missing, and those after it come."""
    async with receiver() as one:
        await entered(supervisor, one.url)
        await tell(pool, municipality, TEAM, 4)
        await pool.execute("delete from alert_event where municipality = $1 and number in (1, 3)", municipality)
        at_work = courier(pool, keys)
        await until(took(one, 2), at_work.begin_due)
        await at_work.finish()

    assert one.numbers == [2, 4]


async def test_a_webhook_to_a_machine_of_the_house_is_not_called(
    pool: Pool, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """Unless its network is opened; the failure is a word and no more."""
    async with receiver() as house:
        made = await entered(supervisor, house.url)
        await tell(pool, municipality, TEAM, 1)
        at_work = courier(pool, keys, delivery(private_networks=(), first_pause_seconds=60, longest_pause_seconds=60))
        await at_work.begin_due()
        await at_work.finish()

    assert house.numbers == []
    assert (await webhook(pool, municipality, made["number"]))["last_failure"] == "address refused"


async def test_a_redirect_is_not_followed(
    pool: Pool, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """It would lead to an address that nobody checked."""

    async def behave(_delivered: Delivered) -> int:
        return 307

    async with receiver(behave) as one:
        made = await entered(supervisor, one.url)
        await tell(pool, municipality, TEAM, 1)
        at_work = courier(pool, keys, delivery(first_pause_seconds=60, longest_pause_seconds=60))
        await at_work.begin_due()
        await at_work.finish()

    assert one.refused == 1
    assert (await webhook(pool, municipality, made["number"]))["last_failure"] == "status 307"


async def test_a_replay_while_a_delivery_is_under_way_loses_nothing(
    pool: Pool, municipality: str, supervisor: httpx.AsyncClient, keys: Keys
) -> None:
    """What was under way ends, is not marked, and the next begins at the number asked."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def behave(delivered: Delivered) -> int:
        if delivered.number == 3:
            reached.set()
            await go_on.wait()
        return 200

    async with receiver(behave) as one:
        made = await entered(supervisor, one.url)
        await tell(pool, municipality, TEAM, 3)
        at_work = courier(pool, keys, delivery(timeout_seconds=0.5))
        await at_work.begin_due()
        await reached.wait()
        async with pool.acquire() as connection:
            await replay_webhook(connection, municipality, made["number"], 1)
        begun = await at_work.begin_due()
        go_on.set()
        await until(took(one, 6), at_work.begin_due)
        await at_work.finish()

    assert begun == 0, "not two at once"
    assert one.numbers == [1, 2, 3, 1, 2, 3]


async def test_only_a_supervisor_of_the_municipality_has_to_do_with_its_webhooks(
    municipality: str, supervisor: httpx.AsyncClient, pool: Pool
) -> None:
    """A team has not, and for another municipality they do not exist."""
    made = await entered(supervisor, "https://example.nl/hook")
    of_team = Issuer().header(TEAM, municipality=municipality)
    elsewhere = Issuer().header("supervisor", municipality=new_municipality())

    asked = {
        "get": [await supervisor.get("/v1/webhooks", headers=each) for each in (of_team, elsewhere)],
        "delete": [
            await supervisor.delete(f"/v1/webhooks/{made['number']}", headers=each) for each in (of_team, elsewhere)
        ],
        "replay": [
            await supervisor.post(f"/v1/webhooks/{made['number']}/replay?from=1", headers=each)
            for each in (of_team, elsewhere)
        ],
    }
    first, second = [await supervisor.delete(f"/v1/webhooks/{made['number']}") for _ in range(2)]

    assert {name: [each.status_code for each in found] for name, found in asked.items()} == {
        "get": [403, 200],
        "delete": [403, 404],
        "replay": [403, 404],
    }
    assert asked["get"][1].json() == {"webhooks": []}
    assert (first.status_code, second.status_code) == (204, 404)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"receiver": TEAM, "url": "http://example.nl/"}, 422),
        ({"receiver": "sender:x", "url": "https://example.nl/"}, 422),
        ({"receiver": "team:/x", "url": "https://example.nl/"}, 422),
        ({"receiver": TEAM, "url": "https://example.nl/", "first": 0}, 422),
        ({"receiver": TEAM, "url": "https://example.nl/", "first": 2}, 422),
        ({"receiver": TEAM, "url": "https://example.nl/", "secret": "mine"}, 422),
        ({"receiver": TEAM, "url": "https://example.nl/", "first": 1}, 201),
    ],
)
async def test_what_is_entered_wrong_is_refused(
    supervisor: httpx.AsyncClient, pool: Pool, asked: dict[str, Any], status: int
) -> None:
    """At the door, before anything is sent anywhere."""
    assert (await supervisor.post("/v1/webhooks", json=asked)).status_code == status


async def test_the_same_webhook_twice_and_one_without_keys_are_refused(
    supervisor: httpx.AsyncClient, pool: Pool
) -> None:
    """Everything would come twice; and without keys there is nothing to seal the secret with."""
    asked = {"receiver": TEAM, "url": "https://example.nl/"}
    await supervisor.post("/v1/webhooks", json=asked)
    keyless = Issuer().header("supervisor", municipality=new_municipality())

    answers = [
        await supervisor.post("/v1/webhooks", json=asked),
        await supervisor.post("/v1/webhooks", json=asked, headers=keyless),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "WEBHOOK_KEYS_FILE" in answers[1].json()["detail"]


def heartbeats(stack: Stack, municipality: str) -> list[tuple[str, AlertHeartbeat]]:
    """The heartbeats of a municipality on the topic, in the order of their partition."""
    consumer = Consumer(
        {"bootstrap.servers": stack.bootstrap_servers, "group.id": "heartbeats", "enable.partition.eof": "true"}
    )
    consumer.assign([TopicPartition(CARE_ALERTS.name, partition, 0) for partition in range(PARTITION_COUNT)])
    found, ended = [], 0
    while ended < PARTITION_COUNT:
        message = consumer.poll(10)
        assert message is not None, "the broker did not give what it holds"
        key = (message.key() or b"").decode()
        if message.error() is not None:
            ended += 1
        elif key.startswith(f"{municipality}/") and key.endswith("/heartbeat"):
            record = CARE_ALERT.validate_python(json.loads(message.value() or b""))
            assert isinstance(record, AlertHeartbeat)
            found.append((key, record))
    consumer.close()
    return found


async def test_each_receiver_is_told_its_last_number_once_a_period(
    pool: Pool, settings: Settings, stack: Stack, municipality: str
) -> None:
    """By whichever worker; what is not published yet is not counted, so it is no gap."""
    create_topics(settings.broker())
    publisher = Publisher(settings.broker())
    start = datetime(2024, 10, 15, 12, tzinfo=UTC)
    await tell(pool, municipality, TEAM, 3)
    await tell(pool, municipality, "supervisor", 2)
    await pool.execute(
        "update alert_event set published = $3 where municipality = $1 and (receiver = $2 or number = 1)",
        municipality, TEAM, start,
    )  # fmt: skip

    at_once = await asyncio.gather(*(beat(pool, publisher, start, 60) for _ in range(3)))
    too_early = await beat(pool, publisher, start + timedelta(seconds=59), 60)
    await pool.execute("update alert_event set published = $2 where municipality = $1", municipality, start)
    later = await beat(pool, publisher, start + timedelta(seconds=60), 60)

    told = await asyncio.to_thread(heartbeats, stack, municipality)
    by_key: dict[str, list[int]] = {}
    for key, record in told:
        by_key.setdefault(key, []).append(record.last_number)
        assert key == f"{municipality}/{record.receiver}/heartbeat"
    assert sorted(at_once)[:2] == [0, 0]
    assert (too_early, later >= 2) == (0, True)
    assert by_key == {f"{municipality}/{TEAM}/heartbeat": [3, 3], f"{municipality}/supervisor/heartbeat": [1, 2]}
