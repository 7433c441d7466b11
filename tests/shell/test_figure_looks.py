"""Looks at youths through figures: who is named as differing between definition sets was looked at, and nobody else."""

from pathlib import Path

from services.trajectory.processor import layers
from tests import builders
from tests.inbox import RULES
from tests.indicators import asking, fold, indicators_pool, indicators_settings, records  # noqa: F401
from tests.looks import keys_of, lines_of, youths_in
from tests.tokens import Issuer
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool
from youthcare.runtime.settings import Settings
from youthcare.wire import statement_from_wire


def told(municipality: str) -> list[builders.Statement]:
    """Two youths in care in 2024, of whom one was in care years before: no inflow under one definition set."""
    back: builders.Envelope = {"youth": "back", "municipality": municipality}
    fresh: builders.Envelope = {"youth": "fresh", "municipality": municipality}
    return [
        builders.started(indication=f"{municipality}-1", first_day="2020-01-01", **back),
        builders.ended(indication=f"{municipality}-1", first_day="2020-01-01", last_day="2020-06-30", **back),
        builders.started(indication=f"{municipality}-2", first_day="2024-02-10", **back),
        builders.started(indication=f"{municipality}-3", first_day="2024-02-10", **fresh),
    ]


async def test_who_is_named_as_differing_was_looked_at_and_a_figure_looks_at_nobody(
    pool: Pool, settings: Settings, stack: Stack, municipality: str, tmp_path: Path
) -> None:
    """The door of one figure leaves nothing; that of the sets side by side a line for each youth that it names."""
    statements = [statement_from_wire(each) for each in told(municipality)]
    for youth in ("back", "fresh"):
        await fold(pool, records(layers([each for each in statements if each.youth == youth], RULES)))
    supervisor = Issuer().header("supervisor", municipality=municipality)

    async with asking(settings) as client:
        figure = await client.get("/v1/indicators/inflow_rate", params={"period": "2024Q1"}, headers=supervisor)
        before = await lines_of(stack, municipality)
        sides = await client.get(
            "/v1/indicators/inflow_rate/definitions", params={"period": "2024Q1"}, headers=supervisor
        )

    assert (figure.status_code, before) == (200, [])
    assert [each["youth"] for each in sides.json()["youths_that_differ"]] == ["back"]
    lines = youths_in(await lines_of(stack, municipality), keys_of(tmp_path, municipality))
    assert lines == [("figures.differing", "back")]
