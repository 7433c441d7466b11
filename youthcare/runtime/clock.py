"""The clock of production; the core never looks at it, and who does is given it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The instant it is."""
    return datetime.now(UTC)
