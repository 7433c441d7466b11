"""A measured number, its peer, and how both are told.

Two rules. A number is the median of its runs, and the runs are shown. The ratio is to the peer of the same run.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

HEADING = "| measured | median | unit | ratio to peer | runs |\n|---|---|---|---|---|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row: what was measured, in which unit, in each run; `peer` is the peer's median in the same unit."""

    name: str
    unit: str
    runs: Sequence[float]
    peer: float | None = None

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    @property
    def ratio(self) -> float | None:
        """The value divided by the peer's; None for the peer itself and for what has none."""
        return self.value / self.peer if self.peer else None

    def row(self) -> str:
        """A row of a Markdown table."""
        ratio = "" if self.ratio is None else digits(self.ratio)
        return f"| {self.name} | {digits(self.value)} | {self.unit} | {ratio} | {' '.join(map(digits, self.runs))} |"


def digits(value: float) -> str:
    """A number with three meaningful digits, never in powers of ten."""
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def show(title: str, results: Sequence[Result]) -> None:
    """Write the table of a benchmark to the screen."""
    rows = "\n".join(result.row() for result in results)
    sys.stdout.write(f"### {title}\n\n{HEADING}\n{rows}\n\n")


def counts(about: str | None, **standard: int) -> argparse.Namespace:
    """The counts of a run from the command line, an option per name; each has its standard."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in standard.items():
        parser.add_argument(f"--{name}", type=int, default=number)
    return parser.parse_args()
