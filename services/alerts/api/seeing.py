"""One alert as its reader may see it: by team and role, or under a stated reason that stands (`break_glass.py`).

One rule: the reason is asked only where team and role show nothing, and opens no more than looking.
"""

from services.alerts.api.bearing import FOR_SUPERVISORS, NUMBER_MAX, no_such_alert, sight_of
from services.alerts.store.asking import Row, Sight, find_alert
from youthcare.runtime.access_log import Looks
from youthcare.runtime.break_glass import standing
from youthcare.runtime.postgres import Connection
from youthcare.runtime.security import Principal


async def find_seen(connection: Connection, bearer: Principal, looks: Looks, number: int) -> Row:
    """An alert that the bearer may see now; raises `Problem` 404."""
    if not 1 <= number <= NUMBER_MAX:
        raise no_such_alert()
    row = await find_alert(connection, bearer.municipality, number, sight_of(bearer))
    if row is None and await standing(connection, looks):
        row = await find_alert(connection, bearer.municipality, number, sight_under(looks))
    if row is None:
        raise no_such_alert()
    return row


def sight_under(looks: Looks) -> Sight:
    """What is seen of the youths for whom a reason stands; never what is for the supervisor alone."""
    return Sight(youths=sorted(looks.under), without_rules=FOR_SUPERVISORS)


def sight_at(bearer: Principal, looks: Looks, youth: str) -> Sight:
    """What the bearer sees of one youth: under a stated reason when it is looked at under one."""
    return sight_under(looks) if youth in looks.under else sight_of(bearer)
