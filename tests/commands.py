"""Commands as they are typed, run in this process: what they set up for logging ends with them."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
import typer
from typer.testing import CliRunner, Result


def invoked(app: typer.Typer, words: Sequence[str], **more: Any) -> Result:
    """The outcome of a command; `more` as `CliRunner.invoke` takes it."""
    with logging_as_it_was():
        return CliRunner().invoke(app, list(words), **more)


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    """Put logging back: a command sends it to its own output, which is closed when it ends."""
    root, settings = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
        structlog.configure(**settings)
