"""Debian's Chromium for the tests of pages: one browser, a new page each time, and what the page complained of."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that is open, with every message of its console and every address that it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def find_chromium() -> str:
    """Where Chromium is."""
    found = shutil.which("chromium")
    assert found, "Chromium is not installed: deploy/system-packages installs it on Debian"
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without a window; root may run it only outside its sandbox."""
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    # A deadline for what must come, not a measure of speed: the suites share two cores.
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
        yield running
        running.close()


@contextmanager
def opened(running: Browser, file: Path, *, width: int, height: int = 900) -> Iterator[Opened]:
    """A file in a page of a width in CSS pixels."""
    page = running.new_page(viewport={"width": width, "height": height})
    found = Opened(page)
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", lambda request: found.asked.append(request.url))
    page.goto(file.resolve().as_uri())
    yield found
    page.close()
