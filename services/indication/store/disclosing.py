"""The SQL of telling the BSN behind a youth, and of who was told or corrected one.

Two rules. Telling and writing it down is one transaction, and what is written down is never changed; nobody is told
what is not written down. Of the youth only the digest stands here, so that there is nothing to forget.
"""

from datetime import datetime

from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import Keys
from youthcare.runtime.topics import youth_digest

_BEHIND = "select bsn_sealed, former from identity where municipality = $1 and youth = $2 order by made desc, lookup"
_WRITE = """
insert into disclosure (municipality, kind, actor, told, youth_digest) values ($1, $2, $3, $4, $5)
returning number
"""


async def tell_identity(
    connection: Connection, keys: Keys, municipality: str, youth: str, actor: str, at: datetime
) -> tuple[int, list[str]] | None:
    """The BSNs behind a youth, the newest first, and the number under which it is written down; None: unknown."""
    rows = await connection.fetch(_BEHIND, municipality, youth)
    if not rows:
        return None
    number = await write_down(connection, municipality, "identity", actor, at, youth)
    sealed = [*(row["bsn_sealed"] for row in rows), *(each for row in rows for each in reversed(row["former"]))]
    return number, [keys[municipality].unseal("bsn", each).decode() for each in sealed]


async def write_down(connection: Connection, municipality: str, kind: str, actor: str, at: datetime, youth: str) -> int:
    """Write down what was done with the identity of a youth (`identity`, `correction`); answers its number."""
    digest = youth_digest(municipality, youth)
    number: int = await connection.fetchval(_WRITE, municipality, kind, actor, at, digest)
    return number
