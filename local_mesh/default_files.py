"""Where do a new home's charter, policy and registry come from? From the overseer's samples."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from local_mesh.home import Home
from nervous_system.errors import Fatal


def write_default_files(home: Home) -> list[Path]:
    """Write the samples that are missing in the home; which they were. None is overwritten.

    Raises Fatal where the folder cannot be written to.
    """
    written = []
    for sample in sorted((files("overseer") / "samples").iterdir(), key=lambda each: each.name):
        path = home.path / sample.name
        if path.exists():
            continue
        try:
            path.write_text(sample.read_text(encoding="utf-8"), encoding="utf-8")
        except OSError as error:
            raise Fatal(f"{path} cannot be written ({error.strerror})") from error
        written.append(path)
    return written
