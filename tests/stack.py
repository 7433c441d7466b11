"""A running local stack for the suites that need one: the session fixture `stack`, and fresh ones for faults."""

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from youthcare.runtime.local.background import erase_stack
from youthcare.runtime.local.process import LocalStackError
from youthcare.runtime.local.stack import Stack, start_stack

# One row of numbers for the whole run: suites share a database, and two that pick the same number see each other.
_municipalities = itertools.count(1000)


def new_municipality() -> str:
    """A municipality that no other test of this run has."""
    return str(next(_municipalities))


@pytest.fixture
def municipality() -> str:
    """A municipality of the test's own."""
    return new_municipality()


@contextlib.contextmanager
def open_stack_folder() -> Iterator[Path]:
    """A folder of its own that any user may pass, as root's server runs as `nobody`; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="trajectwacht-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        erase_stack(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def run_stack(*, with_monitoring: bool = True, secured: bool = False) -> Iterator[Stack]:
    """A stack of one's own, empty, stopped and removed at the end."""
    with open_stack_folder() as folder:
        try:
            stack = start_stack(folder, durable=False, with_monitoring=with_monitoring, secured=secured)
        except LocalStackError as error:
            # The folder goes with the test, and the log that says why with it.
            for log in sorted((folder / "logs").glob("*.log")):
                error.add_note(f"{log.name}: {log.read_text(errors='replace')[-2000:]}")
            raise
        with stack:
            yield stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One stack for the whole run: suites share it and use topics and youths of their own."""
    with run_stack() as running:
        yield running
