"""Is a number one only where its digits are those that everybody reads alike?"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import typer

from ganglion.durations import parse_duration
from nervous_system.contract.patch import DoesNotApply, apply_patch
from nervous_system.host.http_get import http_get
from nervous_system.whole_number import whole_number
from overseer.taken_lines import TakenLines

OTHERS = ["\u0663", "\u00b2", "\uff13", "\u0969", "\U0001d7db", "1_0", "+1", " 1", "1\n", "--1"]
TOO_LONG = "9" * 5000


@pytest.mark.parametrize("text", [*OTHERS, "", TOO_LONG], ids=lambda text: ascii(text)[:20])
def test_anything_else_is_no_number(text: str) -> None:
    assert whole_number(text) is None


def test_a_number_is_one() -> None:
    assert list(map(whole_number, ("0", "007", "-5", str(2**64)))) == [0, 7, -5, 2**64]


@pytest.mark.parametrize("number", ["\u0663", "\u00b2", "-1", "9" * 12, TOO_LONG], ids=ascii)
def test_a_time_in_other_digits_or_beyond_all_measure_is_refused(number: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_duration(f"{number}d")


@pytest.mark.parametrize("number", ["\u0663", "\u00b2", "-3", TOO_LONG], ids=ascii)
def test_a_record_of_the_inbox_in_other_digits_is_none(tmp_path: Path, number: str) -> None:
    record = tmp_path / "taken"
    record.write_text(f"a {number}\nb 2\n", encoding="utf-8")
    taken = TakenLines.of(record)
    assert not taken.has("a", 1)
    assert taken.has("b", 2)


@pytest.mark.parametrize("place", range(2))
def test_a_diff_in_other_digits_does_not_apply(place: int) -> None:
    numbers = ["1", "1"]
    diff = "--- a\n+++ b\n@@ -{} +{} @@\n-x\n+y\n"
    assert apply_patch("x\n", diff.format(*numbers)) == "y\n"
    numbers[place] = "\u0661"
    with pytest.raises(DoesNotApply):
        apply_patch("x\n", diff.format(*numbers))


async def test_an_address_of_ipv6_is_asked_by_its_brackets() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nyes")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "::1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await http_get(f"http://u:p@[::1]:{port}/x", timeout_seconds=60)
    assert (found.status, found.body) == (200, b"yes")
    assert f"\r\nHost: [::1]:{port}\r\n".encode() in heads[0]
