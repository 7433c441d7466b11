"""How much of a team's list is asked of it this week (`ranking.py`); runs inside one municipality."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from services.alerts.ranking import Cut, rooms, week_of
from services.alerts.store.rules import Practice
from services.alerts.store.tables import RANK
from youthcare.period import AMSTERDAM
from youthcare.runtime.postgres import Connection

_TAKEN = """
select team, count(distinct alert) as count from alert_step
where municipality = $1 and at >= $2 and actor <> 'system' and before = 'open' and after <> 'open'
    and team = any($3::text[])
group by team
"""
_LAST = f"""
select asked.team, last.* from unnest($2::text[], $3::integer[]) as asked (team, room)
cross join lateral (
    select {RANK} as rank, opens_on, number from alert
    where municipality = $1 and holder = asked.team and state = 'open' and rule <> all($4::text[])
    order by 1, 2, 3 offset asked.room - 1 limit 1
) as last
"""  # noqa: S608


async def cuts_of(
    connection: Connection,
    municipality: str,
    teams: Sequence[str],
    practice: Practice,
    today: date,
    without_rules: Sequence[str],
) -> Mapping[str, Cut]:
    """The cut of each team; `without_rules` are those that are not for teams."""
    monday = datetime.combine(week_of(today), time(), AMSTERDAM)
    taken = {row["team"]: row["count"] for row in await connection.fetch(_TAKEN, municipality, monday, list(teams))}
    left = rooms({team: taken.get(team, 0) for team in teams}, practice.new_per_week)
    asked = {team: room for team, room in left.items() if room}
    rows = await connection.fetch(_LAST, municipality, list(asked), list(asked.values()), list(without_rules))
    last = {row["team"]: (row["rank"], row["opens_on"], row["number"]) for row in rows}
    return {team: Cut(room=room, last=last.get(team)) for team, room in left.items()}
