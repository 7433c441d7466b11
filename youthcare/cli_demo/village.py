"""Feeds the golden village through the doors and compares what the trajectory API says with what was written."""

import asyncio
import json
import os
import ssl
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from youthcare.cli_demo.feeding import Doors, http_client
from youthcare.events import Statement
from youthcare.runtime.local_issuer import LocalIssuer

SCHEMAS = os.environ.get("IJW_SCHEMA_FOLDER")
VILLAGE = Path(__file__).resolve().parents[2] / "tests" / "golden" / "village"
"""The village lies with the tests, as nobody but a test may lean on it; an installed product has none."""


@dataclass(slots=True)
class Case:
    """One youth of the village: the ids that were accepted and the refusals that were told."""

    name: str
    accepted: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


def feed_village(doors: Doors, folder: Path) -> dict[str, Case]:
    """Deliver every file of every case, in order of arrival."""
    return asyncio.run(_feed(doors, sorted(path for path in folder.iterdir() if path.is_dir())))


async def _feed(doors: Doors, folders: Sequence[Path]) -> dict[str, Case]:
    cases: dict[str, Case] = {}
    async with http_client(doors.trust) as client:
        for folder in folders:
            case = cases[folder.name] = Case(name=folder.name)
            for path in sorted(folder.glob("in-*")):  # nothing else waits meanwhile
                await _deliver(doors, client, path.suffix, path.read_bytes(), case)
    return cases


async def _deliver(doors: Doors, client: httpx.AsyncClient, kind: str, body: bytes, case: Case) -> None:
    door, source = ("ijw", f"urn:ijw:{doors.municipality}") if kind == ".xml" else ("events", _source(body))
    for answer in await doors.post(client, door, source, body):
        if answer["status"] == "refused":
            case.refused.append(answer["code"])
        elif "id" in answer:
            case.accepted.add(answer["id"])


def _source(body: bytes) -> str:
    content = json.loads(body)
    return str((content[0] if isinstance(content, list) else content)["source"])


def check_village(
    cases: Mapping[str, Case],
    statements: Sequence[Statement],
    url: str,
    issuer: LocalIssuer,
    municipality: str,
    trust: ssl.SSLContext | None = None,
) -> list[str]:
    """What is not as it was written by hand, a line per value."""
    if not cases:
        return []
    youths = _youths(cases, statements)
    token = issuer.token(municipality, ["supervisor"], datetime.now(UTC))
    header = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=header, trust_env=False, verify=trust or True) as client:
        return [line for case in cases.values() for line in _check(case, youths.get(case.name), client)]


def _youths(cases: Mapping[str, Case], statements: Sequence[Statement]) -> dict[str, str]:
    """Case to youth, by the ids that the doors accepted; ids are unique over the village."""
    case_of = {identity: case.name for case in cases.values() for identity in case.accepted}
    found: dict[str, set[str]] = defaultdict(set)
    for row in statements:
        if row.id in case_of:
            found[case_of[row.id]].add(row.youth)
    return {name: youths.pop() for name, youths in found.items() if len(youths) == 1}


def _check(case: Case, youth: str | None, client: httpx.Client) -> list[str]:
    written = json.loads((VILLAGE / case.name / "expected.json").read_text(encoding="utf-8"))
    wrong = []
    for expected in written if isinstance(written, list) else [written]:
        refusals = [refusal["code"] for refusal in expected.get("refusals", [])]
        # Without the official schemas the doors still refuse, but by another rule.
        same = sorted(refusals) == sorted(case.refused) if SCHEMAS else len(refusals) == len(case.refused)
        if not same:
            wrong.append(f"{case.name}: refused {case.refused}, expected {refusals}")
        wrong += _check_facts(case, youth, expected, client)
    return wrong


def _check_facts(case: Case, youth: str | None, expected: Mapping[str, Any], client: httpx.Client) -> list[str]:
    if expected["facts"] is None or youth is None:
        return [] if expected["facts"] is None and youth is None else [f"{case.name}: a youth where none is, or none"]
    told = client.get(f"/v1/youths/{youth}/trajectory", params={"on": expected["on"]}).json()
    return [
        f"{case.name} on {expected['on']}: {key} is {told.get(key)}, expected {value}"
        for key, value in expected["facts"].items()
        if told.get(key) != value
    ]
