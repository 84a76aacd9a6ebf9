"""How are the dashboard's own tests run from here?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "mission_control" / "dashboard"


def why_not() -> str:
    """Why they can't be run; empty if they can."""
    if not (FOLDER / "node_modules" / ".installed").exists():
        return "the dashboard's packages are not here: `make dashboard` fetches them"
    return ""


def chromium() -> str | None:
    """Where a browser is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def run_script(
    *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """A script of `package.json`."""
    command = [sys.executable, str(FOLDER / "build.py"), *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "CI": "1", **environment},
    )
