"""The year as it arrives at the doors: envelopes in order of reception, made as they are asked for.

Three rules. Care with a day on or after `coverage_start`, six months before the first day, is told in full; what
was written before the first day arrives in its first six hours, in the old order. What would arrive after the
last day is not told: the end of a year is incomplete, as it is in every monitor. Each youth has a random
generator of its own, so a youth's messages don't depend on how many others there are before it in the queue.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from math import exp
from random import Random

from youthcare.period import ONE_DAY, add_months, start_of_day
from youthcare.simulator import careers, team_records
from youthcare.simulator.assignments import Assignment, assigned
from youthcare.simulator.flaws import body
from youthcare.simulator.messages import IjwMessage, Notice
from youthcare.simulator.noise import Road, travelled
from youthcare.simulator.planning import Correspondence, planned
from youthcare.simulator.population import Youth, birth_date, citizen_numbers, settled
from youthcare.simulator.turned_down import turned_down

HISTORY_YEARS = 8
GROWTH_PER_YEAR = 0.17  # more youths in care each year, as Enschede reports
ARRIVALS_PER_YOUTH = 0.42  # new youths per year, as a share of the youths in care in a year
LOADING = timedelta(hours=6)
FIRST_NUMBER = 100_000_000  # assignment numbers below are left to cases written by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One delivery at a door; `flaw` says why it must be refused, None when it is a right message."""

    received: datetime
    door: str  # "ijw" or "events"
    body: bytes
    sender: str
    flaw: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What is simulated."""

    seed: int
    municipality: str = "0153"
    first_day: date
    last_day: date
    youths_per_year: int = 4500

    @property
    def coverage_start(self) -> date:
        """The first day from which all care is told (domain.md §4)."""
        return add_months(self.first_day, -6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One youth with all assignments meant for him or her, told or not."""

    contact: date
    youth: Youth
    assignments: tuple[Assignment, ...]
    rng: Random


def simulate(
    seed: int, municipality: str, first_day: date, last_day: date, youths_per_year: int = 4500
) -> Iterator[Envelope]:
    """All envelopes received from the first day to the last, in order of reception."""
    simulation = Simulation(
        seed=seed,
        municipality=municipality,
        first_day=first_day,
        last_day=last_day,
        youths_per_year=youths_per_year,
    )
    queue: list[tuple[datetime, int, Notice]] = []
    order = count()
    end = start_of_day(last_day + ONE_DAY)
    for life in lives(simulation):
        known = max(start_of_day(life.contact), start_of_day(first_day)) if life.contact > first_day else None
        while queue and known is not None and queue[0][0] < known:
            yield _envelope(heappop(queue)[2])
        for notice in _notices(simulation, life):
            if notice.received < end:
                heappush(queue, (notice.received, next(order), notice))
    while queue:
        yield _envelope(heappop(queue)[2])


def lives(simulation: Simulation) -> Iterator[Life]:
    """The youths with care that is told, in order of their first contact."""
    numbers, bsns = count(1), citizen_numbers()
    for index, contact in enumerate(_contacts(simulation)):
        rng = Random(f"{simulation.seed}/{simulation.municipality}/{index}")  # noqa: S311 made-up youths
        born = birth_date(rng, contact + timedelta(days=careers.LEAD_DAYS))
        provisions = careers.career(rng, contact=contact, born=born, horizon=add_months(simulation.last_day, 7))
        if not any(one.last_day >= simulation.coverage_start for one in provisions):
            continue
        number = next(numbers)
        youth = settled(rng, number=number, bsn=next(bsns), born=born)
        product_numbers = count(FIRST_NUMBER + number * 1000)
        granted = [assignment for one in provisions for assignment in assigned(rng, one, product_numbers, youth.bsn)]
        refused = [
            assignment
            for one in provisions
            if not one.beside
            for assignment in turned_down(rng, one, product_numbers, simulation.last_day, youth.bsn)
        ]
        yield Life(contact=contact, youth=youth, assignments=(*granted, *refused), rng=rng)


def _contacts(simulation: Simulation) -> Iterator[date]:
    """The days on which a youth asks for care for the first time, growing year by year."""
    rng = Random(f"{simulation.seed}/{simulation.municipality}/contacts")  # noqa: S311
    middle = simulation.first_day + timedelta(days=182 - careers.LEAD_DAYS)
    per_day = ARRIVALS_PER_YOUTH * simulation.youths_per_year / 365
    since = -HISTORY_YEARS * 365.0
    until = (simulation.last_day - middle).days
    while since < until:
        since += rng.expovariate(per_day * exp(GROWTH_PER_YEAR * since / 365))
        yield middle + timedelta(days=int(since))


def _notices(simulation: Simulation, life: Life) -> Iterator[Notice]:
    told = [one for one in life.assignments if _told(one, simulation)]
    by_ijw = [one for one in told if one.provision.offer.form != "team-care"]
    by_team = [one for one in told if one.provision.offer.form == "team-care"]
    correspondence = Correspondence(rng=life.rng, municipality=simulation.municipality, youth=life.youth)
    system = team_records.TeamSystem(rng=life.rng, municipality=simulation.municipality, youth=life.youth)
    road = Road(rng=life.rng, correspondence=correspondence)
    plain = [*planned(correspondence, by_ijw), *team_records.recorded(system, by_team, by_ijw)]
    for notice in travelled(road, plain):
        yield _loaded(simulation, notice)


def _told(one: Assignment, simulation: Simulation) -> bool:
    running = one.running
    last_day = running.last_day if running is not None else one.first_day
    return last_day is None or last_day >= simulation.coverage_start


def _loaded(simulation: Simulation, notice: Notice) -> Notice:
    """What was written before the first day arrives in its first hours."""
    start = start_of_day(simulation.first_day)
    if notice.received >= start:
        return notice
    whole = timedelta(days=365 * (HISTORY_YEARS + 1))
    share = max(0.0, 1 - (start - notice.received) / whole)
    return Notice(received=start + LOADING * share, message=notice.message, flaw=notice.flaw, envelope=notice.envelope)


def _envelope(notice: Notice) -> Envelope:
    door = "ijw" if isinstance(notice.message, IjwMessage) else "events"
    return Envelope(
        received=notice.received, door=door, body=body(notice), sender=notice.message.sender, flaw=notice.flaw
    )
