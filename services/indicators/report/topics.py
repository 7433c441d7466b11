"""What a topic of the report is: an indicator or other series with its Dutch words, its unit and its aim.

In a sentence `{period}`, `{value}`, `{numerator}`, `{denominator}` and `{window}` are filled in, and of `[een|meer]`
the first is taken when the numerator is one.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from services.indicators.definitions import Per
from services.indicators.report.model import MUNICIPALITY
from services.indicators.report.numbers import Unit


class Aim(StrEnum):
    """On which side of its target a figure should be."""

    AT_MOST = "at-most"
    AT_LEAST = "at-least"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One figure of the report, and how it is told."""

    id: str
    per: Per
    title_nl: str
    unit: Unit
    meaning_nl: str
    sentence_nl: str
    aim: Aim | None = None
    pending_nl: str = ""
    """What is pending: "[jeugdige|jeugdigen] bij wie de termijn nog loopt"; follows the number."""
    beside: str = ""
    """A second indicator drawn in the same chart."""
    beside_title_nl: str = ""
    own_title_nl: str = ""
    """How the first is named in that chart."""
    value_name_nl: str = ""
    """What the first number is, where the title names more than one: "mediaan"."""
    group_kind: str = MUNICIPALITY
    """Care form: one bar for each, of the latest period."""
    is_external: bool = False

    @property
    def anchor(self) -> str:
        """Where the topic stands on the page."""
        return f"{self.id}-{self.per.value}".replace(".", "-").replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A chapter of the report: a goal of the municipality, or a special."""

    anchor: str
    title_nl: str
    intro_nl: str
    topics: tuple[Topic, ...]


_FORMS = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")


def inflected(text: str, number: int | None) -> str:
    """A text in which each `[een|meer]` has become the word that fits the number."""
    return _FORMS.sub(lambda found: found[1] if number == 1 else found[2], text)
