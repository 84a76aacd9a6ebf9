"""In which workspace does a file lie, and what is it called there?

A workspace is a repository or a folder. Its name is the same wherever it is cloned, so that two
repositories' `calc.py` are two resources, and one repository's are one; a path is relative to its
root, from whichever folder it is told.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from nervous_system.contract.check import MAX_WORKSPACE_BYTES
from nervous_system.contract.given import Given
from nervous_system.contract.resource import FILE_SYSTEM, Resource
from nervous_system.visible import says_something

_SCP: Final = re.compile(r"(?:[^@/:]*(?::[^@/]*)?@)?(\[[^\]/]+\]|[^:/@\[\]]{2,}):(?!/?/)([^@]+)")
"""`git@github.com:owner/repository.git`; of one letter it is a drive of Windows."""
_PORTS: Final = {"ssh": 22, "git+ssh": 22, "https": 443, "http": 80, "git": 9418}


@dataclass(frozen=True, slots=True)
class Workspace:
    """What resources are in. Without a name they are in none, and are called as they are told."""

    name: str = ""
    root: Path | None = None  # on this machine; None: paths are told from the root
    folder: Path | None = None  # what relative paths start from; None: the root

    def file(self, path: str) -> Resource:
        """The file at `path`. One outside of the root is in no workspace."""
        if not self.name:
            return Resource.file(path)
        if self.root is None:
            return Resource(FILE_SYSTEM, path, self.name)
        whole = os.path.normpath((self.folder or self.root) / path)
        inside = _below(self.root, whole) or _below(self.root, _without_links(whole))
        return Resource(FILE_SYSTEM, inside, self.name) if inside else Resource.file(whole)

    def of(self, target: Resource) -> Resource:
        """The same resource, in this workspace unless it names one itself."""
        if target.workspace is not None:
            return target
        if target.type == FILE_SYSTEM:
            return self.file(target.name)
        return Resource(target.type, target.name, self.name)


NO_WORKSPACE: Final = Workspace()


def _below(root: Path, path: str) -> str:
    """The path from the root on, with slashes; empty if it is not below."""
    whole = Path(path)
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else ""


def _without_links(path: str) -> str:
    """The folder that a file really lies in; the file itself may be a link, and is meant."""
    try:
        return str(Path(path).parent.resolve() / Path(path).name)
    except (OSError, ValueError, RuntimeError):  # no name of a file, or a circle of links
        return path


def given_name(given: Given, name: object) -> str:
    """A workspace's name that somebody chose. A remote is named without user and password."""
    text = given.text("workspace", name)
    if not text:
        return ""
    if "://" in text or "@" in text:
        if cleaned := remote_name(text):
            return cleaned
        given.problems.append("workspace is an address of which not all is to be recorded")
    elif not text.isprintable() or not says_something(text):
        given.problems.append("workspace has a control character, or shows nothing")
    elif ".." in text.split("/"):
        given.problems.append("workspace goes up with `..`: name the folder itself")
    elif len(text.encode()) > MAX_WORKSPACE_BYTES:
        given.problems.append(f"workspace has more than {MAX_WORKSPACE_BYTES:,} bytes")
    return text


def remote_name(address: str) -> str:
    """`github.com/owner/repository` of a remote's address, however it is written, without user,
    password, query and `.git`; empty if it is on this machine, or of no form that is known."""
    if "::" in address.partition("/")[0] and "[" not in address:
        return ""  # a helper's own words
    if "://" in address:
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return ""
        path = parts.path
        if parts.scheme == "file" or not host:
            return ""
        if port is not None and port != _PORTS.get(parts.scheme):
            host = f"{host}:{port}"
    else:
        found = _SCP.fullmatch(address)
        if found is None:
            return ""
        host, path = found[1].strip("[]").lower(), found[2]
    steps = [step for step in path.split("/") if step not in ("", ".")]
    if not steps or ".." in steps or "@" in path:  # as where a password has a slash in it
        return ""
    return _shorten(_printable("/".join([host, *steps]).removesuffix(".git")))


def folder_name(folder: Path, *, host: str) -> str:
    """`file://host/path` of a folder that is no repository's: it is of one machine."""
    return _shorten(f"file://{_printable(quote(host, safe=''))}{folder.as_uri()[len('file://') :]}")


def history_name(first_commit: str) -> str:
    """A repository that has no remote is known by its oldest commit, as each copy has that."""
    return f"commit:{first_commit[:16]}"


def _printable(text: str) -> str:
    return "".join(
        each if each.isprintable() else quote(each, errors="surrogateescape") for each in text
    )


def _shorten(name: str) -> str:
    """Two that are cut stay two, by a part of their digest."""
    if len(name.encode()) <= MAX_WORKSPACE_BYTES:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name.encode()[: MAX_WORKSPACE_BYTES - 32].decode(errors='ignore')}…{digest}"
