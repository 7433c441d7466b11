"""What one youth adds to every figure, as steps: a pure, time-free function of its facts (design.md §1).

A figure asked on day D is the sum over all youths of the steps up to D. Facts that are gone (merged into another
youth, or forgotten) tally to nothing. What is the same under every definition set is told once.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Set
from datetime import date
from functools import partial
from operator import itemgetter

from services.indicators import exits
from services.indicators.agreements import agreement_steps
from services.indicators.definitions import DEFAULT_DEFINITION
from services.indicators.delays import RecordedEvent, delay_steps, recorded_events, timeliness_step
from services.indicators.durations import duration_steps
from services.indicators.flow import flow_steps
from services.indicators.openings import opening_steps
from services.indicators.placements import Scope, scopes
from services.indicators.presence import presence_steps
from services.indicators.residence import residence_steps
from services.indicators.stacking import stacking_steps
from services.indicators.steps import Amount, Definitions, SharedKey, SharedSteps, StepKey, changes, spread, summed
from services.indicators.waiting import waiting_steps
from youthcare.workingdays import NONE_DECREED
from youthcare.youthfacts import DefinitionFacts, YouthFacts

Ground = Callable[[Scope, DefinitionFacts], Hashable]
"""All that some steps follow from: where two definition sets agree on it, they agree on the steps."""

Defined = Callable[[Scope, DefinitionFacts, Definitions], Iterator[SharedSteps]]


def tally_all(facts: YouthFacts, decreed: Set[date] = NONE_DECREED) -> dict[StepKey, Amount]:
    """The net steps of a youth under every definition set; amounts are numerator, denominator, pending.

    `decreed` are days that are no working days beside those of the law (`youthcare/workingdays.py`).
    """
    return spread(shared_tally(facts, decreed))


def shared_tally(facts: YouthFacts, decreed: Set[date] = NONE_DECREED) -> dict[SharedKey, Amount]:
    """The same steps as `tally_all`, those of several groups or definition sets told once."""
    return {} if facts.gone else summed(_parts(facts, decreed))


def _parts(facts: YouthFacts, decreed: Set[date]) -> Iterator[SharedSteps]:
    provisions = next((under.provisions for under in facts.definitions.values()), ())
    events = recorded_events(facts, decreed)
    yield delay_steps(events, facts.municipality)
    for scope in scopes(facts):
        yield from _timeliness(scope, events)
        yield from presence_steps(scope)
        yield from stacking_steps(scope, provisions)
        yield from residence_steps(scope)
        yield from agreement_steps(scope)
        yield from waiting_steps(scope)
        for ground_of, steps_of in _DEFINED:
            for definitions, under in _agreeing(scope, facts, ground_of):
                yield from steps_of(scope, under, definitions)


def _timeliness(scope: Scope, events: Iterable[RecordedEvent]) -> Iterator[SharedSteps]:
    """Every start and end of the scope in the groups of its day."""
    own = {row.indication for row in scope.rows}
    return (
        timeliness_step(event, scope.placing.on(event.day)) for event in events if event.indication.indication in own
    )


def _agreeing(scope: Scope, facts: YouthFacts, ground_of: Ground) -> Iterator[tuple[Definitions, DefinitionFacts]]:
    """The definition sets that agree on a ground, and the facts under the first of them."""
    found: dict[Hashable, list[str]] = {}
    # By name, so that the same facts give the same shared steps in whatever order they tell of the sets.
    for definition, under in sorted(facts.definitions.items(), key=itemgetter(0)):
        found.setdefault(ground_of(scope, under), []).append(definition)
    return ((tuple(names), facts.definitions[names[0]]) for names in found.values())


def _openings_ground(scope: Scope, under: DefinitionFacts) -> Hashable:
    rows = (scope.care_periods(under), scope.residential_periods(under))
    return tuple(tuple((row.period.start, row.opening, row.five_years, row.crisis) for row in many) for many in rows)


def _exits_ground(scope: Scope, under: DefinitionFacts) -> Hashable:
    return tuple((row.period, row.until, row.opening, row.exit_kind) for row in scope.care_periods(under))


def _flow_ground(scope: Scope, under: DefinitionFacts) -> Hashable:
    return tuple((row.period, row.opening) for row in scope.care_periods(under))


def _durations_ground(scope: Scope, under: DefinitionFacts) -> Hashable:
    return under.trajectories, tuple(row.period for row in scope.care_periods(under))


def _exits(scope: Scope, under: DefinitionFacts, definitions: Definitions) -> Iterator[SharedSteps]:
    rows = exits.exits(scope, scope.care_periods(under))
    for quarter, cohort in exits.cohorts(rows).items():
        state_on = partial(exits.sustainable_on, quarter, cohort)
        yield changes(definitions, exits.days_of_change(cohort), state_on)
    if DEFAULT_DEFINITION in definitions:
        yield changes((DEFAULT_DEFINITION,), exits.days_of_change(rows), partial(exits.windows_open_on, rows))


def _flow(scope: Scope, under: DefinitionFacts, definitions: Definitions) -> Iterator[SharedSteps]:
    yield flow_steps(scope, scope.care_periods(under), definitions)


_DEFINED: tuple[tuple[Ground, Defined], ...] = (
    (_openings_ground, opening_steps),
    (_exits_ground, _exits),
    (_flow_ground, _flow),
    (_durations_ground, duration_steps),
)
"""The steps that depend on a definition set, and on what of it."""
