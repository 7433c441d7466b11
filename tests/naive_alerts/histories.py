"""Hypothesis strategies for histories and norms in which every alert rule fires now and then.

Rules: an episode is what one rule is about, told well or told badly; episodes share names of indications and days,
so that they meet. Everything is drawn from short lists whose first member is the dullest; norms are low, so that
ordinary histories reach them.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from services.alerts.norms import Norm
from tests import builders
from tests.builders import OTHER_PROVIDER, PROVIDER, Statement
from tests.naive_alerts.seen import Asked
from tests.strategies import INDICATIONS, ledgers

NAMES = ("0153-1", "0153-2", "0153-3", "0153-4", "0153-5")
BASES = tuple(date.fromisoformat(day) for day in ("2024-03-01", "2023-12-31", "2024-02-29", "2024-05-31", "2024-08-31"))
ASKED_ON = tuple(
    date.fromisoformat(day)
    for day in ("2024-03-01", "2024-06-30", "2024-09-01", "2025-01-01", "2025-06-30", "2026-01-01")
)
CODES = ("45A04", "51A04", "45A04", "43A02", "50A00")
HOMES = ("43A02", "43A03", "43A04", "43A06", "44A04")
REFERRERS = ("01", "02", None, "04")
REFERENCES = ("42420001-R1", "65656055-R2")
REQUESTED = (
    [{"kind": "new", "product": {"category": "45", "code": "45A04"}}],
    [{"kind": "new", "product": {"category": "45"}}, {"kind": "new", "product": {"category": "51"}}],
    [{"kind": "keep", "indication": "0153-1"}],
    [{"kind": "change", "indication": "0153-1"}, {"kind": "new", "product": {"category": "45"}}],
    [{"kind": "new", "product": {"category": "51"}}, {"kind": "new", "product": {"category": "43", "code": "43A02"}}],
)
# The first two lie on either side of midnight in Amsterdam, in winter; the third on it, in summer time.
MOMENTS = ("2024-03-01T22:59:00Z", "2024-03-01T23:30:00Z", "2024-07-31T22:00:00Z", "2025-01-02T10:00:00Z")


@cache
def pick(*options: Any) -> st.SearchStrategy[Any]:
    """One of the options."""
    return st.sampled_from(options)


def shifted(day: date, days: int) -> str:
    """So many days on, as a statement writes it."""
    return (day + timedelta(days=days)).isoformat()


def instant(day: str, hour: str = "10:00:00") -> str:
    """A moment on a day."""
    return f"{day}T{hour}Z"


@st.composite
def renewals(draw: st.DrawFn) -> list[Statement]:
    """One provision, granted again and again: longer, said to be longer, or under another number."""
    first, told, name = draw(pick(*BASES)), [], draw(pick(*NAMES))
    last = first
    for version in range(draw(pick(2, 3, 1, 4))):
        until = last + timedelta(days=draw(pick(60, 30, 0, -10, 100)))
        granted = first if version == 0 else last - timedelta(days=draw(pick(0, 14, 1, 50, -20)))
        told.append(
            builders.granted(
                indication=name,
                first_day=first.isoformat(),
                last_day=draw(pick(until.isoformat(), None)) if version else until.isoformat(),
                granted_at=f"{granted}T09:00:0{version}",
                change_reason=draw(pick(None, "04")) if version else None,
                product=draw(pick("45A04", "45A04", "51A04")),
            )
        )
        last = max(until, last)
    told.append(builders.started(indication=name, first_day=shifted(first, draw(pick(0, 0, 1, 20)))))
    if draw(st.booleans()):
        follower = draw(pick(*NAMES))
        begins = shifted(last, draw(pick(1, 0, 2, 32, 31, -10)))
        granted = f"{shifted(last, draw(pick(-20, 0, -60, 5)))}T09:00:00"
        told.append(builders.granted(indication=follower, first_day=begins, granted_at=granted))
        told += [builders.started(indication=follower, first_day=begins)] if draw(st.booleans()) else []
    return told


@st.composite
def ended_late(draw: st.DrawFn) -> list[Statement]:
    """Granted until a day, and an end that is recorded in time, late, before it began, or never."""
    first, name, days = draw(pick(*BASES)), draw(pick(*NAMES)), draw(pick(30, 60, 200))
    begun = first.isoformat()
    told = [
        builders.granted(indication=name, first_day=begun, last_day=shifted(first, days)),
        builders.started(indication=name, first_day=begun),
    ]
    if draw(st.booleans()):
        last = shifted(first, days - draw(pick(0, 0, 1, -5)))
        reason = draw(pick("31", "31", "20"))
        time = instant(shifted(first, days + draw(pick(10, 1, 2, 3, -5, 40, 0))), draw(pick("10:00:00", "23:30:00")))
        told.append(builders.ended(indication=name, first_day=begun, last_day=last, reason=reason, time=time))
    return told


@st.composite
def pauses(draw: st.DrawFn) -> list[Statement]:
    """A pause that goes on, is resumed after a while, or is closed by a final end."""
    first, name = draw(pick(*BASES)), draw(pick(*NAMES))
    begun, last = first.isoformat(), draw(pick(20, 5, 60))
    told = [
        builders.started(indication=name, first_day=begun, product=draw(pick(*CODES))),
        builders.ended(indication=name, first_day=begun, last_day=shifted(first, last), reason="20"),
    ]
    again = last + draw(pick(61, 30, 62, 2, 100))
    after = draw(pick("nothing", "resumed", "ended"))
    if after == "resumed":
        told.append(builders.started(indication=name, first_day=shifted(first, again)))
    if after == "ended":
        told.append(builders.ended(indication=name, first_day=begun, last_day=shifted(first, again), reason="31"))
    return told


@st.composite
def waits(draw: st.DrawFn) -> list[Statement]:
    """Granted and not started: never, late, or just in time."""
    first, name = draw(pick(*BASES)), draw(pick(*NAMES))
    last = draw(pick(None, 30, 90))
    told = [
        builders.granted(
            indication=name,
            first_day=first.isoformat(),
            last_day=None if last is None else shifted(first, last),
            product=draw(pick(*CODES)),
            granted_at=f"{shifted(first, draw(pick(-10, 5)))}T09:00:00",
        )
    ]
    if draw(st.booleans()):
        told.append(builders.started(indication=name, first_day=shifted(first, draw(pick(31, 30, 5, 61, -3)))))
    return told


@st.composite
def stacks(draw: st.DrawFn) -> list[Statement]:
    """Two or three provisions at telling distances, each with a referrer of its own, some with a request."""
    first, told = draw(pick(*BASES)), []
    for name in NAMES[: draw(pick(2, 3))]:
        request = draw(pick(None, None, REFERENCES[0]))
        provider, product = draw(pick(PROVIDER, OTHER_PROVIDER, "73737003")), draw(pick(*CODES))
        if draw(st.booleans()):
            told.append(
                builders.granted(
                    indication=name,
                    first_day=first.isoformat(),
                    provider=provider,
                    product=product,
                    request=request,
                    referrer=draw(pick(*REFERRERS)),
                )
            )
        begun = first.isoformat()
        told.append(
            builders.started(
                indication=name, first_day=begun, provider=provider, product=product, referrer=draw(pick(*REFERRERS))
            )
        )
        if draw(st.booleans()):
            last = shifted(first, draw(pick(60, 14, 15, 200)))
            told.append(builders.ended(indication=name, first_day=begun, last_day=last))
        first += timedelta(days=draw(pick(10, 0, 31, 47)))
    return told


@st.composite
def stays(draw: st.DrawFn) -> list[Statement]:
    """A child that moves from one residence to the next, with gaps and overlaps."""
    first, told = draw(pick(*BASES)), []
    homes = draw(st.permutations(HOMES))
    for name, home in zip(NAMES, homes, strict=False):
        product, provider = draw(pick(home, home, HOMES[0])), draw(pick(PROVIDER, OTHER_PROVIDER))
        last = first + timedelta(days=draw(pick(40, 10, 100, 200)))
        begun = first.isoformat()
        told.append(builders.started(indication=name, first_day=begun, product=product, provider=provider))
        if draw(pick(True, True, True, True, False)):
            told.append(builders.ended(indication=name, first_day=begun, last_day=last.isoformat(), reason="38"))
        first = last + timedelta(days=draw(pick(1, 1, -14, -13, -15, 32, 33, 10)))
    return told


@st.composite
def refusals(draw: st.DrawFn) -> list[Statement]:
    """A request that is rejected, and then a grant, through whomever, soon or late, now and then with its reference."""
    rejected, reference = draw(pick(*BASES)), draw(pick(*REFERENCES))
    time, hour = rejected.isoformat(), draw(pick("10:00:00", "23:30:00"))
    product = draw(pick("45A04", "45A04", "51A04"))
    answer = draw(pick("rejected", "rejected", "rejected", "under-investigation"))
    told = [
        builders.requested(
            request=reference,
            products=draw(pick_products()),
            referrer=draw(pick("01", "01", "02", None)),
            time=instant(time),
        ),
        builders.answered(request=reference, answer=answer, time=instant(time, hour)),
    ]
    for _ in range(draw(pick(1, 1, 2))):
        day = shifted(rejected, draw(pick(20, 1, 30, 2, 31, 0, 92, -5)))
        name = draw(pick("0153-6", "0153-7", *NAMES[:2]))
        told.append(
            builders.granted(
                indication=name,
                first_day=day,
                granted_at=f"{day}T09:00:00",
                last_day=draw(pick(None, shifted(rejected, 200), shifted(rejected, 1))),
                product=product,
                request=draw(pick(None, None, None, reference)),
                referrer=draw(pick("04", "02", "04", None)),
            )
        )
        told += [builders.started(indication=name, first_day=day, product=product)] if draw(st.booleans()) else []
    return told


@cache
def pick_products() -> st.SearchStrategy[Any]:
    """What a request asks for."""
    return st.sampled_from(REQUESTED)


@st.composite
def evaluated(draw: st.DrawFn) -> list[Statement]:
    """Care that runs for long and a few evaluations, on moments, beside them, or of something else."""
    first, name = draw(pick(*BASES)), draw(pick(*NAMES))
    told = [builders.started(indication=name, first_day=first.isoformat())]
    for _ in range(draw(pick(1, 0, 2, 3))):
        day = shifted(first, draw(pick(92, 91, 93, 30, 0, 200, 457, 366, -1)))
        told.append(builders.evaluated(indication=draw(pick(name, name, *NAMES)), day=day))
    return told


@st.composite
def births(draw: st.DrawFn) -> list[Statement]:
    """A youth in care who is near eighteen, with or without a team."""
    born = draw(pick("2006-08-31", "2006-03-01", "2007-02-28", "2008-02-29", "2006-06-30", "2012-05-17"))
    valid_from = draw(pick("2024-01-01", "2024-07-01", "2020-01-01"))
    told = [builders.registered(birth_date=born, team=draw(pick("noord", None)), valid_from=valid_from)]
    if draw(pick(False, True)):
        told.append(builders.registered(birth_date=None, team="zuid", valid_from="2024-06-30"))
    first, name = draw(pick(*BASES)), draw(pick(*NAMES))
    told.append(builders.started(indication=name, first_day=first.isoformat()))
    if draw(st.booleans()):
        last = shifted(first, draw(pick(100, 20, 200)))
        told.append(builders.ended(indication=name, first_day=first.isoformat(), last_day=last))
    return told


@st.composite
def requests(draw: st.DrawFn) -> list[Statement]:
    """A request, and sometimes its answer or a grant that carries its reference, around midnight in Amsterdam."""
    reference, moments = draw(pick(*REFERENCES)), pick(*MOMENTS)
    request = builders.requested(request=reference, products=draw(pick_products()), time=draw(moments))
    answer = builders.answered(
        request=reference, answer=draw(pick("rejected", "under-investigation")), time=draw(moments)
    )
    grant = builders.granted(indication=draw(pick(*INDICATIONS)), request=reference, time=draw(moments))
    runs = builders.started(
        indication=draw(pick(*NAMES)), first_day=draw(pick("2023-12-31", "2024-03-01", "2024-06-01"))
    )
    return [request, *draw(st.sampled_from(([], [answer], [grant], [answer, grant]))), runs]


@st.composite
def throughout(draw: st.DrawFn) -> list[Statement]:
    """Care that runs through all of it."""
    return [builders.started(indication="0153-9", first_day="2023-12-31", product=draw(pick("51A04", "45A04")))]


EPISODES: Mapping[str, st.SearchStrategy[list[Statement]]] = {
    "renewals": renewals(),
    "ended late": ended_late(),
    "pauses": pauses(),
    "waits": waits(),
    "stacks": stacks(),
    "stays": stays(),
    "refusals": refusals(),
    "evaluated": evaluated(),
    "births": births(),
    "requests": requests(),
    "throughout": throughout(),
}
"""What the rules are about, by name; each tells of one youth."""

ABOUT: Mapping[str, tuple[tuple[str, str], ...]] = {
    "renewals": (("serial-renewal", "signal"), ("end-near", "signal"), ("indication-overlong", "norm")),
    "ended late": (("sleeper", "no-end"), ("end-near", "signal"), ("returned", "signal")),
    "pauses": (("sleeper", "paused"), ("trajectory-overlong", "warning")),
    "waits": (("waiting-long", "signal"),),
    "stacks": (
        ("stacking-unrequested", "signal"),
        ("stacking-unrequested", "without-request"),
        ("duplicate-provision", "signal"),
        ("stacking-level", "signal"),
    ),
    "stays": (("residential-moves", "signal"),),
    "refusals": (("shopping", "signal"),),
    "evaluated": (("evaluation-due", "first"), ("evaluation-due", "yearly")),
    "births": (("turning-18", "signal"),),
    "requests": (("stacking-request", "signal"),),
    "throughout": (("trajectory-overlong", "norm"), ("outlier", "norm")),
}
"""Which rules and levels fire now and then in the histories of each kind."""


@st.composite
def histories(draw: st.DrawFn, names: tuple[str, ...] = tuple(EPISODES)) -> list[Statement]:
    """A few episodes, and now and then a nasty ledger beside them, a start taken back, or an indication deleted."""
    told = [one for _ in range(draw(pick(2, 1, 3, 4))) for one in draw(EPISODES[draw(pick(*names))])]
    if draw(pick(False, False, True)):
        told += [draw(corrections(told))]
    own = [{**statement, "id": f"episode-{number:03d}"} for number, statement in enumerate(told)]
    return [*draw(ledgers()), *own] if draw(pick(False, True, False)) else own


@st.composite
def corrections(draw: st.DrawFn, told: list[Statement]) -> Statement:
    """One statement taken back, or something that changes nothing."""
    statement = draw(st.sampled_from(told))
    kind, content = statement["type"].split(".", 2)[2].removesuffix(".v1"), statement["data"]
    if kind == "indication.started":
        return builders.started_retracted(indication=content["indication"], first_day=content["first_day"])
    if kind == "indication.ended":
        return builders.ended_retracted(**content)
    if kind == "indication.granted":
        return builders.granted(
            indication=content["indication"],
            first_day=content["first_day"],
            granted_at="2026-01-01T09:00:00",
            change_reason="13",
        )
    return builders.evaluated(indication="0153-7")


NUMBERS: dict[tuple[str, str | None], tuple[int | None, ...]] = {
    ("trajectory-overlong", None): (100, 1, 31, 184, 400),
    ("indication-overlong", None): (31, 1, 90, 184),
    ("stacking-level", None): (2, 1, 3),
    ("stacking-request", None): (None,),
    ("stacking-unrequested", None): (None,),
    ("stacking-unrequested", "without-request"): (None,),
    ("duplicate-provision", None): (14, 1, 30),
    ("returned", None): (None,),
    ("serial-renewal", None): (2, 1, 3),
    ("evaluation-due", "first"): (3, 1, 2),
    ("evaluation-due", "yearly"): (12, 6),
    ("end-near", None): (42, 7, 100),
    ("turning-18", None): (6, 1, 12),
    ("residential-moves", None): (2, 1, 3),
    ("waiting-long", None): (30, 1, 60),
    ("sleeper", "paused"): (60, 1, 10),
    ("sleeper", "no-end"): (1, 3, 30),
    ("shopping", None): (3, 1, 2),
    ("outlier", None): (100, 31, 183),
}
"""Numbers of the norms, by rule and level."""

OF_ONE_FORM = frozenset({"indication-overlong", "waiting-long", "duplicate-provision", "end-near", "sleeper"})
LONG_AGO, HALFWAY, LATER = date(2015, 1, 1), date(2024, 6, 30), date(2024, 9, 1)


@st.composite
def norms(draw: st.DrawFn) -> tuple[Norm, ...]:
    """One row per rule and level; now and then a rule is off, changes its number, or has a row of its own."""
    changed, off = draw(pick(None, None, *NUMBERS)), draw(pick(None, None, *NUMBERS))
    since = draw(pick(LONG_AGO, HALFWAY))
    rows = [
        Norm(rule=rule, level=level, threshold=draw(pick(*numbers)), valid_from=since)
        for (rule, level), numbers in NUMBERS.items()
    ]
    if changed is not None:
        row = next(row for row in rows if (row.rule, row.level) == changed)
        number = draw(pick(*NUMBERS[changed]))
        rows.append(replace(row, threshold=number, **draw(own_rows(row))))
    return tuple(row for row in rows if (row.rule, row.level) != off)


@st.composite
def own_rows(draw: st.DrawFn, row: Norm) -> dict[str, Any]:
    """What makes a second row another one: its day, its team, or its care form."""
    kinds = ["day", "team", "form"] if row.rule in OF_ONE_FORM else ["day", "team"]
    kind = draw(st.sampled_from(kinds))
    if kind == "day":
        return {"valid_from": LATER}
    return {"team": "zuid"} if kind == "team" else {"care_form": "ambulatory"}


def questions() -> st.SearchStrategy[Asked]:
    """Norms, a start day and a day asked."""
    return st.builds(
        Asked,
        rows=norms(),
        start_day=pick(None, date(2024, 3, 1), date(2024, 9, 1)),
        on=pick(*ASKED_ON),
    )
