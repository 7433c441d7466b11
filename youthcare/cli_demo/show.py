"""What the demo shows at its end: figures, open alerts, addresses and tokens."""

from collections import Counter
from datetime import UTC, datetime

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from services.indicators.figures import Figure, decimal_text
from youthcare.cli_demo.verifying import Comparison
from youthcare.runtime.local.running import RunningServices
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.local_issuer import LocalIssuer

SHOWN = (
    "in_care", "stacking_mean", "stacking_share", "sustainable_exit_rate",
    "flow_balance.inflow", "flow_balance.return", "flow_balance.exits", "flow_balance.end",
)  # fmt: skip
PERIODS = 3
ALERTS_MAX = 8


def figures(console: Console, result: Comparison) -> None:
    """The last periods of a few figures of the municipality."""
    # Narrow enough for eighty columns: a period that is cut off says nothing.
    table = Table(title="Figures", box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ("figure", "period", "value", "count", "of", "pending", "status"):
        table.add_column(name, no_wrap=True)
    for indicator in SHOWN:
        rows = [row for row in result.rows if row.indicator == indicator and row.group_kind == "municipality"]
        for row in sorted(rows, key=lambda row: row.period)[-PERIODS:]:
            table.add_row(*_cells(row))
    console.print(table)


def _cells(row: Figure) -> tuple[str, ...]:
    numbers = (row.numerator, row.denominator, row.pending)
    value = decimal_text(row.value).rstrip("0").rstrip(".") if row.value else decimal_text(row.value)
    return row.indicator, row.period, value, *map(str, numbers), row.status


def open_alerts(console: Console, result: Comparison) -> None:
    """How many alerts stand open per rule, and the first few sentences."""
    counts = Counter((row["rule"], row["level"]) for row in result.open_alerts)
    table = Table("rule", "level", "open", title="Open alerts")
    for (rule, level), count in sorted(counts.items()):
        table.add_row(rule, level, str(count))
    console.print(table)
    for row in result.open_alerts[:ALERTS_MAX]:
        console.print(f"- {row['sentence']}")


def addresses(
    console: Console, stack: Stack, services: RunningServices, issuer: LocalIssuer, municipality: str
) -> None:
    """Where everything answers, and a token to ask with."""
    table = Table("what", "where", title="Addresses")
    table.add_row("Kafka", stack.bootstrap_servers)
    table.add_row("Prometheus", stack.prometheus_url or "not installed")
    for name in services.ports:
        table.add_row(name, services.address(name))
    console.print(table)
    if stack.security is not None:
        console.print(f"Who vouches for all of them: {stack.security.certificates.authority}", soft_wrap=True)
    token = issuer.token(municipality, ["supervisor"], datetime.now(UTC))
    console.print("Token of a supervisor, for twelve hours:")
    console.print(token, soft_wrap=True)
