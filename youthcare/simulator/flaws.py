"""Writes a notice down as bytes, and makes on purpose the mistakes that a door must refuse.

One rule: a flaw is a change to what was written, never to what was meant.
"""

import json
import re
from typing import Any

from youthcare.simulator import ijw_writer, json_writer
from youthcare.simulator.messages import IjwMessage, Notice, TeamEvent

FLAWS = ("bsn", "not-readable", "unknown-code", "end-before-start")
_UNKNOWN_CODES = (  # the first element that a message holds gets a code that its list does not have
    (r"<RedenBeeindiging>..", "<RedenBeeindiging>19"),  # an iWmo code, invalid in iJw
    (r"<ijw:Type>..", "<ijw:Type>07"),
    (r"<ijw:Categorie>..", "<ijw:Categorie>39"),
    (r"<RedenVerzoek>.", "<RedenVerzoek>3"),
    (r"<VerzoekAntwoord>.", "<VerzoekAntwoord>3"),
)


def body(notice: Notice) -> bytes:
    """The bytes of a notice."""
    message = notice.message
    if isinstance(message, TeamEvent):
        return _event(message, notice.flaw).encode()
    xml = _flawed_xml(message, notice.flaw) if notice.flaw else ijw_writer.written(message)
    return (ijw_writer.enveloped(message, xml, notice.envelope) if notice.envelope else xml).encode()


def wrong_bsn(bsn: str) -> str:
    """The number with another last digit, so that the 11-check fails."""
    return f"{bsn[:-1]}{(int(bsn[-1]) + 1) % 10}"


def _flawed_xml(message: IjwMessage, flaw: str) -> str:
    xml = ijw_writer.written(message)
    if flaw == "bsn":
        return xml.replace(f"<Bsn>{message.youth.bsn}<", f"<Bsn>{wrong_bsn(message.youth.bsn)}<")
    if flaw == "not-readable":
        return xml[: len(xml) * 2 // 3]
    if flaw == "end-before-start":
        return re.sub(r"<Einddatum>[^<]*", "<Einddatum>2001-01-01", xml)
    return _with_unknown_code(xml)


def _with_unknown_code(xml: str) -> str:
    pattern, code = next((pattern, code) for pattern, code in _UNKNOWN_CODES if re.search(pattern, xml))
    return re.sub(pattern, code, xml, count=1)


def _event(event: TeamEvent, flaw: str | None) -> str:
    text = json_writer.written(event)
    if flaw is None:
        return text
    if flaw == "not-readable":
        return text[: len(text) * 2 // 3]
    changed: dict[str, Any] = json.loads(text)
    changes = {
        "bsn": ("bsn", wrong_bsn(event.content["bsn"])),
        "unknown-code": ("reason", "19"),
        "end-before-start": ("last_day", "2001-01-01"),
    }
    field, value = changes[flaw]
    changed["data"][field] = value
    return json.dumps(changed, ensure_ascii=False)
