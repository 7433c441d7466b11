"""The facts of one youth: a pure function of the ledger (domain.md §2 to §5).

`derive` reads no clock: what it yields is dates and periods, and stays the same however much time passes. Open
periods are open, planned ends are marked as not stated.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.trajectory.indications import indication_facts, request_facts
from services.trajectory.ledger import distinct, registrations, standing, surviving
from services.trajectory.periods import DEFINITIONS, Definition, care_periods, chained, span
from services.trajectory.provisions import counted, moves, switches
from youthcare.codes import CareForms
from youthcare.events import EvaluationRecorded, Statement, YouthRegistered
from youthcare.youthfacts import (
    RULES_REVISION,
    CarePeriod,
    DefinitionFacts,
    Evaluation,
    GroupKind,
    GroupPeriods,
    IndicationFacts,
    Registration,
    Trajectory,
    YouthFacts,
    group_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a municipality sets: care forms, definition sets and the first day its feed is complete."""

    care_forms: CareForms
    definitions: tuple[Definition, ...] = DEFINITIONS
    coverage_start: date | None = None


def derive(
    statements: Iterable[Statement],
    *,
    municipality: str,
    youth: str,
    rules: Rules,
    known_day: date,
    statement_count: int | None = None,
) -> YouthFacts:
    """The facts that follow from the set of statements about a youth and those merged into it.

    `statement_count` is the size of the whole ledger when only what was known on an earlier day is given.
    """
    ledger = distinct(statements)
    facts = YouthFacts(
        municipality=municipality,
        youth=youth,
        version=(RULES_REVISION, len(ledger) if statement_count is None else statement_count),
        known_day=known_day,
    )
    left = surviving(ledger, youth)
    if not left:
        return replace(facts, gone=True)
    rows = standing(left)
    requests = request_facts(rows, rules.care_forms)
    known = tuple(indication_facts(rows, requests, rules.care_forms))
    return replace(
        facts,
        registrations=_registrations(rows),
        indications=known,
        requests=requests,
        evaluations=_evaluations(rows),
        definitions={row.name: _under(row, known, rules.coverage_start) for row in rules.definitions},
    )


def _under(definition: Definition, known: Sequence[IndicationFacts], coverage_start: date | None) -> DefinitionFacts:
    care = [row for row in known if row.counts_as_care]
    residential = [row for row in care if row.residential]
    periods = care_periods(care, definition, coverage_start)
    return DefinitionFacts(
        care_periods=periods,
        trajectories=tuple(_trajectory(chain, care, definition) for chain in chained(periods)),
        residential_periods=care_periods(residential, definition, coverage_start),
        residential_moves=moves(residential, definition),
        provisions=counted(care),
        groups=tuple(_groups(definition, care, coverage_start)),
    )


def _groups(
    definition: Definition, care: Sequence[IndicationFacts], coverage_start: date | None
) -> Iterator[GroupPeriods]:
    """The periods of each group that holds some of the indications and not all."""
    for kind in GroupKind:
        for group in sorted({group_of(row, kind) for row in care}):
            own = [row for row in care if group_of(row, kind) == group]
            if len(own) < len(care):
                yield GroupPeriods(
                    kind=kind,
                    group=group,
                    care_periods=care_periods(own, definition, coverage_start),
                    residential_periods=care_periods(
                        [row for row in own if row.residential], definition, coverage_start
                    ),
                )


def _trajectory(chain: Sequence[CarePeriod], care: Sequence[IndicationFacts], definition: Definition) -> Trajectory:
    period = span(chain)
    opened = (row.indication for row in care if any(run.start == period.start for run in row.running))
    return Trajectory(period=period, anchor=min(opened), switches=switches(care, period, definition))


def _registrations(rows: Sequence[Statement]) -> tuple[Registration, ...]:
    """By day; what a registration leaves out stays as the one before it said."""
    found: list[Registration] = []
    for row in registrations(rows):
        assert isinstance(row.data, YouthRegistered)
        before = found[-1] if found else Registration(valid_from=row.data.valid_from)
        found.append(
            Registration(
                valid_from=row.data.valid_from,
                birth_date=row.data.birth_date or before.birth_date,
                team=row.data.team or before.team,
                case_reference=row.data.case_reference or before.case_reference,
            )
        )
    return tuple(found)


def _evaluations(rows: Sequence[Statement]) -> tuple[Evaluation, ...]:
    found = {(row.data.indication, row.data.day) for row in rows if isinstance(row.data, EvaluationRecorded)}
    return tuple(Evaluation(indication=indication, day=day) for indication, day in sorted(found))
