"""The whole way from a message to facts, in memory: the services' own pure functions around a register of ten lines.

Rules. Only the register is a double: who a person is, what refers to what, which identity was used. It keeps to
design.md §3 as the real one does, and a youth's identifier is made of the number, so that a case tells the same
alone and among others. The moment of reception moves one second per delivery, after every date in the cases.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256

import yaml

from schemas.models import canonical_statement, check
from services.indication.assertions import Assertion, Taken, digest, joined, merged_into, statement, under_name
from services.indication.doors import Doors
from services.indication.ijw import Schemas
from services.indication.processor import read_json, read_message
from services.indication.references import Reference
from services.indication.senders import Arrival
from services.indication.teams import teams_from
from services.trajectory.facts import Rules
from tests.conftest import shared_folder
from tests.stories.cases import COVERAGE_START, Message
from youthcare.cli_replay import facts_of
from youthcare.codes import CareForms, care_forms_from
from youthcare.events import MessageCarried, Statement
from youthcare.outcome import Reason, Refused
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_to_wire
from youthcare.youthfacts import YouthFacts

MUNICIPALITY = "0153"
FIRST_RECEPTION = datetime(2026, 1, 5, 8, tzinfo=UTC)
KEY = b"the key of the tests, for digests alone"


@cache
def doors() -> Doors:
    """The doors of Enschede, with the official schemas and the shipped teams."""
    return Doors(
        check=check,
        schemas=Schemas.load(shared_folder() / "ijw" / "xsd"),
        teams=teams_from(yaml.safe_load(shipped("teams.yml").read_text())),
        digest_keys={MUNICIPALITY: KEY},
    )


@cache
def care_forms() -> CareForms:
    """The care forms that the product ships."""
    return care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))


def rules(coverage_start: date = COVERAGE_START) -> Rules:
    """The rules of the cases."""
    return Rules(care_forms=care_forms(), coverage_start=coverage_start)


def youth_of(bsn: str) -> str:
    """The youth of a person, always the same one."""
    return sha256(f"youth/{bsn}".encode()).hexdigest()[:32]


@dataclass(slots=True)
class Register:
    """Identity, references, statements and what waits."""

    statements: dict[tuple[str, str, str], tuple[bytes, Statement]] = field(default_factory=dict)
    known: dict[str, tuple[Reference, str]] = field(default_factory=dict)
    parked: list[Assertion] = field(default_factory=list)

    def take(self, assertions: Iterable[Assertion]) -> list[Refused]:
        """Register a delivery; what carries a number first, for it may tell what the rest refers to."""
        rows = list(assertions)
        verdicts = [self._put(row, youth_of(row.bsn)) for row in rows if row.bsn is not None]
        self.parked += [row for row in rows if row.bsn is None]
        verdicts += self._release()
        return [verdict for verdict in verdicts if verdict is not None]

    def _put(self, row: Assertion, youth: str) -> Refused | None:
        whole = row if row.into_bsn is None else merged_into(row, youth_of(row.into_bsn))
        new = (digest(whole), statement(whole, youth))
        mark, before = self.statements.setdefault(whole.identity, new)
        if (mark, before.youth) != (new[0], youth):
            return Refused(reason=Reason.ID_REUSED, field="id", identification=row.id)
        for reference in row.tells:
            self.known.setdefault(reference.lookup, (reference, youth))
        return None

    def _release(self) -> Iterator[Refused | None]:
        while found := [row for row in self.parked if row.refers_to in self.known]:
            self.parked = [row for row in self.parked if row.refers_to not in self.known]
            for row in found:
                reference, youth = self.known[row.refers_to or ""]
                yield self._put(under_name(row, reference.name), youth)


def _read_json(doors: Doors, arrival: Arrival, body: bytes) -> Taken:
    return joined(read_json(doors, arrival, body))


@dataclass(slots=True)
class Pipeline:
    """Bytes in, facts out."""

    register: Register = field(default_factory=Register)
    received: datetime = FIRST_RECEPTION
    derived: dict[tuple[date, date, datetime], dict[str, YouthFacts]] = field(default_factory=dict)

    def deliver(self, message: Message) -> list[Refused]:
        """One message at the door of its kind; what is refused of it, in order."""
        self.received += timedelta(seconds=1)
        arrival = Arrival(received=self.received, sender="unknown", municipality=MUNICIPALITY)
        read = read_message if message.is_xml else _read_json
        taken = read(doors(), arrival, message.body)
        return [item.refused for item in taken.refused] + self.register.take(taken.assertions)

    def statements(self, youth: str) -> list[Statement]:
        """The canonical statements about a youth but for our own records of what a letter carried."""
        rows = (row for _, row in self.register.statements.values())
        return [row for row in rows if row.youth == youth and not isinstance(row.data, MessageCarried)]

    def facts(self, on: date, coverage_start: date = COVERAGE_START) -> dict[str, YouthFacts]:
        """The facts of every youth, from the statements as they would be read back from the topic."""
        question = (on, coverage_start, self.received)
        if question not in self.derived:
            rows = [canonical_statement(statement_to_wire(row)) for _, row in self.register.statements.values()]
            found = facts_of(rows, rules(coverage_start), on)
            self.derived[question] = {facts.youth: facts for facts in found}
        return self.derived[question]


def without_reception(rows: Iterable[Statement]) -> list[Statement]:
    """Statements as a set to compare: by identity, without the moment they came in."""
    same = (replace(row, received=FIRST_RECEPTION) for row in rows)
    return sorted(same, key=lambda row: (row.source, row.id))
