"""Pages for people who print: a page as a tagged PDF.

Nothing is fetched: a page that names a file, a script or an image by its address is not printed at all.
"""

import logging

# What is meant for screens alone (media queries, scrolling) is left out of a print; that is no news each time.
logging.getLogger("weasyprint").setLevel(logging.ERROR)

ACCESSIBLE = "pdf/ua-1"
"""PDF/UA: tagged, with a language and a title, for readers who listen."""
_SAME_FOR_ALL = b"trajectwacht"
"""The identifier in a PDF; left alone it would be drawn by lot."""


class NotInThePage(Exception):
    """A page that is to be printed names something outside itself."""


def printed(html: str) -> bytes:
    """A page as a PDF: the same bytes for the same page, on a machine with the same fonts."""
    # Here and not above: it takes over a second, and of all that import this hardly anything ever prints.
    from weasyprint import HTML  # noqa: PLC0415
    from weasyprint.urls import FatalURLFetchingError, URLFetcher  # noqa: PLC0415

    nothing_fetched = URLFetcher(allowed_protocols=(), fail_on_errors=True)
    page = HTML(string=html, url_fetcher=nothing_fetched)
    try:
        pdf = page.write_pdf(pdf_variant=ACCESSIBLE, pdf_identifier=_SAME_FOR_ALL)
    except FatalURLFetchingError as failure:  # no Exception: nothing but this line would catch it
        raise NotInThePage(str(failure)) from failure
    assert isinstance(pdf, bytes), "without a target the bytes come back"
    return pdf
