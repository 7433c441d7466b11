"""The report as people meet it: a page in a browser, on a telephone and on a desk screen, and a PDF."""

import itertools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from services.indicators.report.app import Printed, content_security_policy, html_of, style_of, write_report
from services.indicators.report.model import TEAM
from tests.chromium import Opened, browser, opened
from tests.report_builders import cell, example_report, report
from tests.report_photographs import WIDTHS, photograph_html
from youthcare.runtime.printing import NotInThePage, printed

NASTY = "<script>alert('x')</script>&\"'"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """The example report as files."""
    return write_report(example_report(), tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def pdf(files: Printed) -> PdfReader:
    """The printed example."""
    return PdfReader(files.pdf)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all."""
    with browser() as running:
        yield running


@pytest.fixture(scope="module", params=WIDTHS)
def page(request: pytest.FixtureRequest, chromium: Browser, files: Printed) -> Iterator[Opened]:
    """The page at the width of a telephone and of a desk screen."""
    with opened(chromium, files.html, width=request.param) as shown:
        yield shown


def test_the_page_asks_for_nothing_and_complains_of_nothing(page: Opened) -> None:
    """One file: no script, no font, no image from anywhere; an empty console."""
    assert page.complaints == []
    assert page.asked == [page.page.url]
    assert page.page.locator("script, link, img, iframe").count() == 0


def test_the_page_fits_its_width(page: Opened) -> None:
    """No sideways scrolling of the page; a wide table scrolls within its own region."""
    assert page.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_no_text_sticks_out_of_its_place(page: Opened) -> None:
    """Whatever does not lie in a table that scrolls lies within the window."""
    sticking_out = page.page.evaluate(
        """() => [...document.querySelectorAll("h1,h2,h3,p,li,dt,dd,svg,figcaption,.tabel")]
            .filter(each => each.getBoundingClientRect().right > window.innerWidth + 1 && !each.closest(".overslaan"))
            .map(each => each.textContent)"""
    )

    assert sticking_out == []


def test_headings_stand_in_order(page: Opened) -> None:
    """One first heading, and never a level skipped."""
    levels = page.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(each => +each.tagName[1])")

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))


def test_every_drawing_has_a_name_for_who_cannot_see_it(page: Opened) -> None:
    """As the browser itself tells it to a screen reader."""
    drawings = page.page.get_by_role("img")
    named = page.page.get_by_role("img", name=re.compile("(Lijn|Staaf)grafiek: .+"))

    assert drawings.count() == page.page.locator("svg").count() > 0
    assert named.count() == drawings.count()


def test_estimates_are_drawn_beside_the_counts_and_called_so(page: Opened) -> None:
    """Two drawings next to a table, each with its estimates in words, and the word itself in the heading."""
    note = page.page.locator("section[aria-labelledby=schattingen]")
    drawings = note.get_by_role("img", name=re.compile("Lijngrafiek: gemelde (starts|stops) per maand"))

    assert "schatting" in note.get_by_role("heading").inner_text()
    assert drawings.count() == 2
    assert all("(schatting)" in text for text in drawings.locator("desc").all_text_contents())
    assert note.get_by_role("table").count() == 1


def test_every_table_has_a_caption_and_heads(page: Opened) -> None:
    """Columns and rows are headed, so that each number can be found by ear."""
    without = page.page.evaluate(
        """() => [...document.querySelectorAll("table")].filter(table =>
            !table.caption || !table.caption.textContent.trim() ||
            [...table.tHead.rows[0].cells].some(each => each.scope !== "col") ||
            [...table.tBodies[0].rows].some(row => row.cells[0].scope !== "row")).length"""
    )

    assert without == 0
    assert page.page.locator("table").count() > 0


def test_no_place_on_the_page_has_two_names(page: Opened) -> None:
    """Every id is one of a kind, and every link within the page leads somewhere."""
    ids = page.page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")
    links = page.page.evaluate("[...document.querySelectorAll('a')].map(each => each.getAttribute('href'))")
    referred = page.page.evaluate(
        """() => [...document.querySelectorAll("[aria-labelledby],[aria-describedby]")].flatMap(each =>
            [each.getAttribute("aria-labelledby"), each.getAttribute("aria-describedby")]).filter(Boolean)"""
    )

    assert len(set(ids)) == len(ids)
    assert {link.removeprefix("#") for link in links} | set(referred) <= set(ids)


def test_the_first_stop_of_the_keyboard_skips_to_the_content(page: Opened) -> None:
    """It is out of sight until it is reached."""
    page.page.keyboard.press("Tab")

    focused = page.page.evaluate("[document.activeElement.textContent, document.activeElement.getAttribute('href')]")
    assert focused == ["Naar de inhoud", "#inhoud"]
    assert page.page.locator("a.overslaan").bounding_box()["x"] >= 0  # type: ignore[index]


def test_the_page_is_in_dutch_and_says_so(page: Opened) -> None:
    """Language and title, for whoever listens."""
    assert page.page.evaluate("document.documentElement.lang") == "nl"
    assert page.page.title() == "Voortgang jeugdhulp Enschede: het derde kwartaal van 2024"


def test_pictures_can_be_taken_of_it(chromium: Browser, files: Printed, tmp_path: Path) -> None:
    """As `python -m tests.report_photographs` does for the documentation."""
    pictures = photograph_html(chromium, files.html, tmp_path)

    assert all(picture.stat().st_size > 10_000 for picture in pictures)


def test_names_from_outside_are_letters_and_nothing_else() -> None:
    """What a municipality calls itself or its teams cannot become part of the page."""
    built = report(cell(), cell(group=(TEAM, "noord")), municipality_name=NASTY, teams={"noord": NASTY}, digest=NASTY)

    text = html_of(built)

    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_same_report_gives_the_same_page() -> None:
    """No clock and no chance in it."""
    assert html_of(example_report()) == html_of(example_report())


def test_the_policy_allows_the_style_sheet_of_the_page_and_nothing_else(
    chromium: Browser, files: Printed, tmp_path: Path
) -> None:
    """Under it the page looks as it should: the browser finds its own sheet allowed."""
    policy = content_security_policy()
    strict = tmp_path / "strict.html"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    strict.write_text(files.html.read_text().replace("<head>", f"<head>{meta}"))

    with opened(chromium, strict, width=1280) as shown:
        assert shown.complaints == []
        assert shown.page.evaluate("getComputedStyle(document.querySelector('.kaart')).borderLeftWidth") == "5px"
    assert "unsafe" not in policy
    assert style_of() in files.html.read_text()


def catalog_of(pdf: PdfReader) -> Any:
    """What a PDF says about itself as a whole."""
    return pdf.trailer["/Root"].get_object()


def test_the_pdf_can_be_listened_to(pdf: PdfReader) -> None:
    """Tagged, with a language, a title that is shown, and the mark of PDF/UA."""
    root = catalog_of(pdf)

    assert root["/Lang"] == "nl"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Voortgang jeugdhulp Enschede: het derde kwartaal van 2024"
    assert b"pdfuaid" in root["/Metadata"].get_data()


def tags_of(element: object) -> Iterator[dict[str, object]]:
    """Every tagged element of a PDF."""
    found = element.get_object() if hasattr(element, "get_object") else element
    if isinstance(found, dict):
        if "/S" in found:
            yield found
        yield from tags_of(found.get("/K"))
    elif isinstance(found, list):
        for each in found:
            yield from tags_of(each)


def test_every_drawing_in_the_pdf_has_a_name(pdf: PdfReader, files: Printed) -> None:
    """As many figures as there are drawings, each with its text."""
    figures = [tag for tag in tags_of(catalog_of(pdf)["/StructTreeRoot"]) if tag["/S"] == "/Figure"]

    assert len(figures) == files.html.read_text().count("<svg ")
    assert all("grafiek: " in str(tag.get("/Alt")) for tag in figures)


def test_every_page_of_the_pdf_has_its_number(pdf: PdfReader) -> None:
    """And the first holds the whole summary."""
    texts = [" ".join(each.extract_text().split()) for each in pdf.pages]

    assert all(f"pagina {number} van {len(texts)}" in text for number, text in enumerate(texts, start=1))
    assert all(words in texts[0] for words in ("Samenvatting", "Wat er veranderde", "Wat nog voorlopig is"))
    assert "Inhoud" in texts[1]


def test_nothing_is_cut_off_at_the_edge_of_the_pdf(files: Printed) -> None:
    """Every word lies between the margins of its page: 16 mm of 210."""
    listed = subprocess.run(
        ["pdftotext", "-bbox", files.pdf, "-"], capture_output=True, text=True, check=True, timeout=60
    )

    words = re.findall(r'xMin="([0-9.]+)" yMin="[0-9.]+" xMax="([0-9.]+)" yMax="[0-9.]+">(.*)</word>', listed.stdout)
    left, right = 16 * 72 / 25.4 - 1, (210 - 16) * 72 / 25.4 + 1

    assert words
    assert [word for start, end, word in words if float(start) < left or float(end) > right] == []


@pytest.mark.parametrize(
    "element",
    ['<img alt="x" src="file:///etc/hostname">', '<link rel="stylesheet" href="http://127.0.0.1:9/x.css">'],
)
def test_a_page_that_names_something_outside_itself_is_not_printed(element: str) -> None:
    """Neither a file of the machine nor an address is opened."""
    with pytest.raises(NotInThePage):
        printed(f'<!DOCTYPE html><html lang="nl"><title>x</title>{element}')
