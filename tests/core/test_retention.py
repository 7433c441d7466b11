"""The register of terms as pure functions: what it refuses, when a term is over, from which day a youth's counts."""

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml

from services.indication.forgetting import AGES, Forgetting, ages
from services.trajectory.lasting import last_day
from services.trajectory.processor import layers
from tests import builders
from tests.conftest import REPOSITORY
from tests.inbox import RULES
from youthcare.cli_retention.words import BY_NL, ENDS_NL, Counts, ended_lines, status_lines, table_lines
from youthcare.retention import By, End, Kind, Term, terms_from
from youthcare.runtime import metrics
from youthcare.runtime.settings import shipped
from youthcare.runtime.topics import TOPICS
from youthcare.wire import statement_from_wire
from youthcare.youthfacts import YouthFacts

CONTENT: dict[str, Any] = yaml.safe_load(shipped("retention.yml").read_text(encoding="utf-8"))
TERMS = terms_from(CONTENT)
TODAY = date(2026, 11, 22)


def facts_of(*statements: builders.Statement) -> YouthFacts:
    """What is known of the youth of statements in the end."""
    return list(layers([statement_from_wire(each) for each in statements], RULES))[-1]


def changed(kind: str, **row: Any) -> dict[str, Any]:
    """The shipped content with one kind changed."""
    content = deepcopy(CONTENT)
    content["kinds"][kind] |= row
    return content


def test_a_term_is_over_for_what_is_dated_before_the_day_one_term_back() -> None:
    """Civil months: of a day that the month lacks, its last."""
    assert Term(months=84).back_from(TODAY) == date(2019, 11, 22)
    assert Term(days=90).back_from(TODAY) == date(2026, 8, 24)
    assert Term(months=12).back_from(date(2028, 2, 29)) == date(2027, 2, 28)


def test_a_municipality_has_its_own_term_and_all_others_that_of_the_file() -> None:
    """What it did not choose is as shipped."""
    terms = terms_from(CONTENT | {"municipalities": {"0153": {"looks": {"years": 6}}}})

    assert terms.cutoffs("looks", TODAY) == {"default": date(2021, 11, 22), "0153": date(2020, 11, 22)}
    assert terms.cutoffs("youths", TODAY) == {"default": date(2019, 11, 22)}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CONTENT | {"municipalities": {"0153": {"looks": {"months": 11}}}}, "less than 1 jaar"),
        (CONTENT | {"municipalities": {"0153": {"intake": {"days": 1}}}}, "intake"),
        (CONTENT | {"municipalities": {"0153": {"nothing": {"days": 1}}}}, "nothing"),
        (CONTENT | {"municipalities": {153: {"looks": {"years": 6}}}}, "four digits"),
        (changed("looks", term={"months": 6}), "below the shortest"),
        (changed("looks", term={"weeks": 6}), "years, months or days"),
        (changed("looks", term={"years": 1.5}), "whole number"),
        (changed("looks", term=None), "what stays has no term"),
        (changed("proofs", term={"years": 1}), "what stays has no term"),
        (changed("looks", end="burn"), "burn"),
        (changed("looks", tables=["alerts.alert"]), "stands in two kinds"),
        (changed("sign-in", places=[]), "stands nowhere"),
    ],
)
def test_a_register_that_makes_no_sense_is_refused(content: dict[str, Any], told: str) -> None:
    """At the start, with the kind that is wrong."""
    with pytest.raises(ValueError, match=told):
        terms_from(content)


def test_the_register_says_what_the_broker_and_prometheus_were_told() -> None:
    """A term that is a setting elsewhere is that setting."""
    of_topics = {topic: kind for kind in TERMS.kinds.values() for topic in kind.topics}
    compose = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")

    assert set(of_topics) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        kept = topic.config().get("retention.ms")
        kind = of_topics[topic.name]
        assert (kind.by is By.BROKER) == (kept is not None)
        if kept is not None:
            assert kind.term is not None
            assert timedelta(days=kind.term.in_days) == timedelta(milliseconds=int(kept))
    assert TERMS.kinds["metrics"].term == Term(days=15)
    assert "--storage.tsdb.retention.time=15d" in compose


def test_everything_that_the_nightly_command_ends_is_measured() -> None:
    """And nothing else."""
    assert {kind.name for kind in TERMS.kinds.values() if kind.by is By.RETENTION} == set(metrics.RETAINED)
    assert (set(ENDS_NL), set(BY_NL)) == (set(End), set(By))


def test_the_status_is_told_in_dutch_by_kind_and_municipality() -> None:
    """The term, what is done, whose choice, and how much is past it."""
    terms = terms_from(CONTENT | {"municipalities": {"0153": {"looks": {"years": 6}}}})
    lines = list(status_lines(terms, Counts({("0153", "looks"): 3})))

    start = lines.index(f"looks: {terms.kinds['looks'].what_nl}")
    assert lines[start + 1 : start + 4] == [
        "  5 jaar vanaf de eerste dag van de maand na de inzage; daarna verwijderd (nachtelijke opdracht); "
        "keuze: gemeente",
        "  0153 koos 6 jaar",
        "  over de termijn in 0153: 3",
    ]
    assert "  over de termijn in geen gemeente: 0" in lines
    assert list(ended_lines(Counts({("0153", "looks"): 3}))) == ["0153 looks: 3", "samen 3"]


def english_rows() -> list[str]:
    """The register as docs/privacy.md shows it."""
    return [
        f"| {kind.name} | {where(kind)} | "
        f"{'none' if kind.term is None else english(kind.term)} | {kind.end.value} | {kind.by.value} | "
        f"{CHOICE[kind.chosen_by.value]} |"
        for kind in TERMS.kinds.values()
    ]


def where(kind: Kind) -> str:
    """Where a kind of data stands."""
    return ", ".join(f"`{each}`" for each in (*kind.tables, *kind.topics)) or ", ".join(kind.places)


CHOICE = {"gemeente": "municipality", "wet": "law", "ontwerp": "design"}


def english(term: Term) -> str:
    """A term in words."""
    if term.days:
        return f"{term.days} days"
    number, unit = (term.months // 12, "year") if term.months % 12 == 0 else (term.months, "month")
    return f"{number} {unit}{'s' if number > 1 else ''}"


def test_what_is_signed_says_what_the_register_says() -> None:
    """docs/privacy.md and docs/privacy.nl.md show every kind, its term and what is done, and nothing else."""
    told = {
        name: [line for line in (REPOSITORY / name).read_text(encoding="utf-8").splitlines() if line.startswith("|")]
        for name in ("docs/privacy.md", "docs/privacy.nl.md")
    }

    for name, expected in (("docs/privacy.md", english_rows()), ("docs/privacy.nl.md", list(table_lines(TERMS)))):
        start = told[name].index(expected[0])
        assert told[name][start : start + len(expected)] == expected


def test_the_term_of_a_youth_counts_from_the_latest_day_that_anything_says() -> None:
    """The last running day, a later evaluation, a registration, the day of the last message."""
    told: builders.Envelope = {"time": "2015-01-05T10:00:00Z"}
    start = builders.started(first_day="2015-01-05", **told)
    end = builders.ended(first_day="2015-01-05", last_day="2015-06-30", reason="31", **told)

    assert last_day(facts_of(start, end)) == date(2015, 6, 30)
    assert last_day(facts_of(start, end, builders.evaluated(day="2016-02-01", **told))) == date(2016, 2, 1)
    assert last_day(facts_of(start, end, builders.registered(valid_from="2016-03-01", **told))) == date(2016, 3, 1)
    late = builders.registered(valid_from="2015-01-01", time="2015-01-05T10:00:00Z", received="2017-05-01T10:00:00Z")
    assert last_day(facts_of(start, end, late)) == date(2017, 5, 1)


def test_care_that_runs_has_no_last_day_and_a_grant_that_nobody_used_has() -> None:
    """Open care is never past a term; an open grant that was never started counts from its first day."""
    told: builders.Envelope = {"time": "2015-01-05T10:00:00Z"}

    assert last_day(facts_of(builders.started(first_day="2015-01-05", **told))) is None
    assert last_day(facts_of(builders.granted(first_day="2015-02-01", **told))) == date(2015, 2, 1)
    assert last_day(facts_of(builders.granted(first_day="2015-02-01", last_day="2030-01-31", **told))) == date(
        2030, 1, 31
    )


def test_forgettings_are_counted_by_how_long_ago_they_were_asked() -> None:
    """Up to 72 hours as promised, then late, after seven days overdue; what is certified counts no more."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    asked = [timedelta(hours=71), timedelta(hours=73), timedelta(days=8)]
    found = [Forgetting(municipality="0153", digest=str(each), requested=now - each) for each in asked]
    done = Forgetting(municipality="0153", digest="x", requested=now - asked[2], certified=now)

    assert ages([*found, done], now) == dict.fromkeys(AGES, 1)
