"""The laws of alerts: the rules against a naive count of days, and the lifecycle against any order of news."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.finding import Finding, Identity, Level, Rule
from services.alerts.lifecycle import Alert, Change, State, due, state_on
from services.alerts.norms import Norm, Norms, SignalSetting, foreseen
from services.alerts.processor import YouthKey, newest, replayed, revisit_day, stamp_of, youth_changes
from services.alerts.rules import findings
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from tests.builders import Statement
from tests.naive_alerts import COMPARED_UNTIL, Asked, Line, naive_lines
from tests.naive_alerts.histories import ABOUT, ASKED_ON, EPISODES, LATER, LONG_AGO, NUMBERS, histories, questions
from tests.strategies import shuffled
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_from_wire, to_wire
from youthcare.youthfacts import YouthFacts

TABLE = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))
RULES = Rules(care_forms=TABLE)
NORMS = Norms(
    rows=tuple(
        Norm(rule=rule, level=level, threshold=numbers[0], valid_from=LONG_AGO)
        for (rule, level), numbers in NUMBERS.items()
    )
)
WITHOUT_NAMED_EVIDENCE = {"returned", "stacking-level", "stacking-request", "trajectory-overlong"}
"""The rules of before decision 0017, whose evidence it does not name."""


def told_layers(told: Sequence[Statement]) -> list[YouthFacts]:
    """The facts of all youths of a ledger, as told day by day."""
    return list(layers([statement_from_wire(event) for event in told], RULES))


def last_told(told: Sequence[Statement]) -> list[YouthFacts]:
    """The newest facts of all youths of a ledger."""
    return list(newest(told_layers(told)).values())


def lines_of(facts: YouthFacts, asked: Asked) -> list[Line]:
    """What the rules find, as the naive count writes it."""
    found = [as_line(row, asked) for row in findings(facts, Norms(rows=asked.rows)) if row.opens_on <= COMPARED_UNTIL]
    return sorted(found, key=lambda row: (row.rule, row.level, row.anchor, row.occurrence))


def as_line(finding: Finding, asked: Asked) -> Line:
    """A finding as the naive count writes it."""
    return Line(
        rule=finding.rule.value,
        level=finding.level.value,
        anchor=finding.anchor,
        occurrence=finding.occurrence,
        team=finding.team,
        opens_on=finding.opens_on,
        closes_on=finding.closes_on,
        state=state_on(finding, asked.on, asked.start_day).value,
        evidence=() if finding.rule in WITHOUT_NAMED_EVIDENCE else tuple(sorted(finding.evidence)),
    )


@given(histories(), questions())
def test_the_rules_find_what_a_count_of_days_finds(told: list[Statement], asked: Asked) -> None:
    """Opening, closing, anchor, occurrence, team, state and evidence of every finding."""
    for facts in last_told(told):
        assert lines_of(facts, asked) == naive_lines(facts, asked)


@pytest.mark.parametrize("name", EPISODES)
def test_what_a_rule_is_about_is_found_as_a_count_of_days_finds_it(name: str) -> None:
    """The same for histories of one kind; and each fires the rules that it is about, or the law would be no law."""
    fired: Counter[tuple[str, str]] = Counter()

    @settings(max_examples=settings.get_profile("test").max_examples // 5, derandomize=True)
    @given(histories((name,)), questions())
    def look(told: list[Statement], asked: Asked) -> None:
        for facts in last_told(told):
            expected = naive_lines(facts, asked)
            assert lines_of(facts, asked) == expected
            fired.update({(line.rule, line.level) for line in expected})

    look()

    assert [key for key in ABOUT[name] if fired[key] < 3] == []


def test_the_histories_are_about_every_rule_that_is_about_a_youth() -> None:
    """A rule or level that is added is compared too."""
    levels = {key for keys in ABOUT.values() for key in keys}

    assert {rule for rule, _ in levels} == {rule.value for rule in Rule} - {Rule.FEED_SILENT}
    assert {level for _, level in levels} == {level.value for level in Level}


@given(histories(), questions())
def test_replay_tells_each_finding_in_its_due_state(told: list[Statement], asked: Asked) -> None:
    """The lines of `alerts.jsonl` are the findings up to the end of the next year, and each has a sentence."""
    for facts in last_told(told):
        rows = replayed([facts], Norms(rows=asked.rows), asked.start_day, asked.on)
        near = [row for row in rows if row["opens_on"] <= COMPARED_UNTIL.isoformat()]
        seen = [line for line in lines_of(facts, asked) if line.opens_on.year <= asked.on.year + 1]

        assert [tuple(row[name] for name in WRITTEN) for row in near] == [
            tuple(to_wire(line).get(name) for name in WRITTEN) for line in seen
        ]
        assert all(row["sentence"].endswith(".") for row in rows)


WRITTEN = ("rule", "level", "anchor", "team", "opens_on", "closes_on", "state")


@given(st.data())
def test_order_and_repetition_of_statements_change_no_finding(data: st.DataObject) -> None:
    """A ledger is a set."""
    told, asked = data.draw(histories()), data.draw(questions())
    again = data.draw(shuffled(told))

    assert [lines_of(facts, asked) for facts in last_told(again)] == [
        lines_of(facts, asked) for facts in last_told(told)
    ]


@given(histories(), questions())
def test_erasure_leaves_no_finding(told: list[Statement], asked: Asked) -> None:
    """Whoever is forgotten has no alert, and nothing of it stands where alerts are kept."""
    youths = sorted({statement["subject"] for statement in told})
    book = Book(norms=Norms(rows=asked.rows), setting=SignalSetting())
    for facts in last_told(told):
        book.fold(facts, asked.on)

    gone = last_told([*told, *(builders.forgotten(youth=youth, received="2026-02-01T10:00:00Z") for youth in youths)])
    for facts in gone:
        book.fold(facts, asked.on)

    assert all(lines_of(facts, asked) == naive_lines(facts, asked) == [] for facts in gone)
    assert book.standing() == {}


NUMBERED = tuple(key for key, numbers in NUMBERS.items() if numbers != (None,))


@given(histories(), st.sampled_from(NUMBERED), st.data())
def test_a_changed_threshold_takes_effect_from_its_first_day(
    told: list[Statement], key: tuple[str, str | None], data: st.DataObject
) -> None:
    """What the former found before that day stays; what only the new one finds before it is historical.

    A warning is left out: it makes place for the norm that comes after it, whichever that is.
    """
    rule, level = key
    numbers = st.sampled_from(NUMBERS[key])
    former = Norm(rule=rule, level=level, threshold=data.draw(numbers), valid_from=LONG_AGO)
    later = replace(former, threshold=data.draw(numbers), valid_from=LATER)
    for facts in last_told(told):
        both, before, after = (
            [row for row in findings(facts, Norms(rows=rows)) if row.level is not Level.WARNING]
            for rows in ((former, later), (former,), (later,))
        )

        kept = {mark(row) for row in before if row.opens_on < LATER}
        assert {mark(row) for row in both if row.norm == former} == kept
        assert {mark(row) for row in both if row.norm == later} <= {mark(row) for row in after}
        for row in both:
            historical = row.norm == later and row.opens_on < LATER
            assert (state_on(row, LATER, None) is State.HISTORICAL) == historical


def mark(finding: Finding) -> tuple[str, str, date]:
    """What is found, by its day and not by its number."""
    return finding.level.value, finding.anchor, finding.opens_on


Correction = Callable[[int], list[Statement]]
"""What is told afterwards, by the number of days that a finding moves."""


def care(indication: str = "0153-1", day: str = "2024-01-08", **more: Any) -> Statement:
    """A start, told under a name of its own."""
    return builders.started(indication=indication, first_day=day, id=f"{indication}/{day}", **more)


def later(start: Statement) -> Correction:
    """The same start, so many days later after all."""
    data = start["data"]
    taken_back = builders.started_retracted(indication=data["indication"], first_day=data["first_day"], id="back")
    return lambda days: [
        taken_back,
        {**start, "id": "moved", "data": {**data, "first_day": day_after(data["first_day"], days)}},
    ]


def granted(first_day: str = "2024-01-08", last_day: str | None = None, version: int = 1) -> Statement:
    """A version of the grant of the first indication."""
    return builders.granted(
        first_day=first_day, last_day=last_day, granted_at=f"2024-01-02T09:00:0{version}", id=f"grant-{version}"
    )


def paused(day: str) -> Statement:
    """The first indication pauses after a day."""
    return builders.ended(first_day="2024-01-08", last_day=day, reason="20", id=f"pause/{day}")


def paused_later(days: int) -> list[Statement]:
    """The pause of the end of February began so many days later."""
    data = paused("2024-02-29")["data"]
    return [builders.ended_retracted(**data, id="back"), paused(day_after("2024-02-29", days))]


def day_after(day: str, days: int) -> str:
    """So many days on."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


BIRTH = builders.registered(birth_date="2006-05-31", id="birth")
SECOND = care("0153-2", "2024-03-01", provider=builders.OTHER_PROVIDER, referrer="08")
RETURN = care("0153-2", "2024-09-01")
HOME, NEXT, LAST = (
    care(f"0153-{number}", day, product=product)
    for number, (day, product) in enumerate(
        (("2024-01-08", "43A02"), ("2024-03-01", "43A03"), ("2024-05-01", "43A04")), start=1
    )
)
LEFT = [
    builders.ended(indication="0153-1", first_day="2024-01-08", last_day="2024-02-29", id="left"),
    builders.ended(indication="0153-2", first_day="2024-03-01", last_day="2024-04-30", id="left again"),
]
CORRECTED: dict[tuple[str, str], tuple[list[Statement], Correction]] = {
    ("trajectory-overlong", "norm"): ([care()], later(care())),
    ("trajectory-overlong", "warning"): ([care()], later(care())),
    ("outlier", "norm"): ([care()], later(care())),
    ("indication-overlong", "norm"): ([care()], later(care())),
    ("evaluation-due", "first"): ([care()], later(care())),
    ("evaluation-due", "yearly"): ([care()], later(care())),
    ("turning-18", "signal"): ([BIRTH, care()], later(care())),
    ("stacking-level", "signal"): ([care(), SECOND], later(SECOND)),
    ("stacking-unrequested", "signal"): ([care(referrer="02"), SECOND], later(SECOND)),
    ("stacking-unrequested", "without-request"): ([care(), SECOND], later(SECOND)),
    ("duplicate-provision", "signal"): ([care(), SECOND], later(SECOND)),
    ("returned", "signal"): ([care(), builders.ended(id="end"), RETURN], later(RETURN)),
    ("residential-moves", "signal"): ([HOME, NEXT, LAST, *LEFT], later(LAST)),
    ("sleeper", "paused"): ([care(), paused("2024-02-29")], paused_later),
    ("sleeper", "no-end"): (
        [granted(last_day="2024-06-30"), care()],
        lambda days: [granted(last_day=day_after("2024-06-30", days), version=2)],
    ),
    ("end-near", "signal"): (
        [granted(last_day="2024-06-30"), care()],
        lambda days: [granted(last_day=day_after("2024-06-30", days), version=2)],
    ),
    ("waiting-long", "signal"): ([granted()], lambda days: [granted(day_after("2024-01-08", days), version=2)]),
}
"""Per rule and level what is told and how it is mended; the other rules open on the day of a statement itself."""


@pytest.mark.parametrize(("rule", "level"), CORRECTED)
@given(days=st.integers(1, 20))
def test_a_correction_that_moves_the_opening_keeps_the_alert(rule: str, level: str, days: int) -> None:
    """The anchor is no day (decision 0017): after the correction it is the same finding, on another day."""
    told, mended = CORRECTED[rule, level]
    norms = Norms(rows=tuple(row for row in NORMS.rows if row.rule == rule))

    before, after = (
        [row for facts in last_told(rows) for row in findings(facts, norms) if row.level == level]
        for rows in (told, [*told, *mended(days)])
    )

    assert before
    assert before[0].opens_on < after[0].opens_on
    assert {row.identity for row in before[:1]} == {row.identity for row in after[:1]}


@dataclass(slots=True)
class Book:
    """Alerts in memory, written as the store writes them; `told` is all that was told, in order, with the team."""

    norms: Norms
    setting: SignalSetting
    alerts: dict[YouthKey, dict[Identity, Alert]] = field(default_factory=lambda: defaultdict(dict))
    kept_facts: dict[YouthKey, YouthFacts] = field(default_factory=dict)
    revisit_on: dict[YouthKey, date] = field(default_factory=dict)
    told: dict[tuple[YouthKey, int], list[tuple[State, str]]] = field(default_factory=lambda: defaultdict(list))
    numbers: int = 0

    def fold(self, facts: YouthFacts, today: date) -> None:
        """Apply facts when they are newer than those applied."""
        key = (facts.municipality, facts.youth)
        if key in self.kept_facts and stamp_of(facts) <= stamp_of(self.kept_facts[key]):
            return
        self.judge(key, facts, today)

    def judge(self, key: YouthKey, facts: YouthFacts, today: date) -> None:
        """Hold facts against the norms."""
        stored = list(self.alerts[key].values())
        for change in youth_changes(facts, stored, self.norms, self.setting, today):
            self.write(key, change)
        self.kept_facts[key] = facts
        self.revisit_on[key] = revisit_day(facts, today)

    def sweep(self, today: date) -> int:
        """Judge again whose day has come, open and expire what is due; how many a day changed."""
        for key in [key for key, day in self.revisit_on.items() if day <= today]:
            self.judge(key, self.kept_facts[key], today)
        changes = [
            (key, change)
            for key, alerts in self.alerts.items()
            for alert in alerts.values()
            if (change := due(alert, today)) is not None
        ]
        for key, change in changes:
            self.write(key, change)
        return len(changes)

    def write(self, key: YouthKey, change: Change) -> None:
        """One change."""
        alerts = self.alerts[key]
        known = next((alert for alert in alerts.values() if alert.number == change.number), None)
        if change.state is None:
            assert known is not None
            del alerts[known.identity]
            return
        alert = known if change.finding is None else self.kept(known, change)
        assert alert is not None
        told = change.tell[-1] if change.tell else alert.told
        alerts[alert.identity] = replace(
            alert, state=change.state, told=told, hands=change.hands, receivers=change.receivers
        )
        self.told[key, alert.number].extend((state, alert.team_now) for state in change.tell)

    def kept(self, known: Alert | None, change: Change) -> Alert:
        """The alert of a finding, with the number it has or the next one."""
        finding = change.finding
        assert finding is not None
        self.numbers += known is None
        return Alert(
            number=known.number if known else self.numbers,
            identity=finding.identity,
            team=finding.team,
            opens_on=finding.opens_on,
            closes_on=finding.closes_on,
            valid_from=finding.norm.valid_from,
            evidence=finding.evidence,
            terms=to_wire(finding.terms),
            state=State.SCHEDULED,
            told=known.told if known else None,
            holder=change.holder or (known.holder if known else ""),
            senders=change.senders,
        )

    def told_of_each(self) -> dict[tuple[YouthKey, Identity], list[tuple[State, str]]]:
        """What was told of each alert, whatever its number: numbers are given as alerts come into sight."""
        return {
            (key, alert.identity): self.told[key, alert.number]
            for key, alerts in self.alerts.items()
            for alert in alerts.values()
        }

    def standing(self) -> dict[tuple[YouthKey, Identity], tuple[State, date, date | None]]:
        """What is not withdrawn."""
        return {
            (key, alert.identity): (alert.state, alert.opens_on, alert.closes_on)
            for key, alerts in self.alerts.items()
            for alert in alerts.values()
            if alert.state is not State.WITHDRAWN
        }


def expected(
    layered: Sequence[YouthFacts], book: Book, today: date
) -> dict[tuple[YouthKey, Identity], tuple[State, date, date | None]]:
    """What must stand: the findings of the newest facts, each in its due state."""
    return {
        (key, finding.identity): (
            state_on(finding, today, book.setting.alert_start_day),
            finding.opens_on,
            finding.closes_on,
        )
        for key, facts in newest(layered).items()
        for finding in findings(facts, foreseen(book.norms, today))
    }


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[YouthFacts], list[tuple[YouthFacts, date, bool]]]:
    """The layers of half a ledger and of all of it, in any order, some twice, on days that do not go back."""
    told = draw(histories())
    layered = [*told_layers(told[: len(told) // 2]), *told_layers(told)]
    again = draw(st.lists(st.sampled_from(layered), max_size=3))
    order = draw(st.permutations([*layered, *again]))
    days = sorted(draw(st.lists(st.sampled_from(ASKED_ON), min_size=len(order), max_size=len(order))))
    sweeps = draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    return layered, list(zip(order, days, sweeps, strict=True))


def fed(book: Book, news: Sequence[tuple[YouthFacts, date, bool]]) -> Iterator[date]:
    """Feed the book; some nights the sweep is missed."""
    for facts, today, swept in news:
        if swept:
            book.sweep(today)
        book.fold(facts, today)
        yield today


@given(deliveries(), st.sampled_from((None, date(2024, 6, 30))))
def test_any_order_of_news_and_any_missed_night_end_in_the_same_alerts(
    news: tuple[list[YouthFacts], list[tuple[YouthFacts, date, bool]]], start_day: date | None
) -> None:
    """After the last sweep, what stands is what replay says: each finding of the newest facts in its due state."""
    layered, order = news
    book = Book(norms=NORMS, setting=SignalSetting(alert_start_day=start_day))

    days = list(fed(book, order))
    book.sweep(days[-1])

    assert book.standing() == expected(layered, book, days[-1])
    assert book.sweep(days[-1]) == 0


@given(deliveries())
def test_nobody_is_told_the_same_twice(
    news: tuple[list[YouthFacts], list[tuple[YouthFacts, date, bool]]],
) -> None:
    """First that it opened; no state again unless the team is another; last the state that it is in."""
    _, order = news
    book = Book(norms=NORMS, setting=SignalSetting())

    for today in fed(book, order):
        book.sweep(today)

    for key, alerts in book.alerts.items():
        for alert in alerts.values():
            told = book.told[key, alert.number]
            assert all(one != other for one, other in pairwise(told))
            assert told == [] or told[0][0] is State.OPEN
            assert told == [] or told[-1][0] is alert.state
            assert told or alert.state in (State.SCHEDULED, State.HISTORICAL)


def of_team(statement: Statement, team: str) -> Statement:
    """The same statement, about a youth that has had one team all along."""
    data = statement["data"]
    own = {"team": team, "valid_from": "2010-01-01"}
    return {**statement, "data": {**data, **{name: own[name] for name in own if name in data}}}


@given(histories(), st.sampled_from(ASKED_ON))
def test_opening_day_by_day_is_opening_at_once(told: list[Statement], until: date) -> None:
    """A sweep every night and one sweep at the end tell the same of every alert.

    Of youths that stay with one team: whoever is told late is told of the team of that day.
    """
    layered = told_layers([of_team(row, "noord") for row in told])
    nightly = Book(norms=NORMS, setting=SignalSetting())
    late = Book(norms=NORMS, setting=SignalSetting())

    for facts in newest(layered).values():
        for book in (nightly, late):
            book.fold(facts, date(2022, 12, 31))
    for number in range((until - date(2022, 12, 31)).days + 1):
        nightly.sweep(date(2022, 12, 31) + timedelta(days=number))
    late.sweep(until)

    assert nightly.told_of_each() == late.told_of_each()
    assert nightly.standing() == late.standing()
