"""What must be true after every step, whatever happened: told from what was put on the log, and from pure functions.

The judge reads committed tables and the log, and never what a worker holds. What costs work is remembered by what it
is about, and a database that committed nothing since is not looked at again.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import orjson

from services.alerts.finding import Identity, Level, Rule
from services.alerts.norms import foreseen, norms_of
from services.alerts.processor import stamp_of
from services.alerts.rules import findings
from services.alerts.states import TRANSITIONS, State
from services.indicators.steps import spread
from services.indicators.tally import shared_tally
from services.trajectory.app import shipped_coverage
from services.trajectory.processor import YouthKey, components, layers, named, touches
from services.trajectory.store import facts_body
from tests.simulation.feed import MUNICIPALITY
from tests.simulation.sums import Sums
from tests.simulation.tables import Values
from tests.simulation.town import Town, norms, rules
from tests.simulation.workers import Service
from youthcare.events import Statement
from youthcare.runtime.processing import Record
from youthcare.runtime.topics import is_marker, youth_digest
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

Stamp = tuple[tuple[int, int], date]


@cache
def coverage() -> date | None:
    """The first day on which the feed is complete, as shipped."""
    return shipped_coverage().get(MUNICIPALITY)


def require(holds: object, what: str) -> None:
    """What does not hold ends the run, in words."""
    if not holds:
        raise AssertionError(what)


@dataclass(slots=True, eq=False)
class Judge:
    """Remembers what was seen before, so that it can say that nothing went back."""

    town: Town
    commits: dict[str, int] = field(default_factory=dict)
    stamps: dict[tuple[str, YouthKey], Stamp] = field(default_factory=dict)
    derived: dict[tuple[frozenset[Any], int], dict[YouthKey, bytes]] = field(default_factory=dict)
    tallied: dict[bytes, Any] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    found: dict[bytes, frozenset[Identity]] = field(default_factory=dict)
    read: dict[bytes, YouthFacts] = field(default_factory=dict)

    def look(self) -> None:
        """Everything that must hold now."""
        for service, check in (
            (self.town.trajectory, self._trajectory),
            (self.town.alerts, self._alerts),
            (self.town.indicators, self._indicators),
        ):
            if self.commits.get(service.name) != service.database.commits:
                self.commits[service.name] = service.database.commits
                check(service)

    def _trajectory(self, service: Service) -> None:
        tables, forgotten = service.database.tables, self._forgotten()
        wished = {(MUNICIPALITY, each) for each in self.town.feed.forgotten}
        expected, refused, wiped = self._consumed(service)
        kept = {key: row["youth"] for key, row in tables["statement"].items()}
        require(not forgotten & set(kept.values()), "a ledger of somebody forgotten is kept")
        require(wiped <= forgotten, "somebody is wiped from the log and not from the tables")
        # A merge into somebody who is to be forgotten is kept or passed over, by what came first.
        doubtful = {
            identity for identity, row in expected.items() if touches(row, wished - {(MUNICIPALITY, row.youth)})
        }
        due = {identity for identity, row in expected.items() if row.youth not in forgotten} - doubtful
        require(due == kept.keys() - doubtful, f"the ledgers are not what was read: {due ^ (kept.keys() - doubtful)}")
        places = {key[1:] for key in tables["refused_record"]}
        require(places == refused, f"refused is not what is poison: {places ^ refused}")
        self._facts(tables["statement"], tables["youth"], tables["forgotten"])

    def _forgotten(self) -> set[str]:
        known = {row.youth for row in self.town.feed.told}
        digests = {key[1] for key in self.town.trajectory.database.tables["forgotten"]}
        return {each for each in known if youth_digest(MUNICIPALITY, each) in digests}

    def _consumed(self, service: Service) -> tuple[dict[Any, Statement], set[Any], set[str]]:
        """By the positions: the statements that were read, the poison, and who was wiped after a wish."""
        poison = {(each.topic, each.partition, each.offset) for each in self.town.feed.poison}
        expected: dict[Any, Statement] = {}
        refused: set[Any] = set()
        wiped: set[str] = set()
        for record in _below(self.town, service):
            place = (record.topic, record.partition, record.offset)
            row = self.town.feed.by_key.get(record.key or b"")
            if place in poison:
                refused.add(place)
            elif row is not None and record.value is not None:
                expected[row.municipality, row.source, row.id] = row
            elif row is not None and any(each.youth == row.youth and _is_wish(each) for each in expected.values()):
                wiped.add(row.youth)
        return expected, refused, wiped

    def _facts(self, kept: Mapping[Any, Values], youths: Mapping[Any, Values], lost: Mapping[Any, Values]) -> None:
        """What is kept of each youth is what follows from the ledgers as they are."""
        rows = [self.town.feed.by_key[_key_of(row)] for row in kept.values()]
        links = [(key, (key[0], row["head"])) for key, row in youths.items()]
        links += [((row.municipality, row.youth), other) for row in rows for other in named([row])]
        for group in components(links):
            ledger = [row for row in rows if (row.municipality, row.youth) in group]
            if not ledger:
                continue
            members = named(ledger)
            erased = sum(
                each["statements"] for each in lost.values() if (each["municipality"], each["head"]) in members
            )
            for key, body in self._derived(ledger, erased).items():
                # Of who is to be forgotten only that it is gone is told, and no more once its head is erased.
                if key[1] in self.town.feed.forgotten:
                    continue
                require(youths[key]["facts"] == body, f"the facts of {key[1]} do not follow from its ledger")

    def _derived(self, ledger: Sequence[Statement], erased: int) -> dict[YouthKey, bytes]:
        place = frozenset((row.source, row.id) for row in ledger), erased
        if place not in self.derived:
            own = replace(rules(), coverage_start=coverage())
            newest = {(row.municipality, row.youth): row for row in layers(ledger, own, erased=erased)}
            self.derived[place] = {key: facts_body(row) for key, row in newest.items()}
        return self.derived[place]

    def newest(self, service: Service) -> dict[str, bytes | None]:
        """What a reader with the guard holds of each youth by its positions; None of who was wiped last."""
        newest: dict[str, bytes | None] = {}
        stamps: dict[str, Stamp] = {}
        for record in _below(self.town, service):
            key = record.key or b""
            if is_marker(key) or key.count(b"/") != 1:
                continue
            youth = key.decode().partition("/")[2]
            if record.value is None:
                newest[youth] = None
                stamps.pop(youth, None)
                continue
            stamp = stamp_of(self._read(record.value))
            if youth not in stamps or stamp > stamps[youth]:
                newest[youth], stamps[youth] = record.value, stamp
        return newest

    def _read(self, body: bytes) -> YouthFacts:
        if body not in self.read:
            self.read[body] = from_wire(YouthFacts, orjson.loads(body))
        return self.read[body]

    def _onwards(self, service: Service, now: Mapping[YouthKey, Stamp]) -> None:
        for key, stamp in now.items():
            # Who was wiped begins anew when something of it lands late, until it is wiped again.
            before = None if key[1] in self.town.feed.forgotten else self.stamps.get((service.name, key))
            require(before is None or before <= stamp, f"{service.name} went back on {key[1]}: {before} {stamp}")
        before_keys = {key for name, key in self.stamps if name == service.name}
        for key in before_keys - now.keys():
            require(key[1] in self.town.feed.forgotten, f"{service.name} lost {key[1]}")
            del self.stamps[service.name, key]
        self.stamps |= {(service.name, key): stamp for key, stamp in now.items()}

    def _readers_refused(self, service: Service) -> None:
        poison = {(each.topic, each.partition, each.offset) for each in self.town.feed.poison}
        due = {
            place
            for each in _below(self.town, service)
            if (place := (each.topic, each.partition, each.offset)) in poison
        }
        places = {key[1:] for key in service.database.tables["refused_record"]}
        require(places == due, f"refused is not what is poison: {places ^ due}")

    def _alerts(self, service: Service) -> None:
        tables = service.database.tables
        self._readers_refused(service)
        held = {key: zlib.decompress(row["facts"]) for key, row in tables["youth_state"].items()}
        self._onwards(service, {key: stamp_of(self._read(body)) for key, body in held.items()})
        for youth, body in self.newest(service).items():
            require(held.get((MUNICIPALITY, youth)) == body, f"alerts do not rest on the newest facts of {youth}")
        alerts: defaultdict[YouthKey, dict[Identity, State]] = defaultdict(dict)
        for row in tables["alert"].values():
            if row["youth"] is not None:
                identity = _identity(row)
                own = alerts[row["municipality"], row["youth"]]
                require(identity not in own, f"an alert stands twice: {identity}")
                own[identity] = State(row["state"])
        require(alerts.keys() <= held.keys(), f"alerts of somebody unknown: {alerts.keys() - held.keys()}")
        for key, body in held.items():
            self._judged(key, body, alerts[key])
        check_telling(tables)

    def _judged(self, key: YouthKey, body: bytes, alerts: Mapping[Identity, State]) -> None:
        if body not in self.found:
            at = foreseen(norms_of(norms(), MUNICIPALITY), self.town.machine.now.date())
            self.found[body] = frozenset(each.identity for each in findings(self._read(body), at))
        found = self.found[body]
        standing = {each for each, state in alerts.items() if state not in (State.WITHDRAWN, State.CLOSED)}
        closed = {each for each, state in alerts.items() if state is State.CLOSED}
        require(standing <= found, f"alerts of {key[1]} without ground: {standing - found}")
        require(found <= standing | closed, f"findings of {key[1]} without alert: {found - standing - closed}")

    def _indicators(self, service: Service) -> None:
        tables = service.database.tables
        self._readers_refused(service)
        self._onwards(
            service,
            {
                key: ((row["version_rules"], row["version_count"]), row["known_day"])
                for key, row in tables["youth_state"].items()
            },
        )
        self.sums.follow(tables["youth_layer"])
        for youth, body in self.newest(service).items():
            if body is not None and body not in self.tallied:
                self.tallied[body] = spread(shared_tally(self._read(body), frozenset()))
            due = self.tallied[body] if body is not None else {}
            require(self.sums.of_youth(MUNICIPALITY, youth) == due, f"the figures of {youth} are not its facts'")
        known = {key[:2] for key in tables["youth_layer"]}
        require(known <= tables["youth_state"].keys(), "figures of somebody unknown")
        require(self.sums.are_in(tables["step"]), "the sums are not those of the layers")


def check_telling(tables: Mapping[str, Mapping[Any, Values]]) -> None:
    """History is unbroken, numbers have no gap, and nobody is told the same twice in a row."""
    history: defaultdict[Any, list[Values]] = defaultdict(list)
    for key, row in sorted(tables["alert_step"].items()):
        history[key[:2]].append(row)
    for key, alert in tables["alert"].items():
        steps = history[key]
        require(steps and steps[-1]["after"] == alert["state"], f"the history of alert {key[1]} does not end with it")
        require([row["step"] for row in steps] == list(range(1, len(steps) + 1)), "a step has no number of its own")
        for before, after in pairwise(steps):
            one, other = State(before["after"]), State(after["after"])
            require(after["before"] == before["after"], f"the history of alert {key[1]} is broken")
            require(one is other or other in TRANSITIONS[one], f"alert {key[1]} went from {one} to {other}")
    numbers: defaultdict[Any, list[int]] = defaultdict(list)
    told: defaultdict[Any, list[tuple[str, str]]] = defaultdict(list)
    opened: Counter[int] = Counter()
    for (municipality, receiver, number), row in sorted(tables["alert_event"].items()):
        numbers[municipality, receiver].append(number)
        # A team that gets an alert from another learns of it as it stands, and so do all who were told.
        told[receiver, row["alert"]].append((row["state"], orjson.loads(row["body"])["team"]))
        opened[row["alert"]] += row["opens"]
    for municipality, _, receiver, number in tables["forgotten_event"]:
        numbers[municipality, receiver].append(number)
    last = {key: row["number"] for key, row in tables["last_number"].items() if key[1] != "alert"}
    require(
        {key: sorted(each) for key, each in numbers.items()} == {key: list(range(1, n + 1)) for key, n in last.items()},
        "numbers of what was told have a gap",
    )
    require(max(opened.values(), default=0) <= 1, "an alert was opened twice")
    for (receiver, alert), states in told.items():
        twice = any(one == other for one, other in pairwise(states))
        require(not twice, f"{receiver} was told the same of alert {alert} twice: {states}")


def _identity(row: Values) -> Identity:
    return Identity(
        rule=Rule(row["rule"]), level=Level(row["level"]), anchor=row["anchor"], occurrence=row["occurrence"]
    )


def _is_wish(row: Statement) -> bool:
    return row.id.endswith("-w")


def _key_of(row: Values) -> bytes:
    return f"{row['municipality']}/{row['youth']}/{row['source']}/{row['id']}".encode()


def _below(town: Town, service: Service) -> list[Record]:
    """All records that ever stood below the positions of a service, in the order of each partition."""
    reached = service.reached()
    return [
        record
        for number, place in town.log.of(service.topic.name)
        for record in place.appended[: reached.get(number, 0)]
    ]


__all__ = ["Judge", "check_telling", "coverage", "require"]
