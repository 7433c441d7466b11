"""Naive readings of the rules about one indication, and of moves between residences (decision 0017)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from services.alerts.norms import Norm
from tests.naive_alerts.seen import (
    DAY,
    HORIZON,
    Days,
    Holds,
    Line,
    Seen,
    between,
    counted,
    earliest,
    last_of,
    number_of,
    pieces,
    under,
)
from tests.naive_alerts.trajectories import smallest_begun, told_already
from youthcare.period import add_months, civil_day
from youthcare.youthfacts import IndicationFacts, RequestFacts


def ending(seen: Seen) -> Iterator[Line]:
    """Running, with a granted last day ahead, and nobody knows what comes after."""
    for row in seen.counting:
        days = seen.running[row.indication]
        last = row.grants[-1].last_day if row.grants else None
        if last is None or not days:
            continue
        known = min(_follow_ups(seen, row, last), default=None)
        closes = earliest(last, last_of(days), known)
        found = seen.opened("end-near", "signal", _near(last, days, known, closes), row.care_form)
        if found:
            yield seen.line("end-near", "signal", row.indication, found, closes, [row])


def _near(last: date, days: Days, known: date | None, closes: date | None) -> Holds:
    def holds(norm: Norm) -> tuple[date, ...]:
        day = max(last - timedelta(days=number_of(norm)), min(days))
        told = known is not None and known <= day
        return between(day, closes) if day in days and not told else ()

    return holds


def _follow_ups(seen: Seen, row: IndicationFacts, last: date) -> Iterator[date]:
    """The days on which each follow-up became known."""
    until = last + timedelta(days=31)
    for other in seen.counting:
        if other.indication == row.indication or other.care_form != row.care_form:
            continue
        days = seen.running[other.indication]
        runs_on = bool(days) and max(days) > last and min(days) <= until
        grant = other.grants[-1] if other.grants else None
        granted = grant is not None and grant.first_day <= until and (grant.last_day is None or grant.last_day > last)
        if runs_on or granted:
            known = earliest(other.grants[0].granted_at.date() if other.grants else None, min(days, default=None))
            assert known is not None
            yield known


def waiting(seen: Seen) -> Iterator[Line]:
    """Granted, and on no day since the granted first day a start."""
    for row in seen.counting:
        if not row.grants:
            continue
        grant = row.grants[-1]
        closes = earliest(grant.last_day, row.first_start and row.first_start - DAY)
        found = seen.opened("waiting-long", "signal", _after(grant.first_day, closes), row.care_form)
        if found:
            yield seen.line("waiting-long", "signal", row.indication, found, closes, [row])


def _after(day: date, closes: date | None) -> Holds:
    return lambda norm: between(day + timedelta(days=number_of(norm)), closes)


def paused(seen: Seen) -> Iterator[Line]:
    """Running days without care on end."""
    for row in seen.counting:
        for days in pieces(seen.running[row.indication] - seen.care[row.indication]):
            found = seen.opened("sleeper", "paused", counted(days), row.care_form)
            if found:
                yield seen.line("sleeper", "paused", row.indication, found, last_of(days), [row])


def endless(seen: Seen) -> Iterator[Line]:
    """The granted last day has passed, and its end was not recorded by then."""
    for row in seen.counting:
        last = row.grants[-1].last_day if row.grants else None
        alike = [one for one in seen.counting if (one.care_form, one.provider) == (row.care_form, row.provider)]
        goes_on = last is not None and any(last + DAY in seen.running[one.indication] for one in alike)
        if last is None or not row.care or last not in seen.running[row.indication] or goes_on:
            continue
        told = [civil_day(end.time) for end in row.closing_ends if end.day == last]
        closes = min(told) - DAY if told else None
        found = seen.opened("sleeper", "no-end", _after(last, closes), row.care_form)
        if found:
            yield seen.line("sleeper", "no-end", row.indication, found, closes, [row])


def shopped(seen: Seen) -> Iterator[Line]:
    """A request was rejected; then the same care form was granted through another referrer."""
    refused = [
        (civil_day(request.answered), request)
        for request in seen.facts.requests
        if request.answer == "rejected" and request.answered
    ]
    for row in seen.counting:
        for rejected, request in sorted(refused, key=lambda pair: (pair[0], pair[1].request)):
            if not (row.grants and _differs(row, request)):
                continue
            granted = row.grants[0].granted_at.date()
            last = row.grants[-1].last_day
            closes = last_of(seen.running[row.indication]) if seen.running[row.indication] else last
            found = seen.opened("shopping", "signal", _soon(rejected, granted, closes), row.care_form)
            if found:
                yield seen.line("shopping", "signal", row.indication, found, closes, [row], request.evidence)


def _soon(rejected: date, granted: date, closes: date | None) -> Holds:
    def holds(norm: Norm) -> tuple[date, ...]:
        soon = rejected < granted <= add_months(rejected, number_of(norm))
        return between(granted, closes) if soon else ()

    return holds


def _differs(row: IndicationFacts, request: RequestFacts) -> bool:
    known = None not in (row.referrer, request.referrer) and row.referrer != request.referrer
    return known and row.care_form in request.care_forms and row.grants[0].request != request.request


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Care days of one residential provision, short gaps joined."""

    provision: tuple[str, str]
    first: date
    last: date


def stays(seen: Seen) -> list[Stay]:
    """All stays by first day; an unknown provider is one provider and comes first."""
    rows = [row for row in seen.counting if row.residential]
    found = []
    for form, provider in {(row.care_form, row.provider or "") for row in rows}:
        care = [seen.care[row.indication] for row in rows if (row.care_form, row.provider or "") == (form, provider)]
        for days in pieces({day for one in care for day in one}, gap_days=31):
            found.append(Stay(provision=(form, provider), first=min(days), last=max(days)))
    return sorted(found, key=lambda stay: (stay.first, stay.provision))


def moves(seen: Seen) -> list[date]:
    """The first days of stays that replace another: it ended last before, and no stay replaced it yet (§4, 0011)."""
    days: list[date] = []
    taken: list[Stay] = []
    for new in stays(seen):
        candidates = [old for old in stays(seen) if old not in taken and _may_replace(new, old)]
        if candidates:
            taken.append(max(candidates, key=lambda stay: (stay.last, stay.provision)))
            days.append(new.first)
    return days


def _may_replace(new: Stay, old: Stay) -> bool:
    between_days = (new.first - old.last).days - 1
    other = old.provision != new.provision
    return other and old.first < new.first and old.last < new.last and -14 <= between_days <= 31


def roaming(seen: Seen) -> Iterator[Line]:
    """Days on which so many moves of the twelve months before count."""
    days = moves(seen)
    counts = {day: sum(move <= day < add_months(move, 12) for move in days) for day in HORIZON} if days else {}
    found: list[Line] = []
    for norm, _, _ in seen.windows("residential-moves", "signal", None) if days else ():
        for run in pieces(day for day in counts if counts[day] >= number_of(norm)):
            opened = seen.opened("residential-moves", "signal", under(norm, run))
            if opened and not any(told_already(one, opened[0], run) for one in found):
                found.append(_roaming_line(seen, opened, run))
    yield from found


def _roaming_line(seen: Seen, opened: tuple[date, Norm], run: Days) -> Line:
    lately = {*between(add_months(opened[0], -12), opened[0])}
    rows = [row for row in seen.counting if row.residential]
    evidence = [row for row in rows if seen.care[row.indication] & lately]
    in_care = any(opened[0] in seen.care[row.indication] for row in rows)
    anchor = smallest_begun(seen, rows, opened[0]) if in_care else min(row.indication for row in evidence)
    return seen.line("residential-moves", "signal", anchor, opened, last_of(run), evidence)
