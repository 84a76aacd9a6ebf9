"""How do ClickHouse's own drivers pack bodies (`compress=1`, `decompress=1`)?

In frames, as in the engine's files: a CityHash128 of what follows; one byte of method; the size of
the packed data with these nine bytes, and the size after unpacking, four bytes each, little-endian.
"""

from __future__ import annotations

import importlib
import struct

import lz4.block
from clickhouse_cityhash.cityhash import CityHash128

from embedded_clickhouse.budget import BudgetShare
from embedded_clickhouse.compression import zstd_module
from embedded_clickhouse.exceptions import Code, refusal
from embedded_clickhouse.limits import Limits

_NONE, _LZ4, _ZSTD = 0x02, 0x82, 0x90
_CHECKSUM = struct.Struct("<QQ")
_HEADER = struct.Struct("<BII")
_FRAME_BYTES = 1 << 20
_HALF = (1 << 64) - 1


class FrameEncoder:
    """Packs one answer into frames of lz4, as a server does by default."""

    def compress(self, data: bytes, /) -> bytes:
        """The frames of a piece."""
        starts = range(0, len(data), _FRAME_BYTES)
        return b"".join(_frame(data[start : start + _FRAME_BYTES]) for start in starts)

    def flush(self) -> bytes:
        """Nothing: each piece is whole."""
        return b""


class FrameDecoder:
    """Unpacks one body of frames. What it holds is counted in `share`."""

    def __init__(self, *, limits: Limits, share: BudgetShare) -> None:
        self._limits = limits
        self._share = share
        self._packed = bytearray()

    @property
    def has_more(self) -> bool:
        """Whether there is a whole frame."""
        size = self._size()
        return size is not None and len(self._packed) >= size

    def decompress(self, data: bytes, *, max_bytes: int) -> bytes:
        """Unpack whole frames up to about `max_bytes`, of what came before and of `data`. Raises
        `ClickHouseError` (40 wrong checksum, 89 unknown method, 271, 290 too large)."""
        self._share.take(len(data))
        self._packed += data
        unpacked: list[bytes] = []
        start = size = 0
        while size < max_bytes and (length := self._size(start)) is not None:
            if len(self._packed) < start + length:
                break
            unpacked.append(self._unpack(bytes(self._packed[start : start + length])))
            size += len(unpacked[-1])
            start += length
        del self._packed[:start]
        self._share.release(start)
        return b"".join(unpacked)

    def finish(self) -> None:
        """The body is over. Raises `ClickHouseError` where it broke off in the middle."""
        if self._packed:
            raise refusal(
                Code.CANNOT_DECOMPRESS, "The request's body breaks off in the middle of a frame"
            )

    def _size(self, start: int = 0) -> int | None:
        """Of the whole frame at `start`, once its header is there."""
        at = start + _CHECKSUM.size
        if len(self._packed) < at + _HEADER.size:
            return None
        method, packed_bytes, unpacked_bytes = _HEADER.unpack_from(self._packed, at)
        if method not in (_NONE, _LZ4, _ZSTD):
            raise refusal(
                Code.UNKNOWN_COMPRESSION_METHOD,
                f"Unknown compression method {method:#04x} in a frame; send none, lz4 or zstd",
            )
        if packed_bytes < _HEADER.size:
            raise refusal(Code.CANNOT_DECOMPRESS, "A frame is smaller than its own header")
        if max(packed_bytes, unpacked_bytes) > self._limits.max_frame_bytes:
            raise self._limits.exceeded("max_frame_bytes", "A frame of the body is too large")
        return _CHECKSUM.size + int(packed_bytes)

    def _unpack(self, frame: bytes) -> bytes:
        body = frame[_CHECKSUM.size :]
        if frame[: _CHECKSUM.size] != _checksum(body):
            raise refusal(
                Code.CHECKSUM_DOESNT_MATCH, "The checksum of a frame does not match: it is damaged"
            )
        method, _, size = _HEADER.unpack_from(body)
        data: bytes = body[_HEADER.size :]
        try:
            if method == _ZSTD:
                zstd = importlib.import_module(zstd_module())
                option = zstd.DecompressionParameter.window_log_max
                window_log = self._limits.max_zstd_window_bytes.bit_length() - 1
                unpacker = zstd.ZstdDecompressor(options={option: window_log})
                data = bytes(unpacker.decompress(data, max_length=size + 1))
            elif method == _LZ4:
                data = bytes(lz4.block.decompress(data, uncompressed_size=size))
        except Exception as error:  # each package has errors of its own, without a family
            raise refusal(
                Code.CANNOT_DECOMPRESS, f"Cannot decompress a frame of the body: {error}"
            ) from error
        if len(data) != size:
            raise refusal(
                Code.CANNOT_DECOMPRESS, f"A frame holds other than the {size} bytes that it names"
            )
        return data


def _checksum(body: bytes) -> bytes:
    number: int = CityHash128(body)
    return _CHECKSUM.pack(number >> 64, number & _HALF)


def _frame(data: bytes) -> bytes:
    packed: bytes = lz4.block.compress(data, store_size=False)
    body = _HEADER.pack(_LZ4, len(packed) + _HEADER.size, len(data)) + packed
    return _checksum(body) + body
