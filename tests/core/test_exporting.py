"""Figures as a file: what every row tells, and what a reader who is no supervisor does not get."""

import csv
import io
import json
from datetime import date
from fractions import Fraction

from services.indicators.exporting import COLUMNS, Row, csv_text, json_rows, rows_of
from services.indicators.figures import Figure
from services.indicators.relations import Key
from services.indicators.suppression import Suppressed
from tests.figure_stories import MUNICIPALITY, P

ON, KNOWN_ON = date(2024, 4, 30), date(2024, 5, 2)
NOTHING_HIDDEN = Suppressed(figures=frozenset(), pending=frozenset())


def figure(
    indicator: str = "stacking_share",
    period: str = "2024-03",
    group: tuple[str, str] = ("municipality", MUNICIPALITY),
    pending: int = 0,
) -> Figure:
    """30 of 90, which is a third."""
    return Figure(
        indicator=indicator,
        period=period,
        group_kind=group[0],
        group=group[1],
        numerator=30,
        denominator=90,
        value=Fraction(1, 3),
        status="final",
        pending=pending,
    )


NOORD, ZUID = figure(group=("team", "noord")), figure(group=("team", "zuid"))
AT_PROVIDER, BY_FORM = figure(group=("provider", P)), figure(group=("care_form", "residence"))
OVERSIGHT, AS_A_YEAR = figure("renewal_rate", "2024Q1"), figure(period="2024")
ALL = [figure(), NOORD, ZUID, AT_PROVIDER, BY_FORM, OVERSIGHT, AS_A_YEAR]


def places(rows: list[Row]) -> list[tuple[str, str, str]]:
    """What each row is about."""
    return [(row.indicator, row.period, row.group) for row in rows]


def test_a_supervisor_gets_every_figure() -> None:
    """Providers, oversight and all teams."""
    assert len(list(rows_of(ALL, NOTHING_HIDDEN, None))) == len(ALL)


def test_a_team_gets_itself_the_municipality_and_groups_that_name_no_provider() -> None:
    """No other team, no provider, and no figure that is for oversight of providers."""
    rows = list(rows_of(ALL, NOTHING_HIDDEN, {"noord"}))

    assert places(rows) == [
        ("stacking_share", "2024-03", MUNICIPALITY),
        ("stacking_share", "2024-03", "noord"),
        ("stacking_share", "2024-03", "residence"),
        ("stacking_share", "2024", MUNICIPALITY),
    ]


def test_a_sender_is_for_supervisors_alone() -> None:
    """Timeliness by source tells of a provider."""
    row = figure("timeliness", group=("sender", "urn:ijw:0153:42420001"))

    assert list(rows_of([row], NOTHING_HIDDEN, set())) == []
    assert len(list(rows_of([row], NOTHING_HIDDEN, None))) == 1


def test_the_meaning_follows_the_period() -> None:
    """The same id per month and per year has its own label and meaning."""
    month, year = rows_of([figure(), AS_A_YEAR], NOTHING_HIDDEN, None)

    assert (month.label_nl, year.label_nl) == (
        "Aandeel jeugdigen met zorgstapeling (maand)",
        "Aandeel jeugdigen met zorgstapeling (jaar)",
    )
    assert "the month" in month.meaning
    assert "the year" in year.meaning


def test_what_is_withheld_has_its_row_without_numbers() -> None:
    """A gap that says why it is one."""
    hidden = Suppressed(
        figures=frozenset({Key("stacking_share", "2024-03", ("team", "noord"))}),
        pending=frozenset(),
    )

    (row,) = rows_of([NOORD], hidden, {"noord"})

    assert row.withheld
    assert (row.numerator, row.denominator, row.value, row.pending) == (None, None, "", None)
    assert row.status == "final"


def test_a_pending_count_can_be_withheld_alone() -> None:
    """The figure is told, how many are pending is not."""
    key = Key("sustainable_exit_rate", "2024Q1", ("municipality", MUNICIPALITY))
    hidden = Suppressed(figures=frozenset(), pending=frozenset({key}))

    (row,) = rows_of([figure("sustainable_exit_rate", "2024Q1", pending=3)], hidden, set())

    assert (row.numerator, row.pending, row.withheld) == (30, None, False)


def test_the_csv_says_under_which_definition_and_what_was_known() -> None:
    """A header, and a line per figure that stands on its own."""
    text = csv_text(rows_of([NOORD], NOTHING_HIDDEN, None), "cbs-statline", ON, KNOWN_ON)

    header, line = csv.reader(io.StringIO(text))
    told = dict(zip(header, line, strict=True))
    assert tuple(header) == COLUMNS
    assert (told["numerator"], told["denominator"], told["value"]) == ("30", "90", "0.333333")
    assert (told["definition"], told["as_of"], told["known_on"]) == ("cbs-statline", "2024-04-30", "2024-05-02")
    assert (told["group_kind"], told["group"], told["withheld"], told["pending"]) == ("team", "noord", "False", "0")


def test_a_withheld_line_of_the_csv_has_empty_cells() -> None:
    """No word and no nought where a number is withheld, and no value where there is none."""
    hidden = Suppressed(
        figures=frozenset({Key("stacking_share", "2024-03", ("team", "noord"))}),
        pending=frozenset(),
    )

    text = csv_text(rows_of([NOORD], hidden, None), "enschede", ON, KNOWN_ON)

    told = dict(zip(COLUMNS, list(csv.reader(io.StringIO(text)))[1], strict=True))
    assert (told["numerator"], told["denominator"], told["value"], told["pending"]) == ("", "", "", "")
    assert told["withheld"] == "True"


def test_the_json_is_one_document_with_the_same_rows() -> None:
    """Whose figures they are, under which definition, and every row with all its columns."""
    text = json_rows(rows_of(ALL, NOTHING_HIDDEN, None), MUNICIPALITY, "enschede", ON, KNOWN_ON)

    told = json.loads(text)
    assert (told["municipality"], told["definition"]) == (MUNICIPALITY, "enschede")
    assert [set(row) for row in told["figures"]] == [set(COLUMNS)] * len(ALL)
    assert (told["figures"][0]["numerator"], told["figures"][0]["value"]) == (30, "0.333333")


def test_a_value_that_is_none_is_null_in_json() -> None:
    """Nothing to divide by, or withheld: null, and not an empty text."""
    none = Figure(
        indicator="inflow_rate",
        period="2024Q1",
        group_kind="team",
        group="noord",
        numerator=30,
        denominator=0,
        value=None,
        status="final",
        pending=0,
    )

    told = json.loads(json_rows(rows_of([none], NOTHING_HIDDEN, None), MUNICIPALITY, "enschede", ON, KNOWN_ON))

    assert told["figures"][0]["value"] is None
    assert told["figures"][0]["denominator"] == 0
