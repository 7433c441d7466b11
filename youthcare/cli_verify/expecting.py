"""What the tables must hold of youths, from their statements on the log: by the services' own pure functions.

It has no rule of its own, reads no clock and touches nothing. Youths that were merged are one group and are worked
out together. What comes out is small: digests of what is long, so that it can cross to another process.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import orjson
from pydantic import ValidationError

from schemas.models import canonical_statement
from services.alerts.finding import Identity
from services.alerts.lifecycle import State, state_on
from services.alerts.norms import foreseen
from services.alerts.rules import findings
from services.alerts.store.rules import MunicipalityRules
from services.indicators.delays import Decreed, decreed_on
from services.indicators.processor import Mark, added_by
from services.indicators.steps import SharedSteps, spread
from services.indicators.store.layers import deltas_body
from services.indicators.tally import shared_tally
from services.trajectory.facts import Rules
from services.trajectory.processor import YouthKey, heads, layers
from services.trajectory.store import facts_body, statement_body
from youthcare.events import Statement, YouthForgotten
from youthcare.verifying.fingerprint import Fingerprinter
from youthcare.youthfacts import YouthFacts

Values = Sequence[bytes]
"""The records about one group of youths that belong together, as they stand on the log."""

Layers = Mapping[date, SharedSteps]
"""The steps that each known day added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """On what the expectation rests: rules, settings and norms as the services have them, a salt, and the day."""

    rules: Rules
    coverage: Mapping[str, date | None]
    decreed: Decreed
    alert_rules: Mapping[str, MunicipalityRules]
    salt: bytes
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAlert:
    """What of an alert follows from the log; `states` are those of today and yesterday, as a sweep takes its time.

    `is_fresh`: looked for since today, so that it may not be there yet.
    """

    identity: Identity
    team: str
    opens_on: date
    closes_on: date | None
    evidence: tuple[str, ...]
    states: frozenset[State]
    is_fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the tables must hold of one youth; digests are SHA-256 of the bytes that the services keep."""

    youth: YouthKey
    head: str
    mark: Mark
    facts: bytes
    content: bytes
    """As `facts`, without version and known day: what can be told after an erasure."""
    statements: frozenset[bytes]
    layers: Mapping[date, bytes]
    fingerprint: int
    alerts: tuple[ExpectedAlert, ...]
    forgotten: bool
    """Whether someone of the group was forgotten: the log may hold less of it than the tables do."""
    asked_to_go: bool
    """Whether it is this one who was forgotten: the tables may be empty while the wish stands on the log still."""
    steps: Layers | None = None
    """The layers themselves, where the differing cells are to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedGroup:
    """What the tables must hold of the youths of one group, and of which statements that follows."""

    signature: bytes
    statements: int
    youths: tuple[Expected, ...]


@dataclass(slots=True, kw_only=True)
class _Told:
    """The facts of one youth, layer by layer, as readers apply them."""

    newest: YouthFacts | None = None
    total: SharedSteps = field(default_factory=dict)
    layers: dict[date, SharedSteps] = field(default_factory=dict)

    def hear(self, facts: YouthFacts, decreed: Decreed) -> None:
        """Take the next layer of knowledge: what it adds to the one before, as the indicators keep it."""
        # Of those who were merged many layers say the same of one of them.
        said_before = self.newest is not None and facts == replace(self.newest, known_day=facts.known_day)
        self.newest = facts
        if said_before:
            return
        total = shared_tally(facts, decreed_on(decreed, facts.municipality, facts.known_day))
        added = added_by(total, [self.total])
        if added:
            self.layers[facts.known_day] = added
            # The sum of the layers: steps that cancel in every group make none.
            self.total = total


def read_group(values: Values) -> list[Statement]:
    """The statements of records, each once; of one that stands there twice the earliest reception counts."""
    found: dict[tuple[str, str, str, str], Statement] = {}
    for value in values:
        try:
            row = canonical_statement(orjson.loads(value))
        except (ValidationError, orjson.JSONDecodeError):
            continue  # the services refuse it too, by its place
        identity = (row.municipality, row.youth, row.source, row.id)
        known = found.get(identity)
        if known is None or row.received < known.received:
            found[identity] = row
    return list(found.values())


def expected_group(
    values: Values, ground: Ground, prints: Fingerprinter, *, with_steps: bool = False
) -> ExpectedGroup | None:
    """What follows from the records of one group; None when none of them is a statement."""
    statements = read_group(values)
    if not statements:
        return None
    digests = _digests(statements)
    told = _told(statements, ground)
    head_of = heads(statements)
    gone = {(row.municipality, row.youth) for row in statements if isinstance(row.data, YouthForgotten)}
    youths = [
        _expected(key, each, ground, prints, head_of[key], digests.get(key, frozenset()), gone, with_steps)
        for key, each in told.items()
    ]
    signature = hashlib.sha256(b"".join(sorted(digest for some in digests.values() for digest in some))).digest()
    return ExpectedGroup(signature=signature, statements=len(statements), youths=tuple(youths))


def _digests(statements: Iterable[Statement]) -> dict[YouthKey, frozenset[bytes]]:
    found: dict[YouthKey, set[bytes]] = defaultdict(set)
    for row in statements:
        found[row.municipality, row.youth].add(hashlib.sha256(statement_body(row)).digest())
    return {key: frozenset(digests) for key, digests in found.items()}


def _told(statements: Sequence[Statement], ground: Ground) -> dict[YouthKey, _Told]:
    municipality = statements[0].municipality
    rules = replace(ground.rules, coverage_start=ground.coverage.get(municipality))
    told: dict[YouthKey, _Told] = {}
    for facts in layers(statements, rules):
        told.setdefault((facts.municipality, facts.youth), _Told()).hear(facts, ground.decreed)
    return told


def _expected(
    key: YouthKey,
    told: _Told,
    ground: Ground,
    prints: Fingerprinter,
    head: str,
    statements: frozenset[bytes],
    gone: Set[YouthKey],
    with_steps: bool,
) -> Expected:
    assert told.newest is not None, "who is told of has facts"
    facts = told.newest
    return Expected(
        youth=key,
        head=head,
        mark=(facts.version, facts.known_day),
        facts=hashlib.sha256(facts_body(facts)).digest(),
        content=content_digest(facts) if gone else b"",
        statements=statements,
        layers={day: hashlib.sha256(deltas_body(steps)).digest() for day, steps in told.layers.items()},
        fingerprint=layers_print(key[0], told.layers, prints),
        alerts=tuple(_alerts(facts, ground)),
        forgotten=bool(gone),
        asked_to_go=key in gone,
        steps=told.layers if with_steps else None,
    )


def content_digest(facts: YouthFacts) -> bytes:
    """A digest of what facts say, whatever their version and known day."""
    return hashlib.sha256(facts_body(replace(facts, version=(0, 0), known_day=date.min))).digest()


def layers_print(municipality: str, layers: Layers, prints: Fingerprinter) -> int:
    """The fingerprint of all that a youth adds to the step log."""
    return prints.of(
        ((municipality, *key, known_day), amount)
        for known_day, steps in layers.items()
        for key, amount in spread(steps).items()
    )


def _alerts(facts: YouthFacts, ground: Ground) -> Iterable[ExpectedAlert]:
    known = ground.alert_rules[facts.municipality]
    days = (ground.today, ground.today - timedelta(days=1))
    norms, yesterday = (foreseen(known.norms, day) for day in days)
    for finding in findings(facts, norms) if known.setting.signals else ():
        yield ExpectedAlert(
            identity=finding.identity,
            team=finding.team,
            opens_on=finding.opens_on,
            closes_on=finding.closes_on,
            evidence=finding.evidence,
            states=frozenset(state_on(finding, day, known.setting.alert_start_day) for day in days),
            is_fresh=finding.opens_on > yesterday.until,
        )
