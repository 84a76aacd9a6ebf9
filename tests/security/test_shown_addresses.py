"""Does what proves who one is ever stand where people read? Not in settings, errors or reports,
however it was put into an address."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.child import bare_environment
from nervous_system.bus import open_bus
from nervous_system.errors import GanglionError
from nervous_system.settings import MeshSettings
from nervous_system.shown_address import MASK, display_address
from tests.real_servers import free_port

WORD = "geheim"
HIDDEN = {
    f"nats://{WORD}@h:1": "nats://h:1",
    f"nats://me:{WORD}@h:1": "nats://h:1",
    f"nats://{WORD}:@h": "nats://h",
    f"{WORD}@h:1": "h:1",
    f"me:{WORD}@h:1": "h:1",
    f"http://me:a@{WORD}@h:1/x": "http://h:1/x",
    f"http://me:a/{WORD}@h:1": "http://h:1",
    f"http://me:a?{WORD}@h:1": "http://h:1",
    f"http://me:a,{WORD}@h:1": "http://h:1",
    f"nats://me:a://{WORD}@h:1": "nats://h:1",
    f"nats://{WORD}@h:1,nats://me:{WORD}@i:2,nats://j:3": "nats://h:1,nats://i:2,nats://j:3",
    f"{WORD}@h:1,me:{WORD}@i:2": "i:2",
    f"nats://h:1,{WORD}@i:2": "nats://i:2",
    f"http://h:1/?user=me&password={WORD}": f"http://h:1/?user={MASK}&password={MASK}",
    f"http://h/?x=1&access_token={WORD}#top": f"http://h/?x=1&access_token={MASK}#top",
    f"http://h/?apikey={WORD};sig={WORD}": f"http://h/?apikey={MASK};sig={MASK}",
}
PLAIN = ("nats://h:1", "h:1,i:2", "http://h:1/?database=swarm", "tls://[::1]:4222", "")


@pytest.mark.parametrize("url", HIDDEN)
def test_an_address_is_shown_without_what_proves_who_one_is(url: str) -> None:
    assert display_address(url) == HIDDEN[url]


@pytest.mark.parametrize("url", PLAIN)
def test_an_address_that_hides_nothing_is_shown_as_it_is(url: str) -> None:
    assert display_address(url) == url


@pytest.mark.timeout(600)
def test_no_command_and_no_service_says_it(tmp_path: Path) -> None:
    """Whatever they do with addresses at which nobody answers, and with such as are none."""
    port = free_port()
    given = (
        {"NATS_URL": f"nats://{WORD}@127.0.0.1:{port}"},
        {"NATS_URL": f"nats://me:{WORD}@127.0.0.1:{port}"},
        {"NATS_URL": f"nats://me:a/{WORD}@127.0.0.1:{port}"},
        {"NATS_URL": f"nats://me:a,{WORD}@127.0.0.1:{port}"},
        {"GANGLION_NATS_URL": f"nats://me:{WORD}@127.0.0.1:{port}"},
        {"GANGLION_NATS_URL": f"nats://me:a/{WORD}@127.0.0.1:{port}"},
        {"CLICKHOUSE_URL": f"http://me:{WORD}@127.0.0.1:{port}"},
        {"CLICKHOUSE_URL": f"http://me:a/{WORD}@127.0.0.1:{port}"},
        {"CLICKHOUSE_URL": f"http://127.0.0.1:{port}/?password={WORD}"},
        {"GANGLION_GUARDIAN_WEBHOOK_URL": f"https://127.0.0.1:{port}/hooks/{WORD}"},
        {"GANGLION_JAEGER_URL": f"http://{WORD}@127.0.0.1:{port}"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{WORD}@127.0.0.1:{port}"},
    )
    commands = {
        "NATS_URL": (["status", "--json"], ["tail"]),
        "GANGLION_NATS_URL": (["up", "--only", "ingestor"],),
        "CLICKHOUSE_URL": (["sql", "SELECT 1"], ["migrate"]),
    }
    told = []
    for each in given:
        for words in (["settings"], *commands.get(next(iter(each)), ())):
            environment = {
                **bare_environment(),
                "GANGLION_HOME": str(tmp_path / "home"),
                "GANGLION_PUBLISH_DEADLINE_SECONDS": "1",
                **each,
            }
            run = subprocess.run(
                [sys.executable, "-P", "-m", "ganglion", *words],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            said = run.stdout + run.stderr
            assert WORD not in said, (words, each)
            assert "Traceback" not in said, (words, each, said)
            told.append(said)
    assert any(MASK in each for each in told)
    logs = [each.read_text() for each in (tmp_path / "home").rglob("*.log")]
    assert not any(WORD in each for each in logs)


@pytest.mark.parametrize(
    "url", [f"nats://me:a/{WORD}@h:1", f"nats://me:a,{WORD}@h:1", "nats://", "nats://[::1"]
)
async def test_what_is_no_address_is_refused_without_being_repeated(
    tmp_path: Path, url: str
) -> None:
    settings = MeshSettings(home=tmp_path).model_copy(update={"nats_url": url})
    with pytest.raises(GanglionError, match="is no address of a NATS server") as error:
        async with open_bus(settings, name="x"):
            pass
    assert WORD not in str(error.value)
    with pytest.raises(ValueError, match="NATS_URL") as refused:
        MeshSettings(home=tmp_path, NATS_URL=url)
    assert WORD not in str(refused.value)
    assert os.environ.get("NATS_URL") is None
