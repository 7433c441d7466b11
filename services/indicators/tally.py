"""What one youth adds to every figure, as steps: a pure, time-free function of its facts (design.md §1).

A figure asked on day D is the sum over all youths of the steps up to D. Facts that are gone (merged into another
youth, or forgotten) tally to nothing.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from services.indicators import exits, inflow, presence
from services.indicators.definitions import Per
from services.indicators.durations import running_steps
from services.indicators.flow import flow_steps
from services.indicators.placements import Placement, care_days, placements
from services.indicators.steps import Amount, StepKey, Steps, changes, summed
from youthcare.youthfacts import YouthFacts


def tally_all(facts: YouthFacts) -> dict[StepKey, Amount]:
    """The net steps of a youth under every definition set."""
    return summed(tally(facts, definition) for definition in facts.definitions)


def tally(facts: YouthFacts, definition: str) -> dict[StepKey, Amount]:
    """The net steps of a youth under one definition set; amounts are numerator, denominator, pending."""
    if facts.gone:
        return {}
    return summed(_parts(facts, definition))


def _parts(facts: YouthFacts, definition: str) -> Iterator[Steps]:
    care = placements(facts, care_days(facts))
    yield from _presence(facts, definition, care)
    yield _inflow(facts, definition, care)
    yield from _exits(facts, definition)
    yield flow_steps(facts, facts.definitions[definition].care_periods, definition)
    yield running_steps(facts, definition)


def _presence(facts: YouthFacts, definition: str, care: Sequence[Placement]) -> Iterator[Steps]:
    days = [placement.days for placement in care]
    month_days = list(presence.days_of_change(days, Per.MONTH))
    yield changes(definition, month_days, partial(presence.in_care_on, care, facts.municipality))
    today = [day for period in days for day in (period.start, period.end)]
    yield changes(definition, today, partial(presence.in_care_today_on, care, facts.municipality))
    provisions = facts.definitions[definition].provisions
    counted = [period for provision in provisions for period in provision.days]
    stacking_days = [*presence.days_of_change(counted, Per.MONTH), *month_days]
    yield changes(definition, stacking_days, partial(presence.stacking_on, provisions, care, facts.municipality))


def _inflow(facts: YouthFacts, definition: str, care: Sequence[Placement]) -> Steps:
    opened = inflow.openings(facts.definitions[definition].care_periods)
    state_on = partial(inflow.inflow_on, opened, inflow.find_birth_date(facts), care, facts.municipality)
    return changes(definition, inflow.days_of_change(opened, care), state_on)


def _exits(facts: YouthFacts, definition: str) -> Iterator[Steps]:
    rows = exits.exits(facts, facts.definitions[definition].care_periods)
    for quarter, cohort in exits.cohorts(rows).items():
        state_on = partial(exits.sustainable_on, quarter, cohort, facts.municipality)
        yield changes(definition, exits.days_of_change(cohort), state_on)
    windows_on = partial(exits.windows_open_on, rows, facts.municipality)
    yield changes(definition, exits.days_of_change(rows), windows_on)
