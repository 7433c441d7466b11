"""The council report over HTTP: of live figures and of a publication, as a page and as a PDF, without small cells."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random

from services.indicators.completeness import estimate, history_of
from services.indicators.delays import Event, delay_text, series_of
from services.indicators.processor import Known
from services.indicators.steps import Amount, StepKey
from services.indicators.store.layers import add_steps
from tests import builders
from tests.indicators import TABLE, asking, fold, indicators_pool, indicators_settings, records, village
from tests.naive_indicators import told_layers
from tests.tokens import Issuer
from youthcare.period import Period
from youthcare.runtime import metrics
from youthcare.runtime.postgres import Pool
from youthcare.runtime.settings import Settings

__all__ = ["indicators_pool", "indicators_settings"]

MAY = datetime(2024, 5, 1, 9, tzinfo=UTC)
MARCH_DAYS = Period(date(2024, 3, 1), date(2024, 4, 1))
Counts = Mapping[tuple[date, int], int]


def feed(seed: int) -> Counts:
    """Four events a day over four years and a half, reported after 20 days on average; some after May."""
    rng, first = Random(seed), date(2020, 1, 1)
    days = [first + timedelta(days=number) for number in range((date(2024, 6, 1) - first).days)]
    return Counter((day, int(rng.expovariate(1 / 20))) for day in days for _ in range(4))


async def tell_counts(pool: Pool, municipality: str, event: Event, counts: Counts) -> None:
    """Keep counted delays of a municipality, each known on the day it was reported."""
    steps: dict[Known, dict[StepKey, Amount]] = {}
    for (day, delay), count in counts.items():
        key = StepKey(series_of(event), "", delay_text(delay), "municipality", municipality, day)
        steps.setdefault((municipality, day + timedelta(days=delay)), {})[key] = (count, 0, 0)
    async with pool.acquire() as connection, connection.transaction():
        await add_steps(connection, steps)


def known(counts: Counts, on: date) -> Counts:
    """What was known of them on a day."""
    return {(day, delay): count for (day, delay), count in counts.items() if day + timedelta(days=delay) <= on}


def sentence(counts: Counts, on: date, name: str) -> str:
    """What a report says of March, from the pure core."""
    told = known(counts, on)
    found = estimate(history_of(told), MARCH_DAYS, on)
    assert found is not None
    number = sum(count for (day, _), count in told.items() if MARCH_DAYS.covers(day))
    assert number <= found.lower < found.upper
    return (
        f"zijn er {number} {name} over maart 2024 gemeld. "
        f"Naar verwachting worden dat er uiteindelijk {found.lower} tot {found.upper} (schatting"
    )


async def test_a_report_is_a_page_and_a_pdf(settings: Settings, pool: Pool, municipality: str) -> None:
    """In Dutch, with a policy that lets a browser fetch nothing; the PDF is one."""
    await fold(pool, records(told_layers(village(municipality), TABLE, date(2020, 1, 1))))
    header = Issuer().header("supervisor", municipality=municipality)

    async with asking(settings, MAY) as client:
        page = await client.get("/v1/reports/2024Q1", headers=header)
        pdf = await client.get("/v1/reports/2024Q1", params={"format": "pdf"}, headers=header)

    assert (page.status_code, pdf.status_code) == (200, 200), page.text
    assert '<html lang="nl"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert pdf.content.startswith(b"%PDF-")


async def test_a_published_report_stays_as_it_was_and_tells_what_changed(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """The figures of the publication, the hash, and beside it the difference that a late statement made."""
    told = village(municipality)
    await fold(pool, records(told_layers(told, TABLE, date(2020, 1, 1))))
    header = Issuer().header("supervisor", municipality=municipality)
    async with asking(settings, MAY) as client:
        made = (await client.post("/v1/publications/2024Q1", headers=header)).json()
    late = [
        builders.started(
            indication=f"{municipality}-9",
            first_day="2024-02-10",
            team="noord",
            youth=f"late{number}",
            municipality=municipality,
            received="2024-06-03T10:00:00Z",
        )
        for number in range(12)
    ]
    await fold(pool, records(told_layers([*told, *late], TABLE, date(2020, 1, 1))))

    async with asking(settings, datetime(2024, 7, 1, 9, tzinfo=UTC)) as client:
        page = await client.get("/v1/reports/2024Q1", headers=header)

    assert page.status_code == 200, page.text
    assert made["digest"] in page.text
    assert "1 mei 2024" in page.text
    assert "te laat" in page.text or "later" in page.text


async def test_a_report_says_what_the_last_month_will_become(settings: Settings, pool: Pool, municipality: str) -> None:
    """The count as reported and beside it the band of the pure core, for starts and for ends."""
    starts, ends = feed(1), feed(2)
    await tell_counts(pool, municipality, Event.START, starts)
    await tell_counts(pool, municipality, Event.END, ends)
    header = Issuer().header("supervisor", municipality=municipality)

    async with asking(settings, MAY) as client:
        page = await client.get("/v1/reports/2024Q1", headers=header)

    assert page.status_code == 200, page.text
    assert sentence(starts, MAY.date(), "starts") in page.text
    assert sentence(ends, MAY.date(), "stops") in page.text


async def test_a_published_report_expects_what_was_expected_then(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """A month later more of March is known; the report that was published tells what was known on its day."""
    starts = feed(1)
    await tell_counts(pool, municipality, Event.START, starts)
    header = Issuer().header("supervisor", municipality=municipality)
    async with asking(settings, MAY) as client:
        await client.post("/v1/publications/2024Q1", headers=header)

    async with asking(settings, datetime(2024, 6, 1, 9, tzinfo=UTC)) as client:
        frozen = await client.get("/v1/reports/2024Q1", headers=header)

    assert frozen.status_code == 200, frozen.text
    assert sentence(starts, MAY.date(), "starts") in frozen.text
    assert sentence(starts, date(2024, 6, 1), "starts") not in frozen.text


async def test_where_nobody_can_estimate_yet_the_report_says_so(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """A feed of a few months: the starts of January are counted, and no band stands beside them."""
    await fold(pool, records(told_layers(village(municipality), TABLE, date(2020, 1, 1))))
    header = Issuer().header("supervisor", municipality=municipality)

    async with asking(settings, MAY) as client:
        page = await client.get("/v1/reports/2024Q1", headers=header)

    assert page.status_code == 200, page.text
    assert "geen schatting" in page.text
    assert "verwachte eindstand (schatting)" not in page.text.split('id="schattingen"')[1].split("</svg>")[0]


async def test_a_difference_that_nothing_explains_is_told_as_such(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """A step that was altered behind our back is no reason to break, and none to be silent: it is told and counted."""
    await fold(pool, records(told_layers(village(municipality), TABLE, date(2020, 1, 1))))
    header = Issuer().header("supervisor", municipality=municipality)
    async with asking(settings, MAY) as client:
        await client.post("/v1/publications/2024Q1", headers=header)
    await pool.execute(
        """update step set numerator = numerator + 20
           where municipality = $1 and indicator = 'stacking_share' and group_kind = 'municipality'
             and numerator > 0""",
        municipality,
    )
    counted = metrics.REGISTRY.get_sample_value("youthcare_publication_unexplained_total") or 0

    async with asking(settings, MAY) as client:
        page = await client.get("/v1/reports/2024Q1", headers=header)

    assert page.status_code == 200, page.text
    assert "onverklaard" in page.text
    assert "Vraag de beheerder van dit systeem bij de gemeente" in page.text
    assert (metrics.REGISTRY.get_sample_value("youthcare_publication_unexplained_total") or 0) > counted


async def test_nobody_reads_of_a_few_in_a_report(settings: Settings, pool: Pool, municipality: str) -> None:
    """A supervisor's report goes to the council, so what is small is withheld in it as well."""
    await fold(pool, records(told_layers(village(municipality, youths=4), TABLE, date(2020, 1, 1))))
    header = Issuer().header("supervisor", municipality=municipality)

    async with asking(settings, MAY) as client:
        page = await client.get("/v1/reports/2024Q1", headers=header)

    assert page.status_code == 200, page.text
    assert "te kleine aantallen" in page.text


async def test_who_may_not_read_figures_reads_no_report(settings: Settings, pool: Pool, municipality: str) -> None:
    """A sender has no figures; a quarter that has not begun has no report."""
    sender = Issuer().header("sender:/0153/x", municipality=municipality)
    team = Issuer().header("team:noord", municipality=municipality)

    async with asking(settings, MAY) as client:
        codes = [
            (await client.get("/v1/reports/2024Q1")).status_code,
            (await client.get("/v1/reports/2024Q1", headers=sender)).status_code,
            (await client.get("/v1/reports/2031Q1", headers=team)).status_code,
            (await client.get("/v1/reports/2024Q1", headers=team)).status_code,
        ]

    assert codes == [401, 403, 422, 200]
