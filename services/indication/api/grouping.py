"""Deliveries that come at the same moment share one transaction and one flush; a lone one does not wait.

Three rules. A group is of one municipality, because a session is. Each delivery gets its own answer. When a group
fails for a reason of ours its deliveries are tried one by one, so that one of them cannot fail the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.indication.assertions import Taken, Verdicts, joined
from youthcare.runtime.processing import Unavailable

GROUP_MAX = 100
TakeIn = Callable[[str, Taken], Awaitable[Verdicts]]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    taken: Taken
    answer: "asyncio.Future[Verdicts]"


@dataclass(slots=True)
class Groups:
    """Who waits, by municipality; `take_in` registers and publishes what it is given as one."""

    take_in: TakeIn
    _waiting: dict[str, list[_Waiting]] = field(default_factory=dict)
    _working: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)

    async def receive(self, municipality: str, taken: Taken) -> Verdicts:
        """The verdicts on one delivery; raises what taking it in raised."""
        one = _Waiting(taken, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(municipality, []).append(one)
        if municipality not in self._working:
            self._working[municipality] = asyncio.create_task(self._work(municipality))
        return await one.answer

    async def _work(self, municipality: str) -> None:
        while waiting := self._waiting.pop(municipality, []):
            group, later = waiting[:GROUP_MAX], waiting[GROUP_MAX:]
            if later:
                self._waiting[municipality] = later
            await self._together(municipality, group)
        # No await since the last look: whoever comes next starts anew.
        del self._working[municipality]

    async def _together(self, municipality: str, group: Sequence[_Waiting]) -> None:
        work = asyncio.ensure_future(self.take_in(municipality, joined(each.taken for each in group)))
        await asyncio.wait([work])
        error = work.exception()
        if error is not None and len(group) > 1 and not isinstance(error, Unavailable):
            for each in group:
                await self._together(municipality, [each])
            return
        for each in group:
            _answer(each.answer, work.result() if error is None else error)


def _answer(answer: "asyncio.Future[Verdicts]", outcome: Verdicts | BaseException) -> None:
    if answer.done():
        # Its sender has hung up.
        return
    if isinstance(outcome, BaseException):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
