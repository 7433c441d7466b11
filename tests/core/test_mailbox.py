"""The mailbox of refusals: what a later acceptance settles, how it is put right, who sees it, and how old it is."""

from datetime import UTC, datetime, timedelta

import pytest

from services.indication.correcting import correction
from services.indication.identity import could_hold_bsn
from services.indication.kinds import MessageKind
from services.indication.mailbox import AGE_CLASSES, Ageing, Sight, age_class, by_kind
from services.indication.senders import Arrival
from services.indication.settling import offered_keys, waiting_keys
from youthcare.outcome import Reason, Refused
from youthcare.runtime.metrics import SOURCE_KINDS

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
MESSAGE = "JW305-B1-2024-03-04"
GRANT = "JW301-667899-2024-03-04T10:00:00-{}"


def refused(identification: str | None, reason: Reason = Reason.END_BEFORE_START) -> Refused:
    """A refusal of this identification."""
    return Refused(reason=reason, identification=identification)


@pytest.mark.parametrize(
    ("waits", "accepted", "new", "settles"),
    [
        ((refused("e-1"), None), ("e-1", None), True, True),
        ((refused("e-1"), None), ("e-1", None), False, True),
        ((refused("e-1"), None), ("e-2", None), True, False),
        ((refused("e-1", Reason.ID_REUSED), None), ("e-1", None), False, False),
        ((refused(None, Reason.NOT_JSON), None), ("e-1", None), True, False),
        ((refused(MESSAGE), MESSAGE), (f"{MESSAGE}-1", MESSAGE), True, True),
        ((refused(MESSAGE), MESSAGE), (f"{MESSAGE}-1", MESSAGE), False, True),
        ((refused(f"{MESSAGE}-2"), MESSAGE), (f"{MESSAGE}-1", MESSAGE), True, True),
        ((refused(f"{MESSAGE}-2"), MESSAGE), (f"{MESSAGE}-1", MESSAGE), False, False),
        ((refused(GRANT.format("aa")), "JW301-B1-x"), (GRANT.format("bb"), "JW301-B2-x"), True, True),
        ((refused(GRANT.format("aa")), "JW301-B1-x"), (GRANT.format("bb"), "JW301-B2-x"), False, False),
        ((refused(GRANT.format("aa")), "JW301-B1-x"), (GRANT[:9] + "-x", "JW301-B2-x"), True, False),
    ],
)
def test_a_later_acceptance_settles_what_is_the_same(
    waits: tuple[Refused, str | None], accepted: tuple[str, str | None], new: bool, settles: bool
) -> None:
    """The same identification or a whole message always; its message or ToewijzingNummer when it is new."""
    keys = waiting_keys(*waits)

    offered = offered_keys(*accepted, new=new)

    assert bool(keys & offered) is settles


@pytest.mark.parametrize(
    ("kind", "identification", "words"),
    [
        ("JW305", f"{MESSAGE}-1", "StatusAanlevering 3"),
        ("JW307", None, "dezelfde begindatum, einddatum en reden"),
        ("JW301", None, "RedenWijziging 13"),
        ("JW315", None, "vraag de gemeente het af te wijzen"),
        ("JW319", None, "telt als niet verzonden"),
        ("nl.jeugdzorg.indication.started.v1", f"{MESSAGE}-1", "verwijder die dan eerst"),
        ("nl.jeugdzorg.indication.started.v1", "e-1", ".retracted"),
        (None, None, "telt als niet verzonden"),
    ],
)
def test_what_is_wrong_is_put_right_by_delete_and_new(kind: str | None, identification: str | None, words: str) -> None:
    """What is refused was not sent and is not deleted; what was accepted is deleted first (IV008, OP286)."""
    told = correction(kind, Reason.DATE_IN_FUTURE, identification)

    assert words in told
    assert ("kenmerk" in told) == (identification is not None)


def test_a_reused_identification_asks_for_a_new_one() -> None:
    """What stands under it stays."""
    assert "nieuw kenmerk" in correction("JW305", Reason.ID_REUSED, MESSAGE)
    assert all(correction(kind, reason, None) for kind in (*MessageKind, None) for reason in Reason)


@pytest.mark.parametrize(
    ("sources", "readers", "allowed"),
    [
        ({"/0153/noord"}, (), True),
        ({"/0153/zuid"}, (), False),
        ({"/0153/noord"}, ("/0153/noord", "urn:ijw:0153"), False),
        ({"/0153/noord", "urn:ijw:0153"}, ("/0153/noord", "urn:ijw:0153"), True),
    ],
)
def test_a_payload_that_names_no_source_goes_to_who_could_have_sent_it(
    sources: set[str], readers: tuple[str, ...], allowed: bool
) -> None:
    """Who speaks for one of two sources does not read what may be of the other."""
    sight = Sight(sources=frozenset(sources), all_senders=False)

    assert sight.may_act("/0153/noord", readers) is allowed


def test_a_part_of_the_chain_reads_for_its_parties() -> None:
    """As it may speak for them, and no further."""
    sight = Sight(sources=frozenset({"urn:ijw:0153"}), all_senders=False)

    assert sight.parties == ("urn:ijw:0153:",)
    assert sight.may_act("urn:ijw:0153:42420001", ())
    assert not sight.may_act("urn:ijw:01534:42420001", ())


def test_who_delivers_for_several_sources_reads_for_all_of_them() -> None:
    """A delivery that names its own source is read by that source; another by who speaks for all."""
    arrival = Arrival(received=NOW, sender="a", sources=frozenset({"b", "a"}))

    assert arrival.readers() == ("a", "b")
    assert Arrival(received=NOW, sender="a", sources=frozenset({"b", "a"}), named=True).readers() == ()
    assert Arrival(received=NOW, sender="intake").readers() == ()


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), "1"),
        (timedelta(days=1), "1"),
        (timedelta(days=1, seconds=1), "7"),
        (timedelta(days=30), "30"),
        (timedelta(days=90), "90"),
        (timedelta(days=91), "more"),
    ],
)
def test_an_age_belongs_to_one_class(age: timedelta, expected: str) -> None:
    """The last day of a class belongs to it."""
    assert age_class(age) == expected


def test_senders_are_counted_by_kind() -> None:
    """Never by name: a kind without refusals counts nought."""
    rows = [
        Ageing(municipality="0153", sender=sender, open={"7": 2}, oldest=oldest, matured=4, repaired=3)
        for sender, oldest in (("/0153/noord", NOW - timedelta(days=3)), ("/0164/oost", NOW - timedelta(days=5)))
    ]

    counted = by_kind(rows, SOURCE_KINDS, NOW)

    assert counted["team"].open == {**dict.fromkeys(AGE_CLASSES, 0), "7": 4}
    assert (counted["team"].oldest, counted["team"].matured, counted["team"].repaired) == (timedelta(days=5), 8, 6)
    assert (counted["ijw"].oldest, counted["ijw"].matured) == (timedelta(0), 0)
    assert sum(counted["register"].open.values()) == 0


@pytest.mark.parametrize(
    ("text", "held"),
    [("verzoek 999900006", True), ("verzoek 999 900.006 x", True), ("zaak 2024-12", False), ("telefoon 0612", False)],
)
def test_a_text_with_nine_digits_could_hold_a_bsn(text: str, held: bool) -> None:
    """Also with blanks, dots or dashes between them."""
    assert could_hold_bsn(text) is held
