"""Pictures of the inbox for the documentation: `python -m tests.inbox_photographs FOLDER`, of invented youths alone."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.chromium import browser
from tests.inbox import asked, fold, invented, served, settings_of, token_of, visit
from tests.stack import run_stack
from youthcare.runtime.settings import Settings

MUNICIPALITY = "0153"
YOUTHS = 4500
WIDTHS = {"telefoon": 375, "bureau": 1280}
_ONE = """
select number from alert where state = 'open' and holder = 'noord' and rule = $1
order by cardinality(evidence) desc, number limit 1
"""


def photograph(running: Browser, settings: Settings, address: str, folder: Path) -> list[Path]:
    """The list, a card, a dossier and the supervisor's norms, on a telephone and on a desk screen."""
    pages = {"lijst": "/"}
    for name, rule in {"melding": "trajectory-overlong", "verzoek": "stacking-request"}.items():
        pages[name] = f"/meldingen/{asked(settings, _ONE, rule)[0]['number']}"
    taken = []
    for screen, width in WIDTHS.items():
        with visit(running, address, token_of(MUNICIPALITY, "team:noord"), width=width) as seen:
            for name, path in pages.items():
                taken.append(folder / f"{name}-{screen}.png")
                seen.to(path).screenshot(path=taken[-1], full_page=name != "lijst")
    return taken


def main(folder: Path) -> None:
    """Start everything, take the pictures, stop."""
    with run_stack(with_monitoring=False) as stack, tempfile.TemporaryDirectory() as keys:
        settings = settings_of(stack, Path(keys))
        fold(settings, invented(MUNICIPALITY, YOUTHS))
        with served(settings) as address, browser() as running:
            photograph(running, settings, address, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
