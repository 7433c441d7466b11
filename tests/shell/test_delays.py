"""The right edge on a real Postgres, over HTTP: timeliness of senders, and estimates that are marked as such."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest
import yaml
from fastapi import FastAPI

from services.indicators.api.delays import add_delay_pages
from services.indicators.completeness import estimate, history_of
from services.indicators.delays import Event, delay_text, series_of
from services.indicators.processor import Known, layers_after, step_changes
from services.indicators.steps import Amount, StepKey
from services.indicators.store.layers import add_steps
from services.indicators.store.tables import TABLES
from tests import builders
from tests.apis import api_environment
from tests.naive_indicators import told_layers
from tests.stack import new_municipality
from tests.tokens import Issuer
from youthcare.codes import care_forms_from
from youthcare.period import ONE_DAY, Period
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, apply_schema, open_pool
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.web import create_app

TABLE = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))
TODAY = date(2024, 10, 15)
FEED_FIRST_DAY = date(2020, 1, 1)
SEPTEMBER = Period(date(2024, 9, 1), date(2024, 10, 1))
Counts = Mapping[tuple[date, int], int]


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    return Settings.from_env(api_environment(stack, tmp_path, "indicators"))


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    opened = await open_pool(settings.database("indicators"), "test-delays", all_municipalities=True)
    await apply_schema(opened, TABLES)
    yield opened
    await opened.close()


@dataclass(frozen=True, slots=True)
class Door:
    """A client of the two pages, as a supervisor of one municipality unless said otherwise."""

    client: httpx.AsyncClient
    municipality: str

    async def get(self, page: str, *roles: str, **query: str) -> httpx.Response:
        """Ask for a page."""
        header = Issuer().header(*(roles or ("supervisor",)), municipality=self.municipality)
        return await self.client.get(f"/v1/{page}", params=query, headers=header)


@asynccontextmanager
async def doors(settings: Settings) -> AsyncIterator[Callable[[str], Door]]:
    """The pages in an app of their own behind the gate, on a session that sees one municipality at a time."""

    async def well() -> list[str]:
        return []

    app: FastAPI = create_app("test", gate=token_gate(settings.token()), http=settings.http(), problems=well)
    own = await open_pool(settings.database("indicators"), "test-delays-api")
    add_delay_pages(app, [own], lambda: TODAY)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield lambda municipality: Door(client, municipality)
    await own.close()


async def tell(pool: Pool, told: Iterable[builders.Statement]) -> None:
    """Keep the steps of what was told, as the worker does."""
    facts = told_layers(list(told), TABLE, None)
    pairs = layers_after({}, [((row.municipality, row.youth), row) for row in facts])
    async with pool.acquire() as connection, connection.transaction():
        await add_steps(connection, step_changes(pairs))


async def tell_counts(pool: Pool, municipality: str, group: tuple[str, str], counts: Counts) -> None:
    """Keep counted delays of starts, each known on the day it was reported."""
    steps: dict[Known, dict[StepKey, Amount]] = {}
    for (day, delay), count in counts.items():
        key = StepKey(series_of(Event.START), "", delay_text(delay), *group, day)
        steps.setdefault((municipality, day + timedelta(days=delay)), {})[key] = (count, 0, 0)
    async with pool.acquire() as connection, connection.transaction():
        await add_steps(connection, steps)


def feed(seed: int = 1) -> Counts:
    """Three starts a day over nearly five years, reported after 20 days on average; some after today."""
    rng = Random(seed)
    days = [FEED_FIRST_DAY + timedelta(days=number) for number in range((TODAY - FEED_FIRST_DAY).days)]
    return Counter((day, int(rng.expovariate(1 / 20))) for day in days for _ in range(3))


def started(municipality: str, number: int, source: str, first_day: str, told_at: str) -> builders.Statement:
    """A start of a youth of its own, told by a sender."""
    return builders.started(
        indication=f"{municipality}-{number}",
        first_day=first_day,
        youth=f"youth{number:03d}",
        municipality=municipality,
        source=source,
        time=told_at,
    )


NORTH_STARTS = ("2024-09-02", "2024-09-03", "2024-09-04", "2024-09-05")
INSTITUTION = "urn:ijw:9999:11111111"


def september(municipality: str) -> list[builders.Statement]:
    """A team that tells the next day, and an institution that is 8, 15 and 43 days late."""
    north = [
        started(municipality, number, builders.TEAM_NORTH, day, f"{date.fromisoformat(day) + ONE_DAY}T10:00:00Z")
        for number, day in enumerate(NORTH_STARTS)
    ]
    late = [
        started(municipality, 10 + delay, INSTITUTION, "2024-09-02", f"{date(2024, 9, 2 + delay)}T10:00:00Z")
        for delay in (8, 15)
    ]
    return [*north, *late, started(municipality, 90, INSTITUTION, "2024-09-02", "2024-10-15T10:00:00Z")]


async def test_a_supervisor_sees_how_timely_each_sender_reports(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """Share in time with numerator and denominator, the distribution of the delay in civil days, and its median."""
    await tell(pool, september(municipality))

    async with doors(settings) as door:
        answer = (await door(municipality).get("senders/timeliness", month="2024-09")).json()

    assert answer["senders"] == [
        {
            "sender": builders.TEAM_NORTH,
            "numerator": 4,
            "denominator": 4,
            "value": "1.000000",
            "status": "final",
            "delay_days": {"0-5": 4, "6-10": 0, "11-20": 0, "21+": 0},
            "delay_days_median": 1,
        },
        {
            "sender": INSTITUTION,
            "numerator": 0,
            "denominator": 3,
            "value": "0.000000",
            "status": "final",
            "delay_days": {"0-5": 0, "6-10": 1, "11-20": 1, "21+": 1},
            "delay_days_median": 15,
        },
    ]
    assert "vijfde werkdag" in answer["note"]


async def test_timeliness_is_told_as_it_was_known_and_is_not_final_for_five_working_days(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """On 1 October the third report of the institution was unknown, and the last days of September still had time."""
    await tell(pool, september(municipality))

    async with doors(settings) as door:
        answer = (await door(municipality).get("senders/timeliness", month="2024-09", known_on="2024-10-01")).json()

    assert [(row["denominator"], row["status"]) for row in answer["senders"]] == [
        (4, "provisional"),
        (2, "provisional"),
    ]


async def test_an_estimate_is_that_of_the_pure_core_and_says_what_it_is(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """Reported, band and completeness of September; nobody can take it for a count."""
    counts = feed()
    await tell_counts(pool, municipality, ("municipality", municipality), counts)
    expected = estimate(history_of(counts), SEPTEMBER, TODAY)
    truth = sum(count for (day, _), count in counts.items() if SEPTEMBER.covers(day))
    reported = sum(
        count for (day, delay), count in counts.items() if SEPTEMBER.covers(day) and day + timedelta(delay) <= TODAY
    )

    async with doors(settings) as door:
        answer = (await door(municipality).get("completeness/2024-09")).json()

    assert expected is not None
    assert expected.lower <= truth <= expected.upper
    assert answer["is_estimate"] is True
    assert "geen telling" in answer["note"]
    assert answer["estimates"][0] == {
        "event": "start",
        "completeness_percent": round(100 * expected.completeness),
        "reported": reported,
        "lower": expected.lower,
        "middle": expected.middle,
        "upper": expected.upper,
    }


async def test_where_too_little_is_known_there_is_no_estimate(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """Null, never a guess: of the seven starts of a feed of six weeks, and of the ends that nobody told of."""
    await tell(pool, september(municipality))

    async with doors(settings) as door:
        starts, ends = (await door(municipality).get("completeness/2024Q3")).json()["estimates"]

    nothing = {"completeness_percent": None, "lower": None, "middle": None, "upper": None}
    assert starts == {"event": "start", "reported": 7, **nothing}
    assert ends == {"event": "end", "reported": 0, **nothing}


async def test_a_sender_has_an_estimate_of_its_own(settings: Settings, pool: Pool, municipality: str) -> None:
    """Asked for one sender, only its reports count."""
    await tell_counts(pool, municipality, ("sender", INSTITUTION), feed(2))
    await tell_counts(pool, municipality, ("sender", builders.TEAM_NORTH), {(date(2024, 9, 2), 1): 1})

    async with doors(settings) as door:
        asked = [
            (await door(municipality).get("completeness/2024-09", sender=sender)).json()
            for sender in (INSTITUTION, builders.TEAM_NORTH)
        ]

    assert [answer["group"] for answer in asked] == [f"sender:{INSTITUTION}", f"sender:{builders.TEAM_NORTH}"]
    assert [answer["estimates"][0]["reported"] > 1 for answer in asked] == [True, False]
    assert [answer["estimates"][0]["upper"] is not None for answer in asked] == [True, False]


async def test_others_than_a_supervisor_see_whole_per_cents_alone(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """No count stands in the answer, so nothing can be worked out from it; and it is asked of month ends."""
    await tell_counts(pool, municipality, ("municipality", municipality), feed())

    async with doors(settings) as door:
        answer = (await door(municipality).get("completeness/2024-09", "team:noord")).json()

    assert answer["known_on"] == "2024-09-30"
    assert [set(row) for row in answer["estimates"]] == [{"event", "completeness_percent"}] * 2
    assert 20 < answer["estimates"][0]["completeness_percent"] < 80


async def test_two_municipalities_do_not_see_each_others_delays(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """The same senders in two municipalities: each token tells of its own alone."""
    other = new_municipality()
    await tell(pool, september(municipality))

    async with doors(settings) as door:
        seen = (await door(other).get("senders/timeliness", month="2024-09")).json()
        counted = (await door(other).get("completeness/2024-09")).json()

    assert seen["senders"] == []
    assert [row["reported"] for row in counted["estimates"]] == [0, 0]


@pytest.mark.parametrize(
    ("page", "roles", "query", "status"),
    [
        ("senders/timeliness", ["team:noord"], {"month": "2024-09"}, 403),
        ("senders/timeliness", ["sender:/x"], {"month": "2024-09"}, 403),
        ("senders/timeliness", ["supervisor"], {"month": "2024Q3"}, 422),
        ("senders/timeliness", ["supervisor"], {"month": "2024-11"}, 422),
        ("senders/timeliness", ["supervisor"], {"month": "2024-09", "known_on": "2024-10-16"}, 422),
        ("senders/timeliness", ["supervisor"], {}, 422),
        ("completeness/2024-09", ["sender:/x"], {}, 403),
        ("completeness/2024-09", ["team:noord"], {"sender": "/x"}, 403),
        ("completeness/2024-09", ["team:noord"], {"known_on": "2024-10-14"}, 422),
        ("completeness/2024-10", ["team:noord"], {}, 422),
        ("completeness/2024-09-01", ["supervisor"], {}, 422),
        ("completeness/2024-10", ["supervisor"], {}, 200),
        ("completeness/2024", ["supervisor"], {}, 200),
    ],
)
async def test_what_may_not_be_asked_is_refused(
    settings: Settings, pool: Pool, municipality: str, page: str, roles: list[str], query: dict[str, str], status: int
) -> None:
    """Senders are for supervisors; nobody asks of the future or of a period that is none or has not begun."""
    async with doors(settings) as door:
        answer = await door(municipality).get(page, *roles, **query)

    assert answer.status_code == status
