"""The content rules of the standard (reference.md §5): each broken once, with its code, reason and field."""

from collections.abc import Iterable
from datetime import date

import pytest

from services.indication.ijw import Document, read
from services.indication.message import Message, parse
from services.indication.validation import Verdict, judge
from tests import ijw_builders as write
from youthcare.outcome import Reason

TODAY = date(2024, 3, 10)
GRANT = "Client/ToegewezenProducten/ToegewezenProduct"
START = "Client/StartProducten/StartProduct"
END = "Client/StopProducten/StopProduct"
ASKED = "Client/AangevraagdeProducten/AangevraagdProduct"
REQUEST = "Client/Verzoek"


def _verdict(body: bytes, received_day: date = TODAY) -> Verdict:
    document = read(body)
    assert isinstance(document, Document)
    message = parse(document)
    assert isinstance(message, Message)
    return judge(message, received_day=received_day)


def _rules(violations: Iterable[object]) -> list[tuple[str, str, str]]:
    return [(one.rule, one.refused.reason.value, one.refused.field) for one in violations]  # type: ignore[attr-defined]


def _only(body: bytes) -> list[tuple[str, str, str]]:
    """The violations of a message with one statement that is whole as a message."""
    verdict = _verdict(body)
    assert verdict.whole == ()
    (violations,) = verdict.statements
    return _rules(violations)


@pytest.mark.parametrize("kind", write.CODES)
def test_what_the_builders_write_breaks_no_rule(kind: str) -> None:
    """Or no test below would prove anything."""
    verdict = _verdict(write.one_of_each()[kind])

    assert verdict.whole == ()
    assert all(violations == () for violations in verdict.statements)


g = write.granted_product


@pytest.mark.parametrize(
    ("product", "found"),
    [
        (g(product=None, volume=None), [("CD079", "field-missing", "Product")]),
        (g(volume=None), [("CD041", "field-missing", "Omvang")]),
        (g(budget=1), [("CD077", "field-forbidden", "Omvang"), ("CD078", "field-forbidden", "Budget")]),
        (g(product="45"), [("CD080", "field-forbidden", "Omvang")]),
        (g(product="45", last_day=None), [("CD080", "field-forbidden", "Omvang")]),
        (g(product="45", first_day="2020-01-01", last_day="2020-12-31"), []),
        (g(product=None, volume=None, budget=1, last_day=None), [("CD075", "field-missing", "Einddatum")]),
        (g(product=None, volume=None, budget=1), []),
        (g(product="45", volume=None), []),
        (g(volume=(1, "04", "2"), last_day=None), [("CD076", "field-missing", "Einddatum")]),
        (g(volume=(1, "04", "4"), last_day=None), []),
        (g(last_day="2024-03-03"), [("CS003", "end-before-start", "Einddatum")]),
        (g(last_day="2024-03-04"), []),
        (g(change_reason="13"), [("CS335", "field-invalid", "RedenWijziging")]),
        (g(change_reason="13", last_day="2024-03-04"), []),
        (g(change_reason="01"), [("CS336", "unknown-code", "RedenWijziging")]),
        (g(change_reason="15"), [("JZ002", "unknown-code", "RedenWijziging")]),
        (g(volume=(1, "16", "1")), [("CS338", "field-invalid", "Omvang/Frequentie")]),
        (g(volume=(1, "04", "1")), []),
        (g(volume=(1, "99", "4")), [("WJ756", "unknown-code", "Omvang/Eenheid")]),
        (g(volume=(1, "04", "3")), [("WMO757", "unknown-code", "Omvang/Frequentie")]),
        (g(product="39A01"), [("JZ020", "unknown-code", "Product/Categorie")]),
    ],
)
def test_a_granted_product_obeys_the_rules(product: str, found: list[tuple[str, str, str]]) -> None:
    """JW301: product, volume, budget, period, reason of change."""
    assert _only(write.jw301(product)) == [(rule, reason, f"{GRANT}/{field}") for rule, reason, field in found]


s, e = write.started_product, write.ended_product


@pytest.mark.parametrize(
    ("product", "found"),
    [
        (s(first_day="2024-03-05"), []),
        (s(first_day="2024-03-06"), [("TR134", "date-in-future", "Begindatum")]),
        (s(status="2"), [("CS058", "status-forbidden", "StatusAanlevering")]),
        (s(status="9"), [("CS058", "status-forbidden", "StatusAanlevering")]),
        (s(status="3"), []),
        (s(product="99"), [("JZ020", "unknown-code", "Product/Categorie")]),
        (s(None, product=None), []),
    ],
)
def test_a_start_obeys_the_rules(product: str, found: list[tuple[str, str, str]]) -> None:
    """JW305: delivery began on or before the day of the message (OP011)."""
    assert _only(write.jw305(product)) == [(rule, reason, f"{START}/{field}") for rule, reason, field in found]


@pytest.mark.parametrize(
    ("product", "found"),
    [
        (e(last_day="2024-01-08"), []),
        (e(last_day="2024-01-07"), [("TR018", "end-before-start", "Einddatum")]),
        (e(last_day="2024-03-05"), []),
        (e(last_day="2024-03-06"), [("TR134", "date-in-future", "Einddatum")]),
        (e(reason="21"), [("JZ588", "unknown-code", "RedenBeeindiging")]),
        (e(status="2"), [("CS058", "status-forbidden", "StatusAanlevering")]),
        (e(product="99A01"), [("JZ020", "unknown-code", "Product/Categorie")]),
        (e(reason="20", status="3"), []),
    ],
)
def test_an_end_obeys_the_rules(product: str, found: list[tuple[str, str, str]]) -> None:
    """JW307: 19, 21, 22 and 23 are codes of iWmo (reference.md §4)."""
    assert _only(write.jw307(product)) == [(rule, reason, f"{END}/{field}") for rule, reason, field in found]


a = write.asked_product


@pytest.mark.parametrize(
    ("product", "found"),
    [
        (a(product=None, volume=None), [("CD079", "field-missing", "Product")]),
        (a(volume=None), [("CD041", "field-missing", "Omvang")]),
        (a(product="45"), [("CD095", "field-forbidden", "Omvang")]),
        (a(volume=(1, "84", "1")), [("CS343", "field-invalid", "Omvang/Frequentie")]),
        (a(last_day="2024-03-31"), [("CS003", "end-before-start", "ToewijzingEinddatum")]),
        (a(product="45", volume=None, budget=1, last_day=None), [("CD075", "field-missing", "ToewijzingEinddatum")]),
        (a(decision=1), [("CD043", "field-missing", "BeschikkingIngangsdatum")]),
        (a(decision_day="2024-01-01"), [("CD043", "field-forbidden", "BeschikkingIngangsdatum")]),
        (a(decision=1, decision_day="2024-01-01"), []),
        (a(referrer="07"), [("COD327", "unknown-code", "Verwijzer/Type")]),
        (a(referrer_code="01010101"), [("CD066", "field-forbidden", "Verwijzer/Naam")]),
        (a(referrer_name=None), [("CD067", "field-missing", "Verwijzer/Naam")]),
        (a(referrer_name=None, referrer_code="01010101"), []),
        (a(referrer="01", referrer_code="01010101"), [("CD068", "field-forbidden", "Verwijzer/ZorgverlenerCode")]),
        (a(referrer="06", referrer_name=None), []),
    ],
)
def test_a_request_obeys_the_rules(product: str, found: list[tuple[str, str, str]]) -> None:
    """JW315: as a grant, and the referrer is named in one way."""
    assert _only(write.jw315(product)) == [(rule, reason, f"{ASKED}/{field}") for rule, reason, field in found]


kept, changed, added = write.kept_product, write.changed_product, write.added_product


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (([], [], [added()]), [("TR352", "field-missing", "OngewijzigdeProducten/OngewijzigdProduct")]),
        (([kept()], [], []), [("TR353", "field-missing", "TeWijzigenProducten/TeWijzigenProduct")]),
        (([], [changed()], []), []),
        (([kept()], [], [added()]), []),
        (
            ([kept(1), kept(1)], [changed()], []),
            [("TR101", "duplicate-key", "OngewijzigdeProducten/OngewijzigdProduct[2]")],
        ),
        (
            ([], [changed(volume=(1, "14", "1"))], []),
            [("CS338", "field-invalid", "TeWijzigenProducten/TeWijzigenProduct/Omvang/Frequentie")],
        ),
        (
            ([], [changed(last_day="2024-01-01")], []),
            [("CS003", "end-before-start", "TeWijzigenProducten/TeWijzigenProduct/Einddatum")],
        ),
        (
            ([kept()], [], [added("41")]),
            [("CD096", "field-forbidden", "NieuweProducten/NieuwProduct/Omvang")],
        ),
        (
            ([kept()], [], [added(), added("45A04", volume=None)]),
            [("CD041", "field-missing", "NieuweProducten/NieuwProduct[2]/Omvang")],
        ),
    ],
)
def test_a_request_for_change_is_judged_as_one(
    parts: tuple[list[str], list[str], list[str]], found: list[tuple[str, str, str]]
) -> None:
    """JW317: the whole wish of a provider is one statement (OP344)."""
    body = write.jw317(kept=parts[0], changed=parts[1], added=parts[2])

    assert _only(body) == [(rule, reason, f"{REQUEST}/{field}") for rule, reason, field in found]


def test_a_request_for_change_has_a_known_reason() -> None:
    """WJ758: 1 or 2."""
    assert _only(write.jw317(changed=[changed()], reason="3")) == [("WJ758", "unknown-code", f"{REQUEST}/RedenVerzoek")]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (write.jw319(answer="3", reason=None), [("WJ760", "unknown-code", "VerzoekAntwoord")]),
        (write.jw319(reason="0"), [("WJ759", "unknown-code", "RedenAfwijzingVerzoek")]),
        (write.jw319(reason=None), [("CD085", "field-missing", "RedenAfwijzingVerzoek")]),
        (write.jw319(answer="2"), [("CD086", "field-forbidden", "RedenAfwijzingVerzoek")]),
        (write.jw319(reason="8"), [("TR377", "field-missing", "Woonplaatsbeginsel")]),
        (write.jw319(other_municipality="0141"), [("TR409", "field-forbidden", "Woonplaatsbeginsel")]),
        (write.jw319(reason="8", other_municipality="0141"), []),
    ],
)
def test_an_answer_obeys_the_rules(body: bytes, found: list[tuple[str, str, str]]) -> None:
    """JW319: a rejection has a reason, and only that of residence names a municipality."""
    assert _only(body) == [(rule, reason, f"Antwoord/{field}") for rule, reason, field in found]


@pytest.mark.parametrize(
    ("body", "rule", "reason", "field"),
    [
        (write.jw305(bsn="999900007"), "CS002", Reason.BSN_INVALID, "Client/Bsn"),
        (write.jw305(bsn="000000000"), "CS002", Reason.BSN_INVALID, "Client/Bsn"),
        (write.jw317(changed=[changed()], bsn="12"), "CS002", Reason.BSN_INVALID, "Client/Bsn"),
        (write.jw305(date_use="4"), "COD170", Reason.UNKNOWN_CODE, "Client/Geboortedatum/DatumGebruik"),
        (write.jw305(date_use="1"), "CS139", Reason.FIELD_INVALID, "Client/Geboortedatum/Datum"),
        (
            write.jw301(date_use="2", birth_date="2012-04-01"),
            "CS139",
            Reason.FIELD_INVALID,
            "Client/Geboortedatum/Datum",
        ),
        (
            write.jw307(date_use="3", birth_date="1901-01-01"),
            "CS139",
            Reason.FIELD_INVALID,
            "Client/Geboortedatum/Datum",
        ),
        (write.jw305(birth_date="1904-03-04"), "TR002", Reason.FIELD_INVALID, "Client/Geboortedatum/Datum"),
        (write.jw305(dated="2024-03-11"), "TR135", Reason.DATE_IN_FUTURE, "Header/BerichtIdentificatie/Dagtekening"),
        (write.retour("JW305", returned="2024-03-11"), "TR135", Reason.DATE_IN_FUTURE, "Header/DagtekeningRetour"),
    ],
)
def test_a_wrong_header_or_client_refuses_the_whole_message(body: bytes, rule: str, reason: Reason, field: str) -> None:
    """Nobody knows who or when is meant (TR002: more than 120 years old; CS139: unknown parts are 01 and 1900)."""
    assert _rules(_verdict(body).whole) == [(rule, reason.value, field)]


def test_a_message_lists_no_more_than_one_statement_can() -> None:
    """What a JW301 carried is one statement, and so is a request for change; found by fuzzing."""
    many = write.jw301(*(g(number) for number in range(1, 9_002)))
    wishes = write.jw317(kept=[write.kept_product(number) for number in range(1, 501)], changed=[changed()])

    assert [each.refused.reason for each in _verdict(many).whole] == [Reason.TOO_LARGE]
    assert [each.refused.reason for each in _verdict(wishes).whole] == [Reason.TOO_LARGE]


@pytest.mark.parametrize(
    ("date_use", "birth_date"),
    [("1", "2012-04-01"), ("2", "2012-01-01"), ("3", "1900-01-01"), (None, "1904-03-05")],
)
def test_a_birth_date_may_be_unknown_in_part(date_use: str | None, birth_date: str) -> None:
    """IV009; nobody is 124 because the date is unknown, and 120 years is still allowed."""
    assert _verdict(write.jw305(date_use=date_use, birth_date=birth_date)).whole == ()


def test_a_message_of_today_is_not_from_the_future() -> None:
    """The day of reception is given, never looked up."""
    assert _verdict(write.jw305(dated="2024-03-05"), date(2024, 3, 5)).whole == ()
    assert _verdict(write.jw305(dated="2024-03-05"), date(2024, 3, 4)).whole != ()


def _double(body: bytes) -> list[bool]:
    return [bool(violations) for violations in _verdict(body).statements]


def test_a_repeat_inside_a_message_is_taken_once() -> None:
    """TR101: the first is kept, for it says the same."""
    body = write.jw305(s(1), s(2), s("+01"))

    assert _double(body) == [False, False, True]
    assert _rules(_verdict(body).statements[2]) == [("TR101", "duplicate-key", f"{START}[3]")]


def test_of_two_that_contradict_each_other_none_is_taken() -> None:
    """A start and its retraction in one message share their key; order inside a message means nothing (OP080)."""
    assert _double(write.jw305(s(1), s(1, status="3"), s(2))) == [True, True, False]
    assert _double(write.jw301(g(1), g(1, last_day="2024-11-30"))) == [True, True]
    assert _double(write.jw315(a("R"), a("R", referrer="03"))) == [True, True]


def test_another_key_is_no_repeat() -> None:
    """The keys of reference.md §3: reason and last day belong to that of an end, a new first day to that of a start."""
    assert _double(write.jw305(s(1), s(1, first_day="2024-03-01"), s(None), s(None, product="41A03"))) == [False] * 4
    assert _double(write.jw307(e(1, status="3"), e(1, reason="34"), e(1, last_day="2024-02-29"))) == [False] * 3
    assert _double(write.jw305(s(None, product=None), s(None, product="45"))) == [False] * 2


def test_one_bad_product_leaves_the_others_alone() -> None:
    """Issue: a batch with one bad statement keeps the good ones; all that is wrong is told."""
    verdict = _verdict(write.jw307(e(1), e(2, last_day="2024-01-01", reason="19"), e(3)))

    assert verdict.whole == ()
    assert [_rules(violations) for violations in verdict.statements] == [
        [],
        [
            ("JZ588", "unknown-code", f"{END}[2]/RedenBeeindiging"),
            ("TR018", "end-before-start", f"{END}[2]/Einddatum"),
        ],
        [],
    ]
