"""Worked examples of domain.md §10 and a few more, each with figures counted by hand from the text.

Rules: of each example the figures that it speaks of, of the municipality under `enschede` unless said; None is no row.
A figure is numerator / denominator, and pending.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.indicators.population import PopulationRow
from tests import naive_indicators
from tests.builders import MUNICIPALITY, OTHER_PROVIDER, OTHER_YOUTH, PROVIDER, Statement, ended, granted, registered
from tests.builders import started as began
from tests.laws.test_indicators_laws import TABLE
from tests.naive.figures import History

Key = tuple[str, str, str, str, str]
"""Definition set, indicator, period, kind of group, group."""

Numbers = tuple[int | None, int, int] | None
COVERED = date(2022, 1, 1)
AT_P, AT_Q = PROVIDER, OTHER_PROVIDER
RESIDENCE, FOSTER_CARE = "43A02", "43A03"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What was told, the day asked, and the figures: (indicator, period) or with (definition, kind, group) after."""

    name: str
    told: Sequence[Statement]
    on: str
    figures: Mapping[tuple[str, ...], Numbers]
    coverage_start: date | None = COVERED
    population: Mapping[str, int] = field(default_factory=dict)
    """Youths aged 0-17 of the municipality by quarter."""

    def history(self) -> History:
        """The question to the recomputation."""
        told = naive_indicators.told_layers(self.told, TABLE, self.coverage_start)
        return History(
            municipality=MUNICIPALITY,
            youths=naive_indicators.newest(told),
            on=date.fromisoformat(self.on),
            coverage_start=self.coverage_start,
            population=[
                PopulationRow(
                    municipality=MUNICIPALITY,
                    quarter=quarter,
                    group_kind="municipality",
                    group=MUNICIPALITY,
                    youths=youths,
                )
                for quarter, youths in self.population.items()
            ],
        )

    def rows(self) -> dict[Key, Numbers]:
        """Definition, indicator, period, kind of group and group of each figure."""
        found: dict[Key, Numbers] = {}
        for (indicator, period, *rest), numbers in self.figures.items():
            definition, kind, group = (*rest, *("enschede", "municipality", MUNICIPALITY)[len(rest) :])
            found[definition, indicator, period, kind, group] = numbers
        return found


def care(number: int, first: str, last: str | None, reason: str = "31", **rest: Any) -> list[Statement]:
    """A start, and an end unless open; ambulatory at P unless said."""
    name = f"{MUNICIPALITY}-{number}"
    youth = {"youth": rest.pop("youth")} if "youth" in rest else {}
    told = [began(indication=name, first_day=first, **rest, **youth)]
    return told if last is None else [*told, _end(name, first, last, reason, youth)]


def _end(name: str, first: str, last: str, reason: str, youth: Mapping[str, str]) -> Statement:
    return ended(indication=name, first_day=first, last_day=last, reason=reason, **youth)


PAUSED = [
    *care(1, "2024-03-01", "2024-03-20", "20"),
    *care(1, "2024-04-15", "2024-05-31"),
]
PAUSED_THEN_ENDED = [
    *care(1, "2025-06-01", "2025-06-07", "20"),
    ended(indication=f"{MUNICIPALITY}-1", first_day="2025-06-01", last_day="2025-06-27", reason="35"),
]
WAITING = [
    granted(indication=f"{MUNICIPALITY}-1", first_day="2024-01-01"),
    granted(indication=f"{MUNICIPALITY}-2", first_day="2024-01-01"),
    granted(indication=f"{MUNICIPALITY}-3", first_day="2024-01-01"),
    began(indication=f"{MUNICIPALITY}-1", first_day="2024-01-11"),
    began(indication=f"{MUNICIPALITY}-2", first_day="2024-01-21"),
]
EXTENDED = [
    granted(first_day="2024-01-08", last_day="2024-06-30", granted_at="2024-01-02T09:00:00"),
    granted(first_day="2024-01-08", last_day="2024-12-31", granted_at="2024-05-20T09:00:00"),
    began(first_day="2024-01-08"),
]

EXAMPLES = (
    Example(
        name="1: an exit is pending up to its last day",
        told=care(1, "2024-01-08", "2024-06-30"),
        on="2024-12-30",
        figures={("sustainable_exit_rate", "2024Q4"): (0, 0, 1), ("flow_balance.exits", "2024-07"): (1, 1, 0)},
    ),
    Example(
        name="1: and sustainable the day after",
        told=care(1, "2024-01-08", "2024-06-30"),
        on="2024-12-31",
        figures={("sustainable_exit_rate", "2024Q4"): (1, 1, 0)},
    ),
    Example(
        name="2: six months after 31 August end on 28 February",
        told=[*care(1, "2024-01-08", "2024-08-31"), *care(2, "2025-02-28", None)],
        on="2025-03-31",
        figures={
            ("flow_balance.return", "2025-02"): (1, 1, 0),
            ("sustainable_exit_rate", "2025Q1"): (0, 1, 0),
            ("duration_median.running", "2025Q1"): (449, 1, 0),
            ("flow_balance.return", "2025-02", "cbs-outcome"): (1, 1, 0),
        },
    ),
    Example(
        name="2: a day later it is an inflow, but for CBS, who look on to 30 June",
        told=[*care(1, "2024-01-08", "2024-08-31"), *care(2, "2025-03-01", None)],
        on="2025-03-31",
        figures={
            ("flow_balance.inflow", "2025-03"): (1, 1, 0),
            ("sustainable_exit_rate", "2025Q1"): (1, 1, 0),
            ("duration_median.running", "2025Q1"): (31, 1, 0),
            ("flow_balance.return", "2025-03", "cbs-outcome"): (1, 1, 0),
            ("new_share", "2025"): (0, 1, 0),
            ("repeat_share", "2025"): (1, 1, 0),
        },
    ),
    Example(
        name="3: adjoining days are one care period",
        told=[*care(1, "2024-06-01", "2024-12-31"), *care(2, "2025-01-01", None)],
        on="2025-01-31",
        figures={
            ("flow_balance.exits", "2025-01"): None,
            ("flow_balance.return", "2025-01"): None,
            ("flow_balance.end", "2025-01"): (1, 1, 0),
        },
    ),
    Example(
        name="3: a day between is an exit and a return",
        told=[*care(1, "2024-06-01", "2024-12-31"), *care(2, "2025-01-02", None)],
        on="2025-01-31",
        figures={("flow_balance.exits", "2025-01"): (1, 1, 0), ("flow_balance.return", "2025-01"): (1, 1, 0)},
    ),
    Example(
        name="3: but for a paper end, which CBS does not bridge",
        told=[*care(1, "2024-06-01", "2024-12-31", "37"), *care(2, "2025-01-02", None)],
        on="2025-01-31",
        figures={
            ("flow_balance.exits", "2025-01"): None,
            ("flow_balance.exits", "2025-01", "cbs-statline"): (1, 1, 0),
            ("flow_balance.return", "2025-01", "cbs-statline"): (1, 1, 0),
        },
    ),
    Example(
        name="4: a pause is running, not care",
        told=PAUSED,
        on="2024-12-31",
        figures={("care_days_mean", "2024"): (67, 1, 0), ("duration_median.ended", "2024Q2"): (92, 1, 0)},
    ),
    Example(
        name="5: a final end after the pause",
        told=PAUSED_THEN_ENDED,
        on="2025-12-31",
        figures={("care_days_mean", "2025"): (7, 1, 0), ("duration_median.ended", "2025Q2"): (27, 1, 0)},
    ),
    Example(
        name="6: a renewal is no stacking",
        told=[*care(1, "2024-03-01", "2024-03-14"), *care(2, "2024-03-15", None)],
        on="2024-03-31",
        figures={("stacking_share", "2024-03"): (0, 1, 0), ("stacking_mean", "2024-03"): None},
    ),
    Example(
        name="6: at another provider it is",
        told=[*care(1, "2024-03-01", "2024-03-14"), *care(2, "2024-03-15", None, provider=AT_Q)],
        on="2024-03-31",
        figures={
            ("stacking_share", "2024-03"): (1, 1, 0),
            ("stacking_mean", "2024-03"): (2, 1, 0),
            ("stacking_share", "2024-03", "enschede", "provider", AT_Q): (1, 1, 0),
        },
    ),
    Example(
        name="7: care beside residence at the same provider is hidden by it",
        told=[*care(1, "2024-05-01", "2024-05-31", product=RESIDENCE), *care(2, "2024-05-01", "2024-05-31")],
        on="2024-06-30",
        population={"2024Q2": 1000},
        figures={
            ("stacking_share", "2024-05"): (0, 1, 0),
            ("stacking_share", "2024"): (0, 1, 0),
            ("residential_days_mean", "2024Q2"): (31, 1, 0),
            ("residential_inflow", "2024Q2"): (1, 1, 0),
            ("in_care_rate", "2024Q2"): (1, 1000, 0),
            ("at_home_rate", "2024Q2"): (999, 1000, 0),
            ("at_home_rate", "2024Q2", "enschede", "care_form", "residence"): (999, 1000, 0),
            ("at_home_rate", "2024Q2", "enschede", "care_form", "ambulatory"): None,
        },
    ),
    Example(
        name="7: at another it is not",
        told=[
            *care(1, "2024-05-01", "2024-05-31", product=RESIDENCE, provider=AT_Q),
            *care(2, "2024-05-01", "2024-05-31"),
        ],
        on="2024-06-30",
        figures={("stacking_share", "2024-05"): (1, 1, 0)},
    ),
    Example(
        name="9: nobody knows what was before the feed",
        told=care(1, "2023-03-10", None),
        on="2023-12-31",
        coverage_start=date(2023, 1, 1),
        figures={("inflow_rate", "2023Q1"): (0, 0, 1), ("flow_balance.unknown", "2023-03"): (1, 1, 0)},
    ),
    Example(
        name="9: after six months it is known",
        told=care(1, "2023-07-01", None),
        on="2023-12-31",
        coverage_start=date(2023, 1, 1),
        figures={
            ("inflow_rate", "2023Q3"): (1, 0, 0),
            ("new_share", "2023"): (0, 1, 1),
            ("flow_balance.unknown", "2023-07", "cbs-statline"): (1, 1, 0),
        },
    ),
    Example(
        name="10: granted and not started",
        told=[granted(first_day="2024-02-01")],
        on="2024-05-01",
        figures={("waiting_days_median", "2024Q1"): (None, 1, 1), ("in_care", "2024-02"): None},
    ),
    Example(
        name="of three granted two start, after 10 and 20 days: 2/3, then 1/3 still wait",
        told=WAITING,
        on="2024-01-31",
        figures={("waiting_days_median", "2024Q1"): (20, 3, 1)},
    ),
    Example(
        name="of three days one night before the quarter and two after: one for each night",
        told=care(1, "2024-03-30", "2024-04-02", product=RESIDENCE),
        on="2024-07-01",
        figures={
            ("residential_days_mean", "2024Q1"): (2, 1, 0),
            ("residential_days_mean.cbs", "2024Q1"): (1, 1, 0),
            ("residential_days_mean.stay.cbs", "2024Q2"): (2, 1, 0),
            ("residential_days_mean.living", "2024Q2"): None,
        },
    ),
    Example(
        name="foster care is living",
        told=care(1, "2024-01-30", "2024-02-02", product=FOSTER_CARE),
        on="2024-07-01",
        figures={
            ("residential_days_mean.living", "2024Q1"): (4, 1, 0),
            ("residential_days_mean.living.cbs", "2024Q1"): (3, 1, 0),
            ("residential_days_mean.stay", "2024Q1"): None,
        },
    ),
    Example(
        name="three provisions on one day, one of them for that day",
        told=[
            *care(1, "2024-05-01", None),
            *care(2, "2024-05-01", None, provider=AT_Q),
            *care(3, "2024-05-31", "2024-05-31", product="50A00", provider=AT_Q),
        ],
        on="2024-06-30",
        figures={
            ("stacking_peak", "2024-05"): (1, 1, 0),
            ("stacking_peak", "2024-06"): None,
            ("stacking_mean", "2024-05"): (3, 1, 0),
            ("stacking_mean", "2024-06"): (2, 1, 0),
        },
    ),
    Example(
        name="born on 29 February, a day before the eighteenth birthday and on it",
        told=[
            registered(valid_from="2024-01-01", birth_date="2008-02-29"),
            *care(1, "2026-02-01", "2026-03-01", crisis=True),
            registered(valid_from="2024-01-01", birth_date="2008-02-29", youth=OTHER_YOUTH),
            *care(2, "2026-02-01", "2026-02-28", youth=OTHER_YOUTH),
        ],
        on="2026-12-31",
        figures={
            ("extended_care", "2026"): (1, 1, 0),
            ("in_care_rate", "2026Q1"): (2, 0, 0),
            ("in_care_rate", "2026Q1", "enschede", "age_band", "12-17"): (1, 0, 0),
            ("in_care_rate", "2026Q1", "enschede", "age_band", "18-22"): (1, 0, 0),
            ("flow_balance.moved_in", "2026-03", "enschede", "age_band", "18-22"): (1, 1, 0),
            ("flow_balance.start", "2026-03"): (2, 1, 0),
            ("crisis_share", "2026"): (1, 2, 0),
            ("duration_p90.ended", "2026Q1"): (29, 2, 0),
            ("duration_median.ended", "2026Q1"): (28, 2, 0),
        },
    ),
    Example(
        name="from Friday 3 May, Ascension Day between, the fifth working day is Monday 13 May",
        told=[
            *care(1, "2024-05-03", None, time="2024-05-13T21:00:00Z"),
            *care(2, "2024-05-03", None, time="2024-05-13T22:30:00Z"),
        ],
        on="2024-06-30",
        figures={("timeliness", "2024-05"): (1, 2, 0)},
    ),
    Example(
        name="a move between teams in a care period",
        told=[
            registered(valid_from="2024-01-01", team="noord"),
            registered(valid_from="2024-03-15", team="zuid"),
            *care(1, "2024-02-01", None),
        ],
        on="2024-04-30",
        figures={
            ("flow_balance.moved_out", "2024-03", "enschede", "team", "noord"): (1, 1, 0),
            ("flow_balance.moved_in", "2024-03", "enschede", "team", "zuid"): (1, 1, 0),
            ("flow_balance.moved_in", "2024-03"): None,
            ("in_care", "2024-03", "enschede", "team", "noord"): None,
            ("in_care", "2024-03", "enschede", "team", "zuid"): (1, 1, 0),
        },
    ),
    Example(
        name="granted for longer than before",
        told=EXTENDED,
        on="2024-06-30",
        figures={("renewal_rate", "2024Q2"): (1, 1, 0), ("renewal_rate", "2024Q1"): (0, 1, 0)},
    ),
    Example(
        name="extended twice in a quarter without care: each in the team of its own day",
        told=[
            registered(valid_from="2024-01-01", team="noord"),
            registered(valid_from="2024-02-01", team="zuid"),
            granted(first_day="2024-06-29", granted_at="2023-12-20T09:00:00"),
            granted(first_day="2024-06-29", granted_at="2024-01-15T09:00:00", change_reason="04"),
            granted(first_day="2024-06-29", granted_at="2024-03-01T09:00:00", change_reason="04"),
        ],
        on="2024-06-30",
        figures={
            ("renewal_rate", "2024Q1"): (2, 0, 0),
            ("renewal_rate", "2024Q1", "enschede", "team", "noord"): (1, 0, 0),
            ("renewal_rate", "2024Q1", "enschede", "team", "zuid"): (1, 0, 0),
        },
    ),
    Example(
        name="a paused trajectory at the quarter's end is in the team of that day",
        told=[
            registered(valid_from="2024-01-01", team="noord"),
            registered(valid_from="2024-06-01", team="zuid"),
            *care(1, "2024-04-01", "2024-05-15", "20"),
        ],
        on="2024-06-30",
        figures={
            ("switches_mean", "2024Q2", "enschede", "team", "zuid"): (0, 1, 0),
            ("switches_mean", "2024Q2", "enschede", "team", "noord"): None,
            ("duration_median.running", "2024Q2", "enschede", "team", "zuid"): (91, 1, 0),
        },
    ),
    Example(
        name="another provider nine days later is a switch, and for CBS, who join no gap, it is none",
        told=[*care(1, "2024-01-01", "2024-03-31"), *care(2, "2024-04-10", None, provider=AT_Q)],
        on="2024-06-30",
        figures={
            ("switches_mean", "2024Q2"): (1, 1, 0),
            ("switches_mean.provider", "2024Q2"): (1, 1, 0),
            ("switches_mean.care_form", "2024Q2"): (0, 1, 0),
            ("switches_mean", "2024Q2", "cbs-statline"): (0, 1, 0),
            ("duration_p90.running", "2024Q2", "enschede", "provider", AT_Q): (182, 1, 0),
        },
    ),
    Example(
        name="an exit in a quarter without care goes to the team of its last day",
        told=[
            registered(valid_from="2024-01-01", team="noord"),
            registered(valid_from="2024-07-01", team="zuid"),
            *care(1, "2024-02-01", "2024-06-30"),
        ],
        on="2024-09-30",
        figures={
            ("exit_rate", "2024Q3", "enschede", "team", "noord"): (1, 0, 0),
            ("exit_rate", "2024Q3", "enschede", "team", "zuid"): None,
            ("exit_rate", "2024Q2", "enschede", "team", "noord"): (0, 1, 0),
        },
    ),
    Example(
        name="in a paper gap the trajectory runs, also at the provider whose own care period is bridged",
        told=[*care(1, "2024-02-29", "2024-03-30", "36"), *care(2, "2024-04-10", None)],
        on="2024-03-31",
        figures={
            ("duration_median.running", "2024Q1"): (32, 1, 0),
            ("duration_median.running", "2024Q1", "enschede", "provider", AT_P): (32, 1, 0),
        },
    ),
    Example(
        name="with care this year and not last year, and not next year",
        told=[*care(1, "2024-11-01", "2024-12-31"), *care(2, "2024-11-01", None, youth=OTHER_YOUTH)],
        on="2025-12-31",
        figures={("inflow_outflow_ratio", "2024"): (2, 1, 0), ("inflow_outflow_ratio", "2025"): (0, 1, 0)},
    ),
)
