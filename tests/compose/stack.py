"""The containers of docker-compose.yml under a project name and on ports of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bench.child import bare_environment

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
SERVICES = ("ingestor", "governor", "overseer", "guardian", "worker", "mission_control")
SERVERS = ("nats", "clickhouse", "jaeger")
PULL_SECONDS = 600.0
BUILD_SECONDS = 1200.0


def command() -> list[str] | None:
    """Compose v2, or docker-compose; None where there is neither, or no engine."""
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True).returncode
    ):
        return None
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def can_be_pulled(image: str) -> bool:
    """Whether it is here already, or a registry gives it."""
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode == 0:
        return True
    pulled = subprocess.run(
        ["docker", "pull", "-q", image], capture_output=True, timeout=PULL_SECONDS
    )
    return pulled.returncode == 0


def build_by_host_network() -> None:
    """The image of docker-compose.yml; not by compose, whose builder may be refused this network
    and cannot be told to allow it.
    """
    argv = ["docker", "build", "-q", "--network", "host", "-t", "ganglion:local", str(ROOT)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=BUILD_SECONDS)
    assert done.returncode == 0, done.stderr


@dataclass
class Stack:
    """One `docker compose` project."""

    project: str
    ports: Mapping[str, int]  # by variable of docker-compose.yml
    command: list[str]
    files: list[Path] = field(default_factory=list)
    more: Mapping[str, str] = field(default_factory=dict)  # what those files want to be told

    @cached_property
    def environment(self) -> dict[str, str]:
        return (
            bare_environment()
            | {name: str(port) for name, port in self.ports.items()}
            | dict(self.more)
        )

    def __call__(self, *arguments: str, seconds: float = 300.0) -> str:
        """`docker compose …` to the end; it must end well."""
        files = [word for path in self.files for word in ("-f", str(path))]
        argv = [*self.command, "-p", self.project, "--project-directory", str(ROOT), *files]
        done = subprocess.run(
            [*argv, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def logs(self) -> str:
        """The last words of every container."""
        names = subprocess.run(
            ["docker", "ps", "-a", "--filter", f"name={self.project}", "--format", "{{.Names}}"],
            capture_output=True,
            text=True,
        ).stdout.split()
        said = []
        for name in names:
            log = subprocess.run(
                ["docker", "logs", "--tail", "15", name], capture_output=True, text=True
            )
            said.append(f"--- {name}\n{log.stdout}{log.stderr}")
        return "\n".join(said)

    def container(self, service: str) -> str:
        """Its id."""
        found = subprocess.run(
            [
                *("docker", "ps", "-aq", "--no-trunc"),
                *("--filter", f"label=com.docker.compose.project={self.project}"),
                *("--filter", f"label=com.docker.compose.service={service}"),
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert len(found) == 1, (service, found)
        return found[0]

    def state(self, service: str) -> dict[str, object]:
        """As the engine tells it."""
        told = subprocess.run(
            ["docker", "inspect", "-f", "{{json .State}}", self.container(service)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        found: dict[str, object] = json.loads(told)
        return found

    def pid(self, service: str) -> int:
        """Of its first process, on this machine."""
        return int(str(self.state(service)["Pid"]))

    def kill(self, service: str) -> int:
        """As a crash would: `docker kill` counts as a person's wish, and nothing is restarted."""
        pid = self.pid(service)
        os.kill(pid, signal.SIGKILL)
        return pid

    def healthy(self, service: str) -> bool:
        """Whether its health check says so; one without a check has to run."""
        state = self.state(service)
        health = state.get("Health")
        if isinstance(health, dict):
            return health["Status"] == "healthy"  # type: ignore[no-any-return]
        return bool(state["Running"])

    def until(self, condition: Callable[[], bool], what: str, *, seconds: float = 120.0) -> float:
        """How long it took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, f"{what} did not happen\n{self.logs()}"
            time.sleep(0.2)
        return time.monotonic() - began
