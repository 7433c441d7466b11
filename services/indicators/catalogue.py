"""The catalogue: every indicator of domain.md §6 by its id and period, in the order of the report."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from services.indicators.definitions import At, Indicator, Kind, Per, Settles, Term

_SECTION = "domain.md §6"
_STACKING = "domain.md §5 and §6"
_FLOW = "flow_balance"


def _terms(series: str, at: At = At.END) -> tuple[Term, ...]:
    return (Term(series=series, at=at),)


def _days_terms(days: str, users: str) -> tuple[Term, ...]:
    """Days from the first to the last of the period, and those who have one."""
    return (
        Term(series=days, is_days=True),
        Term(series=days, at=At.BEFORE, sign=-1, is_days=True),
        Term(series=users),
    )


def _flow(term: str, label_nl: str, at: At, meaning: str, series: str = "") -> Indicator:
    return Indicator(
        id=f"{_FLOW}.{term}",
        label_nl=label_nl,
        per=Per.MONTH,
        kind=Kind.COUNT,
        meaning=meaning,
        source=_SECTION,
        terms=_terms(f"{_FLOW}.{series or term}", at),
    )


def _stacking(per: Per, suffix: str) -> Iterator[Indicator]:
    noun = {Per.MONTH: "maand", Per.YEAR: "jaar"}[per]
    yield Indicator(
        id="stacking_mean",
        label_nl=f"Gemiddeld aantal voorzieningen bij stapeling ({noun})",
        per=per,
        kind=Kind.RATIO,
        meaning=f"Provisions of the stacked youths / youths with two or more provisions in the {per.value}.",
        source=_STACKING,
        terms=_terms(f"stacking_mean{suffix}"),
    )
    yield Indicator(
        id="stacking_share",
        label_nl=f"Aandeel jeugdigen met zorgstapeling ({noun})",
        per=per,
        kind=Kind.RATIO,
        meaning=f"Youths with two or more provisions in the {per.value} / youths with at least one that counts.",
        source=_STACKING,
        terms=_terms(f"stacking_share{suffix}"),
    )


def _residential_days() -> Iterator[Indicator]:
    kinds = {"": "verblijf en wonen", ".living": "wonen", ".stay": "verblijf"}
    for convention, note in (("", ""), (".cbs", ", telwijze CBS")):
        for kind, label in kinds.items():
            yield Indicator(
                id=f"residential_days_mean{kind}{convention}",
                label_nl=f"Gemiddeld aantal dagen {label}{note}",
                per=Per.QUARTER,
                kind=Kind.RATIO,
                meaning="Residential days in the quarter / youths with one.",
                source=f"{_SECTION}, and CBS Informatieprotocol §3.5" if convention else _SECTION,
                terms=_days_terms(f"residential_days{kind}{convention}", f"residential_users{kind}{convention}"),
            )


def _switches() -> Iterator[Indicator]:
    labels = {"": "wisselingen", ".provider": "wisselingen van aanbieder", ".care_form": "wisselingen van zorgvorm"}
    for suffix, label in labels.items():
        yield Indicator(
            id=f"switches_mean{suffix}",
            label_nl=f"Gemiddeld aantal {label} per lopend zorgtraject",
            per=Per.QUARTER,
            kind=Kind.RATIO,
            meaning="Switches so far / trajectories running at the end of the quarter.",
            source=_SECTION,
            terms=(Term(series=f"switches_mean{suffix}"), Term(series="trajectories")),
        )


def _durations() -> Iterator[Indicator]:
    quantiles = {"median": (Fraction(1, 2), "Mediane"), "p90": (Fraction(9, 10), "90e percentiel van de")}
    populations = {
        "running": ("lopende zorgtrajecten", "trajectory_running", "Trajectories running at the end of the quarter."),
        "ended": ("beëindigde zorgperioden", "care_period_ended", "Care periods that ended in the quarter."),
    }
    for name, (quantile, word) in quantiles.items():
        for population, (label, series, meaning) in populations.items():
            yield Indicator(
                id=f"duration_{name}.{population}",
                label_nl=f"{word} duur van {label} (dagen)",
                per=Per.QUARTER,
                kind=Kind.QUANTILE,
                meaning=meaning,
                source=_SECTION,
                terms=_terms(series, At.WITHIN if population == "ended" else At.END),
                quantile=quantile,
            )


def _started_shares() -> Iterator[Indicator]:
    labels = {
        "new_share": ("nieuw: vijf jaar geen jeugdhulp", "with no care period that ended in the five years before"),
        "repeat_share": ("herhaald beroep binnen vijf jaar", "with a care period that ended in the five years before"),
        "crisis_share": ("begonnen in crisis", "begun in crisis"),
    }
    for name, (label, meaning) in labels.items():
        yield Indicator(
            id=name,
            label_nl=f"Aandeel begonnen zorgperioden: {label}",
            per=Per.YEAR,
            kind=Kind.RATIO,
            meaning=f"Care periods begun in the year {meaning} / all begun in the year.",
            source=_SECTION,
            terms=(Term(series=name), Term(series="care_periods_begun")),
        )


def _counts(rows: tuple[tuple[str, str, Per, str], ...]) -> Iterator[Indicator]:
    for name, label_nl, per, meaning in rows:
        yield Indicator(
            id=name,
            label_nl=label_nl,
            per=per,
            kind=Kind.COUNT,
            meaning=meaning,
            source=_SECTION,
            terms=_terms(name),
        )


def _gauge(name: str, label_nl: str, meaning: str) -> Indicator:
    return Indicator(
        id=name,
        label_nl=label_nl,
        per=Per.DAY,
        kind=Kind.COUNT,
        meaning=meaning,
        source="design.md §7",
        terms=_terms(name),
        is_reported=False,
    )


def _rate(name: str, label_nl: str, meaning: str, kind: Kind = Kind.RATE) -> Indicator:
    return Indicator(
        id=name,
        label_nl=label_nl,
        per=Per.QUARTER,
        kind=kind,
        meaning=meaning,
        source=_SECTION,
        terms=_terms(name),
    )


def _flow_balance() -> Iterator[Indicator]:
    yield _flow("start", "Stand aan het begin", At.BEFORE, "Care periods that cover the day before the month.", "end")
    yield _flow("inflow", "Instroom", At.BOUND, "Care periods that opened in the month as inflow.")
    yield _flow("unknown", "Instroom onbekend", At.BOUND, "Care periods that opened in the month, unknown how.")
    yield _flow("return", "Herinstroom", At.BOUND, "Care periods that opened in the month as a return.")
    yield _flow("moved_in", "Overgekomen van een andere groep", At.BOUND, "Moves into the group in a care period.")
    yield _flow("moved_out", "Overgegaan naar een andere groep", At.BOUND, "Moves from the group in a care period.")
    yield _flow("exits", "Uitstroom", At.BOUND, "Care periods whose last day + 1 lies in the month.")
    yield _flow("end", "Stand aan het eind", At.END, "Care periods that cover the month's last day, or the day asked.")


def _rates_per_indication() -> Iterator[Indicator]:
    labels = {
        "renewal_rate": ("Verlengingen", "Extensions in the quarter"),
        "exit_rate": ("Beëindigingen", "Indications that ended in the quarter"),
    }
    for name, (label, meaning) in labels.items():
        yield Indicator(
            id=name,
            label_nl=f"{label} per lopende indicatie",
            per=Per.QUARTER,
            kind=Kind.RATIO,
            meaning=f"{meaning} / indications with a running day in the quarter.",
            source=_SECTION,
            terms=(Term(series=name), Term(series="indications_running")),
            is_for_supervisors=True,
        )


def _rows() -> Iterator[Indicator]:
    """The order of the report: the goals, then stacking and duration, then what explains them."""
    yield from _counts((("in_care", "Jeugdigen met jeugdhulp", Per.MONTH, "Youths with a care day in the month."),))
    yield _rate(
        "inflow_rate", "Instroom per inwoner van 0 tot en met 17 jaar", "Youths 0-17 with an inflow / population."
    )
    yield _rate("in_care_rate", "Jeugdigen van 0 tot en met 17 jaar met jeugdhulp", "Youths 0-17 in care / population.")
    yield from _switches()
    yield from _residential_days()
    yield _sustainable_exits()
    yield _rate(
        "at_home_rate",
        "Aandeel jeugdigen van 0 tot en met 17 jaar dat thuis opgroeit",
        "Population 0-17 without those with a residential day / population.",
        Kind.COMPLEMENT,
    )
    yield from _counts(_COUNTS)
    yield from _stacking(Per.MONTH, "")
    yield from _stacking(Per.YEAR, ".year")
    yield _care_days()
    yield from _durations()
    yield from _started_shares()
    yield from _flow_balance()
    yield _years_compared()
    yield _waiting()
    yield from _rates_per_indication()
    yield _timeliness()
    yield _gauge("in_care_today", "Jeugdigen met jeugdhulp vandaag", "Youths with care on the day itself.")
    yield _gauge("windows_open", "Open termijnen voor herinstroom", "Exits that are pending on the day itself.")
    yield _gauge("trajectory_running", "Lopende zorgtrajecten", "Trajectories that run on the day itself.")


_COUNTS = (
    ("residential_inflow", "Instroom in verblijf", Per.QUARTER, "Youths 0-17 with a residential inflow."),
    ("stacking_peak", "Jeugdigen met drie of meer voorzieningen op een dag", Per.MONTH, "Youths with a peak."),
    ("extended_care", "Jeugdigen van 18 tot en met 22 jaar met jeugdhulp", Per.YEAR, "Youths 18-22 in care."),
)


def _ratio(name: str, label_nl: str, per: Per, meaning: str, terms: tuple[Term, ...]) -> Indicator:
    return Indicator(
        id=name, label_nl=label_nl, per=per, kind=Kind.RATIO, meaning=meaning, source=_SECTION, terms=terms
    )


def _sustainable_exits() -> Indicator:
    meaning = "Sustainable exits / youths with an exit whose window closed in the quarter, the latest counting."
    terms = _terms("sustainable_exit_rate", At.BOUND)
    return _ratio("sustainable_exit_rate", "Aandeel duurzame uitstroom", Per.QUARTER, meaning, terms)


def _care_days() -> Indicator:
    label_nl, meaning = "Gemiddeld aantal dagen jeugdhulp per jeugdige", "Care days in the year / youths with one."
    return _ratio("care_days_mean", label_nl, Per.YEAR, meaning, _days_terms("care_days", "year_users"))


def _years_compared() -> Indicator:
    return Indicator(
        id="inflow_outflow_ratio",
        label_nl="Verhouding instroom en uitstroom",
        per=Per.YEAR,
        kind=Kind.RATIO,
        meaning="Youths with care this year and not last year / with care this year and not next year.",
        source=_SECTION,
        terms=(
            Term(series="year_newcomers"),
            Term(series="year_users"),
            Term(series="year_stayed", at=At.NEXT_END, sign=-1),
        ),
        settles=Settles.NEXT_PERIOD,
    )


def _waiting() -> Indicator:
    return Indicator(
        id="waiting_days_median",
        label_nl="Mediane wachttijd van toewijzing tot start (dagen)",
        per=Per.QUARTER,
        kind=Kind.SURVIVAL,
        meaning="Granted first day to first start of indications granted in the quarter, Kaplan-Meier.",
        source=_SECTION,
        terms=_terms("waiting"),
    )


def _timeliness() -> Indicator:
    meaning = "Starts and ends recorded within five working days / starts and ends of the month."
    label_nl, terms = "Aandeel tijdig gemelde starts en stops", _terms("timeliness", At.BOUND)
    return replace(_ratio("timeliness", label_nl, Per.MONTH, meaning, terms), settles=Settles.WORKING_DAYS)


CATALOGUE = {(row.id, row.per): row for row in _rows()}
"""Every indicator by its id and period; stacking is per month and per year."""

REPORTED = tuple(row for row in CATALOGUE.values() if row.is_reported)
"""The indicators of a report, in the order of the catalogue."""

KINDS = {row.id: row.kind for row in CATALOGUE.values()}
"""What numerator and denominator of an indicator are, by its id."""

FLOW_TERMS = tuple(row.id for row in REPORTED if row.id.startswith(f"{_FLOW}."))
"""The rows of the flow balance: start + openings + moved in - moved out - exits = end."""
