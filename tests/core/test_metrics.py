"""The metrics tell what is counted, under the labels that were there from the start."""

from datetime import UTC, datetime

from prometheus_client import Metric

from services.indication.assertions import Assertion, Status, Taken, Verdict
from services.indication.store.counts import count
from youthcare.events import DATA_TYPES, YouthForgotten, YouthMerged
from youthcare.runtime import metrics

INSTANT = datetime(2024, 9, 30, 12, tzinfo=UTC)


def family(name: str) -> Metric:
    """A metric with its samples as they are now."""
    return next(each for each in metrics.REGISTRY.collect() if each.name == name)


def types_shown() -> set[str]:
    """The types of statement that a graph shows."""
    return {sample.labels["type"] for sample in family("youthcare_statements").samples}


def stated(source: str, data: YouthForgotten | YouthMerged) -> Assertion:
    """One assertion that was accepted."""
    return Assertion(
        municipality="0153", source=source, id="1", time=INSTANT, received=INSTANT, data=data, sender=source
    )


def test_statements_are_counted_under_labels_that_exist_from_the_start() -> None:
    """Every type and kind of source shows 0 before anything came, and counting adds no series."""
    rows = [stated("urn:ijw:0153:0153", YouthForgotten()), stated("/0153/register", YouthMerged(into="other"))]
    place = {"source_kind": "register", "type": "youth.merged"}
    before = metrics.REGISTRY.get_sample_value("youthcare_statements_total", place)

    count(Taken(assertions=tuple(rows)), dict.fromkeys(rows, Verdict(status=Status.ACCEPTED)))

    assert before is not None
    assert metrics.REGISTRY.get_sample_value("youthcare_statements_total", place) == before + 1
    assert types_shown() == {kind.type.removesuffix(".v1") for kind in DATA_TYPES.values()}


def test_every_metric_of_the_design_is_declared() -> None:
    """The names of design.md §7."""
    counted = ("statements", "refusals", "alerts_opened", "event_to_facts_seconds", "event_to_alert_seconds")
    gauges = (
        "consumer_lag", "feed_last_statement_timestamp_seconds", "youths_in_care", "stacked_youths", "stacking_mean",
        "trajectory_duration_days", "exits", "inflow", "reentry_windows_open", "alerts_open",
    )  # fmt: skip

    names = {metric.name for metric in metrics.REGISTRY.collect()}

    assert {f"youthcare_{name}" for name in (*counted, *gauges)} <= names
