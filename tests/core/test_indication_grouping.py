"""Deliveries of one moment go together; each gets its own answer, and none fails for another."""

import asyncio

import pytest

from services.indication.api.grouping import GROUP_MAX, Groups
from services.indication.assertions import Recognised, Taken, Verdicts
from youthcare.runtime.processing import Unavailable


def delivery(name: str) -> Taken:
    """A delivery that can be told from others."""
    return Taken(recognised=(Recognised(identification=name, set_aside=False),))


class Register:
    """Takes in slowly and remembers what came together; chokes on what is named so."""

    def __init__(self, error: type[Exception] = RuntimeError) -> None:
        self.groups: list[list[str]] = []
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.error = error

    async def take_in(self, municipality: str, taken: Taken) -> Verdicts:
        """One group."""
        names = [each.identification for each in taken.recognised]
        self.groups.append(names)
        self.begun.set()
        await self.open.wait()
        if "choke" in names:
            raise self.error
        return {}


async def outcomes(register: Register, *places: tuple[str, str]) -> list[object]:
    """What becomes of deliveries that come at one moment, after a first one that keeps the register busy."""
    groups = Groups(register.take_in)
    first = asyncio.create_task(groups.receive("0153", delivery("first")))
    await register.begun.wait()
    others = [asyncio.create_task(groups.receive(place, delivery(name))) for place, name in places]
    await asyncio.sleep(0)
    register.open.set()
    return list(await asyncio.gather(first, *others, return_exceptions=True))


async def test_what_comes_while_one_is_taken_in_goes_together() -> None:
    """The first does not wait for company; the others share."""
    register = Register()

    answers = await outcomes(register, *(("0153", str(number)) for number in range(5)))

    assert register.groups == [["first"], ["0", "1", "2", "3", "4"]]
    assert answers == [{}] * 6


async def test_a_group_is_of_one_municipality_and_of_bounded_size() -> None:
    """A session sees one municipality alone."""
    register = Register()

    await outcomes(register, *(("0153", "a"),) * (GROUP_MAX + 1), ("0164", "b"))

    assert sorted(map(len, register.groups)) == [1, 1, 1, GROUP_MAX]
    assert ["b"] in register.groups


async def test_one_that_fails_does_not_fail_the_others() -> None:
    """A fault of ours on one delivery is answered to that delivery alone."""
    answers = await outcomes(Register(), ("0153", "a"), ("0153", "choke"), ("0153", "b"))

    assert [isinstance(answer, RuntimeError) for answer in answers] == [False, False, True, False]


async def test_an_outage_is_told_to_all_at_once() -> None:
    """Nobody is tried one by one while Postgres or Kafka is away."""
    register = Register(Unavailable)

    answers = await outcomes(register, ("0153", "a"), ("0153", "choke"))

    assert [isinstance(answer, Unavailable) for answer in answers] == [False, True, True]
    assert len(register.groups) == 2


async def test_a_sender_that_hangs_up_harms_nobody() -> None:
    """Its delivery is taken in all the same."""
    register = Register()
    groups = Groups(register.take_in)
    gone = asyncio.create_task(groups.receive("0153", delivery("gone")))
    await register.begun.wait()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    register.open.set()

    assert await groups.receive("0153", delivery("next")) == {}
    assert register.groups == [["gone"], ["next"]]
