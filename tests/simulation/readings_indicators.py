"""What the statements of the indicators worker do, on tables in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.indicators.store import layers, partitions, reference
from services.indicators.store.tables import ALL_TABLES
from tests.simulation.readings_alerts import pairs
from tests.simulation.readings_trajectory import Column
from tests.simulation.tables import Session, Values, reads

_STEP_KEY = (
    "municipality", "indicator", "definition", "period", "group_kind", "group_name", "effective_day", "known_day",
)  # fmt: skip
_AMOUNT = ("numerator", "denominator", "pending")


@reads(ALL_TABLES, layers._BY_KEY_ALONE, "select set_config('step.municipality', $1, true)", partitions._MAKE)
async def nothing(_session: Session, *_values: Any) -> None:
    """How a table is laid out changes nothing in it."""


@reads(partitions._LACKING, reference._DECREED_FROM)
async def none(_session: Session, _municipalities: Column) -> list[Values]:
    """No partition is lacking, and no municipality decreed a day."""
    return []


@reads(layers._READ_LAYERS)
async def read_layers(session: Session, municipalities: Column, youths: Column) -> list[Values]:
    """Of these youths."""
    wanted = pairs(municipalities, youths)
    return [row for key, row in session.rows("youth_layer") if key[:2] in wanted]


@reads(layers._READ_STATES)
async def read_states(session: Session, municipalities: Column, youths: Column) -> list[Values]:
    """Of these youths."""
    wanted = pairs(municipalities, youths)
    return [row for key, row in session.rows("youth_state") if key in wanted]


@reads(layers._DELETE_LAYERS)
async def delete_layers(session: Session, *columns: Column) -> None:
    """By youth and known day."""
    for key in zip(*columns, strict=True):
        if session.find("youth_layer", key) is not None:
            await session.delete("youth_layer", key)


@reads(layers._INSERT_LAYERS)
async def insert_layers(session: Session, *columns: Column) -> None:
    """New ones."""
    names = ("municipality", "youth", "known_day", "corrects", "deltas")
    for values in zip(*columns, strict=True):
        assert session.find("youth_layer", values[:3]) is None, "a layer is written once"
        await session.put("youth_layer", values[:3], dict(zip(names, values, strict=True)))


@reads(layers._DELETE_STATES)
async def delete_states(session: Session, municipalities: Column, youths: Column) -> None:
    """Of erased youths."""
    for key in zip(municipalities, youths, strict=True):
        if session.find("youth_state", key) is not None:
            await session.delete("youth_state", key)


@reads(layers._UPSERT_STATES)
async def upsert_states(session: Session, *columns: Column) -> None:
    """Which facts count."""
    names = ("municipality", "youth", "version_rules", "version_count", "known_day", "differs")
    for values in zip(*columns, strict=True):
        await session.put("youth_state", values[:2], dict(zip(names, values, strict=True)))


@reads(layers._ADD_STEPS)
async def add_steps(session: Session, *columns: Column) -> list[Values]:
    """Add to the sums; the places of those that are nought now."""
    noughts = []
    for values in zip(*columns, strict=True):
        key, gained = values[:8], values[8:]
        held = await session.locked("step", key) or dict.fromkeys(_AMOUNT, 0)
        amount = [held[name] + gain for name, gain in zip(_AMOUNT, gained, strict=True)]
        row = dict(zip((*_STEP_KEY, *_AMOUNT), (*key, *amount), strict=True))
        await session.put("step", key, row)
        if not any(amount):
            noughts.append({"municipality": key[0], "ctid": key})
    return noughts


@reads(layers._DELETE_NOUGHTS)
async def delete_noughts(session: Session, _municipality: str, places: Sequence[Any]) -> None:
    """By the places that were answered."""
    for key in places:
        await session.delete("step", key)


@reads(
    """insert into erasure values ($1, $2, $3)
    on conflict (municipality, day) do update set youths = erasure.youths + excluded.youths"""
)
async def note_erased(session: Session, municipality: str, day: date, youths: int) -> None:
    """One count per day."""
    held = await session.locked("erasure", (municipality, day)) or {"youths": 0}
    row = {"municipality": municipality, "day": day, "youths": held["youths"] + youths}
    await session.put("erasure", (municipality, day), row)
