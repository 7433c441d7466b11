"""The periods of a report and their Dutch names: `2024Q3` is "het derde kwartaal van 2024"."""

from datetime import date

from services.indicators import spans
from services.indicators.definitions import Per
from youthcare.period import ONE_DAY, Period

MONTHS_NL = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)
_ORDINALS_NL = ("eerste", "tweede", "derde", "vierde")
EARLIER_NL = {Per.MONTH: "een maand eerder", Per.QUARTER: "een kwartaal eerder", Per.YEAR: "een jaar eerder"}
PERIOD_NL = {Per.MONTH: "maand", Per.QUARTER: "kwartaal", Per.YEAR: "jaar"}


def per_of(period: str) -> Per:
    """Whether a name is that of a month, a quarter or a year."""
    per = spans.per_of(period)
    assert per is not None, "a report names periods"
    return per


def days_of(period: str) -> Period:
    """The days of a period."""
    days = spans.find_days_of(per_of(period), period)
    assert days is not None, "a report names periods"
    return days


def last_day(period: str) -> date:
    """The last day of a period."""
    return days_of(period).end - ONE_DAY


def list_until(quarter: str, per: Per, count: int) -> tuple[str, ...]:
    """The last periods up to the one in which the quarter ends, oldest first."""
    first_day = last_day(quarter)
    for _ in range(count - 1):
        first_day = spans.previous_first_day(per, first_day)
    return tuple(spans.list_names(per, first_day, last_day(quarter)))


def before(period: str) -> str:
    """The period before a period."""
    return spans.name_of(per_of(period), days_of(period).start - ONE_DAY)


def in_words(period: str) -> str:
    """A period within a sentence: "het derde kwartaal van 2024", "september 2024", "2024"."""
    if per_of(period) is Per.QUARTER:
        return f"het {_ORDINALS_NL[int(period[5]) - 1]} kwartaal van {period[:4]}"
    return titled(period)


def titled(period: str) -> str:
    """A period as the head of a row: "3e kwartaal 2024", "september 2024", "2024"."""
    if per_of(period) is Per.QUARTER:
        return f"{period[5]}e kwartaal {period[:4]}"
    return f"{MONTHS_NL[int(period[5:]) - 1]} {period[:4]}" if per_of(period) is Per.MONTH else period


def tick(period: str) -> tuple[str, str]:
    """A period under an axis, in two lines; the year stands under each first and last of its kind."""
    if per_of(period) is Per.QUARTER:
        return f"kw {period[5]}", period[:4]
    return (MONTHS_NL[int(period[5:]) - 1][:3], period[:4]) if per_of(period) is Per.MONTH else (period, "")


def day_nl(day: date) -> str:
    """A day in words: "30 september 2024"."""
    return f"{day.day} {MONTHS_NL[day.month - 1]} {day.year}"
