"""The indicators service on a real Postgres and broker: facts in, figures out over HTTP, nothing twice."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from services.indicators.app import IndicatorsProcessor, write_csv
from services.indicators.app.renewing import Board, gauged
from services.indicators.figures import Figure, csv_lines
from services.indicators.recomputing import figures
from services.indicators.reference import ReferenceFile, read
from services.indicators.reference_kinds import ReferenceKind
from services.indicators.steps import Amount, StepKey, summed
from services.indicators.store.reference import enter
from services.indicators.store.sums import list_municipalities
from services.indicators.tally import tally_all
from tests import builders
from tests.indicators import (
    NOON,
    TABLE,
    TODAY,
    asking,
    figure,
    fold,
    indicators_pool,
    indicators_settings,
    record,
    records,
    village,
)
from tests.naive_indicators import newest, told_layers
from tests.stack import new_municipality
from tests.tokens import Issuer
from youthcare.runtime import metrics
from youthcare.runtime.bulk import run_bulk
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.processing import Outgoing
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Settings
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import TRAJECTORY_FACTS, Topic, youth_key
from youthcare.wire import to_wire
from youthcare.youthfacts import YouthFacts

__all__ = ["indicators_pool", "indicators_settings"]


async def log_of(pool: Pool, municipality: str) -> dict[tuple[StepKey, date], Amount]:
    """The step log of a municipality."""
    rows = await pool.fetch("select * from step where municipality = $1", municipality)
    return {(StepKey(*tuple(row)[1:7]), row["known_day"]): tuple(row)[8:] for row in rows}


async def test_the_step_log_is_the_tally_of_the_newest_facts(pool: Pool, municipality: str) -> None:
    """Whatever the batches, the log adds up to the tally of what was told last, and no row is nought."""
    told = told_layers(village(municipality), TABLE, None)

    for start in range(0, len(told), 7):
        await fold(pool, records(told[start : start + 7]))

    log = await log_of(pool, municipality)
    assert summed({step: amount} for (step, _), amount in log.items()) == summed(map(tally_all, newest(told)))
    assert (0, 0, 0) not in log.values()


async def test_facts_told_again_or_late_change_nothing(pool: Pool, municipality: str) -> None:
    """A repeated or older record leaves the tables as they are, row for row."""
    told = told_layers(village(municipality), TABLE, None)
    await fold(pool, records(told))
    before = await log_of(pool, municipality), await _kept(pool, municipality)

    await fold(pool, records(told))
    await fold(pool, records(reversed(told)))

    assert (await log_of(pool, municipality), await _kept(pool, municipality)) == before


async def _kept(pool: Pool, municipality: str) -> list[tuple[Any, ...]]:
    rows = await pool.fetch("select * from youth_layer where municipality = $1 order by youth, known_day", municipality)
    return [tuple(row) for row in rows]


async def test_one_by_one_and_all_at_once_leave_the_same_rows(pool: Pool, municipality: str) -> None:
    """Live and rebuild leave the same step log: the size of batches leaves no trace."""
    other = new_municipality()
    for each, size in ((municipality, 1), (other, 1000)):
        # More records than are worked on at a time.
        told = told_layers(village(each, youths=90), TABLE, None) * 2
        for start in range(0, len(told), size):
            await fold(pool, records(told[start : start + size]))

    one, all_at_once = await log_of(pool, municipality), await log_of(pool, other)

    renamed = {
        (step._replace(group=step.group.replace(other, municipality)), day): all_at_once[step, day]
        for step, day in all_at_once
    }
    assert renamed == one


async def test_an_erased_youth_leaves_no_row(pool: Pool, municipality: str) -> None:
    """A tombstone takes back every step of every known day, and what was kept of the youth."""
    told = told_layers(village(municipality, youths=1), TABLE, None)
    await fold(pool, records(told))

    await fold(pool, [record(youth_key(municipality, told[0].youth), None)])

    assert await log_of(pool, municipality) == {}
    assert await _kept(pool, municipality) == []
    assert await pool.fetch("select 1 from youth_state where municipality = $1", municipality) == []


async def test_a_record_that_is_no_facts_is_refused_and_the_rest_goes_on(pool: Pool, municipality: str) -> None:
    """What cannot be read is kept by its place alone, and never blocks its partition."""
    told = told_layers(village(municipality, youths=1), TABLE, None)
    key = youth_key(municipality, "someone")
    poison = [record(key, value) for value in (b"{", b"[]", b"{}", b'{"municipality": 1}', b"\xff")]

    await fold(pool, [*poison, *records(told)])

    assert await log_of(pool, municipality) != {}
    refused = await pool.fetch("select * from refused_record where municipality = $1", municipality)
    assert [tuple(row) for row in refused] == [(municipality, "trajectory-facts", 0, 0)]


async def test_facts_on_the_broker_become_steps_once(settings: Settings, pool: Pool, municipality: str) -> None:
    """The engine's own batches from a real topic, read twice, give the steps once."""
    topic = replace(TRAJECTORY_FACTS, name=f"facts-{uuid.uuid4().hex[:8]}", partition_count=3)
    create_topics(settings.broker(), [topic])
    told = told_layers(village(municipality), TABLE, None)
    await _publish(settings, topic, told)
    processor = IndicatorsProcessor(name=f"indicators-{topic.name}", topic=topic)

    done = [await run_bulk(processor, settings.worker("indicators")) for _ in range(2)]

    log = await log_of(pool, municipality)
    assert done == [len(told), len(told)]
    assert summed({step: amount} for (step, _), amount in log.items()) == summed(map(tally_all, newest(told)))


async def _publish(settings: Settings, topic: Topic, told: Iterable[YouthFacts]) -> None:
    publisher = Publisher(settings.broker())
    outgoing = [
        Outgoing(
            topic=topic.name,
            key=youth_key(facts.municipality, facts.youth),
            value=orjson.dumps(to_wire(facts)),
        )
        for facts in told
    ]
    await publisher.flush(await publisher.produce(outgoing))


def one_of_each(rows: Iterable[Figure]) -> list[Figure]:
    """The latest figure of every indicator, length of period and kind of group."""
    return list({(row.indicator, len(row.period), row.group_kind): row for row in rows}.values())


async def test_http_gives_what_the_csv_gives(settings: Settings, pool: Pool, municipality: str) -> None:
    """Every row of `indicators.csv` is the answer to the same question by a supervisor."""
    told = told_layers(village(municipality), TABLE, None)
    await fold(pool, records(told))
    steps = summed(map(tally_all, newest(told)))
    rows = figures(steps, (), municipality=municipality, definition="enschede", on=TODAY)

    async with asking(settings) as client:
        for row in one_of_each(rows):
            group = "municipality" if row.group_kind == "municipality" else f"{row.group_kind}:{row.group}"
            asked = {"period": row.period, "group": group, "on": TODAY.isoformat()}
            answer = (await figure(client, ["supervisor"], municipality, row.indicator, **asked)).json()
            assert (answer["numerator"], answer["denominator"], answer["pending"], answer["status"]) == (
                row.numerator,
                row.denominator,
                row.pending,
                row.status,
            )

    assert len(list(csv_lines(rows))) == len(rows) + 1


async def test_the_live_tables_write_the_same_csv_as_the_facts(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """Live equals replay: the report of the step log is that of the facts, also as known on an earlier day."""
    told = told_layers(village(municipality), TABLE, None)
    await fold(pool, records(told))

    for known_on in (date(2024, 2, 29), TODAY):
        steps = summed(map(tally_all, newest(facts for facts in told if facts.known_day <= known_on)))
        rows = figures(steps, (), municipality=municipality, definition="enschede", on=TODAY)
        live = await asyncio.to_thread(write_csv, settings, municipality, TODAY, known_on)
        assert live == "".join(f"{line}\n" for line in csv_lines(rows))


async def test_a_figure_tells_what_was_known_on_a_day(settings: Settings, pool: Pool, municipality: str) -> None:
    """`known_on` counts statements received up to that day: ends of March were not known in February."""
    await fold(pool, records(told_layers(village(municipality), TABLE, None)))

    async with asking(settings) as client:
        asked = {"period": "2024-04", "on": "2024-04-30"}
        then = await figure(client, ["supervisor"], municipality, "in_care", known_on="2024-02-29", **asked)
        now = await figure(client, ["supervisor"], municipality, "in_care", **asked)

    assert (then.json()["numerator"], now.json()["numerator"]) == (30, 24)
    assert (then.json()["as_of"], then.json()["known_on"]) == ("2024-04-30", "2024-02-29")


async def test_a_team_sees_itself_and_the_municipality_and_nobody_else(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """Another team's figures are forbidden; a bearer without a role for figures gets none."""
    await fold(pool, records(told_layers(village(municipality), TABLE, None)))
    asked = {"period": "2024-02"}

    async with asking(settings) as client:
        own = await figure(client, ["team:noord"], municipality, "in_care", group="team:noord", **asked)
        total = await figure(client, ["team:noord"], municipality, "in_care", **asked)
        other = await figure(client, ["team:noord"], municipality, "in_care", group="team:zuid", **asked)
        sender = await figure(client, ["sender:/x"], municipality, "in_care", **asked)

    assert (own.json()["numerator"], total.json()["numerator"]) == (30, 30)
    assert (other.status_code, sender.status_code) == (403, 403)


async def test_two_municipalities_cannot_see_each_other(settings: Settings, pool: Pool, municipality: str) -> None:
    """The same teams and youths in two municipalities: each token tells of its own alone."""
    other = new_municipality()
    await fold(pool, records(told_layers(village(municipality), TABLE, None)))
    await fold(pool, records(told_layers(village(other, youths=12), TABLE, None)))

    async with asking(settings) as client:
        answers = [
            (await figure(client, ["supervisor"], each, "in_care", period="2024-02", group="team:noord")).json()
            for each in (municipality, other)
        ]

    assert [answer["numerator"] for answer in answers] == [30, 12]


async def test_small_numbers_are_withheld_from_all_but_the_supervisor(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """A team of four is withheld, and with it its smallest sibling, so that the total does not tell it."""
    teams = {"noord": 30, "oost": 20, "zuid": 4}
    for team, youths in teams.items():
        await fold(pool, records(told_layers(village(municipality, youths, team), TABLE, None)))

    async with asking(settings) as client:
        seen = {
            team: (
                await figure(client, [f"team:{team}"], municipality, "in_care", period="2024-02", group=f"team:{team}")
            ).json()
            for team in teams
        }
        whole = await figure(client, ["supervisor"], municipality, "in_care", period="2024-02", group="team:zuid")

    assert {team: answer["numerator"] for team, answer in seen.items()} == {"noord": 30, "oost": None, "zuid": None}
    assert {team: answer["withheld"] for team, answer in seen.items()} == {"noord": False, "oost": True, "zuid": True}
    assert whole.json()["numerator"] == 4


@pytest.mark.parametrize(
    ("roles", "query", "status"),
    [
        (["team:noord"], {"period": "2024-02", "on": "2024-03-30"}, 422),
        (["team:noord"], {"period": "2024-02", "known_on": "2024-03-30"}, 422),
        (["supervisor"], {"period": "2024-02", "on": "2024-10-16"}, 422),
        (["supervisor"], {"period": "2024-11"}, 422),
        (["supervisor"], {"period": "2024Q1"}, 422),
        (["supervisor"], {"period": "2024-02", "group": "noord"}, 422),
        (["supervisor"], {"period": "2024-02", "on": "2024-03-30"}, 200),
        (["team:noord"], {"period": "2024-02", "on": "2024-03-31"}, 200),
    ],
)
async def test_what_may_not_be_asked_is_refused(
    settings: Settings, municipality: str, roles: list[str], query: dict[str, str], status: int
) -> None:
    """Others than a supervisor ask of month ends; nobody of the future or of a period that has not begun."""
    async with asking(settings) as client:
        answer = await figure(client, roles, municipality, "in_care", **query)

    assert answer.status_code == status


async def test_the_catalogue_says_what_each_figure_means(settings: Settings, municipality: str) -> None:
    """Every indicator has a Dutch label, a meaning and its source; series for gauges are not asked for."""
    async with asking(settings) as client:
        rows = (await client.get("/v1/indicators", headers=Issuer().header("supervisor"))).json()
        hidden = await figure(client, ["supervisor"], municipality, "in_care_today", period="2024-02-01")
        nameless = await client.get("/v1/indicators")

    assert {row["id"] for row in rows} >= {"in_care", "stacking_mean", "flow_balance.start"}
    assert all(row["label_nl"] and row["meaning"] and row["source"] for row in rows)
    assert (hidden.status_code, nameless.status_code) == (404, 401)


async def test_the_population_divides_the_inflow(settings: Settings, pool: Pool, municipality: str) -> None:
    """Population is joined when a figure is read, so entering it later changes the rate and no step."""
    await fold(pool, records(told_layers(village(municipality), TABLE, None)))
    text = f"municipality,quarter,group_kind,group,youths\n{municipality},2024Q1,municipality,,600\n"

    file = read(ReferenceKind.POPULATION, text.encode(), municipality)
    assert isinstance(file, ReferenceFile)
    async with pool.acquire() as connection, connection.transaction():
        await enter(connection, file, entered_at=NOON, entered_by="test")

    async with asking(settings) as client:
        answer = (await figure(client, ["supervisor"], municipality, "inflow_rate", period="2024Q1")).json()
    assert (answer["numerator"], answer["denominator"], answer["value"]) == (30, 600, "0.050000")


async def test_gauges_show_today_and_hide_small_numbers(pool: Pool, municipality: str) -> None:
    """Prometheus sees a municipality's figures of today, a team's only when nobody can be told from them."""
    await fold(pool, records(told_layers(village(municipality, 30, "noord"), TABLE, None)))
    await fold(pool, records(told_layers(village(municipality, 4, "zuid"), TABLE, None)))
    board = Board()

    async with pool.acquire() as connection:
        board.show(await gauged(connection, date(2024, 3, 15), "municipality"))
        board.show(await gauged(connection, date(2024, 3, 15), "team"))

    shown = metrics.rendered().decode().splitlines()
    of_here = {line.split(" ")[0]: float(line.split(" ")[1]) for line in shown if f'"{municipality}"' in line}
    assert of_here[f'youthcare_youths_in_care{{municipality="{municipality}",team=""}}'] == 34
    assert of_here[f'youthcare_stacked_youths{{municipality="{municipality}",team=""}}'] == 12
    assert of_here[f'youthcare_stacking_mean{{municipality="{municipality}",team=""}}'] == 2
    of_teams = [name for name in of_here if 'team="zuid"' in name or 'team="noord"' in name]
    assert not [name for name in of_teams if "stack" in name or "in_care" in name]


async def test_the_gauge_of_durations_shows_both_quantiles(pool: Pool, municipality: str) -> None:
    """The median and the ninetieth percentile of what runs; four youths of a team hide it and the team beside it."""
    newcomers = [
        builders.started(indication="n", first_day="2024-03-01", youth=f"new{number}", municipality=municipality)
        for number in range(40)
    ]
    await fold(pool, records(told_layers([*village(municipality), *newcomers], TABLE, None)))
    board = Board()

    async with pool.acquire() as connection:
        board.show(await gauged(connection, date(2024, 3, 15), "municipality"))
        board.show(await gauged(connection, date(2024, 3, 15), "team"))
        shown = durations_shown(municipality)
        await fold(pool, records(told_layers(village(municipality, 4, "zuid"), TABLE, None)))
        board.show(await gauged(connection, date(2024, 3, 15), "team"))

    assert shown == {
        ("", "0.5"): 15, ("", "0.9"): 68,
        ("noord", "0.5"): 68, ("noord", "0.9"): 68,
        ("unknown", "0.5"): 15, ("unknown", "0.9"): 15,
    }  # fmt: skip
    assert {team for team, _ in durations_shown(municipality)} == {"", "unknown"}


def durations_shown(municipality: str) -> dict[tuple[str, str], float]:
    """The durations that `/metrics` tells of a municipality now, by team and quantile."""
    return {
        (sample.labels["team"], sample.labels["quantile"]): sample.value
        for metric in metrics.REGISTRY.collect()
        for sample in metric.samples
        if metric.name == "youthcare_trajectory_duration_days" and sample.labels["municipality"] == municipality
    }


async def test_a_gauge_that_becomes_small_disappears(pool: Pool, municipality: str) -> None:
    """A withheld figure leaves no series standing: its last value would go on telling."""
    await fold(pool, records(told_layers(village(municipality, 12), TABLE, None)))
    board = Board()
    async with pool.acquire() as connection:
        board.show(await gauged(connection, date(2024, 2, 15), "municipality"))
        before = metrics.rendered().decode().count(f'youthcare_youths_in_care{{municipality="{municipality}"')

        board.show(await gauged(connection, date(2024, 4, 15), "municipality"))

    after = metrics.rendered().decode().count(f'youthcare_youths_in_care{{municipality="{municipality}"')
    assert (before, after) == (1, 0)


async def test_the_row_policy_binds_the_api_to_one_municipality(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """A session that named no municipality sees no row of any table."""
    await fold(pool, records(told_layers(village(municipality, 1), TABLE, None)))
    narrow = await open_pool(settings.database("indicators"), "test-narrow")

    async with narrow.acquire() as connection:
        counts = [
            await connection.fetchval(f"select count(*) from {table}")
            for table in ("step", "youth_layer", "youth_state")
        ]
        listed = await list_municipalities(connection)
    await narrow.close()

    assert (counts, listed) == ([0, 0, 0], [])
