"""How do the NATS server, its streams and their consumers stand?"""

from __future__ import annotations

from typing import Any, Final

from builtin_worker.action import ActionContext
from builtin_worker.section import Section, facts, size, table
from nervous_system import names
from nervous_system.clock import stopwatch
from nervous_system.transport.connection import Connection, translate_errors

MAX_STREAMS: Final = 20
MAX_CONSUMERS: Final = 50
FULL_PERCENT: Final = 80.0
"""A stream this full will refuse new events before long."""

FAR_BEHIND: Final = 10_000
"""Messages that a consumer has not been given yet."""


async def nats(place: ActionContext) -> Section:
    """The server, every stream, and the consumers with their lag."""
    connection = place.bus.connection
    account = await connection.request_json("$JS.API.INFO", {})
    listed = await connection.request_json("$JS.API.STREAM.LIST", {})
    streams = sorted(
        listed.get("streams") or [],
        key=lambda each: (each["config"]["name"] != names.STREAM, each["config"]["name"]),
    )
    concerns: list[str] = []
    if all(each["config"]["name"] != names.STREAM for each in streams):
        concerns.append(f"the stream {names.STREAM} does not exist; `ganglion up` makes it")
    rows = [_stream_row(each, concerns) for each in streams]
    consumers = []
    for each in streams[:MAX_STREAMS]:
        consumers += await _consumers(connection, each["config"]["name"], concerns)
    return Section(
        title="NATS",
        body=facts(await _server(connection, account))
        + "\n\n"
        + table(
            ("stream", "messages", "size", "of", "first", "last", "last at", "consumers", "leader"),
            rows,
            max_rows=MAX_STREAMS,
        )
        + "\n\n"
        + table(
            ("consumer", "of", "delivered", "acknowledged", "lag", "unacknowledged", "redelivered"),
            consumers,
            max_rows=MAX_CONSUMERS,
        ),
        concerns=tuple(concerns),
    )


async def _server(connection: Connection, account: dict[str, Any]) -> list[tuple[str, object]]:
    client = connection.client
    begun = stopwatch()
    with translate_errors("a ping of the NATS server"):
        await client.flush(timeout=5)
    round_trip = stopwatch() - begun
    url, version = client.connected_url, client.connected_server_version
    return [
        ("server", f"{url.hostname}:{url.port}" if url else "not connected"),
        ("version", f"{version.major}.{version.minor}.{version.patch}"),
        ("round trip", f"{1000 * round_trip:.1f} ms"),
        ("largest message", size(client.max_payload)),
        ("connections lost by this worker", connection.generation),
        ("JetStream's files", size(account.get("storage", 0))),
    ]


def _stream_row(stream: dict[str, Any], concerns: list[str]) -> tuple[object, ...]:
    config, state = stream["config"], stream["state"]
    limit = config.get("max_bytes", -1)
    percent = 100 * state["bytes"] / limit if limit > 0 else 0.0
    if percent >= FULL_PERCENT:
        concerns.append(f"the stream {config['name']} is {percent:.0f} % full")
    return (
        config["name"],
        state["messages"],
        size(state["bytes"]),
        size(limit) if limit > 0 else "no limit",
        state["first_seq"],
        state["last_seq"],
        str(state.get("last_ts", ""))[:19] if state["messages"] else "",
        state["consumer_count"],
        stream.get("cluster", {}).get("leader", ""),
    )


async def _consumers(
    connection: Connection, stream: str, concerns: list[str]
) -> list[tuple[object, ...]]:
    listed = await connection.request_json(f"$JS.API.CONSUMER.LIST.{stream}", {})
    rows: list[tuple[object, ...]] = []
    for each in listed.get("consumers") or []:
        waiting = each.get("num_pending", 0)
        if waiting >= FAR_BEHIND:
            concerns.append(f"the consumer {each['name']} of {stream} is {waiting} messages behind")
        rows.append(
            (
                each["name"],
                stream,
                each["delivered"]["stream_seq"],
                each["ack_floor"]["stream_seq"],
                waiting,
                each.get("num_ack_pending", 0),
                each.get("num_redelivered", 0),
            )
        )
    return rows
