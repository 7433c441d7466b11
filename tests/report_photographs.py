"""Pictures of a printed report, for docs/report: its page in a browser and every page of its PDF.

`python -m tests.report_photographs RAPPORT.html RAPPORT.pdf docs/report`; without files it takes the example report.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from services.indicators.report.app import write_report
from tests.chromium import browser, opened
from tests.report_builders import example_report

WIDTHS = (375, 1280)
_DOTS_PER_INCH = 80


def photograph_html(running: Browser, html: Path, folder: Path) -> list[Path]:
    """Page 1 as a telephone and a desk screen show it, and one figure of each."""
    pictures = []
    for width in WIDTHS:
        with opened(running, html, width=width) as shown:
            pictures += [folder / f"scherm-{width}.png", folder / f"scherm-{width}-cijfer.png"]
            shown.page.screenshot(path=pictures[-2])
            shown.page.locator("section.cijfer").first.screenshot(path=pictures[-1])
    return pictures


def photograph_pdf(pdf: Path, folder: Path) -> list[Path]:
    """Every page of the PDF."""
    command = ["pdftoppm", "-r", str(_DOTS_PER_INCH), "-png", str(pdf), str(folder / "pagina")]
    subprocess.run(command, check=True, timeout=120)
    return sorted(folder.glob("pagina-*.png"))


def photograph(html: Path, pdf: Path, folder: Path) -> list[Path]:
    """All pictures of a report."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as running:
        return [*photograph_html(running, html, folder), *photograph_pdf(pdf, folder)]


def main(arguments: list[str]) -> None:
    """Takes the pictures of the files named, or of the example."""
    if len(arguments) == 3:
        html, pdf, folder = map(Path, arguments)
        photograph(html, pdf, folder)
        return
    with TemporaryDirectory() as scratch:
        files = write_report(example_report(), Path(scratch))
        photograph(files.html, files.pdf, Path(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
