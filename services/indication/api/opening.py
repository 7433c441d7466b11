"""What a process of this service needs before it opens: keys, schemas, teams, and its connections.

One rule: settings are read here, once; a missing one names itself and the process does not start.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import yaml

from schemas.models import check
from services.indication.api.service import Clock, Probe, Service, silent
from services.indication.doors import Doors
from services.indication.ijw import Schemas
from services.indication.store import prepare
from services.indication.teams import teams_from
from youthcare.runtime.access_log import access_log
from youthcare.runtime.batch import patiently
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.clock import utc_now
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.producing import Publisher
from youthcare.runtime.sealing import Keys, read_keys
from youthcare.runtime.settings import SettingMissing, Settings, shipped

START_PATIENCE_SECONDS = 60.0


def load_keys(settings: Settings) -> Keys:
    """The keys of the municipalities that are served."""
    if settings.identity_keys_file is None:
        raise SettingMissing("IDENTITY_KEYS_FILE")
    return read_keys(Path(settings.identity_keys_file))


def load_doors(settings: Settings, keys: Keys) -> Doors:
    """Schemas when a folder is set, the shipped teams, the check of events."""
    folder = settings.ijw_schema_folder
    return Doors(
        check=check,
        schemas=None if folder is None else Schemas.load(Path(folder)),
        teams=teams_from(yaml.safe_load(shipped("teams.yml").read_text(encoding="utf-8"))),
        digest_keys={municipality: own.scrub for municipality, own in keys.items()},
    )


async def opened(settings: Settings, clock: Clock = utc_now, probe: Probe = silent) -> AsyncIterator[Service]:
    """The service of the HTTP doors, its tables made; waits a minute for what is away, then raises."""
    keys, log, made = load_keys(settings), access_log(settings), list[Service]()

    async def make() -> None:
        pool = await open_pool(settings.database("indication"), "indication-api")
        await prepare(pool)
        made.append(
            Service(
                pool=pool,
                publisher=Publisher(settings.broker()),
                inspector=Inspector(settings.broker()),
                keys=keys,
                log=log,
                doors=load_doors(settings, keys),
                clock=clock,
                probe=probe,
            )
        )

    await patiently(make, START_PATIENCE_SECONDS, _untold)
    try:
        yield made[0]
    finally:
        await made[0].pool.close()


def _untold(_away: Unavailable | None) -> None:
    """Waiting at the start is told by readiness."""
