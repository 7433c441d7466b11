"""Whose a lost youth is: after an older dump was restored, the register knows youths whose identity went with it.

Three rules. A person without an identity is recognised by a statement that comes again, the same in source, id and
content, under a youth that is nobody's. Two persons are never joined: what points two ways points nowhere. Nobody
gets the youth of somebody who was forgotten.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from services.indication.assertions import Assertion, digests, merged_into
from youthcare.events import YouthForgotten

Person = tuple[str, str]
"""Municipality and BSN."""
Place = tuple[str, str]
"""Municipality and youth."""
Claim = Mapping[Person, str]
"""Which youth each person of one statement is, if that statement is the one that stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A statement of the register: under which youth, with which digest, and its record."""

    youth: str
    digest: bytes
    body: bytes = field(repr=False)


def persons_of(assertion: Assertion) -> set[Person]:
    """The persons that a statement names by their BSN."""
    return {(assertion.municipality, bsn) for bsn in (assertion.bsn, assertion.into_bsn) if bsn is not None}


def claim(assertion: Assertion, standing: Standing) -> Claim:
    """What a statement that comes again tells of its persons; nothing when another stands in its place.

    A wish to be forgotten tells nothing: it stands under a youth that is to have no person.
    """
    if assertion.bsn is None or isinstance(assertion.data, YouthForgotten):
        return {}
    own = {(assertion.municipality, assertion.bsn): standing.youth}
    if assertion.into_bsn is None:
        return own if standing.digest in digests(assertion) else {}
    into = json.loads(standing.body)["data"].get("into")
    if into is None or standing.digest not in digests(merged_into(assertion, into)):
        return {}
    return own | {(assertion.municipality, assertion.into_bsn): into}


def recognised(claims: Iterable[Claim], known: Mapping[Person, str], taken: Collection[Place]) -> Mapping[Person, str]:
    """The youths of persons who have none yet; ``known`` are those who have, ``taken`` the youths not to be given."""
    youths: dict[Person, set[str]] = defaultdict(set)
    persons: dict[Place, set[Person]] = defaultdict(set)
    for each in claims:
        for person, youth in each.items() if _is_possible(each, known, taken) else ():
            youths[person].add(youth)
            persons[person[0], youth].add(person)
    told = {person: next(iter(found)) for person, found in youths.items() if len(found) == 1 and person not in known}
    return {person: youth for person, youth in told.items() if len(persons[person[0], youth]) == 1}


def _is_possible(told: Claim, known: Mapping[Person, str], taken: Collection[Place]) -> bool:
    return all(
        known[person] == youth if person in known else (person[0], youth) not in taken for person, youth in told.items()
    )
