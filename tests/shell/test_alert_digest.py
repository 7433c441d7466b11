"""The mail of the morning on a real Postgres and a real mail server that is down, slow, wrong, or sees a kill."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any

import httpx
import pytest

from services.alerts import outbox
from services.alerts.api.digests import add_digests
from services.alerts.outbox.mail import make_due, send_due
from services.alerts.store.digesting import enter_address
from services.alerts.store.tables import TABLES
from tests.conftest import REPOSITORY
from tests.deliveries import Mailbox, delivery, free_port, mail, no_problems, shown, tell, until, utc_now, words_of
from tests.stack import new_municipality
from tests.tokens import Issuer
from youthcare.runtime import metrics
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, apply_schema, open_pool
from youthcare.runtime.security import KeySet, TokenGate
from youthcare.runtime.settings import HttpSettings, Settings
from youthcare.runtime.web import create_app

TEAM = "noord"
ADDRESS = "team.noord@example.nl"
# Half past seven in Amsterdam in winter; the mail of this day counts what was told since the one before.
MORNING = datetime(2024, 1, 15, 6, 30, tzinfo=UTC)


@pytest.fixture
async def pool(stack: Stack) -> AsyncIterator[Pool]:
    settings = Settings.from_env({"ALERTS_DSN": stack.dsn("alerts")})
    opened = await open_pool(settings.database("alerts"), "test", all_municipalities=True)
    await apply_schema(opened, TABLES)
    # Whoever sends, sends all: what another test left would be sent here.
    for table in ("digest", "digest_address"):
        await opened.execute(f"delete from {table}")
    yield opened
    await opened.close()


async def address(pool: Pool, municipality: str, address: str = ADDRESS, team: str = TEAM) -> None:
    """An address as a supervisor entered it."""
    async with pool.acquire() as connection:
        await enter_address(
            connection, municipality=municipality, team=team, address=address, actor="someone", now=MORNING
        )


async def told(pool: Pool, municipality: str, count: int, now: datetime, team: str = TEAM) -> None:
    """Alerts that opened for a team."""
    await tell(pool, municipality, f"team:{team}", count, now=now)


def sending(pool: Pool, box: Mailbox, **changed: Any) -> Callable[[], Awaitable[object]]:
    """One attempt at a mail that is due."""

    async def step() -> bool:
        return await send_due(pool, utc_now(), mail(box.port), delivery(**changed))

    return step


def has(box: Mailbox, count: int) -> Callable[[], Awaitable[bool]]:
    """Whether a mail server took so many."""

    async def holds() -> bool:
        return len(box.taken) >= count

    return holds


async def days_of_mail(pool: Pool, municipality: str, port: int, days: int) -> None:
    """Mornings on each of which there was something new: one more alert each day."""
    for day in range(days):
        morning = MORNING + timedelta(days=day)
        await told(pool, municipality, day + 1, morning - timedelta(hours=1))
        await make_due(pool, morning, mail(port))


async def test_a_mail_server_that_was_down_for_300_pauses_gets_every_mail_once_and_in_order(
    pool: Pool, municipality: str
) -> None:
    """Nobody listens for three hundred attempts; then three mornings come, oldest first."""
    box = Mailbox(free_port())
    await address(pool, municipality)
    await days_of_mail(pool, municipality, box.port, 3)

    async def failed_often() -> bool:
        return bool(await pool.fetchval("select max(failures) from digest") >= 300)

    await until(failed_often, sending(pool, box))
    async with box.listening():
        await until(has(box, 3), sending(pool, box))
        more = [await sending(pool, box)() for _ in range(3)]

    assert more == [False] * 3
    assert words_of(box.taken) == [
        "Er is 1 nieuwe melding voor uw team.",
        "Er zijn 2 nieuwe meldingen voor uw team.",
        "Er zijn 3 nieuwe meldingen voor uw team.",
    ]
    assert await pool.fetchval("select count(*) from digest where state = 'done'") == 3


async def test_a_mail_server_that_refuses_and_hangs_gets_every_mail_once_and_in_order(
    pool: Pool, municipality: str
) -> None:
    """Two of three attempts fail, by a reply or by silence."""
    attempts = 0

    async def answer(_mail: Message) -> str:
        nonlocal attempts
        attempts += 1
        if attempts % 3 == 0:
            await asyncio.sleep(0.4)
            return "451 too late"
        return "554 not now" if attempts % 3 == 1 else "250 taken"

    box = Mailbox(free_port(), answer)
    await address(pool, municipality)
    await days_of_mail(pool, municipality, box.port, 4)
    async with box.listening():
        # Pauses long enough for the mail of a later day to pass, if it could.
        slowly = {"timeout_seconds": 0.2, "first_pause_seconds": 0.05, "longest_pause_seconds": 0.1}
        await until(has(box, 4), sending(pool, box, **slowly))

    assert [line.split()[2] for line in words_of(box.taken)] == ["1", "2", "3", "4"]
    assert box.refused >= 4


async def test_a_team_has_one_mail_a_day_to_each_address_and_none_when_nothing_is_new(
    pool: Pool, municipality: str
) -> None:
    """However often it is asked and by however many workers; before its time there is none."""
    box = Mailbox(free_port())
    settings = mail(box.port, digest_at="07:30")
    for each in (ADDRESS, "achterwacht@example.nl"):
        await address(pool, municipality, each)
    await address(pool, municipality, "west@example.nl", team="west")
    await told(pool, municipality, 2, MORNING - timedelta(hours=3))

    early = await make_due(pool, MORNING - timedelta(seconds=1), settings)
    await asyncio.gather(*(make_due(pool, MORNING, settings) for _ in range(4)))
    await told(pool, municipality, 1, MORNING + timedelta(hours=1))
    again = await make_due(pool, MORNING + timedelta(hours=3), settings)
    async with box.listening():
        await asyncio.gather(*(until(has(box, 2), sending(pool, box)) for _ in range(3)))
    await make_due(pool, MORNING + timedelta(days=1), settings)
    nothing_new = await make_due(pool, MORNING + timedelta(days=2), settings)

    assert (early, again, nothing_new) == (0, 0, 0)
    assert sorted(str(each["To"]) for each in box.taken) == ["achterwacht@example.nl", ADDRESS]
    assert set(words_of(box.taken)) == {"Er zijn 2 nieuwe meldingen voor uw team."}
    rows = await pool.fetch("select day, alerts from digest where address = $1 order by day", ADDRESS)
    assert [(row["day"].day, row["alerts"]) for row in rows] == [(15, 2), (16, 1)]


async def test_what_is_no_longer_open_is_not_counted(pool: Pool, municipality: str) -> None:
    """A mail about what was withdrawn in the night would send people to an empty page."""
    await address(pool, municipality)
    await told(pool, municipality, 2, MORNING - timedelta(hours=2))
    await pool.execute("update alert set state = 'withdrawn' where municipality = $1", municipality)

    assert await make_due(pool, MORNING, mail(1)) == 0


async def test_a_mail_holds_nothing_of_any_person(pool: Pool, municipality: str) -> None:
    """The whole mail as it stood on the wire: no youth, no team, no rule (domain.md §8)."""
    box = Mailbox(free_port())
    await address(pool, municipality)
    await days_of_mail(pool, municipality, box.port, 1)
    async with box.listening():
        await until(has(box, 1), sending(pool, box))

    text = box.taken[0].as_string()
    told_of = await pool.fetchrow("select youth, anchor, rule from alert where municipality = $1", municipality)
    assert told_of is not None
    assert [value for value in told_of if value in text] == []
    assert "team:noord" not in text
    assert "https://meldingen.example.nl/" in text


async def test_a_mail_that_is_refused_too_often_is_given_up_and_the_next_day_goes_on(
    pool: Pool, municipality: str
) -> None:
    """Dead: shown by the gauge and in the list; it does not hold up the mail of another day."""

    async def answer(made: Message) -> str:
        return "554 no" if "1 nieuwe melding" in str(made.get_payload()) else "250 taken"

    box = Mailbox(free_port(), answer)
    await address(pool, municipality)
    await days_of_mail(pool, municipality, box.port, 2)
    async with box.listening():
        await until(has(box, 1), sending(pool, box, attempts_max=3))
    await make_due(pool, MORNING + timedelta(days=1), mail(box.port))

    rows = await pool.fetch("select state, failures, last_failure from digest order by day")
    assert [tuple(row) for row in rows] == [("dead", 3, "reply 554"), ("done", 0, None)]
    assert shown(metrics.DIGESTS_DEAD) == 1


async def test_telling_the_topic_again_mails_nothing(pool: Pool, municipality: str) -> None:
    """The mail has a row of its own, and the alerts have been counted."""
    box = Mailbox(free_port())
    await address(pool, municipality)
    await days_of_mail(pool, municipality, box.port, 1)
    async with box.listening():
        await until(has(box, 1), sending(pool, box))
        await outbox.publish_again(pool, utc_now())
        made = await make_due(pool, MORNING + timedelta(days=1), mail(box.port))
        sent = await sending(pool, box)()

    assert (made, sent, len(box.taken)) == (0, False, 1)


WORKER = """
import asyncio, os
from datetime import UTC, datetime
from services.alerts.outbox.mail import digests_always
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.settings import Settings

async def main():
    settings = Settings.from_env(os.environ)
    pool = await open_pool(settings.database("alerts"), "test-killed", all_municipalities=True)
    await digests_always(pool, None, lambda: datetime.now(UTC), 10, settings.mail(), settings.delivery())

asyncio.run(main())
"""


async def test_a_worker_that_is_killed_between_sending_and_marking_sends_again_under_the_same_id(
    pool: Pool, stack: Stack, municipality: str
) -> None:
    """At least once: the server took it, the table does not know, and `Message-ID` tells that it is the same."""
    killed: list[asyncio.subprocess.Process] = []

    async def answer(_mail: Message) -> str:
        if len(box.taken) == 0:
            killed[0].kill()
        return "250 taken"

    box = Mailbox(free_port(), answer)
    environment = {
        "ALERTS_DSN": stack.dsn("alerts"),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(box.port),
        "SMTP_SECURITY": "plaintext",
        "MAIL_SENDER": "meldingen@example.nl",
        "INBOX_URL": "https://meldingen.example.nl/",
        "DELIVERY_TIMEOUT_SECONDS": "0.5",
    }
    await address(pool, municipality)
    await days_of_mail(pool, municipality, box.port, 1)
    async with box.listening():
        killed.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", WORKER, cwd=REPOSITORY, env={**os.environ, **environment}
            )
        )
        assert await asyncio.wait_for(killed[0].wait(), 30) == -9
        await until(has(box, 2), sending(pool, box))

    first, second = box.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert await pool.fetchval("select state from digest") == "done"


@pytest.fixture
async def supervisor(pool: Pool, stack: Stack, municipality: str, tmp_path: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A supervisor at the door."""
    issuer = Issuer()
    pools = [
        await open_pool(Settings.from_env({"ALERTS_DSN": stack.dsn("alerts")}).database("alerts"), "test-api"),
    ]
    gate = TokenGate(settings=issuer.settings(tmp_path), keys=KeySet(issuer.jwks))
    http = HttpSettings(host="127.0.0.1", port=0, open_documentation=False, body_bytes_max=1000)
    app = create_app("test", gate=gate, http=http, problems=no_problems)
    add_digests(app, pools, utc_now)
    header = issuer.header("supervisor", municipality=municipality)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://door.test", headers=header
    ) as client:
        yield client
    await pools[0].close()


async def test_a_supervisor_enters_lists_and_removes_addresses(supervisor: httpx.AsyncClient) -> None:
    """Of the own municipality alone; a removed address leaves nothing behind."""
    asked = {"team": TEAM, "address": ADDRESS}
    elsewhere = Issuer().header("supervisor", municipality=new_municipality())
    of_team = Issuer().header("team:noord")

    entered = [await supervisor.post("/v1/digest-addresses", json=asked) for _ in range(2)]
    listed = (await supervisor.get("/v1/digest-addresses")).json()["addresses"]
    abroad = await supervisor.get("/v1/digest-addresses", headers=elsewhere)
    refused = await supervisor.get("/v1/digest-addresses", headers=of_team)
    removed = [await supervisor.delete("/v1/digest-addresses", params=asked) for _ in range(2)]

    assert [each.status_code for each in entered] == [201, 409]
    assert [(row["team"], row["address"], row["last_state"]) for row in listed] == [(TEAM, ADDRESS, None)]
    assert (abroad.json(), refused.status_code) == ({"addresses": []}, 403)
    assert [each.status_code for each in removed] == [204, 404]


@pytest.mark.parametrize(
    "address",
    [
        "nobody",
        "a@b",
        "a b@example.nl",
        "a@example.nl\nBcc: x@example.nl",
        "a@-example.nl",
        ".a@example.nl",
        "a@exämple.nl",
    ],
)
async def test_what_is_no_address_is_refused(supervisor: httpx.AsyncClient, address: str) -> None:
    """It becomes the header of a mail."""
    answer = await supervisor.post("/v1/digest-addresses", json={"team": TEAM, "address": address})

    assert answer.status_code == 422
