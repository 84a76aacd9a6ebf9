"""How does a process tell its operator what happens? One JSON object per line, on stderr.

Everywhere else: `_log = structlog.get_logger()` and `_log.warning("clickhouse.unreachable",
retry_in_seconds=2)`. The first argument is the action, a stable name listed in `docs/telemetry.md`.
DEBUG: for us; INFO: the life of a service; WARNING: we recover; ERROR: data was lost or a person
must act.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any, Final, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from nervous_system.error_text import error_text
from nervous_system.errors import Fatal
from nervous_system.telemetry.tracing import current_ids
from nervous_system.visible import visible, visible_json

LEVELS: Final = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
}
MAX_FRAMES: Final = 20
FIRST: Final = ("timestamp", "level", "service", "action")


def configure(
    *, service: str, level: str = "INFO", format: str = "json", stream: TextIO | None = None
) -> None:
    """Set up this process's logs, those of libraries too, once, in wiring.

    Raises Fatal for an unknown level or format.
    """
    if level.upper() not in LEVELS:
        raise Fatal(f"GANGLION_LOG_LEVEL is '{level}'; set it to one of {', '.join(LEVELS)}")
    if format not in ("json", "console"):
        raise Fatal(f"GANGLION_LOG_FORMAT is '{format}'; set it to json or console")
    number = LEVELS[level.upper()]
    renderers: list[Processor] = (
        [
            structlog.processors.ExceptionRenderer(
                # Local variables stay out: they hold what people must not find in a log.
                ExceptionDictTransformer(show_locals=False, max_frames=MAX_FRAMES)
            ),
            structlog.processors.EventRenamer("action"),
            _in_order,
            structlog.processors.JSONRenderer(_visible_json),
        ]
        if format == "json"
        else [
            *([] if number <= logging.DEBUG else [_without_traceback]),
            _visible,
            structlog.dev.ConsoleRenderer(
                colors=(stream or sys.stderr).isatty(), exception_formatter=_write_error
            ),
        ]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _names(service),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.root.handlers[:] = [_FromLibraries()]
    logging.root.setLevel(max(number, logging.WARNING))
    # It says ERROR for spans it could not send; `span_export.py` counts them and says so once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)


def keep_off_stdout() -> None:
    """Lines of a program that has not set up a log go to stderr, not stdout, where structlog puts
    them by itself: that is for what the program itself says. Nothing else changes."""
    if not structlog.is_configured():
        structlog.configure(logger_factory=_to_stderr)


def is_set_up() -> bool:
    """Whether somebody has set up this process's log, in whatever way."""
    return structlog.is_configured() and structlog.get_config()["logger_factory"] != _to_stderr


def _to_stderr(*_: object) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)  # the one of this moment, as structlog does it


def _names(service: str) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    def add(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        line["service"] = service
        trace_id, span_id = current_ids()
        if trace_id:
            line.setdefault("trace_id", trace_id)
            line.setdefault("span_id", span_id)
        return line

    return add


def _visible_json(line: EventDict, **options: Any) -> str:
    return visible_json(json.dumps(line, **options))


def _visible(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """A console is a terminal: what came from outside stands in values, and in names too."""
    return {
        visible(name): visible(value) if isinstance(value, str) else value
        for name, value in line.items()
    }


def _without_traceback(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """For a person at a console one line will do, where it says the reason; the traceback is for
    who asks for DEBUG, and stands in every log of JSON."""
    if "reason" in line:
        line.pop("exception", None)
    return line


def _write_error(stream: TextIO, error: ExcInfo) -> None:
    stream.write(f"\n{error_text(error[1])}")


def _in_order(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """What every line has comes first, for those who read the JSON itself."""
    return {name: line[name] for name in FIRST if name in line} | dict(line)


class _FromLibraries(logging.Handler):
    """Lines of libraries, which know no actions, under the one action `log.third_party`."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno,
            "log.third_party",
            library=record.name,
            message=record.getMessage(),
            exc_info=record.exc_info,
        )
