"""One log line per decision worth telling, and never a person in it.

1. JSON on stdout; easier to read on a terminal. Event names are past participles.
2. Only the keys listed here pass; others are dropped and counted. Nine digits in a row never pass: that could be
   a BSN.
3. Of an exception the type and the place are told, never its text: drivers put values into their texts. Of the
   lines of other libraries the unfilled template is told, for the same reason.
4. A line that cannot be written is counted, and work goes on: an exception from a log line would break off whatever
   was under way, the ending of the process too.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, TextIO, cast

import structlog

from youthcare.runtime import metrics

ALLOWED_KEYS = frozenset((
    "timestamp", "level", "service", "event", "processor", "topic", "partition", "partition_count",
    "offset", "next_offset", "first_missing", "statement_ref", "reason", "rule", "count", "seconds",
    "pause_seconds", "port", "host", "method", "route", "status", "duration_ms", "exit_code",
    "error_type", "error_place", "sqlstate", "verdict", "attempt", "lag", "instruction", "logger",
    "template", "point", "revision", "period", "broker", "file",
))  # fmt: skip
_NINE_DIGITS = re.compile(r"\d{9,}")
_TEXT_LENGTH_MAX = 300
_QUIET_LOGGERS = ("faust", "mode", "aiokafka", "asyncio", "uvicorn", "uvicorn.error", "uvicorn.access", "httpx")

Line = MutableMapping[str, Any]


def statement_ref(salt: bytes, municipality: str, source: str, statement: str) -> str:
    """A digest by which two log lines about one statement can be joined, and nothing can be looked up without
    the salt of this installation."""
    text = "\x1f".join((municipality, source, statement)).encode()
    return hashlib.blake2b(text, key=salt[:64], digest_size=8).hexdigest()


def place_of(error: BaseException) -> str:
    """Where an exception was raised, without its text: ``module.py:line`` of the innermost frames."""
    frames: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(frames[-6:])


def fault(error: BaseException) -> dict[str, str]:
    """The keys that tell about an exception without repeating what it says."""
    keys = {"error_type": type(error).__name__, "error_place": place_of(error)}
    sqlstate = getattr(error, "sqlstate", None)
    return keys | ({"sqlstate": sqlstate} if isinstance(sqlstate, str) else {})


def drop_unlisted(_logger: object, _method: str, line: Line) -> Line:
    """Keep the allowed keys with plain values; count what is dropped."""
    for key in [key for key in line if key not in ALLOWED_KEYS]:
        del line[key]
        metrics.LOG_KEYS_DROPPED.inc()
    for key, value in line.items():
        if value is None or isinstance(value, (bool, int, float)):
            continue
        line[key] = _NINE_DIGITS.sub("#########", str(value))[:_TEXT_LENGTH_MAX]
    return line


@dataclass(frozen=True, slots=True, weakref_slot=True)
class _Patient:
    """A stream that counts what it cannot write; what its buffer still holds goes out when the disk has room again."""

    out: TextIO

    def write(self, text: str) -> int:
        try:
            return self.out.write(text)
        except OSError:
            metrics.LOG_WRITES_FAILED.inc()
            return 0

    def flush(self) -> None:
        try:
            self.out.flush()
        except OSError:
            metrics.LOG_WRITES_FAILED.inc()


def flush_output() -> None:
    """Write out what stands in the buffer of standard output, as far as there is room for it."""
    _Patient(sys.stdout).flush()


class _Template(logging.Handler):
    """Sends the lines of other libraries through our own rules: the template without its arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        keys = {"logger": record.name, "template": str(record.msg)}
        error = record.exc_info[1] if record.exc_info else None
        log = structlog.get_logger()
        log.log(record.levelno, "library_reported", **keys, **({} if error is None else fault(error)))


def configure_logging(service: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Set up logging of the whole process; called once, by an ``app`` or a command."""
    out = stream if stream is not None else sys.stdout
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.reset_defaults()
    structlog.configure(
        processors=[
            _naming(service),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_unlisted,
            structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Patient(out))),
        cache_logger_on_first_use=False,
    )
    _route_libraries()


def _naming(service: str) -> structlog.typing.Processor:
    """Names the service in each line; not a context variable, since libraries log from threads of their own."""

    def name(_logger: object, _method: str, line: Line) -> Line:
        line["service"] = service
        return line

    return name


def _route_libraries() -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Template()]
    root.setLevel(logging.WARNING)
    for name in _QUIET_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        # The level, not a filter: Faust builds its messages before a filter would see them.
        logger.setLevel(logging.WARNING)
    # Requests are told by our own middleware, by route and without query strings.
    logging.getLogger("uvicorn.access").disabled = True
