"""Where expectations are worked out: in a thread, or in processes of their own when there is much to do."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

from youthcare.cli_verify.expecting import ExpectedGroup, Ground, Values, expected_group
from youthcare.verifying.fingerprint import Fingerprinter

_known: list[tuple[Ground, Fingerprinter]] = []
"""In a process of the pool: what all groups rest on, given once."""


def _begin(ground: Ground) -> None:
    _known[:] = [(ground, Fingerprinter(ground.salt))]


def _expected_there(groups: Sequence[Values], with_steps: bool) -> list[ExpectedGroup | None]:
    ground, prints = _known[0]
    return [expected_group(values, ground, prints, with_steps=with_steps) for values in groups]


class Computing:
    """Works out groups, `width` parts at once; closing it ends its processes."""

    def __init__(self, ground: Ground, processes: int) -> None:
        self._ground = ground
        self._prints = Fingerprinter(ground.salt)
        self._apart = processes > 1
        self.width = processes + 1
        # Spawned, not forked: the threads of the Kafka client do not survive a fork.
        self._executor: Executor = (
            ProcessPoolExecutor(processes, get_context("spawn"), _begin, (ground,))
            if self._apart
            else ThreadPoolExecutor(1)
        )

    async def expected(self, groups: Sequence[Values], *, with_steps: bool = False) -> list[ExpectedGroup | None]:
        """What follows of each group, in their order."""
        loop = asyncio.get_running_loop()
        if self._apart:
            return await loop.run_in_executor(self._executor, _expected_there, groups, with_steps)
        return await loop.run_in_executor(self._executor, self._expected_here, groups, with_steps)

    def _expected_here(self, groups: Sequence[Values], with_steps: bool) -> list[ExpectedGroup | None]:
        return [expected_group(values, self._ground, self._prints, with_steps=with_steps) for values in groups]

    def close(self) -> None:
        """End what was started; what is under way is given up."""
        self._executor.shutdown(wait=True, cancel_futures=True)
