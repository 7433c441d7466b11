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
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.clock import utc_now
from youthcare.runtime.producing import Publisher
from youthcare.runtime.sealing import Keys, read_keys
from youthcare.runtime.settings import SettingMissing, Settings, shipped
from youthcare.runtime.starting import open_with_tables


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
    keys, log = load_keys(settings), access_log(settings)
    doors = load_doors(settings, keys)
    pool = await open_with_tables(settings.database("indication"), "indication-api", prepare)
    try:
        yield Service(
            pool=pool,
            publisher=Publisher(settings.broker()),
            inspector=Inspector(settings.broker()),
            keys=keys,
            log=log,
            doors=doors,
            clock=clock,
            probe=probe,
        )
    finally:
        await pool.close()
