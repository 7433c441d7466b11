"""What an alert says: one Dutch sentence, factual and complete."""

from dataclasses import replace
from datetime import date

import yaml

from services.alerts.finding import (
    Finding,
    Level,
    OverlongTerms,
    Provision,
    RequestTerms,
    ReturnTerms,
    Rule,
    RunningCare,
    StackingTerms,
    Terms,
)
from services.alerts.norms import Norm
from services.alerts.sentences import CARE_FORM_NL, ENDS_NL, LABEL_NL, REFERRER_NL, day_nl, listed_nl, sentence
from youthcare.codes import Referrer
from youthcare.runtime.settings import shipped


def said(rule: Rule, terms: Terms) -> str:
    """The sentence of a finding that opens on 1 March 2024."""
    norm = Norm(rule=rule.value, threshold=3, valid_from=date(2024, 1, 1))
    return sentence(
        Finding(rule=rule, level=Level.SIGNAL, anchor="x", opens_on=date(2024, 3, 1), terms=terms, norm=norm)
    )


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
