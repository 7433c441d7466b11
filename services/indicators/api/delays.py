"""The pages of the right edge: how timely senders report, and how complete recent periods probably are.

Timeliness by sender is oversight, so only a supervisor asks for it. An estimate never stands among figures: it has a
page and fields of its own, and the page says so. Others than a supervisor see of it whole per cents alone.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query

from services.indicators.asking import Refusal, days_asked
from services.indicators.catalogue import CATALOGUE
from services.indicators.completeness import HISTORY_DAYS, Estimate, estimate, history_of
from services.indicators.definitions import ANY_DEFINITION, Per
from services.indicators.delays import SENDER, TIMELINESS, Event
from services.indicators.durations import quantile_days
from services.indicators.figures import Figure, decimal_text, figures_by_group
from services.indicators.spans import find_days_of
from services.indicators.steps import Group
from services.indicators.store.delays import Counted, delays_by_sender, delays_of
from services.indicators.store.sums import read_of
from services.indicators.suppression import SMALLEST_COUNT
from youthcare.period import ONE_DAY, Period
from youthcare.runtime.postgres import Connection, Pool, as_municipality, unavailable_as_such
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Forbidden, Principal, principal, require

Bearer = Annotated[Principal, Depends(principal)]
KnownOn = Annotated[date | None, Query(description="What was known on this day; today, or else the last month end")]
Answer = dict[str, Any]

BANDS = (("0-5", 5), ("6-10", 10), ("11-20", 20))
"""The delays in civil days that are counted together, and the longest of each; what is longer is `21+`."""
LONGER = "21+"

ESTIMATE_NOTE_NL = (
    "Dit is een schatting en geen telling. Een deel van de starts en stops wordt later gemeld; uit de vertraging van "
    "eerdere meldingen volgt hoeveel er naar verwachting nog bij komen. Met een kans van 80 procent ligt het "
    "uiteindelijke aantal van lower tot en met upper. Cijfers van deze dienst bevatten deze schatting nooit."
)
TIMELINESS_NOTE_NL = (
    "Tijdig: door de afzender vastgelegd uiterlijk op de vijfde werkdag na de start of stop, of na ontvangst van de "
    "eerste toewijzing als die later kwam. De vertraging telt kalenderdagen van de start of stop tot onze ontvangst."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of which period, group and day an estimate is asked, after it was found that it may be."""

    municipality: str
    name: str
    period: Period
    group: Group
    known_on: date
    is_supervisor: bool


def add_delay_pages(app: FastAPI, pools: Sequence[Pool], today: Callable[[], date]) -> None:
    """Add the two pages; the first of `pools` is there once the app runs."""

    @app.get("/v1/senders/timeliness")
    async def sender_timeliness(
        bearer: Bearer, month: Annotated[str, Query(description="`2024-09`")], known_on: KnownOn = None
    ) -> Answer:
        """Of each sender the share of starts and ends reported in time, and how long after the event they came."""
        require(bearer.is_supervisor())
        days, known = _begun(month, _known_on(bearer, known_on, today()), (Per.MONTH,))
        with unavailable_as_such():
            async with pools[0].acquire() as connection, as_municipality(connection, bearer.municipality):
                return await timeliness(connection, bearer.municipality, month, days, known)

    @app.get("/v1/completeness/{period}")
    async def period_completeness(
        bearer: Bearer,
        period: Annotated[str, Path(description="A month, quarter or year: `2024-09`, `2024Q3`, `2024`")],
        sender: Annotated[str | None, Query(description="One sender, to a supervisor; else all")] = None,
        known_on: KnownOn = None,
    ) -> Answer:
        """What the numbers of starts and ends in a period will probably become: an estimate with an 80 % band."""
        asked = _asked(bearer, period, sender, _known_on(bearer, known_on, today()))
        with unavailable_as_such():
            async with pools[0].acquire() as connection, as_municipality(connection, bearer.municipality):
                return await completeness(connection, asked)


def _known_on(bearer: Principal, known_on: date | None, today: date) -> date:
    days = days_asked(None, known_on, today, is_supervisor=bearer.is_supervisor())
    if isinstance(days, Refusal):
        raise Problem(422, days.value)
    return days.known_on


def _begun(name: str, known_on: date, allowed: Sequence[Per]) -> tuple[Period, date]:
    """The days of a period that has begun on the day asked; raises `Problem`."""
    days = next((days for per in allowed if (days := find_days_of(per, name)) is not None), None)
    if days is None or known_on < days.start:
        names = " or ".join(each.value for each in allowed)
        raise Problem(422, f"The period is no {names} that has begun on the day asked.")
    return days, known_on


def _asked(bearer: Principal, name: str, sender: str | None, known_on: date) -> Asked:
    if not bearer.is_supervisor() and (sender is not None or not bearer.teams()):
        raise Forbidden(Refusal.FORBIDDEN.value)
    days, known = _begun(name, known_on, (Per.MONTH, Per.QUARTER, Per.YEAR))
    return Asked(
        municipality=bearer.municipality,
        name=name,
        period=days,
        group=("municipality", bearer.municipality) if sender is None else (SENDER, sender),
        known_on=known,
        is_supervisor=bearer.is_supervisor(),
    )


async def timeliness(connection: Connection, municipality: str, month: str, days: Period, known_on: date) -> Answer:
    """The timeliness of each sender in a month, and the distribution of its delays."""
    row = CATALOGUE[TIMELINESS, Per.MONTH]
    read = await read_of(connection, municipality, row, month, ANY_DEFINITION, known_on, known_on)
    found = figures_by_group(row, month, ANY_DEFINITION, known_on, read, {})
    delays = await delays_by_sender(connection, municipality, days, known_on)
    senders = {group: figure for (kind, group), figure in found.items() if kind == SENDER}
    return {
        "month": month,
        "known_on": known_on.isoformat(),
        "senders": [_sender(senders[name], delays.get(name, {})) for name in sorted(senders)],
        "note": TIMELINESS_NOTE_NL,
    }


def _sender(figure: Figure, delays: Mapping[int, int]) -> Answer:
    counts = dict.fromkeys([*(name for name, _ in BANDS), LONGER], 0)
    for days, count in delays.items():
        counts[next((name for name, longest in BANDS if days <= longest), LONGER)] += count
    return {
        "sender": figure.group,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "value": decimal_text(figure.value) or None,
        "status": figure.status,
        "delay_days": counts,
        "delay_days_median": quantile_days(delays, Fraction(1, 2)) if sum(delays.values()) else None,
    }


async def counted_delays(
    connection: Connection, municipality: str, group: Group, first_day: date, known_on: date
) -> dict[Event, Counted]:
    """The counted delays of the starts and of the ends of a group from a day on, as known on a day."""
    days = Period(first_day, known_on + ONE_DAY)
    return {event: await delays_of(connection, municipality, event, group, days, known_on) for event in Event}


async def completeness(connection: Connection, asked: Asked) -> Answer:
    """The estimates of the starts and of the ends of a period."""
    first = min(asked.period.start, asked.known_on - timedelta(days=HISTORY_DAYS))
    counted = await counted_delays(connection, asked.municipality, asked.group, first, asked.known_on)
    # In a thread: learning from years of reports would hold up the other requests.
    estimates = await asyncio.to_thread(lambda: [_estimated(asked, event, counted[event]) for event in Event])
    return {
        "period": asked.name,
        "group": asked.group[0] if asked.group[0] != SENDER else f"{SENDER}:{asked.group[1]}",
        "known_on": asked.known_on.isoformat(),
        "is_estimate": True,
        "note": ESTIMATE_NOTE_NL,
        "estimates": estimates,
    }


def _estimated(asked: Asked, event: Event, counted: Mapping[tuple[date, int], int]) -> Answer:
    """One estimate; what is null cannot be told: too little is known, or the asker is no supervisor."""
    count = sum(number for (day, _), number in counted.items() if asked.period.covers(day))
    found = estimate(history_of(counted), asked.period, asked.known_on)
    may_tell = asked.is_supervisor or count >= SMALLEST_COUNT
    return {
        "event": event.value,
        "completeness_percent": round(100 * found.completeness) if found is not None and may_tell else None,
        **(_numbers(count, found) if asked.is_supervisor else {}),
    }


def _numbers(count: int, found: Estimate | None) -> dict[str, int | None]:
    band = (None, None, None) if found is None else (found.lower, found.middle, found.upper)
    return {"reported": count, **dict(zip(("lower", "middle", "upper"), band, strict=True))}
