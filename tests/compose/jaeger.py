"""Is there a Jaeger to be had where no registry gives its image? Built from source, where Go is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

MODULE = "github.com/jaegertracing/jaeger"
VERSION = "v1.76.0"
"""What was released as 2.13.0, too: a module of Go cannot be called v2 without another path."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ganglion-compose-test"
BUILD_SECONDS = 2400.0


def built() -> Path | None:
    """The binary, from an earlier run or built now (several minutes); None where that fails."""
    binary = CACHE / f"jaeger-{VERSION}"
    if binary.exists():
        return binary
    if shutil.which("go") is None:
        return None
    print(f"\nbuilding Jaeger {VERSION} from source; this takes some minutes, once")
    told = subprocess.run(
        ["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"], capture_output=True, text=True
    )
    if told.returncode != 0:
        return None
    source = CACHE / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(json.loads(told.stdout)["Dir"], source, copy_function=shutil.copyfile)
    made = subprocess.run(
        # In a copy of the module: its go.mod replaces others, which `go install` refuses.
        ["go", "build", "-buildvcs=false", "-o", str(binary), "./cmd/jaeger"],
        cwd=source,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
    )
    shutil.rmtree(source, ignore_errors=True)
    if made.returncode != 0:
        print(f"it could not be built: {made.stderr[-500:]}")
        return None
    return binary
