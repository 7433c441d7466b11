"""A report is frozen, worked out again from the log to the unit, and every later difference is told with its cause."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from services.indicators.reference import ReferenceFile, read
from services.indicators.reference_kinds import ReferenceKind
from services.indicators.store.reference import enter
from tests import builders
from tests.builders import Statement
from tests.indicators import TABLE, asking, fold, indicators_pool, indicators_settings, record, records, village
from tests.naive_indicators import told_layers
from tests.tokens import Issuer
from youthcare.runtime.postgres import Pool
from youthcare.runtime.settings import Settings
from youthcare.runtime.topics import youth_key

__all__ = ["indicators_pool", "indicators_settings"]

FIRST_OF_APRIL = datetime(2024, 4, 1, 9, tzinfo=UTC)
LATER = datetime(2024, 10, 1, 9, tzinfo=UTC)
Json = dict[str, Any]


async def told_to(pool: Pool, statements: Iterable[Statement]) -> None:
    """All that was ever told, folded as the stream does."""
    await fold(pool, records(told_layers(statements, TABLE, date(2020, 1, 1))))


async def entered(pool: Pool, municipality: str, youths: int, at: datetime) -> None:
    """A population of the first quarter of 2024."""
    text = f"municipality,quarter,group_kind,group,youths\n{municipality},2024Q1,municipality,,{youths}\n"
    file = read(ReferenceKind.POPULATION, text.encode(), municipality)
    assert isinstance(file, ReferenceFile)
    async with pool.acquire() as connection, connection.transaction():
        await enter(connection, file, entered_at=at, entered_by="test")


async def published(settings: Settings, municipality: str, at: datetime = FIRST_OF_APRIL) -> Json:
    """The report of the first quarter, published at a moment."""
    header = Issuer().header("supervisor", municipality=municipality)
    async with asking(settings, at) as client:
        answer = await client.post("/v1/publications/2024Q1", headers=header)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def differences(settings: Settings, municipality: str, number: int = 1, at: datetime = LATER) -> list[Json]:
    """What differs, as told at a later moment."""
    header = Issuer().header("supervisor", municipality=municipality)
    async with asking(settings, at) as client:
        answer = await client.get(f"/v1/publications/2024Q1/{number}/differences", headers=header)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["differences"]
    return found


def early(municipality: str) -> list[Statement]:
    """Thirty youths, all told of before April."""
    return village(municipality)


async def test_what_was_published_is_worked_out_again_to_the_unit(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """Half a year later, nothing new having come: not one cell differs, and publishing again gives the same hash."""
    await told_to(pool, early(municipality))

    first = await published(settings, municipality)
    again = await published(settings, municipality)

    assert (first["number"], again["number"], first["digest"]) == (1, 2, again["digest"])
    assert await differences(settings, municipality) == []


async def test_a_late_statement_changes_the_cells_it_should_and_is_named(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """A start of February that came in June: one more youth, in exactly the groups and periods of that care."""
    await told_to(pool, early(municipality))
    await published(settings, municipality)
    late = builders.started(
        indication=f"{municipality}-9",
        first_day="2024-02-10",
        team="noord",
        youth="late",
        municipality=municipality,
        received="2024-06-03T10:00:00Z",
    )

    await told_to(pool, [*early(municipality), late])
    found = await differences(settings, municipality)

    assert {row["cause"] for row in found} == {"late-statement"}
    in_care = {(row["period"], row["group_kind"], row["group"]) for row in found if row["indicator"] == "in_care"}
    groups = [("municipality", municipality), ("team", "noord"), ("age_band", "unknown"), ("referrer", "unknown")]
    groups += [("care_form", "ambulatory"), ("provider", builders.PROVIDER)]
    # On 1 April the month of April has begun; a report of the first quarter does not show it.
    assert in_care == {(month, *group) for month in ("2024-02", "2024-03") for group in groups}
    (of_all,) = (
        row for row in found if (row["indicator"], row["period"], row["group"]) == ("in_care", "2024-02", municipality)
    )
    assert (of_all["before"]["numerator"], of_all["after"]["numerator"]) == (30, 31)


async def test_a_correction_is_no_late_statement(settings: Settings, pool: Pool, municipality: str) -> None:
    """A start that is retracted in July was never true: its cells are told as corrected, and no others."""
    told = early(municipality)
    await told_to(pool, told)
    await published(settings, municipality)
    retracted = builders.started_retracted(
        indication=f"{municipality}-1",
        first_day="2024-01-08",
        youth="noord001",
        municipality=municipality,
        received="2024-07-03T10:00:00Z",
    )

    await told_to(pool, [*told, retracted])
    found = await differences(settings, municipality)

    assert {row["cause"] for row in found} == {"correction"}
    changed = {row["indicator"] for row in found if row["group"] == municipality}
    assert {"in_care", "inflow_rate", "flow_balance.inflow", "flow_balance.end", "timeliness"} <= changed
    assert "stacking_mean" not in changed


async def test_newer_reference_data_are_a_cause_of_their_own(settings: Settings, pool: Pool, municipality: str) -> None:
    """A population that was counted anew changes the rates of the municipality and nothing else."""
    await told_to(pool, early(municipality))
    await entered(pool, municipality, 600, datetime(2024, 3, 1, tzinfo=UTC))
    await published(settings, municipality)

    await entered(pool, municipality, 500, datetime(2024, 8, 1, tzinfo=UTC))
    found = await differences(settings, municipality)

    assert {row["cause"] for row in found} == {"reference-data"}
    assert {row["indicator"] for row in found} == {"inflow_rate", "in_care_rate", "at_home_rate"}
    (rate,) = (row for row in found if (row["indicator"], row["group_kind"]) == ("inflow_rate", "municipality"))
    assert (rate["before"]["value"], rate["after"]["value"]) == ("0.050000", "0.060000")


async def test_an_erased_youth_stays_in_the_publication_and_is_told_as_erased(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """Published figures stay; live figures lose the youth; the difference says why."""
    await told_to(pool, early(municipality))
    before = await published(settings, municipality)

    await fold(pool, [record(youth_key(municipality, "noord001"), None)])
    found = await differences(settings, municipality, at=datetime.now(UTC))

    assert {row["cause"] for row in found} == {"erasure"}
    (of_all,) = (
        row for row in found if (row["indicator"], row["period"], row["group"]) == ("in_care", "2024-02", municipality)
    )
    assert (of_all["before"]["numerator"], of_all["after"]["numerator"]) == (30, 29)
    listed = await pool.fetchval("select digest from publication where municipality = $1", municipality)
    assert listed == before["digest"]


async def test_several_causes_of_one_cell_add_up(settings: Settings, pool: Pool, municipality: str) -> None:
    """Each stage begins where the one before it ended, from what was published to what is so now."""
    told = early(municipality)
    await told_to(pool, told)
    await published(settings, municipality)
    june, july = "2024-06-03T10:00:00Z", "2024-07-03T10:00:00Z"
    late: builders.Envelope = {"municipality": municipality, "received": june, "youth": "late"}
    one: builders.Envelope = {"municipality": municipality, "received": july, "youth": "noord001"}
    other: builders.Envelope = {"municipality": municipality, "received": july, "youth": "noord002"}
    more = [
        builders.started(first_day="2024-02-10", **late),
        builders.started_retracted(indication=f"{municipality}-1", **one),
        builders.started_retracted(indication=f"{municipality}-1", **other),
    ]

    await told_to(pool, [*told, *more])
    found = await differences(settings, municipality)

    steps = [
        (row["cause"], row["before"]["numerator"], row["after"]["numerator"])
        for row in found
        if (row["indicator"], row["period"], row["group"]) == ("in_care", "2024-02", municipality)
    ]
    assert steps == [("late-statement", 30, 31), ("correction", 31, 29)]


async def test_a_publication_is_never_changed(settings: Settings, pool: Pool, municipality: str) -> None:
    """Not by a command, not by us: the table refuses it."""
    await told_to(pool, early(municipality))
    await published(settings, municipality)

    for change in ("update publication set digest = ''", "delete from publication_cell"):
        with pytest.raises(asyncpg.RaiseError):
            await pool.execute(f"{change} where municipality = $1", municipality)


async def test_only_supervisors_publish(settings: Settings, pool: Pool, municipality: str) -> None:
    """A team reads what was published, and publishes nothing."""
    team = Issuer().header("team:noord", municipality=municipality)
    async with asking(settings, FIRST_OF_APRIL) as client:
        codes = [
            (await client.post("/v1/publications/2024Q1", headers=team)).status_code,
            (await client.get("/v1/publications", headers=team)).status_code,
            (await client.get("/v1/publications/2024Q1/1/differences", headers=team)).status_code,
            (await client.post("/v1/publications/2024Q1")).status_code,
        ]

    assert codes == [403, 200, 403, 401]


async def test_a_team_may_ask_of_a_publication_day(settings: Settings, pool: Pool, municipality: str) -> None:
    """Everybody but a supervisor asks of month ends and publication days alone (domain.md §6)."""
    await told_to(pool, early(municipality))
    team = Issuer().header("team:noord", municipality=municipality)
    asked = {"period": "2024-02", "on": "2024-04-01", "known_on": "2024-04-01"}

    async with asking(settings, LATER) as client:
        before = await client.get("/v1/indicators/in_care", params=asked, headers=team)
    await published(settings, municipality)
    async with asking(settings, LATER) as client:
        after = await client.get("/v1/indicators/in_care", params=asked, headers=team)

    assert (before.status_code, after.status_code) == (422, 200)
    assert after.json()["numerator"] == 30
