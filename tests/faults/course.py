"""The course of one kind of fault: messages flow, faults hit, all comes to rest, and what is left is judged.

Three rules. Each kind has a municipality of its own, so that what it did wrong is its own. Before each round every
process has done work since the round before, and after the last one again: a fault hits what works, and what was hit
works again by itself. All randomness comes from one seed, which is printed.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from services.indication.api.opening import load_doors, load_keys
from services.indication.doors import Doors
from services.indication.processor import read_record
from services.indication.senders import Arrival
from tests.e2e.town import today
from tests.faults.fault_town import FaultTown
from tests.faults.judging import Judgement, Row, Stated, judged
from tests.faults.kinds import KINDS, Kind
from tests.faults.readings import found_in, settle
from tests.faults.streams import Stream
from youthcare.runtime.clock import utc_now
from youthcare.runtime.local.process import LocalStackError
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.settings import Settings
from youthcare.simulator import Envelope, simulate

FIRST_MUNICIPALITY, YOUTHS, PER_SECOND = 3100, 1500, 12.0
# 0 ended as asked; signals are ours; 3 is an API that could not start; 75 is what a worker says of an outage.
FORESEEN = frozenset({0, -9, -15, 3, 75})
BROKEN_MAX = 0


def municipality_of(kind: Kind) -> str:
    """The municipality in which a kind of fault happens."""
    return str(FIRST_MUNICIPALITY + KINDS.index(kind))


@dataclass(slots=True, kw_only=True)
class Course:
    """One run over some kinds; `rows` are the report, `unforeseen` what ended by itself in a way that it should not."""

    town: FaultTown
    seed: int
    rounds: int
    say: Callable[[str], None]
    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unforeseen: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    last: tuple[Kind, Stream] | None = None

    def run(self, kinds: Sequence[Kind] = KINDS) -> None:
        """Every kind in turn."""
        for kind in kinds:
            if kind.needs_disk is not None and self.town.disks[kind.needs_disk] is None:
                self.say(f"{kind.name}: not possible here, this user may not mount")
                continue
            self._tried(kind)

    def _tried(self, kind: Kind) -> None:
        """One kind; that it did not come to its end is noted, so that the others are tried too."""
        began = time.monotonic()
        try:
            self._run(kind)
        except (AssertionError, LocalStackError) as failure:
            self.failures.append(f"{kind.name}: {failure}")
            self.say(self.failures[-1])
        else:
            self.say(f"{kind.name}: {time.monotonic() - began:.0f} s, {self.rows[-1].judgement}")

    def _run(self, kind: Kind) -> None:
        before = Counter(self.town.keeper.endings)
        dice = Random(f"{self.seed}/{kind.name}")
        stream = self._stream(kind)
        stream.start()
        self.town.answered = lambda: stream.answered
        try:
            hit = self._hit(kind, dice)
        finally:
            stream.stop()
        stream.finish()
        self.last = kind, stream
        self.broken += stream.broken
        self._told(stream)
        ended = self.town.keeper.endings - before
        self.unforeseen += [f"{kind.name}: {name} by {code}" for name, code in ended if code not in FORESEEN]
        judgement = self.judged_now()
        self.rows += [_row(kind, service, hit, ended, judgement) for service in SERVICES]

    def judged_now(self) -> Judgement:
        """What is wrong at this moment with the last kind's municipality."""
        assert self.last is not None
        kind, stream = self.last
        settle(self.town.town)
        return judged(stream.accepted, stream.offered, found_in(self.town.town, municipality_of(kind)))

    def _hit(self, kind: Kind, dice: Random) -> Counter[str]:
        hit: Counter[str] = Counter()
        with self.town.twins() if kind.with_twins else nullcontext():
            for number in range(kind.rounds(self.rounds)):
                self.town.wait_until_all_work()
                time.sleep(dice.uniform(0, 1))  # the moment of a fault is random
                hit.update(kind.inject(self.town, dice, number))
                self.town.wait_until_all_are_ready()
            self.town.wait_until_all_work()
        return hit

    def _stream(self, kind: Kind) -> Stream:
        municipality = municipality_of(kind)
        last = today() - timedelta(days=1)
        return Stream(
            municipality=municipality,
            envelopes=simulate(self.seed, municipality, last - timedelta(days=364), last, YOUTHS),
            read=reader(Settings.from_env(self.town.town.environment())),
            url=self.town.town.services.url,
            issuer=self.town.town.issuer,
            bootstrap_servers=self.town.stack.bootstrap_servers,
            per_second=PER_SECOND,
        )

    def _told(self, stream: Stream) -> None:
        answered, unanswered = sum(stream.answered.values()), sum(stream.unanswered.values())
        self.say(f"  {len(stream.accepted)} statements accepted; {answered} answers, {unanswered} times none")


def _row(kind: Kind, service: str, hit: Counter[str], ended: Counter[tuple[str, int]], judgement: Judgement) -> Row:
    restarts = sum(count for (name, _), count in ended.items() if name.startswith(f"{service}-"))
    return Row(kind=kind.name, service=service, injected=hit[service], restarts=restarts, judgement=judgement)


def reader(settings: Settings) -> Callable[[Envelope], list[Stated]]:
    """What statements a message makes, by the door's own pure reading; nothing of it is kept anywhere."""
    keys = load_keys(settings)
    doors = load_doors(settings, keys)

    def read(envelope: Envelope) -> list[Stated]:
        return list(_stated(doors, envelope))

    return read


def _stated(doors: Doors, envelope: Envelope) -> Iterator[Stated]:
    taken = read_record(doors, Arrival(received=utc_now(), sender="faults"), envelope.body)
    for each in taken.assertions:
        yield Stated(identity=(each.source, each.id), person=each.bsn)


def write_report(path: Path, text: str) -> None:
    """Put the report where whoever asked for it wants it."""
    path.write_text(text, encoding="utf-8")
