"""What the tables of each service hold about a child, as plain values that stand in a JSON document."""

from pathlib import Path
from typing import Any

import orjson

from services.alerts.store.steps import history_of
from services.indication.identity import lookup
from services.indicators.store.layers import read_layers
from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import read_keys
from youthcare.runtime.settings import SettingMissing, Settings

EXPLAINED_NL = {
    "statements": "Wat aanleveraars over de jeugdige hebben gemeld, zoals het is bewaard.",
    "facts": "Wat daaruit volgt: perioden van zorg, verzoeken en evaluaties.",
    "figures": "Wat de jeugdige bijdraagt aan cijfers.",
    "alerts": "De meldingen over de jeugdige, met wat ermee is gedaan en aan wie zij zijn verteld.",
    "access_log": "Wie de gegevens van de jeugdige heeft ingezien, wanneer en waarvoor; ook deze uitdraai.",
    "niet hierin": "Het burgerservicenummer staat alleen verzegeld in de identiteitentabel. Verzegelde berichten die"
    " geweigerd zijn of wachten, zijn niet op jeugdige te vinden en verdwijnen vanzelf.",
}
_YOUTHS = """
select other.youth, other.head from youth as one join youth as other using (municipality)
where municipality = $1 and one.youth = $2 and other.head = one.head order by other.youth
"""
_FACTS = "select youth, facts from youth where municipality = $1 and youth = any($2::text[]) and facts is not null"
_STATEMENTS = """
select body from statement where municipality = $1 and youth = any($2::text[]) order by received, source, id
"""
_ALERTS = "select * from alert where municipality = $1 and youth = any($2::text[]) order by number"
_TOLD = """
select receiver, number, state, recorded, published from alert_event
where municipality = $1 and alert = $2 order by recorded, receiver
"""
_IDENTITY = "select youth from identity where municipality = $1 and lookup = any($2::bytea[])"


async def read_ledger(connection: Connection, municipality: str, youth: str) -> dict[str, Any]:
    """The identifiers of the child, its facts under each, and the statements as they are kept."""
    youths = [row["youth"] for row in await connection.fetch(_YOUTHS, municipality, youth)] or [youth]
    facts = await connection.fetch(_FACTS, municipality, youths)
    statements = await connection.fetch(_STATEMENTS, municipality, youths)
    return {
        "youths": youths,
        "facts": {row["youth"]: orjson.loads(row["facts"]) for row in facts},
        "statements": [orjson.loads(row["body"]) for row in statements],
    }


async def read_figures(connection: Connection, municipality: str, youths: list[str]) -> list[dict[str, Any]]:
    """What the child adds to figures: per known day the steps, each with its numerator, denominator and pending."""
    held = await read_layers(connection, [(municipality, youth) for youth in youths])
    return [
        {"youth": youth, "known_day": day, "indicator": key.indicator, "period": key.period}
        | {"effective_day": key.effective_day, "amount": list(amount)}
        for (_, youth), layers in sorted(held.items())
        for day, steps in sorted(layers.layers.items())
        for key, amount in sorted(steps.items())
    ]


async def read_alerts(connection: Connection, municipality: str, youths: list[str]) -> list[dict[str, Any]]:
    """The alerts about the child, each with its whole history and what was told of it to whom."""
    found = []
    for row in await connection.fetch(_ALERTS, municipality, youths):
        told = await connection.fetch(_TOLD, municipality, row["number"])
        history = await history_of(connection, municipality, row["number"])
        found.append(
            dict(row) | {"history": [dict(each) for each in history], "told_to": [dict(each) for each in told]}
        )
    return found


async def read_youth_of_bsn(connection: Connection, settings: Settings, municipality: str, bsn: str) -> list[str]:
    """The youth that a BSN is, by every version of the look-up key; raises `SettingMissing`, `OSError`."""
    if settings.identity_keys_file is None:
        raise SettingMissing("IDENTITY_KEYS_FILE")
    keys = read_keys(Path(settings.identity_keys_file)).get(municipality)
    digests = [lookup(key, municipality, bsn.strip()) for key in keys.lookup.values()] if keys else []
    return sorted({row["youth"] for row in await connection.fetch(_IDENTITY, municipality, digests)})
