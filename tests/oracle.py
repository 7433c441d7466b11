"""The naive oracle: what domain.md §2–5 says about each youth, worked out day by day, with no thought for speed.

Rules: days are kept in sets and counted one by one, never computed with as intervals; every step says which
sentence it obeys; "Reading:" marks a choice where the text leaves room. It shares no line with the product.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Statement = dict[str, Any]
Youth = tuple[str, str]
Provision = tuple[str, str | None]

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WINDOW_MONTHS = 6
PAPER_GAP = 31
HAND_OVER = 14
HORIZON_DAYS = 800
PAUSE = "20"
PAPER_ENDS = {"36", "37", "38"}
DELETED = "13"
OWN_MESSAGE = re.compile(r"(JW\d{3}-.+-\d{4}-\d{2}-\d{2})-\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one holding start opened: its days, and the reason of its final end if it has one."""

    running: frozenset[date]
    care: frozenset[date]
    final_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indication:
    """One indication that exists: what it is, what was granted, and the days it was delivered."""

    name: str
    provision: Provision
    form: Mapping[str, Any]
    grant: Mapping[str, Any] | None
    starts: frozenset[date]
    deliveries: tuple[Delivery, ...]

    @property
    def running(self) -> set[date]:
        """Running days: delivered days plus pauses."""
        return {day for delivery in self.deliveries for day in delivery.running}

    @property
    def care(self) -> set[date]:
        """Care days: delivered days without pauses."""
        return {day for delivery in self.deliveries for day in delivery.care}

    @property
    def closing_reason(self) -> str | None:
        """The final-end reason of the delivery that holds the last running day (tie: the latest first day)."""
        last = max(self.running)
        holders = [delivery for delivery in self.deliveries if last in delivery.running]
        return max(holders, key=lambda delivery: min(delivery.running)).final_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A first and a last day, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Span):
    """A maximal run of care days of one provision."""

    provision: Provision


def facts(
    statements: list[Statement],
    on: date,
    *,
    coverage_start: date | None,
    known_on: date | None,
    care_forms: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """The lines of facts.jsonl (design.md §5) for the day `on`, sorted by youth.

    `known_on` keeps the statements received up to and including that civil day; None keeps all.
    A `coverage_start` of None says that the feed was always complete.
    Raises ValueError when two statements share an identity but not their content (a door refuses that).
    """
    known = [statement for statement in distinct(statements) if is_known(statement, known_on)]
    # The version counts what was ever said of a youth and those merged with it.
    told = Counter(merges(known).get(owner(statement), owner(statement)) for statement in known)
    lines = [
        {"youth": youth, "version": [1, told[municipality, youth]], **person(ledger, on, coverage_start, care_forms)}
        for (municipality, youth), ledger in ledgers(known).items()
    ]
    return sorted(lines, key=lambda line: str(line["youth"]))


# --- Statements and ledgers (§2) ---------------------------------------------------------------------------------
def distinct(statements: Iterable[Statement]) -> list[Statement]:
    """A statement's identity is (municipality, source, id); the same identity twice is one statement."""
    by_identity: dict[tuple[str, ...], Statement] = {}
    for statement in statements:
        identity = (statement["municipality"], statement["source"], statement["id"])
        if by_identity.setdefault(identity, statement) != statement:
            raise ValueError("id-reused")
    return list(by_identity.values())


def is_known(statement: Statement, known_on: date | None) -> bool:
    """Received (else recorded) on or before the civil day `known_on` in Amsterdam."""
    instant = datetime.fromisoformat(statement.get("received") or statement["time"])
    return known_on is None or instant.astimezone(AMSTERDAM).date() <= known_on


def is_a(statement: Statement, kind: str) -> bool:
    """Whether the statement is of this event type, written without prefix and version."""
    return bool(statement["type"] == f"nl.jeugdzorg.{kind}.v1")


def newest(statements: Iterable[Statement]) -> list[Statement]:
    """Newest time first; ties go to the greatest id, then source."""
    return sorted(statements, key=lambda s: (datetime.fromisoformat(s["time"]), s["id"], s["source"]), reverse=True)


def ledgers(statements: list[Statement]) -> dict[tuple[str, str], list[Statement]]:
    """The statements of each (municipality, surviving youth), without what was forgotten.

    Reading: merges are followed before anything is forgotten, so forgetting a youth never undoes a merge;
    a youth of whom no statement is left has no line.
    """
    into = merges(statements)
    gone = {owner(statement) for statement in statements if is_a(statement, "youth.forgotten")}
    joined: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    for statement in statements:
        survivor = into.get(owner(statement), owner(statement))
        if owner(statement) not in gone and survivor not in gone:
            joined[survivor].append(statement)
    return joined


def owner(statement: Statement) -> tuple[str, str]:
    """Whom a statement is about."""
    return statement["municipality"], statement["subject"]


def merges(statements: list[Statement]) -> dict[Youth, Youth]:
    """Per merged-away youth whose ledger it joined: all that are linked by merges are one youth.

    Its name is the smallest never merged away, else the smallest. Reading: a merge cannot be taken back.
    """
    links = {
        (owner(statement), (statement["municipality"], statement["data"]["into"]))
        for statement in statements
        if is_a(statement, "youth.merged") and statement["data"]["into"] != statement["subject"]
    }
    merged_away = {one for one, _ in links}
    into = {}
    for youth in sorted(merged_away | {other for _, other in links}):
        group = {youth}
        while more := {end for link in links for end in link if group & set(link)} - group:
            group |= more
        name = min(group - merged_away or group)
        if name != youth:
            into[youth] = name
    return into


def standing(ledger: list[Statement]) -> list[Statement]:
    """The statements that no rejected message takes away.

    A statement with a message of its own goes when that message is rejected, one named in `message.carried`
    when every message that carried it is. Reading: either ground suffices, and what rejections say always stands.
    """
    rejections = [statement["data"] for statement in ledger if is_a(statement, "message.rejected")]
    carriers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for statement in ledger:
        if is_a(statement, "message.carried"):
            for carried in statement["data"]["statements"]:
                carriers[statement["source"], carried].add(statement["data"]["message"])

    def stands(statement: Statement) -> bool:
        # Message numbers are unique per sender only; a rejection may say whose message it means.
        rejected = {one["message"] for one in rejections if one.get("sender") in (None, statement["source"])}
        own = OWN_MESSAGE.fullmatch(statement["id"])
        carried_by = carriers[statement["source"], statement["id"]]
        return not (own and own[1] in rejected) and not (carried_by and carried_by <= rejected)

    return [statement for statement in ledger if stands(statement)]


def indications(ledger: list[Statement], on: date, care_forms: Mapping[str, Any]) -> list[Indication]:
    """Every indication that exists, by name: granted and not deleted, or with a start that holds."""
    counted = standing(ledger)
    names = sorted({statement["data"]["indication"] for statement in counted if "indication" in statement["data"]})
    horizon = far_day(counted, on)
    found = (indication(name, counted, horizon, care_forms) for name in names)
    return [one for one in found if one is not None]


def far_day(statements: list[Statement], on: date) -> date:
    """Where open ends are cut off: well past the day asked and past every first day that was stated."""
    firsts = [date.fromisoformat(s["data"]["first_day"]) for s in statements if "first_day" in s["data"]]
    return max([on, *firsts]) + timedelta(days=HORIZON_DAYS)


def indication(
    name: str, statements: list[Statement], horizon: date, care_forms: Mapping[str, Any]
) -> Indication | None:
    """One indication, or None when its newest grant deletes it or nothing but loose ends is known of it."""
    about = [statement for statement in statements if statement["data"].get("indication") == name]
    grant = winning_grant(about)
    counting = counting_sources(about)
    holding_starts = newest(holding(counting, "indication.started", ("first_day",)))
    holding_ends = holding(counting, "indication.ended", ("first_day", "last_day", "reason"))
    if (grant or {}).get("change_reason") == DELETED or (grant is None and not holding_starts):
        return None
    starts = frozenset(date.fromisoformat(start["data"]["first_day"]) for start in holding_starts)
    form, provider = provision_of(grant, holding_starts, care_forms)
    return Indication(
        name=name,
        provision=(form, provider),
        form=care_forms["forms"][form],
        grant=grant,
        starts=starts,
        deliveries=deliveries(starts, holding_ends, agreed_last_day(grant, holding_starts), horizon),
    )


def winning_grant(statements: list[Statement]) -> dict[str, Any] | None:
    """The data of the grant with the newest `granted_at`, compared as written (tie: greatest id, then source)."""
    grants = [statement for statement in statements if is_a(statement, "indication.granted")]
    if not grants:
        return None
    winner = max(grants, key=lambda s: (s["data"]["granted_at"], s["id"], s["source"]))
    data: dict[str, Any] = winner["data"]
    return data


def counting_sources(statements: list[Statement]) -> list[Statement]:
    """Once the iJw chain has stated a start of an indication, other sources' starts and ends do not count.

    A standing start is enough, even when it was retracted later.
    """
    chain = [statement for statement in statements if statement["source"].startswith("urn:ijw:")]
    chain_has_started = any(is_a(statement, "indication.started") for statement in chain)
    return chain if chain_has_started else statements


def holding(statements: list[Statement], kind: str, fields: tuple[str, ...]) -> list[Statement]:
    """The statements of this kind whose key was, within their own source, stated more often than retracted."""

    def key(statement: Statement) -> tuple[str, ...]:
        return (statement["source"], *(statement["data"][field] for field in fields))

    stated = [statement for statement in statements if is_a(statement, kind)]
    retracted = Counter(key(statement) for statement in statements if is_a(statement, f"{kind}.retracted"))
    times = Counter(key(statement) for statement in stated)
    return [statement for statement in stated if times[key(statement)] > retracted[key(statement)]]


def provision_of(
    grant: Mapping[str, Any] | None, holding_starts: list[Statement], care_forms: Mapping[str, Any]
) -> Provision:
    """Care form and provider: field by field from the grant, else from the newest holding start that states it.

    Reading: product is one field; a product without category and code states nothing.
    """
    told = [grant or {}, *(start["data"] for start in holding_starts)]
    providers = [data["provider"] for data in told if data.get("provider")]
    products = [data["product"] for data in told if data.get("product")]
    return care_form(products[0] if products else {}, care_forms), providers[0] if providers else None


def care_form(product: Mapping[str, str], care_forms: Mapping[str, Any]) -> str:
    """By code, then by category (a code without category: its first two digits), else `other`.

    Reading: a code in the table wins whatever category stands beside it.
    """
    code = product.get("code") or ""
    category = product.get("category") or code[:2]
    form: str = care_forms["codes"].get(code) or care_forms["categories"].get(category) or "other"
    return form


def agreed_last_day(grant: Mapping[str, Any] | None, holding_starts: list[Statement]) -> date | None:
    """The granted last day; without a grant the planned last day, the newest stated; None is open."""
    if grant is not None:
        last = grant.get("last_day")
        return date.fromisoformat(last) if last else None
    planned = [start["data"]["planned_last_day"] for start in holding_starts if "planned_last_day" in start["data"]]
    return date.fromisoformat(planned[0]) if planned else None


# --- Deliveries (§3) ---------------------------------------------------------------------------------------------
def deliveries(
    starts: Iterable[date], ends: list[Statement], agreed: date | None, horizon: date
) -> tuple[Delivery, ...]:
    """One delivery per holding start; one whose final end lies before its first day is ignored.

    An ignored delivery is as if its start were absent, also for the delivery before it.
    """
    finals = {first: earliest(first, ends, pauses=False) for first in starts}
    firsts = sorted(first for first, final in finals.items() if final is None or final[0] >= first)
    found = []
    for first in firsts:
        following = min((other for other in firsts if other > first), default=None)
        running = running_days(first, finals[first], following, agreed, horizon)
        found.append(delivery(running, earliest(first, ends, pauses=True), finals[first]))
    return tuple(found)


def earliest(first: date, ends: list[Statement], pauses: bool) -> tuple[date, str] | None:
    """The earliest pause (reason 20) or final end (any other) of a first day; same day: the lowest reason."""
    stated = [end["data"] for end in ends if end["data"]["first_day"] == first.isoformat()]
    wanted = [end for end in stated if (end["reason"] == PAUSE) == pauses]
    return min(((date.fromisoformat(end["last_day"]), end["reason"]) for end in wanted), default=None)


def running_days(
    first: date, final: tuple[date, str] | None, following: date | None, agreed: date | None, horizon: date
) -> frozenset[date]:
    """To the final end's last day; without one to the day before the next start, else to the agreed last day but
    at least the first day, else on and on.
    """

    def runs(day: date) -> bool:
        if final is not None:
            return day <= final[0]
        if following is not None:
            return day < following
        return agreed is None or day <= agreed or day == first

    return frozenset(day for day in days(first, horizon) if runs(day))


def delivery(running: frozenset[date], pause: tuple[date, str] | None, final: tuple[date, str] | None) -> Delivery:
    """Care days stop at the pause, never past the running days.

    Reading: a pause before the first day leaves running days without care.
    """
    care = frozenset(day for day in running if pause is None or day <= pause[0])
    return Delivery(running=running, care=care, final_reason=final[1] if final else None)


def days(first: date, last: date) -> list[date]:
    """Every day from first to last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


# --- Care periods, exits, openings (§4) --------------------------------------------------------------------------
def add_months(day: date, months: int) -> date:
    """The same day number so many months on, or that month's last day."""
    month = day.year * 12 + day.month - 1 + months
    first = date(month // 12, month % 12 + 1, 1)
    same_month = [other for other in days(first, first + timedelta(days=30)) if other.month == first.month]
    return [other for other in same_month if other.day <= day.day][-1]


def care_periods(counted: list[Indication]) -> list[Span]:
    """Maximal runs of running days; a gap of at most 31 days after a paper end is bridged.

    Reading: bridging looks at the indications whose very last running day is the day before the gap.
    """
    periods: list[Span] = []
    for raw in unbroken({day for one in counted for day in one.running}, gap=0):
        if periods and is_bridged(periods[-1].last, raw.first, counted):
            periods[-1] = Span(first=periods[-1].first, last=raw.last)
        else:
            periods.append(raw)
    return periods


def unbroken(some_days: Iterable[date], gap: int) -> list[Span]:
    """Runs of days with at most `gap` missing days inside."""
    spans: list[Span] = []
    for day in sorted(some_days):
        if spans and days_between(spans[-1].last, day) <= gap:
            spans[-1] = Span(first=spans[-1].first, last=day)
        else:
            spans.append(Span(first=day, last=day))
    return spans


def days_between(earlier: date, later: date) -> int:
    """The number of days strictly between two days."""
    return (later - earlier).days - 1


def is_bridged(last: date, following: date, counted: list[Indication]) -> bool:
    """A paper end (36, 37 or 38) with at most 31 days to the next running day is not an exit."""
    reasons = {one.closing_reason for one in closing_on(last, counted)}
    return days_between(last, following) <= PAPER_GAP and bool(reasons & PAPER_ENDS)


def closing_on(last: date, counted: list[Indication]) -> list[Indication]:
    """The indications whose last running day is this day."""
    return [one for one in counted if one.running and max(one.running) == last]


def period_lines(counted: list[Indication], on: date, coverage_start: date | None) -> list[dict[str, Any]]:
    """The care periods that exist on the day asked, with how they opened and how they ended."""
    periods = [period for period in care_periods(counted) if period.first <= on]
    lines = []
    for number, period in enumerate(periods):
        following = periods[number + 1] if number + 1 < len(periods) else None
        runs = period.last >= on
        lines.append(
            {
                "first_day": period.first.isoformat(),
                "last_day": None if runs else period.last.isoformat(),
                "assumed_end": not runs and not has_stated_end(period.last, counted),
                "opening": opening(period.first, periods[:number], coverage_start),
                "exit": None if runs else exit_of(period.last, following, on, counted),
            }
        )
    return lines


def has_stated_end(last: date, counted: list[Indication]) -> bool:
    """Whether some delivery that ends on this day has a final end.

    Reading: asked of deliveries, not of indications, so that a stated stop before a later restart is stated.
    """
    told = [delivery for one in counted for delivery in one.deliveries if delivery.final_reason is not None]
    return any(max(delivery.running) == last for delivery in told)


def opening(first: date, earlier: list[Span], coverage_start: date | None) -> str:
    """Return when care ended within six months before; inflow when not; unknown when that cannot be known.

    Reading: "less than six months after" the start of coverage includes every day before it.
    """
    if any(first <= add_months(period.last, WINDOW_MONTHS) for period in earlier):
        return "return"
    if not earlier and coverage_start is not None and first < add_months(coverage_start, WINDOW_MONTHS):
        return "unknown"
    return "inflow"


def exit_of(last: date, following: Span | None, on: date, counted: list[Indication]) -> dict[str, str]:
    """Kind, last day of the re-entry window and status of the exit of a period that ended."""
    until = add_months(last, WINDOW_MONTHS)
    if following is not None and following.first <= until:
        status = "returned"
    else:
        status = "sustainable" if on > until else "pending"
    return {"kind": exit_kind(last, counted), "until": until.isoformat(), "status": status}


def exit_kind(last: date, counted: list[Indication]) -> str:
    """The first that applies: died (02), moved (grant reason 07), other-domain (39), ended."""
    closing = closing_on(last, counted)
    reasons = {one.closing_reason for one in closing}
    if "02" in reasons:
        return "died"
    if any((one.grant or {}).get("change_reason") == "07" for one in closing):
        return "moved"
    return "other-domain" if "39" in reasons else "ended"


# --- Trajectories and switches (§4) ------------------------------------------------------------------------------
def trajectories(counted: list[Indication]) -> list[list[Span]]:
    """Care periods chained while each starts inside the re-entry window of the one before."""
    chains: list[list[Span]] = []
    for period in care_periods(counted):
        if chains and period.first <= add_months(chains[-1][-1].last, WINDOW_MONTHS):
            chains[-1].append(period)
        else:
            chains.append([period])
    return chains


def trajectory_line(chain: list[Span], counted: list[Indication], on: date) -> dict[str, Any]:
    """One trajectory; its last day is the last day of its last period that began on or before `on`."""
    first = chain[0].first
    last = [period.last for period in chain if period.first <= on][-1]
    so_far = days(first, min(last, on))
    care = {day for one in counted for day in one.care}
    switches = [(old, new) for old, new, since in replacements(chain, counted) if since <= on]
    return {
        "first_day": first.isoformat(),
        "last_day": None if last >= on else last.isoformat(),
        "care_duration_days": len(so_far),
        "care_days": len([day for day in so_far if day in care]),
        "provider_switches": len([1 for old, new in switches if old.provision[1] != new.provision[1]]),
        "care_form_switches": len([1 for old, new in switches if old.provision[0] != new.provision[0]]),
    }


def replacements(chain: list[Span], counted: list[Indication]) -> list[tuple[Run, Run, date]]:
    """Which run replaced which in a trajectory, and the day from which that counts.

    Reading: the runs are those of the whole trajectory as known, also of its days after the day asked;
    the day the switch counts from decides what is seen.
    """
    found: list[tuple[Run, Run, date]] = []
    runs = care_runs(chain, counted)
    for new in runs:
        taken = [old for old, _, _ in found]
        candidates = [old for old in runs if old not in taken and may_replace(new, old)]
        if candidates:
            old = max(candidates, key=lambda run: (run.last, provision_order(run.provision)))
            found.append((old, new, max(new.first, old.last + timedelta(days=1))))
    return found


def care_runs(chain: list[Span], counted: list[Indication]) -> list[Run]:
    """Maximal runs of care days per provision inside a trajectory, gaps up to 31 days joined, by first day."""
    runs = []
    for provision in {one.provision for one in counted}:
        care = {day for one in counted if one.provision == provision for day in one.care}
        spans = unbroken([day for day in care if chain[0].first <= day <= chain[-1].last], gap=PAPER_GAP)
        runs += [Run(provision=provision, first=span.first, last=span.last) for span in spans]
    return sorted(runs, key=lambda run: (run.first, provision_order(run.provision)))


def may_replace(new: Run, old: Run) -> bool:
    """Another provision, begun and ended earlier, at most 31 days before or overlapping at most 14 days."""
    return (
        old.provision != new.provision
        and old.first < new.first
        and old.last < new.last
        and -HAND_OVER <= days_between(old.last, new.first) <= PAPER_GAP
    )


def provision_order(provision: Provision) -> tuple[str, str]:
    """By care form, then provider; the unknown provider first."""
    return provision[0], provision[1] or ""


# --- Stacking and day counts (§5) --------------------------------------------------------------------------------
def provisions_by_month(known: list[Indication], on: date) -> dict[str, int]:
    """Per month up to `on` the provisions that count on at least one of its days, from two up."""
    seen: dict[str, set[Provision]] = defaultdict(set)
    residential = {(one.provision[1], day) for one in known if one.form["residential"] for day in one.care}
    for one in known:
        for day in one.care:
            if day <= on and stacks(one, day, residential):
                seen[f"{day:%Y-%m}"].add(one.provision)
    return {month: len(provisions) for month, provisions in sorted(seen.items()) if len(provisions) >= 2}


def stacks(one: Indication, day: date, residential: set[tuple[str | None, date]]) -> bool:
    """Whether an indication's provision counts for stacking on a care day.

    Not when the same, known, provider also gives residential care that day; not when the form does not stack.
    Reading: nor when the form does not count as care.
    """
    if not (one.form["counts_as_care"] and one.form["stackable"]):
        return False
    provider = one.provision[1]
    at_residence = provider is not None and (provider, day) in residential
    return bool(one.form["residential"]) or not at_residence


def residential_days(residential: list[Indication], on: date) -> dict[str, int]:
    """Per quarter up to `on` the days with residential care, quarters without left out."""
    care = {day for one in residential for day in one.care if day <= on}
    quarters = Counter(f"{day.year}Q{(day.month + 2) // 3}" for day in care)
    return dict(sorted(quarters.items()))


def is_waiting(one: Indication, on: date) -> bool:
    """Granted for the day asked, a form that counts, and no holding start, ignored or not, on or before it."""
    if one.grant is None or not one.form["counts_as_care"] or any(start <= on for start in one.starts):
        return False
    last = one.grant.get("last_day")
    return date.fromisoformat(one.grant["first_day"]) <= on and (not last or on <= date.fromisoformat(last))


def person(
    ledger: list[Statement], on: date, coverage_start: date | None, care_forms: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything facts.jsonl says of one youth but its name and version."""
    known = indications(ledger, on, care_forms)
    counted = [one for one in known if one.form["counts_as_care"]]
    residential = [one for one in counted if one.form["residential"]]
    chains = trajectories(counted)
    today = {one.provision for one in counted if on in one.care}
    waiting = [(one.name, one.grant["first_day"]) for one in known if one.grant and is_waiting(one, on)]
    return {
        "in_care": any(on in one.care for one in counted),
        "provisions_today": [list(provision) for provision in sorted(today, key=provision_order)],
        "care_periods": period_lines(counted, on, coverage_start),
        "trajectories": [trajectory_line(chain, counted, on) for chain in chains if chain[0].first <= on],
        "provisions_by_month": provisions_by_month(known, on),
        "residential_days": residential_days(residential, on),
        "residential_periods": period_lines(residential, on, coverage_start),
        "waiting": [{"indication": name, "since": since} for name, since in waiting],
    }
