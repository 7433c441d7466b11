"""How long trajectories with the same care form last: the percentiles that `outlier` and the card read (domain.md §7).

Three rules. They are reference data, made once a quarter of the trajectories that run on its last day, and then kept:
nobody becomes an outlier because others left. A trajectory counts under every care form that runs in it that day. Of
fewer than twenty nothing is made: it would tell of persons.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import counting, run_on
from services.alerts.diary import Proposal
from services.alerts.finding import Level, Rule
from youthcare.period import Period, quarter_of
from youthcare.youthfacts import YouthFacts

PERCENTS = range(5, 100, 5)
OUTLIER_PERCENT = 95
FEWEST = 20
OF_TRAJECTORIES = frozenset({Rule.TRAJECTORY_OVERLONG, Rule.OUTLIER})
"""The rules that count the days of a trajectory, and so can be ranked."""

Percentiles = Mapping[int, int]
"""Of each percent the days that so many percent of the trajectories last at most."""


def durations_on(youths: Iterable[YouthFacts], definition: str, on: date) -> dict[str, list[int]]:
    """The care durations in days of the trajectories that run on a day, by care form; sorted."""
    found: dict[str, list[int]] = {}
    for facts in youths:
        for days, care_forms in _running(facts, definition, on):
            for care_form in care_forms:
                found.setdefault(care_form, []).append(days)
    return {care_form: sorted(days) for care_form, days in sorted(found.items())}


def _running(facts: YouthFacts, definition: str, on: date) -> Iterator[tuple[int, frozenset[str]]]:
    under = None if facts.gone else facts.definitions.get(definition)
    if under is None or run_on([row.period for row in under.care_periods], on) is None:
        return
    for trajectory in under.trajectories:
        if trajectory.period.covers(on):
            yield (on - trajectory.period.start).days + 1, care_forms_on(facts, on)


def care_forms_on(facts: YouthFacts, on: date) -> frozenset[str]:
    """The care forms that run on a day, of those that count as care."""
    return frozenset(row.care_form for row in counting(facts) if run_on(row.running, on) is not None)


def percentiles(days: Sequence[int]) -> Percentiles:
    """The nearest-rank percentiles of sorted durations; none of fewer than twenty."""
    if len(days) < FEWEST:
        return {}
    return {percent: days[-(-percent * len(days) // 100) - 1] for percent in PERCENTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The percentiles of one care form in a quarter, and of how many trajectories they are."""

    care_form: str
    trajectories: int
    at_percent: Percentiles

    def norm(self, quarter: Period) -> Proposal:
        """The norm of `outlier` that follows, from the day after the quarter."""
        reason = f"95e percentiel van {self.trajectories} lopende zorgtrajecten, {quarter_of(quarter.start)}"
        return Proposal(
            rule=Rule.OUTLIER,
            level=Level.NORM,
            care_form=self.care_form,
            days=self.at_percent[OUTLIER_PERCENT],
            valid_from=quarter.end,
            reason=reason,
        )


def made_of(durations: Mapping[str, Iterable[int]]) -> list[Made]:
    """The percentiles of each care form that has enough trajectories, by care form."""
    made = (
        Made(care_form=care_form, trajectories=len(days), at_percent=percentiles(days))
        for care_form, days in ((care_form, sorted(found)) for care_form, found in sorted(durations.items()))
    )
    return [row for row in made if row.at_percent]


def least_rank(days: int, known: Iterable[Percentiles]) -> int | None:
    """Of several care forms the rank in the one where a duration is least exceptional, as with norms (0014)."""
    return min((rank_of(days, each) or 0 for each in known if each), default=0) or None


def rank_of(days: int, known: Percentiles) -> int | None:
    """The greatest percent of trajectories that a duration exceeds; None when it exceeds none that is known."""
    return max((percent for percent, at_most in known.items() if days > at_most), default=None)
