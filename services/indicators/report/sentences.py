"""One to three plain sentences about a figure, made from its numbers: what it is, what it was, whether it is certain.

No adjective and no cause: the numbers say what changed, not why.
"""

from collections.abc import Mapping

from services.indicators.report.numbers import change_in_steps, counted, shown, size_shown
from services.indicators.report.periods import EARLIER_NL, in_words, last_day, per_of
from services.indicators.report.readings import Reading, Readings, State
from services.indicators.report.topics import Topic, inflected
from services.indicators.report.verdicts import against_target

WINDOWS_NL = {
    "enschede": "zes maanden",
    "cbs-statline": "vijf jaar",
    "cbs-outcome": "termijn (tot en met het volgende halfjaar)",
}
WITHHELD_NL = "niet getoond (te kleine aantallen)"
PROVISIONAL_NL = "voorlopig"
ABSENT_NL = "geen cijfer"


def window_nl(definition: str) -> str:
    """The re-entry window of a definition set in words."""
    return WINDOWS_NL.get(definition, "terugkeertermijn")


def sentences_of(topic: Topic, reading: Reading, readings: Readings, earlier: Reading) -> tuple[str, ...]:
    """What the report says about the latest figure of a topic."""
    if reading.state is State.WITHHELD:
        return (f"Het cijfer over {in_words(reading.period)} wordt niet getoond: de aantallen zijn te klein.",)
    if reading.value is None:
        return (f"Over {in_words(reading.period)} is er geen cijfer.",)
    told = (told_nl(topic, reading, readings), compared_nl(topic, reading, earlier))
    return tuple(text for text in (*told, uncertain_nl(topic, reading, readings)) if text)


def told_nl(topic: Topic, reading: Reading, readings: Readings, more: Mapping[str, str] | None = None) -> str:
    """The first sentence: the figure with its counts."""
    assert reading.value is not None, "only a figure is told"
    beside = readings.beside(topic.beside, reading.period) if topic.beside else reading
    filled = inflected(topic.sentence_nl, reading.numerator).format(
        period=in_words(reading.period),
        value=shown(reading.value, topic.unit),
        numerator=_counted(reading.numerator),
        denominator=_counted(reading.denominator),
        beside=WITHHELD_NL if beside.value is None else shown(beside.value, topic.unit),
        window=window_nl(readings.report.definition),
        **(more or {}),
    )
    return filled[:1].upper() + filled[1:]


def _counted(number: int | None) -> str:
    return "" if number is None else counted(number)


def change_nl(topic: Topic, reading: Reading, earlier: Reading) -> str:
    """The change in words: "0,1 procentpunt minder dan een kwartaal eerder"; empty without an earlier figure."""
    if reading.value is None or earlier.value is None:
        return ""
    when = EARLIER_NL[per_of(reading.period)]
    steps = change_in_steps(reading.value, earlier.value, topic.unit)
    if steps == 0:
        return f"{topic.unit.same_nl} {when}"
    direction = topic.unit.more_nl if steps > 0 else topic.unit.less_nl
    return f"{size_shown(steps, topic.unit)} {direction} dan {when}"


def compared_nl(topic: Topic, reading: Reading, earlier: Reading) -> str:
    """The second sentence: against the period before and against the target."""
    parts = [part for part in (change_nl(topic, reading, earlier), against_target(topic, reading)) if part]
    subject = f"De {topic.value_name_nl}" if topic.value_name_nl else "Dat"
    if topic.aim is not None and reading.target is None:
        return (f"{subject} is {parts[0]}. " if parts else "") + "Er is geen streefwaarde opgegeven."
    return f"{subject} is {' en '.join(parts)}." if parts else ""


def uncertain_nl(topic: Topic, reading: Reading, readings: Readings) -> str:
    """The third sentence, of a provisional figure: why it may still change."""
    return f"Dit cijfer is voorlopig: {reason_nl(topic, reading, readings)}." if reading.is_provisional else ""


def reason_nl(topic: Topic, reading: Reading, readings: Readings) -> str:
    """Why a figure is provisional."""
    if readings.report.as_of <= last_day(reading.period):
        over = f"{in_words(reading.period)} was op de peildatum nog niet voorbij"
        return f"{over}; {pending_nl(topic, reading, readings)}" if reading.pending != 0 else over
    return pending_nl(topic, reading, readings) if reading.pending != 0 else "er kan nog iets bij komen of wijzigen"


def pending_nl(topic: Topic, reading: Reading, readings: Readings) -> str:
    """How many are not certain yet, and who they are; too few to tell is said so."""
    who = topic.pending_nl or "[geval|gevallen] die nog niet zeker zijn"
    words = inflected(who, reading.pending).format(window=window_nl(readings.report.definition))
    if reading.pending is None:
        return f"er zijn {words} (het aantal is te klein om te tonen)"
    return f"er {'is' if reading.pending == 1 else 'zijn'} {counted(reading.pending)} {words}"
