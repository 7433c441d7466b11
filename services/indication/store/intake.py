"""One delivery in one transaction: identities, statements, references, what waits, what is refused.

Three rules. What refers to something is tried after all that may tell it, in the same delivery too. What was
waiting for a reference comes with the statement that tells it. The verdict on each statement is known before the
commit, and only what commits is answered.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from services.indication.assertions import (
    NOBODY,
    Assertion,
    Recognised,
    RefusedItem,
    Status,
    Taken,
    Verdict,
    Verdicts,
    body,
    digest,
    merged_into,
    under_name,
)
from services.indication.recognition import persons_of
from services.indication.settling import offered_keys
from services.indication.store import forgetting, identities, references, refusals, statements
from services.indication.store.locks import share_gates
from services.indication.store.recognition import lost_youths
from services.indication.store.references import Known, Place
from services.indication.store.settling import Offer, settle
from services.indication.store.statements import Identity, Owned
from youthcare.events import YouthForgotten, YouthMerged
from youthcare.outcome import Reason, Refused
from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import Keys

ACCEPTED, PARKED = Verdict(status=Status.ACCEPTED), Verdict(status=Status.PARKED)
SET_ASIDE = Verdict(status=Status.SET_ASIDE)
"""Understood, and about nobody who is known."""


@dataclass(slots=True)
class _Delivery:
    """The transaction's working memory: one verdict per identity, and those of clashes inside the delivery."""

    connection: Connection
    keys: Keys
    first: dict[Identity, Assertion] = field(default_factory=dict)
    verdicts: dict[Identity, Verdict] = field(default_factory=dict)
    clashes: dict[Assertion, Verdict] = field(default_factory=dict)
    refused: list[RefusedItem] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)

    def refuse(self, assertion: Assertion, reason: Reason, place: str) -> Verdict:
        """Note that an assertion is not taken in."""
        refused = Refused(reason=reason, field=place, identification=assertion.id)
        self.refused.append(_item(assertion, refused))
        return Verdict(status=Status.REFUSED, refused=refused)

    def settle(self, assertion: Assertion, verdict: Verdict) -> None:
        """Note what became of the statement of this identity."""
        self.verdicts[assertion.identity] = verdict

    def distinct(self, assertions: Collection[Assertion]) -> list[Assertion]:
        """One of each identity; the same again counts as one, other content as a reused id."""
        fresh = []
        for assertion in assertions:
            before = self.first.setdefault(assertion.identity, assertion)
            if before is assertion:
                fresh.append(assertion)
            elif digest(before) != digest(assertion) or before.bsn != assertion.bsn:
                self.clashes[assertion] = self.refuse(assertion, Reason.ID_REUSED, "id")
        return fresh

    def answers(self, assertions: Collection[Assertion]) -> Verdicts:
        """The verdict on each statement of the delivery."""
        return {each: self.clashes.get(each) or self.verdicts[each.identity] for each in assertions}


def _item(assertion: Assertion, refused: Refused) -> RefusedItem:
    return RefusedItem(
        municipality=assertion.municipality,
        sender=assertion.sender,
        received=assertion.received,
        refused=refused,
        type=assertion.data.type,
        payload=body(assertion, NOBODY),
        message=assertion.message,
    )


async def take(connection: Connection, keys: Keys, taken: Taken) -> Verdicts:
    """Write all of a delivery; raises what Postgres raises, and then nothing of it is written."""
    delivery = _Delivery(connection, keys)
    fresh = delivery.distinct(taken.assertions)
    await share_gates(connection, {each.municipality for each in fresh}, _closed(fresh))
    await references.lock(connection, {place for each in fresh for place in _places(each)})
    numbered = await _about_somebody(delivery, [each for each in fresh if each.bsn is not None])
    owned = await _owned_by_bsn(delivery, numbered)
    told = await _register(delivery, owned)
    await _settle(delivery, [each for each in fresh if each.bsn is None], told)
    await refusals.keep_unknown(connection, keys, taken.unknown)
    refused = [*taken.refused, *delivery.refused]
    await refusals.write(connection, keys, refused)
    await _settle_refusals(delivery, taken, refused)
    return delivery.answers(taken.assertions)


def _closed(assertions: Iterable[Assertion]) -> set[str]:
    return {each.municipality for each in assertions if isinstance(each.data, YouthForgotten)}


async def _settle_refusals(delivery: _Delivery, taken: Taken, refused: Sequence[RefusedItem]) -> None:
    """What is accepted settles what was refused before, and in the same batch when it is the very same."""
    offers = delivery.offers + [offer for each in taken.recognised if (offer := _offer_of(each)) is not None]
    received = [each.received for each in taken.assertions]
    received += [each.received for each in taken.recognised if each.received is not None]
    if offers:
        names = {item.refused.identification for item in refused}
        await settle(delivery.connection, offers, [name for name in names if name is not None], max(received))


def _offer_of(recognised: Recognised) -> Offer | None:
    if recognised.municipality is None or recognised.sender is None:
        return None
    return _offer(recognised.municipality, recognised.sender, recognised.identification, None, new=True)


def _offer(municipality: str, sender: str, name: str, message: str | None, *, new: bool) -> Offer:
    keys = offered_keys(name, message, new=new)
    return Offer(municipality=municipality, sender=sender, identification=name, keys=keys)


def _places(assertion: Assertion) -> set[Place]:
    lookups = {reference.lookup for reference in assertion.tells}
    needed = {assertion.refers_to} if assertion.refers_to is not None else set()
    return {(assertion.municipality, lookup) for lookup in lookups | needed}


async def _about_somebody(delivery: _Delivery, assertions: Sequence[Assertion]) -> list[Assertion]:
    """All but the wishes to forget a person who is unknown: forgotten before, perhaps by this very wish."""
    wishes = [each for each in assertions if isinstance(each.data, YouthForgotten)]
    others = [each for each in assertions if each not in wishes]
    known = {person for each in others for person in persons_of(each)}
    if wishes:
        asked = {person for each in wishes for person in persons_of(each)}
        known |= (await identities.find(delivery.connection, delivery.keys, asked)).keys()
    for wish in wishes:
        if not persons_of(wish) <= known:
            delivery.settle(wish, SET_ASIDE)
    return [each for each in assertions if each not in wishes or persons_of(each) <= known]


async def _owned_by_bsn(delivery: _Delivery, assertions: Sequence[Assertion]) -> list[Owned]:
    persons = {person for each in assertions for person in persons_of(each)}
    recognise = partial(lost_youths, delivery.connection, assertions)
    youths = await identities.youths_of(delivery.connection, delivery.keys, persons, recognise)
    owned = []
    for each in assertions:
        assert each.bsn is not None
        whole = each if each.into_bsn is None else merged_into(each, youths[each.municipality, each.into_bsn])
        if await _survivor_is_known(delivery, whole):
            owned.append((whole, youths[each.municipality, each.bsn]))
        else:
            delivery.settle(each, delivery.refuse(each, Reason.FIELD_INVALID, "data.into"))
    return owned


async def _survivor_is_known(delivery: _Delivery, assertion: Assertion) -> bool:
    data = assertion.data
    if not isinstance(data, YouthMerged):
        return True
    return await identities.is_known(delivery.connection, assertion.municipality, data.into)


async def _register(delivery: _Delivery, owned: Sequence[Owned]) -> list[Place]:
    """Register statements and what they tell; answers the references that were not known before."""
    if not owned:
        return []
    registered = await statements.register(delivery.connection, owned)
    stands = registered.new | registered.repeated
    standing = [each for each in owned if each[0].identity in stands]
    for assertion, _ in owned:
        kept = assertion.identity in stands
        delivery.settle(assertion, ACCEPTED if kept else delivery.refuse(assertion, Reason.ID_REUSED, "id"))
    delivery.offers += [
        _offer(each.municipality, each.sender, each.id, each.message, new=each.identity in registered.new)
        for each, _ in standing
    ]
    gone = await _forget(delivery, [each for each in standing if isinstance(each[0].data, YouthForgotten)])
    told = {
        (each.municipality, reference.lookup): Known(name=reference.name, youth=youth)
        for each, youth in standing
        for reference in each.tells
        if (each.municipality, youth) not in gone
    }
    return await references.tell(delivery.connection, told)


async def _forget(delivery: _Delivery, owned: Sequence[Owned]) -> set[tuple[str, str]]:
    """Begin the forgetting of youths and of all who were merged into them; answers whom."""
    gone = set[tuple[str, str]]()
    for assertion, youth in owned:
        gone |= await forgetting.begin(delivery.connection, delivery.keys, assertion, youth)
    return gone


async def _settle(delivery: _Delivery, waiting: list[Assertion], told: list[Place]) -> None:
    """Give what refers to something its youth, as long as that frees more; the rest waits."""
    while waiting or told:
        waiting += await references.release(delivery.connection, delivery.keys, told)
        known = await references.known(delivery.connection, {_needed(each) for each in waiting})
        found = [(each, known[_needed(each)]) for each in waiting if _needed(each) in known]
        owned = [(under_name(each, reference.name), reference.youth) for each, reference in found]
        told = await _register(delivery, owned)
        waiting = [each for each in waiting if _needed(each) not in known]
        if not told:
            break
    lost = await references.forgotten(delivery.connection, {_needed(each) for each in waiting})
    for assertion in waiting:
        if _needed(assertion) in lost:
            delivery.settle(assertion, SET_ASIDE)
            continue
        parked = await references.park(delivery.connection, delivery.keys, assertion)
        delivery.settle(assertion, PARKED if parked else delivery.refuse(assertion, Reason.ID_REUSED, "id"))


def _needed(assertion: Assertion) -> Place:
    assert assertion.refers_to is not None, "without a BSN something else tells the youth"
    return (assertion.municipality, assertion.refers_to)
