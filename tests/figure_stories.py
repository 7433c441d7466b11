"""Telling stories of figures: what was told in statements, and what the figures say on a day.

Rules: everything goes the whole pure way, from statements through facts and steps to figures; a story reads one cell
as (numerator, denominator, status, pending). Products are codes of the shipped table of care forms.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

import yaml

from services.indicators.delays import delay_steps, recorded_events
from services.indicators.figures import Figure
from services.indicators.population import PopulationRow
from services.indicators.recomputing import figures
from services.indicators.steps import Amount, SharedKey, StepKey, Steps, spread, summed
from services.indicators.tally import shared_tally, tally_all
from tests import builders, naive_indicators
from tests.builders import Statement
from youthcare.codes import CareForms, care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.youthfacts import YouthFacts

MUNICIPALITY = builders.MUNICIPALITY
P, Q, R = builders.PROVIDER, builders.OTHER_PROVIDER, "73737003"
AMBULATORY, MENTAL_HEALTH, TRANSPORT = "45A04", "51A00", "42A03"
FOSTER_CARE, RESIDENCE = "43A03", "43A02"

Told = tuple[int, int, str, int]


@cache
def care_forms() -> CareForms:
    """The care forms that the product ships."""
    return care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))


def steps_of(told: Iterable[Statement], coverage: str = "2010-01-01") -> dict[StepKey, Amount]:
    """The steps of all youths that something was told of, as last known."""
    layers = naive_indicators.told_layers(told, care_forms(), date.fromisoformat(coverage))
    return summed(map(tally_all, naive_indicators.newest(layers)))


def shared_steps_of(told: Iterable[Statement]) -> dict[SharedKey, Amount]:
    """The same steps before they are spread over groups and definition sets."""
    layers = naive_indicators.told_layers(told, care_forms(), date(2010, 1, 1))
    return summed(map(shared_tally, naive_indicators.newest(layers)))


def counted_delays(facts: YouthFacts) -> Steps:
    """What a youth adds to the counted delays and the timeliness of senders, as it stands in the log."""
    return spread(delay_steps(recorded_events(facts), facts.municipality))


def figures_on(
    on: str,
    *told: Statement,
    population: Iterable[PopulationRow] = (),
    coverage: str = "2010-01-01",
    definition: str = "enschede",
) -> tuple[Figure, ...]:
    """The figures on a day, of all that was told; the feed is complete since long ago unless a story says so."""
    steps = steps_of(told, coverage)
    return figures(steps, population, municipality=MUNICIPALITY, definition=definition, on=date.fromisoformat(on))


def figure_in(
    rows: Iterable[Figure], indicator: str, period: str, group: str = MUNICIPALITY, kind: str | None = None
) -> Figure | None:
    """One figure; None when there is no such row. The kind of group is only needed where groups share a name."""
    found = [
        row
        for row in rows
        if (row.indicator, row.period, row.group) == (indicator, period, group) and kind in (None, row.group_kind)
    ]
    assert len(found) <= 1, "the story must name the kind of group"
    return found[0] if found else None


def told_of(
    rows: Iterable[Figure], indicator: str, period: str, group: str = MUNICIPALITY, kind: str | None = None
) -> Told | None:
    """Numerator, denominator, status and pending of one figure; None when there is no such row."""
    found = figure_in(rows, indicator, period, group, kind)
    return None if found is None else (found.numerator, found.denominator, found.status, found.pending)


def balance(
    rows: Iterable[Figure], period: str, group: str = MUNICIPALITY, kind: str = "municipality"
) -> dict[str, int]:
    """The terms of a flow balance that are not nought."""
    return {
        row.indicator.removeprefix("flow_balance."): row.numerator
        for row in rows
        if row.indicator.startswith("flow_balance.")
        and (row.period, row.group_kind, row.group) == (period, kind, group)
        and row.numerator
    }


def people(quarter: str, youths: int, group: tuple[str, str] = ("municipality", MUNICIPALITY)) -> PopulationRow:
    """The population 0-17 of a group in a quarter."""
    return PopulationRow(municipality=MUNICIPALITY, quarter=quarter, group_kind=group[0], group=group[1], youths=youths)


def care(first_day: str, last_day: str | None = None, reason: str = "31", **more: Any) -> list[Statement]:
    """A delivery that starts and, when a last day is given, ends."""
    indication = more.pop("indication", "0153-1")
    youth = {"youth": more.pop("youth", builders.YOUTH)}
    told = [builders.started(indication=indication, first_day=first_day, **youth, **more)]
    if last_day is not None:
        told.append(
            builders.ended(indication=indication, first_day=first_day, last_day=last_day, reason=reason, **youth)
        )
    return told


def lives_in(team: str, valid_from: str = "2010-01-01", youth: str = builders.YOUTH) -> Statement:
    """The youth lives in the area of a team from a day on; nobody states a birth date."""
    return builders.registered(team=team, valid_from=valid_from, birth_date=None, youth=youth)


def born(birth_date: str, youth: str = builders.YOUTH, team: str | None = None) -> Statement:
    """A registration of the youth's birth date."""
    return builders.registered(team=team, valid_from="2010-01-01", birth_date=birth_date, youth=youth)
