"""Reference data on a real Postgres, over HTTP and by command: versions, walls between municipalities, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.indicators.api.reference import add_reference_pages
from services.indicators.delays import decreed_on
from services.indicators.population import PopulationRow
from services.indicators.reference import BYTES_MAX, ReferenceFile, read
from services.indicators.reference_kinds import ReferenceKind
from services.indicators.store import reference as store
from services.indicators.store.reference_tables import TABLES
from tests.apis import api_environment
from tests.commands import invoked
from tests.stack import new_municipality
from tests.tokens import Issuer
from youthcare.cli_reference import app as commands
from youthcare.period import FAR
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Connection, Pool, apply_schema, as_municipality, open_pool
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import Settings
from youthcare.runtime.web import create_app

MORNING = datetime(2024, 10, 15, 8, 0, tzinfo=UTC)
TODAY = date(2024, 10, 15)
POPULATION = "municipality,quarter,group_kind,group,youths\n"
TARGETS = "municipality,indicator,period,group_kind,group,target,direction\n"
EXTERNAL = "municipality,series,period,value,unit,target\n"
HOLIDAYS = "day,label\n"


@pytest.fixture
def environment(stack: Stack, tmp_path: Path) -> dict[str, str]:
    return api_environment(stack, tmp_path, "indicators")


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return Settings.from_env(environment)


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    opened = await open_pool(settings.database("indicators"), "test-reference")
    await apply_schema(opened, TABLES)
    yield opened
    await opened.close()


@dataclass(slots=True)
class Clock:
    """The day of the test, which it moves itself."""

    now: datetime = field(default=MORNING)

    def __call__(self) -> datetime:
        """The instant it is."""
        return self.now

    def on(self, day: int) -> None:
        """Make it another day of October 2024."""
        self.now = MORNING.replace(day=day)


@dataclass(frozen=True, slots=True)
class Door:
    """A client of the doors, as a supervisor of one municipality unless said otherwise."""

    client: httpx.AsyncClient
    municipality: str
    clock: Clock

    async def put(self, kind: str, text: str | bytes, *roles: str, media: str = "text/csv") -> httpx.Response:
        """Import a file."""
        headers = {**self._header(roles), "Content-Type": media}
        return await self.client.put(f"/v1/reference/{kind}", content=text, headers=headers)

    async def get(self, kind: str, *roles: str, **query: str) -> httpx.Response:
        """Ask for what holds."""
        return await self.client.get(f"/v1/reference/{kind}", params=query, headers=self._header(roles))

    def _header(self, roles: tuple[str, ...]) -> dict[str, str]:
        return Issuer().header(*(roles or ("supervisor",)), municipality=self.municipality)


@asynccontextmanager
async def doors(settings: Settings, pool: Pool) -> AsyncIterator[tuple[Callable[[str], Door], Clock]]:
    """The two pages in an app of their own, behind the gate."""

    async def well() -> list[str]:
        return []

    app: FastAPI = create_app("test", gate=token_gate(settings.token()), http=settings.http(), problems=well)
    clock = Clock()
    add_reference_pages(app, [pool], clock)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield lambda municipality: Door(client, municipality, clock), clock


@asynccontextmanager
async def session(pool: Pool, municipality: str) -> AsyncIterator[Connection]:
    """A session of one municipality."""
    async with pool.acquire() as connection, as_municipality(connection, municipality):
        yield connection


async def enter(pool: Pool, kind: ReferenceKind, municipality: str, text: str, day: int = 15) -> None:
    """Enter a file on a day of October 2024."""
    file = read(kind, text.encode(), municipality)
    assert isinstance(file, ReferenceFile), file
    async with session(pool, municipality) as connection:
        outcome = await store.enter(connection, file, entered_at=MORNING.replace(day=day), entered_by="test")
    assert isinstance(outcome, store.Entered), outcome


async def test_a_file_is_entered_and_read_back(settings: Settings, pool: Pool, municipality: str) -> None:
    """What is exported is what was imported, and can be imported again."""
    text = f"{POPULATION}{municipality},2024Q1,municipality,{municipality},600\n{municipality},2024Q1,team,noord,250\n"

    async with doors(settings, pool) as (door, _):
        put = await door(municipality).put("population", text)
        got = await door(municipality).get("population")

    assert (put.status_code, put.json()) == (200, {"import": 1, "rows": 2, "unchanged": False})
    assert (got.status_code, got.text) == (200, text)
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    assert got.headers["content-disposition"] == 'attachment; filename="population.csv"'


async def test_a_later_import_takes_the_place_of_the_same_rows_from_its_day_on(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """Known on the day before it is what was known then; rows that it does not name go on holding."""
    async with doors(settings, pool) as (door, clock):
        of_here = door(municipality)
        first = f"{municipality},2024Q1,team,noord,250\n{municipality},2024Q1,team,zuid,100\n"
        await of_here.put("population", POPULATION + first)
        clock.on(17)
        later = await of_here.put("population", f"{POPULATION}{municipality},2024Q1,team,noord,260\n")
        answers = [(await of_here.get("population", known_on=f"2024-10-{day}")).text for day in (14, 16, 17)]

    assert later.json() == {"import": 2, "rows": 1, "unchanged": False}
    assert answers == [
        POPULATION,
        f"{POPULATION}{municipality},2024Q1,team,noord,250\n{municipality},2024Q1,team,zuid,100\n",
        f"{POPULATION}{municipality},2024Q1,team,noord,260\n{municipality},2024Q1,team,zuid,100\n",
    ]


async def test_the_known_day_is_the_civil_day_in_amsterdam(settings: Settings, pool: Pool, municipality: str) -> None:
    """Half past ten in the evening in UTC is the next day there in summer."""
    async with doors(settings, pool) as (door, clock):
        clock.now = datetime(2024, 10, 15, 22, 30, tzinfo=UTC)
        await door(municipality).put("holidays", f"{HOLIDAYS}2024-05-10,Aangewezen\n")

    async with session(pool, municipality) as connection:
        (made,) = await store.list_imports(connection, municipality)
    assert (made.known_day, made.entered_at) == (date(2024, 10, 16), datetime(2024, 10, 15, 22, 30, tzinfo=UTC))


async def test_the_same_file_again_enters_nothing(settings: Settings, pool: Pool, municipality: str) -> None:
    """It is told; after another file the first is a change again."""
    one = f"{HOLIDAYS}2024-05-10,Aangewezen\n"
    other = f"{HOLIDAYS}2024-05-10,Dag na Hemelvaart\n"

    async with doors(settings, pool) as (door, _):
        answers = [(await door(municipality).put("holidays", text)).json() for text in (one, one, other, one)]

    assert answers == [
        {"import": 1, "rows": 1, "unchanged": False},
        {"import": 1, "rows": 1, "unchanged": True},
        {"import": 2, "rows": 1, "unchanged": False},
        {"import": 3, "rows": 1, "unchanged": False},
    ]


async def test_what_is_withdrawn_holds_no_more_and_was_known_before(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """A withdrawal is a newer import too; withdrawing what does not hold is refused and enters nothing."""
    async with doors(settings, pool) as (door, clock):
        of_here = door(municipality)
        await of_here.put("holidays", f"{HOLIDAYS}2024-05-10,Aangewezen\n2024-12-24,Aangewezen\n")
        clock.on(16)
        withdrawn = await of_here.put("holidays", f"{HOLIDAYS}2024-05-10,ingetrokken\n")
        again = await of_here.put("holidays", f"{HOLIDAYS}2024-12-24,Kerst\n2024-05-10,ingetrokken\n")
        answers = [(await of_here.get("holidays", known_on=f"2024-10-{day}")).text for day in (15, 16)]

    assert withdrawn.json() == {"import": 2, "rows": 1, "unchanged": False}
    assert [(row["line"], row["column"], row["code"]) for row in again.json()["refusals"]] == [
        (3, "label", "nothing-to-withdraw")
    ]
    assert answers == [
        f"{HOLIDAYS}2024-05-10,Aangewezen\n2024-12-24,Aangewezen\n",
        f"{HOLIDAYS}2024-12-24,Aangewezen\n",
    ]


async def test_one_wrong_line_enters_nothing_and_all_are_told(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """A problem document with line, column, code and Dutch guidance, and nothing of what was sent."""
    text = f"{TARGETS}{municipality},inflow_rate,2024Q3,team,noord,0.01,at-most\n{municipality},geheim,x,team,=A1,y,z\n"

    async with doors(settings, pool) as (door, _):
        put = await door(municipality).put("targets", text)
        got = await door(municipality).get("targets")

    assert (put.status_code, put.headers["content-type"]) == (422, "application/problem+json")
    refusals = put.json()["refusals"]
    assert [(row["line"], row["column"], row["code"]) for row in refusals] == [
        (3, "indicator", "indicator-unknown"),
        (3, "period", "period-invalid"),
        (3, "group", "formula"),
        (3, "target", "number-invalid"),
        (3, "direction", "direction-unknown"),
    ]
    assert refusals[3]["guidance"].startswith("Schrijf een getal met een punt")
    assert put.json()["refusal_count"] == 5
    assert "geheim" not in put.text
    assert got.text == TARGETS


async def test_a_file_of_another_municipality_is_refused(settings: Settings, pool: Pool, municipality: str) -> None:
    """The municipality is that of the token, whatever the file says."""
    other = new_municipality()

    async with doors(settings, pool) as (door, _):
        put = await door(municipality).put("population", f"{POPULATION}{other},2024Q1,team,noord,250\n")

    assert put.status_code == 422
    assert [row["code"] for row in put.json()["refusals"]] == ["other-municipality"]


async def test_two_municipalities_cannot_see_each_other(settings: Settings, pool: Pool, municipality: str) -> None:
    """The same teams and days: each has its own rows and its own import numbers; no municipality sees none."""
    other = new_municipality()

    async with doors(settings, pool) as (door, _):
        for each, youths in ((municipality, 250), (other, 999)):
            put = await door(each).put("population", f"{POPULATION}{each},2024Q1,team,noord,{youths}\n")
            assert put.json()["import"] == 1
        texts = [(await door(each).get("population")).text for each in (municipality, other)]

    assert texts == [
        f"{POPULATION}{municipality},2024Q1,team,noord,250\n",
        f"{POPULATION}{other},2024Q1,team,noord,999\n",
    ]
    async with session(pool, municipality) as connection:
        assert await store.read_population(connection, other, FAR) == []
    async with pool.acquire() as connection:
        names = ("reference_import", "reference_population", "reference_target", "reference_external", "decreed_day")
        assert [await connection.fetchval(f"select count(*) from {name}") for name in names] == [0] * 5


async def test_nobody_enters_rows_for_another_municipality(pool: Pool, municipality: str) -> None:
    """The row policy refuses it, whatever the code above does."""
    other = new_municipality()
    file = read(ReferenceKind.HOLIDAYS, f"{HOLIDAYS}2024-05-10,Aangewezen\n".encode(), other)
    assert isinstance(file, ReferenceFile)

    async with session(pool, municipality) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await store.enter(connection, file, entered_at=MORNING, entered_by="test")


@pytest.mark.parametrize(
    ("roles", "putting", "getting"),
    [
        (("supervisor",), 200, 200),
        (("team:noord",), 403, 200),
        (("sender:/x",), 403, 403),
        (("privacy-officer",), 403, 403),
    ],
)
async def test_only_a_supervisor_imports(
    settings: Settings, pool: Pool, municipality: str, roles: tuple[str, ...], putting: int, getting: int
) -> None:
    """A team reads what its figures rest on; others read nothing."""
    async with doors(settings, pool) as (door, _):
        put = await door(municipality).put("holidays", f"{HOLIDAYS}2024-05-10,Aangewezen\n", *roles)
        got = await door(municipality).get("holidays", *roles)

    assert (put.status_code, got.status_code) == (putting, getting)


async def test_what_is_no_small_csv_is_refused_at_the_door(settings: Settings, pool: Pool, municipality: str) -> None:
    """Another media type, another encoding, too large a body, an unknown kind, a day in the future."""
    text = f"{HOLIDAYS}2024-05-10,Aangewezen\n"

    async with doors(settings, pool) as (door, _):
        of_here = door(municipality)
        statuses = [
            (await of_here.put("holidays", text, media="application/json")).status_code,
            (await of_here.put("holidays", text, media="text/csv; charset=windows-1252")).status_code,
            (await of_here.put("holidays", text, media='text/csv; charset="UTF-8"')).status_code,
            (await of_here.put("holidays", b"x" * (BYTES_MAX + 1))).status_code,
            (await of_here.put("weather", text)).status_code,
            (await of_here.get("holidays", known_on="2024-10-16")).status_code,
        ]

    assert statuses == [415, 415, 200, 413, 422, 422]


async def test_two_imports_at_once_get_two_numbers(pool: Pool, municipality: str) -> None:
    """The second waits for the first."""
    texts = [f"{HOLIDAYS}2024-05-{day},Aangewezen\n" for day in range(10, 20)]

    await asyncio.gather(*(enter(pool, ReferenceKind.HOLIDAYS, municipality, text) for text in texts))

    async with session(pool, municipality) as connection:
        made = await store.list_imports(connection, municipality)
        days = await store.decreed_days(connection, [municipality])
    assert [row.import_number for row in made] == list(range(10, 0, -1))
    assert decreed_on(days, municipality, TODAY) == frozenset(date(2024, 5, day) for day in range(10, 20))


async def test_the_readers_give_exact_rows_as_known_on_a_day(pool: Pool, municipality: str) -> None:
    """Population by group, targets and external values as fractions, by period or all at once."""
    here = municipality
    await enter(
        pool,
        ReferenceKind.POPULATION,
        here,
        f"{POPULATION}{here},2024Q1,municipality,,600\n{here},2024Q1,age_band,4-11,9\n{here},2024Q2,team,noord,8\n",
    )
    targets = (
        f"{here},inflow_rate,2024Q1,team,noord,0.1,at-most\n{here},at_home_rate,2024Q2,municipality,,0.985,at-least\n"
    )
    await enter(pool, ReferenceKind.TARGETS, here, TARGETS + targets)
    external = f"{here},measures_started,2024Q3,14,count,47\n{here},deficit,2023,-12.345678,euro,\n"
    await enter(pool, ReferenceKind.EXTERNAL, here, EXTERNAL + external)

    async with session(pool, here) as connection:
        people = await store.population_of(connection, here, "2024Q1", TODAY)
        everybody = await store.read_population(connection, here, TODAY)
        of_quarter = await store.targets_of(connection, here, "2024Q1", TODAY)
        of_all = await store.targets_of(connection, here, None, TODAY)
        started = await store.external_of(connection, here, "2024Q3", TODAY)
        deficit = await store.external_of(connection, here, "2023", TODAY)
        before = await store.external_of(connection, here, None, date(2024, 10, 14))

    assert people == {("municipality", here): 600, ("age_band", "4-11"): 9}
    assert everybody[-1] == PopulationRow(
        municipality=here, quarter="2024Q2", group_kind="team", group="noord", youths=8
    )
    assert [(row.indicator, row.target) for row in of_quarter] == [("inflow_rate", Fraction(1, 10))]
    assert [row.indicator for row in of_all] == ["at_home_rate", "inflow_rate"]
    assert [(row.value, row.target) for row in started] == [(Fraction(14), Fraction(47))]
    assert [(row.value, row.target) for row in deficit] == [(Fraction(-12345678, 1000000), None)]
    assert before == []


async def test_a_worker_reads_the_decreed_days_of_each_municipality_apart(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """What one municipality enters changes nothing for another."""
    other = new_municipality()
    await enter(pool, ReferenceKind.HOLIDAYS, municipality, f"{HOLIDAYS}2024-05-10,Aangewezen\n")
    await enter(pool, ReferenceKind.HOLIDAYS, other, f"{HOLIDAYS}2024-12-24,Aangewezen\n", day=17)
    wide = await open_pool(settings.database("indicators"), "test-wide", all_municipalities=True)

    async with wide.acquire() as connection:
        decreed = await store.decreed_days(connection, [municipality, other])
    await wide.close()

    found = [[decreed_on(decreed, each, date(2024, 10, day)) for each in (municipality, other)] for day in (16, 17)]
    assert found == [[{date(2024, 5, 10)}, frozenset()], [{date(2024, 5, 10)}, {date(2024, 12, 24)}]]


@pytest.mark.parametrize(
    "change", ["update decreed_day set label = 'x'", "delete from decreed_day", "truncate decreed_day"]
)
async def test_nothing_that_was_entered_is_changed(pool: Pool, municipality: str, change: str) -> None:
    """The tables are only added to, for the service's own role too."""
    await enter(pool, ReferenceKind.HOLIDAYS, municipality, f"{HOLIDAYS}2024-05-10,Aangewezen\n")

    async with session(pool, municipality) as connection:
        with pytest.raises(asyncpg.RaiseError, match="only added to"):
            await connection.execute(change)


async def test_the_commands_load_list_and_export(
    environment: dict[str, str], municipality: str, tmp_path: Path
) -> None:
    """The same checks and the same tables as the doors; a refused file ends with 2 and enters nothing."""
    right, wrong = tmp_path / "right.csv", tmp_path / "wrong.csv"
    right.write_text(f"{EXTERNAL}{municipality},measures_started,2024Q3,14,count,47\n")
    wrong.write_text(f"{EXTERNAL}{municipality},measures_started,2024Q3,14,count,veel\n0999,deficit,2024,1,euro,\n")

    loaded = await run(environment, "load", "external", str(right), "--municipality", municipality, "--by", "beleid")
    again = await run(environment, "load", "external", str(right), "--municipality", municipality)
    refused = await run(environment, "load", "external", str(wrong), "--municipality", municipality)
    listed = await run(environment, "list", "--municipality", municipality)
    exported = await run(environment, "export", "external", "--municipality", municipality)
    before = await run(environment, "export", "external", "--municipality", municipality, "--known-on", "2020-01-01")

    assert loaded == (0, f"{municipality} external: import 1, 1 rows, entered\n", "")
    assert again == (0, f"{municipality} external: import 1, 1 rows, was already the last import\n", "")
    assert (refused[0], refused[1]) == (2, "")
    assert refused[2].splitlines()[0].startswith("wrong.csv, regel 2, kolom target: Schrijf een geheel getal")
    assert refused[2].splitlines()[1].startswith("wrong.csv, regel 3, kolom municipality: De regel is van een andere")
    assert refused[2].splitlines()[2] == "Er is niets ingevoerd: 2 fout(en)."
    assert listed[1].split("\t")[:2] + listed[1].split("\t")[3:5] == ["1", "external", "1", "beleid"]
    assert exported[1] == right.read_text()
    assert before[1] == EXTERNAL


async def run(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """A command as it is typed, in a thread because it has a loop of its own: exit code, output, errors."""
    result = await asyncio.to_thread(invoked, commands, list(arguments), env=environment)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--municipality", "*"),
        ("export", "external", "--municipality", "0153", "--known-on", "gisteren"),
        ("export", "weather", "--municipality", "0153"),
    ],
)
async def test_a_command_that_makes_no_sense_is_refused(
    environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    """A municipality is four digits, a day a day, a kind one of four."""
    assert (await run(environment, *arguments))[0] == 2
