"""What the parts of a message say in the system's own words: one function per class of the standard.

Rules. An indication is municipality and ToewijzingNummer; without a number it is named by provider and product of
that youth. A statement keeps no more than design.md §3 lists. Nothing here judges: what comes in obeys the rules.
Source: design.md §3, domain.md §2.
"""

from datetime import datetime

from services.indication.identity import scrub
from services.indication.message import Answer, ChangeRequest
from services.indication.message_parts import (
    AskedProduct,
    EndedProduct,
    GrantedProduct,
    Header,
    StartedProduct,
    StatedProduct,
    StatedVolume,
)
from services.indication.validation import REJECTED
from youthcare.codes import Product, RequestAnswer
from youthcare.events import (
    CareRequested,
    EndRetracted,
    IndicationEnded,
    IndicationGranted,
    IndicationStarted,
    RequestAnswered,
    RequestedProduct,
    StartRetracted,
    Volume,
)

CRISIS_CATEGORY = "46"
NO_CODE = NO_CATEGORY = "00"


def granted(product: GrantedProduct, header: Header, bsn: str, key: bytes) -> IndicationGranted:
    """A ToegewezenProduct; `granted_at` is local time as written, and orders the versions of an indication."""
    reference = product.reference
    return IndicationGranted(
        indication=_numbered(product.number, header, bsn, key),
        provider=header.provider,
        product=_product(product.product) or Product(),
        granted_at=datetime.combine(product.granted_on, product.granted_time),
        first_day=product.first_day,
        last_day=product.last_day,
        change_reason=product.change_reason,
        volume=_volume(product.volume),
        request=None if reference is None else f"{header.provider}-{scrub(reference, bsn, key)}",
    )


def started(product: StartedProduct, header: Header, bsn: str, key: bytes) -> IndicationStarted:
    """A StartProduct that is stated; crisis care is known by its category."""
    stated = _product(product.product)
    return IndicationStarted(
        indication=_indication(product, header, bsn, key),
        first_day=product.first_day,
        provider=header.provider,
        product=stated,
        crisis=True if stated is not None and stated.category == CRISIS_CATEGORY else None,
    )


def start_retracted(product: StartedProduct, header: Header, bsn: str, key: bytes) -> StartRetracted:
    """A StartProduct that was never true."""
    return StartRetracted(indication=_indication(product, header, bsn, key), first_day=product.first_day)


def ended(product: EndedProduct, header: Header, bsn: str, key: bytes) -> IndicationEnded:
    """A StopProduct that is stated."""
    return IndicationEnded(
        indication=_indication(product, header, bsn, key),
        first_day=product.first_day,
        last_day=product.last_day,
        reason=product.reason,
    )


def end_retracted(product: EndedProduct, header: Header, bsn: str, key: bytes) -> EndRetracted:
    """A StopProduct that was never true; reason and last day are part of its key (IV008)."""
    return EndRetracted(
        indication=_indication(product, header, bsn, key),
        first_day=product.first_day,
        last_day=product.last_day,
        reason=product.reason,
    )


def asked(product: AskedProduct, header: Header, request: str) -> CareRequested:
    """An AangevraagdProduct: each is a request of its own, with its own referrer."""
    wished = RequestedProduct(
        kind="new",
        product=_product(product.product),
        first_day=product.first_day,
        last_day=product.last_day,
    )
    return CareRequested(request=request, provider=header.provider, products=(wished,), referrer=product.referrer.kind)


def change_asked(body: ChangeRequest, header: Header, request: str, key: bytes) -> CareRequested:
    """A Verzoek om wijziging: what is kept, changed and added, in that order, as one request."""
    kept = (RequestedProduct(kind="keep", indication=_numbered(one.number, header, body.bsn, key)) for one in body.kept)
    changed = (
        RequestedProduct(
            kind="change",
            indication=_numbered(one.number, header, body.bsn, key),
            first_day=one.first_day,
            last_day=one.last_day,
        )
        for one in body.changed
    )
    added = (
        RequestedProduct(kind="new", product=_product(one.product), first_day=one.first_day, last_day=one.last_day)
        for one in body.added
    )
    return CareRequested(request=request, provider=header.provider, products=(*kept, *changed, *added))


def answered(body: Answer, request: str) -> RequestAnswered:
    """An Antwoord: rejected for a reason, or under investigation; approval is a later grant."""
    rejected = body.answer == REJECTED
    answer = RequestAnswer.REJECTED if rejected else RequestAnswer.UNDER_INVESTIGATION
    return RequestAnswered(request=request, answer=answer, reason=body.reason)


def _indication(product: StartedProduct | EndedProduct, header: Header, bsn: str, key: bytes) -> str:
    if product.number is not None:
        return _numbered(product.number, header, bsn, key)
    stated = product.product
    category = stated.category if stated is not None else NO_CATEGORY
    code = (stated.code if stated is not None else None) or NO_CODE
    return f"{header.municipality}-T-{header.provider}-{category}-{code}"


def _numbered(number: int, header: Header, bsn: str, key: bytes) -> str:
    return f"{header.municipality}-{scrub(str(number), bsn, key)}"


def _product(stated: StatedProduct | None) -> Product | None:
    return None if stated is None else Product(category=stated.category, code=stated.code)


def _volume(stated: StatedVolume | None) -> Volume | None:
    if stated is None:
        return None
    return Volume(amount=stated.amount, unit=stated.unit, frequency=stated.frequency)
