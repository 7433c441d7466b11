"""Until which day there was something to keep of a youth: the day from which the term of its data counts.

Two rules. Care that runs has no last day, and its youth is never past a term. Else it is the latest day that anything
told of the youth says, or on which it was told.
"""

from collections.abc import Iterator
from datetime import date

from youthcare.period import civil_day
from youthcare.youthfacts import IndicationFacts, YouthFacts


def last_day(facts: YouthFacts) -> date | None:
    """The last day that counts for a term; None while care runs without an end."""
    days = list(_days(facts))
    return None if None in days else max(day for day in days if day is not None)


def _days(facts: YouthFacts) -> Iterator[date | None]:
    yield facts.known_day
    yield from (row.valid_from for row in facts.registrations)
    yield from (row.day for row in facts.evaluations)
    for row in facts.requests:
        yield civil_day(row.answered or row.requested)
    for indication in facts.indications:
        yield from _days_of(indication)


def _days_of(row: IndicationFacts) -> Iterator[date | None]:
    # Open running days: None. A grant that nobody ever started counts from its own last day, or its first.
    yield from (period.last_day for period in row.running)
    yield from (grant.last_day or grant.first_day for grant in row.grants)
    yield from (each.day for each in (*row.starts, *row.ends))
