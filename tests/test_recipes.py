"""Does each recipe work as it stands, and does one see what it says?"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from ganglion.exit_codes import NOT_RUNNING
from tests import pasting, tour
from tests.real_servers import free_port

FOLDER = tour.ROOT / "docs" / "recipes"
INDEX = FOLDER / "README.md"
PAGES = sorted(set(FOLDER.glob("*.md")) - {INDEX})
PORT_BASE = 14222
"""Of the second mesh in a recipe."""

TRAJECTORY = {
    "environment": "main",
    "trajectory": [
        {
            "action": "sed -i s/5/50/ retry.py",
            "observation": "",
            "response": "",
            "thought": "Five attempts are too few.",
            "execution_time": 0.25,
            "state": "{}",
        }
    ],
    "history": [{"role": "user", "content": "Fix the flaky upload."}],
    "info": {
        "exit_status": "submitted",
        "submission": "diff --git a/retry.py b/retry.py\n--- a/retry.py\n+++ b/retry.py\n"
        "@@ -1 +1 @@\n-ATTEMPTS = 5\n+ATTEMPTS = 50\n",
        "model_stats": {"instance_cost": 0.02, "tokens_sent": 900, "tokens_received": 40},
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where somebody stands who has a mesh, a git repository and runs of SWE-agent."""
    (tmp_path / ".ganglion").mkdir(mode=0o700)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "upload.traj").write_text(json.dumps(TRAJECTORY))
    project = tmp_path / "project"
    project.mkdir()
    (project / "retry.py").write_text("ATTEMPTS = 5\n")
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "Try five times"]):
        subprocess.run(["git", *arguments], cwd=project, check=True)
    return tmp_path


def port_base() -> int:
    """The first of four ports that are free."""
    while True:
        first = free_port()
        if [free_port() for _ in range(3)] == [first + 1, first + 2, first + 3]:
            return first


@pytest.mark.timeout(900)  # a machine that runs tests beside it is slow
@pytest.mark.parametrize("page", PAGES, ids=lambda each: each.stem)
def test_a_page_of_recipes(page: Path, folder: Path) -> None:
    environment = {
        **tour.environment(),
        "HOME": str(folder),
        "GANGLION_PORT_BASE": str(port_base()),
        "GANGLION_OPERATOR": "ada",
        "TZ": "UTC",
        "NO_COLOR": "1",
        "TERM": "dumb",  # no progress bars
    }
    tour.run("ganglion up --detach", environment, folder=folder)
    try:
        text = page.read_text()
        base = port_base()
        for offset in (0, 2, 3):
            text = text.replace(str(PORT_BASE + offset), str(base + offset))
        pasting.paste(text, folder, environment)
    finally:
        for running in folder.glob("**/run/lock"):
            down = f"ganglion --home '{running.parent.parent}' down || [ $? = {NOT_RUNNING} ]"
            tour.run(down, environment, folder=folder)


def test_every_recipe_is_in_the_index_and_two_at_most_are_not_run() -> None:
    found = {
        (title, page.name): text
        for page in PAGES
        for title, text in pasting.recipes(page.read_text())
    }
    listed = re.findall(r"^- \[(.+?)\]\(([^#)]+)", INDEX.read_text(), re.M)
    assert sorted(listed) == sorted(found)
    assert len(found) >= 20
    assert sum(pasting.NOT_RUN in text for text in found.values()) <= 2


@pytest.mark.parametrize(
    "page", [*PAGES, INDEX, FOLDER.parent / "glossary.md"], ids=lambda each: each.stem
)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        name, _, heading = target.partition("#")
        there = page.parent / name
        assert there.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", there.read_text(), re.M)
            slugs = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
            assert heading in slugs, target


@pytest.mark.parametrize(
    ("command", "shown", "same"),
    [
        ("echo 2 tasks", "2 tasks", True),
        ("echo 2 tasks", "3 tasks", False),
        ("echo 2 tasks; echo more", "2 tasks", False),
        ("echo 2 tasks; echo more", "2 tasks\n…", True),
        (
            "echo done 2026-11-30 13:02:11 UTC in 0.3 s",
            "done 2025-01-01 00:00:00 UTC in 12 s",
            True,
        ),
        ("false", "", False),
    ],
)
def test_what_one_sees_is_compared(command: str, shown: str, same: bool, tmp_path: Path) -> None:
    page = f"# P\n\n## How?\n\n```bash\n{command}\n```\n\n```text\n{shown}\n```\n"
    if same:
        pasting.paste(page, tmp_path, tour.environment())
    else:
        with pytest.raises(AssertionError, match=r"How\?"):
            pasting.paste(page, tmp_path, tour.environment())
