"""The dossier of a request that would stack care: all that a team needs to answer it, in one place (JW315, JW317).

Two rules. It is made from the facts of the youth and a day, so it says on any day what was so on that day. The answer
is due within five working days after the day the provider dated the request; when it is under investigation, within
eight weeks after that same day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from youthcare.codes import RequestAnswer
from youthcare.period import Period, civil_day, joined
from youthcare.workingdays import add_working_days, count_working_days
from youthcare.youthfacts import IndicationFacts, RequestFacts, YouthFacts

ANSWER_WORKING_DAYS = 5
INVESTIGATION_DAYS = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One provision that runs, since when, and through whom; `last_day` None: no end is known."""

    care_form: str
    provider: str | None = None
    since: date
    last_day: date | None = None
    referrer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An earlier request that was rejected, with the code of the reason."""

    request: str
    provider: str
    requested_on: date
    rejected_on: date
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """An indication that was granted with the request's reference."""

    indication: str
    granted_on: date
    first_day: date
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What is known of a request on a day.

    `days_left` counts working days up to and including `answer_due`, civil days when it is under investigation; it is
    negative when the day has passed, and None once the request is answered or granted.
    """

    request: str
    provider: str
    referrer: str | None = None
    requested_on: date
    running: tuple[Running, ...] = ()
    refused_before: tuple[Refused, ...] = ()
    answer_due: date
    days_left: int | None = None
    under_investigation: bool = False
    answer: str | None = None
    answer_reason: str | None = None
    answered_on: date | None = None
    granted: tuple[Granted, ...] = ()


def dossier(facts: YouthFacts, request: str, on: date) -> Dossier | None:
    """The dossier of a request on a day; None when the facts know no such request."""
    found = next((row for row in facts.requests if row.request == request), None)
    if found is None:
        return None
    granted = tuple(_granted(facts, request, on))
    answered_on = civil_day(found.answered) if found.answered is not None else None
    is_answered = answered_on is not None and answered_on <= on
    investigated = is_answered and found.answer == RequestAnswer.UNDER_INVESTIGATION
    requested_on = civil_day(found.requested)
    answer_due = _due(requested_on, investigated)
    is_done = bool(granted) or (is_answered and not investigated)
    return Dossier(
        request=request,
        provider=found.provider,
        referrer=found.referrer,
        requested_on=requested_on,
        running=tuple(_running(facts, on)),
        refused_before=tuple(_refused(facts, found)),
        answer_due=answer_due,
        days_left=None if is_done else _days_left(on, answer_due, investigated),
        under_investigation=investigated,
        answer=found.answer if is_answered else None,
        answer_reason=found.answer_reason if is_answered else None,
        answered_on=answered_on if is_answered else None,
        granted=granted,
    )


def _due(requested_on: date, investigated: bool) -> date:
    if investigated:
        return requested_on + timedelta(days=INVESTIGATION_DAYS)
    return add_working_days(requested_on, ANSWER_WORKING_DAYS)


def _days_left(on: date, answer_due: date, investigated: bool) -> int:
    if investigated:
        return (answer_due - on).days
    return count_working_days(on, answer_due) or -count_working_days(answer_due, on)


def _running(facts: YouthFacts, on: date) -> Iterator[Running]:
    """What runs by provision, renewals joined, by care form and provider."""
    rows = [row for row in facts.indications if row.counts_as_care]
    for care_form, provider in sorted({(row.care_form, row.provider or "") for row in rows}):
        mine = [row for row in rows if (row.care_form, row.provider or "") == (care_form, provider)]
        runs = joined(period for row in mine for period in row.running)
        run = next((period for period in runs if period.covers(on)), None)
        if run is not None:
            yield Running(
                care_form=care_form,
                provider=provider or None,
                since=run.start,
                last_day=run.last_day,
                referrer=_referrer(mine, run),
            )


def _referrer(rows: list[IndicationFacts], run: Period) -> str | None:
    """The referrer of the newest indication of the run that names one."""
    known = [
        (part.start, row.referrer) for row in rows for part in row.running if row.referrer and run.covers(part.start)
    ]
    return max(known)[1] if known else None


def _refused(facts: YouthFacts, request: RequestFacts) -> Iterator[Refused]:
    for row in sorted(facts.requests, key=lambda row: (row.requested, row.request)):
        is_rejected = row.answer == RequestAnswer.REJECTED and row.answered is not None
        if row.request != request.request and row.requested <= request.requested and is_rejected:
            assert row.answered is not None, "what is rejected has a day"
            yield Refused(
                request=row.request,
                provider=row.provider,
                requested_on=civil_day(row.requested),
                rejected_on=civil_day(row.answered),
                reason=row.answer_reason,
            )


def _granted(facts: YouthFacts, request: str, on: date) -> Iterator[Granted]:
    for row in facts.indications:
        grants = [each for each in row.grants if each.request == request and each.granted_at.date() <= on]
        if grants:
            first = min(grants, key=lambda grant: grant.granted_at)
            yield Granted(
                indication=row.indication,
                granted_on=first.granted_at.date(),
                first_day=first.first_day,
                last_day=first.last_day,
            )
