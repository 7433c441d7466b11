"""What must be true of every answer, whatever came in: the invariant of the doors.

Every input is taken in, recognised or refused for a reason of the closed list, and nothing is raised. What is taken
in can be written to its topic as the schema of that topic wants it, read back the same, kept while it waits, and
turned into facts. What is refused can be told. No number of a person stands in either.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import yaml

from schemas.fields import NO_LAST_DAY
from schemas.incoming import check
from schemas.refusals import Refusal
from schemas.statements import canonical_statement
from services.indication.answers import answers_of
from services.indication.assertions import (
    Assertion,
    RefusedItem,
    Status,
    Taken,
    Verdict,
    body,
    digests,
    from_parked_form,
    merged_into,
    parked_form,
)
from services.indication.doors import Doors
from services.indication.ijw import Schemas
from services.indication.processor import read_json, read_message, read_record
from services.indication.senders import Arrival
from services.indication.store.refusals import record_of
from services.indication.teams import teams_from
from services.trajectory.app import shipped_rules
from services.trajectory.facts import Rules
from tests.conftest import shared_folder
from youthcare.cli_replay import facts_of
from youthcare.events import MessageCarried, Statement
from youthcare.outcome import GUIDANCE_NL, Reason
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_to_wire

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
YOUTH, SURVIVOR = "f" * 32, "e" * 32
TEAM = "/0153/wijkteam-noord"
ANYBODY = Arrival(received=NOW, sender="intake")
CHAIN = Arrival(received=NOW, sender="urn:ijw:0153", municipality="0153", sources=frozenset({"urn:ijw:0153"}))
OFFICE = Arrival(
    received=NOW,
    sender=TEAM,
    municipality="0153",
    sources=frozenset({TEAM, "/0153/register", "urn:ijw:0153"}),
    may_merge=True,
    may_forget=True,
)
EVERYBODY = (ANYBODY, CHAIN, OFFICE)


@cache
def doors(*, official: bool) -> Doors:
    """The doors of two municipalities, with the official schemas or without."""
    teams = teams_from(yaml.safe_load(shipped("teams.yml").read_text(encoding="utf-8")))
    schemas = Schemas.load(shared_folder() / "ijw" / "xsd") if official else None
    return Doors(check=check, schemas=schemas, teams=teams, digest_keys={"0153": b"k" * 32, "0164": b"l" * 32})


def outcomes(content: bytes) -> list[str]:
    """What becomes of one input: `taken`, `recognised` and reasons of refusal; raises what must never be raised."""
    # Which sender brings it and whether a schema is configured follow from the input, so that each input tells all.
    turn = sum(content[-16:])
    at, arrival = doors(official=turn % 2 == 0), EVERYBODY[turn % 3]
    parts = [read_record(at, arrival, content)]
    if turn % 16 == 5:
        # The HTTP doors take whatever is sent to them as what they are for.
        parts += [*read_json(at, arrival, content), read_message(at, arrival, content)]
    found = [outcome for part in parts for outcome in _outcomes_of(part)]
    _answered(parts)
    if not found:
        assert json.loads(content) == [], "only a list without events says nothing and is told nothing"
    return found or ["nothing"]


def _outcomes_of(part: Taken) -> Iterator[str]:
    for assertion in part.assertions:
        _may_be_written(assertion)
        yield "taken"
    for item in part.refused:
        yield _may_be_told(item)
    yield from ("recognised" for _ in part.recognised)
    _becomes_facts(part)


def _may_be_told(item: RefusedItem) -> str:
    reason = item.refused.reason
    assert reason in Reason
    assert GUIDANCE_NL[reason]
    told = json.loads(record_of(item, 1))
    assert told == json.loads(Refusal.model_validate(told).model_dump_json(exclude_none=True))
    return reason.value


def _may_be_written(assertion: Assertion) -> None:
    whole = assertion if assertion.into_bsn is None else merged_into(assertion, SURVIVOR)
    written = body(whole, YOUTH)
    read: Statement = canonical_statement(json.loads(written))
    assert read.id == whole.id
    # The day that means "no last day" is kept as it was written, and read as none.
    assert statement_to_wire(read) == _without_open_ends(json.loads(written))
    assert len(digests(whole)) == 2
    if assertion.bsn is None:
        assert from_parked_form(parked_form(assertion)) == assertion
    else:
        assert assertion.bsn.encode() not in written
    _fits_a_row(assertion)


def _without_open_ends(value: Any) -> Any:
    if isinstance(value, dict):
        open_end = {name for name, member in value.items() if name.endswith("last_day") and member == NO_LAST_DAY}
        return {name: _without_open_ends(member) for name, member in value.items() if name not in open_end}
    return [_without_open_ends(member) for member in value] if isinstance(value, list) else value


def _fits_a_row(assertion: Assertion) -> None:
    """Postgres takes no NUL in a text, and no half of a surrogate pair."""
    texts = (
        assertion.id,
        assertion.source,
        assertion.sender,
        assertion.message or "",
        *(each.name for each in assertion.tells),
    )
    for text in texts:
        assert "\0" not in text.encode().decode()
        assert len(text.encode()) < 1000


def _becomes_facts(part: Taken) -> None:
    rows = [json.loads(body(each, YOUTH)) for each in part.assertions if each.into_bsn is None]
    statements = [canonical_statement(row) for row in rows]
    known = [row for row in statements if not isinstance(row.data, MessageCarried)]
    if known:
        facts_of(known, _rules(), NOW.date())


@cache
def _rules() -> Rules:
    return shipped_rules()


def _answered(parts: list[Taken]) -> None:
    accepted = Verdict(status=Status.ACCEPTED)
    verdicts = {each: accepted for part in parts for each in part.assertions}
    for answer in answers_of(parts, verdicts):
        assert json.dumps(answer, ensure_ascii=False).encode()
