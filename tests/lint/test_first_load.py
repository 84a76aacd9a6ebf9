"""Is a dashboard that is too large to load found?"""

from __future__ import annotations

import json
import os
from pathlib import Path

from lint.first_load import files_of_first_load, problems


def _built(folder: Path, *, part_bytes: int) -> Path:
    (folder / ".vite").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html>")
    for name in ("main.js", "part.js", "now.js", "later.js", "main.css"):
        (folder / "assets" / name).write_bytes(os.urandom(part_bytes if name == "part.js" else 10))
    manifest = {
        "index.html": {
            "file": "assets/main.js",
            "css": ["assets/main.css"],
            "imports": ["_part.js"],
            "dynamicImports": ["src/views/now/index.tsx", "src/views/later/index.tsx"],
        },
        "_part.js": {"file": "assets/part.js", "imports": ["index.html"]},
        "src/views/now/index.tsx": {"file": "assets/now.js", "imports": ["index.html"]},
        "src/views/later/index.tsx": {"file": "assets/later.js"},
    }
    (folder / ".vite" / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_the_first_page_and_what_it_needs_are_counted(tmp_path: Path) -> None:
    built = _built(tmp_path, part_bytes=10)
    names = {each.name for each in files_of_first_load(built)}
    assert names == {"index.html", "main.js", "main.css", "part.js", "now.js"}
    assert problems(built, max_bytes=1_000) == []


def test_one_that_is_too_large_is_named(tmp_path: Path) -> None:
    found = problems(_built(tmp_path, part_bytes=2_000), max_bytes=1_000)
    assert "the budget is 1,000" in found[0]
    assert any("part.js" in each for each in found[1:])
