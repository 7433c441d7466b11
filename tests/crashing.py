"""A process of the product that raises with a number in hand: `python -m tests.crashing SERVICE PART NUMBER`.

One rule: all else is the product's own command; what is raised comes from the probe that every worker, and the door of
the indication service, has for it.
"""

import sys
from functools import partial
from typing import NoReturn

from services.alerts import app as alerts
from services.indication import api as doors
from services.indication import app as indication
from services.indicators import app as indicators
from services.trajectory import app as trajectory
from youthcare import cli

WORKERS = {"indication": indication, "trajectory": trajectory, "indicators": indicators, "alerts": alerts}
CRASHES = (*((service, "worker") for service in WORKERS), ("indication", "api"))
"""The processes that can be made to."""


def main(service: str, part: str, number: str) -> None:
    """Run the command; what it has in hand when it raises is the number."""

    def fail(point: str) -> None:
        if point in ("after-lock", "after-commit"):
            refuse(number)

    if part == "worker":
        module = WORKERS[service]
        module.worker = partial(module.worker, probe=fail)  # type: ignore[attr-defined]
    else:
        doors.opened = partial(doors.opened, probe=fail)  # type: ignore[attr-defined]
    sys.argv = ["trajectwacht", service, part]
    cli.main()


def refuse(number: str) -> NoReturn:
    """What a library does with a value that it does not like."""
    raise ValueError(f"cannot read {number!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
