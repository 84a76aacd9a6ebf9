"""Do we pack and unpack as ClickHouse's own drivers do? Checked against the engine's own files."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import lz4.block
import pytest
from clickhouse_cityhash.cityhash import CityHash128

from embedded_clickhouse.budget import Budget
from embedded_clickhouse.compression import encoder
from embedded_clickhouse.exceptions import ClickHouseError
from embedded_clickhouse.frames import FrameDecoder, FrameEncoder
from embedded_clickhouse.limits import Limits

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Http, Server

DATA = b"1\n2\n3\n" * 300_000


def decoder(**limits: int) -> FrameDecoder:
    """One of its own budget."""
    budget = Budget(1 << 30, refuse=AssertionError)
    return FrameDecoder(limits=Limits(**limits), share=budget.share())


def unpacked(packed: bytes, *, step: int = 1 << 20) -> bytes:
    """All of a body."""
    unpacker, data = decoder(), b""
    for start in range(0, len(packed), step):
        data += unpacker.decompress(packed[start : start + step], max_bytes=100)
        while unpacker.has_more:
            data += unpacker.decompress(b"", max_bytes=100)
    unpacker.finish()
    return data


def frame(method: int, packed: bytes, size: int) -> bytes:
    """A frame as a driver makes it."""
    body = struct.pack("<BII", method, len(packed) + 9, size) + packed
    number = CityHash128(body)
    return struct.pack("<QQ", number >> 64, number & (2**64 - 1)) + body


def zstd(data: bytes) -> bytes:
    packer = encoder("zstd")
    return packer.compress(data) + packer.flush()


def test_what_is_packed_can_be_unpacked_in_any_pieces() -> None:
    packed = FrameEncoder().compress(DATA)
    assert unpacked(packed) == unpacked(packed, step=7) == DATA
    assert FrameEncoder().compress(b"") == FrameEncoder().flush() == b""


async def test_the_engines_own_files_are_such_frames(http: Http, server: Server) -> None:
    """Each of its codecs: this is what a checksum and a header have to look like."""
    for number, codec in enumerate(("LZ4", "ZSTD", "NONE")):
        table = f"framed{number}"
        await http.post(
            f"CREATE OR REPLACE TABLE {table} (a UInt64 CODEC({codec})) ENGINE = MergeTree"
            " ORDER BY tuple() SETTINGS min_bytes_for_wide_part = 0"
        )
        await http.post(f"INSERT INTO {table} SELECT number FROM numbers(300000)")
        ((folder,),) = await http.rows(
            f"SELECT path FROM system.parts WHERE table = '{table}' AND active"
        )
        column = (Path(server.path) / folder / "a.bin").read_bytes()
        assert unpacked(column) == b"".join(struct.pack("<Q", n) for n in range(300_000))
        await http.post(f"DROP TABLE {table}")


@pytest.mark.parametrize(
    ("method", "pack"),
    [
        (0x82, lambda data: lz4.block.compress(data, store_size=False)),
        (0x90, zstd),
        (0x02, lambda data: data),
    ],
)
async def test_a_driver_sends_frames_and_gets_frames(http: Http, method: int, pack: object) -> None:
    assert callable(pack)
    await http.post("CREATE OR REPLACE TABLE sent (a Int64) ENGINE = MergeTree ORDER BY a")
    pieces = [DATA[start : start + 600_000] for start in range(0, len(DATA), 600_000)]
    body = b"".join(frame(method, pack(piece), len(piece)) for piece in pieces)
    reply = await http.post(body, query="INSERT INTO sent FORMAT TSV", decompress="1")
    assert reply.status == 200, reply.text
    reply = await http.post(
        "SELECT a FROM sent ORDER BY a FORMAT TSV",
        compress="1",
        headers={"Accept-Encoding": "gzip"},
        enable_http_compression="1",
    )
    assert "Content-Encoding" not in reply.headers
    assert unpacked(reply.body) == b"1\n" * 300_000 + b"2\n" * 300_000 + b"3\n" * 300_000
    statement = b"SELECT 7"
    reply = await http.post(
        frame(method, pack(statement), len(statement)), decompress="1", compress="1"
    )
    assert unpacked(reply.body) == b"7\n"


async def test_an_error_is_plain_before_the_rows_and_framed_after_some(http: Http) -> None:
    reply = await http.post("SELECT nothing", compress="1")
    assert (reply.status, reply.text[:9]) == (404, "Code: 47.")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\0" * 16 + frame(0x82, b"x", 1)[16:], 40),
        (frame(0x77, b"x", 1), 89),
        (frame(0x82, b"\xff\xff\xff", 100), 271),
        (frame(0x90, b"no zstd", 100), 271),
        (frame(0x90, zstd(b"\0" * 1_000_000), 100), 271),
        (frame(0x02, b"abc", 100), 271),
        (b"\0" * 16 + struct.pack("<BII", 0x82, 3, 1), 271),
        (b"\0" * 16 + struct.pack("<BII", 0x82, 100, 1 << 31), 290),
        (b"\0" * 16 + struct.pack("<BII", 0x82, 1 << 31, 100), 290),
    ],
)
def test_a_frame_that_is_damaged_or_too_large_is_refused(body: bytes, code: int) -> None:
    with pytest.raises(ClickHouseError) as refused:
        decoder().decompress(body, max_bytes=100)
    assert refused.value.code == code
    assert refused.value.status in (400, 413)


async def test_a_body_that_breaks_off_in_a_frame_stores_nothing(http: Http) -> None:
    await http.post("CREATE OR REPLACE TABLE half (a Int64) ENGINE = MergeTree ORDER BY a")
    body = frame(0x02, b"1\n", 2) + frame(0x02, b"2\n", 2)[:-1]
    reply = await http.post(body, query="INSERT INTO half FORMAT TSV", decompress="1")
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (400, "271")
    assert await http.rows("SELECT count() FROM half") == [["0"]]
