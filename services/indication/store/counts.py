"""What the metrics tell of a delivery, once it is committed."""

from services.indication.assertions import Status, Taken, Verdicts
from services.indication.senders import source_kind
from youthcare.runtime import metrics


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
