"""The tables of the service and the policy that binds each to one municipality (design.md §4)."""

from pathlib import Path

from youthcare.runtime.postgres import Pool, apply_schema, municipality_policy

TABLES = (
    "identity",
    "statement",
    "reference",
    "tombstone",
    "forgetting",
    "forgetting_step",
    "forgotten_reference",
    "refusal_tombstone",
    "parked",
    "unknown_type",
    "refusal",
    "refusal_count",
    "refusal_key",
    "disclosure",
)


def definition() -> str:
    """The whole DDL, fit to be run again."""
    tables = Path(__file__).with_name("tables.sql").read_text(encoding="utf-8")
    return tables + "".join(map(municipality_policy, TABLES))


async def prepare(pool: Pool) -> None:
    """Make the tables that are not there; raises `Unavailable` when Postgres is away."""
    await apply_schema(pool, definition())
