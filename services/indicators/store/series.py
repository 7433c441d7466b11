"""What the figures of one group in many periods are read from: each series of steps once, not once per period."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache

from services.indicators.asking import Days
from services.indicators.definitions import Indicator
from services.indicators.recomputing import Log
from services.indicators.steps import Amount, Group, StepKey
from services.indicators.waiting import Dated
from services.indicators.windows import DISTRIBUTIONS, Read, Spread, Window, spreads_of, windows_of
from youthcare.period import FAR
from youthcare.runtime.postgres import Connection

Counted = tuple[date, date, int]
"""The first day that steps name, the day of the steps, and how many."""


async def read_series(
    connection: Connection,
    municipality: str,
    indicator: Indicator,
    periods: Sequence[str],
    definition: str,
    days: Days,
    group: Group,
) -> dict[str, Read]:
    """What the figures of a group are read from, by period."""
    if indicator.kind in DISTRIBUTIONS:
        spreads = {period: spreads_of(indicator, period, definition, days.on) for period in periods}
        asked = {spread for found in spreads.values() for spread in found}
        counted = await _spreads(connection, municipality, asked, days.known_on, group)
        return {
            period: Read(spreads={spread: {group: counted[spread]} for spread in found if counted[spread]})
            for period, found in spreads.items()
        }
    windows = {window for period in periods for _, window in windows_of(indicator, period, definition, days.on)}
    log = Log(await _steps(connection, municipality, windows, days.known_on, group), definition)
    return {period: log.read(indicator, period, definition, days.on) for period in periods}


async def _steps(
    connection: Connection, municipality: str, windows: Iterable[Window], known_on: date, group: Group
) -> dict[StepKey, Amount]:
    """The steps of a group within windows, summed over what was known."""
    found: dict[StepKey, Amount] = {}
    by_series: dict[tuple[str, str], list[Window]] = {}
    for window in windows:
        by_series.setdefault((window.series, window.definition), []).append(window)
    for (series, definition), many in by_series.items():
        rows = await connection.fetch(
            STEPS,
            municipality,
            series,
            definition,
            *group,
            min(window.period for window in many),
            max(window.period for window in many),
            max(window.until for window in many),
            known_on,
            sorted({window.until for window in many}),
        )
        for period, day, *amount in rows:
            found[StepKey(series, definition, period, *group, day)] = (amount[0], amount[1], amount[2])
    return found


# First summed as it lies in the index. Of a day only the next one that is asked for is told (`$10`): there are fewer.
STEPS = """
select period, ($10::date[])[1 + width_bucket(effective_day - 1, $10::date[])] as day,
       sum(numerator)::bigint as numerator, sum(denominator)::bigint as denominator, sum(pending)::bigint as pending
from (
    select period, effective_day, sum(numerator)::bigint as numerator, sum(denominator)::bigint as denominator,
           sum(pending)::bigint as pending
    from step where municipality = $1 and indicator = $2 and definition = $3 and group_kind = $4 and group_name = $5
      and period between $6 and $7 and effective_day <= $8 and known_day <= $9
    group by period, effective_day
) as daily
group by period, day
"""


async def _spreads(
    connection: Connection, municipality: str, spreads: Iterable[Spread], known_on: date, group: Group
) -> dict[Spread, Dated]:
    """The counted distributions of a group."""
    found: dict[Spread, Dated] = {}
    by_series: dict[tuple[str, str], list[Spread]] = {}
    for spread in spreads:
        by_series.setdefault((spread.series, spread.definition), []).append(spread)
    for place, many in by_series.items():
        many.sort(key=_order)
        asked: list[object] = [
            *(municipality, *place, *group),
            min(spread.named.start if spread.named else date.min for spread in many).isoformat(),
            max(spread.named.end if spread.named else FAR for spread in many).isoformat(),
            *(many[0].since, many[-1].until, known_on),
        ]
        is_running = many[0].since == date.min and many[0].named is None
        if is_running:
            rows = await connection.fetch(RUNNING, *asked, [spread.until for spread in many])
        else:
            rows = await connection.fetch(COUNTS, *asked)
        counted = [(_first_day(name), day, count) for name, day, count in rows]
        found |= _running(many, counted) if is_running else _parted(many, counted)
    return found


def _order(spread: Spread) -> tuple[date, date]:
    return spread.named.start if spread.named else date.min, spread.until


COUNTS = """
select period, effective_day as day, sum(numerator)::bigint as count
from step where municipality = $1 and indicator = $2 and definition = $3 and group_kind = $4 and group_name = $5
  and period >= $6 and period < $7 and effective_day between $8 and $9 and known_day <= $10
group by period, effective_day having sum(numerator) <> 0
"""
# Of what runs only the distribution on some days is asked.
RUNNING = f"""
select period, ($11::date[])[1 + width_bucket(day - 1, $11::date[])] as day, sum(count)::bigint as count
from ({COUNTS}) as daily group by 1, 2 having sum(count) <> 0
"""  # noqa: S608 (a text of our own)


@cache
def _first_day(name: str) -> date:
    return date.fromisoformat(name)


def _running(spreads: Sequence[Spread], counted: Sequence[Counted]) -> dict[Spread, Dated]:
    """What runs on the last day of each spread, which is all that a duration up to it asks."""
    found: dict[Spread, Dated] = {}
    running: Counter[date] = Counter()
    rows = iter([*sorted(counted, key=lambda row: row[1]), (date.max, date.max, 0)])
    first_day, day, count = next(rows)
    for spread in spreads:
        while day <= spread.until:
            running[first_day] += count
            first_day, day, count = next(rows)
        found[spread] = {(first, spread.until): number for first, number in running.items() if number}
    return found


def _parted(spreads: Sequence[Spread], counted: Sequence[Counted]) -> dict[Spread, Dated]:
    """What changed within each spread."""
    found: dict[Spread, dict[tuple[date, date], int]] = {spread: {} for spread in spreads}
    starts = [spread.named.start if spread.named else spread.since for spread in spreads]
    for first_day, day, count in counted:
        index = bisect_right(starts, first_day if spreads[0].named else day) - 1
        if index >= 0 and _holds(spreads[index], first_day, day):
            found[spreads[index]][first_day, day] = count
    return dict(found)


def _holds(spread: Spread, first_day: date, day: date) -> bool:
    is_named = spread.named is None or spread.named.covers(first_day)
    return is_named and spread.since <= day <= spread.until
