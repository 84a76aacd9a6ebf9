"""Which workspace is a folder in? Git says it, if it is there and knows the folder."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from nervous_system.client.workspace import (
    NO_WORKSPACE,
    Workspace,
    folder_name,
    given_name,
    history_name,
    remote_name,
)
from nervous_system.contract.given import Given

_log = structlog.get_logger()

MAX_SECONDS: Final = 10.0
"""For each question to git: one of a huge history that has no remote is given up."""


class _Unknown(Exception):
    """Git does not say it."""


async def find_workspace(
    where: Workspace | Path | str | None = None, *, folder: Path | None = None
) -> Workspace:
    """The workspace of this `folder`, which may stand in the first place, too; of the current one
    if there is none. A text is the name for it, an empty one is none. Raises InvalidEvent for a
    name that cannot be recorded, and a folder that is not there."""
    if isinstance(where, Workspace):
        return where
    given, name = Given(), ""
    if isinstance(where, str):
        name = given_name(given, where)
    elif isinstance(where, Path):
        folder = where
    elif where is not None:
        given.problems.append("workspace has to be a Workspace, a Path, a text, or None")
    if folder is not None and not await asyncio.to_thread(folder.is_dir):
        given.problems.append("workspace is no folder that is there")
    given.check()
    if where == "":
        return NO_WORKSPACE
    return await asyncio.to_thread(_workspace_of, folder or Path(), name)


def _workspace_of(folder: Path, name: str) -> Workspace:
    try:
        folder = folder.resolve()
    except (OSError, RuntimeError):  # it is gone, or a circle of links
        return Workspace(name)
    try:
        root = _root(folder)
    except _Unknown as unknown:
        if any((each / ".git").exists() for each in (folder, *folder.parents)):
            _log.warning("workspace.unknown", folder=str(folder), error=str(unknown))
        return Workspace(name or folder_name(folder, host=socket.gethostname()), folder, folder)
    return Workspace(name or _name(root), root, folder)


def _root(folder: Path) -> Path:
    """Of the repository, and of a submodule that of the one it is in: each file has one name."""
    root = folder
    while True:
        root = Path(_git(root, "rev-parse", "--show-toplevel"))
        above = _git(root, "rev-parse", "--show-superproject-working-tree")
        if not above:
            return root
        root = Path(above)


def _name(root: Path) -> str:
    for find in (_remote, _history):
        try:
            if name := find(root):
                return name
        except _Unknown:
            continue
    return folder_name(root, host=socket.gethostname())


def _remote(root: Path) -> str:
    remotes = _git(root, "remote").split("\n")
    chosen = "origin" if "origin" in remotes else min(remotes)
    return remote_name(_git(root, "remote", "get-url", "--", chosen)) if chosen else ""


def _history(root: Path) -> str:
    if _git(root, "rev-parse", "--is-shallow-repository") != "false":
        return ""  # its oldest commit is another one tomorrow
    commits = _git(root, "rev-list", "--max-parents=0", "--first-parent", "HEAD", "--")
    return history_name(commits.split("\n")[-1])


def _git(folder: Path, *arguments: str) -> str:
    """What git prints. Raises _Unknown."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    run = partial(subprocess.run, capture_output=True, stdin=subprocess.DEVNULL, check=True)
    try:
        done = run(["git", "-C", folder, *arguments], env=variables, timeout=MAX_SECONDS)
    except subprocess.CalledProcessError as error:
        raise _Unknown(os.fsdecode(error.stderr).strip()[:500]) from error
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise _Unknown(str(error)) from error
    return os.fsdecode(done.stdout).removesuffix("\n")
