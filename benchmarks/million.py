"""A step log as wide as that of a million youths, made of a few hundred youths that were really tallied.

Rules. The youths live ten simulated years; their facts of each known day are tallied and layered as live. SQL copies
what they added: a copy is known some days later and its events lie on other days of their month, while the first
days of months stay where they are, so that copies share rows as different youths do. A copy has the steps of some
series only: in all of them a youth has some two thousand rows. States are those of live, and of its layers each copy
has the first. `care` holds the same youths as days of care, for the peer.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date

import asyncpg
import orjson
import yaml

from benchmarks.ground import MUNICIPALITY
from benchmarks.statements import statements
from schemas.models import canonical_statement
from services.indicators.definitions import ANY_DEFINITION, DEFAULT_DEFINITION
from services.indicators.processor import YouthLayers, apply_facts
from services.indicators.steps import Amount, SharedSteps, StepKey, spread
from services.indicators.store.layers import deltas_body
from services.indicators.store.partitions import make_partitions
from services.indicators.store.tables import ALL_TABLES
from services.trajectory.facts import Rules
from services.trajectory.processor import by_youth, layers
from youthcare.codes import care_forms_from
from youthcare.events import Statement
from youthcare.runtime.settings import shipped
from youthcare.youthfacts import YouthFacts

FIRST_DAY, LAST_DAY = date(2015, 1, 1), date(2024, 12, 31)
BROAD = ("in_care_rate",)
"""The series of which every youth of the million has its steps, by municipality, team and age band."""
FULL = (
    *BROAD,
    "in_care",
    "residential_days",
    "residential_users",
    "sustainable_exit_rate",
    "trajectory_running",
    "waiting.granted",
    "waiting.started",
    "waiting.lapsed",
)
"""The series that the youths of the municipality that is asked have, by every group."""
_CORES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What was told of one youth, day by day, and what it left."""

    facts: Sequence[YouthFacts]
    layers: YouthLayers


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """So many copied youths in one municipality; a full one has all series of `FULL`."""

    municipality: str
    youths: int
    is_full: bool = False


def lives(youths_a_year: int) -> list[Life]:
    """Youths who lived ten years, tallied for each day on which something was known."""
    told = statements(MUNICIPALITY, youths_a_year, days=(FIRST_DAY, LAST_DAY))
    ledgers = by_youth(canonical_statement(orjson.loads(row.value or b"null")) for row in told)
    with ProcessPoolExecutor(_CORES) as pool:
        return list(pool.map(_life, ledgers.values(), chunksize=8))


def _life(ledger: Sequence[Statement]) -> Life:
    facts, left = [], YouthLayers()
    for each in layers(ledger, _rules()):
        facts.append(each)
        left = apply_facts(left, each)
    return Life(facts=facts, layers=left)


def _rules() -> Rules:
    forms = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text(encoding="utf-8")))
    return Rules(care_forms=forms, coverage_start=FIRST_DAY)


async def load(connection: asyncpg.Connection, lived: Sequence[Life], towns: Iterable[Town]) -> None:
    """Make the tables and fill them; `connection` owns the schema it is in and sees all municipalities."""
    await connection.execute(ALL_TABLES)
    await connection.execute(_SAMPLE)
    await connection.copy_records_to_table("sample_step", records=_step_rows(lived))
    await connection.copy_records_to_table("sample_layer", records=_layer_rows(lived))
    await connection.copy_records_to_table("sample_care", records=_care_rows(lived))
    await connection.execute("analyze sample_step; analyze sample_layer; analyze sample_care")
    templates: dict[tuple[int, bool], str] = {}
    for town in towns:
        async with connection.transaction():
            await make_partitions(connection, [town.municipality])
        template = templates.get((town.youths, town.is_full))
        if template is None:
            await _first(connection, town, len(lived))
            templates[town.youths, town.is_full] = town.municipality
        else:
            # A town of the same size has the same rows: copied as they lie, they need no sum and no sort.
            await connection.execute(_COPY, town.municipality, template)
        await connection.execute(_LAYERS, town.municipality, town.youths, len(lived))
        await connection.execute(_STATES, town.municipality, town.youths, len(lived))
        await connection.execute(_CARE, town.municipality, town.youths, len(lived))
    await connection.execute("drop table sample_step; drop table sample_layer; drop table sample_care")
    await connection.execute("create index on care (municipality, first_day)")


async def _first(connection: asyncpg.Connection, town: Town, youths: int) -> None:
    series = list(FULL if town.is_full else BROAD)
    copies = town.youths // youths + 1
    await connection.execute(_STEPS, town.municipality, copies, youths, town.youths, series, town.is_full)


def _step_rows(lived: Sequence[Life]) -> Iterator[tuple[object, ...]]:
    for number, life in enumerate(lived):
        for known_day, steps in life.layers.layers.items():
            yield from ((number, *key, known_day, *amount) for key, amount in _kept(steps))


def _kept(steps: SharedSteps) -> Iterator[tuple[StepKey, Amount]]:
    wanted = (ANY_DEFINITION, DEFAULT_DEFINITION)
    return (
        (key, amount) for key, amount in spread(steps).items() if key.indicator in FULL and key.definition in wanted
    )


def _layer_rows(lived: Sequence[Life]) -> Iterator[tuple[int, date, bytes]]:
    for number, life in enumerate(lived):
        known_day, steps = next(iter(life.layers.layers.items()), (FIRST_DAY, {}))
        yield number, known_day, deltas_body(steps)


def _care_rows(lived: Sequence[Life]) -> Iterator[tuple[int, date, date | None]]:
    """The days of care of each indication, as whoever keeps no steps would have them."""
    for number, life in enumerate(lived):
        rows = (row for row in life.facts[-1].indications if row.counts_as_care)
        yield from ((number, period.start, period.last_day) for row in rows for period in row.care)


_SAMPLE = """
create unlogged table sample_step (
    youth integer, indicator text, definition text, period text, group_kind text, group_name text,
    effective_day date, known_day date, numerator bigint, denominator bigint, pending bigint
);
create unlogged table sample_layer (youth integer primary key, known_day date, deltas bytea);
create unlogged table sample_care (youth integer, first_day date, last_day date);
create table care (municipality text, youth text, first_day date, last_day date);
create or replace function other_day(day date, copy integer) returns date language sql immutable as $body$
    select case when extract(day from day) = 1 then day
        else date_trunc('month', day)::date + (extract(day from day)::integer - 2 + copy) % 27 + 1 end
$body$;
"""
_STEPS = """
insert into step
select $1::text, indicator, definition,
       case when period ~ '^....-..-..$' then other_day(period::date, copy)::text else period end,
       group_kind, case group_kind when 'municipality' then $1::text else group_name end,
       other_day(effective_day, copy), known_day + copy,
       sum(numerator), sum(denominator), sum(pending)
from sample_step cross join generate_series(0, $2::integer) as copy
where youth + copy * $3::integer < $4::integer and indicator = any($5::text[])
  and ($6 or group_kind in ('municipality', 'team', 'age_band'))
group by 2, 3, 4, 5, 6, 7, 8
having (sum(numerator), sum(denominator), sum(pending)) <> (0, 0, 0)
order by 2, 3, 5, 6, 4, 7, 8
"""
_COPY = """
insert into step
select $1::text, indicator, definition, period, group_kind,
       case group_kind when 'municipality' then $1::text else group_name end,
       effective_day, known_day, numerator, denominator, pending
from step where municipality = $2
order by indicator, definition, group_kind, group_name, period, effective_day, known_day
"""
_LAYERS = """
insert into youth_layer
select $1::text, to_char(number, 'FM0000000'), known_day, false, deltas
from generate_series(0, $2::integer - 1) as number join sample_layer on youth = number % $3::integer
order by 2
"""
_STATES = """
insert into youth_state
select $1::text, to_char(number, 'FM0000000'), 1, 1, known_day, false
from generate_series(0, $2::integer - 1) as number join sample_layer on youth = number % $3::integer
order by 2
"""
_CARE = """
insert into care
select $1::text, to_char(number, 'FM0000000'), first_day, last_day
from generate_series(0, $2::integer - 1) as number join sample_care on youth = number % $3::integer
order by first_day
"""
