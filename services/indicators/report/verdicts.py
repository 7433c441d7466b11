"""Whether a figure meets its target, in words and by a sign, never by colour alone.

Judged on the exact figure; where figure and target are written alike, the sentence says that they differ less than the
rounding.
"""

from enum import Enum

from services.indicators.report.numbers import in_steps, shown
from services.indicators.report.readings import Reading
from services.indicators.report.topics import Aim, Topic

AIM_NL = {Aim.AT_MOST: "hoogstens", Aim.AT_LEAST: "minstens"}


class Verdict(Enum):
    """Target met, not met, or nothing to judge; each with its sign and its words."""

    MET = ("✓", "streefwaarde gehaald")
    NOT_MET = ("✗", "streefwaarde niet gehaald")
    NONE = ("–", "geen streefwaarde")

    @property
    def sign(self) -> str:
        """The sign beside the words."""
        return self.value[0]

    @property
    def words_nl(self) -> str:
        """The words of the verdict."""
        return self.value[1]


def verdict_of(topic: Topic, reading: Reading) -> Verdict:
    """Whether a reading meets its target; `NONE` when either is lacking or the topic has no side to be on."""
    if topic.aim is None or reading.value is None or reading.target is None:
        return Verdict.NONE
    excess = reading.value - reading.target
    is_met = excess <= 0 if topic.aim is Aim.AT_MOST else excess >= 0
    return Verdict.MET if is_met else Verdict.NOT_MET


def target_nl(topic: Topic, reading: Reading) -> str:
    """The target in words: "hoogstens 1,0 %"; empty without one."""
    if topic.aim is None or reading.target is None:
        return ""
    return f"{AIM_NL[topic.aim]} {shown(reading.target, topic.unit)}{_closeness_nl(topic, reading, '; ')}"


def against_target(topic: Topic, reading: Reading) -> str:
    """Where a figure lies: "boven de streefwaarde van 1,0 %"; empty when there is nothing to compare."""
    if reading.value is None or reading.target is None:
        return ""
    target = f"de streefwaarde van {shown(reading.target, topic.unit)}"
    if reading.value == reading.target:
        return f"gelijk aan {target}"
    side = "boven" if reading.value > reading.target else "onder"
    return f"{side} {target}{_closeness_nl(topic, reading, ', maar ')}"


def _closeness_nl(topic: Topic, reading: Reading, joint: str) -> str:
    """Says that figure and target differ though they are written alike; else nothing."""
    if reading.value is None or reading.target is None or reading.value == reading.target:
        return ""
    is_close = in_steps(reading.value, topic.unit) == in_steps(reading.target, topic.unit)
    return f"{joint}het verschil is kleiner dan de afronding" if is_close else ""
