"""The tables of publications: *entered*, municipality first, never changed: a published figure stays as it was."""

from youthcare.runtime.postgres import municipality_policy

_NAMES = ("publication", "publication_cell", "erasure")

_MADE = """
-- entered: a report that was frozen; `content` holds what it rests on, `digest` is over its cells and that content
create table if not exists publication (
    municipality text not null,
    quarter text not null,
    number integer not null check (number > 0),
    definition text not null,
    as_of date not null,
    known_on date not null,
    published_at timestamptz not null,
    published_by text not null,
    content jsonb not null,
    digest text not null,
    primary key (municipality, quarter, number)
);

-- entered: every cell of a publication, unsuppressed
create table if not exists publication_cell (
    municipality text not null,
    quarter text not null,
    number integer not null,
    indicator text not null,
    period text not null,
    group_kind text not null,
    group_name text not null,
    numerator bigint not null,
    denominator bigint not null,
    has_value boolean not null,
    status text not null,
    pending bigint not null,
    -- what others than a supervisor are not shown, decided when it was published
    withheld boolean not null,
    pending_withheld boolean not null,
    primary key (municipality, quarter, number, indicator, period, group_kind, group_name),
    foreign key (municipality, quarter, number) references publication
);

-- entered: on which day how many youths were erased; nobody can be told from it
create table if not exists erasure (
    municipality text not null,
    day date not null,
    youths integer not null check (youths > 0),
    primary key (municipality, day)
);

create or replace function refuse_change_of_publication() returns trigger language plpgsql as $body$
begin
    raise exception 'a publication is never changed: publish again';
end $body$;
"""


def _kept(table: str) -> str:
    return f"""
drop trigger if exists {table}_kept on {table};
create trigger {table}_kept before update or delete or truncate on {table}
    for each statement execute function refuse_change_of_publication();
"""


PUBLICATION_TABLES = (
    _MADE + "".join(map(municipality_policy, _NAMES)) + "".join(map(_kept, ("publication", "publication_cell")))
)
"""Makes what is not there."""
