"""`residential-moves`: two moves between residential provisions within twelve months (domain.md §7).

Source: the quarterly report follows switches, days of living and stay, and growing up at home.

Two rules. A move counts from its day to the day before the same day a year on. A run of days on which as many moves
count as the norm is one finding.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import counting, evidence_of, finding_of, run_on
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norms, Opened, in_force
from services.alerts.provisions import has_day
from services.alerts.rules.spec import Spec
from services.alerts.rules.stacking_level import covered_days, overlap
from services.alerts.sentences import day_nl, listed_days_nl, valid_nl
from youthcare.period import Period, add_months
from youthcare.youthfacts import IndicationFacts, YouthFacts

WINDOW_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesTerms(Terms):
    """The days of the moves that count on the day the finding opens."""

    moved_on: tuple[date, ...]
    norm_moves: int


def residential_moves(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per run of days on which enough moves count, by first day."""
    moved = [row.day for row in facts.definitions[norms.definition].residential_moves]
    counted = [Period(day, add_months(day, WINDOW_MONTHS)) for day in moved]
    found: list[Period] = []
    for stretch in in_force(facts, norms, Rule.RESIDENTIAL_MOVES, Level.SIGNAL):
        for run in covered_days(counted, stretch.norm.number):
            day = stretch.opening(run)
            if day is not None and not any(overlap(run, earlier) for earlier in found):
                found.append(run)
                yield _finding(facts, counted, Opened(norm=stretch.norm, days=Period(day, run.end)))


def _finding(facts: YouthFacts, counted: Sequence[Period], enough: Opened) -> Finding:
    since = add_months(enough.day, -WINDOW_MONTHS)
    rows = [row for row in counting(facts) if row.residential and has_day(row.care, since, enough.day)]
    return finding_of(
        facts,
        Rule.RESIDENTIAL_MOVES,
        Level.SIGNAL,
        enough,
        anchor=_anchor(rows, enough.day),
        evidence=evidence_of(rows),
        terms=MovesTerms(
            moved_on=tuple(sorted(each.start for each in counted if each.covers(enough.day))),
            norm_moves=enough.norm.number,
        ),
        closes_on=enough.days.last_day,
    )


def _anchor(rows: Sequence[IndicationFacts], day: date) -> str:
    """The smallest indication whose care begins that day; else with care that day; else of the twelve months."""
    begun = [row.indication for row in rows if any(period.start == day for period in row.care)]
    caring = [row.indication for row in rows if run_on(row.care, day) is not None]
    return min(begun or caring or [row.indication for row in rows])


def sentence(finding: Finding) -> str:
    """On which days the youth moved, and how often within a year the norm is."""
    terms = finding.terms
    assert isinstance(terms, MovesTerms)
    return (
        f"In de twaalf maanden tot en met {day_nl(finding.opens_on)} is {len(terms.moved_on)} keer van verblijf of "
        f"woonvorm gewisseld (op {listed_days_nl(terms.moved_on)}); de norm is {terms.norm_moves} keer "
        f"{valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.RESIDENTIAL_MOVES,
    find=residential_moves,
    sentence=sentence,
    label_nl="Overplaatsingen",
    ends_nl="Vervalt zodra er in twaalf maanden minder overplaatsingen zijn dan de norm.",
    source="De voortgangsrapportage volgt wisselingen, dagen wonen en verblijf, en thuis opgroeien.",
    to_team=True,
    to_supervisor=True,
)
