"""The golden cases: what arrives, and the facts that were written by hand from the law (tests/golden/README.md).

One rule: nothing here computes an expected value; it reads, and it compares what the case states.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from services.trajectory.view import view
from tests.conftest import REPOSITORY
from youthcare.outcome import Refused
from youthcare.youthfacts import YouthFacts

GOLDEN = REPOSITORY / "tests" / "golden"
COVERAGE_START = date(2022, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What holds on one day, after all has arrived."""

    on: date
    facts: Mapping[str, Any] | None
    statements: int | None
    refusals: tuple[tuple[str, str | None], ...]
    referrers: Mapping[str, str]
    coverage_start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What arrives, and at which door: XML of the national chain, or JSON of a team's own system."""

    body: bytes
    is_xml: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One golden case: its youth's number, its messages in order of arrival, what is expected."""

    name: str
    bsn: str
    messages: tuple[Message, ...]
    expected: tuple[Expected, ...]


def cases(group: str) -> list[Case]:
    """The cases of `village` or `worked-examples`, in their order."""
    rows = json.loads((GOLDEN / "index.json").read_text())
    found = [_case(GOLDEN / row["case"], row["bsn"]) for row in rows if row["case"].startswith(f"{group}/")]
    folders = {path.name for path in (GOLDEN / group).iterdir()}
    assert {case.name for case in found} == folders, "index.json and the folders name the same cases"
    return found


def _case(folder: Path, bsn: str) -> Case:
    content = json.loads((folder / "expected.json").read_text())
    rows = content if isinstance(content, list) else [content]
    return Case(
        name=folder.name,
        bsn=bsn,
        messages=tuple(
            Message(body=path.read_bytes(), is_xml=path.suffix == ".xml") for path in sorted(folder.glob("in-*"))
        ),
        expected=tuple(_expected(row) for row in rows),
    )


def _expected(row: Mapping[str, Any]) -> Expected:
    coverage = row.get("coverage_start")
    return Expected(
        on=date.fromisoformat(row["on"]),
        facts=row["facts"],
        statements=row["statements"],
        refusals=tuple((each["code"], each["field"]) for each in row["refusals"]),
        referrers=row.get("referrers", {}),
        coverage_start=date.fromisoformat(coverage) if coverage else COVERAGE_START,
    )


def seen(facts: YouthFacts | None, expected: Expected) -> Mapping[str, Any] | None:
    """The line of a youth on the day asked, as far as the case speaks of it; None when there is no line."""
    if facts is None:
        return None
    line = view(facts, expected.on)
    whole = {name: value for name, value in line.items() if name not in ("youth", "version")}
    return whole if expected.facts is None else {name: whole[name] for name in whole if name in expected.facts}


def referrers(facts: YouthFacts | None, expected: Expected) -> Mapping[str, str | None]:
    """The referrer of each indication that the case names."""
    rows = facts.indications if facts else ()
    return {row.indication: row.referrer for row in rows if row.indication in expected.referrers}


def told(refused: Sequence[Refused], expected: Expected) -> list[tuple[str, str | None]]:
    """Refusals as code and last name of the field's path; a field the case leaves open is left out."""
    return [
        (row.reason.value, None if index < len(expected.refusals) and expected.refusals[index][1] is None else last)
        for index, row in enumerate(refused)
        for last in [last_name(row.field)]
    ]


def last_name(place: str | None) -> str | None:
    """`Einddatum` of `Client/StopProducten/StopProduct[1]/Einddatum`, `last_day` of `data.last_day`."""
    return None if place is None else place.replace(".", "/").split("/")[-1].partition("[")[0]
