"""Alerts of one municipality: a sweep of a day with many due among very many open, and the first page of the list.

Rules. The sweep is the product's own, one transaction per part, state, history and outbox included. The page is asked
of the product's own process by HTTP, warm. The peer of the sweep is what it cannot do without: as many rows of state
updated in one statement; the peer of the page is the same page by its bare query. The plans stand below the table.
"""

import asyncio
import http.client
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from benchmarks.ground import MUNICIPALITY, Ground, open_ground, product_command
from benchmarks.results import Result, counts, show
from services.alerts.app import AlertsProcessor, rules_content
from services.alerts.store.sweeping import sweep
from services.alerts.store.tables import RANK
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.processing import Unavailable

OPEN, DUE, ROUNDS = 100_000, 1_000, 9
TODAY = date(2024, 10, 15)
TEAMS = tuple(f"team-{number}" for number in range(1, 10))
_FILLED = """
insert into alert (municipality, number, youth, rule, level, anchor, occurrence, team, holder, opens_on, closes_on,
    threshold, valid_from, evidence, terms, sentence, state, told, receivers, made, changed)
select $1, n, 'youth-' || (n / 3), (array['trajectory-overlong', 'stacking-level', 'returned'])[1 + n % 3],
    case n % 3 when 0 then 'norm' else 'signal' end, $1 || '-' || n, 1, team, team, $4::date - (n % 700)::integer,
    case when n % 2 = 0 then $4::date + 400 end, 730, '2015-01-01', array['statement-' || n], '{}',
    'Het zorgtraject dat op 8 januari 2022 begon, duurt op 7 januari 2024 730 dagen.', 'open', 'open',
    array['team:' || team, 'supervisor'], now(), now()
from generate_series(1, $2::integer) as n
cross join lateral (select ($3::text[])[1 + n % array_length($3::text[], 1)] as team) as named
"""
_YOUTHS = """
insert into youth_state (municipality, youth, version_rules, version_count, known_day, case_reference)
select $1, 'youth-' || n, 1, 1, '2024-01-01', 'case-' || n from generate_series(0, $2::integer / 3) as n
"""
_STEPS = """
insert into alert_step (municipality, alert, step, at, actor, cause, before, after, team)
select municipality, number, 1, now(), 'system', 'found', null, 'open', holder from alert where municipality = $1
"""
_SCHEDULED = """
update alert set state = 'scheduled', told = null, receivers = '{}', opens_on = $2
where municipality = $1 and number <= $3
"""
_PEER = "update alert set state = 'open', told = 'open', changed = now() where municipality = $1 and number <= $2"
_PAGE = f"""
select a.*, s.case_reference from alert a
left join youth_state s on s.municipality = a.municipality and s.youth = a.youth
where a.municipality = $1 and a.state = 'open' order by {RANK}, a.opens_on, a.number limit 51
"""  # noqa: S608 - from constants of the product
_SWEEP_READS = "select * from alert where municipality = $1 and due_on <= $2 order by due_on, number limit 1000"
QUESTIONS = (
    ("the list, open, by rank", "state=open&order=rank"),
    ("the list, open, of one team, by rank", f"state=open&order=rank&team={TEAMS[0]}"),
    ("the list, open, of one rule, older than 90 days", "state=open&order=rank&rule=returned&age=90"),
    ("the list, all, newest first", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many alerts stand open and how many are due on the day that is swept."""

    standing: int
    due: int


def noon(day: date) -> datetime:
    """Midday of a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


async def sweep_results(ground: Ground, sizes: Sizes, rounds: int) -> list[Result]:
    """The sweep and its peer, by turns, a day on each time."""
    pool = await open_pool(ground.settings().database("alerts"), "benchmark", all_municipalities=True)
    await AlertsProcessor(rules_content(ground.settings())).prepare(pool)
    swept: list[float] = []
    peer: list[float] = []
    async with pool.acquire() as connection:
        await connection.execute(_FILLED, MUNICIPALITY, sizes.standing, list(TEAMS), TODAY)
        await connection.execute(_YOUTHS, MUNICIPALITY, sizes.standing)
        await connection.execute(_STEPS, MUNICIPALITY)
        await connection.execute("insert into last_number values ($1, 'alert', $2)", MUNICIPALITY, sizes.standing)
        await connection.execute("insert into sweep_day (municipality) values ($1)", MUNICIPALITY)
        await connection.execute("vacuum analyze")
        for number in range(rounds + 1):
            day = TODAY + timedelta(days=number)
            await connection.execute(_SCHEDULED, MUNICIPALITY, day, sizes.due)
            began = time.perf_counter()
            done = await sweep(connection, noon(day))
            took = time.perf_counter() - began
            if done != sizes.due:
                raise Unavailable(f"swept {done}, not {sizes.due}")
            await connection.execute(_SCHEDULED, MUNICIPALITY, day, sizes.due)
            began = time.perf_counter()
            await connection.execute(_PEER, MUNICIPALITY, sizes.due)
            if number:  # the first round warms up
                swept.append(took * 1000)
                peer.append((time.perf_counter() - began) * 1000)
    await pool.close()
    bare = Result(name=f"peer: {sizes.due:,} rows of state in one statement", unit="ms", runs=peer)
    return [bare, Result(name=f"sweep of a day with {sizes.due:,} due", unit="ms", runs=swept, peer=bare.value)]


def page_results(ground: Ground, rounds: int) -> list[Result]:
    """Every question of the list by HTTP, and the peer, by turns."""
    token = ground.issuer.token(MUNICIPALITY, ["supervisor"], datetime.now(UTC))
    runs: dict[str, list[float]] = {name: [] for name, _ in QUESTIONS}
    peer: list[float] = []
    with ground.running("alerts-api", *product_command("alerts", "api")) as api:
        for number in range(rounds + 1):
            took = {name: _asked(api.port, token, question) for name, question in QUESTIONS}
            bare = asyncio.run(_bare(ground))
            if number:
                peer.append(bare)
                for name, milliseconds in took.items():
                    runs[name].append(milliseconds)
    beside = Result(name="peer: the page by its bare query, open, by rank", unit="ms", runs=peer)
    return [beside, *(Result(name=name, unit="ms", runs=took, peer=beside.value) for name, took in runs.items())]


def _asked(port: int, token: str, question: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request("GET", f"/v1/alerts?{question}", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    told: dict[str, Any] = json.loads(answer.read())
    took = (time.perf_counter() - began) * 1000
    connection.close()
    if answer.status != 200 or not told["alerts"]:
        raise Unavailable(f"no page: {answer.status}")
    return took


async def _session(ground: Ground) -> asyncpg.Connection:
    settings = {"search_path": "alerts", "app.municipality": "*"}
    return await asyncpg.connect(ground.stack.dsn("alerts"), server_settings=settings)


async def _bare(ground: Ground) -> float:
    connection = await _session(ground)
    began = time.perf_counter()
    await connection.fetch(_PAGE, MUNICIPALITY)
    took = (time.perf_counter() - began) * 1000
    await connection.close()
    return took


async def plans(ground: Ground) -> list[str]:
    """How the server reads what is due, and the first page."""
    connection = await _session(ground)
    told: list[str] = []
    for name, query, given in (
        ("what the sweep reads", _SWEEP_READS, (MUNICIPALITY, TODAY)),
        ("the first page, open, by rank", _PAGE, (MUNICIPALITY,)),
    ):
        rows = await connection.fetch(f"explain (analyze, buffers, costs off) {query}", *given)
        told += [f"{name}:", *(row[0] for row in rows), ""]
    await connection.close()
    return told


def measure(ground: Ground, standing: int, due: int, rounds: int = ROUNDS) -> tuple[list[Result], list[str]]:
    """Fill and measure; the plans beside it."""
    swept = asyncio.run(sweep_results(ground, Sizes(standing=standing, due=due), rounds))
    return [*swept, *page_results(ground, rounds)], asyncio.run(plans(ground))


def main() -> None:
    """Measure on a stack of its own and show."""
    asked = counts(__doc__, standing=OPEN, due=DUE, rounds=ROUNDS)
    with open_ground() as ground:
        results, plan = measure(ground, asked.standing, asked.due, asked.rounds)
    show(f"Alerts: {asked.standing:,} open, {asked.due:,} due", results)
    sys.stdout.write("The plans:\n\n```\n" + "\n".join(plan) + "\n```\n\n")


if __name__ == "__main__":
    main()
