"""What the teams' own systems tell: their registrations, the care they give themselves, their evaluations.

Two rules. Team care has the team's own indication ids and never comes by iJw. An evaluation is due after three
months and then yearly; many of them are not recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from youthcare.codes import ChangeReason, Referrer
from youthcare.period import Period, add_months
from youthcare.simulator.assignments import Assignment
from youthcare.simulator.messages import Notice, TeamEvent
from youthcare.simulator.planning import arrival, working_day
from youthcare.simulator.population import Youth

CARE_RECORDED = 0.8  # share of the due evaluations of team care that is recorded
PROVIDERS_RECORDED = 0.65  # the same for care of providers that a team granted itself


@dataclass(slots=True, kw_only=True)
class TeamSystem:
    """What the team system writes about one youth; it hands out event ids."""

    rng: Random
    municipality: str
    youth: Youth
    last_number: int = 0

    def notice(self, kind: str, day: date, content: dict[str, Any]) -> Notice:
        """An event recorded on a day and sent at once."""
        self.last_number += 1
        recorded = arrival(self.rng, working_day(day))
        event = TeamEvent(
            id=f"{self.youth.number:07d}-{self.last_number:03d}",
            type=kind,
            municipality=self.municipality,
            team=self.youth.home(day)[0],
            recorded=recorded,
            content={"bsn": self.youth.bsn, **content},
        )
        return Notice(received=recorded + timedelta(seconds=self.rng.randrange(1, 90)), message=event)


def recorded(system: TeamSystem, team_care: Sequence[Assignment], granted: Sequence[Assignment]) -> Iterator[Notice]:
    """All events of the team about a youth: team care, and evaluations of the care it granted."""
    registered_on: date | None = None
    for one in team_care:
        running = one.running
        assert running is not None, "team care is given, not granted"
        if registered_on is None:
            registered_on = running.start
            yield _registration(system, running.start)
        yield from _care(system, one, running)
    for one in granted:
        if one.running is not None and one.provision.referrer is Referrer.MUNICIPALITY:
            yield from _evaluations(system, f"{system.municipality}-{one.number}", one.running, PROVIDERS_RECORDED)


def _registration(system: TeamSystem, day: date) -> Notice:
    youth = system.youth
    return system.notice(
        "youth.registered",
        day,
        {
            "valid_from": day.isoformat(),
            "birth_date": youth.birth_date.isoformat(),
            "team": youth.home(day)[0],
            "case_reference": f"ZAAK-{youth.number:06d}",
        },
    )


def _care(system: TeamSystem, one: Assignment, running: Period) -> Iterator[Notice]:
    indication = f"{system.municipality}-W{one.number}"
    for spell in one.spells:
        told = spell.first_day + timedelta(days=_delay(system.rng))
        version = next((grant for grant in reversed(one.grants) if grant.granted_at.date() <= told), one.grants[0])
        yield _start(system, indication, spell.first_day, told, version.last_day)
        for last_day, reason in spell.stops:
            content = {"first_day": spell.first_day, "last_day": last_day, "reason": reason.value}
            yield system.notice(
                "indication.ended",
                last_day + timedelta(days=_delay(system.rng)),
                {"indication": indication, **{name: str(value) for name, value in content.items()}},
            )
    yield from _prolonged(system, indication, one)
    yield from _evaluations(system, indication, running, CARE_RECORDED)


def _prolonged(system: TeamSystem, indication: str, one: Assignment) -> Iterator[Notice]:
    """A team has no grants to extend: it states the start again, with a later planned last day."""
    for grant in one.grants:
        day = grant.granted_at.date()
        begun = [spell.first_day for spell in one.spells if spell.first_day <= day]
        if grant.change_reason is ChangeReason.EXTENDED and begun:
            yield _start(system, indication, begun[-1], day, grant.last_day)


def _start(system: TeamSystem, indication: str, first_day: date, told: date, last_day: date | None) -> Notice:
    team = system.youth.home(first_day)[0]
    return system.notice(
        "indication.started",
        told,
        {
            "indication": indication,
            "first_day": first_day.isoformat(),
            "provider": f"wijkteam-{team}",
            "product": {"category": "31"},
            "referrer": "01",
            "team": team,
            **_planned(last_day, first_day),
        },
    )


def _planned(last_day: date | None, first_day: date) -> dict[str, str]:
    return {} if last_day is None or last_day < first_day else {"planned_last_day": last_day.isoformat()}


def _delay(rng: Random) -> int:
    return rng.randrange(4) if rng.random() < 0.88 else rng.randrange(4, 60)


def _evaluations(system: TeamSystem, indication: str, running: Period, share: float) -> Iterator[Notice]:
    due, stop = add_months(running.start, 3), min(running.end, add_months(running.start, 240))
    while due < stop:
        if system.rng.random() < share:
            day = due + timedelta(days=system.rng.randrange(-10, 25))
            yield system.notice("evaluation.recorded", day, {"indication": indication, "day": day.isoformat()})
        due = add_months(due, 12)
