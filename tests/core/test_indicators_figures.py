"""Stories of the figures: one youth or a few, told in statements, and what the figures say on a day."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
import yaml

from services.indicators.catalogue import CATALOGUE, FLOW_TERMS
from services.indicators.definitions import Per
from services.indicators.figures import HEADER, Figure, csv_lines, decimal_text, figure_of
from services.indicators.population import PopulationRow, read_population
from services.indicators.recomputing import figures
from services.indicators.steps import summed
from services.indicators.tally import tally_all
from tests import builders, naive_indicators
from tests.builders import OTHER_PROVIDER, OTHER_YOUTH, Statement
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped

TABLE = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))
MUNICIPALITY = builders.MUNICIPALITY
Told = tuple[int, int, str, int]


def figures_on(
    on: str, *told: Statement, population: tuple[PopulationRow, ...] = (), coverage: str = "2020-01-01"
) -> list[Figure]:
    """The figures on a day, of all that was told."""
    layers = naive_indicators.told_layers(told, TABLE, date.fromisoformat(coverage))
    steps = summed(map(tally_all, naive_indicators.newest(layers)))
    return list(figures(steps, population, municipality=MUNICIPALITY, definition="enschede", on=date.fromisoformat(on)))


def told_of(rows: list[Figure], indicator: str, period: str, group: str = MUNICIPALITY) -> Told | None:
    """Numerator, denominator, status and pending of one figure; None when there is no such row."""
    found = [row for row in rows if (row.indicator, row.period, row.group) == (indicator, period, group)]
    return (found[0].numerator, found[0].denominator, found[0].status, found[0].pending) if found else None


def care(first_day: str, last_day: str | None = None, reason: str = "31", **more: Any) -> list[Statement]:
    """A delivery that starts and, when a last day is given, ends."""
    indication = more.pop("indication", "0153-1")
    youth = {"youth": more.pop("youth", builders.YOUTH)}
    told = [builders.started(indication=indication, first_day=first_day, **youth, **more)]
    if last_day is not None:
        told.append(
            builders.ended(indication=indication, first_day=first_day, last_day=last_day, reason=reason, **youth)
        )
    return told


def registered(team: str | None, valid_from: str = "2023-01-01", birth_date: str | None = "2012-05-01") -> Statement:
    """A registration of the youth."""
    statement = builders.registered(valid_from=valid_from)
    data = {"valid_from": valid_from, "birth_date": birth_date, "team": team}
    return {**statement, "data": {key: value for key, value in data.items() if value is not None}}


def test_a_youth_is_in_care_from_its_first_care_day_to_the_end_of_the_month_of_its_last() -> None:
    """A care day in the month, up to the day asked: not before it, and still after it."""
    told = care("2024-03-10", "2024-03-20")

    assert told_of(figures_on("2024-03-09", *told), "in_care", "2024-03") is None
    assert told_of(figures_on("2024-03-10", *told), "in_care", "2024-03") == (1, 1, "provisional", 0)
    assert told_of(figures_on("2024-03-31", *told), "in_care", "2024-03") == (1, 1, "provisional", 0)
    assert told_of(figures_on("2024-04-01", *told), "in_care", "2024-03") == (1, 1, "final", 0)
    assert told_of(figures_on("2024-04-30", *told), "in_care", "2024-04") is None


def test_an_open_indication_needs_no_step_per_month() -> None:
    """A steady state emits nothing: after the next new year there is not one step, and four years on it is care."""
    layers = naive_indicators.told_layers(care("2024-03-10"), TABLE, None)

    steps = tally_all(layers[0])

    assert {key.effective_day for key in steps} <= {date(2024, 3, 10), date(2024, 4, 1), date(2025, 1, 1)}
    assert told_of(figures_on("2028-03-10", *care("2024-03-10")), "in_care", "2028-03") == (1, 1, "provisional", 0)


def test_a_move_during_the_month_moves_the_youth_on_its_first_care_day_there() -> None:
    """The team of a period figure is that on the last care day up to the day asked."""
    told = [registered("noord"), registered("zuid", "2024-03-15"), *care("2024-01-08")]

    before, after = figures_on("2024-03-14", *told), figures_on("2024-03-15", *told)

    assert told_of(before, "in_care", "2024-03", "noord") == (1, 1, "provisional", 0)
    assert told_of(before, "in_care", "2024-03", "zuid") is None
    assert told_of(after, "in_care", "2024-03", "noord") is None
    assert told_of(after, "in_care", "2024-03", "zuid") == (1, 1, "provisional", 0)
    assert told_of(after, "in_care", "2024-02", "noord") == (1, 1, "final", 0)


def test_a_move_after_the_last_care_day_moves_nobody() -> None:
    """Care ended on the 10th, the youth moved on the 15th: March stays with the old team."""
    told = [registered("noord"), registered("zuid", "2024-03-15"), *care("2024-01-08", "2024-03-10")]

    assert told_of(figures_on("2024-03-31", *told), "in_care", "2024-03", "noord") == (1, 1, "provisional", 0)


def test_without_a_team_the_group_is_unknown() -> None:
    """A youth of no known team is counted in the municipality and in the group `unknown`."""
    rows = figures_on("2024-03-31", *care("2024-03-10"))

    assert told_of(rows, "in_care", "2024-03", "unknown") == (1, 1, "provisional", 0)


def test_two_provisions_in_one_month_are_stacking_even_when_they_never_meet() -> None:
    """In a month (Programmabureau): distinct provisions on at least one day of it; a renewal is one (example 6)."""
    one = care("2024-03-01", "2024-03-14")
    renewed = care("2024-03-15", "2024-03-31", indication="0153-2")
    elsewhere = care("2024-03-15", "2024-03-31", indication="0153-2", provider=OTHER_PROVIDER)

    alone, stacked = figures_on("2024-03-31", *one, *renewed), figures_on("2024-03-31", *one, *elsewhere)

    assert told_of(alone, "stacking_share", "2024-03") == (0, 1, "provisional", 0)
    assert told_of(alone, "stacking_mean", "2024-03") is None
    assert told_of(stacked, "stacking_share", "2024-03") == (1, 1, "provisional", 0)
    assert told_of(stacked, "stacking_mean", "2024-03") == (2, 1, "provisional", 0)


def test_stacking_starts_anew_each_month() -> None:
    """What ended in March does not count in April; before the second provision's first day nobody is stacked."""
    told = [*care("2024-03-01"), *care("2024-03-15", "2024-03-20", indication="0153-2", provider=OTHER_PROVIDER)]

    assert told_of(figures_on("2024-03-14", *told), "stacking_share", "2024-03") == (0, 1, "provisional", 0)
    assert told_of(figures_on("2024-03-15", *told), "stacking_share", "2024-03") == (1, 1, "provisional", 0)
    assert told_of(figures_on("2024-04-30", *told), "stacking_share", "2024-04") == (0, 1, "provisional", 0)


def test_inflow_is_a_youth_in_the_quarter_not_an_opening() -> None:
    """Youths 0-17 with an inflow in the quarter, out of the population; a quarter without inflow has its row."""
    people = tuple(
        read_population(
            f"municipality,quarter,group_kind,group,youths\n{MUNICIPALITY},2024Q1,municipality,,600\n"
            f"{MUNICIPALITY},2024Q2,municipality,,600\n{MUNICIPALITY},2024Q3,municipality,,600\n"
        )
    )

    rows = figures_on("2024-04-01", registered("noord"), *care("2024-02-10"), population=people)

    assert told_of(rows, "inflow_rate", "2024Q1") == (1, 600, "final", 0)
    assert told_of(rows, "inflow_rate", "2024Q1", "noord") == (1, 0, "final", 0)
    assert told_of(rows, "inflow_rate", "2024Q2") == (0, 600, "provisional", 0)
    assert told_of(rows, "inflow_rate", "2024Q3") is None


def test_an_opening_that_nobody_can_know_is_pending_and_never_final() -> None:
    """Less than six months after the feed is complete: not in the numerator, but told (domain.md §10.9)."""
    rows = figures_on("2024-01-01", *care("2023-03-10"), coverage="2023-01-01")

    assert told_of(rows, "inflow_rate", "2023Q1") == (0, 0, "provisional", 1)


@pytest.mark.parametrize(
    ("birth_date", "counted"), [("2006-02-10", None), ("2006-02-11", (1, 0, "final", 0)), (None, (1, 0, "final", 0))]
)
def test_who_is_eighteen_on_every_care_day_is_no_inflow(birth_date: str | None, counted: Told | None) -> None:
    """Under 18 on a care day in the quarter; without a birth date counted as 0-17."""
    told = [registered("noord", birth_date=birth_date), *care("2024-02-10")]

    assert told_of(figures_on("2024-04-01", *told), "inflow_rate", "2024Q1") == counted


def test_who_turns_eighteen_in_the_quarter_stays_counted() -> None:
    """Under 18 on one care day is enough, also when the youth moves after its birthday."""
    told = [
        registered("noord", birth_date="2006-02-20"),
        registered("zuid", "2024-03-15", birth_date="2006-02-20"),
        *care("2024-02-10"),
    ]

    assert told_of(figures_on("2024-04-01", *told), "inflow_rate", "2024Q1", "zuid") == (1, 0, "final", 0)


def test_a_birth_date_holds_for_the_days_before_it_was_registered() -> None:
    """A letter is dated after care began: its birth date is true of the first days too."""
    told = [*care("2024-02-10"), registered("noord", "2024-03-01", birth_date="2004-01-01")]

    assert told_of(figures_on("2024-04-01", *told), "inflow_rate", "2024Q1") is None


def test_born_on_29_february_one_is_a_year_older_on_1_march() -> None:
    """In years without that day; care on 28 February is care of a youth of 17."""
    told = [registered("noord", birth_date="2004-02-29"), *care("2022-02-28", "2022-02-28")]

    assert told_of(figures_on("2022-04-01", *told), "inflow_rate", "2022Q1") == (1, 0, "final", 0)


def test_an_exit_is_pending_until_its_window_closes_and_sustainable_the_day_after() -> None:
    """Worked example 1: until 2024-12-30, in the fourth quarter; pending from the day after the last day."""
    told = care("2024-01-08", "2024-06-30")

    assert told_of(figures_on("2024-12-30", *told), "sustainable_exit_rate", "2024Q4") == (0, 0, "provisional", 1)
    assert told_of(figures_on("2024-12-31", *told), "sustainable_exit_rate", "2024Q4") == (1, 1, "provisional", 0)
    assert told_of(figures_on("2025-01-01", *told), "sustainable_exit_rate", "2024Q4") == (1, 1, "final", 0)


def test_a_return_on_the_last_day_of_the_window_is_no_sustainable_exit() -> None:
    """Worked example 2: until 2025-02-28; a start on that day is a return, the day after it is inflow."""
    returned = [*care("2024-01-08", "2024-08-31"), *care("2025-02-28", indication="0153-2")]
    later = [*care("2024-01-08", "2024-08-31"), *care("2025-03-01", indication="0153-2")]

    assert told_of(figures_on("2025-04-01", *returned), "sustainable_exit_rate", "2025Q1") == (0, 1, "final", 0)
    assert told_of(figures_on("2025-04-01", *later), "sustainable_exit_rate", "2025Q1") == (1, 1, "final", 0)


def test_an_exit_that_returned_is_pending_while_its_window_is_open() -> None:
    """Pending are youths whose `until` is the day asked or later, whatever became of them."""
    told = [*care("2024-01-08", "2024-08-31"), *care("2025-02-28", indication="0153-2")]

    assert told_of(figures_on("2025-02-28", *told), "sustainable_exit_rate", "2025Q1") == (0, 0, "provisional", 1)
    assert told_of(figures_on("2025-03-01", *told), "sustainable_exit_rate", "2025Q1") == (0, 1, "provisional", 0)


def test_a_window_that_closes_with_the_quarter_is_decided_the_day_after_it() -> None:
    """Until 2024-09-30: the figure of the third quarter is whole on 1 October."""
    told = care("2024-01-08", "2024-03-31")

    assert told_of(figures_on("2024-09-30", *told), "sustainable_exit_rate", "2024Q3") == (0, 0, "provisional", 1)
    assert told_of(figures_on("2024-10-01", *told), "sustainable_exit_rate", "2024Q3") == (1, 1, "final", 0)


def test_of_two_pending_exits_the_youth_is_told_once_in_the_team_of_the_latest() -> None:
    """Pending is a number of youths."""
    told = [
        registered("noord"),
        registered("zuid", "2024-01-11"),
        *care("2023-09-01", "2024-01-08"),
        *care("2024-01-12", "2024-01-20", indication="0153-2"),
    ]

    rows = figures_on("2024-07-01", *told)

    assert told_of(rows, "sustainable_exit_rate", "2024Q3") == (0, 0, "provisional", 1)
    assert told_of(rows, "sustainable_exit_rate", "2024Q3", "zuid") == (0, 0, "provisional", 1)
    assert told_of(rows, "sustainable_exit_rate", "2024Q3", "noord") is None


def test_of_two_exits_in_a_quarter_the_latest_counts() -> None:
    """Windows close on 8 and 20 July and until then the later is pending; the first was no lasting exit."""
    told = [*care("2023-09-01", "2024-01-08"), *care("2024-01-12", "2024-01-20", indication="0153-2")]

    between = figures_on("2024-07-15", *told)

    assert told_of(between, "sustainable_exit_rate", "2024Q3") == (0, 1, "provisional", 1)
    assert told_of(figures_on("2024-10-01", *told), "sustainable_exit_rate", "2024Q3") == (1, 1, "final", 0)


@pytest.mark.parametrize(("reason", "counted"), [("02", None), ("39", (1, 1, "final", 0)), ("31", (1, 1, "final", 0))])
def test_only_endings_and_other_domains_enter_the_cohort(reason: str, counted: Told | None) -> None:
    """Who died did not flow out sustainably."""
    told = care("2024-01-08", "2024-06-30", reason)

    assert told_of(figures_on("2025-01-01", *told), "sustainable_exit_rate", "2024Q4") == counted


def test_the_team_of_an_exit_is_the_team_on_its_last_day() -> None:
    """A move during the window takes nothing along."""
    told = [registered("noord"), registered("zuid", "2024-07-01"), *care("2024-01-08", "2024-06-30")]

    rows = figures_on("2025-01-01", *told)

    assert told_of(rows, "sustainable_exit_rate", "2024Q4", "noord") == (1, 1, "final", 0)
    assert told_of(rows, "sustainable_exit_rate", "2024Q4", "zuid") is None


def test_the_flow_balance_tells_a_move_as_terms_of_their_own() -> None:
    """A youth opened in February, moved in March and left in April, by team and as a whole."""
    told = [registered("noord"), registered("zuid", "2024-03-15"), *care("2024-02-10", "2024-04-20")]

    rows = figures_on("2024-05-01", *told)

    assert flows(rows, "2024-02", "noord") == {"inflow": 1, "end": 1}
    assert flows(rows, "2024-03", "noord") == {"start": 1, "moved_out": 1}
    assert flows(rows, "2024-03", "zuid") == {"moved_in": 1, "end": 1}
    assert flows(rows, "2024-04", "zuid") == {"start": 1, "exits": 1}
    assert flows(rows, "2024-03", MUNICIPALITY) == {"start": 1, "end": 1}
    assert flows(rows, "2024-05", "zuid") == {}


def test_without_a_registration_the_team_follows_the_indications_under_way() -> None:
    """A paused indication is under way: the care period goes to the other's team when it has ended."""
    paused = builders.ended(indication="0153-2", first_day="2024-03-01", last_day="2024-03-20", reason="20")
    told = [
        *care("2024-03-01", "2024-04-30", indication="0153-2", team="noord"),
        paused,
        *care("2024-03-10", "2024-06-30", indication="0153-1", team="zuid"),
    ]

    rows = figures_on("2024-07-01", *told)

    assert flows(rows, "2024-04", "noord") == {"start": 1, "end": 1}
    assert flows(rows, "2024-05", "noord") == {"start": 1, "moved_out": 1}
    assert flows(rows, "2024-05", "zuid") == {"moved_in": 1, "end": 1}


def flows(rows: list[Figure], period: str, group: str) -> dict[str, int]:
    """The terms of a balance that are not nought."""
    return {
        row.indicator.split(".")[1]: row.numerator
        for row in rows
        if row.indicator in FLOW_TERMS and (row.period, row.group) == (period, group)
    }


def test_an_unfinished_month_ends_on_the_day_asked() -> None:
    """`.end` of the month that is not over is what covers the day asked."""
    told = care("2024-02-10", "2024-02-20")

    assert flows(figures_on("2024-02-20", *told), "2024-02", MUNICIPALITY) == {"inflow": 1, "end": 1}
    assert flows(figures_on("2024-02-21", *told), "2024-02", MUNICIPALITY) == {"inflow": 1, "exits": 1}


def test_a_youth_that_is_gone_tallies_to_nothing() -> None:
    """Merged into another: nothing is told of this identifier any more, and its care counts once."""
    told = [
        *care("2024-02-10"),
        *care("2024-02-10", youth=OTHER_YOUTH),
        builders.merged(youth=OTHER_YOUTH, into=builders.YOUTH),
    ]

    assert told_of(figures_on("2024-03-01", *told), "in_care", "2024-02") == (1, 1, "final", 0)


def test_the_csv_has_its_header_and_six_decimals_sorted() -> None:
    """design.md §5, to the letter."""
    told = [*care("2024-03-01"), *care("2024-03-15", indication="0153-2", provider=OTHER_PROVIDER)]

    lines = list(csv_lines(figures_on("2024-03-31", registered("noord"), *told)))

    assert lines[0] == HEADER == "indicator,period,group_kind,group,numerator,denominator,value,status,pending"
    assert lines[1:] == sorted(lines[1:])
    assert f"in_care,2024-03,municipality,{MUNICIPALITY},1,1,1.000000,provisional,0" in lines
    assert "stacking_mean,2024-03,team,noord,2,1,2.000000,provisional,0" in lines
    assert "inflow_rate,2024Q1,team,noord,1,0,,provisional,0" in lines


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 3), "0.333333"),
        (Fraction(2, 3), "0.666667"),
        (Fraction(1, 2_000_000), "0.000001"),
        (Fraction(999_999, 2_000_000_000_000), "0.000000"),
        (Fraction(5, 2), "2.500000"),
        (Fraction(0), "0.000000"),
        (None, ""),
    ],
)
def test_a_value_has_six_decimals_half_up(value: Fraction | None, text: str) -> None:
    """By integer arithmetic: no float ever decides a digit."""
    assert decimal_text(value) == text


def test_nothing_to_divide_by_gives_no_value() -> None:
    """A denominator of nought is no rate of nought."""
    row = figure_of(CATALOGUE["inflow_rate", Per.QUARTER], "2024Q1", ("team", "noord"), (3, 0, 0), date(2024, 5, 1))

    assert row.value is None


@pytest.mark.parametrize(
    "text",
    [
        "municipality,quarter,group_kind,group\n",
        "municipality,quarter,group_kind,group,youths\n153,2024Q1,municipality,,600",
        "municipality,quarter,group_kind,group,youths\n0153,2024Q5,municipality,,600",
        "municipality,quarter,group_kind,group,youths\n0153,2024Q1,street,a,600",
        "municipality,quarter,group_kind,group,youths\n0153,2024Q1,team,,600",
        "municipality,quarter,group_kind,group,youths\n0153,2024Q1,team,noord,-1",
        "municipality,quarter,group_kind,group,youths\n0153,2024Q1,team,noord",
    ],
)
def test_a_population_that_is_none_names_its_line(text: str) -> None:
    """Reference data are refused whole, with the line that is wrong."""
    with pytest.raises(ValueError, match=r"^line [12] is no"):
        list(read_population(text))
