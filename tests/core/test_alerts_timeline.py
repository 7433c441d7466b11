"""The drawing of a youth's care as numbers: what stands where, and that the table says the same."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given

from services.alerts.drawing import EDGE, Bar, Drawing
from services.alerts.timeline import LEVEL, Told, depths_of, timeline, waits_of
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders, strategies
from youthcare.codes import care_forms_from
from youthcare.wire import statement_from_wire
from youthcare.youthfacts import YouthFacts

RULES = Rules(care_forms=care_forms_from(builders.CARE_FORMS))
TODAY = date(2024, 10, 15)
WIDTH = 760
OVERLONG = Told(number=7, label_nl="Lang zorgtraject", state_nl="open", opens_on=date(2024, 7, 1), shown=True)


def facts_of(*told: builders.Statement) -> YouthFacts:
    """The facts of these statements."""
    return list(layers([statement_from_wire(each) for each in told], RULES))[-1]


def drawn(*told: builders.Statement, alerts: tuple[Told, ...] = (), width: int = WIDTH) -> Drawing:
    """The drawing of these statements as of today."""
    drawing = timeline(facts_of(*told), "enschede", alerts, TODAY, width)
    assert drawing is not None
    return drawing


def bars(drawing: Drawing, kind: str) -> list[Bar]:
    """The bars of a kind."""
    return [bar for bar in drawing.bars if bar.kind == kind]


def paused() -> tuple[builders.Statement, ...]:
    """Care of 2024 with a pause from 21 March up to and including 14 April."""
    return (
        builders.started(first_day="2024-03-01"),
        builders.ended(first_day="2024-03-01", last_day="2024-03-20", reason="20"),
        builders.started(first_day="2024-04-15"),
        builders.ended(first_day="2024-04-15", last_day="2024-05-31"),
    )


def test_nothing_known_is_no_drawing() -> None:
    """A youth of whom only the registration is known has no care to draw."""
    assert timeline(facts_of(builders.registered()), "enschede", (), TODAY, WIDTH) is None


def test_a_pause_is_a_bar_of_its_own_between_two_of_care() -> None:
    """Running days without care are hatched: worked example 4 of the law."""
    drawing = drawn(*paused())

    first, second = bars(drawing, "care")
    [pause] = bars(drawing, "pause")

    assert first.x + first.width == pause.x
    assert pause.x + pause.width == second.x
    assert "Pauze: 21 maart 2024 tot en met 14 april 2024" in pause.title


def test_waiting_lasts_from_the_granted_first_day_to_the_day_before_the_start() -> None:
    """And without a start up to today, but never past the granted last day."""
    granted = builders.granted(first_day="2024-02-01", last_day="2024-05-01")

    started = facts_of(granted, builders.started(first_day="2024-03-01")).indications[0]
    never = facts_of(granted).indications[0]

    assert str(waits_of(started, TODAY)) == "Period(start=datetime.date(2024, 2, 1), end=datetime.date(2024, 3, 1))"
    assert waits_of(never, TODAY).last_day == date(2024, 5, 1)  # type: ignore[union-attr]
    assert waits_of(never, date(2024, 3, 5)).last_day == date(2024, 3, 5)  # type: ignore[union-attr]
    assert waits_of(never, date(2024, 1, 31)) is None


def test_a_deleted_grant_waits_for_nothing() -> None:
    """A grant whose change reason is 13 does not exist."""
    row = facts_of(
        builders.granted(first_day="2024-02-01"),
        builders.granted(first_day="2024-02-01", change_reason="13", granted_at="2024-02-03T09:00:00"),
    )

    assert [waits_of(each, TODAY) for each in row.indications] in ([], [None])


def test_what_is_open_is_drawn_up_to_and_including_today() -> None:
    """The bar ends where the day after today begins, and the table says that it runs on."""
    drawing = drawn(builders.started(first_day="2024-01-08"))

    [bar] = bars(drawing, "care")

    assert drawing.today <= bar.x + bar.width <= drawing.today + 3
    assert [entry.until for entry in drawing.entries if entry.what.startswith("Zorg:")] == ["loopt door"]


def test_the_window_after_a_care_period_is_drawn_until_its_last_day_or_the_return() -> None:
    """Six months after the end, cut off where care begins again."""
    told = (*paused(), builders.started(indication="0153-2", first_day="2024-09-01"))

    drawing = drawn(*told)

    [window] = bars(drawing, "window")
    assert window.title == "Termijn voor herinstroom: 1 juni 2024 tot en met 31 augustus 2024"
    assert "herinstroom" in [entry.more for entry in drawing.entries]


def test_the_depth_changes_on_the_days_on_which_provisions_begin_and_end() -> None:
    """The step line has the depths of stacking, up to today."""
    facts = facts_of(
        builders.started(first_day="2024-01-01"),
        builders.started(indication="0153-2", provider="65656055", first_day="2024-03-01"),
        builders.ended(indication="0153-2", first_day="2024-03-01", last_day="2024-04-30"),
    )

    depths = list(depths_of(facts.definitions["enschede"], TODAY))

    assert depths == [(date(2024, 1, 1), 1), (date(2024, 3, 1), 2), (date(2024, 5, 1), 1)]


def test_the_step_line_rises_by_a_level_for_each_provision() -> None:
    """Its points are pairs of whole numbers, and the highest is the deepest stacking."""
    drawing = drawn(
        builders.started(first_day="2024-01-01"),
        builders.started(indication="0153-2", provider="65656055", first_day="2024-03-01"),
    )

    heights = [int(point.split(",")[1]) for point in drawing.steps.split()]

    assert drawing.depth == 2
    assert min(heights) == drawing.depth_top
    assert max(heights) - min(heights) == 2 * LEVEL


def test_alerts_stand_on_the_same_axis_as_the_care() -> None:
    """An alert begins where a bar of its day would begin; the one that the page is about is filled."""
    drawing = drawn(builders.started(first_day="2024-07-01"), alerts=(OVERLONG,))

    assert bars(drawing, "told-shown")[0].x == bars(drawing, "care")[0].x
    assert [label.words for label in drawing.labels if label.strong] == ["Lang zorgtraject (open)"]


def test_ticks_leave_room_for_their_words() -> None:
    """However long the history and however narrow the screen."""
    for years in (0, 1, 3, 9):
        first = TODAY - timedelta(days=30 + 365 * years)
        drawing = drawn(builders.started(first_day=first.isoformat()), width=340)
        places = [tick.x for tick in drawing.ticks]
        assert all(later - earlier >= 55 for earlier, later in pairwise(places)), places
        assert places


def test_care_that_does_not_count_is_drawn_and_said_so() -> None:
    """Transport is kept and shown."""
    drawing = drawn(builders.started(product="42A03"))

    assert "telt niet als jeugdhulp" in drawing.labels[0].words


@given(strategies.ledgers())
def test_every_shape_lies_within_the_drawing_and_has_its_line_in_the_table(told: list[builders.Statement]) -> None:
    """Whatever was told: no shape off the paper, whole numbers only, and no shape that the table leaves out."""
    facts = facts_of(*told)

    drawing = timeline(facts, "enschede", (OVERLONG,), TODAY, WIDTH)

    assert drawing is not None
    for bar in drawing.bars:
        assert EDGE <= bar.x < bar.x + bar.width <= WIDTH
        assert 0 < bar.y < bar.y + bar.height <= drawing.height
    assert len(drawing.entries) >= len(drawing.bars)
