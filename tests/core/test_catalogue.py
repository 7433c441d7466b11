"""The catalogue: every figure of the law is in it, says what it means in Dutch and English, and is told in the docs."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from services.indicators.catalogue import CATALOGUE, FLOW_TERMS, KINDS, REPORTED
from services.indicators.definitions import ANY_DEFINITION, DEFINED_SERIES, Indicator, Kind, Per, definition_of
from services.indicators.figures import settled_on
from services.indicators.recomputing import families, figures
from services.indicators.revisions import revisions
from services.indicators.windows import DISTRIBUTIONS, Spread, Window, series_of, spreads_of, windows_of
from tests.builders import OTHER_YOUTH
from tests.figure_stories import MUNICIPALITY, RESIDENCE, R, born, care, people, steps_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "figures.md"
ON = date(2025, 1, 1)

# domain.md §6, row by row, with the period it names; dots open the rows that 0015 adds to a figure.
LAW = {
    "inflow_rate": "quarter",
    "in_care_rate": "quarter",
    "switches_mean": "quarter",
    "residential_days_mean": "quarter",
    "residential_days_mean.living": "quarter",
    "residential_days_mean.stay": "quarter",
    "sustainable_exit_rate": "quarter",
    "at_home_rate": "quarter",
    "residential_inflow": "quarter",
    "stacking_mean": "month year",
    "stacking_share": "month year",
    "stacking_peak": "month",
    "care_days_mean": "year",
    "duration_median.running": "quarter",
    "duration_median.ended": "quarter",
    "duration_p90.running": "quarter",
    "duration_p90.ended": "quarter",
    "new_share": "year",
    "repeat_share": "year",
    "crisis_share": "year",
    **{f"flow_balance.{term}": "month" for term in ("start", "inflow", "unknown", "return", "moved_in", "moved_out")},
    **{f"flow_balance.{term}": "month" for term in ("exits", "end")},
    "inflow_outflow_ratio": "year",
    "waiting_days_median": "quarter",
    "extended_care": "year",
    "renewal_rate": "quarter",
    "exit_rate": "quarter",
    "timeliness": "month",
}
ADDED = {
    "in_care": "month",
    "switches_mean.provider": "quarter",
    "switches_mean.care_form": "quarter",
    **{f"residential_days_mean{kind}.cbs": "quarter" for kind in ("", ".living", ".stay")},
}


def test_every_figure_of_the_law_is_reported_and_no_other() -> None:
    """domain.md §6 by id and period, and what decision 0015 adds."""
    wanted = {(name, Per(per)) for name, pers in {**LAW, **ADDED}.items() for per in pers.split()}

    assert {(row.id, row.per) for row in REPORTED} == wanted


def test_every_figure_says_what_it_is() -> None:
    """A Dutch label of its own, an English sentence, and where that is written."""
    assert all(row.label_nl and row.meaning.endswith(".") and row.source for row in CATALOGUE.values())
    assert set(Counter(row.label_nl for row in CATALOGUE.values()).values()) == {1}


def test_an_indicator_is_of_one_kind_whatever_its_period() -> None:
    """A figure is read by its id alone where its period does not matter."""
    assert all(KINDS[row.id] is row.kind for row in CATALOGUE.values())


def test_only_oversight_of_providers_is_for_supervisors() -> None:
    """domain.md §6: per provider, extensions and exits."""
    assert {row.id for row in REPORTED if row.is_for_supervisors} == {"renewal_rate", "exit_rate"}


def test_the_flow_balance_has_its_terms_in_the_order_in_which_they_add_up() -> None:
    """Start + openings + moved in - moved out - exits = end."""
    names = [term.removeprefix("flow_balance.") for term in FLOW_TERMS]

    assert names == ["start", "inflow", "unknown", "return", "moved_in", "moved_out", "exits", "end"]


def test_gauges_are_in_no_report() -> None:
    """Series for the metrics alone are per day and stand in the catalogue for their meaning."""
    gauges = {row.id for row in CATALOGUE.values() if not row.is_reported}

    assert gauges == {"in_care_today", "windows_open", "trajectory_running"}


@pytest.mark.parametrize("indicator", REPORTED, ids=lambda row: f"{row.id}-{row.per.value}")
def test_a_figure_is_read_from_its_own_series(indicator: Indicator) -> None:
    """Every window and spread of a figure is of a series that `series_of` names, under the definition it is kept."""
    period = {Per.MONTH: "2024-03", Per.QUARTER: "2024Q1", Per.YEAR: "2024"}[indicator.per]

    windows = [window for _, window in windows_of(indicator, period, "cbs-statline", ON)]
    spreads = spreads_of(indicator, period, "cbs-statline", ON)

    asked: list[Window | Spread] = [*windows, *spreads]
    read = {each.series for each in asked}
    assert read == set(series_of(indicator))
    assert bool(spreads) == (indicator.kind in DISTRIBUTIONS) == (not windows)
    assert {each.definition for each in asked} == {definition_of(name, "cbs-statline") for name in read}


def test_a_series_is_kept_once_or_once_for_each_definition_set() -> None:
    """Openings, exits, periods and trajectories depend on a set; the rest stands under none."""
    assert {definition_of(series, "cbs-outcome") for series in DEFINED_SERIES} == {"cbs-outcome"}
    assert definition_of("care_days", "cbs-outcome") == ANY_DEFINITION


def test_a_period_that_has_not_begun_is_read_from_nothing() -> None:
    """Neither sums nor distributions."""
    for row in REPORTED:
        period = {Per.MONTH: "2025-02", Per.QUARTER: "2025Q2", Per.YEAR: "2026"}[row.per]
        assert windows_of(row, period, "enschede", ON) == []
        assert spreads_of(row, period, "enschede", ON) == ()


def test_families_hold_every_figure_once() -> None:
    """The indicators that are read from the same series, together."""
    told = [row for rows in families().values() for row in rows]

    assert sorted((row.id, row.per) for row in told) == sorted((row.id, row.per) for row in REPORTED)
    assert all({series_of(row) for row in rows} == {series} for series, rows in families().items())


def test_figures_of_a_family_alone_are_those_of_all_together() -> None:
    """From the steps of its series and no others."""
    steps = steps_of(
        [
            born("2012-05-01", team="noord"),
            *care("2024-01-08", "2024-06-30"),
            *care("2024-03-01", indication="0153-2", provider=R, product=RESIDENCE),
            *care("2024-02-01", "2024-02-20", youth=OTHER_YOUTH, crisis=True),
        ]
    )
    population = [people("2024Q1", 600)]

    whole = figures(steps, population, municipality=MUNICIPALITY, definition="enschede", on=ON)
    parts = [
        row
        for series, indicators in families().items()
        for row in figures(
            {key: amount for key, amount in steps.items() if key.indicator in series},
            population,
            municipality=MUNICIPALITY,
            definition="enschede",
            on=ON,
            indicators=indicators,
        )
    ]

    assert sorted(map(repr, parts)) == sorted(map(repr, whole))
    assert len(whole) > 100


@pytest.mark.parametrize(
    ("indicator", "per", "period", "settled"),
    [
        ("in_care", Per.MONTH, "2024-03", "2024-04-01"),
        ("stacking_mean", Per.YEAR, "2024", "2025-01-01"),
        ("inflow_outflow_ratio", Per.YEAR, "2024", "2026-01-01"),
        ("timeliness", Per.MONTH, "2024-03", "2024-04-09"),  # 2, 3, 4, 5 and 8 April are working days
    ],
)
def test_a_figure_settles_when_nothing_can_join_it(indicator: str, per: Per, period: str, settled: str) -> None:
    """The day after its period, the next period, or the term for reporting."""
    assert settled_on(CATALOGUE[indicator, per], period) == date.fromisoformat(settled)


def test_revisions_name_the_definition_and_hash_the_catalogue() -> None:
    """What a publication rests on: the same twice, another for another set."""
    told = revisions("enschede")

    assert told == revisions("enschede")
    assert told != revisions("cbs-statline")
    assert set(told) == {"definition", "rules_revision", "steps_revision", "catalogue"}
    assert re.fullmatch("[0-9a-f]{64}", told["catalogue"])


def documented() -> dict[tuple[str, str], list[str]]:
    """The rows of the table in `docs/figures.md`: by id and period, the cells."""
    rows = [
        [cell.strip().replace("\\|", "|") for cell in line.strip("|").split(" | ")]
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    return {(cells[0].strip("`"), cells[3]): cells for cells in rows if len(cells) == 7}


def test_the_page_of_figures_tells_every_figure_as_the_catalogue_does() -> None:
    """docs/figures.md: id, Dutch label, meaning, period and source are those of the code; an example is beside it."""
    told = documented()

    assert set(told) == {(row.id, row.per.value) for row in REPORTED}
    for row in REPORTED:
        cells = told[row.id, row.per.value]
        assert cells[1:4] == [row.label_nl, row.meaning, row.per.value]
        assert row.source.partition(",")[0] in cells[4]
        assert cells[5] and cells[6] in {"supervisor", "all"}
        assert (cells[6] == "supervisor") == row.is_for_supervisors


def test_kinds_of_numbers_are_told_by_the_page_too() -> None:
    """Every kind that a figure can be is explained."""
    text = DOCUMENT.read_text(encoding="utf-8")

    assert all(f"`{kind.value}`" in text for kind in Kind)
