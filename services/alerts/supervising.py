"""The supervisor's pages in Dutch: the rule diary, the trial of a norm, and which rules are worth having.

Two rules. A norm is saved only after its trial was shown, so the page carries what was tried and asks the reason then.
Figures here are of rules and teams, never of who did what.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.alerts.acts import OUTCOME_NL, Outcome
from services.alerts.diary import COUNTED, IN_DAYS, Proposal
from services.alerts.finding import Level, Rule
from services.alerts.inbox import LEVEL_NL, counted_nl
from services.alerts.sentences import CARE_FORM_NL, day_nl
from services.alerts.trial import TrialRow
from services.alerts.usefulness import Usefulness
from services.alerts.whycard import moment_nl

WHOLE = "hele gemeente"
WRONG_RULE = "Kies een regel."
WRONG_NUMBER = "Vul een heel getal in."
WRONG_DAY = "Vul een dag in waarop de norm ingaat."
NAMES = ("rule", "level", "care_form", "team", "number", "valid_from", "reason")
"""The fields of the form of a norm."""
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryLine:
    """One norm that was entered or shipped."""

    rule: str
    scope: str
    number: str
    valid_from: str
    author: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    """What a norm would have done in one team, in the past year."""

    team: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsefulLine:
    """What became of the alerts of a rule in a team."""

    name: str
    rule: str
    opened: str
    median: str
    outcomes: tuple[str, ...]
    withdrawn: str
    mostly_known: bool


class NormWrong(Exception):
    """What was filled in is no norm; `words` say what to mend."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def proposal_of(fields: Mapping[str, str]) -> Proposal:
    """A norm from the form: one number, which is days or a count by what the rule asks. Raises `NormWrong`."""
    rule = _rule(fields.get("rule", ""))
    number = _number(fields.get("number", "").strip())
    try:
        valid_from = date.fromisoformat(fields.get("valid_from", ""))
    except ValueError:
        raise NormWrong(WRONG_DAY) from None
    return Proposal(
        rule=rule,
        level=Level(fields["level"]) if fields.get("level") in set(Level) else None,
        care_form=fields.get("care_form") or None,
        team=fields.get("team") or None,
        days=number if rule in IN_DAYS else None,
        threshold=number if rule not in IN_DAYS else None,
        valid_from=valid_from,
        reason=fields.get("reason", ""),
    )


def _rule(name: str) -> Rule:
    if name not in set(Rule):
        raise NormWrong(WRONG_RULE)
    return Rule(name)


def _number(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) < 9):
        raise NormWrong(WRONG_NUMBER)
    return int(text) if text else None


def norm_nl(proposal: Proposal, labels: Labels) -> str:
    """A norm that is tried, as one phrase."""
    row = {"level": proposal.level, "care_form": proposal.care_form, "team": proposal.team}
    number = number_nl(proposal.rule, proposal.days if proposal.days is not None else proposal.threshold)
    words = [labels[proposal.rule.value], scope_nl(row), number, f"vanaf {day_nl(proposal.valid_from)}"]
    return ", ".join(word for word in words if word)


def diary_lines(rows: Iterable[Mapping[str, Any]], labels: Labels) -> tuple[DiaryLine, ...]:
    """The rule diary, by rule; the author of what the product ships is the product."""
    return tuple(_diary_line(row, labels) for row in rows)


def _diary_line(row: Mapping[str, Any], labels: Labels) -> DiaryLine:
    entered = f", {moment_nl(row['entered_at'])}" if row["entered_at"] else ""
    return DiaryLine(
        rule=labels.get(row["rule"], row["rule"]),
        scope=scope_nl(row),
        number=number_nl(row["rule"], row["days"] if row["days"] is not None else row["threshold"]),
        valid_from=day_nl(row["valid_from"]),
        author=f"{row['author'] or 'ingevoerd'}{entered}" if row["own"] else "meegeleverd",
        reason=row["reason"] or "",
    )


def scope_nl(row: Mapping[str, Any]) -> str:
    """For which level, care form and team a norm is; nothing when for all."""
    level = LEVEL_NL.get(row["level"] or "", "")
    care_form = CARE_FORM_NL.get(row["care_form"] or "", row["care_form"] or "")
    team = f"team {row['team']}" if row["team"] else ""
    return ", ".join(word for word in (level, care_form, team) if word)


def number_nl(rule: str, number: int | None) -> str:
    """The number of a norm with what it counts."""
    if number is None:
        return ""
    return counted_nl(number, "dag", "dagen") if rule in IN_DAYS else f"{number:,}".replace(",", ".")


def takes_number(rule: Rule) -> bool:
    """Whether a norm of a rule has a number."""
    return rule in IN_DAYS | COUNTED


def trial_lines(rows: Iterable[TrialRow]) -> tuple[TrialLine, ...]:
    """The trial per team, the whole municipality first."""
    return tuple(
        TrialLine(
            team=row.team or WHOLE,
            numbers=tuple(
                f"{count:,}".replace(",", ".")
                for count in (row.fires_now, row.would_fire, row.youths_new, row.already_known)
            ),
        )
        for row in rows
    )


def useful_lines(rows: Sequence[Usefulness], labels: Labels, rule: str) -> tuple[UsefulLine, ...]:
    """The rules, all teams together; of the rule that is asked for each team too."""
    return tuple(_useful_line(row, labels) for row in rows if not row.team or row.rule == rule)


def _useful_line(row: Usefulness, labels: Labels) -> UsefulLine:
    return UsefulLine(
        name=f"team {row.team}" if row.team else labels.get(row.rule, row.rule),
        rule="" if row.team else row.rule,
        opened=str(row.opened),
        median=span_nl(row.seconds_to_acknowledge),
        outcomes=tuple(str(row.outcomes.get(outcome.value, 0)) for outcome in Outcome),
        withdrawn=str(row.withdrawn),
        mostly_known=row.mostly_known,
    )


def outcome_heads() -> tuple[str, ...]:
    """The outcomes as the heads of columns."""
    return tuple(OUTCOME_NL[outcome] for outcome in Outcome)


def span_nl(seconds: int | None) -> str:
    """A stretch of time, rounded down: minutes, then hours, then days."""
    if seconds is None:
        return "–"
    if seconds < 3600:
        return counted_nl(seconds // 60, "minuut", "minuten")
    return f"{seconds // 3600} uur" if seconds < 172_800 else counted_nl(seconds // 86_400, "dag", "dagen")
