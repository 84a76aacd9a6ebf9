"""How are bodies packed and unpacked the way an HTTP client asks for it?"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zlib
from collections.abc import Callable, Iterable
from typing import Protocol

from ganglion.engines.clickhouse.exceptions import Code, refusal

LEVEL = 3
"""ClickHouse's own default (`http_zlib_compression_level`)."""


class Encoder(Protocol):
    """Packs one body, piece by piece."""

    def compress(self, data: bytes, /) -> bytes:
        """Pack a piece; what comes back may be empty."""

    def flush(self) -> bytes:
        """Pack what is left and close the body."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class _Lz4Encoder:
    """lz4's frame compressor with the face of the others."""

    def __init__(self) -> None:
        self._compressor = importlib.import_module("lz4.frame").LZ4FrameCompressor()
        self._header: bytes | None = self._compressor.begin()

    def compress(self, data: bytes, /) -> bytes:
        """Pack a piece; what comes back may be empty."""
        header, self._header = self._header or b"", None
        return header + bytes(self._compressor.compress(data))

    def flush(self) -> bytes:
        """Pack what is left and close the frame."""
        header, self._header = self._header or b"", None
        return header + bytes(self._compressor.flush())


class _BrotliEncoder:
    """brotli's compressor with the face of the others."""

    def __init__(self) -> None:
        self._compressor = importlib.import_module("brotli").Compressor(quality=1)

    def compress(self, data: bytes, /) -> bytes:
        """Pack a piece; what comes back may be empty."""
        return bytes(self._compressor.process(data))

    def flush(self) -> bytes:
        """Pack what is left and close the stream."""
        return bytes(self._compressor.finish())


class _BrotliDecompressor:
    def __init__(self) -> None:
        self._decompressor = importlib.import_module("brotli").Decompressor()
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, /) -> bytes:
        unpacked = bytes(self._decompressor.process(data))
        self.eof = bool(self._decompressor.is_finished())
        return unpacked


def _zstd() -> str:
    return "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"


_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "lz4": _Lz4Encoder,
    "zstd": lambda: importlib.import_module(_zstd()).ZstdCompressor(level=LEVEL),
    "gzip": lambda: zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS),
    "br": _BrotliEncoder,
    "deflate": lambda: zlib.compressobj(LEVEL),
}
"""In the order of preference: on the loopback the cheapest is the fastest."""

_DECODERS: dict[str, Callable[[], _Decompressor]] = {
    "lz4": lambda: importlib.import_module("lz4.frame").LZ4FrameDecompressor(),
    "zstd": lambda: importlib.import_module(_zstd()).ZstdDecompressor(),
    "gzip": lambda: zlib.decompressobj(16 + zlib.MAX_WBITS),
    "br": _BrotliDecompressor,
    "deflate": lambda: zlib.decompressobj(),
}
_MODULES = {"lz4": "lz4.frame", "zstd": _zstd(), "br": "brotli"}
_BAD_DATA = (zlib.error, RuntimeError, EOFError, ValueError, OSError)


def supported() -> frozenset[str]:
    """The encodings that this machine's packages can do."""
    return frozenset(name for name in _ENCODERS if _is_there(_MODULES.get(name)))


def _is_there(module: str | None) -> bool:
    if module is None:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def choose_encoding(accepted: str, *, available: Iterable[str]) -> str | None:
    """The encoding to answer with, from an `Accept-Encoding` header; None sends the body as it
    is."""
    wanted: set[str] = set()
    for part in accepted.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        quality = parameters.strip().removeprefix("q=").strip()
        if quality not in ("0", "0.0", "0.00", "0.000"):
            wanted.add("gzip" if name.strip() == "x-gzip" else name.strip())
    usable = set(available)
    return next((name for name in _ENCODERS if name in wanted and name in usable), None)


def encoder(encoding: str) -> Encoder:
    """A fresh encoder. Source of `encoding`: `choose_encoding`."""
    return _ENCODERS[encoding]()


class Decoder:
    """Unpacks one body, piece by piece; several packed members in a row are one body."""

    def __init__(self, encoding: str, *, available: Iterable[str]) -> None:
        """Raises `ClickHouseError` where nobody here can unpack `encoding`."""
        name = {"x-gzip": "gzip"}.get(encoding, encoding)
        if name not in set(available):
            known = ", ".join(sorted(available))
            raise refusal(
                Code.UNKNOWN_COMPRESSION_METHOD,
                f"Unknown compression method {encoding} in Content-Encoding; send one of: {known}",
            )
        self._fresh = _DECODERS[name]
        self._encoding = name
        self._decompressor: _Decompressor | None = None

    def decompress(self, data: bytes) -> bytes:
        """Unpack a piece. Raises `ClickHouseError` where the bytes are not what they claim to
        be."""
        unpacked: list[bytes] = []
        while data:
            if self._decompressor is None:
                self._decompressor = self._fresh()
            try:
                unpacked.append(self._decompressor.decompress(data))
            except _BAD_DATA as error:
                raise refusal(
                    Code.CANNOT_DECOMPRESS,
                    f"Cannot decompress the request's body as {self._encoding}: {error}",
                ) from error
            data = b""
            if self._decompressor.eof:
                data = self._decompressor.unused_data or b""
                self._decompressor = None
        return unpacked[0] if len(unpacked) == 1 else b"".join(unpacked)

    def finish(self) -> None:
        """The body is over. Raises `ClickHouseError` where it broke off in the middle."""
        if self._decompressor is not None:
            raise refusal(
                Code.CANNOT_DECOMPRESS,
                f"The request's body breaks off in the middle of its {self._encoding} data",
            )
