"""In what one youth differs: what must be, against what is. Decides only; whether a difference stands is decided by
looking again (`course.py`).

Two rules. After an erasure the log may hold less than the tables do: then only what is told of the youth now is
compared, not its history. The wish of who is to be forgotten goes last from the log: then the tables may hold nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from services.alerts.lifecycle import Alert, State
from youthcare.cli_verify.expecting import Expected, ExpectedAlert
from youthcare.cli_verify.tables import Live
from youthcare.verifying.report import What

_SETTLED = frozenset({State.WITHDRAWN, State.CLOSED})
_OPEN_UNDER_EYES = frozenset({State.ACKNOWLEDGED, State.SNOOZED, State.STALE, State.CLOSED})
UNREAD = b""
"""The digest of a record that nobody asked for."""


def is_erased(expected: Expected, live: Live) -> bool:
    """Whether the log holds less of the youth's group than the tables, because someone of it was forgotten."""
    return expected.forgotten and expected.statements < live.statements


def is_wiped(expected: Expected, live: Live) -> bool:
    """Whether the tables have let go of a youth whose wish to be forgotten is the last that the log tells of it."""
    return expected.asked_to_go and not live.statements and live.facts is None


def differing(expected: Expected, live: Live, topic: bytes | None) -> Counter[What]:
    """What differs and how often; `topic` is the digest of the last record, None for none or a tombstone."""
    found: Counter[What] = Counter()
    if expected.statements != live.statements:
        found[What.LEDGER] = 1
    if expected.facts != live.facts or expected.head != live.head:
        found[What.KEPT] = 1
    if topic != live.facts:
        found[What.TOPIC] = 1
    if expected.mark != live.mark or dict(expected.layers) != live.layers:
        found[What.LAYERS] = 1
    return found + alerts_differing(expected.alerts, live.alerts)


def differing_after_erasure(expected: Expected, content: bytes | None, live: Live) -> Counter[What]:
    """The same for a youth of whose group the log holds less: what is told of it now, and its alerts."""
    kept: Counter[What] = Counter({What.KEPT: 1} if expected.content != content else {})
    return kept + alerts_differing(expected.alerts, live.alerts)


def differing_when_wiped(live: Live, topic: bytes | None) -> Counter[What]:
    """The same for a youth of whom the tables may hold nothing any more, nor the facts topic."""
    return unsaid(live, gone=False) + Counter({What.TOPIC: 1} if topic is not None else {})


def unsaid(live: Live, *, gone: bool) -> Counter[What]:
    """What there is of a youth of whom the log says nothing; that it is gone may be known still."""
    found: Counter[What] = Counter()
    if live.facts is not None and not gone:
        found[What.UNSAID] = 1
    if live.layers and not gone:
        found[What.UNSAID_STEPS] = 1
    return found + alerts_differing((), live.alerts)


def alerts_differing(expected: Iterable[ExpectedAlert], live: Iterable[Alert]) -> Counter[What]:
    """How many alerts are missing, without ground, moved, or in a state that is not due."""
    held = {alert.identity: alert for alert in live}
    wanted = {alert.identity: alert for alert in expected}
    found: Counter[What] = Counter(
        What.GROUNDLESS for identity, alert in held.items() if identity not in wanted and alert.state not in _SETTLED
    )
    for identity, each in wanted.items():
        found.update(_alert_differing(each, held.get(identity)))
    return found


def _alert_differing(expected: ExpectedAlert, live: Alert | None) -> Iterator[What]:
    if live is None or live.state is State.WITHDRAWN:
        if not expected.is_fresh:
            yield What.MISSING
        return
    if _said(expected) != _said(live):
        yield What.MOVED
    if live.state not in expected.states and not _by_people(live.state, expected.states):
        yield What.STATE


def _said(alert: Alert | ExpectedAlert) -> tuple[str, date, date | None, tuple[str, ...]]:
    return alert.team, alert.opens_on, alert.closes_on, alert.evidence


def _by_people(state: State, due: frozenset[State]) -> bool:
    """Whether people, or the silence of a sender, may have brought an alert here."""
    return state is State.CLOSED or (state in _OPEN_UNDER_EYES and State.OPEN in due)
