"""The report as files: one HTML page that needs nothing else, and the same page as a PDF."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from services.indicators.report.layout import page_of
from services.indicators.report.model import Report
from services.indicators.report.palette import ALL
from youthcare.runtime.printing import printed
from youthcare.runtime.templates import filled_in

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """Where a report was written."""

    html: Path
    pdf: Path


def style_of() -> str:
    """The style sheet of the report, the same for every report."""
    return filled_in(_TEMPLATES, "report.css.j2", colours=ALL)


def html_of(report: Report) -> str:
    """The report as one HTML page: no script, and nothing fetched from anywhere."""
    return filled_in(_TEMPLATES, "report.html.j2", page=page_of(report), style=style_of())


def pdf_of(html: str) -> bytes:
    """The page of a report as a tagged PDF."""
    return printed(html)


def content_security_policy() -> str:
    """What a browser may do with the page: show it, with its own style sheet, and nothing else."""
    digest = b64encode(sha256(style_of().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def write_report(report: Report, folder: Path) -> Printed:
    """Writes `rapport-2024Q3.html` and `rapport-2024Q3.pdf` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    html = html_of(report)
    paths = Printed(html=folder / f"rapport-{report.quarter}.html", pdf=folder / f"rapport-{report.quarter}.pdf")
    paths.html.write_text(html, encoding="utf-8")
    paths.pdf.write_bytes(pdf_of(html))
    return paths
