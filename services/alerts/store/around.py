"""What the pages ask beside the alerts themselves: which teams there are, and who was told of an alert."""

from youthcare.runtime.postgres import Connection

# One look in the index per team, where `distinct` would read every alert.
_TEAMS = """
with recursive team (name) as (
    select min(holder) from alert where municipality = $1
    union all
    select (select min(holder) from alert where municipality = $1 and holder > team.name) from team
    where team.name is not null
)
select name from team where name is not null
"""
_TOLD = "select receivers from alert where municipality = $1 and number = $2 and told is not null"


async def teams_of(connection: Connection, municipality: str) -> list[str]:
    """The teams that have or had an alert, by name."""
    return [row["name"] for row in await connection.fetch(_TEAMS, municipality)]


async def told_of(connection: Connection, municipality: str, number: int) -> list[str]:
    """Who was told of an alert; nobody when it was never told."""
    receivers: list[str] | None = await connection.fetchval(_TOLD, municipality, number)
    return sorted(receivers or [])
