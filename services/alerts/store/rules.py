"""Norms and settings as they are entered; the shipped `rules.yml` is their first content and not their home."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from services.alerts.norms import DEFAULT, Norms, SignalSetting, norms_from, setting_of
from services.alerts.sweeping import DAYS_MAX
from youthcare.runtime.postgres import Connection

# Of two that were entered on one day the later counts.
_NORMS = "select * from norm where municipality = any($1::text[]) order by known_day, entered_at nulls first"
_COLUMNS = (
    "municipality", "rule", "level", "care_form", "team", "days", "threshold", "valid_from", "known_day", "author",
    "reason",
)  # fmt: skip
_JUDGE_ALL = """
insert into norms_revision (municipality, revision) select distinct municipality, 1 from youth_state
on conflict (municipality) do update set revision = norms_revision.revision + 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """How a municipality works with alerts, where it set nothing as the product does.

    Days that taking up counts, new alerts per team and week, and days that a sweep may lie after the one before.
    """

    acknowledgement_days: int = 14
    new_per_week: int = 15
    sweep_days_max: int = DAYS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class MunicipalityRules:
    """What decides about the alerts of one municipality; `revision` counts the changes of its norms."""

    norms: Norms
    setting: SignalSetting
    practice: Practice = Practice()
    revision: int = 0


async def enter_first_content(connection: Connection, content: Mapping[str, Any]) -> None:
    """Enter the shipped rules where nothing was ever entered; what a municipality set stays so.

    A rule that came with a later release has no shipped norm yet: it is entered, and all youths are judged again.
    """
    await connection.execute("lock table norm, municipality_setting in share row exclusive mode")
    shipped = await connection.fetch("select distinct rule from norm where municipality = $1", DEFAULT)
    known = {row["rule"] for row in shipped}
    rows = [
        row for row in content["norms"] if not known or (row["municipality"] == DEFAULT and row["rule"] not in known)
    ]
    await connection.executemany(
        f"insert into norm ({', '.join(_COLUMNS)}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",  # noqa: S608
        [tuple(row.get(name) for name in _COLUMNS) for row in rows],
    )
    if known and rows:
        await connection.execute(_JUDGE_ALL)
    if not await connection.fetchval("select exists (select from municipality_setting)"):
        await connection.executemany(
            "insert into municipality_setting (municipality, alert_start_day, signals) values ($1, $2, $3)",
            [(name, row.get("alert_start_day"), row.get("signals")) for name, row in content["municipalities"].items()],
        )


async def read_rules(connection: Connection, municipalities: Iterable[str]) -> dict[str, MunicipalityRules]:
    """The rules of each municipality given, with what is shipped where it set nothing."""
    wanted = sorted(set(municipalities))
    asked = [*wanted, DEFAULT]
    norms = await connection.fetch(_NORMS, asked)
    settings = await connection.fetch("select * from municipality_setting where municipality = any($1::text[])", asked)
    revisions = await connection.fetch("select * from norms_revision where municipality = any($1::text[])", wanted)
    revision = {row["municipality"]: row["revision"] for row in revisions}
    stated = {
        row["municipality"]: {name: value for name, value in row.items() if value is not None} for row in settings
    }
    return {
        each: MunicipalityRules(
            norms=norms_from(norms, each),
            setting=setting_of({"municipalities": stated}, each),
            practice=_practice({**stated.get(DEFAULT, {}), **stated.get(each, {})}),
            revision=revision.get(each, 0),
        )
        for each in wanted
    }


def _practice(stated: Mapping[str, Any]) -> Practice:
    return Practice(**{each.name: stated[each.name] for each in fields(Practice) if each.name in stated})
