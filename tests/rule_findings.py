"""What the alert rules find in told statements, one rule at a time, in the words that their tests share."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import yaml

from services.alerts.norms import Norm, Norms
from services.alerts.processor import replayed
from services.alerts.rules import findings
from services.trajectory.facts import Rules, derive
from tests import builders
from tests.builders import Statement
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_from_wire
from youthcare.youthfacts import YouthFacts

RULES = Rules(care_forms=care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text())))
LONG_AGO = date(2015, 1, 1)
LATER = "2034-01-01"
Line = tuple[str, str, str, str | None, str]
"""Level, anchor, first day, last day and state on the day asked."""


def facts_of(*told: Statement) -> YouthFacts:
    """The facts of the youth."""
    rows = [statement_from_wire(event) for event in told]
    return derive(
        rows, municipality=builders.MUNICIPALITY, youth=builders.YOUTH, rules=RULES, known_day=date(2026, 1, 1)
    )


def norm(rule: str, number: int | None = None, valid_from: date = LONG_AGO, **more: Any) -> Norm:
    """A norm of a rule, valid for long unless said otherwise."""
    return Norm(rule=rule, threshold=number, valid_from=valid_from, **more)


def found(told: Sequence[Statement], on: str, *rows: Norm) -> list[dict[str, Any]]:
    """All that the rules of these norms find, as replay writes it."""
    return replayed([facts_of(*told)], Norms(rows=rows), None, date.fromisoformat(on))


def lines(told: Sequence[Statement], on: str, *rows: Norm) -> list[Line]:
    """The same in short; only told of one rule."""
    assert len({row.rule for row in rows}) == 1
    names = ("level", "anchor", "opens_on", "closes_on", "state")
    return [tuple(line[name] for name in names) for line in found(told, on, *rows)]


def dates(told: Sequence[Statement], *rows: Norm) -> list[tuple[str, str | None]]:
    """First and last day of the findings."""
    return [(line[2], line[3]) for line in lines(told, LATER, *rows)]


def numbered(told: Sequence[Statement], *rows: Norm) -> list[tuple[str, int, str, str | None]]:
    """Level, occurrence, first and last day of the findings."""
    return [
        (each.level.value, each.occurrence, str(each.opens_on), str(each.closes_on) if each.closes_on else None)
        for each in findings(facts_of(*told), Norms(rows=rows))
    ]
