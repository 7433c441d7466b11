"""Who decides what happens next: one seed, one row of steps.

Every step is a fault, a turn for one line of work, or something that comes in; each returns what it did in a few
words, or None when it is not possible now. Nothing here knows what is right: that is for `judge.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.alerts import outbox
from services.alerts.acts import Acknowledge, Act, Assign, Close, Note, Outcome, Snooze
from services.alerts.app import sweep
from services.alerts.store.acting import ActRefused, NoSuchAlert, act
from services.alerts.store.judging import judge_again
from tests.simulation.feed import MUNICIPALITY
from tests.simulation.stage import Actor
from tests.simulation.tables import MemoryConnection, MemoryPool
from tests.simulation.town import EVENTS, FACTS, Town
from tests.simulation.workers import WorkerProcess
from youthcare.runtime.batch import patiently
from youthcare.runtime.postgres import IDLE_IN_TRANSACTION_SECONDS, LOCK_SECONDS, unavailable_as_such
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.producing import DELIVERY_MS
from youthcare.runtime.topics import marker_key

Step = Callable[[Town], Awaitable[str | None]]
SESSION_SECONDS = 10.0
"""After which a group expels a member that is silent (`WorkerSettings.session_seconds`)."""
MOST_GATES = 400
"""More than any batch has; who passes more of them in one turn turns in a circle."""


def free(town: Town) -> list[Actor]:
    """Every line of work that rests at a gate, is not frozen, and has something to do."""
    return [
        actor
        for worker in town.workers
        if not worker.process.is_frozen and not worker.process.is_dead
        for actor in worker.process.actors
        if actor.gate is not None and (actor.place != "idle" or worker.has_work(town.log))
    ]


async def turn(town: Town, actor: Actor, gates: int) -> None:
    """Let an actor go on for so many gates, at most until it comes to rest between two batches."""
    for _ in range(gates):
        if actor.gate is None or actor.process.is_dead:
            return
        await town.machine.stage.go_on(actor)
        if actor.place == "idle":
            return


async def go_on(town: Town) -> str | None:
    """One line of work goes on for a few gates."""
    actors = free(town)
    if not actors:
        return None
    actor, gates = town.dice.choice(actors), town.dice.choice((2, 4, 6, 10))
    place = actor.place
    await turn(town, actor, gates)
    return f"{actor.process.name}/{actor.name} goes on from {place}, {gates} gates at most, to {actor.place}"


async def finish(town: Town) -> str | None:
    """One line of work goes on until it rests, or waits for another."""
    actors = free(town)
    if not actors:
        return None
    actor = town.dice.choice(actors)
    place = actor.place
    await turn(town, actor, MOST_GATES)
    return f"{actor.process.name}/{actor.name} goes on from {place} to {actor.place}"


async def tell(town: Town) -> str | None:
    """Something new comes in."""
    told = town.feed.tell_next(town.dice.choice((1, 1, 2, 4)))
    return "told: " + ", ".join(row.id for row in told) if told else None


async def repeat(town: Town) -> str | None:
    """A statement comes again, byte for byte; of a forgotten youth it comes late, from who was frozen."""
    if not town.feed.told:
        return None
    row = town.dice.choice(town.feed.told)
    town.feed.tell(row)
    return f"told again: {row.id}"


async def spoil(town: Town) -> str | None:
    """Something comes in that means nothing."""
    record = town.feed.spoil(town.dice)
    return f"poison: {record.topic} {record.partition} {record.offset}"


async def mark(town: Town) -> str | None:
    """A marker on every partition, so that the broker rolls its segments."""
    for number, _ in town.log.of(EVENTS.name):
        town.log.append(EVENTS.name, marker_key(number), None, partition=number)
    return "markers"


async def forget(town: Town) -> str | None:
    """A youth is to be forgotten."""
    known = sorted({row.youth for row in town.feed.told} - town.feed.forgotten)
    if not known:
        return None
    return "forgotten: " + ", ".join(town.feed.forget(town.dice.choice(known)))


async def wipe(town: Town) -> str | None:
    """The log is wiped of somebody forgotten."""
    waiting = sorted(each for each in town.feed.forgotten if town.feed.is_on_the_log(each))
    if not waiting:
        return None
    youth = town.dice.choice(waiting)
    return f"wiped: {youth}, {town.feed.wipe(youth)} keys"


async def kill(town: Town) -> str | None:
    """SIGKILL at whatever gate a process stands, frozen or not."""
    if not town.workers:
        return None
    worker = town.dice.choice(town.workers)
    places = ", ".join(f"{each.name} at {each.place}" for each in worker.process.actors)
    await town.machine.kill(worker)
    return f"killed: {worker.process.name} ({places})"


async def start(town: Town) -> str | None:
    """A process is started where fewer than two run."""
    lacking = [service for service in town.services.values() if len(service.running) < 2]
    if not lacking:
        return None
    service = town.dice.choice(lacking)
    made = await town.machine.start(service, town.dice.choice((0.0, 3600.0)))
    return f"started: {made.process.name}"


async def freeze(town: Town) -> str | None:
    """SIGSTOP: it keeps its locks, its session and its buffer. One that stands amid a batch is preferred."""
    running = [each for each in town.workers if not each.process.is_frozen]
    amid = [each for each in running if any(actor.place != "idle" for actor in each.process.actors)]
    if not running:
        return None
    worker = town.dice.choice(amid or running)
    worker.process.frozen_seconds = 0.0
    places = ", ".join(f"{each.name} at {each.place}" for each in worker.process.actors)
    return f"frozen: {worker.process.name} ({places})"


async def lapse(town: Town) -> str | None:
    """Seconds pass: the server ends idle sessions, the group expels who is silent, locks are waited for in vain."""
    seconds = town.dice.choice((3.0, 7.0, 12.0, 40.0))
    for worker in town.workers:
        if worker.process.frozen_seconds is not None:
            worker.process.frozen_seconds += seconds
            _expel(town, worker, worker.process.frozen_seconds)
    for service in town.services.values():
        service.database.lapse(seconds, LOCK_SECONDS)
    await town.machine.stage.quiet()
    return f"{seconds:.0f} seconds pass"


def _expel(town: Town, worker: WorkerProcess, frozen_seconds: float) -> None:
    database = worker.service.database
    waiting = {wait.session for wait in database.waits}
    if frozen_seconds >= IDLE_IN_TRANSACTION_SECONDS and town.machine.engine.ends_idle_sessions:
        for session in list(database.sessions):
            if session.actor in worker.process.actors and session.in_transaction and session not in waiting:
                session.end()
    if frozen_seconds >= SESSION_SECONDS:
        town.machine.leave(worker)


async def thaw(town: Town) -> str | None:
    """SIGCONT: what it held in its buffer may still land, all or in part, also after newer facts."""
    frozen = [each for each in town.workers if each.process.is_frozen]
    if not frozen:
        return None
    worker = town.dice.choice(frozen)
    return await thawed(town, worker)


async def thawed(town: Town, worker: WorkerProcess) -> str:
    """The same, of one worker."""
    was = worker.process.frozen_seconds or 0.0
    worker.process.frozen_seconds = None
    held = len(worker.producer.buffer)
    if was * 1000 >= DELIVERY_MS:
        worker.producer.landing = town.dice.choice(("whole", "part", "silence"))
    rejoin(town, worker)
    return f"thawed: {worker.process.name} after {was:.0f} seconds, {held} in its buffer {worker.producer.landing}"


def rejoin(town: Town, worker: WorkerProcess) -> None:
    """Who was expelled comes back when it can."""
    group = worker.service.group
    if worker.reader not in group.members:
        group.members.append(worker.reader)
        group.rebalance(town.dice)


async def land(town: Town) -> str | None:
    """A producer's own thread sends a part of its buffer before anybody flushes."""
    holding = [each for each in town.workers if each.producer.buffer]
    if not holding:
        return None
    worker = town.dice.choice(holding)
    count = town.dice.randint(1, len(worker.producer.buffer))
    worker.producer.land(count)
    return f"{worker.process.name} lands {count} by itself"


async def rebalance(town: Town) -> str | None:
    """A group hands its partitions out anew, also those of a batch in hand."""
    service = town.dice.choice(list(town.services.values()))
    service.group.rebalance(town.dice)
    shares = " | ".join(",".join(map(str, sorted(each.assigned))) for each in service.group.members)
    return f"rebalanced: {service.name} {shares}"


async def fault(town: Town) -> str | None:
    """Something goes wrong for one line of work at the next such moment: a cut, a commit, a delivery."""
    actors = free(town)
    if not actors:
        return None
    actor = town.dice.choice(actors)
    actor.fault = town.dice.choice(("cut", "commit-refused", "commit-unheard", "part", "silence"))
    return f"fault: {actor.process.name}/{actor.name} {actor.fault}"


async def restart_database(town: Town) -> str | None:
    """The server of one service restarts at once: every session is gone, what is committed stays."""
    service = town.dice.choice(list(town.services.values()))
    service.database.break_waits()
    for session in list(service.database.sessions):
        session.end()
    await town.machine.stage.quiet()
    return f"database restarted: {service.name}"


async def hours(town: Town) -> str | None:
    """Half a day passes, and the broker compacts what it may."""
    town.machine.now += timedelta(hours=town.dice.choice((13, 26)))
    town.log.now_ms = round(town.machine.now.timestamp() * 1000)
    dropped = 0
    for topic in (EVENTS, FACTS):
        if all_read(town, topic.name):
            dropped += len(town.log.compact(topic.name))
            town.trajectory.snapshot = None
    return f"now {town.machine.now:%m-%d %H:%M}, {dropped} compacted"


def all_read(town: Town, topic: str) -> bool:
    """Whether every reader of a topic has it all: whoever lags by half a day is no fault but an outage."""
    ends = {number: place.end for number, place in town.log.of(topic)}
    readers = [service for service in town.services.values() if service.topic.name == topic]
    return all(service.reached().get(number, 0) >= end for service in readers for number, end in ends.items())


async def skew(town: Town) -> str | None:
    """The clock of an alerts process jumps, or is right again; before the first sweep every clock is believed."""
    swept = [row for row in town.alerts.database.tables["sweep_day"].values() if row["last_swept"] is not None]
    if not swept or not town.alerts.running:
        return None
    worker = town.dice.choice(town.alerts.running)
    worker.skew = timedelta(days=town.dice.choice((0, 0, 2, 400, -30)))
    return f"clock of {worker.process.name}: {worker.skew.days} days off"


async def snapshot(town: Town) -> str | None:
    """The trajectory database is dumped, or goes back to its last dump, its readers stopped meanwhile."""
    service = town.trajectory
    if service.snapshot is None:
        service.snapshot = service.database.snapshot()
        return "dumped: trajectory"
    for worker in list(service.running):
        await town.machine.kill(worker)
    service.database.restore(service.snapshot)
    service.snapshot = None
    town.counts["restores"] = town.counts.get("restores", 0) + 1
    return "restored: trajectory"


async def beside(town: Town) -> str | None:
    """An alerts process begins a sweep, empties the outbox, judges again, or somebody does something."""
    idle = [each for each in town.alerts.running if not each.process.is_frozen and len(each.process.actors) < 3]
    if not idle:
        return None
    worker = town.dice.choice(idle)
    name, work = town.dice.choice((("sweep", _sweep), ("outbox", _publish), ("judging", _judge), ("person", _act)))
    await town.machine.stage.start(worker.process, name, _beside(town, worker, work))
    return f"{worker.process.name} begins: {name}"


Work = Callable[[Town, WorkerProcess, MemoryConnection], Awaitable[None]]


async def _beside(town: Town, worker: WorkerProcess, work: Work) -> None:
    async def step() -> None:
        with unavailable_as_such():
            async with worker.pool.acquire() as connection:
                await work(town, worker, connection)

    try:
        await patiently(step, worker.patience_seconds, lambda _away: None)
    except Unavailable as away:
        worker.ended_by = away
        worker.process.is_dead = True
    except Exception as error:
        worker.ended_by = error
        worker.process.is_dead = True


async def _sweep(_town: Town, worker: WorkerProcess, connection: MemoryConnection) -> None:
    await sweep(connection, worker.now())


async def _judge(_town: Town, worker: WorkerProcess, connection: MemoryConnection) -> None:
    await judge_again(connection, worker.now())


async def _publish(_town: Town, worker: WorkerProcess, _connection: MemoryConnection) -> None:
    pool = MemoryPool(worker.service.database)
    await outbox.publish_pending(pool, worker.publisher, worker.now)


async def _act(town: Town, worker: WorkerProcess, connection: MemoryConnection) -> None:
    numbers = sorted(key[1] for key in town.alerts.database.tables["alert"])
    if not numbers:
        return
    until = town.machine.now.date() + timedelta(days=3)
    acts: tuple[Act, ...] = (
        Acknowledge(), Snooze(until=until), Snooze(), Assign(to="A. de Vries"), Note(text="gebeld"),
        Close(outcome=Outcome.ACTED),
    )  # fmt: skip
    number, chosen = town.dice.choice(numbers), town.dice.choice(acts)
    try:
        async with connection.transaction():
            await act(connection, MUNICIPALITY, number, chosen, "wijkteam", worker.now())
    except (ActRefused, NoSuchAlert):
        await asyncio.sleep(0)


STEPS: dict[Step, int] = {
    go_on: 50, finish: 12, tell: 14, repeat: 5, spoil: 2, mark: 1, forget: 2, wipe: 4, kill: 3, start: 8, freeze: 4,
    lapse: 5, thaw: 5, land: 3, rebalance: 5, fault: 5, restart_database: 1, hours: 2, skew: 2, snapshot: 1, beside: 8,
}  # fmt: skip


async def one_step(town: Town) -> None:
    """Whatever the dice choose, until something was possible."""
    steps, weights = list(STEPS), list(STEPS.values())
    while True:
        (step,) = town.dice.choices(steps, weights)
        did = await step(town)
        if did is not None:
            town.note(did)
            name = step.__name__
            town.counts[name] = town.counts.get(name, 0) + 1
            await town.bury()
            return
