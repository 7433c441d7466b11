"""What the metrics tell of a delivery, once it is committed, and of the refusals that stand."""

from collections.abc import Iterable
from datetime import datetime

from services.indication.assertions import Status, Taken, Verdicts
from services.indication.mailbox import Ageing, by_kind
from services.indication.senders import source_kind
from youthcare.runtime import metrics


def show(rows: Iterable[Ageing], now: datetime) -> None:
    """Show how old open refusals are and how many were repaired, by kind of sender, all municipalities together."""
    for kind, standing in by_kind(rows, metrics.SOURCE_KINDS, now).items():
        for age, count_of in standing.open.items():
            metrics.REFUSALS_OPEN.labels(kind, age).set(count_of)
        metrics.REFUSALS_OLDEST_OPEN.labels(kind).set(standing.oldest.total_seconds())
        metrics.REFUSALS_MATURED.labels(kind).set(standing.matured)
        metrics.REFUSALS_REPAIRED.labels(kind).set(standing.repaired)


def count(taken: Taken, verdicts: Verdicts) -> None:
    """Count statements by kind of source and type, and refusals by reason."""
    for assertion, verdict in verdicts.items():
        if verdict.status is Status.ACCEPTED:
            kind = source_kind(assertion.source)
            metrics.STATEMENTS.labels(kind, metrics.type_label(assertion.data.type)).inc()
            newest = metrics.FEED_LAST_STATEMENT.labels(kind)
            newest.set(assertion.received.timestamp())
        elif verdict.refused is not None:
            metrics.REFUSALS.labels(verdict.refused.reason.value).inc()
    for item in taken.refused:
        metrics.REFUSALS.labels(item.refused.reason.value).inc()
