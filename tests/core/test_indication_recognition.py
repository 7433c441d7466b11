"""Whose a lost youth is, and what a record of the log tells the register."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.indication.assertions import Assertion, body, digest, merged_into
from services.indication.logged import logged
from services.indication.recognition import Claim, Standing, claim, recognised
from youthcare.events import IndicationStarted, StatementData, YouthForgotten, YouthMerged, YouthRegistered

ONE, TWO = ("0153", "111222333"), ("0153", "123456782")
A, B = "a" * 32, "b" * 32
START = IndicationStarted(indication="0153-1", first_day=date(2024, 3, 4))
REGISTERED = YouthRegistered(valid_from=date(2024, 1, 1), birth_date=date(2012, 5, 6), team=None)


def assertion(data: StatementData, source: str = "/0153/wijkteam-noord", **more: Any) -> Assertion:
    """What a delivery says of ONE."""
    instant = datetime(2024, 3, 5, 10, tzinfo=UTC)
    envelope = {"municipality": "0153", "id": "E-1", "time": instant, "received": instant, "sender": source}
    return Assertion(source=source, data=data, bsn=ONE[1], **{**envelope, **more})


def read_back(told: Assertion, youth: str) -> Standing:
    """The statement as it stands in the register when it was entered from the log."""
    row = logged(body(told, youth))
    return Standing(youth=row.youth, digest=row.digest, body=row.body)


@pytest.mark.parametrize(
    ("data", "source", "team"),
    [
        (START, "/0153/wijkteam-noord", None),
        (REGISTERED, "urn:ijw:0153:0153", "noord"),
        (REGISTERED, "/0153/wijkteam-noord", None),
    ],
)
def test_the_log_tells_the_digest_that_the_delivery_had(data: StatementData, source: str, team: str | None) -> None:
    """Content without youth, reception and the team that we derived (design.md §3)."""
    told = assertion(data, source, team=team)

    assert logged(body(told, A)).digest == digest(told)


@pytest.mark.parametrize("team", [None, "noord"])
def test_a_statement_that_comes_again_tells_its_person(team: str | None) -> None:
    """Also when the log does not tell whether its team was stated or derived."""
    told = assertion(REGISTERED, team=team)

    assert claim(told, read_back(told, A)) == {ONE: A}


def test_other_content_under_the_same_id_tells_nobody() -> None:
    """Source and id alone are no proof."""
    standing = read_back(assertion(START), A)

    assert claim(assertion(REGISTERED), standing) == {}


def test_a_wish_to_be_forgotten_tells_nobody() -> None:
    """Its youth is to have no person any more (domain.md §8)."""
    told = assertion(YouthForgotten())

    assert claim(told, read_back(told, A)) == {}


def test_a_merge_tells_both_its_persons() -> None:
    """The register holds the youth of the second person in the content."""
    told = assertion(YouthMerged(into=""), into_bsn=TWO[1])

    assert claim(told, read_back(merged_into(told, B), A)) == {ONE: A, TWO: B}


@pytest.mark.parametrize(
    ("claims", "known", "taken", "told"),
    [
        ([{ONE: A}, {ONE: A}], {}, [], {ONE: A}),
        ([{ONE: A}, {TWO: B}], {}, [], {ONE: A, TWO: B}),
        ([{ONE: A}], {}, [("0153", A)], {}),
        ([{ONE: A}, {ONE: B}], {}, [], {}),
        ([{ONE: A}, {TWO: A}], {}, [], {}),
        ([{ONE: A, TWO: B}], {ONE: A}, [("0153", A)], {TWO: B}),
        ([{ONE: A, TWO: B}], {ONE: B}, [("0153", B)], {}),
        ([{ONE: A, TWO: B}], {}, [("0153", B)], {}),
    ],
    ids=[
        "twice the same",
        "two persons, two youths",
        "the youth is somebody's",
        "two youths for one person",
        "one youth for two persons",
        "a merge of a known person tells the other",
        "a merge under another youth than the known one tells nothing",
        "a merge tells both or none",
    ],
)
def test_what_points_two_ways_points_nowhere(
    claims: list[Claim], known: dict[Any, str], taken: list[Any], told: dict[Any, str]
) -> None:
    """A person gets a youth that is nobody's, when all that comes again agrees."""
    assert recognised(claims, known, taken) == told
