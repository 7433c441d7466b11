"""The tables of reference data: *entered*, municipality first, and only ever added to.

Each import has a number of its own within its municipality; a row says with which import it came, and nothing is
overwritten: a trigger refuses it. A row without a first value says that its key was withdrawn.
"""

from youthcare.runtime.postgres import municipality_policy

_NAMES = ("reference_import", "reference_population", "reference_target", "reference_external", "decreed_day")

_MADE = """
-- entered: which file was imported when, by whom, and from which civil day on its rows are known
create table if not exists reference_import (
    municipality text not null,
    import_number integer not null check (import_number > 0),
    kind text not null,
    entered_at timestamptz not null,
    known_day date not null,
    entered_by text not null,
    digest text not null,
    row_count integer not null,
    primary key (municipality, import_number)
);

-- entered: youths aged 0-17 of a group in a quarter
create table if not exists reference_population (
    municipality text not null,
    import_number integer not null,
    quarter text not null,
    group_kind text not null,
    group_name text not null,
    youths integer check (youths between 0 and 9999999),
    primary key (municipality, quarter, group_kind, group_name, import_number),
    foreign key (municipality, import_number) references reference_import
);

-- entered: the target of an indicator, in the indicator's own unit
create table if not exists reference_target (
    municipality text not null,
    import_number integer not null,
    indicator text not null,
    period text not null,
    group_kind text not null,
    group_name text not null,
    target numeric,
    direction text check (direction in ('at-least', 'at-most')),
    primary key (municipality, indicator, period, group_kind, group_name, import_number),
    foreign key (municipality, import_number) references reference_import,
    check ((target is null) = (direction is null))
);

-- entered: a series that others measure
create table if not exists reference_external (
    municipality text not null,
    import_number integer not null,
    series text not null,
    period text not null,
    value numeric,
    unit text check (unit in ('percent', 'euro', 'count', 'score')),
    target numeric,
    primary key (municipality, series, period, import_number),
    foreign key (municipality, import_number) references reference_import,
    check ((value is null) = (unit is null) and (value is not null or target is null))
);

create index if not exists reference_import_of_holidays on reference_import (municipality, known_day)
    where kind = 'holidays';

-- entered: days decreed to be no working days
create table if not exists decreed_day (
    municipality text not null,
    import_number integer not null,
    day date not null,
    label text,
    primary key (municipality, day, import_number),
    foreign key (municipality, import_number) references reference_import
);

create or replace function refuse_change_of_reference() returns trigger language plpgsql as $body$
begin
    raise exception 'reference data are only added to: enter a newer import';
end $body$;
"""


def _kept(table: str) -> str:
    return f"""
drop trigger if exists {table}_kept on {table};
create trigger {table}_kept before update or delete or truncate on {table}
    for each statement execute function refuse_change_of_reference();
"""


TABLES = _MADE + "".join(municipality_policy(name) + _kept(name) for name in _NAMES)
"""Makes what is not there."""
