"""The drawings of a card: a youth's care, and the alerts on that youth that the reader may see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.alerts.api.seeing import sight_at
from services.alerts.card import NARROW, WIDE
from services.alerts.drawing import Drawing
from services.alerts.inbox import STATE_NL, Shown, shown_of
from services.alerts.rules import LABEL_NL
from services.alerts.states import ASKING, State
from services.alerts.store.asking import Question, Row, list_alerts
from services.alerts.store.rules import read_rules
from services.alerts.timeline import Told, timeline
from youthcare.runtime.access_log import Looks
from youthcare.runtime.postgres import Connection
from youthcare.runtime.security import Principal
from youthcare.youthfacts import YouthFacts

LABELS: Mapping[str, str] = {rule.value: LABEL_NL[rule] for rule in LABEL_NL}
"""Every rule as it is called, by its value."""
ASKED_MAX, TOLD_MAX = 100, 12
"""How many alerts on one youth are looked at, and how many of them the drawing holds."""
_NEVER_DRAWN = (State.SCHEDULED, State.HISTORICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawings:
    """One drawing for a telephone and one for a desk screen."""

    narrow: Drawing
    wide: Drawing


def shown(row: Row) -> Shown:
    """An alert of the store as pages show it."""
    return shown_of(row, LABELS[row["rule"]])


async def drawings_of(
    connection: Connection, bearer: Principal, looks: Looks, alert: Shown, facts: YouthFacts | None, today: date
) -> Drawings | None:
    """The drawing of an alert's youth as of today, with the alerts on that youth that the bearer may see."""
    if facts is None:
        return None
    question = Question(sight=sight_at(bearer, looks, facts.youth), youth=facts.youth, limit=ASKED_MAX)
    rows = await list_alerts(connection, bearer.municipality, question)
    told = [_told(each, alert.number) for each in _drawn_first(map(shown, rows), alert.number)[:TOLD_MAX]]
    definition = (await read_rules(connection, [bearer.municipality]))[bearer.municipality].norms.definition
    narrow, wide = (timeline(facts, definition, told, today, width) for width in (NARROW, WIDE))
    return Drawings(narrow=narrow, wide=wide) if narrow and wide else None


def _drawn_first(rows: Iterable[Shown], shown: int) -> list[Shown]:
    """The alert that the page is about, then those that ask something, then the newest."""
    told = [row for row in rows if row.state not in _NEVER_DRAWN]
    return sorted(told, key=lambda row: (row.number != shown, row.state not in ASKING, -row.opens_on.toordinal()))


def _told(row: Shown, shown: int) -> Told:
    return Told(
        number=row.number,
        label_nl=row.label_nl,
        state_nl=STATE_NL[row.state],
        opens_on=row.opens_on,
        closes_on=row.closes_on,
        shown=row.number == shown,
    )
