"""The charts of the report: a name for who cannot see them, shapes for who cannot tell colours apart."""

from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.report import palette
from services.indicators.report.bars import Bar, BarChart, bar_chart
from services.indicators.report.charts import Chart, Line, Point, line_chart
from services.indicators.report.content import TOPICS
from services.indicators.report.readings import readings_of
from services.indicators.report.sections import section_of
from services.indicators.report.svg import place
from tests.naive_luminance import contrast
from tests.report_builders import example_report

SVG = "{http://www.w3.org/2000/svg}"
QUARTER_TICKS = tuple((f"kw {number}", "2024") for number in range(1, 5))


def chart(*points: Point, second: tuple[Point, ...] = (), target: Fraction | None = None, **more: object) -> Chart:
    """A chart of up to four quarters."""
    lines = (Line(name_nl="cijfer", points=points), *((Line(name_nl="tweede", points=second),) if second else ()))
    return Chart(
        name="voorbeeld",
        title_nl="Voorbeeld & <zo>",
        description_nl='Alles "erin"',
        axis_nl="procent",
        ticks=QUARTER_TICKS[: len(points)],
        lines=lines,
        targets=(target,) * len(points),
        **more,  # type: ignore[arg-type]
    )


def read(drawing: str) -> ElementTree.Element:
    """A drawing, parsed."""
    return ElementTree.fromstring(drawing)  # noqa: S314 - it is our own


def texts(root: ElementTree.Element) -> list[str]:
    """Every line of text in a drawing."""
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def point(value: int | None, **more: bool) -> Point:
    """A point with its number as label."""
    return Point(value=None if value is None else Fraction(value), label=str(value), **more)


def test_a_chart_has_a_name_and_a_description() -> None:
    """An image with a title and all its numbers, both escaped."""
    root = read(line_chart(chart(point(1), point(2))))

    assert root.get("role") == "img"
    names = {element.get("id"): element.text for element in root if element.tag in {f"{SVG}title", f"{SVG}desc"}}
    assert names == {root.get("aria-labelledby"): "Voorbeeld & <zo>", root.get("aria-describedby"): 'Alles "erin"'}


def test_a_provisional_value_is_open_broken_and_named() -> None:
    """Three marks beside colour: an open circle, a broken line, and the word."""
    root = read(line_chart(chart(point(1), point(2), point(3, is_provisional=True))))

    fills = [element.get("fill") for element in root.iter(f"{SVG}circle")]
    dashes = [element.get("stroke-dasharray") for element in root.iter(f"{SVG}line")]
    assert fills[:3] == [palette.FIGURE, palette.FIGURE, palette.PAPER]
    assert "5 4" in dashes
    assert texts(root).count("voorlopig") == 2  # above the ground, and in the legend


def test_the_word_provisional_fits_beside_one_narrow_period() -> None:
    """At the right edge it ends at the edge; elsewhere it stands in the middle."""
    narrow = tuple(point(1) for _ in range(11))
    wide = chart(point(1, is_provisional=True), point(2))
    many = Chart(
        name="m",
        title_nl="",
        description_nl="",
        axis_nl="",
        ticks=(("jan", "2024"),) * 12,
        lines=(Line(name_nl="cijfer", points=(*narrow, point(2, is_provisional=True))),),
        targets=(None,) * 12,
    )

    anchors = [
        next(
            element.get("text-anchor")
            for element in read(line_chart(each)).iter(f"{SVG}text")
            if element.text == "voorlopig"
        )
        for each in (many, wide)
    ]

    assert anchors == ["end", "middle"]


def test_a_withheld_value_is_a_gap_with_its_reason() -> None:
    """No line runs through it, and the legend says what the letters mean."""
    root = read(line_chart(chart(point(1), Point(value=None, is_withheld=True), point(3))))

    blue = [element for element in root.iter(f"{SVG}line") if element.get("stroke") == palette.FIGURE]
    assert len(blue) == 1  # that of the legend
    assert {"n.g.", "n.g. = niet getoond (te kleine aantallen)"} <= set(texts(root))


def test_a_second_figure_has_square_marks() -> None:
    """Shape and not colour tells the two apart."""
    root = read(line_chart(chart(point(1), point(2), second=(point(5), point(6)))))

    squares = [element for element in root.iter(f"{SVG}rect") if element.get("fill") == palette.SECOND]
    assert len(squares) == 3  # two values and the legend


def test_target_and_estimate_are_named_in_the_legend() -> None:
    """The target is a thick grey line, the estimate a bracket."""
    root = read(line_chart(chart(point(1), point(2), target=Fraction(3), bands={1: (Fraction(1), Fraction(4))})))

    assert {"streefwaarde", "verwachte eindstand (schatting)"} <= set(texts(root))
    assert [
        element.get("stroke-width") for element in root.iter(f"{SVG}line") if element.get("stroke") == palette.TARGET
    ] == ["3"] * 3


@given(st.lists(st.one_of(st.none(), st.integers(-50, 10_000)), min_size=1, max_size=4))
def test_every_drawing_is_well_formed_and_stays_within_its_frame(values: list[int | None]) -> None:
    """Whatever the numbers are."""
    root = read(line_chart(chart(*(point(value) for value in values), target=Fraction(100))))

    _, _, width, height = (float(part) for part in str(root.get("viewBox")).split())
    for element in root.iter(f"{SVG}circle"):
        assert 0 <= float(str(element.get("cx"))) <= width
        assert 0 <= float(str(element.get("cy"))) <= height


def test_bars_tell_provisional_and_withheld_in_words() -> None:
    """A provisional bar is open with a broken edge; one that is withheld has no length."""
    bars = (
        Bar(name_nl="Pleegzorg", value=Fraction(300), words="300,0"),
        Bar(name_nl="Crisishulp", value=Fraction(30), words="30,0 (voorlopig)", is_provisional=True),
        Bar(name_nl="Gesloten jeugdhulp", value=None, words="niet getoond"),
    )
    root = read(bar_chart(BarChart(name="b", title_nl="t", description_nl="d", axis_nl="dagen", bars=bars)))

    assert [(element.get("fill"), element.get("stroke-dasharray")) for element in root.iter(f"{SVG}rect")] == [
        (palette.FIGURE, None),
        (palette.PAPER, "4 3"),
    ]
    assert {"30,0 (voorlopig)", "niet getoond"} <= set(texts(root))


@pytest.mark.parametrize(
    ("value", "text"), [(Fraction(1, 3), "0.3"), (Fraction(-1, 2), "-0.5"), (Fraction(12), "12"), (7, "7")]
)
def test_coordinates_have_one_decimal(value: Fraction, text: str) -> None:
    """Enough for a screen, and the same text on every machine."""
    assert place(value) == text


@pytest.mark.parametrize("colour", [*palette.TEXTS, *palette.SHAPES])
@pytest.mark.parametrize("ground", [*palette.GROUNDS])
def test_every_colour_can_be_read_on_every_ground(colour: str, ground: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1; lines are held to it too, since numbers are written in their colour."""
    assert contrast(palette.ALL[colour], palette.ALL[ground]) >= 4.5


def test_every_chart_of_the_example_uses_colours_of_the_palette_alone() -> None:
    """What is drawn is what the contrast was computed of."""
    readings = readings_of(example_report())
    known = {*palette.ALL.values(), "none"}

    for topic in TOPICS:
        drawing = section_of(topic, readings).drawing
        if drawing:
            used = {element.get(name) for element in read(drawing).iter() for name in ("fill", "stroke")}
            assert used - {None} <= known
