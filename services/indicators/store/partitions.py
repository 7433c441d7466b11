"""The partitions of the step log, one per municipality, made when the first step of a municipality is written.

An index grows deeper with what is in it: in one index for all, a statement would cost more the more municipalities
there are.
"""

from collections.abc import Iterable

from youthcare.runtime.postgres import Connection

# Attached, not created in place: that would wait for everybody who reads the log, and hold up everybody who wants to.
# One lock for all: of two workers that make partitions one waits here, before it holds any row of the log.
# The name is the municipality's code; a code that is none of four digits could be too long for a name.
_MAKE = """
do $body$
declare
    code text := current_setting('step.municipality');
    name text := 'step_' || case when code ~ '^[0-9]{4}$' then code else md5(code) end;
    setting text := $$current_setting('app.municipality', true)$$;
begin
    perform pg_advisory_xact_lock(hashtextextended('partitions of step', 0));
    -- Not by to_regclass, which may remember from before the wait that there was none.
    if not exists (select from pg_class where relname = name and relnamespace = current_schema()::regnamespace) then
        execute format('create table %I (like step including indexes)', name);
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy %I on %I using (municipality = %s or %s = ''*'')',
                       name || '_of_municipality', name, setting, setting);
        execute format('alter table step attach partition %I for values in (%L)', name, code);
    end if;
end
$body$
"""
_LACKING = """
select code from unnest($1::text[]) as code
where to_regclass('step_' || case when code ~ '^[0-9]{4}$' then code else md5(code) end) is null order by code
"""


async def make_partitions(connection: Connection, municipalities: Iterable[str]) -> None:
    """Make the partitions that these municipalities lack, in the caller's transaction."""
    for row in await connection.fetch(_LACKING, sorted(set(municipalities))):
        await connection.execute("select set_config('step.municipality', $1, true)", row["code"])
        await connection.execute(_MAKE)
