"""What is asked of the indicators API, after it was found that it may be; else a `Problem`."""

from dataclasses import dataclass
from datetime import date

from services.indicators.asking import Days, Refusal, days_asked, group_asked
from services.indicators.catalogue import CATALOGUE, REPORTED
from services.indicators.definitions import DEFAULT_DEFINITION, DEFINITIONS, Indicator
from services.indicators.spans import per_of
from services.indicators.steps import Group
from services.indicators.store.differing import Asked
from services.indicators.windows import days_asked as days_of_period
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Forbidden, Principal

_IDS = frozenset(row.id for row in REPORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks: a municipality, and whether everything of it may be shown."""

    municipality: str
    is_supervisor: bool
    teams: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Asked):
    """One figure of one group, and who asks for it."""

    asker: Asker


def asker_of(bearer: Principal) -> Asker:
    """Who asks; raises `Forbidden` when the token allows no figures."""
    asker = Asker(
        municipality=bearer.municipality, is_supervisor=bearer.is_supervisor(), teams=frozenset(bearer.teams())
    )
    if not asker.is_supervisor and not asker.teams:
        raise Forbidden(Refusal.FORBIDDEN.value)
    return asker


def days_of(
    asker: Asker, on: date | None, known_on: date | None, today: date, published: frozenset[date] = frozenset()
) -> Days:
    """The days of a question; raises `Problem` when they may not be asked."""
    found = days_asked(on, known_on, today, is_supervisor=asker.is_supervisor, published=published)
    if isinstance(found, Refusal):
        raise Problem(422, found.value)
    return found


def group_of(asker: Asker, name: str) -> Group:
    """The group of a question; raises `Problem` or `Forbidden` when it may not be asked."""
    found = group_asked(name, asker.municipality, teams=asker.teams, is_supervisor=asker.is_supervisor)
    if isinstance(found, Refusal):
        raise Forbidden(found.value) if found is Refusal.FORBIDDEN else Problem(422, found.value)
    return found


def indicator_of(asker: Asker, name: str, period: str, on: date) -> Indicator:
    """The indicator of a question; raises `Problem` when there is none, or none of such a period."""
    if name not in _IDS:
        raise Problem(404, "There is no such indicator; the catalogue stands at /v1/indicators.")
    pers = {row.per for row in REPORTED if row.id == name}
    per = per_of(period)
    found = CATALOGUE.get((name, per)) if per in pers and per is not None else None
    if found is None or days_of_period(found, period, on) is None:
        told = " or ".join(sorted(each.value for each in pers))
        raise Problem(422, f"The period is no {told} that has begun on the day asked.")
    if found.is_for_supervisors and not asker.is_supervisor:
        raise Forbidden(Refusal.FORBIDDEN.value)
    return found


def definition_of(asker: Asker, name: str | None) -> str:
    """The definition set of a question; raises `Problem` when there is none.

    Two sets side by side would tell by their difference what is withheld, so only supervisors choose (0016).
    """
    if name is not None and name not in DEFINITIONS:
        raise Problem(422, f"The definition set is one of {', '.join(DEFINITIONS)}.")
    if name not in (None, DEFAULT_DEFINITION) and not asker.is_supervisor:
        raise Forbidden("Only a supervisor asks under another definition set.")
    return name or DEFAULT_DEFINITION


def question_of(
    bearer: Principal,
    indicator: str,
    period: str,
    group: str,
    days: tuple[date | None, date | None],
    definition: str | None,
    today: date,
    published: frozenset[date] = frozenset(),
) -> Question:
    """A question that may be asked; raises `Problem` or `Forbidden`."""
    asker = asker_of(bearer)
    of_days = days_of(asker, *days, today, published)
    return Question(
        asker=asker,
        group=group_of(asker, group),
        indicator=indicator_of(asker, indicator, period, of_days.on),
        period=period,
        days=of_days,
        definition=definition_of(asker, definition),
    )
