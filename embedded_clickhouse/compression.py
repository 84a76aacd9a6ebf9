"""How are answers packed the way an HTTP client asks for it?"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zlib
from collections.abc import Callable, Iterable
from typing import Protocol

LEVEL = 3
"""ClickHouse's own default (`http_zlib_compression_level`)."""


class Encoder(Protocol):
    """Packs one body, piece by piece."""

    def compress(self, data: bytes, /) -> bytes:
        """Pack a piece; what comes back may be empty."""

    def flush(self) -> bytes:
        """Pack what is left and close the body."""


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


def zstd_module() -> str:
    """Where zstd is in this Python."""
    return "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"


_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "lz4": _Lz4Encoder,
    "zstd": lambda: importlib.import_module(zstd_module()).ZstdCompressor(level=LEVEL),
    "gzip": lambda: zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS),
    "br": _BrotliEncoder,
    "deflate": lambda: zlib.compressobj(LEVEL),
}
"""In the order of preference: on the loopback the cheapest is the fastest."""

_MODULES = {"lz4": "lz4.frame", "zstd": zstd_module(), "br": "brotli"}


def supported_encodings() -> frozenset[str]:
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
