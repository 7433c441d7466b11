"""What care a youth gets over the years: episodes, each with a main provision and what is stacked beside it.

Three rules. An episode has no day without care; an exit is the end of one. About a quarter of the exits is
followed by a new episode within six months, some by a much later one. Care ends at eighteen unless it is
extended, and never lasts past the twenty-third birthday.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import exp, log
from random import Random

from youthcare.codes import EndReason, Product, Referrer
from youthcare.period import add_months
from youthcare.simulator.catalogue import (
    EXTRA_MIX,
    INSTITUTIONS,
    MAIN_MIX,
    OFFERS,
    PROVIDERS_OF,
    RESIDENTIAL_MIX,
    Offer,
    drawn,
)

LEAD_DAYS = 100  # the first message about an episode comes at most this long before its first care day
_REFERRERS = {
    Referrer.MUNICIPALITY: 37,
    Referrer.GENERAL_PRACTITIONER: 36,
    Referrer.CERTIFIED_INSTITUTION: 14,
    Referrer.YOUTH_DOCTOR: 7,
    Referrer.SPECIALIST: 6,
}
_END_REASONS = {
    EndReason.AS_PLANNED: 63,
    EndReason.BY_CLIENT: 13,
    EndReason.IN_AGREEMENT: 11,
    EndReason.BY_PROVIDER: 5,
    EndReason.EXTERNAL: 4,
    EndReason.OTHER_DOMAIN: 4,
}
_STACKED = {"1": 625, "2": 165, "3": 115, "4": 65, "5": 30}  # provisions an episode aims at
RETURN_SHARE = 0.27
LATER_SHARE = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One care form at one provider over a span of days, both included ("voorziening")."""

    offer: Offer
    product: Product
    provider: str
    referrer: Referrer
    first_day: date
    last_day: date
    reason: EndReason
    moved: bool = False
    beside: bool = False  # came beside running care
    by_change_request: bool = False  # its provider already gave other care


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An unbroken run of care."""

    first_day: date
    last_day: date
    reason: EndReason
    moved: bool
    referrer: Referrer


def career(rng: Random, *, contact: date, born: date, horizon: date) -> list[Provision]:
    """All provisions of a youth who first asks for care on `contact`; none begins after `horizon`."""
    provisions: list[Provision] = []
    extended = rng.random()
    opens_on: date | None = contact + timedelta(days=LEAD_DAYS)
    while opens_on is not None and opens_on <= horizon and opens_on < add_months(born, 216):
        main = _main_chain(rng, opens_on)
        limit = _age_limit(born, extended, residential=_residential(main))
        episode = _ending(rng, opens_on, sum(days for _, days in main), limit, residential=_residential(main))
        provisions += _main_provisions(rng, main, episode)
        provisions += _beside(rng, provisions, episode)
        opens_on = _next_opening(rng, episode)
    return provisions


def _main_chain(rng: Random, opens_on: date) -> list[tuple[Offer, int]]:
    """The forms that follow each other as the backbone of an episode, with their days."""
    if rng.random() < 0.11:
        form = drawn(rng, RESIDENTIAL_MIX)
        crisis = ["crisis-residence"] if rng.random() < 0.34 else []
        forms = [*crisis, form, *(["ambulatory"] if rng.random() < 0.25 else [])]
    else:
        form = drawn(rng, MAIN_MIX)
        forms = [*(["crisis"] if rng.random() < 0.02 else []), form]
        forms += [drawn(rng, MAIN_MIX)] if rng.random() < (0.4 if form == "diagnostics" else 0.10) else []
    return [(OFFERS[form], _length(rng, OFFERS[form])) for form in forms]


def _length(rng: Random, offer: Offer) -> int:
    return max(14, min(5500, round(exp(rng.gauss(log(offer.median_days), offer.spread)))))


def _residential(main: list[tuple[Offer, int]]) -> bool:
    return any(offer.residential for offer, _ in main)


def _age_limit(born: date, extended: float, *, residential: bool) -> date:
    """The first day without care because of age: eighteen, or twenty-three when care is extended."""
    return add_months(born, 276) if extended < (0.9 if residential else 0.7) else add_months(born, 216)


def _ending(rng: Random, opens_on: date, days: int, limit: date, *, residential: bool) -> Episode:
    """The episode, cut where age, death or a move to another municipality ends it."""
    last_day = opens_on + timedelta(days=days - 1)
    reason = EndReason(drawn(rng, {key.value: weight for key, weight in _END_REASONS.items()}))
    chance = rng.random()
    if last_day >= limit:
        last_day = limit - timedelta(days=1)
        reason = EndReason.OTHER_DOMAIN if chance < 0.3 else EndReason.AS_PLANNED
    if chance > 0.9995:
        reason = EndReason.DIED
    return Episode(
        first_day=opens_on,
        last_day=max(last_day, opens_on),
        reason=reason,
        moved=0.03 < chance < 0.05,
        referrer=_referrer(rng, residential),
    )


def _referrer(rng: Random, residential: bool) -> Referrer:
    if residential:  # only a team or an institution places a youth in residence
        return Referrer.MUNICIPALITY if rng.random() < 0.6 else Referrer.CERTIFIED_INSTITUTION
    return Referrer(drawn(rng, {key.value: weight for key, weight in _REFERRERS.items()}))


def _next_opening(rng: Random, episode: Episode) -> date | None:
    if episode.moved or episode.reason is EndReason.DIED:
        return None
    chance = rng.random()
    if chance < RETURN_SHARE:
        return episode.last_day + timedelta(days=rng.randrange(LEAD_DAYS // 3, 175))
    if chance < RETURN_SHARE + LATER_SHARE:
        return episode.last_day + timedelta(days=rng.randrange(200, 1700))
    return None


def _main_provisions(rng: Random, main: list[tuple[Offer, int]], episode: Episode) -> Iterator[Provision]:
    first_day = episode.first_day
    for place, (offer, days) in enumerate(main):
        if first_day > episode.last_day:
            break
        last = place == len(main) - 1
        last_day = episode.last_day if last else min(first_day + timedelta(days=days - 1), episode.last_day)
        reason = episode.reason if last_day == episode.last_day else EndReason.AS_PLANNED
        whole = _provision(rng, offer, episode, (first_day, last_day), reason)
        yield from _switched(rng, whole)
        first_day = last_day + timedelta(days=1)


def _provision(rng: Random, offer: Offer, episode: Episode, days: tuple[date, date], reason: EndReason) -> Provision:
    first_day, last_day = days
    ends_episode = last_day == episode.last_day
    return Provision(
        offer=offer,
        product=offer.product(rng),
        provider=_provider(rng, offer),
        reason=reason,
        referrer=episode.referrer,
        first_day=first_day,
        last_day=last_day,
        moved=episode.moved and ends_episode,
    )


def _provider(rng: Random, offer: Offer) -> str:
    return "" if offer.form == "team-care" else rng.choice(PROVIDERS_OF[offer.form]).code


def _switched(rng: Random, whole: Provision) -> Iterator[Provision]:
    """The provision, now and then handed over half-way to another provider."""
    days = (whole.last_day - whole.first_day).days
    others = [one.code for one in PROVIDERS_OF[whole.offer.form] if one.code != whole.provider]
    if days < 120 or not others or rng.random() > 0.06:
        yield whole
        return
    handover = whole.first_day + timedelta(days=rng.randrange(50, days - 50))
    yield replace(whole, last_day=handover, reason=EndReason.OTHER_PROVIDER, moved=False)
    yield replace(whole, first_day=handover + timedelta(days=1), provider=rng.choice(others))


def _beside(rng: Random, main: list[Provision], episode: Episode) -> Iterator[Provision]:
    """What is stacked beside the main care, and what comes with it without being youth help."""
    current = [one for one in main if one.first_day >= episode.first_day]
    taken = {(one.offer.form, one.provider) for one in current}
    for _ in range(int(drawn(rng, _STACKED)) - 1):
        extra = _extra(rng, OFFERS[drawn(rng, EXTRA_MIX)], episode, current[0].provider)
        if extra is not None and (extra.offer.form, extra.provider) not in taken:
            taken.add((extra.offer.form, extra.provider))
            yield extra
    yield from _around(rng, current, episode)


def _extra(rng: Random, offer: Offer, episode: Episode, main_provider: str) -> Provision | None:
    days = (episode.last_day - episode.first_day).days
    if days < 40:
        return None
    begin = rng.randrange(max(1, min(days * 3 // 10, 400)))
    end = days if rng.random() < 0.55 else days - rng.randrange(max(1, days * 3 // 10))
    last_day = min(episode.first_day + timedelta(days=max(end, begin + 14)), episode.last_day)
    first_day = episode.first_day + timedelta(days=begin)
    extra = _provision(rng, offer, episode, (first_day, last_day), episode.reason)
    extra = replace(
        extra,
        beside=begin > 0,
        referrer=_referrer(rng, residential=False) if rng.random() < 0.5 else episode.referrer,
    )
    same = rng.random() < 0.2 and offer.form in _forms_of(main_provider)
    return replace(extra, provider=main_provider, by_change_request=True) if same and extra.beside else extra


def _forms_of(provider: str) -> set[str]:
    return {form for form, providers in PROVIDERS_OF.items() if any(one.code == provider for one in providers)}


def _around(rng: Random, current: list[Provision], episode: Episode) -> Iterator[Provision]:
    """Protection, probation and transport: told by messages, not counted as care."""
    residential = any(one.offer.residential for one in current)
    chances = {"protection": 0.45 if residential else 0.04, "probation": 0.01, "transport": 0.05}
    for form, chance in chances.items():
        if rng.random() < chance:
            extra = _provision(rng, OFFERS[form], episode, (episode.first_day, episode.last_day), episode.reason)
            judged = Referrer.COURT if form == "probation" else Referrer.CERTIFIED_INSTITUTION
            yield replace(extra, referrer=judged if extra.provider in INSTITUTIONS else episode.referrer)
