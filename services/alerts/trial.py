"""Would have fired: what a norm would have found over the past year, before anybody saves it.

Three rules. The proposed norm is tried as if it had been in force all along, and all others stay as they are. What is
counted is findings that would have opened in the year up to a day, per team of that opening day. Of the closed alerts
that the proposed norm finds too, those closed as *already known* tell whether it is worth having.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date

from services.alerts.finding import Finding, Identity, Rule
from services.alerts.norms import Norm, Norms
from services.alerts.rules import findings
from youthcare.period import add_months
from youthcare.youthfacts import YouthFacts

Known = Set[tuple[str, Identity]]
"""Youths and identities of alerts that were closed as already known."""
ALWAYS = date(1900, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One team, or `team` empty for the whole municipality: how often it fires now and would fire, youths that would
    be new (the norm of now finds nothing about them in that year), and how many that would fire were already known."""

    team: str
    fires_now: int = 0
    would_fire: int = 0
    youths_new: int = 0
    already_known: int = 0


def with_norm(norms: Norms, proposed: Norm) -> Norms:
    """The norms with a proposed row in force all along, in the place of those of the same scope."""
    others = tuple(row for row in norms.rows if _scope(row) != _scope(proposed))
    return replace(norms, rows=(*others, replace(proposed, valid_from=ALWAYS)))


def as_if_always(norms: Norms) -> Norms:
    """The newest row of each scope, in force all along."""
    newest = {_scope(row): row for row in sorted(norms.rows, key=lambda row: row.valid_from)}
    return replace(norms, rows=tuple(replace(row, valid_from=ALWAYS) for row in newest.values()))


def changed_rules(present: Norms, proposed: Norms) -> frozenset[Rule]:
    """The rules of which two sets of norms say something else, whatever the days that they are valid from."""
    ours, theirs = (
        {(row.rule, row.level, row.care_form, row.team, row.threshold) for row in as_if_always(norms).rows}
        for norms in (present, proposed)
    )
    return frozenset(Rule(each[0]) for each in ours ^ theirs)


def trial(
    facts: Iterable[YouthFacts],
    present: Norms,
    proposed: Norms,
    rules: Set[Rule],
    until: date,
    known: Known = frozenset(),
) -> tuple[TrialRow, ...]:
    """What two sets of norms find of some rules in the year up to and including a day, the whole first, then by team.

    `facts` are of youths of one municipality.
    """
    rows: dict[str, Counter[str]] = {"": Counter()}
    for youth in facts:
        now = list(_opened(youth, present, rules, until))
        then = list(_opened(youth, proposed, rules, until))
        for name, team in _counted(youth.youth, now, then, known):
            rows[""][name] += 1
            rows.setdefault(team, Counter())[name] += 1
    return tuple(TrialRow(team=team, **row) for team, row in sorted(rows.items()))


def joined_rows(parts: Iterable[Iterable[TrialRow]]) -> tuple[TrialRow, ...]:
    """The rows of several parts of the youths of one municipality, as if tried at once."""
    sums: dict[str, Counter[str]] = {}
    for part in parts:
        for row in part:
            mine = sums.setdefault(row.team, Counter())
            mine.update({name: getattr(row, name) for name in _NUMBERS})
    return tuple(TrialRow(team=team, **row) for team, row in sorted(sums.items()))


_NUMBERS = ("fires_now", "would_fire", "youths_new", "already_known")


def _opened(youth: YouthFacts, norms: Norms, rules: Set[Rule], until: date) -> Iterator[Finding]:
    after = add_months(until, -12)
    for finding in findings(youth, replace(norms, until=until)):
        if finding.rule in rules and after < finding.opens_on <= until and finding.opens_on >= finding.norm.valid_from:
            yield finding


def _counted(youth: str, now: list[Finding], then: list[Finding], known: Known) -> Iterator[tuple[str, str]]:
    yield from (("fires_now", finding.team) for finding in now)
    yield from (("would_fire", finding.team) for finding in then)
    yield from (("already_known", finding.team) for finding in then if (youth, finding.identity) in known)
    if then and not now:
        yield "youths_new", min(then, key=lambda finding: (finding.opens_on, finding.rule)).team


def _scope(norm: Norm) -> tuple[str, str | None, str | None, str | None]:
    # A municipality's own row stands in the place of the shipped one: it wins anyway.
    return norm.rule, norm.level, norm.care_form, norm.team


HEADINGS_NL: Mapping[str, str] = {
    "team": "team",
    "fires_now": "signalen nu",
    "would_fire": "signalen dan",
    "youths_new": "nieuwe jeugdigen",
    "already_known": "al bekend",
}
WHOLE_NL = "hele gemeente"


def table_lines(rows: Iterable[TrialRow]) -> Iterator[str]:
    """The rows as lines of text, columns in line."""
    cells = [list(HEADINGS_NL.values())]
    for row in rows:
        cells.append([row.team or WHOLE_NL, *(str(getattr(row, name)) for name in _NUMBERS)])
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS_NL))]
    for first, *rest in cells:
        numbers = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *numbers])
