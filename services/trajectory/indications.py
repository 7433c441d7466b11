"""What an indication is, field by field, and what became of a request (domain.md §2).

A grant says what an indication is; what it does not state is taken from the holding starts, newest first. An
indication whose newest grant deletes it (reason 13) never existed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TypeVar

from services.trajectory.deliveries import delivered
from services.trajectory.ledger import IndicationLedger, indications, newest_first
from youthcare.codes import CareForms, ChangeReason, Product
from youthcare.events import (
    CareRequested,
    IndicationGranted,
    IndicationStarted,
    RequestAnswered,
    RequestedProduct,
    Statement,
)
from youthcare.youthfacts import Grant, IndicationFacts, Recorded, RequestFacts

Field = TypeVar("Field")


def indication_facts(
    rows: Sequence[Statement], requests: Sequence[RequestFacts], care_forms: CareForms
) -> Iterator[IndicationFacts]:
    """The indications of a youth by id, with what they are and when they were delivered."""
    referrers = {request.request: request.referrer for request in requests}
    for ledger in indications(rows):
        if not _is_deleted(ledger):
            yield _facts(ledger, referrers, care_forms)


def _is_deleted(ledger: IndicationLedger) -> bool:
    newest = ledger.grants[0].data if ledger.grants else None
    return isinstance(newest, IndicationGranted) and newest.change_reason == ChangeReason.DELETED


def _facts(ledger: IndicationLedger, referrers: dict[str, str | None], care_forms: CareForms) -> IndicationFacts:
    product = _stated(ledger, lambda data: _known_product(data.product))
    form = care_forms.of(product)
    days = delivered(ledger)
    crisis = any(data.crisis for data in _starts(ledger)) or form.name.startswith("crisis")
    return IndicationFacts(
        indication=ledger.indication,
        provider=_stated(ledger, lambda data: data.provider),
        product=product,
        care_form=form.name,
        counts_as_care=form.counts_as_care,
        stackable=form.stackable,
        residential=form.residential,
        referrer=_referrer(ledger, referrers),
        team=_stated(ledger, lambda data: data.team),
        crisis=crisis,
        grants=tuple(_grant(row) for row in reversed(ledger.grants)),
        first_start=ledger.starts[0].first_day if ledger.starts else None,
        care=days.care,
        running=days.running,
        closing_reason=days.closing_reason,
        stated_last_days=days.stated_last_days,
        starts=tuple(_recorded(start.first_day, start.statements) for start in ledger.starts),
        ends=tuple(_recorded(end.last_day, end.statements) for end in ledger.ends),
        closing_ends=tuple(_recorded(end.last_day, end.statements) for end in days.closing_ends),
        evidence=tuple(sorted(row.id for row in _statements(ledger))),
    )


def _known_product(product: Product | None) -> Product | None:
    return product if product is not None and (product.category or product.code) else None


def _stated(
    ledger: IndicationLedger, read: Callable[[IndicationGranted | IndicationStarted], Field | None]
) -> Field | None:
    """A field as the newest grant states it, else as the newest holding start does."""
    stating: list[IndicationGranted | IndicationStarted] = []
    stating += [row.data for row in ledger.grants[:1] if isinstance(row.data, IndicationGranted)]
    stating += _starts(ledger)
    values = (read(data) for data in stating)
    return next((value for value in values if value is not None), None)


def _starts(ledger: IndicationLedger) -> list[IndicationStarted]:
    rows = newest_first(row for start in ledger.starts for row in start.statements)
    return [row.data for row in rows if isinstance(row.data, IndicationStarted)]


def _statements(ledger: IndicationLedger) -> Iterator[Statement]:
    yield from ledger.grants
    for start in ledger.starts:
        yield from start.statements
    for end in ledger.ends:
        yield from end.statements


def _referrer(ledger: IndicationLedger, referrers: dict[str, str | None]) -> str | None:
    """The newest grant or start that states one; else that of a request a grant refers to; else unknown."""
    starts = (row for start in ledger.starts for row in start.statements)
    for row in newest_first([*ledger.grants, *starts]):
        assert isinstance(row.data, IndicationGranted | IndicationStarted)
        if row.data.referrer is not None:
            return row.data.referrer
    requests = [row.data.request for row in ledger.grants if isinstance(row.data, IndicationGranted)]
    found = (referrers.get(request) for request in requests if request is not None)
    return next((referrer for referrer in found if referrer is not None), None)


def _grant(row: Statement) -> Grant:
    assert isinstance(row.data, IndicationGranted)
    return Grant(
        granted_at=row.data.granted_at,
        first_day=row.data.first_day,
        last_day=row.data.last_day,
        change_reason=row.data.change_reason,
        request=row.data.request,
        received=row.received,
    )


def _recorded(day: date, statements: Iterable[Statement]) -> Recorded:
    """By the statement that was recorded first; of two at once the first received."""
    first = min(statements, key=lambda row: (row.time, row.received, row.source, row.id))
    return Recorded(day=day, time=first.time, received=first.received, source=first.source)


def request_facts(rows: Sequence[Statement], care_forms: CareForms) -> tuple[RequestFacts, ...]:
    """The requests of providers and their newest answers, by reference."""
    asked: dict[str, list[Statement]] = defaultdict(list)
    answers: dict[str, list[Statement]] = defaultdict(list)
    for row in rows:
        if isinstance(row.data, CareRequested):
            asked[row.data.request].append(row)
        elif isinstance(row.data, RequestAnswered):
            answers[row.data.request].append(row)
    return tuple(_request(newest_first(asked[key]), newest_first(answers[key]), care_forms) for key in sorted(asked))


def _request(asked: Sequence[Statement], answers: Sequence[Statement], care_forms: CareForms) -> RequestFacts:
    newest = asked[0].data
    assert isinstance(newest, CareRequested)
    answer = answers[0].data if answers else None
    stated = (row.data.referrer for row in asked if isinstance(row.data, CareRequested))
    return RequestFacts(
        request=newest.request,
        provider=newest.provider,
        referrer=next((referrer for referrer in stated if referrer is not None), None),
        products=newest.products,
        care_forms=_forms_asked(newest.products, care_forms),
        requested=min(row.time for row in asked),
        received=min(row.received for row in asked),
        answer=answer.answer if isinstance(answer, RequestAnswered) else None,
        answer_reason=answer.reason if isinstance(answer, RequestAnswered) else None,
        answered=answers[0].time if answers else None,
        evidence=tuple(sorted(row.id for row in (*asked, *answers))),
    )


def _forms_asked(products: Iterable[RequestedProduct], care_forms: CareForms) -> tuple[str, ...]:
    """What is kept is not asked, and a product that nobody names has no form to ask for."""
    asked = (_known_product(row.product) for row in products if row.kind != "keep")
    return tuple(sorted({care_forms.of(product).name for product in asked if product is not None}))
