"""Is every line one JSON object with an action, the service, and the trace it belongs to?"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from nervous_system.errors import Fatal
from nervous_system.telemetry import log
from nervous_system.telemetry.tracing import Tracer


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield io.StringIO()
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.getLogger("opentelemetry").setLevel(logging.NOTSET)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_names_its_action_service_and_trace(stream: io.StringIO) -> None:
    early = structlog.get_logger()  # as modules do, before wiring has configured anything
    log.configure(service="ingestor", stream=stream)
    early.info("ingest.resumed", sequence=7)
    with Tracer().span("insert") as span:
        early.warning("clickhouse.unreachable", retry_in_seconds=2)
    early.debug("not.shown")
    outside, inside = lines(stream)
    assert list(outside)[:4] == ["timestamp", "level", "service", "action"]
    assert outside.pop("timestamp").endswith("Z")
    assert outside == {
        "action": "ingest.resumed",
        "level": "info",
        "service": "ingestor",
        "sequence": 7,
    }
    assert inside["trace_id"] == span.trace_id
    assert inside["span_id"] == span.span_id
    assert inside["retry_in_seconds"] == 2


def test_an_exception_is_one_field_without_local_variables(stream: io.StringIO) -> None:
    log.configure(service="ingestor", stream=stream)
    password = "hunter" + "2"
    try:
        raise ValueError("broken\nin two lines")
    except ValueError:
        structlog.get_logger().exception("work.failed")
    (line,) = lines(stream)
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert line["exception"][0]["exc_value"] == "broken\nin two lines"
    assert password not in stream.getvalue()


def test_libraries_speak_under_one_action(stream: io.StringIO) -> None:
    log.configure(service="ingestor", stream=stream)
    logging.getLogger("nats.aio").info("chatter")
    logging.getLogger("nats.aio").warning("slow %s", "consumer")
    (line,) = lines(stream)
    assert (line["action"], line["level"]) == ("log.third_party", "warning")
    assert (line["library"], line["message"]) == ("nats.aio", "slow consumer")


def test_the_console_is_for_people(stream: io.StringIO) -> None:
    log.configure(service="ingestor", level="debug", format="console", stream=stream)
    structlog.get_logger().debug("ingest.resumed", sequence=7)
    assert "ingest.resumed" in stream.getvalue()
    assert "sequence=7" in stream.getvalue()


@pytest.mark.parametrize(("level", "frames"), [("INFO", 0), ("DEBUG", 1)])
def test_a_console_says_the_reason_in_one_line_and_where_from_to_who_asks(
    stream: io.StringIO, level: str, frames: int
) -> None:
    log.configure(service="worker", level=level, format="console", stream=stream)
    trace = "Traceback (most recent call last):\n  File ...\nValueError: no"
    structlog.get_logger().error("worker.task_failed", reason="ValueError: no", exception=trace)
    assert "reason='ValueError: no'" in stream.getvalue()
    assert stream.getvalue().count("Traceback") == frames


def test_what_only_a_traceback_says_is_on_a_console_too(stream: io.StringIO) -> None:
    log.configure(service="worker", format="console", stream=stream)
    structlog.get_logger().error("endpoint.failed", exception="Traceback: no")
    assert "Traceback: no" in stream.getvalue()


@pytest.mark.parametrize("wrong", [{"level": "LOUD"}, {"format": "xml"}])
def test_a_setting_that_is_none_is_one_clear_sentence(wrong: dict[str, str]) -> None:
    with pytest.raises(Fatal, match="set it to"):
        log.configure(service="x", **wrong)  # type: ignore[arg-type]
