"""Hypothesis strategies for nasty ledgers: few names, clustered dates, every kind of correction.

Rules: everything is drawn from short lists whose first member is the dullest, so a failure shrinks to few plain
statements; no id is ever reused with other content, everything else may contradict itself.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

from tests import builders
from tests.builders import IJW, OTHER_YOUTH, TEAM_NORTH, TEAM_SOUTH, YOUTH, Envelope, Statement

Value = TypeVar("Value")
Teller = tuple[str, str]

INDICATIONS = ("0153-1", "0153-2", "0153-3")
SUCCESSIONS = (
    ("0153-1", "0153-2", "0153-3"),
    ("0153-2", "0153-3"),
    ("0153-3", "0153-1", "0153-2"),
    ("0153-1", "0153-1", "0153-1"),
)
PROVIDERS = (builders.PROVIDER, builders.OTHER_PROVIDER)
PROVIDERS_OR_NONE = (*PROVIDERS, None)
# Category and code; a statement may give either, both, or an empty product.
PRODUCTS = (
    ("45", "45A04"),
    ("43", "43A02"),
    ("45", "45A04"),
    ("43", "43A03"),
    ("46", "46A02"),
    ("46", "46A01"),
    ("42", "42A03"),
    ("50", "50A00"),
    ("43", "43A58"),
    (None, "45A04"),
    ("45", None),
    (None, None),
)
YOUTHS = (YOUTH, YOUTH, YOUTH, YOUTH, YOUTH, OTHER_YOUTH)
SOURCES = (TEAM_NORTH, TEAM_NORTH, TEAM_NORTH, IJW, TEAM_SOUTH)
CARRIERS = ("JW301-1-2024-03-01", "JW301-2-2024-03-01")
CHANGE_REASONS = (None, None, "04", "13", "07", "09")
PAUSE = "20"
FINAL_REASONS = ("31", "36", "37", "38", "39", "02", "34")
GRANTED_AT = ("2024-01-02T09:00:00", "2024-03-01T09:00:00", "2024-03-01T09:00:01", "2024-06-30T23:59:59")
# The last two lie on either side of midnight in Amsterdam, in winter and in summer time.
INSTANTS = (
    "2024-01-02T10:00:00Z",
    "2024-04-10T08:30:00Z",
    "2024-09-30T12:00:00Z",
    "2024-12-31T22:59:59Z",
    "2024-12-31T23:00:00Z",
    "2024-07-31T21:59:59Z",
    "2024-07-31T22:00:00Z",
)
# Month ends, year ends and the days that six months make awkward, within fourteen months.
EDGES = tuple(
    date.fromisoformat(day)
    for day in (
        "2024-03-01",
        "2023-12-31",
        "2024-01-01",
        "2024-02-29",
        "2024-03-31",
        "2024-05-31",
        "2024-06-30",
        "2024-08-31",
        "2024-09-01",
        "2024-10-31",
        "2024-12-31",
        "2025-01-01",
        "2025-02-28",
    )
)
LATE_DAYS = (date(2024, 12, 31), date(2025, 2, 28), date(2025, 3, 1), date(2025, 6, 30), date(2026, 1, 1))
ASKED_AFTER = (0, 1, 0, 1, -1, 5, 14, 32, 182, 184)
SHIFTS = (0, 1, -1, 14, -14, 31, 32)
# From a last day to the next first day: adjacent, overlapping up to and past a hand-over, paper gaps, returns.
STEPS = (1, 0, 2, -13, -5, -14, 32, 33, 31, -40, 100, 182, 185)
STAYS = (30, 60, 90, 20, 60, 0, -1)
LENGTHS = (30, 0, 13, 14, 15, 91, 183, -1, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a ledger beside its statements."""

    on: date
    coverage_start: date | None
    known_on: date | None


@cache
def _pick(options: tuple[Value, ...]) -> st.SearchStrategy[Value]:
    """One of the options; the same options give the same strategy object, which Hypothesis checks only once."""
    return st.sampled_from(options)


@cache
def days() -> st.SearchStrategy[date]:
    """A day on or near an awkward one."""
    return st.builds(_shifted, _pick(EDGES), _pick(SHIFTS))


def _shifted(day: date, shift: int) -> date:
    return day + timedelta(days=shift)


@cache
def days_after(first: date) -> st.SearchStrategy[date]:
    """A last day for a first day: mostly a telling length on, sometimes any day, sometimes before it."""
    return _pick(LENGTHS).map(lambda length: _shifted(first, length)) | days()


def questions(told: list[Statement]) -> st.SearchStrategy[Question]:
    """A day asked (mostly near a day that a statement names, or six months on), coverage, what was known."""
    stated = [value for statement in told for name, value in statement["data"].items() if name.endswith("_day")]
    near = st.sampled_from([date.fromisoformat(day) for day in stated] or list(EDGES))
    return st.builds(
        Question,
        on=_pick(LATE_DAYS) | st.builds(_shifted, near, _pick(ASKED_AFTER)),
        coverage_start=_pick((None, date(2023, 1, 1), date(2023, 9, 1), date(2024, 2, 29))),
        known_on=_pick((None, None, None, date(2024, 4, 10), date(2024, 7, 31), date(2024, 12, 31))),
    )


@st.composite
def ledgers(draw: st.DrawFn) -> list[Statement]:
    """All statements about one or two youths, ids unique per source, in the order they were thought of."""
    count = draw(_pick((1, 2, 3, 4, 5, 6)))
    numbered = _numbered([one for _ in range(count) for one in draw(_episodes())])
    corrections = [draw(_corrections(numbered)) for _ in range(draw(_pick((0, 1, 2, 3, 0))))]
    rest = draw(st.lists(_rare(), max_size=2)) if draw(_pick((False, False, False, True))) else []
    return _numbered([*numbered, *corrections, *rest])


def shuffled(statements: list[Statement]) -> st.SearchStrategy[list[Statement]]:
    """The same statements in any order, some of them twice."""
    repeats = st.lists(st.sampled_from(statements), max_size=3)
    return repeats.flatmap(lambda again: st.permutations([*statements, *again]))


def _numbered(told: list[Statement]) -> list[Statement]:
    """Gives a number, unique within its source, to every id that still ends in `#`."""
    seen: Counter[str] = Counter()
    numbered = []
    for statement in told:
        seen[statement["source"]] += 1
        number = f"{seen[statement['source']]:03d}"
        numbered.append({**statement, "id": statement["id"].replace("#", number)})
    return numbered


@cache
def _tellers() -> st.SearchStrategy[Teller]:
    """Who says it, and of whom: mostly of the same youth."""
    return st.tuples(_pick(SOURCES), _pick(YOUTHS))


@st.composite
def _envelopes(draw: st.DrawFn, code: str, teller: Teller | None = None) -> Envelope:
    """Who says it of whom, when, and in which of four messages, so that statements share messages."""
    source, youth = teller or draw(_tellers())
    message = f"{code}-{draw(_pick((1, 2, 3, 4)))}-2024-03-01"
    return {
        "youth": youth,
        "source": source,
        "id": f"{message}-#" if source == IJW else "#",
        "time": draw(_pick(INSTANTS)),
        "received": draw(_pick(INSTANTS)),
    }


@cache
def _episodes() -> st.SearchStrategy[list[Statement]]:
    """A few statements that belong together: a delivery, a grant, a career, a loose end, or news without care."""
    return st.one_of(_deliveries(), _grants(), _careers(), _careers(), _loose_ends(), _news())


@st.composite
def _careers(draw: st.DrawFn) -> list[Statement]:
    """Deliveries of three indications, or three of one, at telling distances, told by one source."""
    teller, first = draw(_tellers()), draw(days())
    told = []
    for name in draw(_pick(SUCCESSIONS)):
        last = _shifted(first, draw(_pick(STAYS)))
        told.append(draw(_starts(name, first, teller)))
        if draw(_pick((True, True, True, False))):
            told.append(draw(_ends((name, first, last, draw(_pick(FINAL_REASONS))), teller)))
        first = _shifted(last, draw(_pick(STEPS)))
    return told


@st.composite
def _deliveries(draw: st.DrawFn) -> list[Statement]:
    """A start, sometimes stated twice, and some ends, pauses among them, mostly told by whoever told the start."""
    name, first, teller = draw(_pick(INDICATIONS)), draw(days()), draw(_tellers())
    told = [draw(_starts(name, first, teller)) for _ in range(draw(_pick((1, 1, 1, 2))))]
    last = draw(days_after(first))
    for _ in range(draw(_pick((0, 1, 2, 2, 3)))):
        reason = draw(_pick((PAUSE, *FINAL_REASONS, PAUSE)))
        ender = teller if draw(_pick((True, True, False))) else draw(_tellers())
        told.append(draw(_ends((name, first, last, reason), ender)))
        last = last if draw(_pick((True, False))) else draw(days_after(first))
    return told


def _product(stated: tuple[str | None, str | None] | None) -> dict[str, str] | None:
    if stated is None:
        return None
    return {name: value for name, value in zip(("category", "code"), stated, strict=True) if value}


@st.composite
def _starts(draw: st.DrawFn, name: str, first: date, teller: Teller) -> Statement:
    planned = draw(days_after(first)) if draw(_pick((False, True))) else None
    return builders.started(
        indication=name,
        first_day=first.isoformat(),
        provider=draw(_pick(PROVIDERS_OR_NONE)),
        product=_product(draw(_pick((*PRODUCTS, None)))),
        planned_last_day=planned.isoformat() if planned else None,
        **draw(_envelopes("JW305", teller)),
    )


@st.composite
def _ends(draw: st.DrawFn, key: tuple[str, date, date, str], teller: Teller) -> Statement:
    name, first, last, reason = key
    return builders.ended(
        indication=name,
        first_day=first.isoformat(),
        last_day=last.isoformat(),
        reason=reason,
        **draw(_envelopes("JW307", teller)),
    )


@st.composite
def _loose_ends(draw: st.DrawFn) -> list[Statement]:
    """An end whose start nobody stated, unless by chance."""
    name, first, reason = draw(_pick(INDICATIONS)), draw(days()), draw(_pick(FINAL_REASONS))
    return [draw(_ends((name, first, draw(days_after(first)), reason), draw(_tellers())))]


@st.composite
def _grants(draw: st.DrawFn) -> list[Statement]:
    """One to three versions of a grant, ties included, each in a message of its own or of another."""
    name, first = draw(_pick(INDICATIONS)), draw(days())
    return [draw(_grant(name, first)) for _ in range(draw(_pick((1, 1, 2, 3))))]


@st.composite
def _grant(draw: st.DrawFn, name: str, first: date) -> Statement:
    last = draw(days_after(first)) if draw(_pick((False, True))) else None
    envelope = draw(_envelopes("JW301"))
    granted_at = draw(_pick(GRANTED_AT))
    if envelope["source"] == IJW:
        envelope["id"] = f"JW301-{name[-1]}-{granted_at}-{'0' * 5}#"
    return builders.granted(
        indication=name,
        provider=draw(_pick(PROVIDERS)),
        product=_product(draw(_pick(PRODUCTS))),
        granted_at=granted_at,
        first_day=first.isoformat(),
        last_day=last.isoformat() if last else None,
        change_reason=draw(_pick(CHANGE_REASONS)),
        **envelope,
    )


@st.composite
def _news(draw: st.DrawFn) -> list[Statement]:
    """Statements that change no day: a registration, a request and its answer, an evaluation."""
    envelope = draw(_envelopes("JW315"))
    kind = draw(_pick(("registered", "requested", "evaluated")))
    if kind == "registered":
        return [builders.registered(valid_from=draw(days()).isoformat(), **envelope)]
    if kind == "requested":
        return [builders.requested(**envelope), builders.answered(**envelope)]
    return [builders.evaluated(day=draw(days()).isoformat(), **envelope)]


@st.composite
def _corrections(draw: st.DrawFn, told: list[Statement]) -> Statement:
    """Something that takes an earlier statement away, or only seems to: retraction, rejection, carried list."""
    statement = told[draw(st.integers(0, len(told) - 1))]
    if _is_a(statement, "indication.started") or _is_a(statement, "indication.ended"):
        return draw(_retractions(statement) | _rejections(_own_message(statement), statement))
    carrier = draw(_pick(CARRIERS))
    if _is_a(statement, "indication.granted"):
        return draw(_carried(carrier, statement) | _rejections(carrier, statement))
    return draw(_rejections(_own_message(statement), statement))


def _is_a(statement: Statement, kind: str) -> bool:
    return bool(statement["type"] == f"nl.jeugdzorg.{kind}.v1")


def _own_message(statement: Statement) -> str:
    """The message an iJw id names; of any other id a name that no message has."""
    return str(statement["id"]).rpartition("-")[0] or "JW305-9-2024-03-01"


@st.composite
def _retractions(draw: st.DrawFn, statement: Statement) -> Statement:
    """The same key, from the same source or, now and then, another."""
    source = draw(_pick((statement["source"], statement["source"], *SOURCES)))
    if _is_a(statement, "indication.started"):
        key = {field: statement["data"][field] for field in ("indication", "first_day")}
        return builders.started_retracted(**key, **draw(_envelopes("JW305", (source, statement["subject"]))))
    return builders.ended_retracted(**statement["data"], **draw(_envelopes("JW307", (source, statement["subject"]))))


@st.composite
def _rejections(draw: st.DrawFn, message: str, statement: Statement) -> Statement:
    """A return message, about the youth of the statement it takes away."""
    return builders.message_rejected(
        message=message, **draw(_envelopes("JW306", (draw(_pick(SOURCES)), statement["subject"])))
    )


@st.composite
def _carried(draw: st.DrawFn, carrier: str, statement: Statement) -> Statement:
    """A JW301 message carried this grant."""
    envelope = draw(_envelopes("JW301", (statement["source"], statement["subject"])))
    return builders.message_carried(message=carrier, statements=[statement["id"]], **envelope)


@st.composite
def _rare(draw: st.DrawFn) -> Statement:
    """A merge or, more rarely, an erasure; as often nothing of the kind: a registration."""
    envelope = draw(_envelopes("JW301"))
    kind = draw(_pick(("registered", "registered", "registered", "merged", "merged", "forgotten")))
    if kind == "registered":
        return builders.registered(**envelope)
    if kind == "merged":
        return builders.merged(into=YOUTH if envelope["youth"] == OTHER_YOUTH else OTHER_YOUTH, **envelope)
    return builders.forgotten(**envelope)
