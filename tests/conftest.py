"""What every suite shares: where the message standard lies, and the local stack."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.commands import logging_as_it_was

pytest_plugins = ["tests.stack"]

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Logging is set for a whole process: what a test sets, by hand or by a command, ends with it."""
    with logging_as_it_was():
        yield


def shared_folder() -> Path:
    """The folder with the message standard (XSDs, product codes); never part of this repository."""
    folder = Path(os.environ.get("TRAJECTWACHT_SHARED", REPOSITORY.parent / "shared"))
    assert folder.is_dir(), "set TRAJECTWACHT_SHARED to the folder that holds ijw/xsd"
    return folder


# `make test` takes the default; `make prove` asks for many more (HYPOTHESIS_PROFILE=prove).
settings.register_profile("test", max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EXAMPLES = int(os.environ.get("TRAJECTWACHT_EXAMPLES", "1500"))
settings.register_profile("prove", parent=settings.get_profile("test"), max_examples=EXAMPLES)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))
