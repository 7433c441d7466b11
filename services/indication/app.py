"""The indication worker: takes in what senders put on `intake`, and sweeps what was left behind.

Three rules. The engine gives batches inside one transaction; publishing follows the commit, because a record on the
log that is not in the register would come again with another reception. What is not published at once, here or at
the HTTP doors, the sweep publishes. Poison is a refusal; a refusal that cannot be written ends the process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from services.indication import outbox
from services.indication.api.opening import load_doors, load_keys
from services.indication.assertions import Taken, UnknownItem, Verdicts, joined
from services.indication.doors import Doors
from services.indication.outbox import Pending
from services.indication.processor import read_json, read_record
from services.indication.senders import Arrival
from services.indication.store import expire, prepare, publish_again, retry_unknown, take
from services.indication.store.ageing import ageing_of_all
from services.indication.store.counts import count, show
from services.indication.store.recovery import Recovered, recover_counts, recover_statements
from services.indication.store.rotation import Rotated, left_under_others, rotate
from youthcare.runtime.kafka import run_worker
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import Connection, Pool, open_pool, unavailable_as_such
from youthcare.runtime.processing import Outgoing, Probe, Record, Unavailable, silent
from youthcare.runtime.producing import Publisher
from youthcare.runtime.reading import span_of
from youthcare.runtime.sealing import Keys, MunicipalityKeys
from youthcare.runtime.settings import SettingMissing, Settings
from youthcare.runtime.topics import INDICATION_EVENTS, INTAKE, REFUSALS, Topic

Answer = TypeVar("Answer")
SENDER = "intake"
"""Under whose name a refusal is told when the record itself names nobody."""

SWEEP_SECONDS, EXPIRY_SECONDS, AGEING_SECONDS = 1.0, 3600.0, 60.0
_PAUSE_SECONDS, _COMMIT_SECONDS, _LOOK_SECONDS = 1.0, 30.0, 0.01
_QUEUE_BATCHES = 8
_NUMBER = "select pg_current_xact_id()::text"
_STATUS = "select pg_xact_status($1::text::xid8)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a batch wrote; true once its transaction is committed."""

    transaction: str
    pending: Pending
    taken: Taken
    verdicts: Verdicts


@dataclass(slots=True)
class IntakeProcessor:
    """What the engine runs: records of any sender in; what follows goes out after the commit."""

    keys: Keys
    doors: Doors
    name: str = "indication"
    topic: Topic = INTAKE
    folds_repeats: bool = True
    written: asyncio.Queue[Written] = field(default_factory=lambda: asyncio.Queue(_QUEUE_BATCHES))

    async def prepare(self, pool: Pool) -> None:
        """Make the tables."""
        await prepare(pool)

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Register the batch; nothing is published before its commit."""
        arrival = Arrival(received=datetime.now(UTC), sender=SENDER)
        taken = joined(read_record(self.doors, arrival, record.value or b"") for record in batch)
        verdicts = await take(connection, self.keys, taken)
        number = await connection.fetchval(_NUMBER)
        pending = await outbox.written_here(connection)
        written = Written(transaction=number, pending=pending, taken=taken, verdicts=verdicts)
        if not self.written.full():
            # Else the sweep publishes it.
            self.written.put_nowait(written)
        return ()

    async def publish(self, pool: Pool, publisher: Publisher) -> None:
        """Publish each batch as soon as it is committed; for ever."""
        while True:
            written = await self.written.get()
            try:
                if await _is_committed(pool, written.transaction):
                    count(written.taken, written.verdicts)
                    await outbox.publish_committed(pool, publisher, written.pending)
            except Unavailable as away:
                # The sweep publishes it later.
                _tell(away)


async def _is_committed(pool: Pool, transaction: str) -> bool:
    """Wait for the end of a transaction; false when it was rolled back, or takes too long."""
    with unavailable_as_such():
        async with asyncio.timeout(_COMMIT_SECONDS), pool.acquire() as connection:
            # Postgres tells nobody when a transaction ends; it has to be asked.
            while (status := await connection.fetchval(_STATUS, transaction)) == "in progress":  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
    return bool(status == "committed")


async def sweep(pool: Pool, publisher: Publisher) -> None:
    """Publish what was left behind; for ever."""

    async def once() -> None:
        # A full round may have left more.
        while await outbox.sweep(pool, publisher, datetime.now(UTC)):
            structlog.get_logger().info("outbox_swept")

    await _for_ever(once, SWEEP_SECONDS)


def expiring(keys: Keys) -> Callable[[Pool, Publisher], Awaitable[None]]:
    """The companion that ends what waits too long."""

    async def run(pool: Pool, _publisher: Publisher) -> None:
        async def once() -> None:
            count = await expire(pool, keys, datetime.now(UTC))
            if count:
                structlog.get_logger().info("parked_refused", count=count)

        await _for_ever(once, EXPIRY_SECONDS)

    return run


async def tell_of_refusals(pool: Pool, _publisher: Publisher) -> None:
    """Show how old open refusals are and how many are repaired; for ever."""

    async def once() -> None:
        now = datetime.now(UTC)
        show(await ageing_of_all(pool, now), now)

    await _for_ever(once, AGEING_SECONDS)


async def _for_ever(once: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        try:
            await once()
        except Unavailable as away:
            _tell(away)
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            await asyncio.sleep(seconds)


def _tell(away: Unavailable) -> None:
    structlog.get_logger().warning("outbox_postponed", reason=str(away))


def worker(settings: Settings, probe: Probe = silent) -> None:
    """Run the indication worker until it is stopped."""
    configure_logging("indication", settings.log_level)
    keys = load_keys(settings)
    processor = IntakeProcessor(keys, load_doors(settings, keys))
    companions = (processor.publish, sweep, expiring(keys), tell_of_refusals)
    run_worker(processor, settings.worker("indication"), probe, companions)


def republish(settings: Settings) -> int:
    """After the log was lost: have the sweep publish every statement again; answers how many."""
    configure_logging("indication", settings.log_level)
    return asyncio.run(_republish(settings))


async def _republish(settings: Settings) -> int:
    pool = await open_pool(settings.database("indication"), "indication-republish", all_municipalities=True)
    try:
        await prepare(pool)
        return await publish_again(pool, datetime.now(UTC))
    finally:
        await pool.close()


def recover(settings: Settings) -> Recovered:
    """After an older dump was restored: enter what the log has and the register lacks; answers what was done."""
    configure_logging("indication", settings.log_level)
    return asyncio.run(_recover(settings))


async def _recover(settings: Settings) -> Recovered:
    pool = await open_pool(settings.database("indication"), "indication-recover", all_municipalities=True)
    try:
        await prepare(pool)
        statements = await span_of(settings.broker(), INDICATION_EVENTS.name)
        refused = await span_of(settings.broker(), REFUSALS.name)
        done = await recover_statements(pool, statements.batches, datetime.now(UTC))
        return replace(done, raised=await recover_counts(pool, refused.batches))
    finally:
        await pool.close()


def retry(settings: Settings) -> int:
    """Offer the events of unknown types again, after an upgrade; answers how many are known now."""
    configure_logging("indication", settings.log_level)
    return asyncio.run(_retry(settings))


async def _retry(settings: Settings) -> int:
    keys = load_keys(settings)
    doors = load_doors(settings, keys)
    pool = await open_pool(settings.database("indication"), "indication-retry", all_municipalities=True)
    await prepare(pool)

    def read(item: UnknownItem) -> Taken:
        arrival = Arrival(
            received=item.received,
            sender=item.sender,
            municipality=item.municipality,
            sources=frozenset({item.sender}),
        )
        return joined(read_json(doors, arrival, item.payload))

    return await retry_unknown(pool, keys, read, datetime.now(UTC) + timedelta(seconds=1))


def rotate_keys(settings: Settings, municipality: str) -> Rotated:
    """Rewrite what stands under older keys of a municipality, while messages flow; answers how many rows."""
    configure_logging("indication", settings.log_level)
    return asyncio.run(_with_pool(settings, partial(rotate, own=_keys_of(settings, municipality))))


def left_under_older_keys(settings: Settings, municipality: str) -> int:
    """How many rows do not stand under the keys in use; older keys may be retired when it is none."""
    configure_logging("indication", settings.log_level)
    return asyncio.run(_with_pool(settings, partial(left_under_others, own=_keys_of(settings, municipality))))


def _keys_of(settings: Settings, municipality: str) -> MunicipalityKeys:
    keys = load_keys(settings)
    if municipality not in keys:
        raise SettingMissing(f"keys of {municipality} in IDENTITY_KEYS_FILE")
    return keys[municipality]


async def _with_pool(settings: Settings, work: Callable[[Pool], Awaitable[Answer]]) -> Answer:
    pool = await open_pool(settings.database("indication"), "indication-keys", all_municipalities=True)
    try:
        await prepare(pool)
        return await work(pool)
    finally:
        await pool.close()
