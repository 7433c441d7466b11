"""The inbox as a team meets it: in a real browser, on a telephone and on a desk screen, over real Postgres."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from services.indicators.report.palette import ALL
from tests import builders
from tests.chromium import browser
from tests.conftest import REPOSITORY
from tests.inbox import TEAMS, TODAY, asked, facts_of, fold, invented, served, settings_of, token_of, visit
from tests.naive_luminance import contrast
from tests.stack import new_municipality
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.settings import Settings
from youthcare.youthfacts import YouthFacts

WIDTHS = (375, 1280)
NASTY = "<script>alert('x')</script>\"'&"
SHEET = REPOSITORY / "services/alerts/static/inbox.css"


@pytest.fixture(scope="module")
def settings(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(stack, tmp_path_factory.mktemp("inbox"))


@pytest.fixture(scope="module")
def crowd(settings: Settings) -> str:
    """A municipality with hundreds of youths of nine teams."""
    municipality = new_municipality()
    fold(settings, invented(municipality, 600))
    return municipality


@pytest.fixture(scope="module")
def address(settings: Settings, crowd: str) -> Iterator[str]:
    """The API over HTTP."""
    with served(settings) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all."""
    with browser() as running:
        yield running


def statements(municipality: str) -> list[builders.Statement]:
    """One youth of team noord, with care that runs, a refused request, and a request of yesterday."""
    envelope: builders.Envelope = {"municipality": municipality, "youth": f"{int(municipality):032x}"}
    spring: builders.Envelope = {**envelope, "time": "2026-04-01T09:00:00Z"}
    answered: builders.Envelope = {**envelope, "time": "2026-04-03T09:00:00Z"}
    yesterday: builders.Envelope = {**envelope, "time": f"{TODAY - timedelta(days=1)}T09:00:00Z"}
    return [
        builders.registered(valid_from="2024-01-01", team="noord", case_reference=f"N-{municipality}", **envelope),
        builders.started(indication=f"{municipality}-1", first_day="2026-03-02", referrer="02", **envelope),
        builders.requested(request="R-0", **spring),
        builders.answered(request="R-0", **answered),
        builders.requested(request="R-1", provider="65656055", **yesterday),
    ]


def one_youth(settings: Settings) -> tuple[str, int]:
    """A municipality of its own with one stacking request; its number and that of the alert."""
    municipality = new_municipality()
    fold(settings, [facts_of(statements(municipality))])
    query = "select number from alert where municipality = $1 and rule = 'stacking-request' and anchor = 'R-1'"
    [row] = asked(settings, query, municipality)
    return municipality, row["number"]


def corrected(municipality: str) -> YouthFacts:
    """The facts when the care that ran turns out never to have been: the request stacks nothing."""
    told = statements(municipality)
    envelope: builders.Envelope = {"municipality": municipality, "youth": f"{int(municipality):032x}"}
    gone = builders.started_retracted(indication=f"{municipality}-1", first_day="2026-03-02", **envelope)
    return facts_of([*told, gone])


def faults(page: Page) -> list[str]:
    """What axe finds that is serious or worse, of WCAG 2.0 to 2.2 on levels A and AA."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}}).response
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical", "moderate")
    ]


def state_of(settings: Settings, municipality: str, number: int) -> dict[str, Any]:
    """An alert as it is kept."""
    [row] = asked(settings, "select * from alert where municipality = $1 and number = $2", municipality, number)
    return row


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/", "/?stand=expired", "/toegankelijkheid", "/normen", "/nut"])
def test_no_page_has_an_accessibility_fault_or_scrolls_sideways(
    chromium: Browser, address: str, crowd: str, path: str, width: int
) -> None:
    """On both widths, with hundreds of alerts; the console stays empty, so the policy allows all that is used."""
    with visit(chromium, address, token_of(crowd, "supervisor"), width=width) as seen:
        page = seen.to(path)

        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert seen.complaints == []
        assert page.locator("h1").count() == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_a_card_with_dossier_and_drawing_has_no_accessibility_fault(
    chromium: Browser, address: str, settings: Settings, width: int
) -> None:
    """With every form open."""
    municipality, number = one_youth(settings)

    with visit(chromium, address, token_of(municipality, "team:noord"), width=width) as seen:
        page = seen.to(f"/meldingen/{number}")
        page.locator("summary", has_text="Afsluiten").click()
        page.locator("summary", has_text="De zorg in een tabel").click()

        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.get_by_role("img", name="Tekening van de zorg in de tijd").count() == 1
        assert seen.complaints == []


def test_whoever_has_not_signed_in_is_led_there_and_back(chromium: Browser, address: str, crowd: str) -> None:
    """Default deny; what is asked for after signing in must be a page of ours."""
    with visit(chromium, address, None) as seen:
        page = seen.to("/?naar=https://elders.example")
        page.goto(f"{address}/meldingen/1")

        assert page.url == f"{address}/aanmelden?naar=/meldingen/1"
        assert faults(page) == []

        page.fill("textarea[name=token]", "geen bewijs")
        page.click("main button")
        expect(page.get_by_role("status")).to_have_text("Dit toegangsbewijs geeft hier geen toegang.")

        page.fill("textarea[name=token]", token_of(crowd, "supervisor"))
        page.click("main button")
        expect(page).to_have_url(f"{address}/meldingen/1")

        page.get_by_role("button", name="Afmelden").click()
        expect(page).to_have_url(f"{address}/aanmelden")
        page.goto(f"{address}/")
        assert page.url.startswith(f"{address}/aanmelden")


def test_a_team_sees_its_own_alerts_by_its_own_reference(
    chromium: Browser, address: str, settings: Settings, crowd: str
) -> None:
    """No identifier of a youth, no other team, and no more lines than fit a page."""
    with visit(chromium, address, token_of(crowd, "team:noord")) as seen:
        numbers = [int(each.get_attribute("data-melding") or 0) for each in seen.page.locator(".melding").all()]
        words = seen.page.content()

    rows = asked(settings, "select number, holder, youth from alert where municipality = $1", crowd)
    mine = {row["number"] for row in rows if row["holder"] == "noord"}
    assert 0 < len(numbers) <= 50
    assert set(numbers) <= mine
    assert not [row["youth"] for row in rows if row["youth"] and row["youth"] in words]


def test_an_alert_of_another_team_is_not_there(chromium: Browser, address: str, settings: Settings, crowd: str) -> None:
    """Its number answers as a number that was never given: a page in Dutch, with 404."""
    [row] = asked(settings, "select number from alert where municipality = $1 and holder <> 'noord' limit 1", crowd)

    with visit(chromium, address, token_of(crowd, "team:noord")) as seen:
        theirs = seen.page.goto(f"{address}/meldingen/{row['number']}")
        words = seen.page.locator("main").inner_text()
        nobodys = seen.page.goto(f"{address}/meldingen/{10**18}")
        normen = seen.page.goto(f"{address}/normen")

        assert theirs is not None and nobodys is not None and normen is not None
        assert (theirs.status, nobodys.status, normen.status) == (404, 404, 403)
        assert "niet van uw team" in words


def test_the_supervisor_filters_and_pages_through_all_teams(chromium: Browser, address: str, crowd: str) -> None:
    """Fifty lines a page; a choice stays in the address, and the next page has other alerts."""
    with visit(chromium, address, token_of(crowd, "supervisor")) as seen:
        page = seen.page
        first = [each.get_attribute("id") for each in page.locator(".melding").all()]
        page.get_by_role("link", name="Volgende meldingen").click()
        expect(page.locator(f"#{first[0]}")).to_have_count(0)
        second = [each.get_attribute("id") for each in page.locator(".melding").all()]
        page.goto(address)
        page.select_option("select[name=team]", "zuid")
        page.select_option("select[name=regel]", "stacking-request")
        page.get_by_role("button", name="Toon").click()
        page.wait_for_url("**team=zuid&regel=stacking-request**")

        assert len(first) == 50
        assert second and not set(first) & set(second)
        assert {each.inner_text() for each in page.locator(".feiten div:has(dt:text('Team')) dd").all()} <= {"zuid"}
        assert {*TEAMS} <= {each.get_attribute("value") for each in page.locator("select[name=team] option").all()}


def test_a_team_member_reads_what_a_request_would_stack(chromium: Browser, address: str, settings: Settings) -> None:
    """What runs, since when, from whom, referred by whom, what was refused before, and the deadline counting down."""
    municipality, _number = one_youth(settings)

    with visit(chromium, address, token_of(municipality, "team:noord")) as seen:
        seen.page.get_by_role("link", name=f"Dossier N-{municipality}: Verzoek").click()
        dossier = seen.page.locator("#dossier")

        expect(dossier).to_contain_text("nog 4 werkdagen")
        expect(dossier).to_contain_text("ambulante jeugdhulp bij aanbieder 42420001")
        expect(dossier).to_contain_text("2 maart 2026")
        expect(dossier).to_contain_text("de huisarts")
        expect(dossier).to_contain_text("afgewezen op 3 april 2026: stapeling")


def test_a_team_member_takes_an_alert_up_puts_it_off_hands_it_on_and_closes_it(
    chromium: Browser, address: str, settings: Settings
) -> None:
    """Without the page being loaded again; each step is said to a screen reader and stands in the history."""
    municipality, number = one_youth(settings)

    with visit(chromium, address, token_of(municipality, "team:noord", subject="anna")) as seen:
        page = seen.to(f"/meldingen/{number}")
        page.evaluate("window.sameDocument = true")
        page.locator("#handelingen").get_by_role("button", name="In behandeling nemen").click()
        expect(page.locator("#bericht")).to_have_text("De melding is in behandeling.")
        expect(page.locator("#stand")).to_contain_text("in behandeling")

        page.locator("summary", has_text="Uitstellen").click()
        page.locator("form[action$=uitstellen] textarea").fill(NASTY)
        page.get_by_role("button", name="Uitstellen").click()
        expect(page.locator("#stand")).to_contain_text("uitgesteld tot 2 december 2026")
        expect(page.locator("#geschiedenis")).to_contain_text(NASTY)

        page.locator("summary", has_text="Toewijzen").click()
        page.get_by_role("button", name="Toewijzen").click()
        expect(page.locator("#stand")).to_contain_text("Bij: u")

        page.locator("summary", has_text="Afsluiten").click()
        page.get_by_label("al bekend").check()
        page.get_by_role("button", name="Afsluiten").click()
        expect(page.locator("#stand")).to_contain_text("afgesloten: al bekend")
        expect(page.locator("#handelingen summary")).to_have_count(0)
        assert page.evaluate("window.sameDocument")
        assert seen.complaints == []

    kept = state_of(settings, municipality, number)
    assert (kept["state"], kept["outcome"], kept["assignee"]) == ("closed", "already-known", "anna")


def test_an_alert_that_is_withdrawn_changes_while_one_looks_and_keeps_what_one_writes(
    chromium: Browser, address: str, settings: Settings
) -> None:
    """A correction takes its ground away: list and card say so without being loaded again, and who was told."""
    municipality, number = one_youth(settings)
    token = token_of(municipality, "team:noord")

    with visit(chromium, address, token) as listed, visit(chromium, address, token) as seen:
        page = seen.to(f"/meldingen/{number}")
        page.locator("summary", has_text="Notitie").click()
        page.locator("form[action$=notitie] textarea").fill("half geschreven")
        page.locator("form[action$=notitie] textarea").evaluate("each => each.blur()")
        expect(listed.page.locator(f"#melding-{number}")).to_contain_text("Stand: open")

        fold(settings, [corrected(municipality)])

        expect(page.locator("#stand")).to_contain_text("ingetrokken", timeout=10_000)
        expect(page.locator("#stand")).to_contain_text("Verteld aan: team noord")
        expect(page.locator("#geschiedenis")).to_contain_text("door nieuwe gegevens viel de grond weg")
        expect(listed.page.locator(f"#melding-{number}")).to_contain_text("Stand: ingetrokken")
        expect(page.locator("form[action$=notitie] textarea")).to_have_value("half geschreven")
        assert page.get_by_role("button", name="In behandeling nemen").count() == 0


def test_a_live_change_leaves_the_forms_alone_while_the_same_may_be_done(
    chromium: Browser, address: str, settings: Settings
) -> None:
    """What a colleague does shows at once, and what one is writing stays."""
    municipality, number = one_youth(settings)

    with (
        visit(chromium, address, token_of(municipality, "team:noord")) as seen,
        visit(chromium, address, token_of(municipality, "team:noord", subject="piet")) as other,
    ):
        page = seen.to(f"/meldingen/{number}")
        page.locator("summary", has_text="Notitie").click()
        page.locator("form[action$=notitie] textarea").fill("half geschreven")
        other.page.locator(f"#neem-{number}").click()

        expect(page.locator("#stand")).to_contain_text("in behandeling", timeout=10_000)
        expect(page.locator("#geschiedenis")).to_contain_text("piet")
        expect(page.locator("form[action$=notitie] textarea")).to_have_value("half geschreven")


def test_the_list_is_worked_with_the_keyboard_alone(chromium: Browser, address: str, settings: Settings) -> None:
    """Skip link, alert, take up; then one is still at that alert."""
    municipality, number = one_youth(settings)

    with visit(chromium, address, token_of(municipality, "team:noord")) as seen:
        page = seen.to("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Naar de inhoud"
        page.keyboard.press("Enter")
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == f"neem-{number}":
                break
        page.keyboard.press("Enter")

        expect(page.locator(f"#melding-{number}")).to_contain_text("Stand: in behandeling")
        expect(page.locator(f"#naar-{number}")).to_be_focused()


def test_other_acts_open_within_the_line(chromium: Browser, address: str, settings: Settings) -> None:
    """And close it there; the line says so."""
    municipality, number = one_youth(settings)

    with visit(chromium, address, token_of(municipality, "team:noord"), width=375) as seen:
        page = seen.to("/")
        page.locator(f"#meer-{number}").click()
        page.locator("summary", has_text="Afsluiten").click()
        page.get_by_label("niet van ons").check()
        assert faults(page) == []
        page.get_by_role("button", name="Afsluiten").click()

        expect(page.locator(f"#melding-{number}")).to_contain_text("afgesloten: niet van ons")


def test_everything_works_without_a_script(chromium: Browser, address: str, settings: Settings) -> None:
    """A plain form and a redirect; what went wrong is said on the page."""
    municipality, number = one_youth(settings)

    with visit(chromium, address, token_of(municipality, "team:noord"), script=False) as seen:
        page = seen.to("/")
        page.locator(f"#neem-{number}").click()
        assert page.url == f"{address}/meldingen/{number}?gedaan=acknowledged"
        expect(page.get_by_role("status")).to_have_text("De melding is in behandeling.")

        page.locator("summary", has_text="Notitie").click()
        page.locator("form[action$=notitie] textarea").fill("Zie 123456782")
        page.get_by_role("button", name="Bewaren").click()
        expect(page.get_by_role("status")).to_contain_text("burgerservicenummer")

        page.locator("summary", has_text="Afsluiten").click()
        page.get_by_label("niet van ons").check()
        page.get_by_role("button", name="Afsluiten").click()
        expect(page.locator("#stand")).to_contain_text("afgesloten: niet van ons")


def test_a_norm_is_tried_before_it_is_saved(chromium: Browser, address: str, settings: Settings) -> None:
    """Per team what it would have done; only then a reason is asked, and the diary says who entered it."""
    municipality, _number = one_youth(settings)

    with visit(chromium, address, token_of(municipality, "supervisor", subject="toos")) as seen:
        page = seen.to("/normen")
        expect(page.get_by_role("row", name=re.compile("^Lang zorgtraject 730 dagen .* meegeleverd"))).to_have_count(1)
        page.select_option("select[name=rule]", "trajectory-overlong")
        page.fill("input[name=number]", "60")
        page.get_by_role("button", name="Bekijk wat dit zou doen").click()
        expect(page.locator("#proef-tabel")).to_have_count(1)
        assert page.get_by_role("row", name=re.compile("^hele gemeente 0 ")).count() == 1
        assert faults(page) == []
        assert asked(settings, "select 1 from norm where municipality = $1", municipality) == []

        page.fill("textarea[name=reason]", "Proef van het team.")
        page.get_by_role("button", name="Bewaar deze norm").click()
        expect(page.get_by_role("status")).to_have_text("De norm is bewaard.")
        expect(page.get_by_role("row", name=re.compile("60 dagen .* toos"))).to_have_count(1)


def test_a_norm_that_is_none_is_refused_in_words(chromium: Browser, address: str, crowd: str) -> None:
    """And what was filled in stays."""
    with visit(chromium, address, token_of(crowd, "supervisor")) as seen:
        page = seen.to("/normen")
        page.select_option("select[name=rule]", "trajectory-overlong")
        page.fill("input[name=number]", "0")
        page.get_by_role("button", name="Bekijk wat dit zou doen").click()

        expect(page.get_by_role("status")).to_contain_text("Het getal ligt tussen 1 en")
        expect(page.locator("select[name=rule]")).to_have_value("trajectory-overlong")


@contextmanager
def session_of(address: str, token: str) -> Iterator[httpx.Client]:
    """A client that signed in as a browser does."""
    with httpx.Client(base_url=address) as client:
        client.post("/aanmelden", data={"token": token})
        yield client


def test_a_form_that_no_page_of_the_session_made_changes_nothing(address: str, settings: Settings, crowd: str) -> None:
    """No token, that of another session, or asked for by another site: 403, whatever the path."""
    [row] = asked(settings, "select number from alert where municipality = $1 and state = 'open' limit 1", crowd)
    posts = [f"/meldingen/{row['number']}/{path}" for path in ("in-behandeling", "afsluiten", "notitie")]
    with (
        session_of(address, token_of(crowd, "supervisor")) as client,
        session_of(address, token_of(crowd, "supervisor", subject="ander")) as other,
    ):
        theirs = re.findall(r'name="form_token" value="([0-9a-f]{64})"', other.get("/").text)[0]
        own = re.findall(r'name="form_token" value="([0-9a-f]{64})"', client.get("/").text)[0]

        for path in (*posts, "/normen", "/normen/proef", "/afmelden"):
            assert client.post(path, data={"note": "x"}).status_code == 403, path
            assert client.post(path, data={"form_token": theirs}).status_code == 403, path
            foreign = client.post(path, data={"form_token": own}, headers={"Sec-Fetch-Site": "cross-site"})
            assert foreign.status_code == 403, path

    assert state_of(settings, crowd, row["number"])["state"] == "open"


def test_pages_bind_the_browser(address: str, crowd: str) -> None:
    """No inline script or style, no frame, no referrer, nothing kept; the cookie is out of reach of script."""
    with httpx.Client(base_url=address) as client:
        signed = client.post("/aanmelden", data={"token": token_of(crowd, "supervisor")})
        shown = client.get("/")

    cookie = signed.headers["set-cookie"]
    policy = shown.headers["content-security-policy"]
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
    assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)|style=|\son[a-z]+=", shown.text)


def test_the_cookie_opens_pages_and_the_stream_and_no_other_door(address: str, crowd: str) -> None:
    """The doors under `/v1/` take a token in the header alone, so that no form can ever reach them."""
    with session_of(address, token_of(crowd, "supervisor")) as client:
        assert client.get("/").status_code == 200
        assert client.get("/v1/alerts").status_code == 401
        assert client.post("/v1/alerts/1/acknowledgement").status_code == 401
        with client.stream("GET", "/v1/alerts/stream") as stream:
            assert stream.status_code == 200


def test_the_cookie_is_for_tls_alone_but_on_this_machine(address: str, crowd: str) -> None:
    """Behind any other name it is `Secure` and bound to the host."""
    form = {"token": token_of(crowd, "supervisor")}

    elsewhere = httpx.post(f"{address}/aanmelden", data=form, headers={"Host": "meldingen.example"})

    assert elsewhere.headers["set-cookie"].startswith("__Host-trajectwacht=")
    assert "Secure" in elsewhere.headers["set-cookie"]


def test_a_sender_has_nothing_to_see_here(address: str, crowd: str) -> None:
    """A token without a team and without the supervisor's role does not sign in."""
    answer = httpx.post(f"{address}/aanmelden", data={"token": token_of(crowd, "sender:urn:x")})

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_inbox_and_the_report_are_one_family() -> None:
    """The same colours by the same names; those of letters are read on both grounds (WCAG 1.4.3)."""
    sheet = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", SHEET.read_text()))

    assert sheet == ALL
    for name in ("ink", "quiet", "figure", "second", "met", "not-met"):
        assert contrast(sheet[name], sheet["paper"]) >= 4.5, name
    for name in ("figure", "second", "target", "estimate", "not-met"):
        assert contrast(sheet[name], sheet["paper"]) >= 3, name


def test_a_name_from_outside_is_letters_and_nothing_else(chromium: Browser, address: str, settings: Settings) -> None:
    """A case reference cannot become part of the page."""
    municipality = new_municipality()
    facts = facts_of(statements(municipality))
    odd = replace(facts, registrations=tuple(replace(row, case_reference=NASTY) for row in facts.registrations))
    fold(settings, [odd])

    with visit(chromium, address, token_of(municipality, "team:noord")) as seen:
        expect(seen.page.locator(".melding h3 a").first).to_contain_text(NASTY)
        assert seen.complaints == []
