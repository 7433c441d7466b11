"""Drawing in SVG as text: elements with escaped attributes, and the frame that gives a chart its name.

Colours are attributes and not styles, so a page may forbid every style but its own sheet.
"""

from collections.abc import Iterable
from fractions import Fraction
from html import escape

from services.indicators.report.palette import PAPER

Number = int | Fraction
FONTS = "Open Sans, Noto Sans, Segoe UI, DejaVu Sans, sans-serif"
LETTER = Fraction(55, 10)
"""How wide a letter is drawn, at the size of the labels; enough to keep texts apart."""


def place(value: Number) -> str:
    """A coordinate with at most one decimal."""
    tenths = round(Fraction(value) * 10)
    whole, rest = divmod(abs(tenths), 10)
    return f"{'-' if tenths < 0 else ''}{whole}" + (f".{rest}" if rest else "")


def element(name: str, body: str = "", **attributes: str | Number) -> str:
    """One element; `_` in a name of an attribute is written `-`, and a trailing one is left out."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value) if isinstance(value, str) else place(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{pairs}>{body}</{name}>"


def text(x: Number, y: Number, words: str, *, fill: str, anchor: str = "middle", size: int = 11) -> str:
    """A line of text."""
    return element("text", escape(words), x=x, y=y, fill=fill, text_anchor=anchor, font_size=size)


def backed_text(x: Number, y: Number, words: str, *, fill: str) -> str:
    """A label on a ground of its own, so that a line behind it does not cross it."""
    width = LETTER * len(words) + 4
    ground = element("rect", x=x - width / 2, y=y - 10, width=width, height=13, fill=PAPER, fill_opacity="0.85")
    return ground + text(x, y, words, fill=fill)


def line(x1: Number, y1: Number, x2: Number, y2: Number, *, stroke: str, width: int = 1, dash: str = "none") -> str:
    """A straight line; `dash` such as `4 3` breaks it."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, stroke_dasharray=dash)


def framed(parts: Iterable[str], *, name: str, title: str, description: str, width: int, height: int) -> str:
    """A whole chart: an image with a name and, for who cannot see it, all that it shows."""
    head = element("title", escape(title), id=f"{name}-naam") + element("desc", escape(description), id=f"{name}-tekst")
    return element(
        "svg",
        head + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{name}-naam",
        aria_describedby=f"{name}-tekst",
        class_="grafiek",
        font_family=FONTS,
    )
