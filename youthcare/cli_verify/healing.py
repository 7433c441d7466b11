"""Publishes the facts of youths again, by the trajectory service's own function.

One rule: the worker's fold is given the statements that the log holds, under the locks that it takes itself. What the
ledger lacked is added, facts are kept and told anew, and nothing newer can be overwritten.
"""

from collections.abc import Iterable

from services.trajectory.app import TrajectoryProcessor
from services.trajectory.store import coverage_starts
from youthcare.cli_verify.expecting import Values
from youthcare.cli_verify.means import Means
from youthcare.runtime.postgres import unavailable_as_such
from youthcare.runtime.processing import Record
from youthcare.runtime.producing import Publisher
from youthcare.runtime.topics import INDICATION_EVENTS


async def publish_again(means: Means, groups: Iterable[Values]) -> None:
    """Fold the records of each group once more and publish what follows; raises `Unavailable`."""
    publisher, pool = Publisher(means.broker), means.pools.trajectory
    processor = TrajectoryProcessor(means.rules)
    with unavailable_as_such():
        async with pool.acquire() as connection:
            processor.coverage = await coverage_starts(connection)
            for values in groups:
                async with connection.transaction():
                    await publisher.publish(await processor.fold(connection, [_record(value) for value in values]))


def _record(value: bytes) -> Record:
    """A record of the log as the worker reads it; its place is of no matter to the fold."""
    return Record(topic=INDICATION_EVENTS.name, partition=0, offset=0, key=None, value=value, timestamp_ms=0)
