"""The NATS protocol in front of the log in memory, on a free port of this machine.

So whoever is tested runs whole: its client, its connection, its requests are the real ones, also in
another process. A thread of its own serves them: who is tested may block.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from dataclasses import dataclass, field
from typing import Any, Final

from nervous_system import names
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import covers
from nervous_system.testing.memory_log import (
    LogError,
    LogMessage,
    MemoryLog,
    moment,
    refuse_call,
)

MAX_PAYLOAD_BYTES: Final = 1024**2
MAX_LINE_BYTES: Final = 64 * 1024
_API: Final = "$JS.API."


@dataclass(slots=True, eq=False)
class _Pull:
    """How many more of a consumer's messages may be sent where."""

    reply: str
    messages: int
    bytes: int
    expires: float
    heartbeat_seconds: float
    last: float  # when something was sent


@dataclass(slots=True, eq=False)
class _Client:
    """Who is connected."""

    writer: asyncio.StreamWriter
    subscriptions: dict[str, tuple[str, str]] = field(default_factory=dict)  # subject, queue


class MemoryServer:
    """Serves one log until `close`."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.url = ""
        self._clients: set[_Client] = set()
        self._pulls: dict[str, list[_Pull]] = {}  # by consumer
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="memory log")

    def start(self) -> None:
        """Listen. Raises OSError."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def close(self) -> None:
        """Hang up on everybody, and end the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_LINE_BYTES)
        self.url = f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._ticking = asyncio.create_task(self._tick())

    async def _end(self) -> None:
        self._server.close()
        for client in self._clients:
            client.writer.transport.abort()
        mine = asyncio.current_task()
        others = [each for each in asyncio.all_tasks() if each is not mine]
        self._ticking.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _tick(self) -> None:
        """End pulls whose time is over, and let the others know that they stand."""
        while True:
            await asyncio.sleep(0.5)
            now = self._loop.time()
            for pulls in self._pulls.values():
                for pull in list(pulls):
                    if now >= pull.expires:
                        pulls.remove(pull)
                        self._send_status(pull, "408 Request Timeout")
                    elif pull.heartbeat_seconds and now - pull.last >= pull.heartbeat_seconds:
                        pull.last = now
                        self._publish(pull.reply, "", b"NATS/1.0 100 Idle Heartbeat\r\n\r\n", b"")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer)
        self._clients.add(client)
        info = {"server_id": "memory", "version": "2.12.0", "proto": 1, "headers": True}
        info |= {"jetstream": True, "max_payload": MAX_PAYLOAD_BYTES}
        writer.write(f"INFO {json.dumps(info)}\r\n".encode())
        try:
            while await self._obey(client, reader):
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # it left
        finally:
            self._clients.discard(client)
            writer.close()

    async def _obey(self, client: _Client, reader: asyncio.StreamReader) -> bool:
        """Whether the connection goes on."""
        verb, *rest = (await reader.readuntil(b"\r\n")).decode(errors="replace").split()
        match verb.upper():
            case "PUB" | "HPUB":
                size = int(rest[-1])
                if size > MAX_PAYLOAD_BYTES:
                    client.writer.write(b"-ERR 'Maximum Payload Violation'\r\n")
                    return False
                body = (await reader.readexactly(size + 2))[:-2]
                head, reply_at = (int(rest[-2]), 4) if verb.upper() == "HPUB" else (0, 3)
                reply = rest[1] if len(rest) == reply_at else ""
                if not self._publish(rest[0], reply, body[:head], body[head:]) and reply:
                    self._publish(reply, "", b"NATS/1.0 503\r\n\r\n", b"")
            case "SUB":
                client.subscriptions[rest[-1]] = (rest[0], rest[1] if len(rest) == 3 else "")
            case "UNSUB":
                if len(rest) == 1:  # else it goes after so many messages, and nobody waits for that
                    client.subscriptions.pop(rest[0], None)
            case "PING":
                client.writer.write(b"PONG\r\n")
            case "CONNECT" | "PONG":
                pass
            case _:
                client.writer.write(b"-ERR 'Unknown Protocol Operation'\r\n")
                return False
        return True

    def _publish(self, subject: str, reply: str, headers: bytes, data: bytes) -> bool:
        """Hand a message to whoever listens and to the log; whether there was anybody."""
        heard = self._route(subject, reply, headers, data)
        try:
            if subject.startswith(_API):
                answer = self._answer(subject.removeprefix(_API), reply, data)
            elif covers(names.ALL_EVENTS, subject):
                answer = self.log.append(LogMessage(subject, headers, data))
                for name in self.log.consumers:
                    self._deliver(name)
            else:
                return heard
        except LogError as error:
            answer = error.answer
        if answer is not None and reply:
            self._route(reply, "", b"", json.dumps(answer).encode())
        return True

    def _route(
        self, to: str, reply: str, headers: bytes, data: bytes, *, subject: str = ""
    ) -> bool:
        """Send to whoever listens there, one of each queue; whether anybody does."""
        served: set[tuple[str, str]] = set()
        size = len(headers) + len(data)
        lengths = f"{len(headers)} {size}" if headers else f"{size}"
        for client in self._clients:
            for sid, wanted in client.subscriptions.items():
                if covers(wanted[0], to) and not (wanted[1] and wanted in served):
                    served.add(wanted)
                    head = f"{'H' * bool(headers)}MSG {subject or to} {sid} {reply} {lengths}\r\n"
                    client.writer.write(head.encode() + headers + data + b"\r\n")
        return bool(served)

    def _answer(self, call: str, reply: str, data: bytes) -> dict[str, Any] | None:
        body = json.loads(data) if data else {}
        what, _, rest = call.partition(f".{self.log.configuration['name']}")
        if what == call or rest[:1] not in ("", "."):
            if call.startswith("STREAM.CREATE"):
                raise refuse_call(call)
            raise LogError(404, names.ERROR_STREAM_NOT_FOUND, "stream not found")
        name = rest.removeprefix(".")
        match what:
            case "STREAM.INFO":
                return self.log.information()
            case "STREAM.CREATE" | "STREAM.UPDATE":
                self.log.configuration |= body
                return self.log.information()
            case "STREAM.MSG.GET":
                return {"message": _as_json(self.log.read(body))}
            case "DIRECT.GET":
                self._answer_directly(reply, body)
            case "CONSUMER.CREATE":
                consumer = self.log.consume(name, body["config"])
                self._pulls[name] = []
                return {"name": name, "num_pending": len(consumer.waiting)}
            case "CONSUMER.MSG.NEXT" if name in self._pulls:
                now = self._loop.time()
                seconds = body.get("expires", 0) / 1e9
                heartbeat = body.get("idle_heartbeat", 0) / 1e9
                most = body.get("max_bytes", 0) or MAX_PAYLOAD_BYTES**2
                self._pulls[name].append(
                    _Pull(reply, body.get("batch", 1), most, now + seconds, heartbeat, now)
                )
                self._deliver(name)
            case "CONSUMER.INFO" if name in self._pulls:
                consumer = self.log.consumers[name]
                delivered = {"consumer_seq": consumer.delivered}
                return {
                    "name": name,
                    "delivered": delivered,
                    "num_pending": len(consumer.waiting),
                }
            case "CONSUMER.DELETE" if name in self._pulls:
                del self.log.consumers[name]
                for pull in self._pulls.pop(name):
                    self._send_status(pull, "409 Consumer Deleted")
                return {"success": True}
            case "CONSUMER.MSG.NEXT":
                self._route(reply, "", b"NATS/1.0 503\r\n\r\n", b"")
            case "CONSUMER.INFO" | "CONSUMER.DELETE":
                raise LogError(404, names.ERROR_CONSUMER_NOT_FOUND, "consumer not found")
            case "CONSUMER.NAMES":
                return {"total": len(self._pulls), "consumers": list(self._pulls)}
            case _:
                raise refuse_call(call)
        return None

    def _answer_directly(self, reply: str, body: dict[str, Any]) -> None:
        try:
            stored = self.log.read(body)
        except LogError:
            self._route(reply, "", b"NATS/1.0 404 Message Not Found\r\n\r\n", b"")
            return
        added = {
            "Nats-Stream": self.log.configuration["name"],
            "Nats-Subject": stored.subject,
            "Nats-Sequence": stored.sequence,
            "Nats-Time-Stamp": moment(stored.recorded_at_ns),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in added.items())
        own = stored.raw_headers[:-2] or b"NATS/1.0\r\n"
        self._route(reply, "", own + lines.encode() + b"\r\n", stored.data)

    def _deliver(self, name: str) -> None:
        """What waits of a consumer, as far as it was asked for."""
        consumer, pulls = self.log.consumers[name], self._pulls[name]
        while consumer.waiting and pulls:
            pull, stored = pulls[0], consumer.waiting[0]
            size = len(stored.data) + len(stored.raw_headers) + len(stored.subject)
            if size > pull.bytes:
                pulls.pop(0)
                self._send_status(pull, "409 Message Size Exceeds MaxBytes")
                continue
            consumer.waiting.popleft()
            consumer.delivered += 1
            pull.messages -= 1
            pull.bytes -= size
            pull.last = self._loop.time()
            if pull.messages == 0:
                pulls.pop(0)
            self._send(pull.reply, name, stored, consumer.headers_only)

    def _send(self, inbox: str, name: str, stored: Stored, headers_only: bool) -> None:
        consumer = self.log.consumers[name]
        reply = (
            f"$JS.ACK.{self.log.configuration['name']}.{name}.1.{stored.sequence}"
            f".{consumer.delivered}.{stored.recorded_at_ns}.{len(consumer.waiting)}"
        )
        data, headers = stored.data, stored.raw_headers
        if headers_only:
            own = headers[:-2] or b"NATS/1.0\r\n"
            data, headers = b"", own + b"Nats-Msg-Size: %d\r\n\r\n" % len(data)
        self._route(inbox, reply, headers, data, subject=stored.subject)

    def _send_status(self, pull: _Pull, status: str) -> None:
        head = (
            f"NATS/1.0 {status}\r\nNats-Pending-Messages: {pull.messages}\r\n"
            f"Nats-Pending-Bytes: {pull.bytes}\r\n\r\n"
        )
        self._route(pull.reply, "", head.encode(), b"")


def _as_json(stored: Stored) -> dict[str, Any]:
    return {
        "subject": stored.subject,
        "seq": stored.sequence,
        "time": moment(stored.recorded_at_ns),
        "data": base64.b64encode(stored.data).decode(),
        "hdrs": base64.b64encode(stored.raw_headers).decode(),
    }
