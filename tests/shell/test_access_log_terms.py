"""Looks go at the end of their term, the oldest first, and the chain that is left can still be checked."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.commands import invoked
from tests.looks import as_keeper, as_superuser, chained_at, enter_lines, lines_of
from youthcare.cli_access_log import app
from youthcare.looks.line import Line, hash_of
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.local.stack import Stack

TERM_ENDS = datetime(2022, 3, 1, tzinfo=UTC)
DAYS = [TERM_ENDS + timedelta(days=days) for days in (-40, -2, -1, 1, 2, 30)]
REMOVE = "select access_log.remove_before($1, $2, $3) as gone"
APPEND = """
select access_log.append($1, '\\x000102030405060708090a0b0c0d0e0f', null, null, 'alerts.view', 1::smallint,
    now(), now(), 'urn:x', 'anna', '', 'zien', '', array['\\x0102030405060708'::bytea],
    array[null::bytea], array[null::bytea],
    array[null::bigint]) as number
"""


async def remove(stack: Stack, municipality: str, before: datetime = TERM_ENDS, limit: int = 1000) -> int:
    """How many rows the keeper ended."""
    (row,) = await as_keeper(stack, REMOVE, municipality, before, limit)
    return int(row["gone"])


async def of_service(stack: Stack, query: str, *given: object) -> object:
    """What a service is answered."""
    connection = await asyncpg.connect(stack.dsn("alerts"), server_settings={"app.municipality": "*"})
    try:
        return await connection.fetchval(query, *given)
    finally:
        await connection.close()


async def check(stack: Stack, municipality: str, heads: Path | None = None) -> tuple[int, str]:
    """Exit code and words of the check of one chain."""
    words = ["check", "--municipality", municipality, *([] if heads is None else ["--heads", str(heads)])]
    done = await asyncio.to_thread(invoked, app, words, env={"AUDITOR_DSN": stack.dsn("auditor")})
    return done.exit_code, done.output


@pytest.fixture
async def kept(stack: Stack, municipality: str) -> list[Line]:
    """Three lines past their term, three that are not."""
    lines = chained_at(municipality, DAYS)
    await enter_lines(stack, lines)
    return lines


async def test_what_is_past_its_term_goes_and_the_rest_is_a_whole_chain(
    stack: Stack, municipality: str, kept: list[Line], tmp_path: Path
) -> None:
    """One day past goes, one day before stays; again changes nothing; the check is green and says from when."""
    heads = tmp_path / "heads.jsonl"
    await asyncio.to_thread(invoked, app, ["heads", "--file", str(heads)], env={"AUDITOR_DSN": stack.dsn("auditor")})

    gone = [await remove(stack, municipality) for _time in range(2)]

    assert gone == [3, 0]
    assert await lines_of(stack, municipality) == kept[3:]
    told = f"{municipality} from line 4 on: recorded before 2022-03-01 ended its term\nwhole: 3 lines\n"
    assert await check(stack, municipality) == (0, told)
    assert await check(stack, municipality, heads) == (0, told)


async def test_so_many_go_at_once_and_the_chain_is_whole_in_between(
    stack: Stack, municipality: str, kept: list[Line]
) -> None:
    """A run that is stopped half-way leaves a chain that can be checked, and the next goes on."""
    seen = []
    for _batch in range(3):
        gone = await remove(stack, municipality, limit=2)
        seen.append(
            (gone, [line.number for line in await lines_of(stack, municipality)], await check(stack, municipality))
        )

    assert [each[0] for each in seen] == [2, 1, 0]
    assert [each[1] for each in seen] == [[3, 4, 5, 6], [4, 5, 6], [4, 5, 6]]
    assert {each[2][0] for each in seen} == {0}
    assert kept[3:] == await lines_of(stack, municipality)


async def test_a_log_of_which_all_went_goes_on_where_it_was(stack: Stack, municipality: str, kept: list[Line]) -> None:
    """The next look follows from the last that went, under the next number."""
    assert await remove(stack, municipality, DAYS[-1] + timedelta(days=1)) == 6

    number = await of_service(stack, APPEND, municipality)

    (line,) = await lines_of(stack, municipality)
    assert (number, line.number, line.previous) == (7, 7, kept[-1].hash)
    assert hash_of(line) == line.hash
    assert (await check(stack, municipality))[0] == 0


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("delete from access_log.look where municipality = '{0}' and number = 5", "line 6 removed"),
        ("delete from access_log.look where municipality = '{0}' and number = 4", "line 5 removed"),
        ("update access_log.look set actor = 'nobody' where municipality = '{0}' and number = 4", "line 4 altered"),
        ("delete from access_log.removal where municipality = '{0}'", "line 4 removed"),
        ("update access_log.removal set hash = sha256('x') where municipality = '{0}'", "line 4 inserted"),
        ("update access_log.removal set before = removed where municipality = '{0}'", "line 3 too-soon"),
    ],
)
@pytest.mark.usefixtures("kept")
async def test_what_else_goes_is_found(stack: Stack, municipality: str, deed: str, told: str) -> None:
    """A line inside what is left, one that was altered, or the head itself: red, with the place."""
    await remove(stack, municipality)

    await as_superuser(stack, deed.format(municipality))

    code, words = await check(stack, municipality)
    assert code == 1
    assert f"{municipality} {told}" in words


@pytest.mark.usefixtures("kept")
async def test_lines_that_were_taken_for_older_than_they_were_are_found(
    stack: Stack, municipality: str, tmp_path: Path
) -> None:
    """Who owns the server says that the fifth was recorded before; a head from elsewhere knows it was not there yet."""
    heads = tmp_path / "heads.jsonl"
    hashes = {line.number: line.hash.hex() for line in await lines_of(stack, municipality)}
    heads.write_text(
        f'{{"taken_at": "2022-03-02T12:00:00+00:00", "municipality": "{municipality}", "number": 4, '
        f'"hash": "{hashes[4]}"}}\n'
    )
    await remove(stack, municipality)

    await as_superuser(
        stack,
        f"delete from access_log.look where municipality = '{municipality}' and number <= 5",
        f"update access_log.removal set number = 5, hash = '\\x{hashes[5]}' where municipality = '{municipality}'",
    )

    assert (await check(stack, municipality))[0] == 0
    code, words = await check(stack, municipality, heads)
    assert code == 1
    assert f"{municipality} line 5 too-soon" in words


@pytest.mark.usefixtures("kept")
async def test_only_the_keeper_ends_a_term_and_never_one_of_less_than_a_year(stack: Stack, municipality: str) -> None:
    """No service, and not the auditor; the keeper sees no line and deletes none itself."""
    year = datetime.now(UTC) - timedelta(days=364)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="at least a year"):
        await remove(stack, municipality, year)
    for forbidden in (
        "select * from access_log.look",
        "delete from access_log.look",
        "select * from access_log.removal",
        "set role access_log_remover",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_keeper(stack, forbidden)
    for role in (*SERVICES, "auditor"):
        connection = await asyncpg.connect(stack.dsn(role), server_settings={"app.municipality": "*"})
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)):
            await connection.fetch(REMOVE, municipality, TERM_ENDS, 1)
        await connection.close()
    assert len(await lines_of(stack, municipality)) == len(DAYS)


async def test_a_reason_goes_after_the_last_look_under_it_and_its_number_is_not_given_again(
    stack: Stack, municipality: str
) -> None:
    """The reason is stated in one month and looked under in the next."""
    state = "select access_log.state_reason($1, '\\x00', 'anna', '', 'Een reden van vroeger', $2, $3)"
    asked = TERM_ENDS - timedelta(hours=2)
    given = [await of_service(stack, state, municipality, asked, asked + timedelta(hours=1)) for _time in range(2)]
    lines = chained_at(municipality, [asked, TERM_ENDS + timedelta(minutes=30)])
    await enter_lines(stack, lines)
    await as_superuser(stack, f"update access_log.look set break_glass = number where municipality = '{municipality}'")

    first = await remove(stack, municipality)
    second = await remove(stack, municipality, TERM_ENDS + timedelta(days=1))

    assert given == [1, 2]
    assert (first, second) == (2, 2), "a look and its reason, each time"
    assert await of_service(stack, state, municipality, asked, asked + timedelta(hours=1)) == 3
