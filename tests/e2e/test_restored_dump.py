"""An older PostgreSQL under a newer Kafka: everything comes back, by the scripts that the manual names."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx

from tests.backups import Files, back_up, read_dump, refused_restore, restore
from tests.bsn_scan import scan_text
from tests.e2e.town import MUNICIPALITY, Town, Year, missing, simulated_year, town
from youthcare.cli_demo.settling import WORKERS, lag_of
from youthcare.simulator import Envelope

__all__ = ["simulated_year"]


def test_an_older_dump_under_a_newer_log_loses_nothing(year: Year, tmp_path: Path) -> None:
    """Workers read the difference again by themselves, as positions were restored with the tables.

    The register is filled from the log before the doors open. Senders repeat what they sent since: it is taken in
    again and changes nothing, also of youths whom the dump did not know. What people did with alerts is as in the dump.
    """
    first, second = year
    with town(tmp_path) as here:
        here.feed(first)
        here.settle()
        noted = note_on_an_alert(here)
        files = back_up(here.stack, tmp_path)
        tells_nobody(here, files, first)
        here.feed(second)
        here.settle()
        known = here.ask(FACTS)
        here.services.stop()

        assert "--over" in refused_restore(here.stack, files)
        restore(here.stack, files, "--over")
        behind = [lag_of(here.stack, processor, topic) for processor, topic in WORKERS]
        here.invoke("indication", "recover")
        here.services.start()
        here.settle()

        assert min(behind) > 0, "the dump is older than the log"
        assert here.compared().differences == []
        assert here.ask(FACTS) == known
        assert here.ask(NOTES) == noted

        here.feed(second)
        here.settle()

        assert here.compared().differences == []
        assert here.ask(FACTS) == known
        assert missing(here, "indication-events") == 0


FACTS = "select municipality, youth, facts from trajectory.youth where facts is not null order by 1, 2"
NOTES = "select alert, step, actor, note from alerts.alert_step where actor <> 'system' order by 1, 2"
_BSN = re.compile(rb"(?:[bB]sn>|\"bsn\": ?\")([0-9]{9})")


def note_on_an_alert(here: Town) -> list[asyncpg.Record]:
    """What a person left on an alert, which stands nowhere but in the database."""
    (alert,) = here.ask("select number from alerts.alert where state = 'open' order by number limit 1")
    token = here.issuer.token(MUNICIPALITY, ["supervisor"], datetime.now(UTC), timedelta(hours=1))
    answer = httpx.post(
        f"{here.services.url('alerts')}/v1/alerts/{alert['number']}/note",
        json={"text": "gebeld met het gezin"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    assert answer.status_code == httpx.codes.OK, answer.text
    return here.ask(NOTES)


def tells_nobody(here: Town, files: Files, fed: Sequence[Envelope]) -> None:
    """Everything but the identities holds no BSN, and nothing by which one is looked up or unsealed; the other does."""
    everything_else, identities = (read_dump(each) for each in files)
    sealed = here.ask(
        "select encode(lookup, 'hex') as one, encode(bsn_sealed, 'hex') as other from indication.identity"
    )
    payloads = here.ask("select encode(payload, 'hex') as one from indication.refusal where payload is not null")
    hidden = [text for row in (*sealed, *payloads) for text in row.values()]
    bodies = [each.body if isinstance(each.body, bytes) else str(each.body).encode() for each in fed]
    numbers = {number.decode() for body in bodies for number in _BSN.findall(body)}
    assert min(map(len, (sealed, payloads, numbers))) > 0
    assert [text for text in hidden if text in everything_else] == []
    assert [text for text in hidden if text not in identities] == []
    assert scan_text("both", everything_else + identities, numbers) == []
