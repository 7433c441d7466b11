"""By what a person is found in sealed content, which step is next, and what a certificate tells."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.indication.forgetting import (
    PROMISE,
    STEPS,
    SURELY_HELD,
    Confirmed,
    Forgetting,
    Step,
    Traces,
    certificate,
    names_in,
    step_after,
    traces_from,
)
from tests import builders
from youthcare.runtime.topics import (
    INDICATION_EVENTS,
    TRAJECTORY_FACTS,
    is_marker,
    marker_key,
    statement_key,
    youth_digest,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
BSN = "012345672"
TRACES = Traces(numbers=frozenset({BSN}), names=frozenset({"0153-667899"}))


@pytest.mark.parametrize(
    "content",
    [
        f"<Bsn>{BSN}</Bsn>",
        '{"bsn":"12345672"}',
        '{"bsn": 12345672}',
        "bsn 0123.45.672 of hier",
        '{"data":{"indication":"0153-667899"}}',
    ],
)
def test_a_person_is_found_by_the_number_as_anybody_writes_it_and_by_a_name_of_its_own(content: str) -> None:
    """With or without the leading nought, with blanks, dots or dashes, in the bytes of any encoding of XML."""
    assert TRACES.found_in(content.encode())
    assert TRACES.found_in(content.encode("utf-16"))


@pytest.mark.parametrize(
    "content",
    ["", '{"bsn":"912345672"}', '{"bsn":"123456721"}', '{"indication":"0153-6678991"}', '{"note":"a 0153-667899 b"}'],
)
def test_nobody_else_is_found(content: str) -> None:
    """A longer number is another one, and a name counts only as a whole text."""
    assert not TRACES.found_in(content.encode())


def test_traces_come_back_as_they_were_sealed() -> None:
    """What is sealed is what is searched for."""
    assert traces_from(TRACES.body()) == TRACES


def test_the_names_of_a_youth_are_those_only_its_statements_have() -> None:
    """Ids, indications, requests and case references; a short one may be anybody's, a provider is many's."""
    told = [
        builders.started(id="start-1", indication="0153-1234"),
        builders.registered(id="registered-1", case_reference="Z-2024-17"),
        builders.registered(id="registered-2", case_reference="17"),
        builders.requested(id="request-1", request="42420001-R1"),
    ]

    names = names_in([json.dumps(each).encode() for each in told])

    assert {"start-1", "0153-1234", "Z-2024-17", "registered-2", "42420001-R1"} <= names
    assert not names & {"17", builders.PROVIDER, "noord", "0153"}


def test_steps_are_taken_in_their_order_and_each_once() -> None:
    """The first that is not confirmed is next, whatever was confirmed after it."""
    assert step_after([]) is Step.REQUESTED
    assert step_after(["requested", "told"]) is Step.SEALED
    assert step_after(step.value for step in STEPS) is None


def test_readers_are_believed_only_while_the_broker_surely_held_what_they_read() -> None:
    """From the last tombstone on, and for less than the broker leaves records alone on either topic."""
    wiped = Confirmed(step=Step.WIPED, at=NOW, evidence={})
    one = Forgetting(municipality="0153", digest="d", requested=NOW - PROMISE, confirmed=[wiped])

    assert not one.may_be_unread(NOW + SURELY_HELD)
    assert one.may_be_unread(NOW + SURELY_HELD + timedelta(seconds=1))
    assert min(INDICATION_EVENTS.compaction_lag, TRAJECTORY_FACTS.compaction_lag) > SURELY_HELD


def test_the_promise_is_broken_after_72_hours_and_kept_by_a_certificate() -> None:
    """As `forget status` says."""
    one = Forgetting(municipality="0153", digest="d", requested=NOW)

    assert not one.is_late(NOW + PROMISE)
    assert one.is_late(NOW + PROMISE + timedelta(seconds=1))
    assert not replace(one, certified=NOW).is_late(NOW + 2 * PROMISE)


def test_a_certificate_lists_every_place_in_order_and_no_person() -> None:
    """Of the youth no more than the digest; `intake` with the day on which its term ends."""
    digest = youth_digest("0153", "youth-of-somebody")
    confirmed = [Confirmed(step=step, at=NOW, evidence={"end": 7}) for step in STEPS[::-1]]
    one = Forgetting(
        municipality="0153",
        digest=digest,
        requested=NOW,
        certified=NOW,
        youth="youth-of-somebody",
        confirmed=confirmed,
    )

    paper = certificate(one)

    assert [each["step"] for each in paper["places"]] == [step.value for step in STEPS]
    assert "youth-of-somebody" not in json.dumps(paper)
    assert paper["digest"] == digest
    assert paper["by_term"] == [{"where": "intake", "gone": "2026-11-29T10:00:00+00:00"}]


def test_a_marker_is_nobodys_key() -> None:
    """No statement and no youth can have it."""
    assert is_marker(marker_key(INDICATION_EVENTS.partition_count - 1))
    assert not is_marker(statement_key("0153", "marker", "/0153/team", "1"))
    assert not is_marker(None)
