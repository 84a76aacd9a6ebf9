"""What does a new payload kind cost? One .proto with its number in the envelope, one sentence, one
golden file: they are added to a copy of the tree, and nothing else is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_servers import NatsServer

ROOT = Path(__file__).parents[2]
NOT_COPIED = ("__pycache__", "node_modules", "dist", ".*")
CONTRACT = Path("contracts/enchanted/events/v1")

ADDOPTS = "addopts=--import-mode=importlib -v"

PROTO = """\
syntax = "proto3";
package enchanted.events.v1;
import "enchanted/events/v1/kind.proto";
message WeatherObserved {
  option (kind) = {type: TYPE_OBSERVATION, word: "weather_observed", key: "place"};
  string place = 1;
  optional double celsius = 2;
}
"""
SENTENCE = """

from enchanted.events.v1.weather_pb2 import WeatherObserved  # noqa: E402

AGENTS[WeatherObserved] = lambda payload: f"{payload.celsius:g} °C in {payload.place}"
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house in which somebody observes the weather."""
    tree = tmp_path_factory.mktemp("house") / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (tree / ".venv").mkdir()
    (tree / ".venv" / ".ready").touch()
    (tree / CONTRACT / "weather.proto").write_text(PROTO)
    envelope = tree / CONTRACT / "swarm_event.proto"
    text = envelope.read_text()
    imports, last_import = (
        text.rpartition("import ")[0],
        'import "google/protobuf/timestamp.proto";',
    )
    assert text.startswith(f"{imports}{last_import}")
    end_of_payloads = "\n  }\n\n  reserved 99;"
    assert text.count(end_of_payloads) == 1
    text = text.replace(last_import, f'import "enchanted/events/v1/weather.proto";\n{last_import}')
    text = text.replace(
        end_of_payloads, f"\n    WeatherObserved weather_observed = 98;{end_of_payloads}"
    )
    envelope.write_text(text)
    with (tree / "operations" / "descriptions" / "agents.py").open("a") as sentences:
        sentences.write(SENTENCE)
    golden = tree / "contracts" / "golden"
    event = json.loads((golden / "decision.json").read_text())
    del event["decision"]
    event |= {"event_type": "TYPE_OBSERVATION"}
    event |= {"weather_observed": {"place": "Oslo", "celsius": -3.5}}
    (golden / "weather_observed.json").write_text(json.dumps(event))
    run(tree, "make", "--no-print-directory", f"BIN={Path(sys.executable).parent}", "contracts")
    return tree


def run(tree: Path, *command: str) -> str:
    """What a command in the copy prints; it succeeds, with the code of the copy."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    environment["PYTHONPATH"] = f"{tree}{os.pathsep}{tree / 'contracts'}"
    answer = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_a_new_kind_is_published_described_and_recorded(
    tree: Path, nats_server: NatsServer
) -> None:
    program = ("-m", "tests.nervous_system.kind_program", nats_server.url, "weather_observed")
    assert json.loads(run(tree, sys.executable, *program)) == {
        "came back": True,
        "subject": "swarm.events.coder.weather_observed.Oslo",
        "sentence": "-3.5 °C in Oslo",
        "warnings": [],
        "framed": True,
        "column": True,
        "declared": True,
    }


def test_a_new_kind_passes_the_tests_that_every_kind_passes(tree: Path) -> None:
    said = run(
        tree,
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", ADDOPTS),
        *("-k", "weather or every_kind or share_a_word"),
        "tests/nervous_system/test_codec.py",
        "tests/nervous_system/test_payload_kinds.py",
        "tests/operations/test_in_words.py",
        "tests/ingestor/test_completing.py",
        "tests/ingestor/test_warehouse.py",
    )
    assert "test_every_field_of_every_kind_reaches_its_column PASSED" in said
    assert said.lower().count("weather") >= 8  # tests of it alone, beside those of every kind


def test_the_contract_with_a_new_kind_passes_its_rails(tree: Path) -> None:
    command = ("make", "--no-print-directory", f"BIN={Path(sys.executable).parent}")
    run(tree, *command, "lint-contract", "lint-enums")
