"""`trajectwacht rebuild`: derived tables are made again, those of one service or of all (docs/operations.md).

Three rules. What people entered is never touched. Figures are made from what the trajectory service tells anew, never
from the compacted topic. Alerts are judged again from the facts that are kept, so that nobody is told twice.
"""

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from youthcare.runtime.postgres import Pool
    from youthcare.runtime.settings import Settings

AWAY = 75
PARTS = ("trajectory", "indicators", "alerts", "all")


def rebuild(
    service: Annotated[str, typer.Argument(help="trajectory, indicators, alerts, or all.")] = "trajectory",
) -> None:
    """Make derived tables again: exit code 0 done, 75 not now."""
    from services.trajectory.app import rebuild as rebuild_trajectory
    from youthcare.runtime.processing import Unavailable
    from youthcare.runtime.settings import Settings

    if service not in PARTS:
        raise typer.BadParameter("there is no such service")
    settings = Settings.from_env(os.environ)
    try:
        if service in ("indicators", "all"):
            asyncio.run(_empty_figures(settings))
            print("indicators: emptied; what the trajectory service tells anew fills it")
        if service in ("indicators", "trajectory", "all"):
            rebuild_trajectory(settings)
            print("trajectory: ledgers and facts made again, and told again")
        if service in ("alerts", "all"):
            print(f"alerts: {asyncio.run(_judge_again(settings))} youths will be judged again by the worker")
    except Unavailable as away:
        print(f"not now: {away}")
        raise typer.Exit(AWAY) from None


async def _empty_figures(settings: "Settings") -> None:
    from services.indicators.store.tables import ALL_TABLES, EMPTIED
    from youthcare.runtime.emptying import rest, stopped
    from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS

    await stopped(settings.broker(), "trajectory", INDICATION_EVENTS)
    figures = await _opened(settings, "indicators", ALL_TABLES)
    try:
        async with figures.acquire() as connection, connection.transaction():
            await rest(settings.broker(), connection, "indicators", TRAJECTORY_FACTS)
            await connection.execute(EMPTIED)
    finally:
        await figures.close()


async def _judge_again(settings: "Settings") -> int:
    from services.alerts.store.judging import wake_all
    from services.alerts.store.tables import TABLES
    from youthcare.runtime.postgres import unavailable_as_such

    pool = await _opened(settings, "alerts", TABLES)
    try:
        with unavailable_as_such():
            async with pool.acquire() as connection:
                return await wake_all(connection)
    finally:
        await pool.close()


async def _opened(settings: "Settings", service: str, tables: str) -> "Pool":
    from typing import cast

    from youthcare.runtime.postgres import apply_schema, open_pool
    from youthcare.runtime.progress import PROGRESS_TABLE
    from youthcare.runtime.settings import Service

    pool = await open_pool(settings.database(cast(Service, service)), f"{service}-rebuild", all_municipalities=True)
    await apply_schema(pool, tables + PROGRESS_TABLE)
    return pool
