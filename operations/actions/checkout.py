"""How do the files of a moment get into a folder, as the agents left them?

Each is rebuilt from the chain of its changes and written only if its bytes bear the hash on record.
What cannot be rebuilt, or has no place in the folder, is named with its reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from importers.git.history import OF_HISTORY
from importers.unified_diff import name_of
from nervous_system.errors import BadSetting
from nervous_system.host.inside import Inside, PathRefused, steps_of
from nervous_system.phrases import join_list, pluralize
from operations.queries.rows import rows
from operations.queries.state.file_chain import Link, NotRebuilt, rebuilt
from operations.queries.state.recorded_moment import RecordedMoment, recorded_moment_of

MAX_NAMES_BYTES: Final = 30_000
"""Of the paths in one question: they stand in its address, escaped."""

MAX_CHAIN_BYTES: Final = 32 * 1024**2
"""Of the diffs in one answer, unless one file alone has more."""


@dataclass(slots=True, kw_only=True)
class CheckedOut:
    """What became of the files."""

    workspace: str
    moment: RecordedMoment
    written: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)  # by path: why

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "workspace": self.workspace,
            "epoch": self.moment.epoch,
            "position": self.moment.position,
            "recorded_at": self.moment.recorded_at.isoformat().replace("+00:00", "Z"),
            "written": self.written,
            "left_out": self.left_out,
        }


def check_out(
    typed: str,
    folder: Path,
    *,
    workspace: str | None,
    overwrite: bool,
    tell: Callable[[str], None],
) -> CheckedOut:
    """The files of one workspace at the moment that was typed, into a folder.

    Without a `workspace`: of the only one there is. `tell` hears that the tables may be behind the
    log. Raises UnknownMoment, BadSetting, NotRunning, QueryRefused.
    """
    moment = recorded_moment_of(typed, tell=tell)
    found = CheckedOut(workspace=_workspace(workspace, moment), moment=moment)
    try:
        inside = Inside(folder)
    except OSError as error:
        raise BadSetting(f"{folder} cannot be a folder of files: {error.strerror}") from error
    for path, content in _contents(found):
        try:
            inside.write(_place(path, found.workspace), content, overwrite=overwrite)
        except PathRefused as error:
            found.left_out[path] = str(error)
        except FileExistsError:
            found.left_out[path] = "something is there already; --overwrite replaces files"
        except OSError as error:
            found.left_out[path] = f"it cannot be written: {error.strerror}"
        else:
            found.written.append(path)
    return found


def _contents(found: CheckedOut) -> Iterator[tuple[str, bytes]]:
    """What is rebuilt, file by file; the rest is left out."""
    wanted = {}
    for row in _rows("files_at", found.moment, workspace=found.workspace):
        try:
            steps_of(_place(row["path"], found.workspace))
        except PathRefused as error:
            found.left_out[row["path"]] = str(error)
        else:
            wanted[row["path"]] = (row["state_hash"], row["diff_bytes"])
    for paths in _parts({path: size for path, (_, size) in wanted.items()}):
        chains = rows(
            "chains_of_files",
            tell=_nobody,
            wait=False,
            workspace=found.workspace,
            paths=paths,
        )
        for path, links in groupby(chains, key=lambda row: str(row["path"])):
            try:
                yield path, rebuilt(wanted[path][0], list(map(_link, links)))
            except NotRebuilt as error:
                found.left_out[path] = str(error)


def _place(path: str, workspace: str) -> str:
    """Where a file goes: a name that is no text is recorded of a repository as git writes it."""
    if not workspace.startswith(OF_HISTORY) or not path.startswith('"'):
        return path
    return os.fsdecode(name_of(path))


def _link(row: dict[str, Any]) -> Link:
    return Link(
        previous_hash=row["previous_state_hash"],
        new_hash=row["new_state_hash"],
        diff=row["diff_patch"],
        truncated=bool(row["truncated"]),
        external=bool(row["external"]),
    )


def _parts(sizes: dict[str, int]) -> Iterator[list[str]]:
    """The paths, as many at once as one question and its answer may have."""
    part: list[str] = []
    names = diffs = 0
    for path, size in sizes.items():
        length = 3 * len(path.encode()) + 6
        if part and (names + length > MAX_NAMES_BYTES or diffs + size > MAX_CHAIN_BYTES):
            yield part
            part, names, diffs = [], 0, 0
        part.append(path)
        names, diffs = names + length, diffs + size
    if part:
        yield part


def _workspace(wanted: str | None, moment: RecordedMoment) -> str:
    """The one that is meant. Raises BadSetting if there is none, or several."""
    there = [str(row["workspace"]) for row in _rows("workspaces", moment)]
    if wanted is not None and wanted in there:
        return wanted
    if not there:
        raise BadSetting("nobody had changed a file by then, as far as is recorded")
    named = join_list([each or "'' (in none)" for each in there])
    if wanted is not None:
        raise BadSetting(f"no file of workspace {wanted!r} was changed by then; there is {named}")
    if len(there) > 1:
        raise BadSetting(
            f"files of {pluralize(len(there), 'workspace')} were changed by then: {named}; say"
            " which with --workspace"
        )
    return there[0]


def _rows(name: str, moment: RecordedMoment, **parameters: str) -> list[dict[str, Any]]:
    return rows(
        name,
        tell=_nobody,
        wait=False,
        epoch=moment.epoch,
        position=moment.position,
        **parameters,
    )


def _nobody(sentence: str) -> None:
    """Whether the tables are behind was said when the moment was looked for."""
