"""Figures from the steps of a million youths: a series over ten years, and what one more statement costs.

Rules. The page is asked of the product's own process by HTTP, by a supervisor, warm. The peer is what who keeps no
steps would ask of the same database: `count(distinct youth)` over days of care, for each quarter; it knows nothing of
groups, ages or what was known when. Step logs are made by `million.py`; the load alone runs without syncing.
"""

import asyncio
import http.client
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import asyncpg
import orjson

from benchmarks.ground import MUNICIPALITY, Ground, Running, open_ground, product_command
from benchmarks.million import FIRST_DAY, LAST_DAY, Life, Town, lives, load
from benchmarks.results import Result, counts, show
from benchmarks.touched import facts_per_second, told_of, touched_by_turns
from services.indicators.definitions import Per
from services.indicators.spans import next_first_day
from services.indicators.store.series import STEPS
from youthcare.period import ONE_DAY
from youthcare.runtime.processing import Unavailable
from youthcare.simulator.population import TEAMS

YOUTHS, ASKED, TOWN, SAMPLE, ROUNDS = 1_000_000, 20_000, 10_000, 40, 9
STATEMENTS, YOUTHS_FOLDED = 25, 100
FEW, MANY = "few", "indicators"
"""The schemas of the two step logs; the second is the product's own."""
TOUCHED_TOWN, FOLDED_TOWN = "1000", "9000"
QUESTIONS = (
    ("in_care_rate", "municipality", "40 quarters"),
    ("in_care_rate", "team:noord", "40 quarters"),
    ("in_care", "municipality", "120 months"),
    ("residential_days_mean", "municipality", "40 quarters"),
    ("sustainable_exit_rate", "municipality", "40 quarters"),
    ("duration_median.running", "municipality", "40 quarters"),
    ("waiting_days_median", "municipality", "40 quarters"),
)
PATIENCE_SECONDS = 60.0
_PEER = """
select quarter::date as quarter, count(distinct youth) as youths
from generate_series($2::date, $3::date, interval '3 months') as quarter
join care on municipality = $1 and first_day < quarter + interval '3 months'
         and coalesce(last_day, 'infinity') >= quarter
group by quarter
"""
_QUICK = (
    "alter system set fsync = off",
    "alter system set full_page_writes = off",
    "alter system set max_wal_size = '8GB'",
    "select pg_reload_conf()",
)
_CAREFUL = ("alter system reset all", "select pg_reload_conf()", "checkpoint")


def towns(youths: int, asked: int, town: int) -> list[Town]:
    """The municipality that is asked, and as many of the other size as hold the rest."""
    others = (youths - asked) // town
    full = Town(municipality=MUNICIPALITY, youths=asked, is_full=True)
    return [full, *(Town(municipality=str(1000 + number), youths=town) for number in range(others))]


@asynccontextmanager
async def session(ground: Ground, schema: str) -> AsyncIterator[asyncpg.Connection]:
    """A session of the service in a schema, as its worker has one."""
    settings = {"search_path": schema, "app.municipality": "*", "work_mem": "256MB"}
    connection = await asyncpg.connect(ground.stack.dsn("indicators"), server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()


async def fill(ground: Ground, lived: Sequence[Life], youths: int, asked: int, town: int) -> float:
    """Both step logs; the seconds that it took."""
    began = time.monotonic()
    await _administer(ground, *_QUICK, f"create schema {FEW} authorization indicators")
    for schema, made in ((FEW, [Town(municipality=TOUCHED_TOWN, youths=town)]), (MANY, towns(youths, asked, town))):
        async with session(ground, schema) as connection:
            await load(connection, lived, made)
            await connection.execute("vacuum analyze")
    await _administer(ground, *_CAREFUL)
    return time.monotonic() - began


async def _administer(ground: Ground, *commands: str) -> None:
    connection = await asyncpg.connect(ground.stack.dsn("admin"))
    for command in commands:
        await connection.execute(command)
    await connection.close()


def asked_results(ground: Ground, rounds: int) -> list[Result]:
    """Every question by HTTP, and the peer, by turns."""
    token = ground.issuer.token(MUNICIPALITY, ["supervisor"], datetime.now(UTC))
    with ground.running("indicators-api", *product_command("indicators", "api")) as api:
        askers = {
            f"{indicator}, {group}, {length}": _asker(api, token, indicator, group)
            for indicator, group, length in QUESTIONS
        }
        teams = [_asker(api, token, "in_care_rate", f"team:{team.id}") for team in TEAMS]
        askers[f"in_care_rate, all {len(teams)} teams one after another, 40 quarters"] = lambda: _all(teams)
        runs: dict[str, list[float]] = {name: [] for name in askers}
        peer: list[float] = []
        for number in range(rounds + 1):
            times = {name: _milliseconds(ask) for name, ask in askers.items()}
            counted = asyncio.run(_peer_milliseconds(ground))
            if number:  # the first round warms up
                peer.append(counted)
                for name, took in times.items():
                    runs[name].append(took)
    beside = Result(name="peer: count(distinct youth) over days of care, 40 quarters", unit="ms", runs=peer)
    return [beside, *(Result(name=name, unit="ms", runs=took, peer=beside.value) for name, took in runs.items())]


def _asker(api: Running, token: str, indicator: str, group: str) -> Callable[[], None]:
    path = f"/v1/indicators/{indicator}/series?first={FIRST_DAY.year}&last={LAST_DAY.year}&group={group}"

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=PATIENCE_SECONDS)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        told = orjson.loads(answer.read())
        connection.close()
        if answer.status != 200 or len(told["figures"]) < len(range(FIRST_DAY.year, LAST_DAY.year + 1)):
            raise Unavailable(f"no figures of {indicator}: {answer.status}")

    return ask


def _all(askers: Sequence[Callable[[], None]]) -> None:
    for ask in askers:
        ask()


def _milliseconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


async def _peer_milliseconds(ground: Ground) -> float:
    async with session(ground, MANY) as connection:
        began = time.perf_counter()
        await connection.fetch(_PEER, MUNICIPALITY, FIRST_DAY, LAST_DAY)
        return (time.perf_counter() - began) * 1000


async def touched_results(ground: Ground, lived: Sequence[Life], names: tuple[str, str]) -> list[Result]:
    """What one more statement costs in both logs, and how many facts a second go in."""
    async with session(ground, FEW) as few, session(ground, MANY) as many:
        known = [life for life in lived if len(life.facts) > 2]
        costs = await touched_by_turns(few, many, known[:STATEMENTS], TOUCHED_TOWN)
        return [*told_of(*costs, names), *await facts_per_second(many, known[STATEMENTS:][:YOUTHS_FOLDED], FOLDED_TOWN)]


async def plans(ground: Ground) -> Iterator[str]:
    """The plan of one group and how much the log holds."""
    quarters = [next_first_day(Per.QUARTER, date(year, month, 1)) - ONE_DAY for year, month in _quarters()]
    window = ("", "", LAST_DAY, date.max, quarters)
    async with session(ground, MANY) as connection:
        await connection.execute("select set_config('app.municipality', $1, false)", MUNICIPALITY)
        found = await connection.fetch(
            f"explain (analyze, buffers, costs off) {STEPS}",
            *(MUNICIPALITY, "in_care_rate", "", "municipality", MUNICIPALITY),
            *window,
        )
        sizes = await connection.fetchrow(_SIZES)
    held = [f"{name}: {value}" for name, value in (sizes or {}).items()]
    return iter([*held, "", *(row[0] for row in found)])


def _quarters() -> Iterator[tuple[int, int]]:
    return ((year, month) for year in range(FIRST_DAY.year, LAST_DAY.year + 1) for month in (1, 4, 7, 10))


_SIZES = """
select sum(reltuples)::bigint as "steps", pg_size_pretty(sum(pg_relation_size(oid))) as "their rows",
       pg_size_pretty(sum(pg_indexes_size(oid))) as "their index",
       (select reltuples::bigint from pg_class where oid = 'youth_state'::regclass) as "youths",
       (select reltuples::bigint from pg_class where oid = 'step_0153'::regclass) as "steps of the municipality asked"
from pg_class where relname ~ '^step_' and relkind = 'r' and relnamespace = current_schema()::regnamespace
"""


def measure(
    ground: Ground, lived: Sequence[Life], youths: int, asked: int, town: int, rounds: int = ROUNDS
) -> tuple[list[Result], list[str]]:
    """Fill both logs and measure; the plan beside it."""
    seconds = asyncio.run(fill(ground, lived, youths, asked, town))
    names = f"{town:,} youths", f"{youths:,} youths"
    results = [*asked_results(ground, rounds), *asyncio.run(touched_results(ground, lived, names))]
    return [*results, Result(name="load", unit="s", runs=[seconds])], list(asyncio.run(plans(ground)))


def main() -> None:
    """Measure on a stack of its own and show."""
    asked = counts(__doc__, youths=YOUTHS, asked=ASKED, town=TOWN, sample=SAMPLE, rounds=ROUNDS)
    lived = lives(asked.sample)
    with open_ground() as ground:
        results, plan = measure(ground, lived, asked.youths, asked.asked, asked.town, asked.rounds)
    show(f"Figures of {asked.youths:,} youths, copied from {len(lived)} that were tallied", results)
    sys.stdout.write("The plan of `in_care_rate` of the municipality:\n\n```\n" + "\n".join(plan) + "\n```\n\n")


if __name__ == "__main__":
    main()
