"""Log lines: allowed keys only, and never a person."""

from __future__ import annotations

import errno
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from youthcare.runtime import metrics
from youthcare.runtime.logs import configure_logging, place_of, statement_ref

BSN = "999990019"


class FullDisk(io.StringIO):
    """A stream on a disk without any room."""

    def flush(self) -> None:
        """What a full disk answers."""
        raise OSError(errno.ENOSPC, "no space left on device")


@pytest.fixture
def lines() -> Callable[[], list[dict[str, object]]]:
    """Configures logging and gives the lines so far."""
    out = io.StringIO()
    configure_logging("test", "info", out)
    return lambda: [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_json_with_its_service_and_event(lines: Callable[[], list[dict[str, object]]]) -> None:
    """One object per line, on whatever stream is not a terminal."""
    structlog.get_logger().info("statement_refused", reason="bsn-invalid", partition=3)

    [line] = lines()
    assert (line["service"], line["event"], line["reason"], line["partition"], line["level"]) == (
        "test",
        "statement_refused",
        "bsn-invalid",
        3,
        "info",
    )


def test_a_key_that_is_not_allowed_is_dropped_and_counted(lines: Callable[[], list[dict[str, object]]]) -> None:
    """A name or a BSN cannot leak by an accident of a new key."""
    before = metrics.REGISTRY.get_sample_value("youthcare_log_keys_dropped_total") or 0

    structlog.get_logger().info("statement_refused", name="Testkind", bsn=BSN, reason="unknown-code")

    [line] = lines()
    assert "name" not in line
    assert "bsn" not in line
    assert metrics.REGISTRY.get_sample_value("youthcare_log_keys_dropped_total") == before + 2


def test_nine_digits_in_a_row_never_pass(lines: Callable[[], list[dict[str, object]]]) -> None:
    """Also not inside an allowed key."""
    structlog.get_logger().info("x", reason=f"because {BSN} and 2024-01-01", topic=["a", BSN])

    [line] = lines()
    assert BSN not in json.dumps(line)
    assert line["reason"] == "because ######### and 2024-01-01"


def test_the_lines_of_libraries_lose_their_arguments(lines: Callable[[], list[dict[str, object]]]) -> None:
    """Faust or asyncio may put a payload into an argument or an exception: the template and the place remain."""
    try:
        raise ValueError(f"bad {BSN}")
    except ValueError:
        logging.getLogger("faust.agents").exception("Agent got %r", {"name": "Testkind"})

    [line] = lines()
    assert line["template"] == "Agent got %r"
    assert line["error_type"] == "ValueError"
    assert "Testkind" not in json.dumps(line)
    assert BSN not in json.dumps(line)


def test_chatty_libraries_are_quiet_by_level(lines: Callable[[], list[dict[str, object]]]) -> None:
    """The level of the loggers is set, since Faust's cost is in making the message (engine.md §3)."""
    for name in ("faust", "mode", "aiokafka"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
        logging.getLogger(name).info("hello")
    logging.getLogger("uvicorn.access").warning('"GET /?bsn=1 HTTP/1.1"')

    assert lines() == []


def test_the_place_of_an_exception_has_no_text_of_it() -> None:
    """File and line only."""
    with pytest.raises(ValueError, match=BSN) as raised:
        int(f"x{BSN}")

    assert place_of(raised.value).startswith("test_logs.py:")
    assert BSN not in place_of(raised.value)


def test_a_statement_reference_is_stable_and_says_nothing_without_the_salt() -> None:
    """The same statement gives the same digest; another salt, or parts cut elsewhere, another."""
    reference = statement_ref(b"salt", "0153", "/0153/noord", "s-1")

    assert reference == statement_ref(b"salt", "0153", "/0153/noord", "s-1")
    assert len(reference) == 16
    assert len({reference, statement_ref(b"other", "0153", "/0153/noord", "s-1")}) == 2
    assert statement_ref(b"salt", "0153", "a", "bc") != statement_ref(b"salt", "0153", "ab", "c")


def test_a_line_that_cannot_be_written_is_counted_and_work_goes_on() -> None:
    """A full disk under the log is no reason to stop, or to break off between a commit and its acknowledgement."""
    before = metrics.REGISTRY.get_sample_value("youthcare_log_writes_failed_total") or 0
    configure_logging("test", "info", FullDisk())

    structlog.get_logger().info("statement_refused", reason="bsn-invalid")

    assert (metrics.REGISTRY.get_sample_value("youthcare_log_writes_failed_total") or 0) > before


def test_a_process_whose_log_cannot_be_written_ends_when_it_must() -> None:
    """Ending tells why, and ends also when nothing can be told; else it would hang on with a batch half done."""
    lines = (
        "from youthcare.runtime.logs import configure_logging",
        "from youthcare.runtime.ending import ExitCode, end_process",
        "configure_logging('test')",
        "end_process('test', ExitCode.UNAVAILABLE)",
    )
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run([sys.executable, "-c", "; ".join(lines)], stdout=full, stderr=full, check=False)

    assert ended.returncode == 75
