"""The ledger: which statements about one youth hold (domain.md §2).

It is a set. A statement is in it once, by municipality, source and id; nothing depends on the order in which
statements came or how often. It only grows: a retraction, a rejection or a newer grant is one more statement.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from youthcare.codes import ChangeReason
from youthcare.events import (
    EndRetracted,
    IndicationEnded,
    IndicationGranted,
    IndicationStarted,
    MessageCarried,
    MessageRejected,
    StartRetracted,
    Statement,
    YouthForgotten,
    YouthMerged,
    YouthRegistered,
)
from youthcare.period import civil_day

_OWN_MESSAGE = re.compile(r"(JW\d{3}-.+-\d{4}-\d{2}-\d{2})-\d+")

_CORRECTIONS = (StartRetracted, EndRetracted, MessageRejected, YouthMerged)
_CORRECTING_REASONS = frozenset({ChangeReason.OLD_CORRECTION, ChangeReason.DELETED, ChangeReason.CORRECTED})


def is_correction(row: Statement) -> bool:
    """Whether a statement takes back or mends what was told before, and does not only add to it."""
    if isinstance(row.data, IndicationGranted):
        return row.data.change_reason in _CORRECTING_REASONS
    return isinstance(row.data, _CORRECTIONS)


StartKey = tuple[str, date]
EndKey = tuple[str, date, date, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingStart:
    """A first day of delivery that holds, with the statements that say so, newest first."""

    first_day: date
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingEnd:
    """An end that holds: it belongs to the delivery that began on `first_day`."""

    first_day: date
    last_day: date
    reason: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicationLedger:
    """What holds of one indication: grants newest first, starts and ends by day."""

    indication: str
    grants: tuple[Statement, ...]
    starts: tuple[HoldingStart, ...]
    ends: tuple[HoldingEnd, ...]


def distinct(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The statements by identity, in an order that depends on nothing but the set."""
    by_identity = {(row.municipality, row.source, row.id): row for row in statements}
    return tuple(by_identity[identity] for identity in sorted(by_identity))


def known_on(statements: Iterable[Statement], day: date) -> tuple[Statement, ...]:
    """The statements received up to and including a civil day (design.md §4)."""
    return tuple(row for row in statements if civil_day(row.received) <= day)


def surviving(statements: Sequence[Statement], youth: str) -> tuple[Statement, ...]:
    """What is left after erasure: nothing when the youth was forgotten; a merged-away one takes only its own."""
    forgotten = {row.youth for row in statements if isinstance(row.data, YouthForgotten)}
    if youth in forgotten:
        return ()
    return tuple(row for row in statements if row.youth not in forgotten)


def merged_into(statements: Iterable[Statement]) -> dict[str, str]:
    """For every youth that was merged away, the youth whose ledger it joined; a circle ends at its least id."""
    targets: dict[str, set[str]] = defaultdict(set)
    for row in statements:
        if isinstance(row.data, YouthMerged) and row.data.into != row.youth:
            targets[row.youth].add(row.data.into)
    groups = _groups(targets)
    return {youth: head for group in groups for head in [_head(group, targets)] for youth in group - {head}}


def _groups(targets: dict[str, set[str]]) -> list[set[str]]:
    groups: list[set[str]] = []
    for youth, into in targets.items():
        linked = {youth, *into}
        apart = [group for group in groups if not group & linked]
        groups = [*apart, linked.union(*(group for group in groups if group & linked))]
    return groups


def _head(group: set[str], targets: dict[str, set[str]]) -> str:
    return min(group - targets.keys() or group)


def standing(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements that no rejected message carried, or that a message that still stands carried too."""
    rejected = {row.data for row in statements if isinstance(row.data, MessageRejected)}
    if not rejected:
        return tuple(statements)
    carriers = _carriers(statements)
    return tuple(row for row in statements if not _void(row, rejected, carriers))


Carriers = dict[tuple[str, str], set[str]]


def _carriers(statements: Iterable[Statement]) -> Carriers:
    carriers: Carriers = defaultdict(set)
    for row in statements:
        if isinstance(row.data, MessageCarried):
            for statement in row.data.statements:
                carriers[row.source, statement].add(row.data.message)
    return carriers


def _void(row: Statement, rejected: set[MessageRejected], carriers: Carriers) -> bool:
    own = _OWN_MESSAGE.fullmatch(row.id)
    if own and _rejects(rejected, own[1], row.source):
        return True
    messages = carriers.get((row.source, row.id), set())
    return bool(messages) and all(_rejects(rejected, message, row.source) for message in messages)


def _rejects(rejected: set[MessageRejected], message: str, source: str) -> bool:
    return any(row.message == message and row.sender in (None, source) for row in rejected)


def newest_first(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """By `time`, ties to the greatest id, then source (domain.md §2)."""
    return tuple(sorted(statements, key=lambda row: (row.time, row.id, row.source), reverse=True))


def indications(statements: Sequence[Statement]) -> Iterator[IndicationLedger]:
    """What holds of each indication, by id; one whose newest grant deletes it never existed."""
    groups: dict[str, list[Statement]] = defaultdict(list)
    for row in statements:
        if isinstance(row.data, _ABOUT_INDICATION):
            groups[row.data.indication].append(row)
    for indication in sorted(groups):
        yield _indication(indication, groups[indication])


_ABOUT_INDICATION = (IndicationGranted, IndicationStarted, IndicationEnded, StartRetracted, EndRetracted)


def _indication(indication: str, rows: list[Statement]) -> IndicationLedger:
    counting = _counting(rows)
    return IndicationLedger(
        indication=indication,
        grants=tuple(sorted(_grants(rows), key=_grant_order, reverse=True)),
        starts=tuple(_starts(counting)),
        ends=tuple(_ends(counting)),
    )


def _grants(rows: Iterable[Statement]) -> list[Statement]:
    return [row for row in rows if isinstance(row.data, IndicationGranted)]


def _grant_order(row: Statement) -> tuple[datetime, str, str]:
    assert isinstance(row.data, IndicationGranted)
    return row.data.granted_at, row.id, row.source


def _counting(rows: list[Statement]) -> list[Statement]:
    """Once the iJw chain has stated a start, starts and ends from others are evidence and do not count."""
    chain_speaks = any(row.from_ijw and isinstance(row.data, IndicationStarted) for row in rows)
    return [row for row in rows if row.from_ijw] if chain_speaks else rows


def _starts(rows: list[Statement]) -> Iterator[HoldingStart]:
    stated: dict[StartKey, list[Statement]] = defaultdict(list)
    balance: Counter[tuple[str, StartKey]] = Counter()
    for row in rows:
        match row.data:
            case IndicationStarted(indication=indication, first_day=first_day):
                stated[indication, first_day].append(row)
                balance[row.source, (indication, first_day)] += 1
            case StartRetracted(indication=indication, first_day=first_day):
                balance[row.source, (indication, first_day)] -= 1
    for key in sorted(stated):
        holding = newest_first(row for row in stated[key] if balance[row.source, key] > 0)
        if holding:
            yield HoldingStart(first_day=key[1], statements=holding)


def _ends(rows: list[Statement]) -> Iterator[HoldingEnd]:
    stated: dict[EndKey, list[Statement]] = defaultdict(list)
    balance: Counter[tuple[str, EndKey]] = Counter()
    for row in rows:
        if isinstance(row.data, IndicationEnded | EndRetracted):
            key = (row.data.indication, row.data.first_day, row.data.last_day, row.data.reason)
            balance[row.source, key] += 1 if isinstance(row.data, IndicationEnded) else -1
            if isinstance(row.data, IndicationEnded):
                stated[key].append(row)
    for key in sorted(stated):
        holding = newest_first(row for row in stated[key] if balance[row.source, key] > 0)
        if holding:
            yield HoldingEnd(first_day=key[1], last_day=key[2], reason=key[3], statements=holding)


def registrations(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The registration in force from each day on, by day; for one day the newest `time` wins."""
    by_day: dict[date, Statement] = {}
    for row in newest_first(row for row in statements if isinstance(row.data, YouthRegistered)):
        assert isinstance(row.data, YouthRegistered)
        by_day.setdefault(row.data.valid_from, row)
    return tuple(by_day[day] for day in sorted(by_day))
