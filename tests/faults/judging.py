"""What a run of faults did wrong: lost, double and wrong, from what senders were told and what was found afterwards.

Three rules. What counts as accepted is what a sender was told, never what a table says. *Lost*: a statement that was
accepted and stands neither on the log nor where it may wait, or stands on the log and in no ledger. *Double*: one
statement in two forms, one person with two youths, one alert that stands or was told twice. *Wrong*: facts, figures
and alerts that differ from a replay of the log, and what nobody stated.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Identity = tuple[str, str]
"""Source and id of a statement, within one municipality."""
EXAMPLES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One statement in a message: its identity, and whose it is as far as the message says."""

    identity: Identity
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One record on `indication-events`; `content` is a digest of it."""

    identity: Identity
    youth: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One record on `care-alerts`: who was told, its number, of which alert, and a digest of all else it says."""

    receiver: str
    number: int
    alert: int
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stood there when all had come to rest; `differences` are those of a replay of the log with the tables.

    `refused` are identifications; `alerts` counts those that stand by what makes an alert one and the same.
    """

    log: Sequence[Logged] = ()
    ledger: Collection[Identity] = ()
    waiting: Collection[Identity] = ()
    refused: Collection[str] = ()
    alerts: Mapping[Hashable, int] = field(default_factory=dict)
    told: Sequence[Told] = ()
    untold: int = 0
    differences: Sequence[str] = ()
    difference_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How much was lost, double and wrong; `examples` tell of the first few, without any person."""

    lost: int
    double: int
    wrong: int
    examples: tuple[str, ...] = ()

    def exact(self) -> bool:
        """Whether nothing was."""
        return not (self.lost or self.double or self.wrong)


def judged(accepted: Iterable[Stated], offered: Iterable[Stated], found: Found) -> Judgement:
    """What went wrong with what senders were told is accepted, of all that they offered."""
    told = {each.identity for each in accepted}
    lost = _lost(told, found)
    double = [*_two_forms(found.log), *_two_youths(offered, found.log), *_repeated(found)]
    unasked = {row.identity for row in found.log} - {each.identity for each in offered}
    wrong = [*(f"nobody stated {each}" for each in sorted(unasked)), *found.differences]
    return Judgement(
        lost=len(lost),
        double=len(double),
        wrong=len(unasked) + found.difference_count + found.untold,
        examples=tuple(line for lines in (lost, double, wrong) for line in lines[:EXAMPLES_MAX]),
    )


def _lost(told: Collection[Identity], found: Found) -> list[str]:
    logged = {row.identity for row in found.log}
    settled = logged | set(found.waiting) | {each for each in told if each[1] in found.refused}
    return [
        *(f"accepted and nowhere: {each}" for each in sorted(set(told) - settled)),
        *(f"on the log and in no ledger: {each}" for each in sorted(logged - set(found.ledger))),
    ]


def _two_forms(log: Iterable[Logged]) -> list[str]:
    """The log may hold a record more than once, byte for byte the same; another under its name is a second one."""
    forms: dict[Identity, set[tuple[str, str]]] = defaultdict(set)
    for row in log:
        forms[row.identity].add((row.youth, row.content))
    return [f"{len(each)} forms of {identity}" for identity, each in sorted(forms.items()) if len(each) > 1]


def _two_youths(offered: Iterable[Stated], log: Iterable[Logged]) -> list[str]:
    person_of = {each.identity: each.person for each in offered if each.person is not None}
    youths: dict[str, set[str]] = defaultdict(set)
    for row in log:
        if row.identity in person_of:
            youths[person_of[row.identity]].add(row.youth)
    return [f"one person is {len(each)} youths" for each in youths.values() if len(each) > 1]


def _repeated(found: Found) -> list[str]:
    standing = [f"{count} alerts of {name}" for name, count in found.alerts.items() if count > 1]
    contents: dict[tuple[str, int], set[str]] = defaultdict(set)
    for row in found.told:
        contents[row.receiver, row.number].add(row.content)
    renumbered = [f"two contents under {place}" for place, each in contents.items() if len(each) > 1]
    return [*standing, *renumbered, *_told_again(found.told)]


def _told_again(told: Iterable[Told]) -> list[str]:
    """The same said of an alert twice in a row to one receiver, under two numbers."""
    last: dict[tuple[str, int], Told] = {}
    again = []
    for row in sorted(set_of(told), key=lambda row: (row.receiver, row.number)):
        before = last.get((row.receiver, row.alert))
        if before is not None and before.content == row.content and before.number != row.number:
            again.append(f"alert {row.alert} told again to {row.receiver} as {row.number}")
        last[row.receiver, row.alert] = row
    return again


def set_of(told: Iterable[Told]) -> list[Told]:
    """Each record once: a record that was published again is the same under the same number."""
    return list(dict.fromkeys(told))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the report: what was injected into a service, and what came of it."""

    kind: str
    service: str
    injected: int
    restarts: int
    judgement: Judgement


def table(rows: Iterable[Row]) -> str:
    """The report as Markdown; the judgement of a kind holds for all its services together."""
    lines = ["| fault kind | service | injected | restarts | lost | double | wrong |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        found = row.judgement
        counted = (row.injected, row.restarts, found.lost, found.double, found.wrong)
        lines.append(f"| {row.kind} | {row.service} | {' | '.join(map(str, counted))} |")
    return "\n".join(lines)


def endings_line(endings: Mapping[tuple[str, int], int]) -> str:
    """How often processes ended by which exit code; a signal is told as a negative number."""
    codes: Counter[int] = Counter()
    for (_, code), count in endings.items():
        codes[code] += count
    return ", ".join(f"{count} by {code}" for code, count in sorted(codes.items()))
