"""The SQL of correcting a BSN: the row of the wrong number comes to stand under the right one (domain.md §8).

Three rules. Nothing changes but the sealed columns of that row: the youth, its statements and the topics stay as they
are. The wrong number finds nobody from then on, as it may be another child's. While it is done nobody of the
municipality is taken in, so that no delivery gives the right number a youth at the same moment.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.indication.identity import lookup
from services.indication.store import identities, statements
from services.indication.store.disclosing import write_down
from services.indication.store.locks import share_gates
from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import Keys, MunicipalityKeys

_ROW = "select lookup, bsn_sealed, former, youth from identity where municipality = $1 and lookup = any($2::bytea[])"
_REPOINT = """
update identity set lookup = $3, key_version = $4, bsn_sealed = $5, former = former || bsn_sealed
where municipality = $1 and lookup = $2
"""
_DROP = "delete from identity where municipality = $1 and lookup = $2"
_REMEMBER = "update identity set former = former || $3::bytea[] where municipality = $1 and lookup = $2"


class NotCorrected(StrEnum):
    """Why a BSN is not corrected."""

    UNKNOWN = "unknown"
    TWO_YOUTHS = "two-youths"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is asked: of which municipality, which number is wrong and which is right, by whom and when."""

    municipality: str
    wrong: str
    right: str
    actor: str
    at: datetime


async def correct_identity(connection: Connection, keys: Keys, asked: Correction) -> tuple[str, int] | NotCorrected:
    """The youth whose BSN is right from now on, and the number under which that is written down."""
    own = keys.get(asked.municipality)
    if own is None:
        return NotCorrected.UNKNOWN
    await share_gates(connection, (), {asked.municipality})
    wrong, right = [await _row_of(connection, own, each) for each in (asked.wrong, asked.right)]
    if wrong is None:
        return NotCorrected.UNKNOWN
    youth = wrong["youth"]
    if right is None:
        await identities.refuse_wrong_keys(connection, keys, asked.municipality)
        await _repoint(connection, own, wrong, asked.right)
    elif youth in await statements.merged_into(connection, asked.municipality, right["youth"]):
        youth = right["youth"]
        await connection.execute(_DROP, own.municipality, wrong["lookup"])
        former = [*wrong["former"], wrong["bsn_sealed"]]
        await connection.execute(_REMEMBER, own.municipality, right["lookup"], former)
    else:
        return NotCorrected.TWO_YOUTHS
    number = await write_down(connection, asked.municipality, "correction", asked.actor, asked.at, youth)
    return youth, number


async def _row_of(connection: Connection, own: MunicipalityKeys, bsn: str) -> Any:
    places = [lookup(key, own.municipality, bsn) for key in own.lookup.values()]
    return await connection.fetchrow(_ROW, own.municipality, places)


async def _repoint(connection: Connection, own: MunicipalityKeys, row: Any, bsn: str) -> None:
    place = lookup(own.lookup[own.lookup_version], own.municipality, bsn)
    sealed = own.seal("bsn", bsn.encode())
    await connection.execute(_REPOINT, own.municipality, row["lookup"], place, own.lookup_version, sealed)
