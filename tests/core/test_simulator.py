"""The simulated stream: repeatable, valid, in order, with the noise it says it has."""

import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
import yaml
from lxml import etree

from tests.conftest import shared_folder
from youthcare.period import civil_day
from youthcare.simulator import Envelope, simulate
from youthcare.simulator.population import TEAMS, citizen_numbers, is_invented

YEAR = (date(2024, 1, 1), date(2024, 12, 31))
NAMESPACE = re.compile(rb"ijw/3_2/jw(\d+)/schema")
DATED = re.compile(r"<ijw:Dagtekening>([^<]*)<")
BSN = re.compile(r"(?:<Bsn>|\"bsn\": \")(\d{9})")


@cache
def stream(seed: int, youths: int, municipality: str = "0153") -> tuple[Envelope, ...]:
    return tuple(simulate(seed, municipality, *YEAR, youths))


def xml_of(envelope: Envelope) -> bytes:
    """The iJw XML, out of its StUF envelope if it travels in one."""
    match = re.search(rb"<GGK:xmlBestand>([^<]*)<", envelope.body)
    return b64decode(match[1]) if match else envelope.body


def right(seed: int, youths: int, door: str) -> Iterator[Envelope]:
    return (one for one in stream(seed, youths) if one.door == door and one.flaw is None)


@cache
def schema(kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared_folder() / "ijw" / "xsd" / f"JW{kind}.xsd"))


def kind_of(envelope: Envelope) -> str:
    match = NAMESPACE.search(xml_of(envelope))
    return match[1].decode() if match else ""


def test_the_same_seed_gives_the_same_bytes_in_the_same_order() -> None:
    """Everything follows from the seed."""
    assert tuple(simulate(5, "0153", *YEAR, 40)) == stream(5, 40)


def test_another_seed_gives_another_year() -> None:
    """The seed is used."""
    assert stream(5, 40) != stream(6, 40)


def test_another_municipality_has_other_youths_under_the_same_citizen_numbers() -> None:
    """Two municipalities can share numbers without sharing a message."""
    first, second = stream(5, 40), stream(5, 40, "0163")

    assert {one.body for one in first}.isdisjoint(one.body for one in second)
    assert BSN.findall(first[0].body.decode()) or first[0].door == "ijw"
    assert all("0163" in one.sender for one in second)


def test_envelopes_come_in_order_of_reception_within_the_year() -> None:
    """The iterator can be fed as it comes; what was written before the year arrives on its first day."""
    received = [one.received for one in stream(1, 300)]

    assert received == sorted(received)
    assert {civil_day(received[0]), YEAR[0]} == {YEAR[0]}
    assert civil_day(received[-1]) <= YEAR[1]


def test_every_right_ijw_message_is_valid_by_its_schema() -> None:
    """Official XSDs: every fourth message, every return, and every kind."""
    every = list(right(1, 300, "ijw"))
    sample = [*every[::4], *(one for one in every if kind_of(one) in ("302", "306", "308"))]
    kinds = Counter(kind_of(one) for one in sample)

    for one in sample:
        schema(kind_of(one)).assertValid(etree.fromstring(xml_of(one)))
    assert set(kinds) == {"301", "302", "305", "306", "307", "308", "315", "317", "319"}


def test_nothing_is_dated_after_it_arrives() -> None:
    """A Dagtekening in the future would be refused."""
    for one in right(1, 300, "ijw"):
        assert all(date.fromisoformat(day) <= civil_day(one.received) for day in DATED.findall(xml_of(one).decode()))


def test_a_start_or_stop_is_dated_after_the_day_it_tells() -> None:
    """TR134: no Begindatum or Einddatum of a delivery after the Dagtekening."""
    for one in right(1, 300, "ijw"):
        if kind_of(one) in ("305", "307"):
            text = xml_of(one).decode()
            (dated,) = DATED.findall(text)
            assert all(day <= dated for day in re.findall(r"<(?:Begindatum|Einddatum)>([^<]*)<", text))


def test_message_identifications_are_unique_at_their_sender() -> None:
    """TR056; only a message sent twice has the same identification, and then the same bytes."""
    seen: dict[tuple[str, str, str], bytes] = {}
    for one in right(1, 300, "ijw"):
        text = xml_of(one).decode()
        match = re.search(r"<(?:IdentificatieRetour|ijw:Identificatie)>([^<]*)<", text)
        if match and "Retour>" not in text:
            assert seen.setdefault((one.sender, kind_of(one), match[1]), xml_of(one)) == xml_of(one)


def test_right_events_have_the_incoming_form() -> None:
    """design.md §3: the citizen number in the content, no subject, no reception."""
    events = [json.loads(one.body) for one in right(1, 300, "events")]

    assert {event["type"] for event in events} == {
        "nl.jeugdzorg.youth.registered.v1",
        "nl.jeugdzorg.indication.started.v1",
        "nl.jeugdzorg.indication.ended.v1",
        "nl.jeugdzorg.evaluation.recorded.v1",
    }
    assert all("bsn" in event["data"] and not {"subject", "received"} & set(event) for event in events)
    assert {event["source"] for event in events} == {f"/0153/wijkteam-{team.id}" for team in TEAMS}


def passes_11_check(bsn: str) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(weight * int(digit) for weight, digit in zip(weights, bsn, strict=True)) % 11 == 0


def test_citizen_numbers_are_valid_and_invented_ones_are_recognised() -> None:
    """The test range of the chain first, but for what hand-written cases use; then invented ones beginning with 9."""
    numbers = list(islice(citizen_numbers(), 12000))

    assert numbers[0] == next(str(n) for n in range(999902006, 999902100) if passes_11_check(str(n)))
    assert all(passes_11_check(number) and number.startswith("9") for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert [is_invented(number) for number in numbers] == sorted(is_invented(number) for number in numbers)
    assert is_invented(numbers[-1])


def test_citizen_numbers_in_messages_are_valid_unless_that_is_the_flaw() -> None:
    """Only a message with the flaw `bsn` fails the 11-check."""
    for one in stream(1, 300):
        text = (xml_of(one) if one.door == "ijw" else one.body).decode()
        valid = [passes_11_check(bsn) for bsn in BSN.findall(text)]
        assert not any(valid) if one.flaw == "bsn" else all(valid)


def test_nine_tenths_of_the_envelopes_are_ijw() -> None:
    """As the issue asks; between 88 and 92 per cent."""
    doors = Counter(one.door for one in stream(1, 1000))

    assert 0.88 < doors["ijw"] / doors.total() < 0.92


def test_about_one_in_a_hundred_envelopes_is_wrong_in_every_way_that_is_named() -> None:
    """docs/simulator.md: one per cent, of four kinds."""
    flaws = Counter(one.flaw for one in stream(1, 1000))

    assert 0.007 < 1 - flaws[None] / flaws.total() < 0.013
    assert set(flaws) == {None, "bsn", "not-readable", "unknown-code", "end-before-start"}


def test_wrong_ijw_messages_fail_in_the_way_they_say() -> None:
    """Unreadable is not XML, an unknown code is not valid, an end lies before its start."""
    for one in stream(1, 300):
        if one.door == "ijw" and one.flaw == "not-readable":
            with pytest.raises(etree.XMLSyntaxError):
                etree.fromstring(xml_of(one))
        elif one.door == "ijw" and one.flaw == "unknown-code":
            assert not schema(kind_of(one)).validate(etree.fromstring(xml_of(one)))
        elif one.door == "ijw" and one.flaw == "end-before-start":
            assert b"<Einddatum>2001-01-01" in xml_of(one)


def test_doubles_repeats_rejections_and_corrections_have_their_documented_shares() -> None:
    """docs/simulator.md names the shares; a band of about a third around each."""
    bodies = [one.body for one in stream(1, 1000) if one.flaw is None]
    kinds = Counter(kind_of(one) for one in right(1, 1000, "ijw"))
    rejecting = sum(b"<RetourCodes>" in xml_of(one) for one in right(1, 1000, "ijw"))
    corrected = sum(b"<StatusAanlevering>3<" in xml_of(one) for one in right(1, 1000, "ijw"))
    answerable = kinds["301"] + kinds["305"] + kinds["307"]

    assert 0.010 < 1 - len(set(bodies)) / len(bodies) < 0.020
    assert 0.005 < rejecting / answerable < 0.011
    assert 0.013 < corrected / (kinds["305"] + kinds["307"]) < 0.030
    assert 0.07 < sum(b"<GGK:" in one.body for one in right(1, 1000, "ijw")) / kinds.total() < 0.13


def first_reception(youths: int, element: str, kind: str) -> dict[str, Envelope]:
    found: dict[str, Envelope] = {}
    for one in right(1, youths, "ijw"):
        if kind_of(one) == kind:
            for reference in re.findall(rf"<{element}>([^<]*)<", xml_of(one).decode()):
                found.setdefault(reference, one)
    return found


@pytest.mark.parametrize(
    ("element", "before", "after"), [("ToewijzingNummer", "301", "305"), ("ReferentieAanbieder", "315", "319")]
)
def test_some_messages_overtake_what_they_refer_to(element: str, before: str, after: str) -> None:
    """A start can come before its grant, an answer before its request; most do not."""
    causes, effects = first_reception(1000, element, before), first_reception(1000, element, after)
    known = [causes[key].received > effect.received for key, effect in effects.items() if key in causes]

    assert 0 < sum(known) < len(known) / 4


def test_the_teams_live_where_the_shipped_mapping_says() -> None:
    """A postcode of the simulator leads to the same team by deploy/teams.yml."""
    rows = yaml.safe_load((Path(__file__).parents[2] / "deploy" / "teams.yml").read_text(encoding="utf-8"))
    ranges = rows["municipalities"]["0153"][-1]["teams"]

    for team in TEAMS:
        for postcode in team.postcodes:
            assert any(
                low <= str(postcode) <= high for low, _, high in (text.partition("-") for text in ranges[team.id])
            )
