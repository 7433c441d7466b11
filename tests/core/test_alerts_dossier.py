"""The dossier of a stacking request: what a team needs to answer it, on any day."""

from collections.abc import Sequence
from datetime import date

import pytest
import yaml

from services.alerts.dossier import Dossier, Granted, Refused, Running, dossier
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_from_wire

RULES = Rules(care_forms=care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text())))
REQUEST = builders.requested(request="65656055-R9", provider=builders.OTHER_PROVIDER, time="2024-10-14T10:00:00Z")
CARE = (
    builders.granted(indication="0153-1", first_day="2024-01-08", last_day="2024-06-30", referrer="01"),
    builders.started(indication="0153-1", first_day="2024-01-08"),
    builders.granted(
        indication="0153-2", first_day="2024-07-01", last_day="2024-12-31", referrer="02",
        granted_at="2024-06-20T09:00:00", time="2024-06-20T10:00:00Z",
    ),
    builders.started(indication="0153-2", first_day="2024-07-01", time="2024-07-02T10:00:00Z"),
)  # fmt: skip


def made(told: Sequence[builders.Statement], on: date) -> Dossier:
    """The dossier of the request on a day."""
    facts = list(layers([statement_from_wire(event) for event in told], RULES))[-1]
    found = dossier(facts, "65656055-R9", on)
    assert found is not None
    return found


def test_it_names_what_runs_since_when_from_whom_and_referred_by_whom() -> None:
    """Renewals are joined, and the referrer is that of the newest; what has ended runs no more."""
    then, later = (made([*CARE, REQUEST], day) for day in (date(2024, 10, 15), date(2025, 1, 1)))

    assert then.running == (
        Running(
            care_form="ambulatory",
            provider=builders.PROVIDER,
            since=date(2024, 1, 8),
            last_day=date(2024, 12, 31),
            referrer="02",
        ),
    )
    assert (then.provider, then.requested_on) == (builders.OTHER_PROVIDER, date(2024, 10, 14))
    assert later.running == ()


def test_it_names_what_was_refused_before_with_the_reason() -> None:
    """Earlier requests that were rejected; one under investigation or made later is none."""
    told = [
        builders.requested(request="65656055-R1", time="2024-03-01T10:00:00Z"),
        builders.answered(request="65656055-R1", reason="6", time="2024-03-05T10:00:00Z"),
        builders.requested(request="65656055-R2", time="2024-04-01T10:00:00Z"),
        builders.answered(
            request="65656055-R2", answer="under-investigation", reason=None, time="2024-04-03T10:00:00Z"
        ),
        REQUEST,
        builders.requested(request="65656055-R10", time="2024-10-15T10:00:00Z"),
        builders.answered(request="65656055-R10", time="2024-10-16T10:00:00Z"),
    ]

    assert made(told, date(2024, 10, 20)).refused_before == (
        Refused(
            request="65656055-R1",
            provider=builders.PROVIDER,
            requested_on=date(2024, 3, 1),
            rejected_on=date(2024, 3, 5),
            reason="6",
        ),
    )


@pytest.mark.parametrize(
    ("on", "left"),
    [
        (date(2024, 10, 14), 5),
        (date(2024, 10, 18), 1),
        (date(2024, 10, 20), 1),
        (date(2024, 10, 21), 0),
        (date(2024, 10, 22), -1),
        (date(2024, 10, 28), -5),
    ],
)
def test_the_working_days_until_the_answer_is_due_count_down(on: date, left: int) -> None:
    """Five working days after the Monday on which it was made: the next Monday; then it is late."""
    found = made([*CARE, REQUEST], on)

    assert (found.answer_due, found.days_left) == (date(2024, 10, 21), left)


def test_under_investigation_there_are_eight_weeks() -> None:
    """Civil days, from the same day on; before the answer it was five working days."""
    answer = builders.answered(
        request="65656055-R9", answer="under-investigation", reason=None, time="2024-10-16T10:00:00Z"
    )

    before, after = (made([*CARE, REQUEST, answer], day) for day in (date(2024, 10, 15), date(2024, 10, 17)))

    assert (before.answer_due, before.under_investigation) == (date(2024, 10, 21), False)
    assert (after.answer_due, after.days_left, after.under_investigation) == (date(2024, 12, 9), 53, True)


def test_a_rejection_and_a_grant_are_outcomes() -> None:
    """Nothing counts down any more."""
    rejection = builders.answered(request="65656055-R9", reason="6", time="2024-10-16T10:00:00Z")
    grant = builders.granted(
        indication="0153-3", request="65656055-R9", granted_at="2024-10-17T09:00:00", first_day="2024-10-21",
        provider=builders.OTHER_PROVIDER, time="2024-10-17T10:00:00Z",
    )  # fmt: skip

    rejected = made([*CARE, REQUEST, rejection], date(2024, 10, 17))
    granted = made([*CARE, REQUEST, grant], date(2024, 10, 18))

    assert (rejected.answer, rejected.answer_reason, rejected.answered_on) == ("rejected", "6", date(2024, 10, 16))
    assert rejected.days_left is None
    assert granted.granted == (
        Granted(indication="0153-3", granted_on=date(2024, 10, 17), first_day=date(2024, 10, 21)),
    )
    assert granted.days_left is None


def test_a_request_that_nobody_made_has_none() -> None:
    """Nothing is made up."""
    facts = list(layers([statement_from_wire(event) for event in CARE], RULES))[-1]

    assert dossier(facts, "65656055-R9", date(2024, 10, 15)) is None
