"""Reads a story and says where facts and alerts differ from it; the form is explained in `README.md` beside this file.

Rules. A story is told in the order in which things become known: `facts` and `alerts` ask what follows from the lines
above them. What a line cannot mean is an error that names the line; nothing is skipped.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import EnumType
from typing import Any

from schemas.models import canonical_statement
from services.alerts.finding import Level, Rule
from services.alerts.norms import Norm, Norms
from services.alerts.processor import replayed
from services.trajectory.facts import Rules
from services.trajectory.view import view
from tests import builders
from tests.pipeline import care_forms
from youthcare.cli_replay import facts_of
from youthcare.codes import ChangeReason, EndReason, Referrer
from youthcare.youthfacts import YouthFacts

CATEGORIES = {
    "ambulatory": "45",
    "crisis": "46",
    "day-treatment": "41",
    "family-home": "36",
    "foster-care": "35",
    "mental-health": "54",
    "protection": "48",
    "residence": "44",
    "transport": "42",
}
NOBODY: Mapping[str, Any] = {
    "in_care": False,
    "provisions_today": [],
    "care_periods": [],
    "trajectories": [],
    "provisions_by_month": {},
    "residential_days": {},
    "waiting": [],
}
UNITS = ("days", "months", "provisions", "extensions", "moves")
"""What the number of a norm counts; a story says it in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its number, a day, a verb, what it is about (`ambulatory@P/2`), and what more it says."""

    number: int
    day: date
    verb: str
    about: str
    words: Mapping[str, str]

    @property
    def provider(self) -> str:
        """The AGB code of the letter after the @."""
        return f"999100{ord(self.about.partition('@')[2][0]):02d}"

    @property
    def product(self) -> Mapping[str, str]:
        """The product category of the care form before the @."""
        return {"category": CATEGORIES[self.about.partition("@")[0]]}


@dataclass(slots=True)
class Telling:
    """What has been told so far."""

    statements: list[builders.Statement] = field(default_factory=list)
    first_days: dict[str, list[date]] = field(default_factory=dict)
    norms: list[Norm] = field(default_factory=list)
    coverage_start: date | None = None

    def hear(self, line: Line) -> None:
        """One line more; raises `KeyError` when it means nothing."""
        if line.verb == "coverage":
            self.coverage_start = line.day
        elif line.verb == "norm":
            self.norms.append(_norm(line))
        else:
            assert line.number < 60, "a story is short: every line has a minute of its own"
            time = f"{line.words.get('told', line.day)}T10:{line.number:02d}:00Z"
            self.statements.append(_VERBS[line.verb](self, line, {"time": time, "id": f"line-{line.number:02d}"}))

    def facts_on(self, day: date) -> list[YouthFacts]:
        """What follows from the lines so far; nothing when no statement tells of the youth."""
        rows = [canonical_statement(row) for row in self.statements]
        return facts_of(rows, Rules(care_forms=care_forms(), coverage_start=self.coverage_start), day)

    def line_on(self, day: date) -> Mapping[str, Any]:
        """The facts on a day; those of nobody when no statement tells of the youth."""
        found = [view(facts, day) for facts in self.facts_on(day)]
        return found[0] if found else NOBODY

    def alerts_on(self, day: date) -> list[dict[str, Any]]:
        """The alerts with their state on a day, by the day they open."""
        found = replayed(self.facts_on(day), Norms(rows=tuple(self.norms)), None, day)
        return sorted(found, key=lambda row: row["opens_on"])

    def delivery_of(self, line: Line) -> str:
        """The first day of the delivery that a line ends: the newest one told, unless it says `of=`."""
        return line.words.get("of") or max(day for day in self.first_days[line.about] if day <= line.day).isoformat()


def _norm(line: Line) -> Norm:
    """The norm of a rule, or of one level of it, from a day on."""
    rule, level = rule_of(line.about)
    numbers = [int(line.words[unit]) for unit in UNITS if unit in line.words]
    return Norm(
        rule=rule,
        level=level,
        threshold=numbers[0] if numbers else None,
        valid_from=line.day,
        care_form=line.words.get("form"),
    )


def rule_of(word: str) -> tuple[str, str | None]:
    """A rule, and a level of it where one is named; raises `KeyError` for what is no rule."""
    rule, _, level = word.partition("/")
    if rule not in {each.value for each in Rule} or level not in {"", *(each.value for each in Level)}:
        raise KeyError(word)
    return rule, level or None


def _grant(_telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    return builders.granted(
        indication=line.about,
        provider=line.provider,
        product=line.product,
        granted_at=f"{line.day}T10:{line.number:02d}:00",
        first_day=line.words["from"],
        last_day=line.words.get("until"),
        change_reason=_code(ChangeReason, line.words.get("reason")),
        referrer=_code(Referrer, line.words.get("referrer")),
        request=line.words.get("request"),
        **common,
    )


def _start(telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    telling.first_days.setdefault(line.about, []).append(line.day)
    return builders.started(
        indication=line.about,
        first_day=line.day.isoformat(),
        provider=line.provider,
        product=line.product,
        planned_last_day=line.words.get("until"),
        referrer=_code(Referrer, line.words.get("referrer")),
        **common,
    )


def _pause(telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    return _end(builders.ended, telling, line, common, EndReason.PAUSED)


def _stop(telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    return _end(builders.ended, telling, line, common, _code(EndReason, line.words["reason"]))


def _retract_stop(telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    return _end(builders.ended_retracted, telling, line, common, _code(EndReason, line.words["reason"]))


def _end(
    state: Callable[..., builders.Statement], telling: Telling, line: Line, common: dict[str, Any], reason: str | None
) -> builders.Statement:
    first_day = telling.delivery_of(line)
    return state(indication=line.about, first_day=first_day, last_day=line.day.isoformat(), reason=reason, **common)


def _request(_telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    return builders.requested(
        request=line.words["as"],
        provider=line.provider,
        products=[{"kind": "new", "product": line.product}],
        referrer=_code(Referrer, line.words.get("referrer")),
        **common,
    )


def _reject(_telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    if not line.about:
        raise KeyError("the request that is refused")
    return builders.answered(request=line.about, **common)


def _evaluate(_telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    return builders.evaluated(indication=line.about, day=line.day.isoformat(), **common)


def _birth(_telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    day = line.day.isoformat()
    return builders.registered(birth_date=day, valid_from=day, team=None, **common)


def _forget(_telling: Telling, _line: Line, common: dict[str, Any]) -> builders.Statement:
    return builders.forgotten(**common)


def _retract_start(_telling: Telling, line: Line, common: dict[str, Any]) -> builders.Statement:
    return builders.started_retracted(indication=line.about, first_day=line.day.isoformat(), **common)


_VERBS: Mapping[str, Callable[[Telling, Line, dict[str, Any]], builders.Statement]] = {
    "grant": _grant,
    "start": _start,
    "pause": _pause,
    "stop": _stop,
    "retract-start": _retract_start,
    "retract-stop": _retract_stop,
    "request": _request,
    "reject": _reject,
    "evaluate": _evaluate,
    "birth": _birth,
    "forget": _forget,
}


def _code(codes: EnumType, word: str | None) -> str | None:
    """The official code of a word: `as-planned` is 31."""
    return None if word is None else str(codes[word.upper().replace("-", "_")])


_ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "in_care": lambda seen: "yes" if seen["in_care"] else "no",
    "provisions": lambda seen: len(seen["provisions_today"]),
    "waiting_since": lambda seen: ",".join(row["since"] for row in seen["waiting"]) or "none",
    "care_periods": lambda seen: len(seen["care_periods"]),
    "openings": lambda seen: ",".join(row["opening"] for row in seen["care_periods"]),
    "first_day": lambda seen: seen["care_periods"][-1]["first_day"],
    "last_day": lambda seen: seen["care_periods"][-1]["last_day"] or "running",
    "end": lambda seen: "assumed" if seen["care_periods"][-1]["assumed_end"] else "stated",
    "until": lambda seen: seen["care_periods"][-1]["exit"]["until"],
    "exits": lambda seen: ",".join(row["exit"]["status"] for row in seen["care_periods"] if row["exit"]) or "none",
    "exit_kind": lambda seen: seen["care_periods"][-1]["exit"]["kind"],
    "trajectories": lambda seen: len(seen["trajectories"]),
    "care_duration_days": lambda seen: seen["trajectories"][-1]["care_duration_days"],
    "care_days": lambda seen: seen["trajectories"][-1]["care_days"],
    "provider_switches": lambda seen: seen["trajectories"][-1]["provider_switches"],
    "care_form_switches": lambda seen: seen["trajectories"][-1]["care_form_switches"],
    "stacked_months": lambda seen: _listed(seen["provisions_by_month"]),
    "residential_days": lambda seen: _listed(seen["residential_days"]),
}


def _listed(counts: Mapping[str, int]) -> str:
    return ",".join(f"{period}:{count}" for period, count in counts.items()) or "none"


def lines_of(text: str) -> Iterator[Line]:
    """The lines of a story; what follows a # is for the reader."""
    for number, written in enumerate(text.splitlines(), start=1):
        parts = written.partition("#")[0].split()
        if parts:
            about = parts[2] if len(parts) > 2 and "=" not in parts[2] else ""
            pairs = (part.partition("=") for part in parts[3 if about else 2 :])
            words = {name: value for name, _, value in pairs}
            yield Line(number=number, day=date.fromisoformat(parts[0]), verb=parts[1], about=about, words=words)


def stories_in(text: str) -> list[str]:
    """The stories of a file: a line of dashes stands between two."""
    return text.split("\n---\n")


def differences(text: str) -> list[str]:
    """Where facts and alerts are not as the story says; raises `ValueError` for a line without a meaning."""
    telling = Telling()
    found: list[str] = []
    for line in lines_of(text):
        try:
            if line.verb in _ASKED:
                found += _differing(telling, line)
            else:
                telling.hear(line)
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"line {line.number} has no meaning: {error}") from error
    return found


def _differing(telling: Telling, line: Line) -> list[str]:
    assert line.words, f"line {line.number} asks nothing"
    answers = _ASKED[line.verb](telling, line)
    return [
        f"line {line.number}: {name} is {answers[name]}, the story says {said}"
        for name, said in line.words.items()
        if answers[name] != said
    ]


def _facts(telling: Telling, line: Line) -> dict[str, str]:
    seen = telling.line_on(line.day)
    return {name: str(_ANSWERS[name](seen)) for name in line.words}


def _alerts(telling: Telling, line: Line) -> dict[str, str]:
    """The states of the alerts of each rule, or level of a rule, that the line asks for."""
    found = telling.alerts_on(line.day)
    asked = {name: rule_of(name) for name in line.words}
    return {
        name: ",".join(row["state"] for row in found if row["rule"] == rule and level in (None, row["level"])) or "none"
        for name, (rule, level) in asked.items()
    }


_ASKED: Mapping[str, Callable[[Telling, Line], dict[str, str]]] = {"facts": _facts, "alerts": _alerts}
