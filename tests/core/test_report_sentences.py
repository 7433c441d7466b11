"""What the report says about a figure, sentence by sentence, and how it judges it."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import pytest

from services.indicators.report.content import KEY_TOPICS, TEAM_TOPICS, TOPICS
from services.indicators.report.goals import AT_HOME, INFLOW, RESIDENTIAL_INFLOW, SUSTAINABLE_EXIT
from services.indicators.report.model import PROVISIONAL, ReportCell, Target
from services.indicators.report.numbers import COUNT
from services.indicators.report.readings import State, readings_of
from services.indicators.report.sections import section_of
from services.indicators.report.specials import DURATION
from services.indicators.report.topics import Aim, Topic, inflected
from services.indicators.report.verdicts import Verdict, target_nl, verdict_of
from tests.report_builders import ENSCHEDE, QUARTER, cell, example_report, report, withheld

NBSP = "\u00a0"
TARGET = Target(indicator="inflow_rate", period="2024", value=Fraction(1, 100))


def said(
    topic: Topic,
    *cells: ReportCell,
    targets: Sequence[Target] = (),
    as_of: date = date(2024, 10, 31),
    definition: str = "enschede",
) -> str:
    """What the section of a topic says, with plain spaces."""
    built = report(*cells, targets=targets, as_of=as_of, definition=definition)
    return " ".join(section_of(topic, readings_of(built)).sentences).replace(NBSP, " ")


def test_a_figure_is_told_with_its_counts_its_change_and_its_target() -> None:
    """The sentence of the municipality's own report."""
    text = said(INFLOW, cell(period="2024Q2", numerator=347), cell(), targets=[TARGET])

    assert text == (
        "In het derde kwartaal van 2024 stroomden 312 jeugdigen in: 1,1 % van de 28.900 jeugdigen van 0 tot en met "
        "17 jaar. Dat is 0,1 procentpunt minder dan een kwartaal eerder en boven de streefwaarde van 1,0 %."
    )


def test_one_youth_is_told_in_the_singular() -> None:
    """A supervisor's report is not suppressed, so one may stand there."""
    assert "stroomde 1 jeugdige in" in said(INFLOW, cell(numerator=1))


def test_without_an_earlier_figure_nothing_is_compared() -> None:
    """The first quarter of a municipality has no quarter before it."""
    text = said(INFLOW, cell(), targets=[TARGET])

    assert "eerder" not in text
    assert text.endswith("Dat is boven de streefwaarde van 1,0 %.")


def test_the_same_figure_as_written_is_called_the_same() -> None:
    """312 and 315 of 28,900 are both written 1,1 %."""
    assert "evenveel als een kwartaal eerder" in said(INFLOW, cell(period="2024Q2", numerator=315), cell())


def test_without_a_target_the_report_says_so() -> None:
    """A figure that should have one is not silently left alone."""
    text = said(INFLOW, cell(period="2024Q2", numerator=347), cell())

    assert text.endswith("een kwartaal eerder. Er is geen streefwaarde opgegeven.")
    assert said(INFLOW, cell()).endswith(" jaar. Er is geen streefwaarde opgegeven.")


def test_a_withheld_figure_is_called_withheld_and_nothing_more() -> None:
    """No number of it is anywhere in the section but in the other periods."""
    built = report(cell(period="2024Q2", numerator=347), withheld())
    section = section_of(INFLOW, readings_of(built))

    assert section.sentences == (
        "Het cijfer over het derde kwartaal van 2024 wordt niet getoond: de aantallen zijn te klein.",
    )
    assert "niet getoond (te kleine aantallen)" in section.drawing


def test_a_section_without_a_chart_still_tells_that_all_is_withheld() -> None:
    """Nothing to draw is not the same as nothing to say."""
    section = section_of(INFLOW, readings_of(report(withheld())))

    assert section.drawing == ""
    assert section.table is not None


def test_a_period_that_lacks_its_figure_says_so() -> None:
    """A rate without a population has no value."""
    assert "Over het derde kwartaal van 2024 is er geen cijfer." in said(
        INFLOW, cell(period="2024Q2"), cell(numerator=3, denominator=0)
    )


def test_a_topic_without_any_figure_says_so() -> None:
    """An imported series that was not delivered is named, not left out."""
    assert said(INFLOW) == "Voor dit rapport is geen cijfer aangeleverd."


@pytest.mark.parametrize(
    ("pending", "words"),
    [
        (41, "er zijn 41 jeugdigen bij wie de termijn na het einde nog loopt"),
        (1, "er is 1 jeugdige bij wie de termijn na het einde nog loopt"),
        (None, "er zijn jeugdigen bij wie de termijn na het einde nog loopt (het aantal is te klein om te tonen)"),
        (0, "er kan nog iets bij komen of wijzigen"),
    ],
)
def test_a_provisional_figure_says_why(pending: int | None, words: str) -> None:
    """Who is pending, how many when that may be told, or that something may still come."""
    figure = cell("sustainable_exit_rate", QUARTER, 305, 402, status=PROVISIONAL, pending=pending)

    assert said(SUSTAINABLE_EXIT, figure).endswith(f"Dit cijfer is voorlopig: {words}.")


@pytest.mark.parametrize(
    ("pending", "more"), [(0, ""), (41, "; er zijn 41 jeugdigen bij wie de termijn na het einde nog loopt")]
)
def test_a_period_that_is_not_over_says_so_first(pending: int, more: str) -> None:
    """On its last day a period still runs."""
    figure = cell("sustainable_exit_rate", QUARTER, 305, 402, status=PROVISIONAL, pending=pending)

    text = said(SUSTAINABLE_EXIT, figure, as_of=date(2024, 9, 30))

    assert text.endswith(f"voorlopig: het derde kwartaal van 2024 was op de peildatum nog niet voorbij{more}.")


def test_a_duration_names_which_of_its_two_figures_changed() -> None:
    """The chart has a median and a ninth decile; the change is that of the median."""
    cells = [
        cell("duration_median.running", "2024Q2", 437 * 10, 10),
        cell("duration_median.running", QUARTER, 441 * 10, 10),
        cell("duration_p90.running", QUARTER, 1402 * 10, 10),
    ]

    text = said(DURATION, *cells)

    assert "duurde de helft tot dan toe 441 dagen of korter; van elke tien duurden er negen 1.402 dagen" in text
    assert text.endswith("De mediaan is 4 dagen langer dan een kwartaal eerder.")


def test_the_other_figure_of_a_duration_may_be_withheld_alone() -> None:
    """The sentence then says so in its place."""
    cells = [
        cell("duration_median.running", QUARTER, 4410, 10),
        withheld("duration_p90.running"),
    ]

    assert "negen niet getoond (te kleine aantallen)" in said(DURATION, *cells)


def test_each_definition_set_names_its_own_window() -> None:
    """Five years under CBS StatLine; a set that nobody described has no number of months."""
    figure = cell(status=PROVISIONAL, pending=12)

    assert "in de vijf jaar daarvoor" in said(INFLOW, figure, definition="cbs-statline")
    assert "in de terugkeertermijn daarvoor" in said(INFLOW, figure, definition="own")


@pytest.mark.parametrize(
    ("topic", "numerator", "verdict"),
    [
        (RESIDENTIAL_INFLOW, 34, Verdict.MET),
        (RESIDENTIAL_INFLOW, 35, Verdict.MET),
        (RESIDENTIAL_INFLOW, 36, Verdict.NOT_MET),
    ],
)
def test_a_figure_on_its_target_meets_it(topic: Topic, numerator: int, verdict: Verdict) -> None:
    """At most 35 includes 35."""
    target = Target(indicator=topic.id, period="2024", value=Fraction(35))
    built = readings_of(report(cell(topic.id, QUARTER, numerator, 1), targets=[target]))

    assert verdict_of(topic, built.of(topic, QUARTER)) is verdict


def test_a_figure_equal_to_its_target_is_called_equal() -> None:
    """Neither above nor below."""
    target = Target(indicator="residential_inflow", period=QUARTER, value=Fraction(35))

    figure = cell("residential_inflow", QUARTER, 35, 1)
    built = readings_of(report(figure, targets=[target]))

    text = said(RESIDENTIAL_INFLOW, figure, targets=[target])

    assert text.endswith("Dat is gelijk aan de streefwaarde van 35.")
    assert target_nl(RESIDENTIAL_INFLOW, built.of(RESIDENTIAL_INFLOW, QUARTER)) == "hoogstens 35"


def test_a_difference_smaller_than_the_rounding_is_told_as_such() -> None:
    """97.99 % against 98 % is not met, though both are written 98,0 %."""
    target = Target(indicator="at_home_rate", period="2024", value=Fraction(98, 100))
    cells = [cell("at_home_rate", QUARTER, 28_319, POPULATION)]
    reading = readings_of(report(*cells, targets=[target])).of(AT_HOME, QUARTER)

    assert verdict_of(AT_HOME, reading) is Verdict.NOT_MET
    assert said(AT_HOME, *cells, targets=[target]).endswith(
        "onder de streefwaarde van 98,0 %, maar het verschil is kleiner dan de afronding."
    )
    assert target_nl(AT_HOME, reading).replace(NBSP, " ") == (
        "minstens 98,0 %; het verschil is kleiner dan de afronding"
    )


def test_a_target_of_a_quarter_goes_before_that_of_its_year() -> None:
    """The year holds for the quarters that have none of their own."""
    own = Target(indicator="inflow_rate", period=QUARTER, value=Fraction(2, 100))
    built = readings_of(report(cell(period="2024Q2"), cell(), targets=[TARGET, own]))

    assert [row.target for row in built.series(INFLOW)] == [Fraction(1, 100), Fraction(2, 100)]


def test_every_topic_has_a_meaning_and_words_of_its_own() -> None:
    """What the report shows, it explains; no two topics share their place on the page."""
    assert all(topic.meaning_nl and topic.title_nl and topic.sentence_nl for topic in TOPICS)
    assert len({topic.anchor for topic in TOPICS}) == len(TOPICS)
    assert {*KEY_TOPICS, *TEAM_TOPICS} <= set(TOPICS)
    assert 6 <= len(KEY_TOPICS) <= 8


def test_a_text_bends_to_its_number() -> None:
    """One takes the first form, every other number the second."""
    assert inflected("[is|zijn] er", 1) == "is er"
    assert inflected("[is|zijn] er", 0) == "zijn er"


def test_the_example_holds_every_state_of_a_figure() -> None:
    """The pages that are looked at show final, provisional, withheld and missing figures."""
    built = readings_of(example_report())
    states = {row.state for topic in TOPICS for row in built.series(topic)}
    states |= {built.of(topic, QUARTER, ("team", "unknown")).state for topic in TEAM_TOPICS}

    assert states == set(State)
    assert (RESIDENTIAL_INFLOW.aim, RESIDENTIAL_INFLOW.unit) == (Aim.AT_MOST, COUNT)
    assert built.report.municipality == ENSCHEDE


POPULATION = 28_900
