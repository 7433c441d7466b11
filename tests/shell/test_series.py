"""A series is the answer to the same question about each of its periods, whoever asks."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from services.indicators.api.series import OF_A_PERIOD
from services.indicators.catalogue import REPORTED
from services.indicators.definitions import Indicator, Per
from services.indicators.reference import ReferenceFile, read
from services.indicators.reference_kinds import ReferenceKind
from services.indicators.spans import list_names
from services.indicators.store.reference import enter
from tests.indicators import (
    NOON,
    TABLE,
    asking,
    fold,
    indicators_pool,
    indicators_settings,
    records,
    village,
)
from tests.naive.drawing import drawn
from tests.naive_indicators import told_layers
from tests.tokens import Issuer
from youthcare.runtime.postgres import Pool
from youthcare.runtime.settings import Settings
from youthcare.youthfacts import YouthFacts

__all__ = ["indicators_pool", "indicators_settings"]

NOW = datetime(2025, 3, 3, 12, tzinfo=UTC)
FIRST, ON = date(2023, 10, 1), date(2025, 3, 3)
SEED = 20240930


def lives(municipality: str) -> list[YouthFacts]:
    """Youths of whom something is late, double, corrected, retracted or rejected, all of one municipality."""
    return [
        replace(facts, municipality=municipality, youth=f"{number}-{facts.youth}")
        for number, history in enumerate(drawn(40, SEED))
        for facts in history.youths
    ]


async def asked(client: httpx.AsyncClient, municipality: str, role: str, path: str, **query: str) -> httpx.Response:
    """The answer to one question."""
    header = Issuer().header(role, municipality=municipality)
    return await client.get(f"/v1/indicators/{path}", params=query, headers=header)


async def whole(client: httpx.AsyncClient, municipality: str, role: str, row: Indicator, group: str) -> Any:
    """The series of an indicator."""
    query = {"first": "2023Q4", "last": "2025", "per": row.per.value, "group": group}
    return (await asked(client, municipality, role, f"{row.id}/series", **query)).raise_for_status().json()


async def one_by_one(client: httpx.AsyncClient, municipality: str, role: str, row: Indicator, group: str) -> Any:
    """The same from the page of a single figure."""
    on = ON if role == "supervisor" else date(2025, 2, 28)
    answers = [
        (await asked(client, municipality, role, row.id, period=period, group=group)).raise_for_status().json()
        for period in list_names(row.per, date(2023, 1, 1) if row.per is Per.YEAR else FIRST, on)
    ]
    figures = [{name: value for name, value in answer.items() if name in OF_A_PERIOD} for answer in answers]
    told = {name: value for name, value in answers[0].items() if name not in OF_A_PERIOD}
    return {**told, "per": row.per.value, "figures": figures}


async def populate(pool: Pool, municipality: str) -> None:
    """The population of some quarters."""
    rows = [f"{municipality},{quarter},municipality,,900" for quarter in ("2024Q1", "2024Q2", "2025Q1")]
    text = "\n".join(["municipality,quarter,group_kind,group,youths", *rows, f"{municipality},2024Q1,team,noord,300"])
    file = read(ReferenceKind.POPULATION, f"{text}\n".encode(), municipality)
    assert isinstance(file, ReferenceFile)
    async with pool.acquire() as connection, connection.transaction():
        await enter(connection, file, entered_at=NOON, entered_by="test")


@pytest.mark.parametrize("group", ["municipality", "team:noord", "care_form:ambulatory", "age_band:12-17"])
async def test_every_series_is_what_its_single_figures_are(
    settings: Settings, pool: Pool, municipality: str, group: str
) -> None:
    """Every indicator, by month, quarter and year: sums, days, named periods, durations and waiting."""
    await fold(pool, records(lives(municipality)))
    await populate(pool, municipality)

    counted = 0
    async with asking(settings, NOW) as client:
        for row in REPORTED:
            found = await whole(client, municipality, "supervisor", row, group)
            assert found == await one_by_one(client, municipality, "supervisor", row, group), row
            counted += any(figure["numerator"] for figure in found["figures"])

    assert counted > 10


@pytest.mark.parametrize("indicator", ["in_care", "flow_balance.exits", "stacking_share"])
async def test_a_team_is_told_of_each_period_what_a_single_question_tells(
    settings: Settings, pool: Pool, municipality: str, indicator: str
) -> None:
    """What is withheld of a single figure is withheld in a series."""
    for team, youths in {"noord": 30, "oost": 20, "zuid": 4}.items():
        await fold(pool, records(told_layers(village(municipality, youths, team), TABLE, None)))
    row = next(row for row in REPORTED if row.id == indicator)

    async with asking(settings, NOW) as client:
        found = await whole(client, municipality, "team:zuid", row, "team:zuid")
        expected = await one_by_one(client, municipality, "team:zuid", row, "team:zuid")

    assert found == expected
    assert {figure["withheld"] for figure in found["figures"]} == {False, True}


@pytest.mark.parametrize(
    ("role", "query", "status"),
    [
        ("supervisor", {"first": "2024", "last": "2023"}, 422),
        ("supervisor", {"first": "2024", "last": "today"}, 422),
        ("supervisor", {"first": "2024-01-01", "last": "2024-02-01"}, 422),
        ("supervisor", {"first": "2026", "last": "2027"}, 422),
        ("supervisor", {"first": "2004", "last": "2024"}, 422),
        ("supervisor", {"first": "2005-02", "last": "2025-01"}, 200),
        ("supervisor", {"first": "2024", "last": "2024", "per": "quarter"}, 422),
        ("supervisor", {"first": "2024", "last": "2024", "per": "month"}, 200),
        ("team:noord", {"first": "2024", "last": "2024", "group": "team:zuid"}, 403),
        ("team:noord", {"first": "2024", "last": "2024", "definition": "cbs-outcome"}, 403),
        ("sender:/x", {"first": "2024", "last": "2024"}, 403),
    ],
)
async def test_a_series_that_may_not_be_asked_is_refused(
    settings: Settings, municipality: str, role: str, query: dict[str, str], status: int
) -> None:
    """The rules of a single question, and at most 240 periods of one length."""
    async with asking(settings, NOW) as client:
        answer = await asked(client, municipality, role, "in_care/series", **query)

    assert answer.status_code == status
