"""Page 1: what a council member reads first: the key figures, what changed, what is not certain yet."""

from collections.abc import Iterable, Iterator

from services.indicators.report.content import KEY_TOPICS
from services.indicators.report.numbers import change_in_steps, shown
from services.indicators.report.periods import before, in_words, titled
from services.indicators.report.readings import Reading, Readings
from services.indicators.report.sentences import change_nl, reason_nl
from services.indicators.report.tables import figure_cell
from services.indicators.report.topics import Topic
from services.indicators.report.verdicts import Verdict, target_nl, verdict_of
from services.indicators.report.views import Card, Summary

_CLASSES = {Verdict.MET: "met", Verdict.NOT_MET: "not-met", Verdict.NONE: "none"}
_CROSSINGS = (
    ("Streefwaarde nu wel gehaald en een periode eerder niet", Verdict.MET),
    ("Streefwaarde nu niet gehaald en een periode eerder wel", Verdict.NOT_MET),
)
Told = tuple[Topic, Reading, Reading]
"""A key figure: its topic, its latest reading and the one before."""


def summary_of(readings: Readings) -> Summary:
    """Page 1 of a report."""
    told = tuple(_list_told(readings))
    return Summary(
        opening=_opening(told),
        cards=tuple(_card(*row) for row in told),
        changes=tuple(_changes(told)),
        provisional=tuple(_provisional(told, readings)),
    )


def _list_told(readings: Readings) -> Iterator[Told]:
    for topic in KEY_TOPICS:
        rows = readings.series(topic)
        if rows:
            yield topic, rows[-1], readings.of(topic, before(rows[-1].period))


def _opening(told: Iterable[Told]) -> str:
    """How many key figures meet their target, do not, or have none."""
    verdicts = [verdict_of(topic, reading) for topic, reading, _ in told]
    met, missed = verdicts.count(Verdict.MET), verdicts.count(Verdict.NOT_MET)
    if not verdicts:
        return "Er zijn nog geen kerncijfers."
    if not met + missed:
        return f"Kerncijfers: {len(verdicts)}. Er zijn geen streefwaarden om mee te vergelijken."
    have = "heeft er 1" if met + missed == 1 else f"hebben er {met + missed}"
    return f"Van de {len(verdicts)} kerncijfers {have} een streefwaarde: {met} gehaald, {missed} niet gehaald."


def _card(topic: Topic, reading: Reading, earlier: Reading) -> Card:
    verdict = verdict_of(topic, reading)
    is_told = reading.value is not None
    return Card(
        anchor=topic.anchor,
        title=topic.title_nl,
        period=", ".join(part for part in (topic.value_name_nl, titled(reading.period)) if part),
        value=_capital(figure_cell(topic, reading).text),
        is_provisional=reading.is_provisional,
        verdict=_CLASSES[verdict],
        sign=verdict.sign if is_told else "",
        words=_capital(verdict.words_nl) if is_told else "",
        target=target_nl(topic, reading) if is_told else "",
        change=_capital(change_nl(topic, reading, earlier)),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _changes(told: Iterable[Told]) -> Iterator[str]:
    """Which figures rose, fell or stayed as written, and which crossed their target."""
    listed = tuple(told)
    moves = tuple(move for row in listed if (move := _move(*row)) is not None)
    for head, sign in (("Gestegen", 1), ("Gedaald", -1), ("Gelijk gebleven", 0)):
        texts = [text for found, text in moves if found == sign]
        if texts:
            yield f"{head}: {'; '.join(texts)}."
    for words, verdict in _CROSSINGS:
        crossed = [topic.title_nl for topic, now, was in listed if _crossed(topic, now, was, verdict)]
        if crossed:
            yield f"{words}: {'; '.join(crossed)}."


def _move(topic: Topic, now: Reading, was: Reading) -> tuple[int, str] | None:
    """Up (1), down (-1) or the same (0) as written, with its words; None without two figures."""
    if now.value is None or was.value is None:
        return None
    steps = change_in_steps(now.value, was.value, topic.unit)
    here, there = shown(now.value, topic.unit), shown(was.value, topic.unit)
    moved = f"van {there} naar {here}" if steps else here
    return (steps > 0) - (steps < 0), f"{topic.title_nl} ({moved})"


def _crossed(topic: Topic, now: Reading, was: Reading, verdict: Verdict) -> bool:
    opposite = Verdict.NOT_MET if verdict is Verdict.MET else Verdict.MET
    return verdict_of(topic, now) is verdict and verdict_of(topic, was) is opposite


def _provisional(told: Iterable[Told], readings: Readings) -> Iterator[str]:
    for topic, reading, _ in told:
        if reading.is_provisional:
            yield f"{topic.title_nl}, {in_words(reading.period)}: {reason_nl(topic, reading, readings)}."
