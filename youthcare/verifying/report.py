"""What a verification found, and how it is told: by municipality, by what differs, and by counts.

Two rules. No identifier of a youth is told, but a salted digest; the identifier itself only when the operator asks
for it on the terminal. A report says *equal* only when everything was compared; what could not be compared makes it
*unknown*, unless something differs.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Any

YOUTHS_SHOWN_MAX = 20
CELLS_SHOWN_MAX = 20


class Kind(StrEnum):
    """What is compared; a label of the metric."""

    FACTS = "facts"
    STEPS = "steps"
    ALERTS = "alerts"


class What(StrEnum):
    """In what live and log can differ."""

    LEDGER = "ledger"
    KEPT = "kept"
    TOPIC = "topic"
    UNSAID = "unsaid"
    LAYERS = "layers"
    CELLS = "cells"
    UNSAID_STEPS = "unsaid-steps"
    MISSING = "missing"
    GROUNDLESS = "groundless"
    MOVED = "moved"
    STATE = "state"


_MEANINGS: Mapping[What, tuple[Kind, str]] = {
    What.LEDGER: (Kind.FACTS, "youths whose ledger does not hold what the log holds"),
    What.KEPT: (Kind.FACTS, "youths whose kept facts are not those of the log"),
    What.TOPIC: (Kind.FACTS, "youths whose last record on trajectory-facts is not what the tables hold"),
    What.UNSAID: (Kind.FACTS, "youths with facts of whom the log says nothing"),
    What.LAYERS: (Kind.STEPS, "youths whose steps are not those of the log"),
    What.CELLS: (Kind.STEPS, "cells of the step log that are not the sum of the youths' steps"),
    What.UNSAID_STEPS: (Kind.STEPS, "youths with steps of whom the log says nothing"),
    What.MISSING: (Kind.ALERTS, "alerts that the log gives and the tables lack"),
    What.GROUNDLESS: (Kind.ALERTS, "alerts that the log does not give"),
    What.MOVED: (Kind.ALERTS, "alerts with other dates, team or evidence than the log gives"),
    What.STATE: (Kind.ALERTS, "alerts in another state than is due"),
}


def kind_of(what: What) -> Kind:
    """Which metric counts it."""
    return _MEANINGS[what][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """In one municipality something differs so many times; `youths` are identifiers, `cells` the first few."""

    municipality: str
    what: What
    count: int
    youths: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()


class Verdict(StrEnum):
    """What a verification says."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class ExitCode(IntEnum):
    """Exit codes of the command; 75 as elsewhere: come back later."""

    EQUAL = 0
    DIFFERENT = 1
    UNKNOWN = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was compared and what differed; `unjudged` youths moved each time they were looked at.

    `erased` youths are compared without their versions and history, of which log or tables hold no more.
    """

    municipality: str | None = None
    reason: str | None = None
    statements: int = 0
    youths: int = 0
    cells: int = 0
    alerts: int = 0
    erased: int = 0
    unjudged: int = 0
    published_again: int = 0
    seconds: float = 0.0
    differences: tuple[Difference, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Different when anything differs, unknown when something could not be compared, else equal."""
        if self.differences:
            return Verdict.DIFFERENT
        return Verdict.UNKNOWN if self.reason is not None or self.unjudged else Verdict.EQUAL

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that says the verdict."""
        return ExitCode[self.verdict.name]


def unknown(reason: str, municipality: str | None = None) -> Report:
    """A report that says only why nothing can be said now."""
    return Report(municipality=municipality, reason=reason)


def counts(report: Report) -> dict[Kind, int]:
    """How much differs, by kind; nought where nothing does."""
    found: Counter[Kind] = Counter()
    for row in report.differences:
        found[kind_of(row.what)] += row.count
    return {kind: found[kind] for kind in Kind}


def told_with(report: Report, salt: bytes) -> Report:
    """The same with a salted digest in the place of each identifier."""
    return replace(report, differences=tuple(_without_youths(row, salt) for row in report.differences))


def _without_youths(row: Difference, salt: bytes) -> Difference:
    return replace(row, youths=tuple(youth_ref(salt, row.municipality, youth) for youth in row.youths))


def youth_ref(salt: bytes, municipality: str, youth: str) -> str:
    """A digest by which two lines about one youth can be joined, and nobody found without the salt."""
    text = f"{municipality}\x1f{youth}".encode()
    return hashlib.blake2b(text, key=salt[:64], digest_size=8).hexdigest()


def difference_line(row: Difference) -> str:
    """One difference: municipality, what, and how often."""
    return f"{row.municipality} {kind_of(row.what)}: {row.count} {_MEANINGS[row.what][1]}"


def lines(report: Report) -> list[str]:
    """The report for the terminal: one line per difference, with the first youths and cells below it."""
    told = [line for row in report.differences for line in _with_examples(row)]
    if report.published_again:
        told.append(f"published again: {report.published_again} youths; run verify once more")
    if report.unjudged:
        told.append(f"{report.unjudged} youths moved each time they were looked at: nothing is said of them")
    if report.reason is not None:
        told.append(f"nothing can be said now: {report.reason}")
    return [*told, _last_line(report)]


def _with_examples(row: Difference) -> list[str]:
    youths = [f"  youth {each}" for each in row.youths[:YOUTHS_SHOWN_MAX]]
    return [difference_line(row), *youths, *(f"  {each}" for each in row.cells[:CELLS_SHOWN_MAX])]


def _last_line(report: Report) -> str:
    compared = (
        f"{report.statements} statements, {report.youths} youths, {report.cells} cells of figures, "
        f"{report.alerts} alerts, {report.seconds:.1f} s"
    )
    erased = f", {report.erased} youths after an erasure without their history" if report.erased else ""
    return f"{report.verdict}: {compared}{erased}"


def as_json(report: Report) -> dict[str, Any]:
    """The report as one JSON object."""
    return {
        "verdict": report.verdict.value,
        "municipality": report.municipality,
        "reason": report.reason,
        "statements": report.statements,
        "youths": report.youths,
        "cells": report.cells,
        "alerts": report.alerts,
        "erased": report.erased,
        "unjudged": report.unjudged,
        "published_again": report.published_again,
        "seconds": round(report.seconds, 1),
        "differences": [_difference_json(row) for row in report.differences],
    }


def _difference_json(row: Difference) -> dict[str, Any]:
    return {
        "municipality": row.municipality,
        "kind": kind_of(row.what).value,
        "what": row.what.value,
        "count": row.count,
        "youths": list(row.youths[:YOUTHS_SHOWN_MAX]),
        "cells": list(row.cells[:CELLS_SHOWN_MAX]),
    }


def joined(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """One difference per municipality and what: counts added, examples together, in a fixed order."""
    groups: dict[tuple[str, What], Difference] = {}
    for row in found:
        known = groups.get((row.municipality, row.what))
        groups[row.municipality, row.what] = row if known is None else _both(known, row)
    return tuple(groups[key] for key in sorted(groups))


def _both(one: Difference, other: Difference) -> Difference:
    return replace(one, count=one.count + other.count, youths=one.youths + other.youths, cells=one.cells + other.cells)
