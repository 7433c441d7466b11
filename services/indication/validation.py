"""Whether the values of a message fit together: the content rules of the standard, each under its own code.

Rules. What is wrong with header or client refuses the whole message, because then nobody knows who or when is
meant; what is wrong with one product refuses that product and keeps the others (a batch with one bad statement
keeps the good ones). A retraction obeys the rules of what it retracts. A violation names its field, never its
value. Source: ijw/reference.md §5.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.indication.care_rules import (
    violations_of_delivery,
    violations_of_description,
    violations_of_package,
)
from services.indication.elements import FIRST_DAY_EVER
from services.indication.identity import bsn_valid
from services.indication.message import Answer, ChangeRequest, Ends, Grants, Message, Requests, Return, Starts
from services.indication.message_parts import (
    AddedProduct,
    AskedProduct,
    BirthDate,
    EndedProduct,
    GrantedProduct,
    Header,
    StartedProduct,
)
from services.indication.violations import Violation, violation
from youthcare.codes import ChangeReason, EndReason, Referrer, RefusalReason
from youthcare.outcome import Reason
from youthcare.period import add_months

AGE_MONTHS_MAX = 120 * 12
GRANTS_MAX, WISHES_MAX = 9_000, 500  # what one statement can list (schemas/statements.py)
REJECTED, UNDER_INVESTIGATION = "1", "2"
REASONS_OF_CHANGE_REQUESTS = frozenset({"1", "2"})
REFERRERS_WITH_CODE = frozenset(
    {
        Referrer.GENERAL_PRACTITIONER,
        Referrer.YOUTH_DOCTOR,
        Referrer.CERTIFIED_INSTITUTION,
        Referrer.SPECIALIST,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with the message as a whole, and with each of its statements, in document order."""

    whole: tuple[Violation, ...]
    statements: tuple[tuple[Violation, ...], ...]


def judge(message: Message, *, received_day: date) -> Verdict:
    """All violations of a message that was received on a day; a return is judged by its header alone."""
    whole = [*_header(message.header, received_day), *_client(message), *_size(message)]
    return Verdict(whole=tuple(whole), statements=_statements(message))


def _header(header: Header, received_day: date) -> Iterator[Violation]:
    if header.dated > received_day:
        yield violation(Reason.DATE_IN_FUTURE, header, "dated", "TR135")
    if header.returned is not None and header.returned > received_day:
        yield violation(Reason.DATE_IN_FUTURE, header, "returned", "TR135")


def _client(message: Message) -> Iterator[Violation]:
    body = message.body
    if isinstance(body, Answer | Return):
        return
    if not bsn_valid(body.bsn):
        yield violation(Reason.BSN_INVALID, body, "bsn", "CS002")
    if not isinstance(body, ChangeRequest):
        yield from _birth(body.birth, message.header.dated)


def _size(message: Message) -> Iterator[Violation]:
    body = message.body
    if isinstance(body, Grants) and len(body.products) > GRANTS_MAX:
        yield violation(Reason.TOO_LARGE, body, "products", "our own")
    if isinstance(body, ChangeRequest) and len(body.kept + body.changed + body.added) > WISHES_MAX:
        yield violation(Reason.TOO_LARGE, body, "kept", "our own")


def _birth(birth: BirthDate, dated: date) -> Iterator[Violation]:
    part, day = birth.unknown_part, birth.day
    if part is not None and part not in ("1", "2", "3"):
        yield violation(Reason.UNKNOWN_CODE, birth, "unknown_part", "COD170")
    # The unknown parts are filled with 01 and 1900 (IV009).
    fits = {"1": day.day == 1, "2": (day.month, day.day) == (1, 1), "3": day == FIRST_DAY_EVER}
    if not fits.get(part or "", True):
        yield violation(Reason.FIELD_INVALID, birth, "day", "CS139")
    elif part != "3" and add_months(day, AGE_MONTHS_MAX) < dated:
        yield violation(Reason.FIELD_INVALID, birth, "day", "TR002")


def _statements(message: Message) -> tuple[tuple[Violation, ...], ...]:
    body, dated = message.body, message.header.dated
    match body:
        case Grants():
            keys = [product.number for product in body.products]
            return _each(body.products, keys, [_granted(product) for product in body.products])
        case Starts():
            keys_of_starts = [(one.number, _coded(one), one.first_day) for one in body.products]
            return _each(body.products, keys_of_starts, [_started(one, dated) for one in body.products])
        case Ends():
            keys_of_ends = [(one.number, _coded(one), one.first_day, one.reason, one.last_day) for one in body.products]
            return _each(body.products, keys_of_ends, [_ended(one, dated) for one in body.products])
        case Requests():
            references = [product.reference for product in body.products]
            return _each(body.products, references, [_asked(product) for product in body.products])
        case ChangeRequest():
            return (tuple(_change_request(body)),)
        case Answer():
            return (tuple(_answer(body)),)
        case returned:
            return ((),) if returned.rejecting_code is not None else ()


def _coded(product: Any) -> tuple[str, str | None] | None:
    stated = product.product
    return None if stated is None else (stated.category, stated.code)


def _each(
    products: Sequence[Any], keys: Sequence[Hashable], found: Sequence[Iterable[Violation]]
) -> tuple[tuple[Violation, ...], ...]:
    double = _doubles(products, keys)
    return tuple(
        (*violations, *([violation(Reason.DUPLICATE_KEY, product, None, "TR101")] if at in double else []))
        for at, (product, violations) in enumerate(zip(products, found, strict=True))
    )


def _doubles(products: Sequence[Any], keys: Sequence[Hashable]) -> set[int]:
    """Which products share their key with another (TR101).

    Of repeats that say the same the first is kept. When they differ, a start and its retraction say, none is
    taken: the order within a message has no meaning that could choose.
    """
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at, key in enumerate(keys):
        places[key].append(at)
    double: set[int] = set()
    for shared in places.values():
        said = {_without_places(products[at]) for at in shared}
        double.update(shared[1:] if len(said) == 1 else shared)
    return double


def _without_places(product: Any) -> Any:
    bare = replace(product, place="")
    for name in ("product", "volume", "referrer"):
        part = getattr(bare, name, None)
        if part is not None:
            bare = replace(bare, **{name: replace(part, place="")})
    return bare


def _granted(product: GrantedProduct) -> Iterator[Violation]:
    reason = product.change_reason
    if reason == ChangeReason.OLD_CORRECTION:
        yield violation(Reason.UNKNOWN_CODE, product, "change_reason", "CS336")
    elif reason is not None and reason not in set(ChangeReason):
        yield violation(Reason.UNKNOWN_CODE, product, "change_reason", "JZ002")
    elif reason == ChangeReason.DELETED and product.last_day != product.first_day:
        yield violation(Reason.FIELD_INVALID, product, "change_reason", "CS335")
    yield from violations_of_package(product, frequency="CS338")
    yield from violations_of_description(product, without_code="CD080")


def _started(product: StartedProduct, dated: date) -> Iterator[Violation]:
    yield from violations_of_delivery(product)
    if product.first_day > dated:
        yield violation(Reason.DATE_IN_FUTURE, product, "first_day", "TR134")


def _ended(product: EndedProduct, dated: date) -> Iterator[Violation]:
    yield from violations_of_delivery(product)
    if product.reason not in set(EndReason):
        yield violation(Reason.UNKNOWN_CODE, product, "reason", "JZ588")
    if product.last_day < product.first_day:
        yield violation(Reason.END_BEFORE_START, product, "last_day", "TR018")
    if product.last_day > dated:
        yield violation(Reason.DATE_IN_FUTURE, product, "last_day", "TR134")


def _asked(product: AskedProduct) -> Iterator[Violation]:
    yield from violations_of_package(product, frequency="CS343")
    yield from violations_of_description(product, without_code="CD095")
    if product.decided and not product.decision_dated:
        yield violation(Reason.FIELD_MISSING, product, "decision_dated", "CD043")
    if product.decision_dated and not product.decided:
        yield violation(Reason.FIELD_FORBIDDEN, product, "decision_dated", "CD043")
    referrer = product.referrer
    if referrer.kind not in set(Referrer):
        yield violation(Reason.UNKNOWN_CODE, referrer, "kind", "COD327")
    elif referrer.kind not in REFERRERS_WITH_CODE:
        if referrer.coded:
            yield violation(Reason.FIELD_FORBIDDEN, referrer, "coded", "CD068")
    elif referrer.coded and referrer.named:
        yield violation(Reason.FIELD_FORBIDDEN, referrer, "named", "CD066")
    elif not referrer.coded and not referrer.named:
        yield violation(Reason.FIELD_MISSING, referrer, "named", "CD067")


def _change_request(body: ChangeRequest) -> Iterator[Violation]:
    """A request for change is decided as a whole, so one bad product refuses it as a whole (OP344)."""
    if body.reason not in REASONS_OF_CHANGE_REQUESTS:
        yield violation(Reason.UNKNOWN_CODE, body, "reason", "WJ758")
    if not body.kept and not body.changed:
        yield violation(Reason.FIELD_MISSING, body, "kept", "TR352")
    if not body.changed and not body.added:
        yield violation(Reason.FIELD_MISSING, body, "changed", "TR353")
    kept, changed, added = body.kept, body.changed, body.added
    found = _each(kept, [one.number for one in kept], [() for _ in kept])
    wishes = [violations_of_package(one, frequency="CS338") for one in changed]
    found += _each(changed, [one.number for one in changed], wishes)
    found += _each(added, [(_coded(one), one.first_day) for one in added], [_added(one) for one in added])
    for violations in found:
        yield from violations


def _added(product: AddedProduct) -> Iterator[Violation]:
    yield from violations_of_package(product, frequency="CS338")
    yield from violations_of_description(product, without_code="CD096")


def _answer(body: Answer) -> Iterator[Violation]:
    if body.answer not in (REJECTED, UNDER_INVESTIGATION):
        yield violation(Reason.UNKNOWN_CODE, body, "answer", "WJ760")
    if body.reason is not None and body.reason not in set(RefusalReason):
        yield violation(Reason.UNKNOWN_CODE, body, "reason", "WJ759")
    if body.answer == REJECTED and body.reason is None:
        yield violation(Reason.FIELD_MISSING, body, "reason", "CD085")
    if body.answer == UNDER_INVESTIGATION and body.reason is not None:
        yield violation(Reason.FIELD_FORBIDDEN, body, "reason", "CD086")
    by_residence = body.reason == RefusalReason.RESIDENCE
    if by_residence and not body.other_residence:
        yield violation(Reason.FIELD_MISSING, body, "other_residence", "TR377")
    if body.other_residence and not by_residence:
        yield violation(Reason.FIELD_FORBIDDEN, body, "other_residence", "TR409")
