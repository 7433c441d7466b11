"""What one youth adds to every figure, as steps: a pure, time-free function of its facts (design.md §1).

A figure asked on day D is the sum over all youths of the steps up to D. Facts that are gone (merged into another
youth, or forgotten) tally to nothing. What is the same under every definition set is told once.
"""

from collections.abc import Iterable, Iterator
from functools import partial

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
from services.indicators.steps import Amount, StepKey, Steps, changes, summed
from services.indicators.waiting import waiting_steps
from youthcare.youthfacts import DefinitionFacts, YouthFacts


def tally_all(facts: YouthFacts) -> dict[StepKey, Amount]:
    """The net steps of a youth under every definition set; amounts are numerator, denominator, pending."""
    return {} if facts.gone else summed(_parts(facts))


def _parts(facts: YouthFacts) -> Iterator[Steps]:
    provisions = next((under.provisions for under in facts.definitions.values()), ())
    events = recorded_events(facts)
    yield delay_steps(facts)
    for scope in scopes(facts):
        yield from _timeliness(scope, events)
        yield from presence_steps(scope)
        yield from stacking_steps(scope, provisions)
        yield from residence_steps(scope)
        yield from agreement_steps(scope)
        yield from waiting_steps(scope)
        for definition, under in facts.definitions.items():
            yield from _defined(scope, under, definition)


def _timeliness(scope: Scope, events: Iterable[RecordedEvent]) -> Iterator[Steps]:
    """Every start and end of the scope in the groups of its day."""
    own = {row.indication for row in scope.rows}
    for event in events:
        if event.indication.indication in own:
            for kind, group in scope.placing.on(event.day):
                yield timeliness_step(event, kind, group)


def _defined(scope: Scope, under: DefinitionFacts, definition: str) -> Iterator[Steps]:
    """The steps that depend on a definition set."""
    periods = scope.care_periods(under)
    yield from opening_steps(scope, under, definition)
    yield from _exits(scope, under, definition)
    yield flow_steps(scope, periods, definition)
    yield from duration_steps(scope, under, definition)


def _exits(scope: Scope, under: DefinitionFacts, definition: str) -> Iterator[Steps]:
    rows = exits.exits(scope, scope.care_periods(under))
    for quarter, cohort in exits.cohorts(rows).items():
        state_on = partial(exits.sustainable_on, quarter, cohort)
        yield changes(definition, exits.days_of_change(cohort), state_on)
    if definition == DEFAULT_DEFINITION:
        yield changes(definition, exits.days_of_change(rows), partial(exits.windows_open_on, rows))
