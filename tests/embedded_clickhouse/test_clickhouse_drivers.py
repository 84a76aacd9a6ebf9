"""Do ClickHouse's own drivers of other languages use the server unchanged? Each is built from its
program in tests/drivers, as its users get it from its registry."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Server, Start

DRIVERS = Path(__file__).parents[1] / "drivers"
FETCH_SECONDS, RUN_SECONDS = 600, 900
PASSWORDS = {"default": "an operator's", "analyst": "look, don't touch"}
USERS = f"""
[users.default]
password = "{PASSWORDS["default"]}"

[users.analyst]
access = "read"
password = "{PASSWORDS["analyst"]}"
"""


@dataclass(frozen=True)
class Driver:
    """A program: which tool it needs, how its driver is fetched, how it is built and run."""

    folder: str
    tool: str
    fetch: Sequence[str]
    run: Sequence[str]
    """Its arguments follow: host and port, the operator's password, the reader's."""


GO = Driver("go", "go", ("go", "mod", "download"), ("go", "run", "."))
RUST = Driver(
    "rust", "cargo", ("cargo", "fetch", "--locked"), ("cargo", "run", "--quiet", "--locked", "--")
)
JAVA = Driver(
    "java",
    "mvn",
    ("mvn", "-q", "-B", "dependency:build-classpath", "-Dmdep.outputFile=classpath"),
    ("sh", "-c", 'exec java -cp "$(cat classpath)" Main.java "$@"', "java"),
)
JAVASCRIPT = Driver("javascript", "npm", ("npm", "ci"), ("node", "main.js"))


def command(
    words: Sequence[str], *, folder: Path, seconds: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )


@pytest.mark.long
@pytest.mark.timeout(FETCH_SECONDS + RUN_SECONDS)
@pytest.mark.parametrize("driver", [GO, JAVA, RUST, JAVASCRIPT], ids=lambda driver: driver.folder)
def test_a_driver_connects_writes_reads_fails_and_kills(
    start: Start, tmp_path: Path, driver: Driver
) -> None:
    if shutil.which(driver.tool) is None:
        pytest.skip(f"{driver.folder}: {driver.tool} is not installed here")
    folder = tmp_path / driver.folder
    shutil.copytree(DRIVERS / driver.folder, folder)
    fetched = command(driver.fetch, folder=folder, seconds=FETCH_SECONDS)
    if fetched.returncode:
        pytest.skip(f"{driver.folder}: its registry gave no driver: {fetched.stdout[-1000:]}")
    users = tmp_path / "accounts.toml"
    users.write_text(USERS)
    server: Server = start("--users", str(users))
    words = (*driver.run, f"127.0.0.1:{server.port}", PASSWORDS["default"], PASSWORDS["analyst"])
    ran = command(words, folder=folder, seconds=RUN_SECONDS)
    assert ran.returncode == 0 and ran.stdout.splitlines()[-1].startswith("OK "), ran.stdout[-4000:]
