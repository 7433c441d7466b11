"""The log of looks: no look without a line, nobody who changes one, and a chain that tells what was done to it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from structlog.testing import capture_logs

from services.trajectory.api import api
from services.trajectory.app import TrajectoryProcessor, shipped_rules
from tests import builders
from tests.apis import api_environment
from tests.commands import invoked
from tests.looks import as_superuser, keys_of, lines_of, youths_in
from tests.shell.test_trajectory_api import fold
from tests.tokens import Issuer
from youthcare.cli_access_log import app, night
from youthcare.looks.chain import Fault, faults
from youthcare.looks.line import Line, hash_of
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.nightly import each_night
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.settings import Settings

YOUTH = builders.YOUTH
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    return Settings.from_env(api_environment(stack, tmp_path, "trajectory"))


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    opened = await open_pool(settings.database("trajectory"), "test", all_municipalities=True)
    await TrajectoryProcessor(shipped_rules()).prepare(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def client(settings: Settings, pool: Pool, municipality: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the trajectory API, which knows one youth of team noord."""
    await fold(pool, builders.registered(team="noord", municipality=municipality, youth=YOUTH))
    door = api(settings)
    async with door.router.lifespan_context(door):
        transport = httpx.ASGITransport(app=door, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
            yield opened


async def look(client: httpx.AsyncClient, municipality: str, *roles: str, **headers: str) -> int:
    """Somebody looks at the youth; the status of the answer."""
    header = Issuer().header(*roles, municipality=municipality) | headers
    return (await client.get(f"/v1/youths/{YOUTH}/trajectory", headers=header)).status_code


async def test_a_look_leaves_a_line_in_the_shape_of_the_standard(
    client: httpx.AsyncClient, stack: Stack, municipality: str, tmp_path: Path
) -> None:
    """Who, what, when, under which activity and for what; the youth sealed; the caller's trace beside our own."""
    status = await look(client, municipality, "team:noord", traceparent=f"00-{TRACE}-{SPAN}-01")

    assert status == 200
    (line,) = await lines_of(stack, municipality)
    assert (line.number, line.name, line.status_code, line.resource) == (1, "trajectory.view", 1, "trajectory")
    assert (line.actor, line.actor_roles) == ("someone", "team:noord")
    assert line.processing_activity_id == "urn:trajectwacht:verwerking:zorgtraject"
    assert "zorgtraject" in line.purpose
    assert youths_in([line], keys_of(tmp_path, municipality)) == [("trajectory.view", YOUTH)]
    assert YOUTH.encode() not in (line.data_subject_id or b"")
    assert (line.foreign_trace_id, line.foreign_span_id) == (bytes.fromhex(TRACE), bytes.fromhex(SPAN))
    assert line.trace_id != line.foreign_trace_id
    assert line.start_time <= line.end_time <= line.recorded
    assert hash_of(line) == line.hash


async def test_what_is_not_shown_is_no_look(client: httpx.AsyncClient, stack: Stack, municipality: str) -> None:
    """Another team is told that there is nobody, and nobody was looked at."""
    assert await look(client, municipality, "team:zuid") == 404

    assert await lines_of(stack, municipality) == []


async def test_without_a_line_there_is_no_look(client: httpx.AsyncClient, stack: Stack, municipality: str) -> None:
    """Somebody holds the chain: after three seconds the answer is 503 and shows nothing; then all goes on."""
    holding = await asyncpg.connect(stack.dsn("admin"))
    try:
        async with holding.transaction():
            lock = "select pg_advisory_xact_lock(hashtextextended('access_log/' || $1, 0))"
            await holding.execute(lock, municipality)
            header = Issuer().header("team:noord", municipality=municipality)
            answer = await client.get(f"/v1/youths/{YOUTH}/trajectory", headers=header)
    finally:
        await holding.close()

    assert answer.status_code == 503
    assert "trajectories" not in answer.text
    assert await lines_of(stack, municipality) == []
    assert await look(client, municipality, "team:noord") == 200


async def test_without_keys_there_is_no_look(client: httpx.AsyncClient, pool: Pool) -> None:
    """A municipality whose youths cannot be sealed is not served."""
    await fold(pool, builders.registered(team="noord", municipality="9999", youth=YOUTH))

    assert await look(client, "9999", "team:noord") == 503


async def test_looks_at_once_make_one_chain(client: httpx.AsyncClient, stack: Stack, municipality: str) -> None:
    """Thirty people at the same moment: each has a line, in one order, and none waits in vain."""
    statuses = await asyncio.gather(*(look(client, municipality, "team:noord") for _ in range(30)))

    lines = await lines_of(stack, municipality)
    assert set(statuses) == {200}
    assert [line.number for line in lines] == list(range(1, 31))
    assert faults(municipality, lines, {}) == []


@pytest.mark.parametrize("role", [*SERVICES, "auditor"])
async def test_nobody_changes_a_line(stack: Stack, role: str) -> None:
    """No service reads or writes the table, the auditor only reads it, and each is told so by the server."""
    connection = await asyncpg.connect(stack.dsn(role), server_settings={"app.municipality": "*"})
    try:
        for forbidden in (
            "update access_log.look set actor = 'nobody'",
            "delete from access_log.look",
            "truncate access_log.look",
            "insert into access_log.look (municipality) values ('0153')",
            "alter table access_log.look disable trigger all",
            "drop function access_log.refuse_change() cascade",
        ):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)):
                await connection.execute(forbidden)
        if role != "auditor":
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("select * from access_log.look")
    finally:
        await connection.close()


async def test_not_even_the_owner_changes_a_line(client: httpx.AsyncClient, stack: Stack, municipality: str) -> None:
    """The trigger refuses whoever has all rights, as long as it stands."""
    await look(client, municipality, "team:noord")
    connection = await asyncpg.connect(stack.dsn("admin"))
    try:
        for forbidden in ("update access_log.look set actor = 'nobody'", "delete from access_log.look"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
                await connection.execute(forbidden)
    finally:
        await connection.close()


async def test_a_session_writes_for_its_own_municipality_alone(pool: Pool, municipality: str) -> None:
    """The wall between municipalities stands around the log too."""
    empty = "select access_log.append('0153', '', null, null, '', 1::smallint, now(), now(), '', '', '', '', '',"
    one = f"{empty} array['\\x0102030405060708'::bytea], array[null::bytea], array[null::bytea], array[null::bigint])"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select set_config('app.municipality', $1, true)", municipality)

        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(one.replace("''", "'\\x000102030405060708090a0b0c0d0e0f'", 1))


@pytest.mark.parametrize(
    ("deed", "fault", "number"),
    [
        ("update access_log.look set actor = 'nobody' where municipality = '{0}' and number = 2", Fault.ALTERED, 2),
        ("update access_log.look set recorded = recorded - interval '1 day' where municipality = '{0}' and number = 3",
         Fault.ALTERED, 3),
        ("delete from access_log.look where municipality = '{0}' and number = 2", Fault.REMOVED, 3),
        ("delete from access_log.look where municipality = '{0}' and number = 1", Fault.REMOVED, 2),
        ("delete from access_log.look where municipality = '{0}' and number = 4", Fault.CUT_OFF, 4),
    ],
)  # fmt: skip
async def test_what_a_superuser_does_to_a_line_is_found_with_its_place(
    client: httpx.AsyncClient, stack: Stack, municipality: str, deed: str, fault: Fault, number: int
) -> None:
    """Altered or removed, in the middle, at the start or at the end: the walk names the line."""
    for _look in range(4):
        await look(client, municipality, "team:noord")
    before = await lines_of(stack, municipality)
    assert faults(municipality, before, {4: before[-1].hash}) == []

    await as_superuser(stack, deed.format(municipality))

    found = faults(municipality, await lines_of(stack, municipality), {4: before[-1].hash})
    assert [(each.fault, each.number) for each in found][:1] == [(fault, number)]


async def test_the_command_writes_heads_and_tells_by_its_exit_code(
    client: httpx.AsyncClient, stack: Stack, municipality: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole: 0. A chain that a superuser made anew, hashes and all, fits in itself and not with the head: 1."""
    monkeypatch.setenv("AUDITOR_DSN", stack.dsn("auditor"))
    file, own = tmp_path / "heads.jsonl", ["--municipality", municipality]
    for _look in range(2):
        await look(client, municipality, "team:noord")

    wrote = await asyncio.to_thread(invoked, app, ["heads", "--file", str(file)])
    await look(client, municipality, "team:noord")
    whole = await asyncio.to_thread(invoked, app, ["check", "--heads", str(file), *own])
    await as_superuser(stack, *remade(await lines_of(stack, municipality)))
    by_itself = await asyncio.to_thread(invoked, app, ["check", *own])
    broken = await asyncio.to_thread(invoked, app, ["check", "--heads", str(file), *own])

    assert (wrote.exit_code, whole.exit_code, whole.output) == (0, 0, "whole: 3 lines\n")
    assert by_itself.exit_code == 0
    assert broken.exit_code == 1
    assert f"{municipality} line 2 rewritten" in broken.output
    assert file.stat().st_mode & 0o777 == 0o600


def remade(lines: list[Line]) -> list[str]:
    """What a superuser runs who alters the first line and makes the chain fit again."""
    previous, statements = lines[0].previous, []
    for line in lines:
        changed = replace(line, previous=previous, actor="nobody" if line.number == 1 else line.actor)
        changed = replace(changed, hash=hash_of(changed))
        previous = changed.hash
        values = f"actor = '{changed.actor}', previous = '\\x{changed.previous.hex()}', hash = '\\x{previous.hex()}'"
        place = f"municipality = '{line.municipality}' and number = {line.number}"
        statements.append(f"update access_log.look set {values} where {place}")
    return statements


async def test_the_log_cannot_be_read_when_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit code 75: not whole, not broken, come back later."""
    monkeypatch.setenv("AUDITOR_DSN", "postgresql://auditor:x@127.0.0.1:1/trajectwacht")

    for command in (["check"], ["heads", "--file", str(tmp_path / "heads.jsonl")]):
        answer = await asyncio.to_thread(invoked, app, command)

        assert answer.exit_code == 75


async def test_a_night_walks_the_chain_tells_what_is_wrong_and_writes_the_heads_of_now(
    client: httpx.AsyncClient, stack: Stack, municipality: str, tmp_path: Path
) -> None:
    """The file begins by itself; a night that finds a fault writes heads all the same, and the first still count."""
    settings, file = Settings.from_env({"AUDITOR_DSN": stack.dsn("auditor")}), tmp_path / "heads.jsonl"
    await look(client, municipality, "team:noord")

    await night(settings, file)
    first = file.read_text()
    await as_superuser(stack, *remade(await lines_of(stack, municipality)))
    with capture_logs() as told:
        await night(settings, file)

    assert file.read_text().startswith(first)
    assert len(file.read_text().splitlines()) == 2 * len(first.splitlines())
    broken = [each["reason"] for each in told if each["event"] == "access_log_broken"]
    assert any(each.startswith(f"{municipality} line 1 rewritten") for each in broken)
    (walked,) = [each for each in told if each["event"] == "access_log_walked"]
    assert walked["verdict"] == "broken"


async def test_the_nightly_process_ends_when_it_is_told_to() -> None:
    """It waits for the night and stops at once on SIGTERM."""

    async def work() -> None:
        raise AssertionError("it is not night")

    waiting = asyncio.create_task(each_night((datetime.now(UTC) - timedelta(minutes=5)).time(), work))
    await asyncio.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)

    await asyncio.wait_for(waiting, 5)
