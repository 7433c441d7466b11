"""What a bearer may see of alerts, and sessions that see one municipality.

Two rules. A team sees the alerts it has now, but for rules that are for the supervisor alone; a supervisor sees all of
one municipality. What may not be seen looks like what does not exist.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path

from services.alerts.finding import Rule
from services.alerts.lifecycle import Alert
from services.alerts.rules import SPECS
from services.alerts.store.asking import Sight
from youthcare.runtime.postgres import Connection, Pool, as_municipality, unavailable_as_such
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal, principal, require

NUMBER_MAX = 2**63 - 1
Bearer = Annotated[Principal, Depends(principal)]
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
Clock = Callable[[], datetime]

FOR_SUPERVISORS: tuple[str, ...] = tuple(sorted(rule.value for rule in Rule if not SPECS[rule].to_team))
"""The rules that no team sees."""


def sight_of(bearer: Principal, team: str | None = None) -> Sight:
    """What a bearer may see, of one team when it is named. Raises `Forbidden` for whoever has no team."""
    if bearer.is_supervisor():
        return Sight(teams=None if team is None else (team,))
    require(bool(bearer.teams()))
    if team is not None:
        require(bearer.may_see_team(team))
    return Sight(teams=sorted(bearer.teams()) if team is None else (team,), without_rules=FOR_SUPERVISORS)


def may_see(bearer: Principal, alert: Alert) -> bool:
    """Whether a bearer may see an alert, and so act on it."""
    seen = bearer.is_supervisor() or alert.identity.rule.value not in FOR_SUPERVISORS
    return seen and bearer.may_see_team(alert.team_now)


@asynccontextmanager
async def session(pools: Sequence[Pool], bearer: Principal) -> AsyncIterator[Connection]:
    """One transaction that sees the bearer's municipality; raises `Unavailable`."""
    with unavailable_as_such():
        async with pools[0].acquire() as connection, as_municipality(connection, bearer.municipality):
            yield connection


def no_such_alert() -> Problem:
    """The answer to a number that is not there or not to be seen."""
    return Problem(404, "No such alert here.")
