"""`trajectwacht replay`: the whole system in memory, over a file of canonical events (design.md §5).

It has no rule of its own: it calls the services' pure functions, and a contract checks that. What it writes does
not depend on the order or the repetition of its input, byte for byte.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import yaml
from pydantic import ValidationError

from schemas.models import canonical_statement
from services.alerts.norms import norms_of, setting_of
from services.alerts.processor import replayed
from services.alerts.trial import as_if_always, changed_rules, table_lines, trial
from services.indicators.definitions import DEFAULT_DEFINITION
from services.indicators.figures import Figure, csv_lines
from services.indicators.population import PopulationRow, read_population
from services.indicators.recomputing import figures
from services.indicators.steps import summed
from services.indicators.tally import tally_all
from services.trajectory.facts import Rules, derive
from services.trajectory.ledger import known_on as known_on_day
from services.trajectory.processor import by_youth
from services.trajectory.view import view
from youthcare.codes import care_forms_from
from youthcare.events import Statement
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_to_wire
from youthcare.youthfacts import YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityReused(Exception):
    """Two events share municipality, source and id but say different things; the lines name both."""

    first_line: int
    second_line: int

    def __str__(self) -> str:
        return f"id-reused: lines {self.first_line} and {self.second_line} share an identity, not their content"


def read_statements(lines: Iterable[bytes]) -> Iterator[Statement]:
    """The statements of a JSONL file; raises `IdentityReused`, or `ValueError` naming a line that is no event.

    Of one statement that stands there twice the earliest reception counts, whatever the order of the lines.
    """
    seen: dict[tuple[str, str, str], tuple[int, Statement]] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            statement = _statement(line, number)
            identity = (statement.municipality, statement.source, statement.id)
            first, known = seen.setdefault(identity, (number, statement))
            if _content(known) != _content(statement):
                raise IdentityReused(first_line=first, second_line=number)
            if statement.received < known.received:
                seen[identity] = (first, statement)
    return (statement for _, statement in seen.values())


def _statement(line: bytes, number: int) -> Statement:
    try:
        return canonical_statement(orjson.loads(line))
    except (ValidationError, orjson.JSONDecodeError):
        raise ValueError(f"line {number} is no canonical event") from None


def _content(statement: Statement) -> dict[str, Any]:
    return {key: value for key, value in statement_to_wire(statement).items() if key != "received"}


def facts_of(statements: Sequence[Statement], rules: Rules, on: date) -> list[YouthFacts]:
    """The facts of every youth that the statements tell of, by municipality and youth; forgotten ones left out."""
    derived = (
        derive(rows, municipality=municipality, youth=youth, rules=rules, known_day=on)
        for (municipality, youth), rows in by_youth(statements).items()
    )
    return [facts for facts in derived if not facts.gone]


def facts_lines(facts: Iterable[YouthFacts], on: date, definition: str = DEFAULT_DEFINITION) -> Iterator[bytes]:
    """`facts.jsonl`: one line per youth, sorted by youth."""
    for row in sorted(facts, key=lambda row: (row.youth, row.municipality)):
        yield orjson.dumps(view(row, on, definition)) + b"\n"


def figures_of(
    facts: Sequence[YouthFacts], population: Sequence[PopulationRow], definition: str, on: date
) -> list[Figure]:
    """Every figure of every municipality that the facts tell of."""
    return [
        figure
        for municipality in sorted({row.municipality for row in facts})
        for figure in figures(
            summed(tally_all(row) for row in facts if row.municipality == municipality),
            population,
            municipality=municipality,
            definition=definition,
            on=on,
        )
    ]


def alerts_of(facts: Sequence[YouthFacts], content: Mapping[str, Any], on: date) -> list[dict[str, Any]]:
    """Every finding of every municipality under its norms, with the state that is due on a day."""
    found: list[dict[str, Any]] = []
    for municipality in sorted({row.municipality for row in facts}):
        setting = setting_of(content, municipality)
        own = [row for row in facts if row.municipality == municipality and setting.signals]
        found += replayed(own, norms_of(content, municipality), setting.alert_start_day, on)
    return sorted(found, key=lambda row: (row["rule"], row["level"], row["anchor"], row["youth"]))


def trial_lines(facts: Sequence[YouthFacts], content: Mapping[str, Any], on: date) -> Iterator[str]:
    """What other norms than the shipped ones would have found in the year up to a day, by municipality and team."""
    for municipality in sorted({row.municipality for row in facts}):
        own = [row for row in facts if row.municipality == municipality]
        present, proposed = (norms_of(each, municipality) for each in (shipped_or(None, "rules.yml"), content))
        for rule in sorted(changed_rules(present, proposed)):
            yield f"{municipality} {rule.value}"
            yield from table_lines(trial(own, present, as_if_always(proposed), {rule}, on))


def write(
    out: Path,
    facts: Sequence[YouthFacts],
    rows: Iterable[Figure],
    alerts: Iterable[dict[str, Any]],
    on: date,
    definition: str = DEFAULT_DEFINITION,
) -> None:
    """The three files of design.md §5."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "facts.jsonl").write_bytes(b"".join(facts_lines(facts, on, definition)))
    (out / "indicators.csv").write_text("".join(line + "\n" for line in csv_lines(rows)), encoding="utf-8")
    (out / "alerts.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in alerts))


def shipped_or(path: Path | None, name: str) -> Any:
    """The content of a YAML file that was given, else of the shipped one."""
    return yaml.safe_load((path or shipped(name)).read_text(encoding="utf-8"))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a day is written as YYYY-MM-DD") from None


def replay(
    events: Annotated[Path, typer.Argument(help="Canonical events, one JSON object per line.", exists=True)],
    on: Annotated[str, typer.Option(help="The day asked, YYYY-MM-DD.")],
    out: Annotated[Path, typer.Option(help="Folder for facts.jsonl, indicators.csv and alerts.jsonl.")],
    coverage_start: Annotated[str | None, typer.Option(help="First day on which the feed is complete.")] = None,
    known_on: Annotated[str | None, typer.Option(help="Only what was received up to and including this day.")] = None,
    population: Annotated[Path | None, typer.Option(help="population.csv", exists=True)] = None,
    definitions: Annotated[str, typer.Option(help="The definition set.")] = "enschede",
    municipality: Annotated[str | None, typer.Option(help="Only this municipality.")] = None,
    rules: Annotated[Path | None, typer.Option(help="Other norms than the shipped rules.yml.", exists=True)] = None,
) -> None:
    """Compute facts, figures and alerts from a log of events, without a broker or a database."""
    day = _day(on)
    settings = Rules(
        care_forms=care_forms_from(shipped_or(None, "care-forms.yml")),
        coverage_start=_day(coverage_start) if coverage_start else None,
    )
    if definitions not in {definition.name for definition in settings.definitions}:
        raise typer.BadParameter("there is no such definition set", param_hint="--definitions")
    statements = [row for row in _read(events) if municipality in (None, row.municipality)]
    if known_on is not None:
        statements = list(known_on_day(statements, _day(known_on)))
    facts = facts_of(statements, settings, day)
    people = list(read_population(population.read_text(encoding="utf-8"))) if population else []
    rows = figures_of(facts, people, definitions, day)
    write(out, facts, rows, alerts_of(facts, shipped_or(rules, "rules.yml"), day), day, definitions)
    if rules is not None:
        for line in trial_lines(facts, shipped_or(rules, "rules.yml"), day):
            typer.echo(line)


def _read(path: Path) -> Iterator[Statement]:
    try:
        with path.open("rb") as lines:
            return read_statements(lines)
    except (IdentityReused, ValueError) as wrong:
        typer.echo(f"{path.name}: {wrong}", err=True)
        raise typer.Exit(2) from None
