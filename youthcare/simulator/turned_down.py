"""Requests that a municipality turns down: another provider wants to add care to care that runs.

One rule: most are refused as stacking (reason 6), some after an examination (JW319, answer 2).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from youthcare.codes import Referrer, RefusalReason, RequestAnswer
from youthcare.simulator.assignments import Answer, Assignment, Request, habitual_end, reference
from youthcare.simulator.careers import Provision
from youthcare.simulator.catalogue import EXTRA_MIX, OFFERS, PROVIDERS_OF, drawn

SHARE = 0.08  # of the main provisions that last two months or more
_MIX = {form: weight for form, weight in EXTRA_MIX.items() if form != "team-care"}


def turned_down(
    rng: Random, provision: Provision, numbers: Iterator[int], horizon: date, bsn: str
) -> Iterator[Assignment]:
    """Now and then a request beside a provision, as an assignment that was never granted."""
    days = (min(provision.last_day, horizon) - provision.first_day).days
    if days < 60 or rng.random() > SHARE:
        return
    written_on = provision.first_day + timedelta(days=rng.randrange(30, days))
    request = Request(
        reference=reference(rng, bsn),
        written_on=written_on,
        answers=tuple(_answers(rng, written_on)),
        first_day=written_on,
        last_day=habitual_end(rng, written_on),
    )
    wanted = _wanted(rng, provision)
    yield Assignment(number=next(numbers), provision=wanted, first_day=written_on, request=request)


def _wanted(rng: Random, provision: Provision) -> Provision:
    offer = OFFERS[drawn(rng, _MIX)]
    others = [one.code for one in PROVIDERS_OF[offer.form] if one.code != provision.provider]
    return replace(
        provision,
        offer=offer,
        product=offer.product(rng),
        provider=rng.choice(others),
        referrer=Referrer.GENERAL_PRACTITIONER,
    )


def _answers(rng: Random, written_on: date) -> Iterator[Answer]:
    if rng.random() < 0.4:
        examined_on = written_on + timedelta(days=rng.randrange(1, 7))
        yield Answer(day=examined_on, answer=RequestAnswer.UNDER_INVESTIGATION)
    reason = RefusalReason.STACKING if rng.random() < 0.7 else RefusalReason.CARE_CONTENT
    refused_on = written_on + timedelta(days=rng.randrange(8, 50))
    yield Answer(day=refused_on, answer=RequestAnswer.REJECTED, reason=reason)
