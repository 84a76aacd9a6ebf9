"""How does an answer leave: held back until its status is certain, streamed when it is big or slow,
packed as asked?"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from aiohttp import web

from ganglion.engines.clickhouse.answer import Answer
from ganglion.engines.clickhouse.compression import Encoder, encoder
from ganglion.engines.clickhouse.exceptions import ClickHouseError
from ganglion.engines.clickhouse.execution import Reading
from ganglion.engines.clickhouse.response import exception_block, format_headers, summary
from ganglion.engines.clickhouse.threads import Threads

HELD_BYTES = 1 << 20
"""Output up to this size is held back until its statement has ended, so that an error still gets
its status …"""
HELD_SECONDS = 0.1
"""… but a client that asked for progress in the headers gets them after this long: it waits for a
sign of life. It also gets the rows that came before an error, and the error in the stream, as from
the real server."""
SPOOL_BYTES = 8 << 20
"""Output that waits for its end stays in memory up to this size, and goes to a file beyond."""
READ_BYTES = 256 * 1024


class StreamBrokenError(Exception):
    """A statement failed after its status was sent. The exception block is out; the connection has
    to be broken."""

    def __init__(self, response: web.StreamResponse) -> None:
        super().__init__("The statement failed after a part of its rows was sent")
        self.response = response


@dataclass(frozen=True, slots=True)
class Reply:
    """What is known about an answer before it begins."""

    request: web.Request
    threads: Threads
    version: str
    tag: str
    """Marks the exception block of a stream that fails after its status was sent."""
    encoding: str | None = None
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

    async def whole(self, answer: Answer, *, output_format: str) -> web.Response:
        """The answer to a statement whose output is at hand, or that has none: that one names no
        format."""
        headers = {**self.headers, "X-ClickHouse-Summary": summary(answer)}
        body = answer.body
        if not body:
            headers["Content-Type"] = "text/plain; charset=UTF-8"
            return web.Response(headers=headers, body=body)
        headers.update({**format_headers(output_format), **self._packed()})
        return await self._packed_whole(headers, body)

    async def rows(
        self, reading: Reading, *, output_format: str, waits_for_end: bool, reports_early: bool
    ) -> web.StreamResponse:
        """The answer to a read, but for its end, which the caller lets out when the session is free
        again.

        Raises `ClickHouseError` where the statement failed before anything was sent,
        `StreamBrokenError` after.
        """
        headers = {**self.headers, **format_headers(output_format), **self._packed()}
        packer = None if self.encoding is None else encoder(self.encoding)
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as held:
            if waits_for_end:
                is_over = await self._hold_all(reading, held)
            else:
                is_over = await _hold_some(reading, held, reports_early=reports_early)
            answer = Answer()
            if is_over:
                try:
                    answer = await reading.answer
                except ClickHouseError:
                    if waits_for_end or not (reports_early and held.tell()):
                        raise
                    is_over = False  # its reader takes rows as they come: these, then the error
            headers["X-ClickHouse-Summary"] = summary(answer)
            is_small = is_over and held.tell() <= HELD_BYTES
            held.seek(0)
            if is_small:
                return await self._packed_whole(headers, held.read())
            response = web.StreamResponse(headers=headers)
            await response.prepare(self.request)
            while piece := held.read(READ_BYTES):
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

    async def _hold_all(self, reading: Reading, held: IO[bytes]) -> bool:
        """Keep all output until the statement has ended."""
        while piece := await reading.rows.read(READ_BYTES):
            if held.tell() + len(piece) > SPOOL_BYTES:
                await self.threads.run(held.write, piece)
            else:
                held.write(piece)
        return True

    async def _write(
        self, response: web.StreamResponse, packer: Encoder | None, piece: bytes
    ) -> None:
        packed = piece if packer is None else await self.threads.run(packer.compress, piece)
        if packed:
            await response.write(packed)

    async def _flush(self, response: web.StreamResponse, packer: Encoder | None) -> None:
        if packer is not None:
            await response.write(await self.threads.run(packer.flush))

    async def _packed_whole(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        if self.encoding is not None:
            body = await self.threads.run(_pack_whole, encoder(self.encoding), body)
        return web.Response(headers=headers, body=body)

    def _packed(self) -> dict[str, str]:
        return {} if self.encoding is None else {"Content-Encoding": self.encoding}


async def _hold_some(reading: Reading, held: IO[bytes], *, reports_early: bool) -> bool:
    """Keep output until the statement has ended, or there is too much of it, or it took too long.
    Whether it has ended."""
    deadline = asyncio.get_running_loop().time() + HELD_SECONDS if reports_early else None
    while held.tell() < HELD_BYTES:
        try:
            async with asyncio.timeout_at(deadline):
                piece = await reading.rows.read(READ_BYTES)
        except TimeoutError:
            return False
        if not piece:
            return True
        held.write(piece)
    return False


def _pack_whole(packer: Encoder, body: bytes) -> bytes:
    return packer.compress(body) + packer.flush()
