"""The laws of alerts: the rules against a naive count of days, and the lifecycle against any order of news."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.finding import Identity
from services.alerts.lifecycle import Alert, Change, State, due, state_on
from services.alerts.norms import Norm, Norms, SignalSetting
from services.alerts.processor import Stamp, YouthKey, newest, replayed, stamp_of, youth_changes
from services.alerts.rules import findings
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from tests.builders import Statement
from tests.naive_alerts import Asked, Line, naive_lines
from tests.strategies import INDICATIONS, ledgers
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_from_wire, to_wire
from youthcare.youthfacts import YouthFacts

TABLE = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))
RULES = Rules(care_forms=TABLE)
DAYS = (date(2024, 3, 1), date(2024, 6, 30), date(2024, 9, 1), date(2025, 1, 1), date(2025, 6, 30), date(2026, 1, 1))


REFERENCES = ("42420001-R1", "65656055-R2")
PRODUCTS = (
    [{"kind": "new", "product": {"category": "45", "code": "45A04"}}],
    [{"kind": "keep", "indication": "0153-1"}],
    [{"kind": "change", "indication": "0153-1"}, {"kind": "new", "product": {"category": "45"}}],
)
RECEIVED = ("2024-03-01T22:59:00Z", "2024-03-01T23:30:00Z", "2024-07-31T22:00:00Z", "2025-01-02T10:00:00Z")


@st.composite
def requests(draw: st.DrawFn, number: int) -> list[Statement]:
    """A request, and sometimes its answer or a grant that carries its reference, around midnight in Amsterdam."""
    reference, moments = draw(st.sampled_from(REFERENCES)), st.sampled_from(RECEIVED)
    request = builders.requested(
        request=reference, products=draw(st.sampled_from(PRODUCTS)), time=draw(moments), id=f"request-{number}"
    )
    answer = builders.answered(
        request=reference,
        answer=draw(st.sampled_from(("rejected", "under-investigation"))),
        time=draw(moments),
        id=f"answer-{number}",
    )
    grant = builders.granted(
        indication=draw(st.sampled_from(INDICATIONS)), request=reference, time=draw(moments), id=f"grant-{number}"
    )
    return [request, *draw(st.sampled_from(([], [answer], [grant], [answer, grant])))]


@st.composite
def histories(draw: st.DrawFn) -> list[Statement]:
    """A nasty ledger, some requests beside it, and now and then care that runs through all of it."""
    told = [*draw(ledgers())]
    for number in range(draw(st.sampled_from((0, 1, 2)))):
        told += draw(requests(number))
    through = builders.started(indication="0153-9", first_day="2023-12-31", product="51A04", id="through")
    return [*told, through] if draw(st.booleans()) else told


def told_layers(told: Sequence[Statement]) -> list[YouthFacts]:
    """The facts of all youths of a ledger, as told day by day."""
    return list(layers([statement_from_wire(event) for event in told], RULES))


def norms(norm_days: int, threshold: int, valid_from: date) -> Norms:
    """One norm per rule, all valid from one day."""
    return Norms(
        rows=(
            Norm(rule="trajectory-overlong", threshold=norm_days, valid_from=valid_from),
            Norm(rule="stacking-level", threshold=threshold, valid_from=valid_from),
            Norm(rule="stacking-request", valid_from=valid_from),
            Norm(rule="returned", valid_from=valid_from),
        )
    )


def asked() -> st.SearchStrategy[Asked]:
    """Low norms, so that ordinary ledgers reach them."""
    return st.builds(
        Asked,
        norm_days=st.sampled_from((100, 1, 31, 184, 400)),
        threshold=st.sampled_from((2, 1, 3)),
        valid_from=st.sampled_from((date(2015, 1, 1), date(2024, 6, 30))),
        start_day=st.sampled_from((None, date(2024, 3, 1), date(2024, 9, 1))),
        on=st.sampled_from(DAYS),
    )


@given(histories(), asked())
def test_the_rules_find_what_a_count_of_days_finds(told: list[Statement], question: Asked) -> None:
    """Step by step equals all at once: opening, closing, anchor, team and state of every finding."""
    for facts in newest(told_layers(told)).values():
        found = replayed(
            [facts], norms(question.norm_days, question.threshold, question.valid_from), question.start_day, question.on
        )

        assert [as_line(row) for row in found] == naive_lines(facts, question)


def as_line(row: dict[str, object]) -> Line:
    """A line of `alerts.jsonl` as the naive count writes it."""
    closes = row["closes_on"]
    return Line(
        rule=str(row["rule"]),
        level=str(row["level"]),
        anchor=str(row["anchor"]),
        team=str(row["team"]),
        opens_on=date.fromisoformat(str(row["opens_on"])),
        closes_on=None if closes is None else date.fromisoformat(str(closes)),
        state=str(row["state"]),
    )


@dataclass(slots=True)
class Book:
    """Alerts in memory, written as the store writes them; `told` is all that was told, in order, with the team."""

    norms: Norms
    setting: SignalSetting
    alerts: dict[YouthKey, dict[Identity, Alert]] = field(default_factory=lambda: defaultdict(dict))
    stamps: dict[YouthKey, Stamp] = field(default_factory=dict)
    told: dict[tuple[YouthKey, int], list[tuple[State, str]]] = field(default_factory=lambda: defaultdict(list))
    numbers: int = 0

    def fold(self, facts: YouthFacts, today: date) -> None:
        """Apply facts when they are newer than those applied."""
        key = (facts.municipality, facts.youth)
        if key in self.stamps and stamp_of(facts) <= self.stamps[key]:
            return
        stored = list(self.alerts[key].values())
        for change in youth_changes(facts, stored, self.norms, self.setting, today):
            self.write(key, change)
        self.stamps[key] = stamp_of(facts)

    def sweep(self, today: date) -> int:
        """Open and expire what is due; how many changed."""
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
        alerts[alert.identity] = replace(alert, state=change.state, told=told)
        self.told[key, alert.number].extend((state, alert.team) for state in change.tell)

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
            receivers=change.receivers,
        )

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
        for finding in findings(facts, book.norms)
    }


NORMS = norms(100, 2, date(2015, 1, 1))


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[YouthFacts], list[tuple[YouthFacts, date, bool]]]:
    """The layers of half a ledger and of all of it, in any order, some twice, on days that do not go back."""
    told = draw(histories())
    layered = [*told_layers(told[: len(told) // 2]), *told_layers(told)]
    again = draw(st.lists(st.sampled_from(layered), max_size=3))
    order = draw(st.permutations([*layered, *again]))
    days = sorted(draw(st.lists(st.sampled_from(DAYS), min_size=len(order), max_size=len(order))))
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


@given(histories(), st.sampled_from(DAYS))
def test_opening_day_by_day_is_opening_at_once(told: list[Statement], until: date) -> None:
    """A sweep every night and one sweep at the end tell the same of every alert."""
    layered = told_layers(told)
    nightly = Book(norms=NORMS, setting=SignalSetting())
    late = Book(norms=NORMS, setting=SignalSetting())

    for facts in newest(layered).values():
        for book in (nightly, late):
            book.fold(facts, date(2022, 12, 31))
    for number in range((until - date(2022, 12, 31)).days + 1):
        nightly.sweep(date(2022, 12, 31) + timedelta(days=number))
    late.sweep(until)

    assert nightly.told == late.told
    assert nightly.standing() == late.standing()
