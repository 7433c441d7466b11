"""When senders reported, and the alerts about their silence (`silence.py`)."""

from collections.abc import Set
from datetime import date

from services.alerts.lifecycle import applied
from services.alerts.silence import silent_findings
from services.alerts.store.reading import read_of_senders
from services.alerts.store.rules import MunicipalityRules
from services.alerts.store.writing import Written
from youthcare.runtime.postgres import Connection

_ARRIVALS = """
insert into sender_day (municipality, source, day) select * from unnest($1::text[], $2::text[], $3::date[])
on conflict do nothing
"""
_ANY_UNSEEN = "select exists (select from sender_day where municipality = $1 and not seen)"
_SILENT = """
select distinct anchor from alert
where municipality = $1 and youth is null and state in ('open', 'acknowledged', 'snoozed', 'closed')
    and opens_on <= $2 and (closes_on is null or closes_on >= $2)
"""


async def note_arrivals(connection: Connection, arrivals: Set[tuple[str, str, date]]) -> None:
    """Keep on which days senders reported: municipality, sender and civil day; what is known already stays."""
    if arrivals:
        await connection.execute(_ARRIVALS, *map(list, zip(*sorted(arrivals), strict=True)))


async def watch_senders(
    connection: Connection, municipality: str, rules: MunicipalityRules, day: date
) -> list[Written]:
    """What changes in the alerts about senders since arrivals were last looked at; they count as seen from then on."""
    if not await connection.fetchval(_ANY_UNSEEN, municipality):
        return []
    arrivals: dict[str, list[date]] = {}
    for row in await connection.fetch("select source, day from sender_day where municipality = $1", municipality):
        arrivals.setdefault(row["source"], []).append(row["day"])
    await connection.execute("update sender_day set seen = true where municipality = $1 and not seen", municipality)
    stored = {alert.number: alert for alert in await read_of_senders(connection, municipality)}
    found = silent_findings(arrivals, rules.norms) if rules.setting.signals else ()
    return [
        Written(
            youth=(municipality, None),
            change=change,
            alert=None if change.number is None else stored[change.number],
        )
        for change in applied(list(stored.values()), found, day, rules.setting.alert_start_day)
    ]


async def silent_senders(connection: Connection, municipality: str, day: date) -> frozenset[str]:
    """The senders that are silent on a day, whatever people did with the alert about it."""
    rows = await connection.fetch(_SILENT, municipality, day)
    return frozenset(row["anchor"] for row in rows)
