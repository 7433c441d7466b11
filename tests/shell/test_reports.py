"""The council report over HTTP: of live figures and of a publication, as a page and as a PDF, without small cells."""

from datetime import UTC, date, datetime

from tests import builders
from tests.indicators import TABLE, asking, fold, indicators_pool, indicators_settings, records, village
from tests.naive_indicators import told_layers
from tests.tokens import Issuer
from youthcare.runtime.postgres import Pool
from youthcare.runtime.settings import Settings

__all__ = ["indicators_pool", "indicators_settings"]

MAY = datetime(2024, 5, 1, 9, tzinfo=UTC)


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


async def test_a_difference_that_nothing_explains_is_told_as_such(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """A step that was altered behind our back is no reason to break, and none to be silent."""
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

    async with asking(settings, MAY) as client:
        page = await client.get("/v1/reports/2024Q1", headers=header)

    assert page.status_code == 200, page.text
    assert "onverklaard" in page.text


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
