"""The report as a whole: page 1, the chapters in their order, the teams, and every note."""

from dataclasses import fields, is_dataclass
from datetime import date
from fractions import Fraction

import pytest

from services.indicators.publishing import Cause
from services.indicators.report.content import CHAPTERS, TOPICS
from services.indicators.report.layout import page_of
from services.indicators.report.model import (
    CARE_FORM,
    MUNICIPALITY,
    PROVISIONAL,
    TEAM,
    Difference,
    ExternalValue,
    Report,
    Target,
)
from services.indicators.report.views import Note, Page, Table
from tests.report_builders import ENSCHEDE, QUARTER, TEAMS, cell, example_report, report, withheld

NBSP = "\u00a0"
GOALS = [
    "Doel 1. Minder kinderen hebben jeugdhulp nodig",
    "Doel 2. Hulp is passend en kort waar het kan",
    "Doel 3. Kinderen groeien zo thuis mogelijk op",
    "Doel 4. Financieel houdbaar",
    "Stapeling en zorgduur",
]


def texts_of(value: object) -> list[str]:
    """Every text anywhere in a page, with plain spaces."""
    if isinstance(value, str):
        return [value.replace(NBSP, " ")]
    if isinstance(value, tuple):
        return [text for each in value for text in texts_of(each)]
    if is_dataclass(value):
        return [text for each in fields(value) for text in texts_of(getattr(value, each.name))]
    return []


def note(page: Page, anchor: str) -> Note:
    """A note by its place."""
    (found,) = (each for each in page.notes if each.anchor == anchor)
    return found


def rows_of(table: Table) -> list[list[str]]:
    """The texts of a table, row by row, notes behind their cells."""
    return [
        [f"{each.text} {each.note}".strip().replace(NBSP, " ") for each in (row.head, *row.cells)] for row in table.rows
    ]


def difference(**changed: object) -> Difference:
    """A figure of the municipality that was one value and is another."""
    values = {
        "indicator": "inflow_rate",
        "period": QUARTER,
        "group_kind": MUNICIPALITY,
        "group": ENSCHEDE,
        "cause": Cause.LATE_STATEMENT,
        "published": Fraction(10, 1000),
        "now": Fraction(11, 1000),
    }
    return Difference(**{**values, **changed})  # type: ignore[arg-type]


def test_the_chapters_stand_in_the_order_of_the_municipality() -> None:
    """Goals 1 to 4, then the special."""
    assert [chapter.title for chapter in page_of(example_report()).chapters] == GOALS


def test_the_first_page_counts_which_targets_are_met() -> None:
    """Of eight key figures, two have no target."""
    summary = page_of(example_report()).summary

    assert summary.opening == "Van de 8 kerncijfers hebben er 6 een streefwaarde: 2 gehaald, 4 niet gehaald."
    assert [card.verdict for card in summary.cards] == [
        "not-met",
        "not-met",
        "met",
        "not-met",
        "met",
        "not-met",
        "none",
        "none",
    ]


def test_a_verdict_is_told_in_words_and_by_a_sign() -> None:
    """No card says it by its colour alone."""
    cards = page_of(example_report()).summary.cards

    assert {(card.verdict, card.sign, card.words) for card in cards} == {
        ("met", "✓", "Streefwaarde gehaald"),
        ("not-met", "✗", "Streefwaarde niet gehaald"),
        ("none", "–", "Geen streefwaarde"),
    }


def test_the_first_page_says_what_changed_and_what_crossed_its_target() -> None:
    """Risen, fallen, the same as written, and over the line."""
    target = Target(indicator="inflow_rate", period="2024", value=Fraction(11, 1000))
    at_most = Target(indicator="in_care_rate", period="2024", value=Fraction(116, 1000))
    cells = [
        cell(period="2024Q2", numerator=327),
        cell(numerator=312),
        cell("in_care_rate", "2024Q2", 3340),
        cell("in_care_rate", QUARTER, 3420),
        cell("at_home_rate", "2024Q2", 28_300),
        cell("at_home_rate", QUARTER, 28_301),
        cell("residential_inflow", QUARTER, 31, 1),
    ]

    changes = texts_of(page_of(report(*cells, targets=[target, at_most])).summary.changes)

    assert changes == [
        "Gestegen: Jeugdigen met jeugdhulp (van 11,6 % naar 11,8 %).",
        "Gelijk gebleven: Instroom (1,1 %); Thuis opgroeien (97,9 %).",
        "Streefwaarde nu wel gehaald en een periode eerder niet: Instroom.",
        "Streefwaarde nu niet gehaald en een periode eerder wel: Jeugdigen met jeugdhulp.",
    ]


def test_the_first_page_says_what_is_provisional() -> None:
    """Named with its period and its reason."""
    provisional = texts_of(page_of(example_report()).summary.provisional)

    assert provisional[0] == (
        "Instroom, het derde kwartaal van 2024: er zijn 23 jeugdigen van wie niet bekend is of zij in de zes maanden "
        "daarvoor al jeugdhulp hadden."
    )


def test_a_withheld_key_figure_has_no_verdict() -> None:
    """Whether it meets its target would tell of it."""
    target = Target(indicator="inflow_rate", period="2024", value=Fraction(1, 100))

    (card,) = page_of(report(withheld(), targets=[target])).summary.cards

    assert (card.value, card.words, card.target, card.change) == ("Niet getoond (te kleine aantallen)", "", "", "")


@pytest.mark.parametrize(
    ("targets", "opening"),
    [
        ([], "Kerncijfers: 1. Er zijn geen streefwaarden om mee te vergelijken."),
        (
            [Target(indicator="inflow_rate", period="2024", value=Fraction(2, 100))],
            "Van de 1 kerncijfers heeft er 1 een streefwaarde: 1 gehaald, 0 niet gehaald.",
        ),
    ],
)
def test_the_opening_counts_what_there_is(targets: list[Target], opening: str) -> None:
    """Also without a target there is an opening."""
    assert page_of(report(cell(), targets=targets)).summary.opening == opening


def test_an_empty_report_is_a_report() -> None:
    """A municipality that has only begun has pages that say so, and no failure."""
    page = page_of(report())

    assert page.summary.opening == "Er zijn nog geen kerncijfers."
    assert page.teams is None
    assert all(
        section.sentences == ("Voor dit rapport is geen cijfer aangeleverd.",)
        for chapter in page.chapters
        for section in chapter.sections
    )
    assert [each.tables for each in page.notes] == [()] * len(page.notes)


def test_every_figure_of_the_report_is_explained_in_the_notes() -> None:
    """In plain Dutch, with the window of the definition set filled in."""
    terms = dict(note(page_of(example_report()), "definities").terms)

    assert {topic.title_nl for topic in TOPICS} <= set(terms)
    assert "{" not in "".join(terms.values())


def test_the_definition_set_is_named_and_one_that_is_not_described_by_its_name() -> None:
    """The same figure under another set is another figure."""
    assert "vijf jaar" in note(page_of(report(definition="cbs-statline")), "definities").paragraphs[0]
    assert "„eigen”" in note(page_of(report(definition="eigen")), "definities").paragraphs[0]


def test_provisional_figures_are_listed_with_the_share_that_is_pending() -> None:
    """A rate by population counts beside its numerator, a ratio beside its denominator."""
    cells = [
        cell(numerator=312, status=PROVISIONAL, pending=23),
        cell("in_care_rate", QUARTER, 3395, status=PROVISIONAL, pending=0),
        cell("sustainable_exit_rate", QUARTER, 305, 402, status=PROVISIONAL, pending=41),
        cell("residential_inflow", QUARTER, 31, 1, status=PROVISIONAL, pending=None),
    ]

    (table,) = note(page_of(report(*cells)), "voorlopige-cijfers").tables

    assert [(row[0], row[-1]) for row in rows_of(table)] == [
        ("Instroom", "23 (6,9 %)"),
        ("Jeugdigen met jeugdhulp", "–"),
        ("Duurzame uitstroom", "41 (9,3 %)"),
        ("Instroom in wonen en verblijf", "te klein om te tonen"),
    ]


def test_without_provisional_figures_the_note_says_so() -> None:
    """An empty table would leave a reader in doubt."""
    assert (
        note(page_of(report(cell())), "voorlopige-cijfers").paragraphs[-1].startswith("In dit rapport is geen cijfer")
    )


def test_every_difference_with_a_publication_is_listed_with_its_cause() -> None:
    """Never silent: figure, period, group, old, new, cause; and what each cause means."""
    differences = [
        difference(),
        difference(group_kind=TEAM, group="noord", cause=Cause.ERASURE, published=None),
        difference(
            indicator="care_days_mean",
            period="2023",
            group_kind=CARE_FORM,
            group="crisis",
            published=Fraction(44),
            now=None,
        ),
        difference(indicator="duration_p90.running", published=Fraction(1400), now=Fraction(1402)),
        difference(indicator="stacking_share", period="2023", group_kind="age_band", group="4-11"),
        difference(indicator="timeliness", period="2024-08"),
        difference(
            indicator="renewal_rate", group="x", group_kind="provider", published=Fraction(1, 3), now=Fraction(1, 2)
        ),
    ]
    page = page_of(report(differences=differences, compared_with=date(2024, 8, 1), teams=TEAMS))

    (table,) = note(page, "verschillen").tables
    assert rows_of(table) == [
        ["Instroom", "3e kwartaal 2024", "Gemeente Enschede", "1,0 %", "1,1 %", "te laat bericht"],
        ["Instroom", "3e kwartaal 2024", "Noord", "geen cijfer", "1,1 %", "verwijdering"],
        ["Dagen jeugdhulp per zorgvorm", "2023", "Crisishulp", "44,0 dagen", "geen cijfer", "te laat bericht"],
        [
            "Zorgduur van lopende trajecten (9 van de 10)",
            "3e kwartaal 2024",
            "Gemeente Enschede",
            "1.400 dagen",
            "1.402 dagen",
            "te laat bericht",
        ],
        ["Aandeel met zorgstapeling per jaar", "2023", "4-11", "1,0 %", "1,1 %", "te laat bericht"],
        ["Tijdig gemelde starts en stops", "augustus 2024", "Gemeente Enschede", "1,0 %", "1,1 %", "te laat bericht"],
        ["renewal_rate", "3e kwartaal 2024", "x", "0,33", "0,50", "te laat bericht"],
    ]
    assert [term for term, _ in note(page, "verschillen").terms] == ["te laat bericht", "verwijdering"]


@pytest.mark.parametrize(
    ("built", "words"),
    [
        (report(), "Er is geen eerdere publicatie"),
        (report(compared_with=date(2024, 8, 1)), "op 1 augustus 2024 zijn gepubliceerd, zijn nu hetzelfde"),
        (report(compared_with=date(2024, 8, 1), differences=[difference()]), "is 1 cijfer gewijzigd"),
        (report(compared_with=date(2024, 8, 1), differences=[difference()] * 2), "zijn 2 cijfers gewijzigd"),
    ],
)
def test_the_note_on_differences_opens_with_how_many_there_are(built: Report, words: str) -> None:
    """None, none found, one, or more."""
    assert words in note(page_of(built), "verschillen").paragraphs[0]


@pytest.mark.parametrize(
    ("unexplained", "listed", "words"),
    [
        (
            1,
            1,
            "Van 1 cijfer uit die publicatie is niet bekend waardoor het is gewijzigd (onverklaard); 1 daarvan staat",
        ),
        (
            12,
            2,
            "Van 12 cijfers uit die publicatie is niet bekend waardoor zij zijn gewijzigd (onverklaard); 2 daarvan",
        ),
        (3, 0, "(onverklaard); dit rapport toont daar geen van. Vraag de beheerder van dit systeem bij de gemeente"),
    ],
)
def test_what_nobody_can_explain_is_said_and_whom_to_ask(unexplained: int, listed: int, words: str) -> None:
    """In a paragraph of its own, also when the figures themselves are those of a team and stand nowhere."""
    rows = [difference(cause=Cause.UNEXPLAINED)] * listed
    page = page_of(report(differences=rows, unexplained=unexplained, compared_with=date(2024, 8, 1)))

    opening, told = note(page, "verschillen").paragraphs

    assert "onverklaard" not in opening
    assert words in told
    assert "Vraag de beheerder van dit systeem bij de gemeente Enschede" in told
    assert [term for term, _ in note(page, "verschillen").terms] == ["onverklaard"] * min(listed, 1)


def test_where_every_difference_has_its_cause_nobody_need_ask() -> None:
    """One paragraph, and no word of the unexplained."""
    page = page_of(report(differences=[difference()], compared_with=date(2024, 8, 1)))

    assert len(note(page, "verschillen").paragraphs) == 1


def test_a_difference_that_rounding_would_hide_is_written_finer() -> None:
    """331 and 327 of 28,900 are both 1,1 %; a list of differences must show one."""
    fine = difference(published=Fraction(331, 28_900), now=Fraction(327, 28_900))

    (table,) = note(page_of(report(differences=[fine], compared_with=date(2024, 8, 1))), "verschillen").tables

    assert rows_of(table)[0][3:5] == ["1,15 %", "1,13 %"]


def test_a_figure_that_is_withheld_today_is_not_told_as_a_difference() -> None:
    """What was published stays known; what it is now is not told."""
    page = page_of(report(withheld(), differences=[difference()], compared_with=date(2024, 8, 1)))

    (table,) = note(page, "verschillen").tables
    assert rows_of(table)[0][3:5] == ["1,0 %", "niet getoond (te kleine aantallen)"]


def test_timeliness_is_a_table_of_twelve_months() -> None:
    """The newest first."""
    (table,) = note(page_of(example_report()), "tijdigheid").tables

    assert len(table.rows) == 12
    assert rows_of(table)[0] == ["september 2024", "74,4 % voorlopig", "610 / 820"]


def test_what_is_withheld_is_counted_and_explained() -> None:
    """One of the municipality, one of a care form, two of teams."""
    cells = [
        withheld(),
        withheld("care_days_mean", "2024", (CARE_FORM, "crisis")),
        withheld(group=(TEAM, "noord")),
        withheld("in_care_rate", group=(TEAM, "noord")),
    ]

    text = note(page_of(report(*cells, teams=TEAMS)), "niet-getoond").paragraphs[-1]

    assert text == (
        "Niet getoond in dit rapport: 1 van de cijfers van de gemeente, 1 van de cijfers per zorgvorm en 2 van de "
        "cijfers per wijkteam."
    )


def test_the_team_table_holds_each_team_beside_the_municipality() -> None:
    """What is withheld and what does not exist are told apart."""
    table = page_of(example_report()).teams
    assert table is not None

    rows = rows_of(table)

    assert [row[0] for row in rows] == [
        "Gemeente Enschede",
        "Centrum",
        "Noord",
        "Oost Binnen",
        "Pathmos-Stadsveld",
        "Wijkteam onbekend",
    ]
    assert rows[0][1:] == ["1,1 % voorlopig", "11,7 %", "75,9 % voorlopig", "98,0 %", "40,5 % voorlopig"]
    assert rows[1][3] == "niet getoond (te kleine aantallen)"
    assert rows[5][1] == "geen cijfer"


def test_care_forms_stand_from_the_longest_to_the_shortest() -> None:
    """The withheld come last; the sentence names the ends."""
    section = page_of(example_report()).chapters[-1].sections[-1]
    assert section.table is not None

    assert [row.head.text for row in section.table.rows] == [
        "Pleegzorg",
        "Gezinshuis",
        "Ambulante jeugdhulp",
        "Jeugd-ggz",
        "Crisishulp",
        "Gesloten jeugdhulp",
    ]
    assert section.sentences[0].replace(NBSP, " ") == (
        "In 2024 hadden jeugdigen het langst pleegzorg (321,0 dagen gemiddeld) en het kortst crisishulp (47,0 dagen "
        "gemiddeld)."
    )


def test_care_forms_that_are_all_withheld_say_so() -> None:
    """And one without a name in this municipality is called by its id, one that nobody knows unknown."""
    cells = [withheld("care_days_mean", "2024", (CARE_FORM, form)) for form in ("own", "unknown")]

    section = page_of(report(*cells)).chapters[-1].sections[-1]

    assert section.sentences == ("De cijfers worden niet getoond: de aantallen zijn te klein.",)
    assert section.table is not None
    assert [row.head.text for row in section.table.rows] == ["Zorgvorm onbekend", "own"]


def test_a_care_form_without_a_figure_is_told_apart_from_a_withheld_one() -> None:
    """It was there in an earlier year."""
    cells = [
        cell("care_days_mean", "2023", 400, 10, group=(CARE_FORM, "crisis")),
        cell("care_days_mean", "2024", 900, 10, group=(CARE_FORM, "foster-care")),
    ]

    section = page_of(report(*cells)).chapters[-1].sections[-1]

    assert "Crisishulp: geen cijfer." in section.drawing
    assert "alleen pleegzorg" in section.sentences[0]


def test_the_report_says_what_it_is_a_report_of() -> None:
    """Day, knowledge, definition, and of a published one the day and the hash."""
    live, frozen = page_of(report(published_on=None)), page_of(example_report())

    assert [name for name, _ in live.stand] == ["Peildatum", "Bekend op", "Definities"]
    assert dict(frozen.stand)["Gepubliceerd"] == "1 november 2024"
    assert dict(frozen.stand)["Controlegetal"] == example_report().digest


def test_imported_series_may_come_by_the_year() -> None:
    """Client experience is measured once a year; the deficit every quarter."""
    values = [ExternalValue(series="client_experience", period="2024", value=Fraction(74, 10))]
    page = page_of(report(external=values))

    section = page.chapters[1].sections[-1]

    assert section.sentences[0].startswith("Jeugdigen en ouders gaven de jeugdhulp over 2024 gemiddeld het cijfer 7,4.")
    assert section.table is not None
    assert section.table.columns == ("Jaar", "Cijfer")


def test_a_withheld_figure_leaves_no_number_anywhere() -> None:
    """Neither in a sentence, nor in a drawing, nor in a table."""
    cells = [withheld(), withheld("residential_inflow"), *(withheld(group=(TEAM, team)) for team in TEAMS)]
    page = page_of(report(*cells, teams=TEAMS))

    shown = [
        text
        for chapter in page.chapters
        for section in chapter.sections
        if section.table is not None
        for text in texts_of(section.table.rows)
    ]

    assert set(shown) == {"3e kwartaal 2024", "niet getoond (te kleine aantallen)", ""}


def test_every_topic_stands_in_one_chapter() -> None:
    """Nothing is told twice."""
    assert len({topic.anchor for chapter in CHAPTERS for topic in chapter.topics}) == sum(
        len(chapter.topics) for chapter in CHAPTERS
    )
