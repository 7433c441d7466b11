"""What the figures of one group in many periods are read from: each series of steps once, not once per period."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.indicators.asking import Days
from services.indicators.definitions import Indicator, Kind
from services.indicators.recomputing import Log
from services.indicators.steps import Amount, Group, StepKey
from services.indicators.waiting import GRANTED, LAPSED, STARTED, waits_of
from services.indicators.windows import DISTRIBUTIONS, Read, Spread, Window, days_asked, spreads_of, windows_of
from youthcare.runtime.postgres import Connection

Counted = tuple[int, int, int]
"""The place of a period among those asked; days lasted, or a first day (`date.toordinal`); and how many."""
Lasted = Mapping[int, int]
"""How many lasted so many days."""


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
        return await _durations(connection, municipality, indicator, periods, definition, days, group)
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


async def _durations(
    connection: Connection,
    municipality: str,
    indicator: Indicator,
    periods: Sequence[str],
    definition: str,
    days: Days,
    group: Group,
) -> dict[str, Read]:
    """How many lasted so many days, by the period in which they ended or on whose last day they run."""
    found = {period: spreads_of(indicator, period, definition, days.on) for period in periods}
    spreads = sorted((spread for told in found.values() for spread in told), key=lambda spread: spread.until)
    if not spreads:
        return {period: Read() for period in periods}
    first, last = spreads[0], spreads[-1]
    asked = (municipality, first.series, first.definition, *group, first.since, last.until, days.known_on)
    if first.since == date.min:
        rows = await connection.fetch(RUNNING, *asked, [spread.until for spread in spreads])
        counted = _running(spreads, rows)
    else:
        rows = await connection.fetch(ENDED, *asked, [spread.since for spread in spreads])
        counted = _ended(spreads, rows)
    return {period: _lasting(group, [counted[spread] for spread in told]) for period, told in found.items()}


def _lasting(group: Group, told: Sequence[Lasted]) -> Read:
    return Read(durations={group: told[0]} if told and told[0] else {})


# By the period that they ended in, of those that are asked one after another.
ENDED = """
select width_bucket(effective_day, $9::date[]) as place, effective_day - period::date as lasted,
       sum(numerator)::bigint
from step where municipality = $1 and indicator = $2 and definition = $3 and group_kind = $4 and group_name = $5
  and effective_day between $6 and $7 and known_day <= $8
group by place, lasted having sum(numerator) <> 0
"""
# By the first of the days asked on which they run; the first day leaves as a number.
RUNNING = """
select width_bucket(effective_day - 1, $9::date[]) as place, period::date - date '0001-01-01' + 1,
       sum(numerator)::bigint
from (
    select period, effective_day, sum(numerator) as numerator
    from step where municipality = $1 and indicator = $2 and definition = $3 and group_kind = $4 and group_name = $5
      and effective_day between $6 and $7 and known_day <= $8
    group by period, effective_day
) as daily
group by period, place having sum(numerator) <> 0
"""


def _running(spreads: Sequence[Spread], rows: Sequence[Counted]) -> dict[Spread, Lasted]:
    """How long those last that run on the last day of each spread."""
    gained: list[list[Counted]] = [[] for _ in spreads]
    for row in rows:
        gained[row[0]].append(row)
    found: dict[Spread, Lasted] = {}
    running: Counter[int] = Counter()
    for spread, begun in zip(spreads, gained, strict=True):
        for _, first_day, count in begun:
            running[first_day] += count
        after = spread.until.toordinal() + 1
        found[spread] = {after - first_day: count for first_day, count in running.items() if count}
    return found


def _ended(spreads: Sequence[Spread], rows: Sequence[Counted]) -> dict[Spread, Lasted]:
    """How long those lasted that ended within each spread."""
    found: dict[Spread, dict[int, int]] = {spread: {} for spread in spreads}
    for place, lasted, count in rows:
        found[spreads[place - 1]][lasted] = count
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


# First summed as it lies in the index. A period is that of the granted first day, which the steps name. Who still
# waits are those granted without those who began or lapsed. Under the name of `waiting.granted` they are told by how
# long they waited on the day asked.
WAITS = f"""
with told as (
    select series.indicator, daily.* from unnest('{{{GRANTED},{STARTED},{LAPSED}}}'::text[]) as series (indicator)
    cross join lateral (
        select period, effective_day, sum(numerator)::bigint as numerator from step
        where municipality = $1 and step.indicator = series.indicator and definition = ''
          and group_kind = $2 and group_name = $3 and period >= $4 and period < $5 and effective_day <= $6
          and known_day <= $7
        group by period, effective_day having sum(numerator) <> 0
    ) as daily
)
select width_bucket(period::date, $8::date[]) as place, indicator,
       effective_day - period::date - (indicator = '{LAPSED}')::integer as waited, sum(numerator)::bigint
from told where indicator <> '{GRANTED}' group by place, indicator, waited
union all
select width_bucket(period::date, $8::date[]), '{GRANTED}', $6::date - period::date,
       sum(case indicator when '{GRANTED}' then numerator else -numerator end)::bigint
from told group by period having sum(case indicator when '{GRANTED}' then numerator else -numerator end) <> 0
"""  # noqa: S608 (a text of our own)
