"""Where does one message end and the next begin, on the socket?

Subjects are other people's. The server ends a word at a blank, a tab or a line break; nats-py also
at a form feed and a vertical tab. One event on `swarm.events.coder.a\\fb` would cut off whoever
reads the log, each time it came to that position, for ever.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from nats.errors import ProtocolError
from nats.protocol.parser import AWAITING_CONTROL_LINE, AWAITING_MSG_PAYLOAD, Parser

if TYPE_CHECKING:
    from nats.aio.client import Client

_WORD: Final = rb"([^ \t\r\n]+)[ \t]+"
_MESSAGE: Final = re.compile(rb"MSG[ \t]+" + _WORD + _WORD + rb"(?:" + _WORD + rb")?(\d+)\r\n")
_MESSAGE_WITH_HEADERS: Final = re.compile(
    rb"HMSG[ \t]+" + _WORD + _WORD + rb"(?:" + _WORD + rb")?(\d+)[ \t]+(\d+)\r\n"
)
_END: Final = b"\r\n"

MAX_LINE_BYTES: Final = 64 * 1024
"""A line that is longer, and has no end, is none of a NATS server's."""


class ServerParser(Parser):
    """Cuts what the server sends into lines and messages, and hands each to the client."""

    nc: Client

    def reset(self) -> None:
        """Begin anew, on another connection."""
        self.buf = bytearray()
        self.state = AWAITING_CONTROL_LINE
        self.needed = self.header_needed = 0
        self._arguments: tuple[int, bytes, bytes] = (0, b"", b"")

    async def parse(self, data: bytes = b"") -> None:
        """Take these bytes, too. Raises ProtocolError for what no NATS server says."""
        self.buf.extend(data)
        while self.buf:
            if self.state == AWAITING_MSG_PAYLOAD:
                needed, head = self.needed, self.header_needed
                if len(self.buf) < needed + len(_END):
                    return
                # nats-py says None where there are no headers, though it declares bytes.
                headers = bytes(self.buf[:head]) if head else None
                body = bytes(self.buf[head:needed])
                del self.buf[: needed + len(_END)]
                self.state = AWAITING_CONTROL_LINE
                await self.nc._process_msg(*self._arguments, body, headers)  # type: ignore[arg-type]
            elif not (self._begin_message() or await self._take_line()):
                return

    def _begin_message(self) -> bool:
        if (begun := _MESSAGE.match(self.buf)) is not None:
            subject, number, reply, size = begun.groups()
            self.header_needed = 0
        elif (begun := _MESSAGE_WITH_HEADERS.match(self.buf)) is not None:
            subject, number, reply, head, size = begun.groups()
            self.header_needed = int(head)
        else:
            return False
        self._arguments = (int(number), subject, reply or b"")
        self.needed = int(size)
        del self.buf[: begun.end()]
        self.state = AWAITING_MSG_PAYLOAD
        return True

    async def _take_line(self) -> bool:
        """Whether a whole line was there."""
        end = self.buf.find(_END)
        if end < 0:
            if len(self.buf) > MAX_LINE_BYTES:
                raise ProtocolError("nats: a line without an end")
            return False
        line = bytes(self.buf[:end])
        del self.buf[: end + len(_END)]
        word, _, rest = line.partition(b" ")
        match word.strip().upper():
            case b"PING":
                await self.nc._process_ping()
            case b"PONG":
                await self.nc._process_pong()
            case b"+OK":
                pass
            case b"-ERR":
                await self.nc._process_err(_lower(rest.strip().decode(errors="replace")))
            case b"INFO":
                await self.nc._process_info(json.loads(rest))
            case _:
                raise ProtocolError("nats: unknown protocol")
        return True


def _lower(words: str) -> str:
    """In small letters, as nats-py compares it; a subject, which is quoted, stays as it is."""
    parts = words.split('"')
    parts[::2] = [each.lower() for each in parts[::2]]
    return '"'.join(parts)
