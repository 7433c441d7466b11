"""Numbers without gaps: given inside the transaction that uses them, so rolled back with it."""

from collections.abc import Iterator, Mapping

from youthcare.runtime.postgres import Connection

ALERT_SERIES = "alert"
_TAKEN = """
insert into last_number (municipality, series, number)
select * from unnest($1::text[], $2::text[], $3::bigint[])
on conflict (municipality, series) do update set number = last_number.number + excluded.number
returning municipality, series, number
"""


async def take_numbers(
    connection: Connection, wanted: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], Iterator[int]]:
    """The next numbers of each series (municipality and name), as many as wanted."""
    series = sorted(wanted)
    if not series:
        return {}
    columns = [each[0] for each in series], [each[1] for each in series], [wanted[each] for each in series]
    rows = await connection.fetch(_TAKEN, *columns)
    last = {(row["municipality"], row["series"]): row["number"] for row in rows}
    return {each: iter(range(last[each] - wanted[each] + 1, last[each] + 1)) for each in series}
