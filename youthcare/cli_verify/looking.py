"""One look at log and tables: every group of youths worked out and compared, and who is in the tables alone."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.indicators.store.layers import read_layers
from services.trajectory.processor import YouthKey
from youthcare.cli_verify.comparing import (
    differing,
    differing_after_erasure,
    differing_when_wiped,
    is_erased,
    is_wiped,
    unsaid,
)
from youthcare.cli_verify.computing import Computing
from youthcare.cli_verify.expecting import Expected, ExpectedGroup, Layers, Values
from youthcare.cli_verify.logreading import Wanted, read_groups, read_kin, read_last_facts
from youthcare.cli_verify.means import Means, read_ground
from youthcare.cli_verify.settling import wait_until_past
from youthcare.cli_verify.steplog import Ledger, youth_cells
from youthcare.cli_verify.tables import Live, list_present, read_content, read_live, snapshot
from youthcare.runtime.reading import Span, span_of
from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS
from youthcare.verifying.report import What

YOUTHS_AT_ONCE = 500
Judge = Callable[[Sequence[Values]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A youth that differs: of which statements that was concluded, in what, the cells, and its group's records."""

    signature: bytes
    found: Counter[What]
    cells: tuple[str, ...] = ()
    values: Values = ()


@dataclass(slots=True, kw_only=True)
class Look:
    """What one look gave."""

    statements: int = 0
    alerts: int = 0
    erased: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    suspects: dict[YouthKey, Suspect] = field(default_factory=dict)


async def look(means: Means, wanted: Wanted, *, again: bool = False) -> Look:
    """Fold the log up to its ends of now and compare; `again` tells cells and keeps records for publishing.

    Raises `Behind`, `Unavailable` or `WrongTopic`.
    """
    log, facts = await _settled(means)
    everyone = replace(wanted, youths=None)
    kin, last = await asyncio.gather(read_kin(log, everyone), read_last_facts(facts, everyone))
    widened = kin.with_all(wanted)
    known = {key[0] for key in wanted.youths or ()}
    computing = Computing(await read_ground(means, kin.municipalities | known), 1 if again else means.processes)
    eye = _Eye(means=means, computing=computing, last=last, again=again)
    try:
        await _all_within(computing.width, eye.judge, read_groups(log, widened, kin))
    finally:
        computing.close()
    await eye.judge_unsaid(wanted)
    return eye.seen


async def _settled(means: Means) -> tuple[Span, Span]:
    """The log and the facts, with ends that all services have passed."""
    until = time.monotonic() + means.patience_seconds
    log = await span_of(means.broker, INDICATION_EVENTS.name)
    await wait_until_past(means.pools.trajectory, "trajectory", log, until)
    facts = await span_of(means.broker, TRAJECTORY_FACTS.name)
    await wait_until_past(means.pools.indicators, "indicators", facts, until)
    await wait_until_past(means.pools.alerts, "alerts", facts, until)
    return log, facts


async def _all_within(width: int, judge: Judge, parts: AsyncIterator[list[Values]]) -> None:
    """Judge all parts, a few at once; the first that fails ends all."""
    free = asyncio.Semaphore(width)
    async with asyncio.TaskGroup() as group:

        async def judged(part: list[Values]) -> None:
            try:
                await judge(part)
            finally:
                free.release()

        async for part in parts:
            await free.acquire()
            group.create_task(judged(part))


@dataclass(slots=True, kw_only=True)
class _Eye:
    means: Means
    computing: Computing
    last: Mapping[YouthKey, bytes | None]
    again: bool
    seen: Look = field(default_factory=Look)

    async def judge(self, part: Sequence[Values]) -> None:
        """Compare the groups of one part with the tables."""
        groups = await self.computing.expected(part, with_steps=self.again)
        live = await read_live(self.means.pools, (each.youth for group in groups if group for each in group.youths))
        for group, values in zip(groups, part, strict=True):
            if group is not None:
                self.seen.statements += group.statements
                for expected in group.youths:
                    await self._judge_youth(group, expected, live.get(expected.youth, Live()), values)

    async def _judge_youth(self, group: ExpectedGroup, expected: Expected, live: Live, values: Values) -> None:
        key = expected.youth
        self.seen.alerts += len(expected.alerts)
        self.seen.ledger.by_youth[key] = expected.mark, expected.fingerprint
        if is_erased(expected, live):
            self.seen.erased += 1
            self.seen.ledger.apart.add(key)
            content, _ = (await read_content(self.means.pools.trajectory, [key])).get(key, (None, False))
            found = differing_after_erasure(expected, content, live)
        elif is_wiped(expected, live):
            self.seen.erased += 1
            found = differing_when_wiped(live, self.last.get(key))
        else:
            found = differing(expected, live, self.last.get(key))
        cells: tuple[str, ...] = ()
        if found[What.LAYERS]:
            self.seen.ledger.apart.add(key)
            cells = await self._cells(expected, live) if self.again else ()
            if self.again and not cells and expected.mark == live.mark:
                del found[What.LAYERS]  # the same steps in other bytes: another release of the compression
        if found:
            kept = values if self.again else ()
            self.seen.suspects[key] = Suspect(signature=group.signature, found=found, cells=cells, values=kept)

    async def _cells(self, expected: Expected, live: Live) -> tuple[str, ...]:
        async with snapshot(self.means.pools.indicators) as connection:
            held = await read_layers(connection, [expected.youth])
        layers: Layers = held[expected.youth].layers if expected.youth in held else {}
        return youth_cells(expected.youth[0], layers, expected.steps or {})

    async def judge_unsaid(self, wanted: Wanted) -> None:
        """Look at who stands in the tables and was not met on the log."""
        if wanted.youths is not None:
            await self._judge_unsaid(sorted(wanted.youths - self.seen.ledger.by_youth.keys()))
            return
        strangers: set[YouthKey] = set()
        async for key in list_present(self.means.pools, wanted.municipality):
            if key not in self.seen.ledger.by_youth:
                strangers.add(key)
        await self._judge_unsaid(sorted(strangers))

    async def _judge_unsaid(self, keys: Sequence[YouthKey]) -> None:
        for part in _parts(keys, YOUTHS_AT_ONCE):
            live = await read_live(self.means.pools, part)
            content = await read_content(self.means.pools.trajectory, part)
            for key in part:
                found = unsaid(live.get(key, Live()), gone=content.get(key, (b"", False))[1])
                if found:
                    self.seen.suspects[key] = Suspect(signature=b"", found=found)


def _parts(keys: Sequence[YouthKey], size: int) -> Iterable[Sequence[YouthKey]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
