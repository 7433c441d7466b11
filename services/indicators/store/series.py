"""What the figures of one group in many periods are read from: each series of steps once, not once per period."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.indicators.asking import Days
from services.indicators.definitions import Indicator, Kind
from services.indicators.recomputing import Log
from services.indicators.steps import Amount, Group, StepKey
from services.indicators.waiting import GRANTED, LAPSED, STARTED, Dated, waits_of
from services.indicators.windows import DISTRIBUTIONS, Read, Spread, Window, days_asked, spreads_of, windows_of
from youthcare.period import FAR
from youthcare.runtime.postgres import Connection

Counted = tuple[int, int, int]
"""The first day that steps name, the day of the steps, and how many; days are numbers (`date.toordinal`)."""


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
    if indicator.kind is Kind.SURVIVAL:
        return await _waits(connection, municipality, indicator, periods, days, group)
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
        found |= _running(many, rows) if is_running else _parted(many, rows)
    return found


def _order(spread: Spread) -> tuple[date, date]:
    return spread.named.start if spread.named else date.min, spread.until


# Days leave as numbers: there are many of them, and nobody shows them.
COUNTS = """
select period::date - date '0001-01-01' + 1, effective_day - date '0001-01-01' + 1, sum(numerator)::bigint
from step where municipality = $1 and indicator = $2 and definition = $3 and group_kind = $4 and group_name = $5
  and period >= $6 and period < $7 and effective_day between $8 and $9 and known_day <= $10
group by period, effective_day having sum(numerator) <> 0
"""
# Of what runs only the distribution on some days is asked.
RUNNING = """
select period::date - date '0001-01-01' + 1, width_bucket(effective_day - 1, $11::date[]) as place,
       sum(numerator)::bigint
from step where municipality = $1 and indicator = $2 and definition = $3 and group_kind = $4 and group_name = $5
  and period >= $6 and period < $7 and effective_day between $8 and $9 and known_day <= $10
group by period, place having sum(numerator) <> 0
"""


def _running(spreads: Sequence[Spread], counted: Sequence[Counted]) -> dict[Spread, Dated]:
    """What runs on the last day of each spread, which is all that a duration up to it asks.

    The second number of a row is here the place of the first spread that it counts in.
    """
    gained: list[list[Counted]] = [[] for _ in spreads]
    for row in counted:
        gained[row[1]].append(row)
    found: dict[Spread, Dated] = {}
    running: Counter[int] = Counter()
    for spread, rows in zip(spreads, gained, strict=True):
        for first_day, _, count in rows:
            running[first_day] += count
        until = spread.until.toordinal()
        found[spread] = {(first_day, until): count for first_day, count in running.items() if count}
    return found


def _parted(spreads: Sequence[Spread], counted: Sequence[Counted]) -> dict[Spread, Dated]:
    """What changed within each spread."""
    found: dict[Spread, dict[tuple[int, int], int]] = {spread: {} for spread in spreads}
    starts = [spread.since.toordinal() for spread in spreads]
    for first_day, day, count in counted:
        index = bisect_right(starts, day) - 1
        if index >= 0 and day <= spreads[index].until.toordinal():
            found[spreads[index]][first_day, day] = count
    return dict(found)


async def _waits(
    connection: Connection, municipality: str, indicator: Indicator, periods: Sequence[str], days: Days, group: Group
) -> dict[str, Read]:
    """How long indications waited, by the period in which they were granted; counted by the database."""
    spans = [span for period in periods if (span := days_asked(indicator, period, days.on)) is not None]
    counted = [{series: Counter[int]() for series in (GRANTED, STARTED, LAPSED)} for _ in spans]
    starts = [span.start for span in spans]
    asked = (municipality, *group, starts[0].isoformat(), spans[-1].end.isoformat(), days.on, days.known_on, starts)
    for place, series, waited, count in await connection.fetch(WAITS, *asked):
        counted[place - 1][series][waited] += count
    return {period: _read_of(group, row) for period, row in zip(periods, counted, strict=True)}


def _read_of(group: Group, counted: Mapping[str, Counter[int]]) -> Read:
    if not any(counted.values()):
        return Read(waits={})
    return Read(waits={group: waits_of(counted[STARTED], counted[LAPSED], counted[GRANTED])})


# A period is that of the granted first day, which the steps name. Who still waits are those granted without those who
# began or lapsed. Under the name of `waiting.granted` they are told by how long they waited on the day asked.
WAITS = f"""
with told as (
    select period, indicator, effective_day, numerator from step
    where municipality = $1 and indicator = any('{{{GRANTED},{STARTED},{LAPSED}}}') and definition = ''
      and group_kind = $2 and group_name = $3 and period >= $4 and period < $5 and effective_day <= $6
      and known_day <= $7
)
select width_bucket(period::date, $8::date[]) as place, indicator,
       effective_day - period::date - (indicator = '{LAPSED}')::integer as waited, sum(numerator)::bigint
from told where indicator <> '{GRANTED}' group by place, indicator, waited
union all
select width_bucket(period::date, $8::date[]), '{GRANTED}', $6::date - period::date,
       sum(case indicator when '{GRANTED}' then numerator else -numerator end)::bigint
from told group by period having sum(case indicator when '{GRANTED}' then numerator else -numerator end) <> 0
"""  # noqa: S608 (a text of our own)
