"""What is withheld: the rule of small numbers for whoever is no supervisor (domain.md §6, decision 0016)."""

from fractions import Fraction

import pytest

from services.indicators.figures import Figure
from services.indicators.publishing import asked_of, cells_of
from services.indicators.relations import key_of
from services.indicators.suppression import is_small, suppressed, unit_of, visible_pending, withheld
from tests.attacker import attacker_on
from tests.invented import Town, invented

MUNICIPALITY = ("municipality", "0153")


def figure(
    indicator: str, numerator: int, denominator: int = 1, *, group: str = "", period: str = "2024-09", pending: int = 0
) -> Figure:
    """A figure of a team, of another group written as kind and name, or of the municipality."""
    kind, _, name = group.partition(":") if ":" in group else ("team", "", group)
    kind, name = (kind, name) if group else MUNICIPALITY
    return Figure(
        indicator=indicator,
        period=period,
        group_kind=kind,
        group=name,
        numerator=numerator,
        denominator=denominator,
        value=Fraction(numerator, denominator) if denominator else None,
        status="final",
        pending=pending,
    )


@pytest.mark.parametrize(("numerator", "small"), [(0, False), (1, True), (9, True), (10, False)])
def test_a_count_is_small_between_one_and_nine(numerator: int, small: bool) -> None:
    """The denominator of a count is 1 by convention and tells of nobody."""
    assert is_small(figure("in_care", numerator)) is small


@pytest.mark.parametrize(
    ("numerator", "denominator", "small"),
    [(10, 20, False), (0, 10, False), (10, 10, False), (9, 20, True), (11, 20, True), (0, 9, True), (12, 21, True)],
)
def test_numerator_denominator_and_difference_are_each_nought_or_ten(
    numerator: int, denominator: int, small: bool
) -> None:
    """The rest of a share is people too."""
    assert is_small(figure("stacking_share", numerator, denominator)) is small


@pytest.mark.parametrize(
    ("indicator", "numerator", "denominator", "small"),
    [
        ("inflow_rate", 10, 500, False),
        ("inflow_rate", 9, 500, True),
        ("inflow_rate", 495, 500, True),
        ("at_home_rate", 495, 500, True),
        ("at_home_rate", 480, 500, False),
        ("duration_median.running", 3, 10, False),
        ("duration_median.running", 300, 9, True),
        ("waiting_days_median", 0, 9, True),
    ],
)
def test_of_rates_the_people_count_and_of_quantiles_how_many(
    indicator: str, numerator: int, denominator: int, small: bool
) -> None:
    """A population is public, and so is a number of days by itself."""
    assert is_small(figure(indicator, numerator, denominator, period="2024Q3")) is small


def test_a_figure_withheld_alone_takes_its_smallest_sibling_along() -> None:
    """Or else the total minus the others would tell it; a sibling of nought would hide nothing."""
    teams = (("noord", 30), ("oost", 20), ("zuid", 4), ("west", 0))

    hidden = withheld([figure("in_care", 54), *(figure("in_care", number, group=team) for team, number in teams)])

    assert hidden == {("in_care", ("team", "zuid")), ("in_care", ("team", "oost"))}


def test_teams_without_the_municipality_hide_as_with_it() -> None:
    """Who is shown the teams alone is shown the municipality elsewhere."""
    teams = (("noord", 30), ("oost", 20), ("zuid", 4))

    hidden = withheld([figure("in_care", number, group=team) for team, number in teams])

    assert {group for _, (_, group) in hidden} == {"zuid", "oost"}


def test_what_is_withheld_of_a_whole_is_at_least_ten() -> None:
    """Two that are small hide each other, but not that they are seven together."""
    teams = (("noord", 30), ("oost", 20), ("zuid", 4), ("west", 3))

    hidden = withheld([figure("in_care", 57), *(figure("in_care", number, group=team) for team, number in teams)])

    assert {group for _, (_, group) in hidden} == {"zuid", "west", "oost"}


def test_a_figure_that_tells_the_same_number_is_withheld_too() -> None:
    """The stacked youths are the numerator of the share and the denominator of the mean."""
    rows = [figure("stacking_share", 4, 60), figure("stacking_mean", 12, 4), figure("in_care", 60)]

    assert withheld(rows) == {("stacking_share", MUNICIPALITY), ("stacking_mean", MUNICIPALITY)}


def test_a_balance_that_closes_does_not_tell_its_withheld_term() -> None:
    """start + openings - exits = end: one withheld term would follow from the others; the stocks stay seen."""
    terms = {"start": 100, "inflow": 12, "return": 4, "end": 116}

    hidden = {name for name, _ in withheld([figure(f"flow_balance.{name}", number) for name, number in terms.items()])}

    assert {"flow_balance.return", "flow_balance.inflow"} <= hidden
    assert not hidden & {"flow_balance.start", "flow_balance.end"}


def test_a_flow_of_nought_is_withheld_where_it_would_tell_the_only_one() -> None:
    """From 20 to 15 with exits alone is five exits; so it is not told that nothing else flowed."""
    terms = {"start": 20, "exits": 5, "end": 15}

    hidden = withheld([figure(f"flow_balance.{name}", number) for name, number in terms.items()])

    assert len({name for name, _ in hidden} - {"flow_balance.exits"}) > 0


def test_the_stock_at_the_end_of_a_month_is_withheld_as_at_the_start_of_the_next() -> None:
    """It is one number: who saw it on one side would know it on the other."""
    stocks = (("", 54), ("noord", 30), ("oost", 20), ("zuid", 4))
    before = [figure("flow_balance.end", number, group=team, period="2024-09") for team, number in stocks]
    after = [figure("flow_balance.start", number, group=team, period="2024-10") for team, number in stocks]

    hidden = suppressed([*before, *after]).figures

    ends = {key.group for key in hidden if key.indicator == "flow_balance.end"}
    assert ends == {key.group for key in hidden if key.indicator == "flow_balance.start"}
    assert ends == {("team", "zuid"), ("team", "oost")}


def test_a_small_pending_count_is_withheld_with_a_sibling() -> None:
    """The figure itself stays seen."""
    numbers = (("", 33, 64), ("noord", 4, 20), ("oost", 12, 22), ("zuid", 17, 22))
    rows = [
        figure("waiting_days_median", 30, counted, group=team, period="2024Q3", pending=pending)
        for team, pending, counted in numbers
    ]

    found = suppressed(rows)

    assert found.figures == frozenset()
    assert {key.group[1] for key in found.pending} == {"noord", "oost"}


@pytest.mark.parametrize(("pending", "seen"), [(0, 0), (1, None), (9, None), (10, 10)])
def test_a_small_pending_count_is_not_told(pending: int, seen: int | None) -> None:
    """The status says that something is pending; how few is nobody's business."""
    assert visible_pending(pending) == seen


def test_what_only_supervisors_see_is_withheld_from_others() -> None:
    """Figures of providers and senders, and the oversight figures of any group, however large."""
    rows = [
        figure("in_care", 500, group="provider:42420001"),
        figure("timeliness", 300, 400, group="sender:42420001"),
        figure("exit_rate", 100, 400, period="2024Q3"),
    ]

    assert len(withheld(rows)) == 3


def test_a_question_is_answered_as_the_report_answers_it() -> None:
    """The rows of a figure's unit lead to what the rows of all figures and periods lead to."""
    rows = invented(Town(seed=7, youths=250, teams=4, forms=4, months=15, turnover=0.1))
    report = suppressed(rows)

    for indicator, period in sorted({(row.indicator, row.period) for row in rows}):
        unit = unit_of(indicator, period)
        found = suppressed([row for row in rows if (row.indicator, row.period) in unit], unit)
        for mine, all_of_them in ((found.figures, report.figures), (found.pending, report.pending)):
            asked = {key for key in mine if (key.indicator, key.period) == (indicator, period)}
            assert asked == {key for key in all_of_them if (key.indicator, key.period) == (indicator, period)}


def test_a_report_withholds_what_all_periods_together_would_withhold() -> None:
    """It is worked out from its own periods and from what decides about them, not from all years of a municipality."""
    rows = invented(Town(seed=11, youths=250, teams=4, forms=4, months=40, turnover=0.1))
    quarter = max(row.period for row in rows if "Q" in row.period)
    asked = asked_of(quarter)
    near = [row for row in rows if (row.indicator, row.period) in asked]

    whole, found = suppressed(rows), suppressed(near, asked)

    assert len(near) < len(rows)
    shown = {key_of(row) for row in cells_of(rows, quarter)}
    assert shown & found.figures == shown & whole.figures != set()
    assert shown & found.pending == shown & whole.pending
    assert cells_of(near, quarter) == cells_of(rows, quarter)


def test_a_month_is_withheld_as_it_was_when_later_months_come() -> None:
    """Or else what was shown on one day and what is shown on another would together tell more than either."""
    rows = invented(Town(seed=8, youths=250, teams=4, forms=4, months=6, turnover=0.1))

    first = suppressed([row for row in rows if row.period[:7] in ("2023-01", "2023-02", "2023-03", "2023Q1")]).figures
    later = suppressed(rows).figures

    assert first == {key for key in later if key.period in {one.period for one in first}}


def test_of_a_municipality_of_some_size_the_main_figures_stay_seen() -> None:
    """4,500 youths in nine teams: for four figures that are small by themselves not one other is withheld."""
    rows = invented(Town(seed=1, youths=4500, teams=9, forms=14, months=12, turnover=0.06, skew=0.5))
    told = {(row.indicator, row.period, (row.group_kind, row.group)): row for row in rows}
    hidden = suppressed(rows).figures & told.keys()
    small = {key for key, row in told.items() if is_small(row)}

    assert small <= hidden
    assert 4 * len(hidden - small) < len(small)
    main = ("in_care", "in_care_rate", "stacking_share", "stacking_mean", "switches_mean", "flow_balance.end")
    assert not {key for key in hidden if key[0] in main and key[2][0] in ("municipality", "team")}


def test_the_attacker_finds_what_the_rule_of_small_numbers_alone_withholds() -> None:
    """Withholding nothing but what is small by itself is not enough: the attack can succeed."""
    rows = invented(Town(seed=3, youths=250, teams=4, forms=4, months=6, turnover=0.1))
    small = {(row.indicator, row.period, (row.group_kind, row.group)) for row in rows if is_small(row)}
    pending = {(row.indicator, row.period, (row.group_kind, row.group)) for row in rows if 0 < row.pending < 10}

    assert len(attacker_on(rows, small, pending).found()) > 10
