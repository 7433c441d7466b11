"""How complete the last months are: counts as they were reported, estimates beside them, and what is withheld."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.completeness import estimate, history_of
from services.indicators.delays import Event
from services.indicators.report import palette
from services.indicators.report.layout import page_of
from services.indicators.report.model import Band, RecentCount, ReportCell
from services.indicators.report.periods import days_of
from services.indicators.report.recent import recent_counts
from services.indicators.report.views import Note
from tests.report_builders import QUARTER, cell, example_report, recent_count, report, withheld, withheld_count

NBSP = "\u00a0"
KNOWN_ON = date(2024, 10, 31)
MONTHS = [f"2024-{number:02d}" for number in range(4, 10)]
Counted = Mapping[tuple[date, int], int]


def counts(*numbers: int) -> dict[tuple[date, int], int]:
    """So many events in each of the last months, reported the next day."""
    return {(date(2024, 4 + index, 10), 1): number for index, number in enumerate(numbers) if number}


def feed(per_day: int, seed: int = 1, until: date = KNOWN_ON) -> dict[tuple[date, int], int]:
    """Events of nearly five years, reported after twenty days on average, as far as they were reported by a day."""
    rng, first = Random(seed), date(2020, 1, 1)
    days = [first + timedelta(days=number) for number in range((until - first).days + 1)]
    told = Counter((day, int(rng.expovariate(1 / 20))) for day in days for _ in range(per_day))
    return {(day, delay): number for (day, delay), number in told.items() if day + timedelta(days=delay) <= until}


def timeliness(month: str, together: int) -> ReportCell:
    """What the report tells of the starts and ends of a month together."""
    return cell("timeliness", month, together // 2, together)


def told(
    starts: Counted, ends: Counted, cells: Sequence[ReportCell] = (), *, as_of: date = KNOWN_ON
) -> dict[tuple[str, Event], RecentCount]:
    """The recent counts by period and kind."""
    found = recent_counts({Event.START: starts, Event.END: ends}, cells, QUARTER, as_of, KNOWN_ON)
    return {(row.period, row.event): row for row in found}


def note_of(*rows: RecentCount) -> Note:
    """The note of a report with these counts."""
    (found,) = (each for each in page_of(report(recent=rows)).notes if each.anchor == "schattingen")
    return found


def test_the_last_months_are_told_oldest_first_and_then_the_quarter() -> None:
    """Those of the quarter and of the one before; the quarter is the sum of its own."""
    found = told(counts(10, 20, 30, 40, 50, 60), counts(11, 12, 13, 14, 15, 16))

    assert [(period, row.count) for (period, event), row in found.items() if event is Event.START] == [
        *zip(MONTHS, (10, 20, 30, 40, 50, 60), strict=True),
        (QUARTER, 150),
    ]
    assert found[QUARTER, Event.END].count == 45


def test_the_band_is_that_of_the_estimator_and_lies_on_or_above_the_count() -> None:
    """Of a month and of the quarter; the count stays what was reported."""
    starts = feed(6)
    september = days_of("2024-09")

    found = told(starts, feed(5, seed=2))

    expected = estimate(history_of(starts), september, KNOWN_ON)
    assert expected is not None
    assert found["2024-09", Event.START].band == Band(low=expected.lower, high=expected.upper)
    assert found["2024-09", Event.START].count == sum(
        number for (day, _), number in starts.items() if september.covers(day)
    )
    assert all(row.band is not None and row.count is not None and row.count <= row.band.low for row in found.values())


def test_without_enough_history_there_is_a_count_and_no_band() -> None:
    """Nothing is guessed from the reports of six months."""
    found = told(counts(60, 60, 60, 60, 60, 60), counts(50, 50, 50, 50, 50, 50))

    assert {row.band for row in found.values()} == {None}
    assert found["2024-09", Event.START].count == 60


def test_a_month_in_which_the_feed_began_has_no_band() -> None:
    """Of what happened before the first report only the late part was seen, so there is nothing to expect from."""
    later = date(2026, 6, 30)
    starts = {place: number for place, number in feed(6, until=later).items() if place[0] >= date(2024, 4, 10)}
    early = {(date(2024, 4, 2), 30): 40}

    found = recent_counts({Event.START: {**starts, **early}, Event.END: {}}, [], QUARTER, later, later)

    bands = {row.period: row.band for row in found if row.event is Event.START}
    assert bands["2024-04"] is None
    assert bands["2024-05"] is not None


def test_months_before_the_first_report_are_left_out() -> None:
    """A feed that began in July has no noughts of April; a municipality without any has no rows."""
    found = told(counts(0, 0, 0, 40, 50, 60), {})

    assert [period for period, event in found if event is Event.START] == [*MONTHS[3:], QUARTER]
    assert told({}, {}) == {}


def test_a_period_that_still_runs_is_counted_up_to_the_day_asked() -> None:
    """And says so; months to come are not there."""
    starts = {(date(2024, 8, 10), 1): 30, (date(2024, 8, 20), 1): 40}

    found = told(starts, {}, as_of=date(2024, 8, 15))

    assert [(period, row.count, row.last_day) for (period, event), row in found.items() if event is Event.START] == [
        ("2024-08", 30, date(2024, 8, 15)),
        (QUARTER, 30, date(2024, 8, 15)),
    ]


@pytest.mark.parametrize(
    ("ends", "cells"),
    [
        (9, []),
        (1, [timeliness("2024-08", 41)]),
        (30, [withheld("timeliness", "2024-08")]),
        (30, [timeliness("2024-08", 67)]),
    ],
    ids=["small", "small beside a sum that is told", "timeliness is withheld", "three more than timeliness tells"],
)
def test_a_month_shows_both_counts_or_neither(ends: int, cells: list[ReportCell]) -> None:
    """Starts and ends add up to what timeliness divides by; with the month its quarter goes, other months stay."""
    found = told(counts(*[40] * 6), {**counts(20, 20, 20, 20, 0, 20), (date(2024, 8, 10), 1): ends}, cells)

    hidden = {period for (period, _), row in found.items() if row.is_withheld}
    assert hidden == {"2024-08", QUARTER}
    assert all(row.count is None and row.band is None for row in found.values() if row.is_withheld)


def test_a_month_of_the_quarter_before_does_not_hide_the_quarter() -> None:
    """It is no part of that sum."""
    found = told(counts(20, 5, 20, 20, 20, 20), counts(20, 20, 20, 20, 20, 20))

    assert {period for (period, _), row in found.items() if row.is_withheld} == {"2024-05"}


numbers = st.lists(st.one_of(st.just(0), st.integers(1, 12), st.integers(10, 400)), min_size=6, max_size=6)


@given(numbers, numbers, st.lists(st.integers(-12, 12), min_size=6, max_size=6), st.sets(st.sampled_from(MONTHS)))
def test_no_small_number_follows_from_what_is_shown(
    starts: list[int], ends: list[int], off: list[int], hidden: set[str]
) -> None:
    """Whatever is counted, and whatever timeliness tells: neither by itself, nor by taking one from another."""
    together = {month: max(0, sum(row)) for month, *row in zip(MONTHS, starts, ends, off, strict=True)}
    cells = [
        withheld("timeliness", month) if month in hidden else timeliness(month, together[month]) for month in MONTHS
    ]

    found = told(counts(*starts), counts(*ends), cells)

    shown = {place: row.count for place, row in found.items() if row.count is not None}
    months = {period for period, _ in found if period != QUARTER}
    assert not any(0 < number < 10 for number in shown.values())
    for month in months:
        pair = [shown.get((month, event)) for event in Event]
        assert pair.count(None) in (0, 2)
        if None not in pair:
            assert month not in hidden
            assert not 0 < abs(sum(pair) - together[month]) < 10  # type: ignore[arg-type]
    if any((QUARTER, event) in shown for event in Event):
        assert all((month, event) in shown for month in months & set(MONTHS[3:]) for event in Event)


def test_the_note_says_in_a_sentence_what_was_reported_and_what_is_expected() -> None:
    """Of the latest month, for starts and for ends; marked as an estimate."""
    paragraphs = note_of(recent_count(), recent_count(Event.END, count=1262, band=(1291, 1331))).paragraphs

    assert paragraphs[1:3] == (
        "Tot en met 31 oktober 2024 zijn er 312 starts over september 2024 gemeld. "
        "Naar verwachting worden dat er uiteindelijk 325 tot 348 (schatting, 8 van de 10 keer goed).",
        "Tot en met 31 oktober 2024 zijn er 1.262 stops over september 2024 gemeld. "
        "Naar verwachting worden dat er uiteindelijk 1.291 tot 1.331 (schatting, 8 van de 10 keer goed).",
    )
    assert "geen telling" in paragraphs[-1]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (recent_count(band=None), "is nog niet te schatten: er zijn te weinig eerdere meldingen"),
        (
            recent_count(band=(312, 312)),
            "Naar verwachting komen daar geen meer bij (schatting, 8 van de 10 keer goed).",
        ),
        (recent_count(band=(313, 313)), "uiteindelijk 313 (schatting"),
        (recent_count(band=(312, 318)), "uiteindelijk 312 tot 318 (schatting"),
        (recent_count(count=0, band=(0, 2)), "zijn er geen starts over september 2024 gemeld. Naar verwachting worden"),
        (recent_count(last_day=date(2024, 9, 15)), "over september 2024 (tot en met 15 september 2024) gemeld"),
    ],
)
def test_the_sentence_fits_what_is_known(row: RecentCount, words: str) -> None:
    """No band, nothing more expected, one number, nothing reported, a month that runs."""
    assert words in note_of(row, recent_count(Event.END)).paragraphs[1]


def test_a_latest_month_that_is_withheld_is_said_to_be() -> None:
    """One sentence without a number, a table that says the same, and no drawing of nothing."""
    found = note_of(withheld_count(), withheld_count(Event.END))

    why = "zij zijn te klein, of verraden een te klein aantal"
    assert found.paragraphs[1] == f"De aantallen over september 2024 worden niet getoond: {why}."
    assert [cell.text for cell in found.tables[0].rows[0].cells] == ["niet getoond (te kleine aantallen)", "–"] * 2
    assert found.drawings == ()


def test_what_is_withheld_here_is_counted_with_the_rest() -> None:
    """Two more figures of the municipality that are not shown."""
    (found,) = (
        each
        for each in page_of(report(recent=[withheld_count(), withheld_count(Event.END)])).notes
        if each.anchor == "niet-getoond"
    )

    assert "2 van de cijfers van de gemeente" in found.paragraphs[-1]


def test_the_table_holds_counts_and_estimates_in_columns_of_their_own() -> None:
    """The quarter first, then the months, newest first; what is not known is said."""
    (table,) = note_of(
        recent_count(period="2024-08", count=329, band=(329, 329)),
        recent_count(Event.END, "2024-08", 318, None),
        recent_count(),
        recent_count(Event.END, count=262, band=(291, 331)),
        recent_count(period=QUARTER, count=988, band=(1012, 1041), last_day=date(2024, 9, 15)),
        recent_count(Event.END, QUARTER, 938, (992, 1046)),
    ).tables

    assert table.columns == ("Periode", "Starts: geteld", "Starts: schatting", "Stops: geteld", "Stops: schatting")
    assert [[row.head.text, *(cell.text for cell in row.cells)] for row in table.rows] == [
        ["3e kwartaal 2024", "988", "1.012 tot 1.041", "938", "992 tot 1.046"],
        ["september 2024", "312", "325 tot 348", "262", "291 tot 331"],
        ["augustus 2024", "329", "329", "318", "geen schatting"],
    ]
    assert table.rows[0].head.note == "tot en met 15 september 2024"


def test_the_drawing_has_a_bracket_beside_each_count_that_will_rise_and_all_its_numbers_in_words() -> None:
    """Told by shape and by words: an open mark, a bracket, a name and a text for who cannot see it."""
    drawing, _ = note_of(
        recent_count(period="2024-07", count=351, band=(351, 351)),
        recent_count(Event.END, "2024-07"),
        withheld_count(period="2024-08"),
        withheld_count(Event.END, "2024-08"),
        recent_count(),
        recent_count(Event.END),
    ).drawings

    root = ElementTree.fromstring(drawing.svg)  # noqa: S314 - it is our own
    strokes = [element.get("stroke") for element in root.iter("{http://www.w3.org/2000/svg}line")]
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert strokes.count(palette.ESTIMATE) == 6  # one bracket, and that of the legend
    assert {"voorlopig", "verwachte eindstand (schatting)", "n.g."} <= set(texts)
    assert root[0].text == (
        "Lijngrafiek: gemelde starts per maand, met de verwachte eindstand, juli 2024 tot en met september 2024."
    )
    assert root[1].text == (
        "juli 2024: 351 geteld, verwacht 351 (schatting). augustus 2024: niet getoond (te kleine aantallen). "
        "september 2024: 312 geteld, verwacht 325 tot 348 (schatting)."
    )


def test_a_drawing_says_when_its_axis_does_not_start_at_nought() -> None:
    """As under every other chart."""
    high = note_of(recent_count(), recent_count(Event.END))
    low = note_of(recent_count(count=20, band=(25, 300)), recent_count(Event.END))

    assert [drawing.note for drawing in high.drawings] == ["Let op: de verticale as begint niet bij nul."] * 2
    assert low.drawings[0].note == ""


def test_no_figure_of_the_report_is_changed_by_an_estimate() -> None:
    """With and without them page 1, the chapters and the teams are the same."""
    built = example_report()
    plain = page_of(report(*built.cells, targets=built.targets, external=built.external, teams=dict(built.teams)))

    page = page_of(built)

    assert (page.summary, page.chapters, page.teams) == (plain.summary, plain.chapters, plain.teams)


def test_a_report_without_any_says_so() -> None:
    """No empty table, and no sentence about nothing."""
    found = note_of()

    assert found.paragraphs == ("Voor dit rapport zijn geen starts en stops van de laatste maanden geteld.",)
    assert (found.drawings, found.tables) == ((), ())


@pytest.mark.parametrize(
    "broken",
    [
        {"count": None},
        {"count": 3, "is_withheld": True},
        {"count": 3, "band": Band(low=2, high=9)},
        {"count": None, "is_withheld": True, "band": Band(low=2, high=9)},
    ],
)
def test_a_count_and_its_band_cannot_contradict_each_other(broken: dict[str, object]) -> None:
    """What is withheld has no number of any kind, and a band never lies below what was reported."""
    values = {"event": Event.START, "period": "2024-09", "last_day": date(2024, 9, 30), **broken}

    with pytest.raises(AssertionError):
        RecentCount(**values)  # type: ignore[arg-type]
