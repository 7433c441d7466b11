"""Who is named on the terminal is looked at: written to the log of looks before any name is shown."""

import getpass
from collections import defaultdict
from datetime import UTC, datetime

from youthcare.looks.operations import Operation
from youthcare.runtime.access_log import Looks, Onlooker, access_log
from youthcare.runtime.postgres import open_pool, unavailable_as_such
from youthcare.runtime.settings import Settings
from youthcare.verifying.report import YOUTHS_SHOWN_MAX, Report


async def log_names(settings: Settings, report: Report) -> None:
    """Write that whoever runs this command is shown the youths of a report; raises `Unavailable`.

    Raises `SettingMissing` without the keys of the log. The actor is the user of the operating system.
    """
    shown: dict[str, list[str]] = defaultdict(list)
    for row in report.differences:
        shown[row.municipality] += row.youths[:YOUTHS_SHOWN_MAX]
    log, now = access_log(settings), datetime.now(UTC)
    pool = await open_pool(settings.database("trajectory"), "verify", all_municipalities=True)
    try:
        with unavailable_as_such():
            async with pool.acquire() as connection, connection.transaction():
                for municipality, youths in sorted(shown.items()):
                    who = Onlooker(municipality=municipality, actor=operator(), roles="operator")
                    await Looks(log=log, who=who, started=now).note(connection, Operation.VERIFY_NAMES, youths)
    finally:
        await pool.close()


def operator() -> str:
    """Who runs a command, as the log of looks names them."""
    return f"operator:{getpass.getuser()}"
