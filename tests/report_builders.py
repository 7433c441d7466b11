"""A council report as the simulated Enschede would give it, and its parts one by one with readable defaults."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from services.indicators.delays import Event
from services.indicators.publishing import Cause
from services.indicators.report.model import (
    CARE_FORM,
    FINAL,
    MUNICIPALITY,
    PROVISIONAL,
    TEAM,
    Band,
    Difference,
    ExternalValue,
    RecentCount,
    Report,
    ReportCell,
    Target,
)
from services.indicators.report.periods import days_of
from youthcare.period import ONE_DAY

ENSCHEDE = "0153"
QUARTER = "2024Q3"
QUARTERS = ("2022Q4", "2023Q1", "2023Q2", "2023Q3", "2023Q4", "2024Q1", "2024Q2", "2024Q3")
MONTHS = tuple(f"2023-{month:02d}" for month in (10, 11, 12)) + tuple(f"2024-{month:02d}" for month in range(1, 10))
YEARS = ("2021", "2022", "2023", "2024")
POPULATION = 28_900
TEAMS = {
    "centrum": "Centrum",
    "noord": "Noord",
    "oost-binnen": "Oost Binnen",
    "pathmos-stadsveld": "Pathmos-Stadsveld",
    "unknown": "unknown",
}
CARE_FORMS = {
    "ambulatory": "Ambulante jeugdhulp",
    "foster-care": "Pleegzorg",
    "family-home": "Gezinshuis",
    "mental-health": "Jeugd-ggz",
    "crisis": "Crisishulp",
    "secure-residence": "Gesloten jeugdhulp",
}


def cell(
    indicator: str = "inflow_rate",
    period: str = QUARTER,
    numerator: int = 312,
    denominator: int = POPULATION,
    *,
    group: tuple[str, str] = (MUNICIPALITY, ENSCHEDE),
    status: str = FINAL,
    pending: int | None = 0,
) -> ReportCell:
    """A figure of the municipality, final unless said."""
    return ReportCell(
        indicator=indicator,
        period=period,
        group_kind=group[0],
        group=group[1],
        numerator=numerator,
        denominator=denominator,
        value=Fraction(numerator, denominator) if denominator else None,
        status=status,
        pending=pending,
    )


def withheld(
    indicator: str = "inflow_rate", period: str = QUARTER, group: tuple[str, str] = (MUNICIPALITY, ENSCHEDE)
) -> ReportCell:
    """A figure that is withheld: it has no numbers."""
    return ReportCell(
        indicator=indicator,
        period=period,
        group_kind=group[0],
        group=group[1],
        numerator=None,
        denominator=None,
        value=None,
        status=PROVISIONAL,
        pending=None,
        is_withheld=True,
    )


def report(
    *cells: ReportCell,
    targets: Sequence[Target] = (),
    external: Sequence[ExternalValue] = (),
    differences: Sequence[Difference] = (),
    unexplained: int = 0,
    recent: Sequence[RecentCount] = (),
    teams: dict[str, str] | None = None,
    definition: str = "enschede",
    municipality_name: str = "Enschede",
    as_of: date = date(2024, 10, 31),
    published_on: date | None = None,
    compared_with: date | None = None,
    digest: str | None = None,
) -> Report:
    """A report of Enschede over the third quarter of 2024, as asked a month after it."""
    return Report(
        municipality=ENSCHEDE,
        municipality_name=municipality_name,
        quarter=QUARTER,
        as_of=as_of,
        known_on=as_of,
        definition=definition,
        cells=cells,
        targets=tuple(targets),
        external=tuple(external),
        differences=tuple(differences),
        unexplained=unexplained,
        recent=tuple(recent),
        teams=teams or {},
        care_forms=CARE_FORMS,
        published_on=published_on,
        compared_with=compared_with,
        digest=digest,
    )


def _row(
    indicator: str,
    periods: Sequence[str],
    numbers: Sequence[tuple[int, int]],
    *,
    provisional: int = 0,
    pending: int = 0,
) -> list[ReportCell]:
    """Figures of successive periods, the last ones provisional."""
    final = len(periods) - provisional
    return [
        cell(
            indicator,
            period,
            *pair,
            status=FINAL if index < final else PROVISIONAL,
            pending=0 if index < final else pending,
        )
        for index, (period, pair) in enumerate(zip(periods, numbers, strict=True))
    ]


def _of(denominator: int, *numerators: int) -> list[tuple[int, int]]:
    return [(numerator, denominator) for numerator in numerators]


def _goals() -> list[ReportCell]:
    return [
        *_row(
            "inflow_rate", QUARTERS, _of(POPULATION, 355, 341, 338, 301, 349, 336, 327, 312), provisional=1, pending=23
        ),
        *_row("in_care_rate", QUARTERS, _of(POPULATION, 3301, 3342, 3390, 3312, 3398, 3421, 3440, 3395)),
        *_row("switches_mean", QUARTERS, _of(3105, 1180, 1210, 1242, 1250, 1301, 1330, 1352, 1349)),
        *_row("residential_days_mean", QUARTERS, _of(598, 47000, 46500, 47400, 47800, 48100, 46900, 47100, 47250)),
        *_row(
            "residential_days_mean.living", QUARTERS, _of(421, 35900, 35500, 36100, 36400, 36700, 35700, 35600, 35810)
        ),
        *_row("residential_days_mean.stay", QUARTERS, _of(189, 11100, 11000, 11300, 11400, 11400, 11200, 11500, 11440)),
        *_row(
            "sustainable_exit_rate",
            QUARTERS,
            _of(402, 289, 285, 291, 299, 301, 294, 298, 305),
            provisional=2,
            pending=41,
        ),
        *_row("at_home_rate", QUARTERS, _of(POPULATION, 28301, 28310, 28302, 28296, 28299, 28311, 28320, 28318)),
        *_row("residential_inflow", QUARTERS, _of(1, 41, 38, 44, 36, 40, 33, 35, 31), provisional=1, pending=0)[:5],
        withheld("residential_inflow", "2024Q1"),
        *_row("residential_inflow", QUARTERS, _of(1, 41, 38, 44, 36, 40, 33, 35, 31), provisional=1, pending=12)[6:],
    ]


def _specials() -> list[ReportCell]:
    shares = (1190, 1201, 1188, 1207, 1215, 1230, 1222, 1241, 1250, 1198, 1175, 1236)
    return [
        *_row("stacking_share", MONTHS, _of(3050, *shares), provisional=1),
        *_row(
            "stacking_mean",
            MONTHS,
            [(number * 26 // 10 + index, number) for index, number in enumerate(shares)],
            provisional=1,
        ),
        *_row("stacking_share", YEARS, _of(4505, 1901, 1982, 2040, 1990), provisional=1),
        *_row("stacking_mean", YEARS, [(4850, 1901), (5113, 1982), (5345, 2040), (5075, 1990)], provisional=1),
        *_row(
            "stacking_peak", MONTHS, _of(1, 210, 214, 208, 215, 219, 221, 218, 226, 231, 205, 199, 224), provisional=1
        ),
        *_quantiles(
            "running",
            ((402, 1310), (409, 1322), (415, 1341), (421, 1350), (428, 1366), (430, 1371), (437, 1390), (441, 1402)),
        ),
        *_quantiles(
            "ended",
            ((301, 980), (296, 988), (310, 995), (322, 1003), (305, 990), (318, 1021), (325, 1030), (331, 1044)),
        ),
        *_row(
            "timeliness", MONTHS, _of(820, 640, 651, 660, 655, 671, 680, 668, 690, 702, 655, 640, 610), provisional=1
        ),
    ]


def _quantiles(which: str, pairs: Sequence[tuple[int, int]]) -> list[ReportCell]:
    counted = 3105 if which == "running" else 512
    return [
        ReportCell(
            indicator=f"{name}.{which}",
            period=period,
            group_kind=MUNICIPALITY,
            group=ENSCHEDE,
            numerator=days,
            denominator=counted,
            value=Fraction(days),
            status=FINAL,
            pending=0,
        )
        for period, pair in zip(QUARTERS, pairs, strict=True)
        for name, days in zip(("duration_median", "duration_p90"), pair, strict=True)
    ]


def _groups() -> list[ReportCell]:
    days = {"ambulatory": 171, "foster-care": 312, "family-home": 298, "mental-health": 154, "crisis": 38}
    forms = [
        cell("care_days_mean", year, (number + offset * 3) * 200, 200, group=(CARE_FORM, form), status=status)
        for form, number in days.items()
        for offset, (year, status) in enumerate(zip(YEARS, (FINAL, FINAL, FINAL, PROVISIONAL), strict=True))
    ]
    forms += [withheld("care_days_mean", year, (CARE_FORM, "secure-residence")) for year in YEARS]
    teams = [
        cell(indicator, period, number * size // 100, size, group=(TEAM, team))
        for team, size in (("centrum", 2100), ("noord", 4300), ("oost-binnen", 3900), ("pathmos-stadsveld", 3200))
        for indicator, period, number in (
            ("inflow_rate", QUARTER, 1),
            ("in_care_rate", QUARTER, 12),
            ("sustainable_exit_rate", QUARTER, 74),
            ("at_home_rate", QUARTER, 98),
        )
        if (team, indicator) != ("centrum", "sustainable_exit_rate")
    ]
    hidden = [withheld("sustainable_exit_rate", QUARTER, (TEAM, "centrum"))]
    return [*forms, *teams, *hidden, *(withheld("stacking_share", "2024-09", (TEAM, team)) for team in TEAMS)]


def _targets() -> list[Target]:
    return [
        Target(indicator="inflow_rate", period="2022", value=Fraction(11, 1000)),
        *(Target(indicator="inflow_rate", period=year, value=Fraction(1, 100)) for year in ("2023", "2024")),
        *(
            Target(indicator="in_care_rate", period=year, value=Fraction(115, 1000))
            for year in ("2022", "2023", "2024")
        ),
        Target(indicator="switches_mean", period="2024", value=Fraction(40, 100)),
        Target(indicator="residential_days_mean.stay", period="2024", value=Fraction(60)),
        *(
            Target(indicator="sustainable_exit_rate", period=year, value=Fraction(3, 4))
            for year in ("2022", "2023", "2024")
        ),
        *(Target(indicator="at_home_rate", period=year, value=Fraction(98, 100)) for year in ("2022", "2023", "2024")),
        *(Target(indicator="residential_inflow", period=year, value=Fraction(35)) for year in ("2022", "2023", "2024")),
        Target(indicator="client_experience", period="2024", value=Fraction(75, 10)),
        Target(indicator="deficit", period="2024", value=Fraction(3_000_000)),
        Target(indicator="measures_started", period="2024", value=Fraction(47)),
    ]


def _external() -> list[ExternalValue]:
    return [
        *(
            ExternalValue(series="client_experience", period=year, value=Fraction(tenths, 10))
            for year, tenths in (("2022", 72), ("2023", 73), ("2024", 74))
        ),
        *(
            ExternalValue(series="deficit", period=quarter, value=Fraction(euros), is_provisional=quarter == QUARTER)
            for quarter, euros in (("2024Q1", 2_900_000), ("2024Q2", 3_350_000), ("2024Q3", 3_610_000))
        ),
        *(
            ExternalValue(series="measures_started", period=quarter, value=Fraction(number))
            for quarter, number in (("2024Q2", 9), ("2024Q3", 14))
        ),
    ]


def _differences() -> list[Difference]:
    def difference(period: str, group: tuple[str, str], cause: Cause, was: int, now: int) -> Difference:
        values = {"published": Fraction(was, POPULATION), "now": Fraction(now, POPULATION)}
        return Difference(
            indicator="inflow_rate", period=period, group_kind=group[0], group=group[1], cause=cause, **values
        )

    return [
        difference("2024Q1", (MUNICIPALITY, ENSCHEDE), Cause.LATE_STATEMENT, 318, 336),
        difference("2024Q2", (MUNICIPALITY, ENSCHEDE), Cause.CORRECTION, 331, 327),
        difference("2023Q4", (MUNICIPALITY, ENSCHEDE), Cause.ERASURE, 350, 349),
        difference("2023Q3", (MUNICIPALITY, ENSCHEDE), Cause.UNEXPLAINED, 303, 301),
    ]


def recent_count(
    event: Event = Event.START,
    period: str = "2024-09",
    count: int = 312,
    band: tuple[int, int] | None = (325, 348),
    last_day: date | None = None,
) -> RecentCount:
    """Starts of September as known a month later, with what they will become."""
    return RecentCount(
        event=event,
        period=period,
        last_day=last_day or days_of(period).end - ONE_DAY,
        count=count,
        band=None if band is None else Band(low=band[0], high=band[1]),
    )


def withheld_count(event: Event = Event.START, period: str = "2024-09") -> RecentCount:
    """Starts of a month that are withheld: no count, and no band."""
    last_day = days_of(period).end - ONE_DAY
    return RecentCount(event=event, period=period, last_day=last_day, count=None, is_withheld=True)


def _recent() -> list[RecentCount]:
    starts = [(351, 351, 351), (344, 344, 344), (338, 338, 340), (347, 348, 353), (329, 334, 345), (312, 325, 348)]
    ends = [(301, 301, 301), (322, 322, 323), (340, 341, 345), (358, 362, 371), (318, 330, 349), (262, 291, 331)]
    months = [
        recent_count(event, month, count, (low, high))
        for month, *pair in zip(MONTHS[-6:], starts, ends, strict=True)
        for event, (count, low, high) in zip(Event, pair, strict=True)
    ]
    quarter = [
        recent_count(event, QUARTER, count, band)
        for event, count, band in ((Event.START, 988, (1012, 1041)), (Event.END, 938, (992, 1046)))
    ]
    return [*months, *quarter]


def example_report() -> Report:
    """A whole report: every chapter filled, with provisional, withheld and missing figures in it."""
    return report(
        *_goals(),
        *_specials(),
        *_groups(),
        targets=_targets(),
        external=_external(),
        differences=_differences(),
        unexplained=2,
        recent=_recent(),
        teams=TEAMS,
        published_on=date(2024, 11, 1),
        compared_with=date(2024, 8, 1),
        digest="5f2b7c1e9a3d48f06b7e2c9d1a4f8e35",
    )
