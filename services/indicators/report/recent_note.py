"""The note on how complete the last months are: what was counted, and beside it the estimate of what it will become.

An estimate is called one wherever it stands, has columns and marks of its own, and is added to no count.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from services.indicators.definitions import Per
from services.indicators.delays import Event
from services.indicators.report.charts import Chart, Line, Point, drawing_note_nl, line_chart, point_of
from services.indicators.report.model import RecentCount, Report
from services.indicators.report.numbers import COUNT, counted
from services.indicators.report.periods import day_nl, in_words, last_day, per_of, tick, titled
from services.indicators.report.sentences import WITHHELD_NL
from services.indicators.report.views import Cell, Drawing, Note, Row, Table

TITLE_NL = "Hoe volledig zijn de laatste cijfers? (schatting)"
TIMES_RIGHT_NL = "8 van de 10 keer goed"
"""How often the band holds what the count becomes (`completeness.py`)."""
EVENTS_NL = {Event.START: "starts", Event.END: "stops"}

_WHY_NL = (
    "Een deel van de starts en stops van jeugdhulp wordt later gemeld. De aantallen van de laatste maanden lopen "
    "daardoor nog op."
)
_APART_NL = (
    "De verwachting is een schatting en geen telling: zij volgt uit de vertraging van eerdere meldingen en telt in "
    "geen enkel cijfer van dit rapport mee. Dat meldingen later worden ingetrokken, is er niet in voorzien."
)
_NOTHING_NL = "Voor dit rapport zijn geen starts en stops van de laatste maanden geteld."
_NO_HISTORY_NL = (
    "Hoeveel het er uiteindelijk worden, is nog niet te schatten: er zijn te weinig eerdere meldingen om van te leren."
)


def recent_note(report: Report) -> Note:
    """The note: in a sentence for starts and for ends, in a drawing of each, in a table."""
    rows = report.recent
    table = recent_table(rows)
    return Note(
        anchor="schattingen",
        title=TITLE_NL,
        paragraphs=(_WHY_NL, *_sentences(report), _APART_NL) if rows else (_NOTHING_NL,),
        drawings=tuple(_drawings(rows)),
        tables=() if table is None else (table,),
    )


def _sentences(report: Report) -> Iterator[str]:
    """What is told of the latest month."""
    latest = _months(report.recent)[-len(Event) :]
    if any(row.is_withheld for row in latest):
        why = "zij zijn te klein, of verraden een te klein aantal"
        yield f"De aantallen over {_over(latest[0])} worden niet getoond: {why}."
        return
    yield from (f"{_counted_nl(row, report)} {_expected_nl(row)}" for row in latest)


def _months(rows: Sequence[RecentCount]) -> list[RecentCount]:
    return [row for row in rows if per_of(row.period) is Per.MONTH]


def _over(row: RecentCount) -> str:
    """The period in a sentence, and up to which day when it is not over."""
    running = "" if row.last_day == last_day(row.period) else f" (tot en met {day_nl(row.last_day)})"
    return f"{in_words(row.period)}{running}"


def _counted_nl(row: RecentCount, report: Report) -> str:
    number = counted(row.count) if row.count else "geen"
    return f"Tot en met {day_nl(report.known_on)} zijn er {number} {EVENTS_NL[row.event]} over {_over(row)} gemeld."


def _expected_nl(row: RecentCount) -> str:
    if row.band is None:
        return _NO_HISTORY_NL
    if not row.may_rise:
        return f"Naar verwachting komen daar geen meer bij (schatting, {TIMES_RIGHT_NL})."
    return f"Naar verwachting worden dat er uiteindelijk {_band_nl(row)} (schatting, {TIMES_RIGHT_NL})."


def _band_nl(row: RecentCount) -> str:
    """The band in words; a dash where the count itself is not shown."""
    if row.band is None:
        return "–" if row.is_withheld else "geen schatting"
    low, high = counted(row.band.low), counted(row.band.high)
    return low if low == high else f"{low} tot {high}"


def recent_table(rows: Sequence[RecentCount]) -> Table | None:
    """The counts with the estimates beside them, the quarter first and then the months, newest first."""
    if not rows:
        return None
    periods = list(dict.fromkeys(row.period for row in reversed(rows)))
    by_place = {(row.period, row.event): row for row in rows}
    heads = [(f"{name.capitalize()}: geteld", f"{name.capitalize()}: schatting") for name in EVENTS_NL.values()]
    return Table(
        caption=f"Starts en stops: nu geteld, en verwachte eindstand (schatting, {TIMES_RIGHT_NL})",
        columns=("Periode", *(head for pair in heads for head in pair)),
        rows=tuple(_row([by_place[period, event] for event in EVENTS_NL]) for period in periods),
    )


def _row(rows: Sequence[RecentCount]) -> Row:
    running = "" if rows[0].last_day == last_day(rows[0].period) else f"tot en met {day_nl(rows[0].last_day)}"
    return Row(
        head=Cell(text=titled(rows[0].period), note=running),
        cells=tuple(cell for row in rows for cell in (_count_cell(row), Cell(text=_band_nl(row)))),
    )


def _count_cell(row: RecentCount) -> Cell:
    return Cell(text=WITHHELD_NL, is_words=True) if row.count is None else Cell(text=counted(row.count))


def _drawings(rows: Sequence[RecentCount]) -> Iterator[Drawing]:
    for event in EVENTS_NL:
        months = [row for row in _months(rows) if row.event is event]
        if any(row.count is not None for row in months):
            chart = _chart(event, months)
            yield Drawing(svg=line_chart(chart), note=drawing_note_nl(chart))


def _chart(event: Event, months: Sequence[RecentCount]) -> Chart:
    """The counts of the months, and a bracket beside each that is expected to rise."""
    name = EVENTS_NL[event]
    first, last = titled(months[0].period), titled(months[-1].period)
    return Chart(
        name=f"volledigheid-{name}",
        title_nl=f"Lijngrafiek: gemelde {name} per maand, met de verwachte eindstand, {first} tot en met {last}.",
        description_nl=" ".join(_described(row) for row in months),
        axis_nl=f"aantal {name} per maand",
        ticks=tuple(tick(row.period) for row in months),
        lines=(Line(name_nl=f"{name}, nu geteld", points=tuple(_point(row) for row in months)),),
        targets=(None,) * len(months),
        bands={
            index: (Fraction(row.band.low), Fraction(row.band.high))
            for index, row in enumerate(months)
            if row.band is not None and row.may_rise
        },
    )


def _point(row: RecentCount) -> Point:
    value = None if row.count is None else Fraction(row.count)
    return point_of(value, COUNT, is_provisional=row.may_rise, is_withheld=row.is_withheld)


def _described(row: RecentCount) -> str:
    """One month of a drawing in words."""
    if row.count is None:
        return f"{titled(row.period)}: {WITHHELD_NL}."
    told = f"{titled(row.period)}: {counted(row.count)} geteld"
    return f"{told}." if row.band is None else f"{told}, verwacht {_band_nl(row)} (schatting)."
