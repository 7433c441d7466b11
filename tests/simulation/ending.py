"""How a run ends: the faults stop, everything is read, and what stands is what replay makes of the log."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import orjson

from services.alerts import outbox
from services.alerts.app import sweep
from services.alerts.states import UNDER_EYES, State
from services.alerts.store.judging import judge_again
from services.alerts.store.sweep_days import accept_day
from services.indicators.steps import summed
from services.indicators.tally import tally_all
from services.trajectory.facts import Rules
from services.trajectory.store import facts_body
from tests.simulation.director import MOST_GATES, all_read, free, rejoin, thawed, turn
from tests.simulation.feed import MUNICIPALITY
from tests.simulation.judge import Judge, coverage, require
from tests.simulation.tables import MemoryPool
from tests.simulation.town import ALERTS, EVENTS, FACTS, Town, norms, rules
from youthcare.cli_replay import alerts_of, facts_of
from youthcare.period import civil_day
from youthcare.runtime.topics import alert_key, youth_key
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

ROUNDS_MAX = 60
_COMPARED = ("rule", "level", "anchor", "youth", "opens_on", "closes_on")


async def come_to_rest(town: Town, judge: Judge) -> None:
    """No more faults: all that was told is read, all that is due is done, who is forgotten is gone everywhere."""
    for worker in list(town.workers):
        worker.skew *= 0
        if worker.process.is_frozen:
            town.note(await thawed(town, worker))
    town.feed.tell_next(len(town.feed.untold))
    for _ in range(ROUNDS_MAX):
        await _read_all(town, judge)
        if not await _forget_on(town):
            break
    else:
        raise AssertionError("forgetting does not come to an end")
    await _settle_alerts(town, judge)


async def _read_all(town: Town, judge: Judge) -> None:
    for _ in range(ROUNDS_MAX):
        for service in town.services.values():
            if not service.running:
                await town.machine.start(service, 3600.0)
        for worker in town.workers:
            rejoin(town, worker)
        for actor in free(town):
            actor.fault = None
            await turn(town, actor, MOST_GATES)
            await town.bury()
            judge.look()
        resting = all(actor.place == "idle" for worker in town.workers for actor in worker.process.actors)
        if resting and all_read(town, EVENTS.name) and all_read(town, FACTS.name):
            return
    raise AssertionError(f"does not come to rest: {[(each.name, each.reached()) for each in town.services.values()]}")


async def _forget_on(town: Town) -> bool:
    """One round of forgetting: wipe what is on the log, ask again where a topic shows somebody; whether it had to."""
    shown = {key for topic in (FACTS, ALERTS) for key in _living(town, topic.name)}
    acted = False
    for youth in sorted(town.feed.forgotten):
        if town.feed.is_on_the_log(youth):
            town.feed.wipe(youth)
            acted = True
        elif youth in shown:
            town.feed.ask_again(youth)
            acted = True
    if not acted:
        # What is told of an alert leaves through the outbox: told late, it is seen only now.
        await _publish(town)
        return bool(town.feed.forgotten & _living(town, ALERTS.name))
    return True


def _living(town: Town, topic: str) -> set[str]:
    """The youths of whom a topic shows content."""
    found = set()
    for record in town.log.last_by_key(topic).values():
        if record.value is not None and record not in town.feed.poison:
            found.add(str(orjson.loads(record.value).get("youth")))
    return found


async def _publish(town: Town) -> None:
    worker = town.alerts.running[0]
    worker.producer.landing = "whole"
    while await outbox.publish_pending(MemoryPool(town.alerts.database), worker.publisher, worker.now):
        pass


async def _settle_alerts(town: Town, judge: Judge) -> None:
    """The day after all that was ever believed is confirmed and swept, until nothing is left to do."""
    database = town.alerts.database
    swept = [row["last_swept"] for row in database.tables["sweep_day"].values() if row["last_swept"] is not None]
    days = (max(swept, default=date.min) - civil_day(town.machine.now)).days
    town.machine.now += timedelta(days=max(days, 0))
    async with MemoryPool(database).acquire() as connection:
        await accept_day(connection, civil_day(town.machine.now), None)
        while await sweep(connection, town.machine.now) + await judge_again(connection, town.machine.now):
            judge.look()
    await _publish(town)
    judge.look()


def check_end(town: Town) -> None:
    """Facts, figures and alerts are those of a replay of the log without those who are forgotten."""
    on = civil_day(town.machine.now)
    expected = facts_of(town.feed.known(), _rules(), on)
    _check_facts(town, expected)
    _check_figures(town, expected)
    _check_alerts(town, expected)
    _check_gone(town)


def _rules() -> Rules:
    return replace(rules(), coverage_start=coverage())


def _plain(facts: YouthFacts) -> bytes:
    """Facts without what says when they were told."""
    return facts_body(replace(facts, version=(0, 0), known_day=date.min, corrects=False))


def _check_facts(town: Town, expected: list[YouthFacts]) -> None:
    told = {}
    for key, body in Judge(town).newest(town.alerts).items():
        if body is None:
            continue
        facts = from_wire(YouthFacts, orjson.loads(body))
        if not facts.gone:
            told[key] = _plain(facts)
    due = {facts.youth: _plain(facts) for facts in expected}
    require(
        told == due,
        f"what is told is not what replay says: {[key for key in due | told if due.get(key) != told.get(key)]}",
    )
    kept = {
        key[1]: _plain(facts)
        for key, row in town.trajectory.database.tables["youth"].items()
        if row["facts"] is not None and not (facts := from_wire(YouthFacts, orjson.loads(row["facts"]))).gone
    }
    require(kept == due, "what is kept is not what replay says")


def _check_figures(town: Town, expected: list[YouthFacts]) -> None:
    due = {key: tuple(amount) for key, amount in summed(tally_all(row) for row in expected).items()}
    held: Counter[Any] = Counter()
    for key, row in town.indicators.database.tables["step"].items():
        for place, name in enumerate(("numerator", "denominator", "pending")):
            held[(*key[1:7], place)] += row[name]
    flat = Counter({(*key, place): each for key, amount in due.items() for place, each in enumerate(amount) if each})
    require({k: v for k, v in held.items() if v} == dict(flat), "the figures are not those of replay")


def _check_alerts(town: Town, expected: list[YouthFacts]) -> None:
    on = civil_day(town.machine.now)
    due = Counter((*(row[name] for name in _COMPARED), row["state"]) for row in alerts_of(expected, norms(), on))
    held: Counter[Any] = Counter()
    for row in town.alerts.database.tables["alert"].values():
        state = State(row["state"])
        if row["youth"] is None or state is State.WITHDRAWN:
            continue
        day = {name: row[name].isoformat() if row[name] is not None else None for name in ("opens_on", "closes_on")}
        shown = "open" if state in UNDER_EYES or state is State.STALE else state.value
        held[(*(day.get(name, row[name]) for name in _COMPARED), shown)] += 1
    closed = {each for each in held if each[-1] == "closed"}
    due_left = {each for each in due if not any(each[:4] == other[:4] for other in closed)}
    require(
        {each for each in held if each not in closed} == due_left,
        f"the alerts are not those of replay: {set(held) ^ set(due)}",
    )
    require(max(held.values(), default=0) <= 1, "an alert stands twice")
    waiting = [row for row in town.alerts.database.tables["alert_event"].values() if row["published"] is None]
    require(not waiting, "something waits in the outbox")
    told = town.log.last_by_key(ALERTS.name)
    for key, row in town.alerts.database.tables["alert_event"].items():
        record = told.get(alert_key(*key))
        require(record is not None and record.value == row["body"], "what was told is not on the topic")


def _check_gone(town: Town) -> None:
    """Nothing is left of who was forgotten but a digest."""
    for youth in town.feed.forgotten:
        require(not town.feed.is_on_the_log(youth), "on the log")
        last = town.log.last_by_key(FACTS.name).get(youth_key(MUNICIPALITY, youth))
        require(last is None or last.value is None, f"facts of {youth} are told")
        for service in town.services.values():
            for table, rows in service.database.tables.items():
                # Also inside texts, lists and content: the names of the simulation stand in nothing else.
                require(
                    not any(youth in repr(row) for row in rows.values()), f"{youth} stands in {service.name}.{table}"
                )
