"""A few of the shipped norms instead of all: a story about one rule is not about seventeen."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import yaml

from services.alerts.store.rules import enter_first_content
from youthcare.runtime.postgres import Pool
from youthcare.runtime.settings import shipped

RULES = ("trajectory-overlong", "stacking-level", "stacking-request", "returned", "feed-silent")
SHIPPED: dict[str, Any] = yaml.safe_load(shipped("rules.yml").read_text())
CONTENT: dict[str, Any] = SHIPPED | {"norms": [row for row in SHIPPED["norms"] if row["rule"] in RULES]}


@asynccontextmanager
async def only(pool: Pool, content: Mapping[str, Any]) -> AsyncIterator[None]:
    """These norms as the shipped ones, as long as it lasts; suites share a database."""
    await _enter(pool, content)
    yield
    await _enter(pool, SHIPPED)


async def _enter(pool: Pool, content: Mapping[str, Any]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("delete from norm")
        await enter_first_content(connection, content)
