"""Stories of layers: what facts that come late, again, or not at all any more do to the step log."""

from dataclasses import replace
from datetime import date

from services.indicators.processor import Known, YouthLayers, apply_facts, joined, layers_after, step_changes
from services.indicators.steps import Amount, SharedKey, StepKey, changes, spread, state_of, summed, together
from services.indicators.tally import shared_tally, tally_all
from tests import naive_indicators
from tests.figure_stories import care, care_forms
from youthcare.period import FAR, Period
from youthcare.youthfacts import DefinitionFacts, IndicationFacts, YouthFacts

KEY = ("0153", "someone")
JANUARY, MARCH = date(2024, 1, 10), date(2024, 3, 10)


def facts(version: int, known_day: date, *, first_day: date = date(2024, 1, 8), gone: bool = False) -> YouthFacts:
    """A youth in care from a day on, as known on another."""
    care = (Period(first_day, FAR),)
    row = IndicationFacts(
        indication="0153-1", care_form="ambulatory", counts_as_care=True, stackable=True, care=care, running=care
    )
    return YouthFacts(
        municipality=KEY[0],
        youth=KEY[1],
        version=(1, version),
        known_day=known_day,
        indications=() if gone else (row,),
        definitions={"enschede": DefinitionFacts()},
        gone=gone,
    )


def test_a_day_that_adds_nothing_leaves_no_layer() -> None:
    """What was known in March is what was known in January: one layer, of January."""
    first = apply_facts(YouthLayers(), facts(1, JANUARY))

    second = apply_facts(first, facts(2, MARCH))

    assert list(second.layers) == [JANUARY]
    assert second.applied == ((1, 2), MARCH)


def test_a_statement_registered_late_changes_its_own_day_and_no_earlier_one() -> None:
    """The layers from the known day on are taken back and told again, oldest first."""
    before = apply_facts(YouthLayers(), facts(1, MARCH))

    after = apply_facts(apply_facts(before, facts(2, JANUARY)), facts(2, MARCH))

    assert list(after.layers) == [JANUARY]
    assert spread(after.layers[JANUARY]) == tally_all(facts(2, JANUARY))


def test_a_newer_rules_revision_wins_over_more_statements() -> None:
    """Versions are compared by revision first (design.md §4)."""
    kept = apply_facts(YouthLayers(), facts(9, MARCH))
    newer = YouthFacts(
        municipality=KEY[0],
        youth=KEY[1],
        version=(2, 1),
        known_day=JANUARY,
        definitions={"enschede": DefinitionFacts()},
    )

    assert apply_facts(kept, newer).applied == ((2, 1), JANUARY)


def test_a_youth_that_is_gone_takes_back_its_steps_on_the_day_that_was_known() -> None:
    """What was known before stays: the figure of January as known in January does not change."""
    before = apply_facts(YouthLayers(), facts(1, JANUARY))

    after = apply_facts(before, facts(2, MARCH, gone=True))

    assert summed(after.layers.values()) == {}
    assert after.layers[JANUARY] == before.layers[JANUARY]


def test_an_erased_youth_is_taken_back_on_every_known_day() -> None:
    """Nothing is told of it any more, also not of what was known before."""
    held = layers_after({}, [(KEY, facts(1, JANUARY)), (KEY, facts(2, MARCH, first_day=date(2024, 2, 1)))])
    kept = {key: after for key, (_, after) in held.items()}

    pairs = layers_after(kept, [(KEY, None)])

    assert pairs[KEY] == (kept[KEY], YouthLayers())
    log = apply(apply({}, step_changes(held)), step_changes(pairs))
    assert log == {}


def test_a_batch_in_parts_is_the_batch_at_once() -> None:
    """What was held before the first part and after the last."""
    told = [(KEY, facts(1, JANUARY)), (KEY, facts(2, MARCH, first_day=date(2024, 2, 1)))]

    first = layers_after({}, told[:1])
    second = layers_after({KEY: first[KEY][1]}, told[1:])

    assert joined(first, second) == layers_after({}, told)


Log = dict[Known, dict[StepKey, Amount]]


def apply(log: Log, gained: Log) -> Log:
    """The log after a gain, rows of nought left out."""
    grown = {known: summed((log.get(known, {}), gained.get(known, {}))) for known in {*log, *gained}}
    return {known: steps for known, steps in grown.items() if steps}


def test_what_two_youths_cancel_is_no_change_of_the_log() -> None:
    """One leaves a group on the day another enters it: the sum of both is nought, and no row is touched."""
    one, other = ("0153", "one"), ("0153", "other")
    step = SharedKey("in_care", ("enschede",), "", (("team", "noord"),), JANUARY)
    grown = YouthLayers(layers={MARCH: {step: (1, 1, 0)}})
    shrunk = YouthLayers(layers={MARCH: {step: (-1, -1, 0)}})

    assert step_changes({one: (YouthLayers(), grown), other: (YouthLayers(), shrunk)}) == {}


def test_a_state_on_days_without_a_change_gives_no_step() -> None:
    """Steps stand only where a state differs from the day before; the far end of time is no day."""
    state = state_of("in_care", "", (("municipality", "0153"), ("team", "noord")), (1, 1, 0))

    steps = changes(("enschede",), [JANUARY, MARCH, JANUARY, FAR], lambda _day: state)

    assert {key.effective_day for key in steps} == {JANUARY}
    assert together([state, state]) == dict.fromkeys(state, (2, 2, 0))


def test_the_same_facts_give_the_same_layer_in_whatever_order_they_tell_of_the_definition_sets() -> None:
    """A layer is compared by its bytes, and facts that crossed a topic may name the sets in another order."""
    (told,) = naive_indicators.newest(
        naive_indicators.told_layers(care("2024-01-08", "2024-03-20"), care_forms(), None)
    )
    turned = replace(told, definitions=dict(reversed(list(told.definitions.items()))))

    assert list(turned.definitions) != list(told.definitions)
    assert shared_tally(turned) == shared_tally(told)
