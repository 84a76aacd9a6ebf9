"""
Where are a repository's commits and objects, without asking git?

Git obeys the configuration of the repository that it is asked about, and some of it names programs.
So the few files that say what there is are read here, as data, and git never learns of this folder:
it is given a repository of our own (`importers.git.copy`).

Whoever made the folder may have made it lead elsewhere: a `.git` that is a link or names another
folder, a store that borrows objects. What leads out of the folder must be named from there too, as
git does for its own worktrees and submodules; otherwise it is refused.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from importers.foreign_file import read_foreign
from importers.refusal import ImportRefused
from nervous_system.contract.truncation import recordable

_MAX_PACKED_BYTES: Final = 64 * 1024**2
_MAX_SHORT_BYTES: Final = 64 * 1024
_MAX_REFS: Final = 200_000
_MAX_HOPS: Final = 5  # as git: a name that names a name that …
_ID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NAME: Final = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\]+")
_NO_NAME: Final = re.compile(r"\.\.|@\{|//|/\.|\.lock(?:/|\Z)|[./]\Z|\Arefs/replace/")
_OBJECTS: Final = re.compile(r"pack|[0-9a-f]{2}")
_BRANCHES: Final = "refs/heads/"
_USUAL_BRANCHES: Final = ("main", "master", "trunk", "develop")
_MAX_NAMED: Final = 10
_WORKTREE: Final = re.compile(rb"^\s*worktree\s*=\s*(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class GitFolder:
    """What a repository says of itself."""

    objects: Path
    object_folders: tuple[str, ...]  # of `objects`; looked through, nothing but files in them
    head: str | None  # commit id; None where there is no commit yet
    refs: Mapping[str, str]  # object id by full name
    partial: bool  # objects were left behind when it was cloned
    remark: str = ""  # a sentence, where it is not what HEAD names that is taken


def find_git_folder(path: Path) -> GitFolder:
    """
    The repository at or above `path`.

    Raises ImportRefused: none there, shallow, or one that leads to another.
    """
    name = recordable(str(path))
    if not path.is_dir():
        raise ImportRefused(f"{name} is not a folder; name the folder of a git repository")
    git_dir, common = _places(path.resolve(), name)
    if read_foreign(common / "shallow", max_bytes=_MAX_PACKED_BYTES):
        raise ImportRefused(
            f"{name} is a shallow clone: its older commits are missing, and the chains of its"
            " files would begin in the middle; run `git fetch --unshallow` there first"
        )
    if os.path.lexists(common / "reftable"):
        raise ImportRefused(
            f"{name} keeps its branches in a reftable, which is not read; run"
            " `git refs migrate --ref-format=files` there first"
        )
    objects = common / "objects"
    for file in (objects, common / "refs"):
        if file.is_symlink():
            raise _elsewhere(file)
    if read_foreign(objects / "info" / "alternates", max_bytes=_MAX_PACKED_BYTES):
        raise ImportRefused(
            f"{name} borrows objects of another repository ({objects / 'info' / 'alternates'}),"
            " and an import reads the one that was named only; run `git repack -a -d` there and"
            " remove that file, or import the other"
        )
    refs = dict(_packed_refs(common)) | dict(_loose_refs(common))
    folders = tuple(_object_folders(objects))
    partial = any(
        file.name.endswith(".promisor")
        for file in (os.scandir(objects / "pack") if "pack" in folders else ())
    )
    ids = {ref: found for ref in refs if (found := _resolve(ref, refs)) is not None}
    said = _head(git_dir)
    head, remark = _resolve("HEAD", {**refs, "HEAD": said}), ""
    if head is None:
        head, remark = _instead(said.removeprefix("ref:").strip(), ids, name)
    return GitFolder(objects, folders, head, ids, partial, remark)


def _places(start: Path, name: str) -> tuple[Path, Path]:
    """The folder with HEAD, and the one with objects and refs: another in a linked worktree."""
    for folder in (start, *start.parents):
        dot = folder / ".git"
        if dot.is_symlink():
            raise _elsewhere(dot)
        if _is_git_dir(dot):
            return dot, _common(dot)
        if dot.is_file():
            return _follow_link(dot)
        if _is_git_dir(folder):
            return folder, _common(folder)
    raise ImportRefused(
        f"{name} is not a git repository that can be read: neither it nor a folder above it has a"
        " .git with HEAD, objects and refs"
    )


def _is_git_dir(path: Path) -> bool:
    if not os.path.lexists(path / "HEAD"):
        return False
    return (path / "commondir").exists() or (
        (path / "objects").is_dir() and (path / "refs").is_dir()
    )


def _follow_link(dot: Path) -> tuple[Path, Path]:
    """What a `.git` file names: a worktree's or a submodule's folder, which names it back."""
    target = _short(dot).removeprefix("gitdir:").strip()
    git_dir = Path(os.path.realpath(dot.parent / target)) if target else dot
    if not target or not _is_git_dir(git_dir):
        raise ImportRefused(f"{recordable(str(dot))} names no repository; is it damaged?")
    back = _short(git_dir / "gitdir").strip()
    if back and os.path.realpath(git_dir / back) == str(dot):
        return git_dir, _common(git_dir)
    config = read_foreign(git_dir / "config", max_bytes=_MAX_SHORT_BYTES) or b""
    for found in _WORKTREE.findall(config):
        if os.path.realpath(git_dir / os.fsdecode(found)) == str(dot.parent):
            return git_dir, _common(git_dir)
    raise _elsewhere(dot, git_dir)


def _common(git_dir: Path) -> Path:
    """A worktree's share of the repository lies within the repository itself."""
    shared = _short(git_dir / "commondir").strip()
    if not shared:
        return git_dir
    common = Path(os.path.realpath(git_dir / shared))
    if git_dir.resolve().parent != common / "worktrees":
        raise _elsewhere(git_dir / "commondir", common)
    return common


def _short(path: Path) -> str:
    """A file of one line; empty where there is none."""
    data = read_foreign(path, max_bytes=_MAX_SHORT_BYTES) or b""
    if b"\0" in data:
        raise ImportRefused(f"{recordable(str(path))} holds a zero byte; is it damaged?")
    return os.fsdecode(data)


def _head(git_dir: Path) -> str:
    """What is checked out, by name or id. Old versions of git made HEAD a link to the name."""
    head = git_dir / "HEAD"
    said = f"ref: {head.readlink()}" if head.is_symlink() else _short(head)
    return said.strip()


def _instead(missing: str, ids: Mapping[str, str], name: str) -> tuple[str | None, str]:
    """The commit to take where the branch that HEAD names is not there, and a sentence about it.

    Servers have such, where the branch is called otherwise than their own default.

    Raises ImportRefused where one would have to guess.
    """
    branches = {each.removeprefix(_BRANCHES): each for each in ids if each.startswith(_BRANCHES)}
    if not branches or not (missing.startswith(_BRANCHES) and _is_name(missing)):
        return None, ""
    usual = next((each for each in _USUAL_BRANCHES if each in branches), "")
    taken = next(iter(branches)) if len(branches) == 1 else usual
    wanted = f"HEAD of {name} names {missing}, which is not there"
    if not taken:
        there = ", ".join(sorted(branches)[:_MAX_NAMED])
        more = f" and {len(branches) - _MAX_NAMED:,} more" if len(branches) > _MAX_NAMED else ""
        raise ImportRefused(
            recordable(
                f"{wanted}; its branches are {there}{more}. Say which one is meant with"
                f" `git --git-dir={name} symbolic-ref HEAD {_BRANCHES}…`"
            )
        )
    return ids[branches[taken]], recordable(f"{wanted}: its branch {taken} is taken")


def _resolve(name: str, refs: Mapping[str, str]) -> str | None:
    for _ in range(_MAX_HOPS):
        said = refs.get(name, "")
        if not said.startswith("ref:"):
            return said if _ID.fullmatch(said) else None
        name = said.removeprefix("ref:").strip()
    return None


def _packed_refs(common: Path) -> Iterator[tuple[str, str]]:
    data = read_foreign(common / "packed-refs", max_bytes=_MAX_PACKED_BYTES) or b""
    for line in os.fsdecode(data).split("\n"):
        found, _, name = line.partition(" ")
        if _ID.fullmatch(found) and _is_name(name):
            yield name, found


def _loose_refs(common: Path) -> Iterator[tuple[str, str]]:
    folders = ["refs"]
    seen = 0
    while folders:
        folder = folders.pop()
        for file in os.scandir(common / folder):
            name = f"{folder}/{file.name}"
            if (seen := seen + 1) > _MAX_REFS:
                raise ImportRefused(
                    f"{recordable(str(common))} has more than {_MAX_REFS:,} files of branches"
                    " and tags; run `git pack-refs --all` there first"
                )
            if file.is_dir(follow_symlinks=False):
                folders.append(name)
            elif file.is_file(follow_symlinks=False) and _is_name(name):
                yield name, _short(common / name).strip()


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and _NO_NAME.search(name) is None


def _object_folders(objects: Path) -> Iterator[str]:
    """Those that git may see: packs and single objects. Nothing in them leads elsewhere."""
    for folder in os.scandir(objects):
        if _OBJECTS.fullmatch(folder.name) is None:
            continue
        if not folder.is_dir(follow_symlinks=False):
            raise _elsewhere(Path(folder.path))
        for file in os.scandir(folder):
            mode = file.stat(follow_symlinks=False).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise _elsewhere(Path(file.path))
        yield folder.name


def _elsewhere(path: Path, target: Path | None = None) -> ImportRefused:
    try:
        to = f" to {target or path.readlink()}"
    except OSError:
        to = ""
    return ImportRefused(
        recordable(
            f"{path} leads elsewhere{to}, which does not name it back; an import reads the folder"
            " that was named and nothing else. If you mean the other, name that one"
        )
    )
