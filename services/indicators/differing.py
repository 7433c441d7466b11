"""What one youth adds to one figure, and whether definition sets differ on it at all."""

from datetime import date

from services.indicators.counting import days_counted
from services.indicators.definitions import DEFAULT_DEFINITION, DEFINITIONS, UNDER_ANY, Indicator
from services.indicators.steps import NOTHING, Amount, Group, SharedSteps, StepKey, Steps, minus, plus, spread
from services.indicators.windows import DISTRIBUTIONS, Spread, Window, spreads_of, windows_of

Contribution = tuple[object, ...]
"""What is compared: numerator, denominator and pending, or of a distribution what is counted in it."""


def contribution(
    steps: Steps, indicator: Indicator, period: str, group: Group, definition: str, on: date
) -> Contribution:
    """What the steps of one youth add to a figure of a group under a definition set."""
    if indicator.kind in DISTRIBUTIONS:
        spreads = spreads_of(indicator, period, definition, on)
        return tuple(sorted(found for spread in spreads for found in _counted(steps, spread, group)))
    total = NOTHING
    for term, window in windows_of(indicator, period, definition, on):
        amount = _summed(steps, window, group)
        told = days_counted(amount, window.until) if term.is_days else amount
        total = plus(total, told) if term.sign > 0 else minus(total, told)
    return total


def _summed(steps: Steps, window: Window, group: Group) -> Amount:
    total = NOTHING
    for key, amount in steps.items():
        place = (key.indicator, key.definition, key.period, (key.group_kind, key.group))
        if place == (window.series, window.definition, window.period, group) and key.effective_day <= window.until:
            total = plus(total, amount)
    return total


def _counted(steps: Steps, spread: Spread, group: Group) -> list[tuple[str, str, str, int]]:
    return [
        (spread.series, key.period, key.effective_day.isoformat(), amount[0])
        for key, amount in steps.items()
        if (key.indicator, key.definition, (key.group_kind, key.group)) == (spread.series, spread.definition, group)
        and spread.since <= key.effective_day <= spread.until
        and (spread.named is None or spread.named.covers(date.fromisoformat(key.period)))
    ]


def differs(steps: SharedSteps) -> bool:
    """Whether a youth's steps differ between the definition sets; `steps` are all of the youth's."""
    # Steps that only gauges are read from stand under the default set alone.
    apart = {
        key: amount
        for key, amount in steps.items()
        if key.definitions != UNDER_ANY and len(key.definitions) < len(DEFINITIONS) and key.indicator != "windows_open"
    }
    by_definition: dict[str, set[tuple[StepKey, Amount]]] = {definition: set() for definition in DEFINITIONS}
    for key, amount in spread(apart).items():
        by_definition[key.definition].add((key._replace(definition=""), amount))
    return any(found != by_definition[DEFAULT_DEFINITION] for found in by_definition.values())
