"""The why-card: why an alert is there, in words and dates (domain.md §7).

Three rules. A statement is told by what it states, its day, and the day it was reported. The days are counted as the
rule counts them: the first day is day 1. What is not known is left out and never guessed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.alerts.finding import Level, Rule
from services.alerts.inbox import Shown, counted_nl
from services.alerts.sentences import care_nl, day_nl
from youthcare.codes import RefusalReason, RequestAnswer
from youthcare.period import ONE_DAY, civil_day
from youthcare.youthfacts import Evaluation, Grant, IndicationFacts, Recorded, RequestFacts, YouthFacts

EDGE = 10
REFUSAL_NL: Mapping[str, str] = {
    RefusalReason.NEW_REQUEST: "geen wijziging, maar een nieuwe aanvraag",
    RefusalReason.BUDGET: "past niet binnen het budget",
    RefusalReason.NO_CONTRACT: "geen contract",
    RefusalReason.OUTSIDE_CONTRACT: "past niet binnen het contract",
    RefusalReason.OTHER_MUNICIPALITY: "andere gemeente",
    RefusalReason.STACKING: "stapeling",
    RefusalReason.CARE_CONTENT: "zorginhoudelijke afkeur",
    RefusalReason.RESIDENCE: "woonplaatsbeginsel",
    RefusalReason.AGE_LIMIT: "leeftijdsgrens is bereikt",
}

_COUNTED_FROM: Mapping[tuple[str, str], tuple[str, int]] = {
    (Rule.TRAJECTORY_OVERLONG, ""): ("first_day", 0),
    (Rule.INDICATION_OVERLONG, ""): ("first_day", 0),
    (Rule.OUTLIER, ""): ("first_day", 0),
    (Rule.DUPLICATE_PROVISION, ""): ("shared_since", 0),
    (Rule.SLEEPER, Level.PAUSED): ("day", 0),
    # The day itself is not counted: the norm counts whole days after it.
    (Rule.SLEEPER, Level.NO_END): ("day", 1),
    (Rule.WAITING_LONG, ""): ("granted_from", 1),
}
"""By rule and level, the day among its terms from which it counts, and how many days later day 1 is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What somebody reported: what, about which care, the day it is about, and the day it was reported."""

    day: date
    what: str
    about: str
    days: str
    reported: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The days that a rule counts: from the first day, up to a day included, against the norm in days."""

    first_day: date
    last_day: date
    norm_days: int
    norm_valid_from: date

    @property
    def days(self) -> int:
        """How many days have been counted; the first day is 1."""
        return (self.last_day - self.first_day).days + 1

    @property
    def norm_on(self) -> date:
        """The day that is counted as the norm's."""
        return self.first_day + (self.norm_days - 1) * ONE_DAY

    @property
    def words(self) -> str:
        """The count as a sentence, for who does not see the line."""
        verb = "werd bereikt" if self.days >= self.norm_days else "wordt bereikt"
        return (
            f"Dag 1 is {day_nl(self.first_day)}; {day_nl(self.last_day)} is dag {_number(self.days)}. "
            f"De norm van {counted_nl(self.norm_days, 'dag', 'dagen')} "
            f"(geldig vanaf {day_nl(self.norm_valid_from)}) {verb} op {day_nl(self.norm_on)}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLine:
    """A count as places on a line, in whole units of the drawing."""

    width: int
    start: int
    now: int
    norm: int
    is_reached: bool
    now_words: str
    norm_words: str
    now_anchor: str
    norm_anchor: str


def statements(facts: YouthFacts, evidence: Sequence[str]) -> tuple[Statement, ...]:
    """What an alert rests on, oldest first: of each indication and request that shares a statement with it."""
    wanted = set(evidence)
    indications = [row for row in facts.indications if wanted & set(row.evidence)]
    found = [each for row in indications for each in _of_indication(row, facts.evaluations)]
    found += [each for row in facts.requests if wanted & set(row.evidence) for each in _of_request(row)]
    return tuple(sorted(found, key=lambda each: (each.day, each.about, each.what)))


def count_of(alert: Shown, today: date) -> Count | None:
    """The days that an alert's rule counts; None for a rule that does not count days from a first one."""
    name, later = _COUNTED_FROM.get((alert.rule, alert.level), _COUNTED_FROM.get((alert.rule, ""), ("", 0)))
    stated, norm = alert.terms.get(name), alert.terms.get("norm_days")
    if stated is None or norm is None:
        return None
    first_day = date.fromisoformat(str(stated)) + later * ONE_DAY
    last_day = max(min(today, alert.closes_on or today), first_day)
    return Count(first_day=first_day, last_day=last_day, norm_days=int(norm), norm_valid_from=alert.valid_from)


def count_line(count: Count, width: int) -> CountLine:
    """A count on a line `width` units wide, on which the greater of the count and the norm nearly fills it."""
    room, most = width - 2 * EDGE, max(count.days, count.norm_days) * 20 // 19 + 1
    now, norm = EDGE + count.days * room // most, EDGE + count.norm_days * room // most
    return CountLine(
        width=width,
        start=EDGE,
        now=now,
        norm=norm,
        is_reached=count.days >= count.norm_days,
        now_words=f"dag {_number(count.days)}",
        norm_words=f"norm: dag {_number(count.norm_days)}",
        now_anchor=_anchor(now, width),
        norm_anchor=_anchor(norm, width),
    )


def threshold_nl(alert: Shown) -> str:
    """The threshold with the day it is valid from; a rule without a number has a day alone."""
    since = f"geldig vanaf {day_nl(alert.valid_from)}"
    return f"drempel {_number(alert.threshold)}, {since}" if alert.threshold is not None else since


def percentile_nl(percentile: int | None) -> str:
    """Where this duration stands among trajectories with the same care form; nothing when that is not known."""
    if percentile is None:
        return ""
    return f"Langer dan {percentile} % van de trajecten met dezelfde zorgvorm."


def moment_nl(instant: datetime) -> str:
    """A moment as the reader's clock showed it: `4 maart 2024`; the history needs no minutes to be in order."""
    return day_nl(civil_day(instant))


def _of_indication(row: IndicationFacts, evaluations: Sequence[Evaluation]) -> Iterator[Statement]:
    about = care_nl(row.care_form, row.provider)
    yield from (_granted(grant, about) for grant in row.grants)
    yield from (_recorded("begin zorg", each, about) for each in row.starts)
    yield from (_recorded(_end_nl(row, each), each, about) for each in row.ends)
    for held in evaluations:
        if held.indication == row.indication:
            yield Statement(day=held.day, what="evaluatie", about=about, days=day_nl(held.day), reported="")


def _granted(grant: Grant, about: str) -> Statement:
    until = f" tot en met {day_nl(grant.last_day)}" if grant.last_day else ", zonder einddatum"
    return Statement(
        day=grant.first_day,
        what="toewijzing",
        about=about,
        days=f"vanaf {day_nl(grant.first_day)}{until}",
        reported=moment_nl(grant.received),
    )


def _recorded(what: str, each: Recorded, about: str) -> Statement:
    reported = moment_nl(each.received or each.time)
    return Statement(day=each.day, what=what, about=about, days=day_nl(each.day), reported=reported)


def _end_nl(row: IndicationFacts, each: Recorded) -> str:
    # Days that run on after an end are a pause: the reason itself is not among the facts.
    return "pauze" if any(run.covers(each.day + ONE_DAY) for run in row.running) else "einde zorg"


def _of_request(row: RequestFacts) -> Iterator[Statement]:
    about = f"aanbieder {row.provider}"
    day = civil_day(row.requested)
    yield Statement(day=day, what="verzoek om zorg", about=about, days=day_nl(day), reported=moment_nl(row.received))
    if row.answer is not None and row.answered is not None:
        answered = civil_day(row.answered)
        yield Statement(day=answered, what=answer_nl(row), about=about, days=day_nl(answered), reported="")


def answer_nl(row: RequestFacts) -> str:
    """What was answered to a request, with the reason of a refusal."""
    if row.answer == RequestAnswer.UNDER_INVESTIGATION:
        return "antwoord: in onderzoek"
    if row.answer != RequestAnswer.REJECTED:
        return "antwoord op het verzoek"
    reason = REFUSAL_NL.get(row.answer_reason or "", "")
    return f"verzoek afgewezen: {reason}" if reason else "verzoek afgewezen"


def _anchor(x: int, width: int) -> str:
    return "start" if x < width // 3 else "end" if x > width * 2 // 3 else "middle"


def _number(count: int) -> str:
    return f"{count:,}".replace(",", ".")
