"""How is a body unpacked, so that no piece of it is ever larger than was asked for?

A few bytes may be packed from any number (a bomb): each step unpacks a bounded piece, and whoever
asks for the next one has counted those before.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterable
from typing import Protocol

from embedded_clickhouse.compression import zstd_module
from embedded_clickhouse.exceptions import Code, refusal
from embedded_clickhouse.limits import Limits

_SLICE_BYTES = 16 * 1024
"""What a decompressor is given at once. What it leaves behind the end of a member is copied: in a
body of tiny members, once for each."""


class _Member(Protocol):
    """Unpacks one packed member (gzip, deflate) or frame (lz4, zstd)."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


class _ZlibMember:
    """zlib's decompressor with the face of the others."""

    def __init__(self, window_bits: int) -> None:
        self._decompressor = zlib.decompressobj(window_bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._decompressor.eof

    @property
    def unused_data(self) -> bytes:
        return self._decompressor.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        left = self._decompressor.unconsumed_tail
        unpacked = self._decompressor.decompress(left + data if left else data, max_length)
        self.needs_input = len(unpacked) < max_length
        return unpacked


class _BrotliMember:
    """brotli's decompressor with the face of the others. What follows its end it refuses itself."""

    def __init__(self) -> None:
        self._decompressor = importlib.import_module("brotli").Decompressor()
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        unpacked = bytes(self._decompressor.process(data, output_buffer_limit=max_length))
        self.eof = bool(self._decompressor.is_finished())
        # Where the limit was reached it may have more, though it says that it takes more.
        self.needs_input = len(unpacked) < max_length and self._decompressor.can_accept_more_data()
        return unpacked


def _zstd_member(limits: Limits) -> _Member:
    zstd = importlib.import_module(zstd_module())
    window_log = limits.max_zstd_window_bytes.bit_length() - 1
    option = zstd.DecompressionParameter.window_log_max
    member: _Member = zstd.ZstdDecompressor(options={option: window_log})
    return member


def _lz4_member(_limits: Limits) -> _Member:
    member: _Member = importlib.import_module("lz4.frame").LZ4FrameDecompressor()
    return member


_MEMBERS: dict[str, Callable[[Limits], _Member]] = {
    "lz4": _lz4_member,
    "zstd": _zstd_member,
    "gzip": lambda _limits: _ZlibMember(16 + zlib.MAX_WBITS),
    "br": lambda _limits: _BrotliMember(),
    "deflate": lambda _limits: _ZlibMember(zlib.MAX_WBITS),
}


class Decoder:
    """Unpacks one body, piece by piece; several packed members in a row are one body."""

    def __init__(self, encoding: str, *, available: Iterable[str], limits: Limits) -> None:
        """Raises `ClickHouseError` where nobody here can unpack `encoding`."""
        name = {"x-gzip": "gzip"}.get(encoding, encoding)
        if name not in set(available):
            known = ", ".join(sorted(available))
            raise refusal(
                Code.UNKNOWN_COMPRESSION_METHOD,
                f"Unknown compression method {encoding} in Content-Encoding;"
                f" send one of them, not several: {known}",
            )
        self._encoding = name
        self._limits = limits
        self._member: _Member | None = None
        self._members = 0
        self._packed = b""
        self._start = 0

    @property
    def has_more(self) -> bool:
        """Whether there is something to unpack without more bytes of the body."""
        return self._start < len(self._packed) or (
            self._member is not None and not self._member.needs_input
        )

    def decompress(self, data: bytes, *, max_bytes: int) -> bytes:
        """Unpack about `max_bytes` of what came before and of `data`; ask again with nothing while
        it `has_more`. Raises `ClickHouseError` where the bytes are not what they claim to be."""
        self._packed = self._packed[self._start :] + data if self.has_more else data
        self._start = 0
        unpacked: list[bytes] = []
        size = 0
        while size < max_bytes and self.has_more:
            try:
                piece = self._step(max_bytes - size)
            except Exception as error:  # each package has errors of its own, without a family
                if isinstance(error, MemoryError):
                    raise
                raise refusal(
                    Code.CANNOT_DECOMPRESS,
                    f"Cannot decompress the request's body as {self._encoding}: {error}",
                ) from error
            unpacked.append(piece)
            size += len(piece)
            if self._members > self._limits.max_packed_members:
                raise self._limits.exceeded(
                    "max_packed_members", f"Too many {self._encoding} members in one body"
                )
        return unpacked[0] if len(unpacked) == 1 else b"".join(unpacked)

    def _step(self, max_bytes: int) -> bytes:
        if self._member is None:
            self._member = _MEMBERS[self._encoding](self._limits)
            self._members += 1
        data = b""
        if self._member.needs_input:
            data = self._packed[self._start : self._start + _SLICE_BYTES]
            self._start += len(data)
        unpacked = self._member.decompress(data, max_length=max_bytes)
        if self._member.eof:
            self._take_back(self._member.unused_data or b"")
            self._member = None
        return unpacked

    def _take_back(self, unused: bytes) -> None:
        """What a member left is the end of what it was given, some of it perhaps calls ago."""
        if len(unused) <= self._start:
            self._start -= len(unused)
        else:
            self._packed, self._start = unused + self._packed[self._start :], 0

    def finish(self) -> None:
        """The body is over. Raises `ClickHouseError` where it broke off in the middle."""
        if self._member is not None:
            raise refusal(
                Code.CANNOT_DECOMPRESS,
                f"The request's body breaks off in the middle of its {self._encoding} data",
            )
