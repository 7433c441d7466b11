"""Persons who turn out to be one, through the doors of a whole town: facts, figures and alerts are those of a replay.

Rules. All eight processes are real, and messages come before and after the merge. The register states it by the two
numbers; afterwards one wrong number is put right, and one person is forgotten who had been two.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from services.indication.identity import bsn_valid
from tests.chaos.test_forgetting_under_load import forget, persons_in, youths_of
from tests.e2e.town import MUNICIPALITY, SEED, Town, today, town
from tests.indication import new_name
from youthcare.simulator import simulate

pytestmark = pytest.mark.prove

YOUTHS, PAIRS = 40, 6
REGISTER = "/0153/register"


def header(here: Town, *roles: str) -> dict[str, str]:
    """Of somebody with these roles."""
    token = here.issuer.token(MUNICIPALITY, roles, datetime.now(UTC), timedelta(hours=1))
    return {"Authorization": f"Bearer {token}"}


def merge(here: Town, pairs: Sequence[tuple[str, str]]) -> None:
    """The register states of each pair that the first is the second."""
    stated = [
        {
            "specversion": "1.0",
            "id": new_name("M"),
            "source": REGISTER,
            "type": "nl.jeugdzorg.youth.merged.v1",
            "municipality": MUNICIPALITY,
            "time": "2024-03-05T10:00:00Z",
            "data": {"bsn": one, "into_bsn": other},
        }
        for one, other in pairs
    ]
    url = f"{here.services.url('indication')}/v1/events"
    answer = httpx.post(url, json=stated, headers=header(here, f"sender:{REGISTER}"), timeout=60)
    assert [each["status"] for each in answer.json()] == ["accepted"] * len(pairs), answer.text


def correct(here: Town, bsn: str, right: str) -> httpx.Response:
    """A privacy officer puts a number right."""
    body = {"bsn": bsn, "correct_bsn": right, "reason": "De ouders lieten het juiste document zien."}
    url = f"{here.services.url('indication')}/v1/identity-corrections"
    return httpx.post(url, json=body, headers=header(here, "privacy-officer"), timeout=60)


def seen(here: Town, youth: str) -> int:
    """What a supervisor is answered who asks for a youth."""
    url = f"{here.services.url('trajectory')}/v1/youths/{youth}/trajectory"
    return httpx.get(url, headers=header(here, "supervisor"), timeout=60).status_code


def facts(here: Town) -> list[str]:
    """Every statement of the log, as a text that can be compared."""
    return sorted(json.dumps(each, sort_keys=True) for each in here.topic("indication-events"))


def unused(persons: Sequence[str]) -> str:
    """A valid number that nobody in the town has."""
    return next(
        text for number in range(999_000_000, 999_900_000) if bsn_valid(text := str(number)) and text not in persons
    )


def test_two_who_are_one_are_told_as_one_by_every_service(tmp_path: Path) -> None:
    """After merges, a correction and a wish to be forgotten, live equals replay each time."""
    last = today() - timedelta(days=1)
    envelopes = list(simulate(SEED, MUNICIPALITY, last - timedelta(days=364), last, YOUTHS))
    first, second = envelopes[: len(envelopes) // 2], envelopes[len(envelopes) // 2 :]
    persons = persons_in(first)
    pairs = list(zip(persons[: 2 * PAIRS : 2], persons[1 : 2 * PAIRS : 2], strict=True))
    with town(tmp_path) as here:
        here.feed(first)
        here.settle()
        before = youths_of(here, tmp_path, persons)
        merge(here, pairs)
        here.feed(second)
        here.settle()

        assert [seen(here, before[one]) for one, _ in pairs] == [404] * PAIRS
        assert [seen(here, before[other]) for _, other in pairs] == [200] * PAIRS
        assert here.compared().differences == []

        (wrong, right), (once, now), told = pairs[0], pairs[1], facts(here)
        assert correct(here, wrong, right).json()["youth"] == before[right]
        assert correct(here, persons[-1], unused(persons)).json()["youth"] == before[persons[-1]]
        assert facts(here) == told, "nothing of it stands on the log"
        assert wrong not in youths_of(here, tmp_path, persons)

        forget(here, [now])
        here.settle()
        assert [seen(here, before[each]) for each in (once, now)] == [404, 404]
        assert {once, now}.isdisjoint(youths_of(here, tmp_path, persons))
        assert here.compared().differences == []
