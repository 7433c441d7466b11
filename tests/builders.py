"""Canonical statements as plain dictionaries, one function per event type, every field with a readable default.

Rules: what is not given is left out of `data` (never null); ids number themselves unless given; dates and instants
are written as they stand in the JSON. `CARE_FORMS` is the table of domain.md §9, by hand, for the codes tests use.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, TypedDict, Unpack

Statement = dict[str, Any]
Product = str | Mapping[str, str] | None

MUNICIPALITY = "0153"
YOUTH = "9f3c51d07a2e4b6689d0c1e2f3a4b5c6"
OTHER_YOUTH = "a07d6f1b3c5e48219a6b7c8d9e0f1a2b"
TEAM_NORTH = "/0153/wijkteam-noord"
TEAM_SOUTH = "/0153/wijkteam-zuid"
IJW = "urn:ijw:0153:99900001"
PROVIDER = "42420001"
OTHER_PROVIDER = "65656055"
NEW_PRODUCT = {"kind": "new", "product": {"category": "45", "code": "45A04"}}

_numbers = count(1)


class Envelope(TypedDict, total=False):
    """The members of a statement that are not its data; `received` is `time` unless given."""

    youth: str
    municipality: str
    source: str
    id: str
    time: str
    received: str


def _statement(kind: str, data: Mapping[str, Any], envelope: Envelope) -> Statement:
    time = envelope.get("time", "2024-01-02T10:00:00Z")
    return {
        "specversion": "1.0",
        "id": envelope["id"] if "id" in envelope else f"statement-{next(_numbers):05d}",
        "source": envelope.get("source", TEAM_NORTH),
        "type": f"nl.jeugdzorg.{kind}.v1",
        "subject": envelope.get("youth", YOUTH),
        "municipality": envelope.get("municipality", MUNICIPALITY),
        "time": time,
        "received": envelope.get("received", time),
        "datacontenttype": "application/json",
        "data": {name: value for name, value in data.items() if value is not None},
    }


def product_of(stated: Product) -> dict[str, str] | None:
    """The product member of a code ("45A04" gives its category too); a mapping passes as it is."""
    if isinstance(stated, str):
        return {"category": stated[:2], "code": stated}
    return None if stated is None else dict(stated)


def granted(
    *,
    indication: str = "0153-1",
    provider: str = PROVIDER,
    product: Product = "45A04",
    granted_at: str = "2024-01-02T09:00:00",
    first_day: str = "2024-01-08",
    last_day: str | None = None,
    change_reason: str | None = None,
    volume: Mapping[str, Any] | None = None,
    request: str | None = None,
    referrer: str | None = None,
    team: str | None = None,
    **envelope: Unpack[Envelope],
) -> Statement:
    """The newest full description of an indication; open unless a last day is given."""
    data = {
        "indication": indication,
        "provider": provider,
        "product": product_of(product) or {},
        "granted_at": granted_at,
        "first_day": first_day,
        "last_day": last_day,
        "change_reason": change_reason,
        "volume": volume,
        "request": request,
        "referrer": referrer,
        "team": team,
    }
    return _statement("indication.granted", data, envelope)


def started(
    *,
    indication: str = "0153-1",
    first_day: str = "2024-01-08",
    provider: str | None = PROVIDER,
    product: Product = "45A04",
    planned_last_day: str | None = None,
    referrer: str | None = None,
    team: str | None = None,
    crisis: bool | None = None,
    school: str | None = None,
    **envelope: Unpack[Envelope],
) -> Statement:
    """Delivery began; `provider=None` and `product=None` leave these out."""
    data = {
        "indication": indication,
        "first_day": first_day,
        "provider": provider,
        "product": product_of(product),
        "planned_last_day": planned_last_day,
        "referrer": referrer,
        "team": team,
        "crisis": crisis,
        "school": school,
    }
    return _statement("indication.started", data, envelope)


def ended(
    *,
    indication: str = "0153-1",
    first_day: str = "2024-01-08",
    last_day: str = "2024-06-30",
    reason: str = "31",
    **envelope: Unpack[Envelope],
) -> Statement:
    """The delivery that began on the first day stopped; reason 20 is a pause."""
    data = {"indication": indication, "first_day": first_day, "last_day": last_day, "reason": reason}
    return _statement("indication.ended", data, envelope)


def started_retracted(
    *, indication: str = "0153-1", first_day: str = "2024-01-08", **envelope: Unpack[Envelope]
) -> Statement:
    """The start with this key was never true."""
    data = {"indication": indication, "first_day": first_day}
    return _statement("indication.started.retracted", data, envelope)


def ended_retracted(
    *,
    indication: str = "0153-1",
    first_day: str = "2024-01-08",
    last_day: str = "2024-06-30",
    reason: str = "31",
    **envelope: Unpack[Envelope],
) -> Statement:
    """The end with this key was never true."""
    data = {"indication": indication, "first_day": first_day, "last_day": last_day, "reason": reason}
    return _statement("indication.ended.retracted", data, envelope)


def requested(
    *,
    request: str = "42420001-R1",
    provider: str = PROVIDER,
    products: Sequence[Mapping[str, Any]] = (NEW_PRODUCT,),
    referrer: str | None = "04",
    **envelope: Unpack[Envelope],
) -> Statement:
    """A provider asks for care."""
    wanted = [dict(member) for member in products]
    data = {"request": request, "provider": provider, "referrer": referrer, "products": wanted}
    return _statement("care.requested", data, envelope)


def answered(
    *,
    request: str = "42420001-R1",
    answer: str = "rejected",
    reason: str | None = "6",
    **envelope: Unpack[Envelope],
) -> Statement:
    """The municipality answers a request other than by granting it."""
    data = {"request": request, "answer": answer, "reason": reason}
    return _statement("care.request.answered", data, envelope)


def message_rejected(
    *, message: str = "JW305-17-2024-01-09", code: str = "8848", **envelope: Unpack[Envelope]
) -> Statement:
    """The receiver rejected a message: the statements it carried do not count."""
    return _statement("message.rejected", {"message": message, "code": code}, envelope)


def message_carried(
    *,
    statements: Sequence[str],
    message: str = "JW301-17-2024-01-02",
    **envelope: Unpack[Envelope],
) -> Statement:
    """Which statements of the same source a JW301 carried."""
    return _statement("message.carried", {"message": message, "statements": list(statements)}, envelope)


def registered(
    *,
    valid_from: str = "2024-01-01",
    birth_date: str | None = "2012-05-17",
    team: str | None = "noord",
    case_reference: str | None = None,
    **envelope: Unpack[Envelope],
) -> Statement:
    """Birth date and team of a youth, valid from a day."""
    data = {
        "valid_from": valid_from,
        "birth_date": birth_date,
        "team": team,
        "case_reference": case_reference,
    }
    return _statement("youth.registered", data, envelope)


def merged(*, into: str = OTHER_YOUTH, **envelope: Unpack[Envelope]) -> Statement:
    """This youth is the same person as `into`."""
    return _statement("youth.merged", {"into": into}, envelope)


def evaluated(*, indication: str = "0153-1", day: str = "2024-04-08", **envelope: Unpack[Envelope]) -> Statement:
    """The evaluation of an indication took place."""
    return _statement("evaluation.recorded", {"indication": indication, "day": day}, envelope)


def forgotten(**envelope: Unpack[Envelope]) -> Statement:
    """Erase this person."""
    return _statement("youth.forgotten", {}, envelope)


def _form(*, counts: bool = True, residential: str | None = None) -> dict[str, Any]:
    return {"counts_as_care": counts, "stackable": counts, "residential": residential}


CARE_FORMS: Mapping[str, Any] = {
    "codes": {
        "43A03": "foster-care",
        "43A04": "family-home",
        "43A06": "secure-residence",
        "43A58": "allowance",
        "44A03": "foster-care",
        "44A04": "family-home",
        "45A58": "allowance",
        "46A02": "crisis-residence",
        "46A03": "crisis-residence",
    },
    "categories": {
        "31": "team-care",
        "32": "ambulatory",
        "33": "day-treatment",
        "34": "ambulatory",
        "35": "foster-care",
        "36": "family-home",
        "37": "secure-residence",
        "38": "residence",
        "40": "personal-care",
        "41": "day-treatment",
        "42": "transport",
        "43": "residence",
        "44": "residence",
        "45": "ambulatory",
        "46": "crisis",
        "47": "probation",
        "48": "protection",
        "49": "preventive-judicial",
        "50": "tailored",
        "51": "mental-health",
        "52": "mental-health",
        "53": "paediatric",
        "54": "mental-health",
        "55": "national",
    },
    "forms": {
        "ambulatory": _form(),
        "day-treatment": _form(),
        "personal-care": _form(),
        "mental-health": _form(),
        "paediatric": _form(),
        "tailored": _form(),
        "national": _form(),
        "team-care": _form(),
        "crisis": _form(),
        "crisis-residence": _form(residential="stay"),
        "foster-care": _form(residential="living"),
        "family-home": _form(residential="living"),
        "secure-residence": _form(residential="stay"),
        "residence": _form(residential="stay"),
        "transport": _form(counts=False),
        "probation": _form(counts=False),
        "protection": _form(counts=False),
        "preventive-judicial": _form(counts=False),
        "allowance": _form(counts=False),
        "other": _form(),
    },
}
