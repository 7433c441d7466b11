"""What an alert says: one Dutch sentence, factual and complete."""

from dataclasses import replace
from datetime import date

import pytest
import yaml

from services.alerts.finding import Finding, Level, Provision, Rule, RunningCare, Terms
from services.alerts.norms import Norm
from services.alerts.rules import ENDS_NL, LABEL_NL, sentence
from services.alerts.rules.duplicate_provision import DuplicateTerms
from services.alerts.rules.end_near import EndNearTerms
from services.alerts.rules.evaluation_due import EvaluationTerms
from services.alerts.rules.feed_silent import SilentTerms
from services.alerts.rules.indication_overlong import IndicationOverlongTerms
from services.alerts.rules.outlier import OutlierTerms
from services.alerts.rules.residential_moves import MovesTerms
from services.alerts.rules.returned import ReturnTerms
from services.alerts.rules.serial_renewal import RenewalTerms
from services.alerts.rules.shopping import ShoppingTerms
from services.alerts.rules.sleeper import SleeperTerms
from services.alerts.rules.stacking_level import StackingTerms
from services.alerts.rules.stacking_request import RequestTerms
from services.alerts.rules.stacking_unrequested import UnrequestedTerms
from services.alerts.rules.trajectory_overlong import OverlongTerms
from services.alerts.rules.turning_18 import TurningTerms
from services.alerts.rules.waiting_long import WaitingTerms
from services.alerts.sentences import (
    CARE_FORM_NL,
    REFERRER_NL,
    day_nl,
    days_nl,
    listed_days_nl,
    listed_nl,
    months_nl,
    referrer_nl,
)
from youthcare.codes import Referrer
from youthcare.runtime.settings import shipped

PROVIDER = "42420001"


def said(rule: Rule, terms: Terms, level: Level = Level.SIGNAL) -> str:
    """The sentence of a finding that opens on 1 March 2024."""
    norm = Norm(rule=rule.value, threshold=3, valid_from=date(2024, 1, 1))
    return sentence(Finding(rule=rule, level=level, anchor="x", opens_on=date(2024, 3, 1), terms=terms, norm=norm))


def test_a_long_trajectory_names_its_days_and_its_norm() -> None:
    """The day count is that of the opening day; a warning names both limits."""
    norm = OverlongTerms(first_day=date(2022, 3, 2), care_duration_days=731, threshold_days=730, norm_days=730)
    warning = replace(norm, threshold_days=584)

    assert said(Rule.TRAJECTORY_OVERLONG, norm) == (
        "Het zorgtraject dat op 2 maart 2022 begon, duurt op 1 maart 2024 731 dagen; "
        "de norm is 730 dagen (geldig vanaf 1 januari 2024)."
    )
    assert said(Rule.TRAJECTORY_OVERLONG, warning) == (
        "Het zorgtraject dat op 2 maart 2022 begon, duurt op 1 maart 2024 731 dagen; "
        "de waarschuwingsgrens is 584 dagen en de norm is 730 dagen (geldig vanaf 1 januari 2024)."
    )


def test_stacking_names_the_provisions() -> None:
    """A form of the municipality itself goes by its own name, an unknown provider is called so."""
    provisions = (
        Provision(care_form="ambulatory", provider="42420001"),
        Provision(care_form="OB1"),
    )

    assert said(Rule.STACKING_LEVEL, StackingTerms(threshold=2, provisions=provisions)) == (
        "Op 1 maart 2024 lopen 2 voorzieningen tegelijk: ambulante jeugdhulp bij aanbieder 42420001 en OB1 bij een "
        "onbekende aanbieder; de norm is 2 (geldig vanaf 1 januari 2024)."
    )


def test_a_return_names_the_days_without_care() -> None:
    """One day is written as one day."""
    terms = ReturnTerms(previous_last_day=date(2024, 2, 28), days_since=1, window_last_day=date(2024, 8, 28))

    assert said(Rule.RETURNED, terms) == (
        "Op 1 maart 2024 begint opnieuw zorg, na 1 dag zonder zorg: de vorige zorgperiode eindigde op "
        "28 februari 2024 en de termijn voor herinstroom loopt tot en met 28 augustus 2024."
    )


def test_a_request_names_what_runs_who_referred_and_how_long() -> None:
    """What runs is listed with provider, first day, days and referrer."""
    running = (
        RunningCare(
            care_form="ambulatory", provider="42420001", since=date(2024, 1, 1), running_days=61, referrer="02"
        ),
        RunningCare(care_form="residence", since=date(2024, 2, 1), running_days=30),
    )
    asks = RequestTerms(provider="65656055", referrer="04", is_change=False, running=running)
    adds = RequestTerms(provider="65656055", is_change=True)

    assert said(Rule.STACKING_REQUEST, asks) == (
        "Aanbieder 65656055 vraagt om zorg, verwezen door de gecertificeerde instelling (ontvangen op 1 maart 2024), "
        "terwijl er loopt: ambulante jeugdhulp bij aanbieder 42420001, sinds 1 januari 2024 (61 dagen), verwezen door "
        "de huisarts; verblijf bij een onbekende aanbieder, sinds 1 februari 2024 (30 dagen), verwijzer onbekend."
    )
    assert said(Rule.STACKING_REQUEST, adds) == (
        "Aanbieder 65656055 vraagt een wijziging die een product toevoegt, verwijzer onbekend (ontvangen op "
        "1 maart 2024), terwijl er loopt: geen andere zorg."
    )


def test_a_long_provision_says_that_renewals_count() -> None:
    """Since when it runs, and how many days that is."""
    terms = IndicationOverlongTerms(
        care_form="ambulatory", provider=PROVIDER, first_day=date(2023, 3, 2), running_days=366, norm_days=365
    )

    assert said(Rule.INDICATION_OVERLONG, terms, Level.NORM) == (
        "Sinds 2 maart 2023 loopt ambulante jeugdhulp bij aanbieder 42420001; op 1 maart 2024 is dat, verlengingen "
        "meegeteld, 366 dagen en de norm is 365 dagen (geldig vanaf 1 januari 2024)."
    )


def test_an_outlier_is_set_beside_what_most_last() -> None:
    """The percentile is named as what it is."""
    terms = OutlierTerms(first_day=date(2022, 3, 2), care_duration_days=731, norm_days=730)

    assert said(Rule.OUTLIER, terms, Level.NORM) == (
        "Het zorgtraject dat op 2 maart 2022 begon, duurt op 1 maart 2024 731 dagen; 95 % van de trajecten met "
        "dezelfde zorgvorm duurt hoogstens 730 dagen (geldig vanaf 1 januari 2024)."
    )


def test_unrequested_stacking_names_both_referrers() -> None:
    """What starts, and what runs already; the other level says that no request is known."""
    running = RunningCare(care_form="residence", since=date(2024, 2, 1), running_days=30, referrer="01")
    terms = UnrequestedTerms(care_form="mental-health", provider=PROVIDER, referrer="02", running=running)

    assert said(Rule.STACKING_UNREQUESTED, terms) == (
        "Op 1 maart 2024 begint jeugd-ggz bij aanbieder 42420001, verwezen door de huisarts, terwijl sinds 1 februari "
        "2024 ook verblijf bij een onbekende aanbieder loopt, verwezen door de gemeente."
    )
    assert said(Rule.STACKING_UNREQUESTED, replace(terms, referrer=None), Level.WITHOUT_REQUEST) == (
        "Op 1 maart 2024 begint jeugd-ggz bij aanbieder 42420001, verwijzer onbekend, zonder bekend verzoek, terwijl "
        "sinds 1 februari 2024 ook verblijf bij een onbekende aanbieder loopt, verwezen door de gemeente."
    )


def test_a_duplicate_names_both_providers() -> None:
    """Since when both run, and how many days that is."""
    terms = DuplicateTerms(
        care_form="ambulatory",
        providers=(PROVIDER, "65656055"),
        shared_since=date(2024, 2, 16),
        shared_days=15,
        norm_days=14,
    )

    assert said(Rule.DUPLICATE_PROVISION, terms) == (
        "Sinds 16 februari 2024 loopt ambulante jeugdhulp bij twee aanbieders tegelijk (42420001 en 65656055); op "
        "1 maart 2024 is dat 15 dagen en de norm voor een overdracht is 14 dagen (geldig vanaf 1 januari 2024)."
    )


def test_a_renewal_names_the_days_on_which_care_was_extended() -> None:
    """Each day once, also when it was extended twice on it."""
    terms = RenewalTerms(
        care_form="family-home",
        provider=PROVIDER,
        first_day=date(2023, 1, 1),
        extended_on=(date(2024, 1, 1), date(2024, 3, 1), date(2024, 3, 1)),
        norm_extensions=2,
    )

    assert said(Rule.SERIAL_RENEWAL, terms) == (
        "Sinds 1 januari 2023 loopt gezinshuis bij aanbieder 42420001, 3 keer verlengd (op 1 januari 2024 en 1 maart "
        "2024); de norm voor een tweede beoordelaar is 2 keer (geldig vanaf 1 januari 2024)."
    )


def test_a_missing_evaluation_names_the_days_without_one() -> None:
    """The first looks back to the first day of care, a yearly one to the moment before."""
    first = EvaluationTerms(
        care_form="ambulatory",
        provider=PROVIDER,
        first_day=date(2023, 12, 1),
        moment=date(2024, 3, 1),
        norm_months=3,
    )
    yearly = replace(first, first_day=date(2022, 12, 1), previous=date(2023, 3, 1), norm_months=12)

    assert said(Rule.EVALUATION_DUE, first, Level.FIRST) == (
        "Sinds 1 december 2023 loopt ambulante jeugdhulp bij aanbieder 42420001; tot en met 1 maart 2024 is daarvan "
        "geen evaluatie vastgelegd en de norm is een evaluatie na 3 maanden (geldig vanaf 1 januari 2024)."
    )
    assert said(Rule.EVALUATION_DUE, yearly, Level.YEARLY) == (
        "Sinds 1 december 2022 loopt ambulante jeugdhulp bij aanbieder 42420001; na 1 maart 2023 tot en met 1 maart "
        "2024 is daarvan geen evaluatie vastgelegd en de norm is een evaluatie elke 12 maanden (geldig vanaf "
        "1 januari 2024)."
    )


def test_a_near_end_names_the_granted_last_day() -> None:
    """And how long before it a follow-up should be known."""
    terms = EndNearTerms(care_form="ambulatory", provider=PROVIDER, last_day=date(2024, 4, 12), norm_days=42)

    assert said(Rule.END_NEAR, terms) == (
        "De toewijzing van ambulante jeugdhulp bij aanbieder 42420001 loopt tot en met 12 april 2024 en op 1 maart "
        "2024 is geen vervolg bekend; de norm is 42 dagen van tevoren (geldig vanaf 1 januari 2024)."
    )


def test_a_youth_who_turns_18_is_named_by_the_day_and_the_care() -> None:
    """What runs on the opening day is listed."""
    terms = TurningTerms(
        birthday=date(2024, 9, 1),
        provisions=(Provision(care_form="ambulatory", provider=PROVIDER), Provision(care_form="residence")),
        norm_months=6,
    )

    assert said(Rule.TURNING_18, terms) == (
        "De jeugdige wordt op 1 september 2024 18 jaar en op 1 maart 2024 loopt ambulante jeugdhulp bij aanbieder "
        "42420001 en verblijf bij een onbekende aanbieder; de norm is 6 maanden van tevoren (geldig vanaf 1 januari "
        "2024)."
    )


def test_moves_are_named_by_their_days() -> None:
    """How many count on the opening day, and on which days they were."""
    terms = MovesTerms(moved_on=(date(2023, 6, 1), date(2024, 3, 1)), norm_moves=2)

    assert said(Rule.RESIDENTIAL_MOVES, terms) == (
        "In de twaalf maanden tot en met 1 maart 2024 is 2 keer van verblijf of woonvorm gewisseld (op 1 juni 2023 en "
        "1 maart 2024); de norm is 2 keer (geldig vanaf 1 januari 2024)."
    )


def test_long_waiting_counts_from_the_granted_first_day() -> None:
    """What has not begun, and since when it might have."""
    terms = WaitingTerms(
        care_form="ambulatory", provider=PROVIDER, granted_from=date(2024, 1, 1), waiting_days=60, norm_days=60
    )

    assert said(Rule.WAITING_LONG, terms) == (
        "Op 1 maart 2024 is ambulante jeugdhulp bij aanbieder 42420001 nog niet begonnen, 60 dagen na de toegewezen "
        "eerste dag (1 januari 2024); de norm is 60 dagen (geldig vanaf 1 januari 2024)."
    )


def test_a_sleeper_is_paused_or_without_an_end() -> None:
    """Each level says what is missing."""
    terms = SleeperTerms(care_form="ambulatory", provider=PROVIDER, day=date(2024, 1, 2), norm_days=60)
    past = replace(terms, day=date(2024, 2, 29), norm_days=1)

    assert said(Rule.SLEEPER, terms, Level.PAUSED) == (
        "Sinds 2 januari 2024 is ambulante jeugdhulp bij aanbieder 42420001 onderbroken; op 1 maart 2024 is dat 60 "
        "dagen zonder hervatting of einde en de norm is 60 dagen (geldig vanaf 1 januari 2024)."
    )
    assert said(Rule.SLEEPER, past, Level.NO_END) == (
        "De toewijzing van ambulante jeugdhulp bij aanbieder 42420001 liep tot en met 29 februari 2024; op 1 maart "
        "2024 is geen einde gemeld en de norm is 1 dag (geldig vanaf 1 januari 2024)."
    )


def test_shopping_names_the_refusal_and_both_referrers() -> None:
    """Who asked and was refused, and through whom it was granted after all."""
    terms = ShoppingTerms(
        care_form="mental-health",
        provider="65656055",
        referrer="02",
        refused_provider=PROVIDER,
        refused_referrer="04",
        refused_on=date(2024, 1, 15),
        norm_months=3,
    )

    assert said(Rule.SHOPPING, terms) == (
        "Op 1 maart 2024 is jeugd-ggz bij aanbieder 65656055 toegewezen, verwezen door de huisarts, nadat op "
        "15 januari 2024 een verzoek van aanbieder 42420001 om dezelfde zorgvorm, verwezen door de gecertificeerde "
        "instelling, was afgewezen; de termijn is 3 maanden (geldig vanaf 1 januari 2024)."
    )


def test_a_silent_sender_is_held_against_its_own_habit() -> None:
    """One working day is written as one."""
    terms = SilentTerms(sender="/0153/wijkteam-noord", last_arrival=date(2024, 2, 26), habit_working_days=1)

    assert said(Rule.FEED_SILENT, terms) == (
        "Van aanleveraar /0153/wijkteam-noord kwam op 26 februari 2024 het laatste bericht over begin of einde van "
        "zorg; daarvóór zat er hoogstens 1 werkdag tussen, en op 1 maart 2024 is meer dan twee keer zo lang verstreken."
    )
    assert "hoogstens 2 werkdagen tussen" in said(Rule.FEED_SILENT, replace(terms, habit_working_days=2))


@pytest.mark.parametrize("rule", Rule)
def test_a_name_is_short_and_what_ends_it_is_a_sentence(rule: Rule) -> None:
    """A name fits a line of a list; the other says when the alert lapses."""
    assert len(LABEL_NL[rule]) <= 40
    assert ENDS_NL[rule].startswith("Vervalt ")
    assert ENDS_NL[rule].endswith(".")


def test_every_code_has_its_dutch_word() -> None:
    """Rules, referrers and the shipped care forms that count are all named."""
    forms = yaml.safe_load(shipped("care-forms.yml").read_text())["forms"]

    assert set(LABEL_NL) == set(ENDS_NL) == set(Rule)
    assert set(REFERRER_NL) == set(Referrer)
    assert set(CARE_FORM_NL) == {name for name, row in forms.items() if row["counts_as_care"]}


def test_days_and_lists_read_as_dutch() -> None:
    """No zero before a day, no comma before the last part."""
    assert day_nl(date(2024, 12, 5)) == "5 december 2024"
    assert listed_nl(["a"]) == "a"
    assert listed_nl(["a", "b", "c"]) == "a, b en c"
    assert listed_days_nl([date(2024, 3, 1), date(2024, 1, 2), date(2024, 3, 1)]) == "2 januari 2024 en 1 maart 2024"
    assert [days_nl(1), days_nl(2), months_nl(1), months_nl(2)] == ["1 dag", "2 dagen", "1 maand", "2 maanden"]
    assert referrer_nl("99") == "verwijzer 99"
