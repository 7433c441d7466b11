"""A process that shows every metric of the system with a value: `python -m tests.metrics_page MUNICIPALITY`.

It writes its port on the first line of its output. Each time it is asked counters have grown, so that rates are not
nought. A process of its own, so that no other test sees these values.
"""

import itertools
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import Counter, Gauge, Histogram

from services.alerts.finding import Rule
from youthcare.runtime import metrics

TEAM = "noord"
_VALUES = {
    "team": ("", TEAM),
    "service": ("trajectory", "indicators"),
    "partition": ("0", "1"),
    "quantile": ("0.5", "0.9"),
    "status": ("sustainable", "returned", "pending"),
    "rule": tuple(rule.value for rule in Rule),
    "sender_kind": metrics.SOURCE_KINDS,
    "age": ("1", "7", "30", "90", "more"),
    "source_kind": metrics.SOURCE_KINDS,
    "type": ("indication.started",),
    "verdict": ("skipped",),
    "reason": ("schema-invalid",),
    "outcome": metrics.OUTCOMES,
    "kind": ("figures",),
    "figures": ("gauges", "everyone", "supervisor"),
}


def _series(metric: Counter | Gauge | Histogram, municipality: str) -> Iterator[Counter | Gauge | Histogram]:
    names = metric._labelnames
    values = {**_VALUES, "municipality": (municipality,)}
    # A metric with a label that is not listed above fails here, by its name.
    for labels in itertools.product(*(values[name] for name in names)):
        yield metric.labels(*labels) if names else metric


def grow(municipality: str) -> None:
    """Give every metric of the system a value, and let counters and histograms grow."""
    for metric in vars(metrics).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            for series in _series(metric, municipality):
                _grow(series, is_moment=metric._name.endswith("_timestamp_seconds"))


def _grow(series: Counter | Gauge | Histogram, *, is_moment: bool) -> None:
    if isinstance(series, Counter):
        series.inc()
    elif isinstance(series, Histogram):
        series.observe(0.3)
    else:
        series.set(time.time() if is_moment else 12)


class Page(BaseHTTPRequestHandler):
    """The page `/metrics`."""

    municipality = ""

    def do_GET(self) -> None:
        """Grow and tell."""
        grow(self.municipality)
        body = metrics.rendered()
        self.send_response(200)
        self.send_header("Content-Type", metrics.CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main(municipality: str) -> None:
    """Serve until killed."""
    Page.municipality = municipality
    metrics.show_verify()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
