"""Reference data, entered with a number and a day on which they became known, and read as known on a day.

Of one key the row of the newest import counts that was known on the day asked; a withdrawn one counts for nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.indicators.delays import Decreed
from services.indicators.population import Cells, PopulationRow, population_row
from services.indicators.reference import ReferenceFile, Refusals, refused_withdrawals
from services.indicators.reference_kinds import (
    FORMS,
    ExternalRow,
    ReferenceKind,
    TargetRow,
    decreed_day,
    external_row,
    target_row,
)
from services.indicators.steps import Group
from youthcare.period import FAR, civil_day
from youthcare.runtime.postgres import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What became of a file: the import that its rows came with; unchanged when that was an earlier one."""

    import_number: int
    row_count: int
    is_unchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import; `known_day` is the civil day from which its rows are known."""

    import_number: int
    kind: ReferenceKind
    entered_at: datetime
    known_day: date
    entered_by: str
    digest: str
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Where a kind is kept: its name, and per column of the file the table's column and type."""

    name: str
    columns: Mapping[str, tuple[str, str]]
    period: str = ""


_GROUP = {"group_kind": ("group_kind", "text"), "group": ("group_name", "text")}
_PERIOD = {"period": ("period", "text")}
_TABLES = {
    ReferenceKind.POPULATION: _Table(
        name="reference_population",
        columns={"quarter": ("quarter", "text"), **_GROUP, "youths": ("youths", "integer")},
        period="quarter",
    ),
    ReferenceKind.TARGETS: _Table(
        name="reference_target",
        columns={
            "indicator": ("indicator", "text"),
            **_PERIOD,
            **_GROUP,
            "target": ("target", "numeric"),
            "direction": ("direction", "text"),
        },
        period="period",
    ),
    ReferenceKind.EXTERNAL: _Table(
        name="reference_external",
        columns={
            "series": ("series", "text"),
            **_PERIOD,
            "value": ("value", "numeric"),
            "unit": ("unit", "text"),
            "target": ("target", "numeric"),
        },
        period="period",
    ),
    ReferenceKind.HOLIDAYS: _Table(name="decreed_day", columns={"day": ("day", "date"), "label": ("label", "text")}),
}


async def enter(
    connection: Connection, file: ReferenceFile, *, entered_at: datetime, entered_by: str
) -> Entered | Refusals:
    """Enter a file as the next import of its municipality, inside the caller's transaction.

    The file that was imported last of its kind is told and enters nothing; nor does one that withdraws what does
    not hold. `entered_at` is UTC.
    """
    # Two imports at once would take the same number; the lock ends with the transaction.
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"reference/{file.municipality}")
    last = next((made for made in await list_imports(connection, file.municipality, file.kind)), None)
    if last is not None and last.digest == file.digest:
        return Entered(import_number=last.import_number, row_count=last.row_count, is_unchanged=True)
    keys = FORMS[file.kind].keys
    held = await rows_in_force(connection, file.kind, file.municipality, FAR)
    idle = refused_withdrawals(file, {tuple(row[column] for column in keys) for row in held})
    if idle is not None:
        return idle
    number = await connection.fetchval(_INSERT_IMPORT, *_import_cells(file, entered_at, entered_by))
    await _insert_rows(connection, file, number)
    return Entered(import_number=number, row_count=len(file.entries), is_unchanged=False)


_INSERT_IMPORT = """
insert into reference_import
    (municipality, import_number, kind, entered_at, known_day, entered_by, digest, row_count)
select $1, 1 + coalesce(max(import_number), 0), $2, $3, $4, $5, $6, $7 from reference_import where municipality = $1
returning import_number
"""


def _import_cells(file: ReferenceFile, entered_at: datetime, entered_by: str) -> tuple[object, ...]:
    entered = (entered_at, civil_day(entered_at), entered_by)
    return file.municipality, file.kind.value, *entered, file.digest, len(file.entries)


async def _insert_rows(connection: Connection, file: ReferenceFile, number: int) -> None:
    """Numbers and days travel as text and are cast here, so that no decimal is rounded on the way."""
    table, width = _TABLES[file.kind], len(FORMS[file.kind].values)
    lines = [(*entry.key, *(entry.values or ("",) * width)) for entry in file.entries]
    names = ", ".join(name for name, _ in table.columns.values())
    casts = ", ".join(
        f"nullif(cells[{place}], '')::{kind}" for place, (_, kind) in enumerate(table.columns.values(), start=1)
    )
    await connection.executemany(
        f"insert into {table.name} (municipality, import_number, {names}) "  # noqa: S608 (names of our own)
        f"select $1, $2, {casts} from (select $3::text[] as cells) as line",
        [(file.municipality, number, list(line)) for line in lines],
    )


async def list_imports(connection: Connection, municipality: str, kind: ReferenceKind | None = None) -> list[Import]:
    """The imports of a municipality, the newest first."""
    rows = await connection.fetch(
        """select import_number, kind, entered_at, known_day, entered_by, digest, row_count from reference_import
           where municipality = $1 and ($2::text is null or kind = $2) order by import_number desc""",
        municipality,
        None if kind is None else kind.value,
    )
    return [Import(**{**dict(row), "kind": ReferenceKind(row["kind"])}) for row in rows]


async def rows_in_force(
    connection: Connection, kind: ReferenceKind, municipality: str | None, known_on: date, period: str | None = None
) -> list[Cells]:
    """What holds as known on a day, as the cells of a file; of all that the session sees without a municipality."""
    asked: list[object] = [known_on]
    conditions = ""
    for column, value in (("municipality", municipality), (_TABLES[kind].period, period)):
        if value is not None:
            asked.append(value)
            conditions += f" and {column} = ${len(asked)}"
    return [dict(row) for row in await connection.fetch(_in_force(kind, conditions), *asked)]


def _in_force(kind: ReferenceKind, conditions: str) -> str:
    table, form = _TABLES[kind], FORMS[kind]
    keys = ", ".join(["municipality", *(table.columns[column][0] for column in form.keys)])
    cells = ", ".join(f"""coalesce({name}::text, '') as "{column}\"""" for column, (name, _) in table.columns.items())
    names = ", ".join(name for name, _ in table.columns.values())
    return f"""select municipality, {cells} from (
        select distinct on ({keys}) municipality, {names}
        from {table.name} join reference_import using (municipality, import_number)
        where known_day <= $1{conditions} order by {keys}, import_number desc
    ) as newest where {table.columns[form.values[0]][0]} is not null"""  # noqa: S608 (names of our own)


async def population_of(connection: Connection, municipality: str, quarter: str, known_on: date) -> dict[Group, int]:
    """The population aged 0-17 of every group in a quarter, as known on a day."""
    rows = await rows_in_force(connection, ReferenceKind.POPULATION, municipality, known_on, quarter)
    return {(row["group_kind"], row["group"]): int(row["youths"]) for row in rows}


async def read_population(connection: Connection, municipality: str, known_on: date) -> list[PopulationRow]:
    """The population of every quarter and group of a municipality, as known on a day; sorted."""
    rows = await rows_in_force(connection, ReferenceKind.POPULATION, municipality, known_on)
    found = map(population_row, rows)
    return sorted(found, key=lambda row: (row.quarter, row.group_kind, row.group))


async def targets_of(connection: Connection, municipality: str, period: str | None, known_on: date) -> list[TargetRow]:
    """The targets of a period, or of all periods, as known on a day; sorted."""
    rows = map(target_row, await rows_in_force(connection, ReferenceKind.TARGETS, municipality, known_on, period))
    return sorted(rows, key=lambda row: (row.indicator, row.period, row.group_kind, row.group))


async def external_of(
    connection: Connection, municipality: str, period: str | None, known_on: date
) -> list[ExternalRow]:
    """The values of external series in a period, or in all periods, as known on a day; sorted."""
    rows = map(external_row, await rows_in_force(connection, ReferenceKind.EXTERNAL, municipality, known_on, period))
    return sorted(rows, key=lambda row: (row.series, row.period))


async def decreed_days(connection: Connection, municipalities: Collection[str]) -> Decreed:
    """The decreed days of municipalities, each set with the day from which it was known."""
    found: dict[str, list[tuple[date, frozenset[date]]]] = {}
    for row in await connection.fetch(_DECREED_FROM, sorted(municipalities)):
        rows = await rows_in_force(connection, ReferenceKind.HOLIDAYS, row["municipality"], row["known_day"])
        days = frozenset(decreed_day(each).day for each in rows)
        found.setdefault(row["municipality"], []).append((row["known_day"], days))
    return found


# Nothing is read of a municipality without such days: this is asked for every batch of facts.
_DECREED_FROM = """
select distinct found.municipality, found.known_day
from unnest($1::text[]) as wanted (municipality) cross join lateral (
    select municipality, known_day from reference_import
    where municipality = wanted.municipality and kind = 'holidays' offset 0
) as found order by 1, 2
"""
