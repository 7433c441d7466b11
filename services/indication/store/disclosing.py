"""The SQL of telling the BSN behind a youth, and of who was told.

One rule: telling and writing it down is one transaction, and what is written down is never changed; nobody is told
what is not written down.
"""

from datetime import datetime

from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import Keys

_BEHIND = "select bsn_sealed from identity where municipality = $1 and youth = $2 order by made desc, lookup"
_TOLD = """
insert into disclosure (municipality, kind, actor, told, youth, reason) values ($1, 'identity', $2, $3, $4, $5)
returning number
"""


async def tell_identity(
    connection: Connection, keys: Keys, municipality: str, youth: str, actor: str, reason: str, at: datetime
) -> tuple[int, list[str]] | None:
    """The BSNs behind a youth, the newest first, and the number under which it is written down; None: unknown."""
    rows = await connection.fetch(_BEHIND, municipality, youth)
    if not rows:
        return None
    number = await connection.fetchval(_TOLD, municipality, actor, at, youth, reason)
    return number, [keys[municipality].unseal("bsn", row["bsn_sealed"]).decode() for row in rows]
