"""Every metric of the system, named once, with what it means.

1. Labels have a small closed set of values; those known beforehand exist from the start, so a graph shows 0 rather
   than nothing. Never a youth, a provider or free text.
2. Counters tell what happened to the *software* and carry no team. Figures are gauges, set by the indicators API
   alone from its published views (design.md §7).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from youthcare.events import DATA_TYPES, TYPE_PREFIX
from youthcare.outcome import Reason

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

SOURCE_KINDS = ("ijw", "team", "register")
ENDINGS = ("broken", "unavailable", "wrong_topic", "stalled", "stop_timeout")
RULES = (
    "trajectory-overlong", "indication-overlong", "stacking-level", "stacking-request", "stacking-unrequested",
    "duplicate-provision", "returned", "serial-renewal", "evaluation-due", "end-near", "turning-18",
    "residential-moves", "waiting-long", "sleeper", "shopping", "outlier", "feed-silent",
)  # fmt: skip
LIMITED = ("bearer", "token", "sign-in")
OUTCOMES = ("acted", "already-known", "agreed-exception", "data-error", "not-ours")
_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)


def _counter(name: str, meaning: str, labels: Iterable[str] = ()) -> Counter:
    return Counter(f"youthcare_{name}", meaning, labels, registry=REGISTRY)


def _gauge(name: str, meaning: str, labels: Iterable[str] = ()) -> Gauge:
    return Gauge(f"youthcare_{name}", meaning, labels, registry=REGISTRY)


STATEMENTS = _counter("statements", "Statements accepted at the doors.", ("source_kind", "type"))
REFUSALS = _counter("refusals", "Messages and statements refused, by reason.", ("reason",))
ALERTS_OPENED = _counter("alerts_opened", "Alerts opened, by rule.", ("rule",))
REQUESTS_LIMITED = _counter("requests_limited", "Requests answered 429, by what there was too much of.", ("kind",))
LOG_KEYS_DROPPED = _counter("log_keys_dropped", "Keys dropped from log lines: not on the list.")
LOG_WRITES_FAILED = _counter("log_writes_failed", "Times that the log could not be written: its disk is full.")
RECORDS_APPLIED = _counter("records_applied", "Records whose effect is committed, and repeats.", ("service",))
BATCHES_RETRIED = _counter("batches_retried", "Batches tried again after an outage.", ("service",))
OFFSET_GAPS = _counter("offset_gaps", "Runs of offsets that did not come, by meaning.", ("service", "verdict"))
PUBLICATION_UNEXPLAINED = _counter(
    "publication_unexplained", "Published cells found to be others now without a known cause, each time they are asked."
)
WORKER_ENDINGS = _counter("worker_endings", "Times the process ended itself.", ("service", "reason"))

EVENT_TO_FACTS = Histogram(
    "youthcare_event_to_facts_seconds",
    "From the reception of a statement to the publication of the facts that hold it.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
EVENT_TO_ALERT = Histogram(
    "youthcare_event_to_alert_seconds",
    "From the reception of a statement to the opening of an alert that rests on it.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "youthcare_batch_seconds",
    "From the first lock to the commit of one batch.",
    ("service",),
    buckets=_SECONDS,
    registry=REGISTRY,
)

CONSUMER_LAG = _gauge("consumer_lag", "Offsets still to be read.", ("service", "partition"))
FEED_LAST_STATEMENT = _gauge(
    "feed_last_statement_timestamp_seconds", "When the last statement of a kind of sender came.", ("sender_kind",)
)

REFUSALS_OPEN = _gauge("refusals_open", "Refusals that are not settled, by age in days.", ("sender_kind", "age"))
REFUSALS_OLDEST_OPEN = _gauge(
    "refusals_oldest_open_seconds", "Age of the oldest refusal that is not settled; 0 without any.", ("sender_kind",)
)
REFUSALS_MATURED = _gauge(
    "refusals_matured", "Refusals of the ninety days that ended thirty days ago.", ("sender_kind",)
)
REFUSALS_REPAIRED = _gauge(
    "refusals_repaired", "Those of the matured that were settled within thirty days.", ("sender_kind",)
)

YOUTHS_IN_CARE = _gauge("youths_in_care", "Youths with a care day today.", ("municipality", "team"))
STACKED_YOUTHS = _gauge("stacked_youths", "Youths with two provisions or more this month.", ("municipality", "team"))
STACKING_MEAN = _gauge("stacking_mean", "Mean provisions of those stacked this month.", ("municipality", "team"))
TRAJECTORY_DURATION = _gauge(
    "trajectory_duration_days", "Duration of running trajectories in days.", ("municipality", "team", "quantile")
)
EXITS = _gauge("exits", "Exits of this quarter, by what became of them.", ("municipality", "team", "status"))
INFLOW = _gauge("inflow", "Youths with an inflow this quarter.", ("municipality", "team"))
REENTRY_WINDOWS_OPEN = _gauge("reentry_windows_open", "Exits still pending.", ("municipality", "team"))
ALERTS_OPEN = _gauge("alerts_open", "Alerts that stand open.", ("municipality", "team", "rule"))
WEBHOOKS_DEAD = _gauge("webhooks_dead", "Webhooks that nothing is delivered to until a person looks.")
DIGESTS_DEAD = _gauge("digests_dead", "Mails of the last week that were given up.")

ALERTS_SWEEP_REFUSED = _gauge(
    "alerts_sweep_refused", "Municipalities not swept because the clock is not believed, by why.", ("reason",)
)
ALERTS_OUTCOMES = _counter("alerts_outcomes", "Alerts closed by people, by rule and outcome.", ("rule", "outcome"))

# Of the nightly verification alone: elsewhere a nought would say that nothing differs.
VERIFY_DIFFERENCES = Gauge(
    "youthcare_verify_differences", "What differed between log and tables at the last run.", ("kind",), registry=None
)
VERIFY_YOUTHS = Gauge("youthcare_verify_youths", "Youths compared at the last run.", registry=None)
VERIFY_LAST_RUN = Gauge(
    "youthcare_verify_last_run_timestamp_seconds", "When a run last said equal or different.", registry=None
)


def show_verify() -> None:
    """Let this process tell of verifications."""
    _show(VERIFY_DIFFERENCES, VERIFY_YOUTHS, VERIFY_LAST_RUN)


# Of the processes that end terms, forget and check the log of looks, each of its own alone; for the same reason.
RETAINED = ("youths", "notes", "told-alerts", "mails", "refusals", "disclosures", "looks")
RETENTION_PAST = Gauge(
    "youthcare_retention_past_term", "What was past its term after the last run.", ("kind",), registry=None
)
RETENTION_ENDED = Counter("youthcare_retention_ended", "What was ended by its term.", ("kind",), registry=None)
RETENTION_LAST_RUN = Gauge(
    "youthcare_retention_last_run_timestamp_seconds", "When retention last ran to its end.", registry=None
)
FORGETTINGS = Gauge(
    "youthcare_forgettings", "Youths whose forgetting is not certified, by how long ago it was asked.", ("age",),
    registry=None,
)  # fmt: skip
FORGET_LAST_ROUND = Gauge(
    "youthcare_forget_last_round_timestamp_seconds", "When a round of forgetting last ran to its end.", registry=None
)
FORGET_LAST_WATCH = Gauge(
    "youthcare_forget_last_watch_timestamp_seconds", "When the log was last read for what came late.", registry=None
)
ACCESS_LOG_FAULTS = Gauge(
    "youthcare_access_log_faults", "What was wrong with the log of looks at the last check.", registry=None
)
ACCESS_LOG_LAST_CHECK = Gauge(
    "youthcare_access_log_last_check_timestamp_seconds", "When the log of looks was last walked.", registry=None
)


def show_retention() -> None:
    """Let this process tell of retention."""
    for kind in RETAINED:
        RETENTION_PAST.labels(kind)
        RETENTION_ENDED.labels(kind)
    _show(RETENTION_PAST, RETENTION_ENDED, RETENTION_LAST_RUN)


def show_forgetting() -> None:
    """Let this process tell of forgetting."""
    _show(FORGETTINGS, FORGET_LAST_ROUND, FORGET_LAST_WATCH)


def show_access_log() -> None:
    """Let this process tell of the checks of the log of looks."""
    _show(ACCESS_LOG_FAULTS, ACCESS_LOG_LAST_CHECK)


def _show(*shown: Gauge | Counter) -> None:
    for each in shown:
        REGISTRY.register(each)


FIGURES_RENEWED = _gauge(
    "figures_renewed_timestamp_seconds", "When gauges, or what an audience is shown, were last renewed.", ("figures",)
)


def type_label(type_name: str) -> str:
    """The label of a type of statement: its name without prefix and version, as all versions count together."""
    return type_name.removeprefix(TYPE_PREFIX).rsplit(".v", 1)[0]


for _kind in SOURCE_KINDS:
    for _type in DATA_TYPES:
        STATEMENTS.labels(_kind, type_label(_type))
for _reason in Reason:
    REFUSALS.labels(_reason.value)
for _rule in RULES:
    ALERTS_OPENED.labels(_rule)
    for _outcome in OUTCOMES:
        ALERTS_OUTCOMES.labels(_rule, _outcome)
for _limited in LIMITED:
    REQUESTS_LIMITED.labels(_limited)
for _clock in ("backward", "forward"):
    ALERTS_SWEEP_REFUSED.labels(_clock)

Verdict = Literal["compacted", "absent", "skipped", "lost"]


def start_at_zero(service: str) -> None:
    """Make a service's own series exist before anything has happened."""
    RECORDS_APPLIED.labels(service)
    BATCHES_RETRIED.labels(service)
    for verdict in ("compacted", "absent", "skipped", "lost"):
        OFFSET_GAPS.labels(service, verdict)
    for reason in ENDINGS:
        WORKER_ENDINGS.labels(service, reason)


def rendered() -> bytes:
    """All metrics in the text format of Prometheus."""
    return generate_latest(REGISTRY)
