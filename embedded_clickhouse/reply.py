"""How does an answer leave: held back until its status is certain, streamed when it is big or slow,
packed as asked?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

from aiohttp import web

from embedded_clickhouse.answer import QueryAnswer
from embedded_clickhouse.compression import Encoder, encoder
from embedded_clickhouse.exceptions import ClickHouseError
from embedded_clickhouse.execution import Reading
from embedded_clickhouse.frames import FrameEncoder
from embedded_clickhouse.limits import Limits
from embedded_clickhouse.response import exception_block, format_headers, summary
from embedded_clickhouse.spool import Spool, Spools
from embedded_clickhouse.threads import Threads

HELD_BYTES = 1 << 20
"""Output up to this size is held back until its statement has ended, so that an error still gets
its status …"""
HELD_SECONDS = 0.1
"""… but a client that asked for progress in the headers gets them after this long: it waits for a
sign of life. It also gets the rows that came before an error, and the error in the stream, as from
the real server."""
READ_BYTES = 256 * 1024


class StreamBrokenError(Exception):
    """A statement failed after its status was sent. The exception block is out; the connection has
    to be broken."""

    def __init__(self, response: web.StreamResponse) -> None:
        super().__init__("The statement failed after a part of its rows was sent")
        self.response = response


@dataclass(frozen=True, slots=True)
class ResponseWriter:
    """What is known about an answer before it begins."""

    request: web.Request
    threads: Threads
    spools: Spools
    limits: Limits
    version: str
    part: float
    """How much of the disk of all answers those of its account's kind may take: see `Budget`."""
    tag: str
    """Marks the exception block of a stream that fails after its status was sent."""
    encoding: str | None = None
    """The Content-Encoding."""
    packs_frames: bool = False
    """ClickHouse's own frames instead of an encoding."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def failure(self, error: ClickHouseError) -> web.Response:
        """The answer to a statement that failed before anything was sent."""
        headers = dict(self.headers)
        headers["X-ClickHouse-Exception-Code"] = str(error.code)
        headers["Content-Type"] = "text/plain; charset=UTF-8"
        if error.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        body = error.text(version=self.version).encode("utf-8", "replace") + b"\n"
        return web.Response(status=error.status, headers=headers, body=body)

    async def whole(self, answer: QueryAnswer, *, output_format: str) -> web.Response:
        """The answer to a statement whose output is at hand, or that has none: that one names no
        format."""
        headers = {**self.headers, "X-ClickHouse-Summary": summary(answer)}
        body = answer.body
        if not body:
            headers["Content-Type"] = "text/plain; charset=UTF-8"
            return web.Response(headers=headers, body=body)
        headers.update({**format_headers(output_format), **self._encoding_headers()})
        return await self._packed_whole(headers, body)

    async def rows(
        self, reading: Reading, *, output_format: str, waits_for_end: bool, reports_early: bool
    ) -> web.StreamResponse:
        """The answer to a read, but for its end, which the caller lets out when the session is free
        again.

        Raises `ClickHouseError` where the statement failed before anything was sent,
        `StreamBrokenError` after.
        """
        headers = {**self.headers, **format_headers(output_format), **self._encoding_headers()}
        packer = self._packer()
        with self.spools.open(self.part) if waits_for_end else nullcontext() as spool:
            held, is_over = await self._hold(reading, spool, reports_early=reports_early)
            answer = QueryAnswer()
            if is_over:
                try:
                    answer = await reading.answer
                except ClickHouseError:
                    if waits_for_end or not (reports_early and held):
                        raise
                    is_over = False  # its reader takes rows as they come: these, then the error
            headers["X-ClickHouse-Summary"] = summary(answer)
            if is_over and (spool is None or not spool.size_bytes):
                return await self._packed_whole(headers, bytes(held))
            response = web.StreamResponse(headers=headers)
            await response.prepare(self.request)
            for start in range(0, len(held), READ_BYTES):
                await self._write(response, packer, bytes(held[start : start + READ_BYTES]))
            position = 0
            while spool is not None and (piece := await spool.read(position, READ_BYTES)):
                position += len(piece)
                await self._write(response, packer, piece)
        while piece := await reading.rows.read(READ_BYTES):
            await self._write(response, packer, piece)
        try:
            await reading.answer
        except ClickHouseError as error:
            block = exception_block(error.text(version=self.version), tag=self.tag)
            await self._write(response, packer, block)
            await self._flush(response, packer)
            raise StreamBrokenError(response) from error
        await self._flush(response, packer)
        return response

    async def _hold(
        self, reading: Reading, spool: Spool | None, *, reports_early: bool
    ) -> tuple[bytearray, bool]:
        """Keep output until the statement has ended, or there is too much of it, or it took too
        long; with a spool only until it has ended. What is held, and whether it has ended."""
        held = bytearray()
        waits = reports_early and spool is None
        deadline = asyncio.get_running_loop().time() + HELD_SECONDS if waits else None
        while len(held) < HELD_BYTES:
            try:
                async with asyncio.timeout_at(deadline):
                    piece = await reading.rows.read(READ_BYTES)
            except TimeoutError:
                return held, False
            if not piece:
                return held, True
            held += piece
        if spool is None:
            return held, False
        while piece := await reading.rows.read(READ_BYTES):
            if len(held) + spool.size_bytes + len(piece) > self.limits.max_result_bytes:
                raise self.limits.exceeded(
                    "max_result_bytes",
                    "The answer is too long to be kept until its statement ends; read it as it"
                    " comes, without wait_end_of_query",
                )
            await spool.write(piece)
        return held, True

    async def _write(
        self, response: web.StreamResponse, packer: Encoder | None, piece: bytes
    ) -> None:
        packed = piece if packer is None else await self.threads.run(packer.compress, piece)
        if packed:
            await self._send(response, packed)

    async def _flush(self, response: web.StreamResponse, packer: Encoder | None) -> None:
        if packer is not None:
            rest = await self.threads.run(packer.flush)
            if rest:
                await self._send(response, rest)

    async def _send(self, response: web.StreamResponse, packed: bytes) -> None:
        """Raises `StreamBrokenError` where the client does not read: nobody waits for it."""
        try:
            async with asyncio.timeout(self.limits.max_reply_idle_seconds):
                await response.write(packed)
        except TimeoutError:
            if self.request.transport is not None:
                self.request.transport.abort()
            raise StreamBrokenError(response) from None

    async def _packed_whole(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        packer = self._packer()
        if packer is not None:
            body = await self.threads.run(_pack_whole, packer, body)
        return web.Response(headers=headers, body=body)

    def _packer(self) -> Encoder | None:
        if self.packs_frames:
            return FrameEncoder()
        return None if self.encoding is None else encoder(self.encoding)

    def _encoding_headers(self) -> dict[str, str]:
        return {} if self.encoding is None else {"Content-Encoding": self.encoding}


def _pack_whole(packer: Encoder, body: bytes) -> bytes:
    return packer.compress(body) + packer.flush()
