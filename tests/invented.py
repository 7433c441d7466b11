"""Invented municipalities, counted by hand: figures that hang together, for the attacker of the suppression tests.

Time goes by whole months. Nothing of the services is used, so that the figures are the definitions of domain.md §6
and not what the code makes of them; the law test holds the attacker against real figures too.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from services.indicators.figures import Figure

Group = tuple[str, str]
Place = tuple[str, str, Group]
At = Callable[[int], list[Group]]
"""The groups of a youth in a month."""

MUNICIPALITY: Group = ("municipality", "0153")
BANDS = ("0-3", "4-11", "12-17", "18-22")
MINORS = BANDS[:3]
OPENINGS = ("inflow", "return", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Youth:
    """Team and band by month, care forms with the spells of each, and the months of care: first, month of exit."""

    teams: tuple[str, ...]
    bands: tuple[str, ...]
    referrer: str
    spells: tuple[tuple[int, int | None, str], ...]
    forms: tuple[tuple[str, tuple[tuple[int, int | None, str], ...]], ...]
    provisions: tuple[int, ...]
    residential: frozenset[int]
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """How an invented municipality is drawn; `months` counts from January 2023."""

    seed: int
    youths: int
    teams: int
    forms: int
    months: int
    turnover: float
    skew: float = 1.0


def invented(town: Town) -> list[Figure]:
    """Every figure of an invented municipality, the same for the same town."""
    random = Random(town.seed)
    youths = [_youth(town, random) for _ in range(town.youths)]
    return sorted(
        _figures(youths, town, random), key=lambda row: (row.indicator, row.period, row.group_kind, row.group)
    )


def _youth(town: Town, random: Random) -> Youth:
    weights = [1 / (number + 1) ** town.skew for number in range(town.teams)]
    names = [f"team-{number}" for number in range(town.teams)]
    team, band = random.choices(names, weights)[0], random.choices(range(4), (2, 10, 12, 3))[0]
    teams, bands = [], []
    for _ in range(town.months):
        if random.random() < town.turnover / 10:
            team = random.choice(names)
        if random.random() < town.turnover / 10 and band < 3:
            band += 1
        teams.append(team)
        bands.append(BANDS[band])
    spells = tuple(_spells(town, random))
    names = [f"form-{number}" for number in range(town.forms)]
    weights = [1 / (number + 1) ** town.skew for number in range(town.forms)]
    chosen = sorted({random.choices(names, weights)[0] for _ in range(random.choice((1, 1, 1, 2, 3)))})
    main = chosen[0]
    forms = [(main, spells)] + [(form, tuple(_spells(town, random, within=spells))) for form in chosen[1:]]
    return Youth(
        teams=tuple(teams),
        bands=tuple(bands),
        referrer=random.choices(("gp", "municipality", "gi", "court"), (9, 9, 3, 1))[0],
        spells=spells,
        forms=tuple(forms),
        provisions=tuple(random.choices((1, 2, 3, 4), (60, 25, 10, 5))[0] for _ in range(town.months)),
        residential=frozenset(month for month in range(town.months) if random.random() < 0.1),
        chance=random.random(),
    )


def _spells(
    town: Town, random: Random, within: tuple[tuple[int, int | None, str], ...] | None = None
) -> Iterator[tuple[int, int | None, str]]:
    if within is not None:
        for first, last, _ in within:
            until = town.months if last is None else last
            if until > first and random.random() < 0.8:
                start = random.randint(first, until - 1)
                short = start + 1 if start + 1 < town.months else None
                yield start, last if random.random() < 0.6 else short, random.choice(OPENINGS)
        return
    month = 0 if random.random() < 0.6 else random.randrange(town.months)
    opening = "inflow" if month else "start"
    while month < town.months:
        end: int | None = month + 1 + int(random.expovariate(town.turnover)) if town.turnover else None
        end = end if end is not None and end < town.months else None
        yield month, end, opening
        if end is None or random.random() < 0.5:
            return
        month, opening = end + random.randint(1, 6), random.choices(OPENINGS, (3, 5, 1))[0]


Spells = tuple[tuple[int, int | None, str], ...]


def _name(month: int) -> str:
    return f"{2023 + month // 12}-{month % 12 + 1:02}"


def _quarter(month: int) -> str:
    return f"{2023 + month // 12}Q{month % 12 // 3 + 1}"


def _year(month: int) -> str:
    return str(2023 + month // 12)


class Counts:
    """Numerators, denominators and pending counts by figure."""

    def __init__(self) -> None:
        self.amounts: defaultdict[Place, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(
        self, indicator: str, period: str, groups: list[Group], numerator: int, denominator: int = 0, pending: int = 0
    ) -> None:
        """One more for each of the groups."""
        for group in groups:
            amount = self.amounts[indicator, period, group]
            amount[0] += numerator
            amount[1] += denominator
            amount[2] += pending


RATES = ("inflow_rate", "in_care_rate", "at_home_rate")
COUNTS = ("in_care", "stacking_peak", "residential_inflow", "extended_care")
QUANTILES = (
    "duration_median.running",
    "duration_p90.running",
    "duration_median.ended",
    "duration_p90.ended",
    "waiting_days_median",
)


def _figures(youths: list[Youth], town: Town, random: Random) -> Iterator[Figure]:
    counts = Counts()
    for youth in youths:
        for scope, spells in _scopes(youth):
            _count(counts, youth, scope, spells, town)
    people = _population(youths, town, random)
    for quarter, group in people:
        for indicator in RATES:
            counts.add(indicator, quarter, [group], 0)
    for (indicator, period, group), amount in counts.amounts.items():
        row = _figure(indicator, period, group, (amount[0], amount[1], amount[2]), people[period, group])
        if (row.numerator, row.denominator, row.pending) != (0, int(is_count(indicator)), 0):
            yield row


def is_count(indicator: str) -> bool:
    """Whether the denominator is 1."""
    return indicator in COUNTS or indicator.startswith("flow_balance.")


def _figure(indicator: str, period: str, group: Group, amount: tuple[int, int, int], people: int) -> Figure:
    numerator, denominator, pending = amount
    if indicator in RATES:
        denominator = people
        numerator = people - numerator if indicator == "at_home_rate" else numerator
    elif is_count(indicator):
        denominator = 1
    elif indicator in QUANTILES:
        numerator = 17 * denominator % 400
    return Figure(
        indicator=indicator,
        period=period,
        group_kind=group[0],
        group=group[1],
        numerator=numerator,
        denominator=denominator,
        value=Fraction(numerator, denominator) if denominator else None,
        status="provisional" if pending else "final",
        pending=pending,
    )


def _population(youths: list[Youth], town: Town, random: Random) -> Counter[tuple[str, Group]]:
    """Three to ten times as many live there as have care; of forms and referrers it is the municipality's."""
    people: Counter[tuple[str, Group]] = Counter()
    for month in range(2, town.months, 3):
        for youth in youths:
            number = random.randint(1, 12)
            for group in (MUNICIPALITY, ("team", youth.teams[month]), ("age_band", youth.bands[month])):
                people[_quarter(month), group] += number
        for kind, names in (("care_form", range(town.forms)), ("referrer", ("gp", "municipality", "gi", "court"))):
            for name in names:
                group = (kind, f"form-{name}" if kind == "care_form" else str(name))
                people[_quarter(month), group] = people[_quarter(month), MUNICIPALITY]
    return people


def _scopes(youth: Youth) -> Iterator[tuple[Group | None, Spells]]:
    """The municipality with its teams and bands; each care form; the referrer."""
    yield None, youth.spells
    for form, spells in youth.forms:
        yield ("care_form", form), spells
    yield ("referrer", youth.referrer), youth.spells


def _groups(youth: Youth, scope: Group | None, month: int) -> list[Group]:
    if scope is not None:
        return [scope]
    return [MUNICIPALITY, ("team", youth.teams[month]), ("age_band", youth.bands[month])]


def _count(counts: Counts, youth: Youth, scope: Group | None, spells: Spells, town: Town) -> None:
    def groups(month: int) -> list[Group]:
        return _groups(youth, scope, month)

    for first, end, opening in spells:
        _flow(counts, youth, scope, (first, end, opening), town)
    months = sorted({m for first, end, _ in spells for m in range(first, town.months if end is None else end)})
    is_main = scope is None or scope[0] != "care_form" or scope[1] == youth.forms[0][0]
    _by_month(counts, youth, months, groups, is_main)
    _by_quarter(counts, youth, months, groups, spells, town, is_main)
    _by_year(counts, youth, months, groups, spells, town)


def _flow(counts: Counts, youth: Youth, scope: Group | None, spell: tuple[int, int | None, str], town: Town) -> None:
    first, end, opening = spell
    here = _groups(youth, scope, first)
    counts.add("flow_balance.start" if opening == "start" else f"flow_balance.{opening}", _name(first), here, 1)
    last = town.months if end is None else end
    for month in range(first, last):
        if month > first:
            counts.add("flow_balance.start", _name(month), _groups(youth, scope, month - 1), 1)
            _move(counts, youth, scope, month)
        counts.add("flow_balance.end", _name(month), _groups(youth, scope, month), 1)
    if end is not None:
        counts.add("flow_balance.start", _name(end), _groups(youth, scope, end - 1), 1)
        counts.add("flow_balance.exits", _name(end), _groups(youth, scope, end - 1), 1)


def _move(counts: Counts, youth: Youth, scope: Group | None, month: int) -> None:
    if scope is not None:
        return
    for kind, names in (("team", youth.teams), ("age_band", youth.bands)):
        if names[month] != names[month - 1]:
            counts.add("flow_balance.moved_out", _name(month), [(kind, names[month - 1])], 1)
            counts.add("flow_balance.moved_in", _name(month), [(kind, names[month])], 1)


def _by_month(counts: Counts, youth: Youth, months: list[int], groups: At, is_main: bool) -> None:
    for month in months:
        provisions, here, name = youth.provisions[month], groups(month), _name(month)
        counts.add("in_care", name, here, 1)
        counts.add("stacking_share", name, here, int(provisions > 1), 1)
        if provisions > 1:
            counts.add("stacking_mean", name, here, provisions, 1)
        counts.add("stacking_peak", name, here, int(provisions > 2))
        if is_main and youth.chance * (month + 1) % 1 < 0.2:
            counts.add("timeliness", name, here, int(youth.chance > 0.1), 1)


def _by_quarter(
    counts: Counts, youth: Youth, months: list[int], groups: At, spells: Spells, town: Town, is_main: bool
) -> None:
    for quarter in sorted({month // 3 for month in months}):
        inside = [month for month in months if month // 3 == quarter]
        name, here = _quarter(inside[-1]), groups(inside[-1])
        minor = any(youth.bands[month] in MINORS for month in inside)
        stays = [month for month in inside if month in youth.residential]
        counts.add("in_care_rate", name, here, int(minor))
        counts.add("at_home_rate", name, here, int(minor and bool(stays)))
        opened = {opening for first, _, opening in spells if first // 3 == quarter}
        counts.add("inflow_rate", name, here, int(minor and "inflow" in opened), 0, int("unknown" in opened))
        if stays:
            living = sum(31 for month in stays if youth.chance > 0.5)
            counts.add("residential_days_mean", name, here, 31 * len(stays), 1)
            suffix = ".living" if living else ".stay"
            counts.add(f"residential_days_mean{suffix}", name, here, 31 * len(stays), 1)
            counts.add("residential_inflow", name, here, int(minor and inside[0] == stays[0]))
    for month in range(2, town.months, 3):
        if month in months:
            switches = int(youth.chance * 4)
            for indicator in ("duration_median.running", "duration_p90.running"):
                counts.add(indicator, _quarter(month), groups(month), 0, 1)
            counts.add("switches_mean", _quarter(month), groups(month), switches, 1)
            counts.add("switches_mean.provider", _quarter(month), groups(month), switches // 2, 1)
            counts.add("switches_mean.care_form", _quarter(month), groups(month), switches // 3, 1)
    _ended(counts, youth, groups, spells, town, is_main)


def _ended(counts: Counts, youth: Youth, groups: At, spells: Spells, town: Town, is_main: bool) -> None:
    for first, end, _ in spells:
        waited = int(youth.chance < 0.1)
        if is_main:
            counts.add("waiting_days_median", _quarter(first), groups(first), 0, 1, waited)
        if end is None:
            continue
        for indicator in ("duration_median.ended", "duration_p90.ended"):
            counts.add(indicator, _quarter(end), groups(end - 1), 0, 1)
        if end + 6 < town.months:
            returned = any(end < other <= end + 6 for other, _, _ in spells)
            counts.add("sustainable_exit_rate", _quarter(end + 6), groups(end - 1), int(not returned), 1)
        else:
            counts.add("sustainable_exit_rate", _quarter(end + 6), groups(end - 1), 0, 0, 1)


def _by_year(counts: Counts, youth: Youth, months: list[int], groups: At, spells: Spells, town: Town) -> None:
    for first, _, opening in spells:
        if opening == "start":
            continue
        last = max(month for month in months if month // 12 == first // 12)
        kind = int(youth.chance * 10)
        unknown = kind == 9
        counts.add("new_share", _year(first), groups(last), int(kind < 6), 1, int(unknown))
        counts.add("repeat_share", _year(first), groups(last), int(6 <= kind < 9), 1, int(unknown))
        counts.add("crisis_share", _year(first), groups(last), int(youth.chance * 100 % 1 < 0.1), 1)
    years = {month // 12 for month in months}
    for year in sorted(years):
        inside = [month for month in months if month // 12 == year]
        name, here = _year(inside[-1]), groups(inside[-1])
        counts.add("care_days_mean", name, here, 30 * len(inside), 1)
        provisions = max(youth.provisions[month] for month in inside)
        counts.add("stacking_share", name, here, int(provisions > 1), 1)
        if provisions > 1:
            counts.add("stacking_mean", name, here, provisions, 1)
        counts.add("extended_care", name, here, int(any(youth.bands[month] == "18-22" for month in inside)))
        leaves = year + 1 not in years
        counts.add("inflow_outflow_ratio", name, here, int(year - 1 not in years), int(leaves))
