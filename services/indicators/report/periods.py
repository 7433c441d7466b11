"""The periods of a report and their Dutch names: `2024Q3` is "het derde kwartaal van 2024"."""

from datetime import date

from services.indicators.definitions import Per
from youthcare.period import ONE_DAY, add_months

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
_MONTHS = {Per.MONTH: 1, Per.QUARTER: 3, Per.YEAR: 12}
EARLIER_NL = {Per.MONTH: "een maand eerder", Per.QUARTER: "een kwartaal eerder", Per.YEAR: "een jaar eerder"}
PERIOD_NL = {Per.MONTH: "maand", Per.QUARTER: "kwartaal", Per.YEAR: "jaar"}


def per_of(period: str) -> Per:
    """Whether a name is that of a month, a quarter or a year."""
    if "Q" in period:
        return Per.QUARTER
    return Per.MONTH if "-" in period else Per.YEAR


def first_day(period: str) -> date:
    """The first day of a period."""
    year = int(period[:4])
    if per_of(period) is Per.QUARTER:
        return date(year, int(period[5]) * 3 - 2, 1)
    return date(year, int(period[5:] or 1), 1)


def last_day(period: str) -> date:
    """The last day of a period."""
    return add_months(first_day(period), _MONTHS[per_of(period)]) - ONE_DAY


def name_of(per: Per, day: date) -> str:
    """The name of the period that holds a day."""
    if per is Per.QUARTER:
        return f"{day.year:04d}Q{(day.month + 2) // 3}"
    return f"{day.year:04d}-{day.month:02d}" if per is Per.MONTH else f"{day.year:04d}"


def list_until(quarter: str, per: Per, count: int) -> tuple[str, ...]:
    """The last periods up to the one in which the quarter ends, oldest first."""
    end = first_day(name_of(per, last_day(quarter)))
    return tuple(name_of(per, add_months(end, -back * _MONTHS[per])) for back in reversed(range(count)))


def before(period: str) -> str:
    """The period before a period."""
    return name_of(per_of(period), first_day(period) - ONE_DAY)


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
