"""Norms and settings as they are entered; the shipped `rules.yml` is their first content and not their home."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.alerts.norms import DEFAULT, Norms, SignalSetting, norms_from, setting_of
from youthcare.runtime.postgres import Connection

_COLUMNS = ("municipality", "rule", "level", "care_form", "team", "days", "threshold", "valid_from", "known_day")


@dataclass(frozen=True, slots=True, kw_only=True)
class MunicipalityRules:
    """What decides about the alerts of one municipality."""

    norms: Norms
    setting: SignalSetting


async def enter_first_content(connection: Connection, content: Mapping[str, Any]) -> None:
    """Enter the shipped rules where nothing was ever entered; what a municipality set or removed stays so."""
    await connection.execute("lock table norm, municipality_setting in share row exclusive mode")
    if not await connection.fetchval("select exists (select from norm)"):
        await connection.executemany(
            f"insert into norm ({', '.join(_COLUMNS)}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",  # noqa: S608
            [tuple(row.get(name) for name in _COLUMNS) for row in content["norms"]],
        )
    if not await connection.fetchval("select exists (select from municipality_setting)"):
        await connection.executemany(
            "insert into municipality_setting (municipality, alert_start_day, signals) values ($1, $2, $3)",
            [(name, row.get("alert_start_day"), row.get("signals")) for name, row in content["municipalities"].items()],
        )


async def read_rules(connection: Connection, municipalities: Iterable[str]) -> dict[str, MunicipalityRules]:
    """The rules of each municipality given, with what is shipped where it set nothing."""
    wanted = sorted(set(municipalities))
    norms = await connection.fetch("select * from norm where municipality = any($1::text[])", [*wanted, DEFAULT])
    settings = await connection.fetch(
        "select * from municipality_setting where municipality = any($1::text[])", [*wanted, DEFAULT]
    )
    stated = {
        row["municipality"]: {name: value for name, value in row.items() if value is not None} for row in settings
    }
    return {
        each: MunicipalityRules(norms=norms_from(norms, each), setting=setting_of({"municipalities": stated}, each))
        for each in wanted
    }
