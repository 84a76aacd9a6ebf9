"""Which meshes were given a name here, and which of them was chosen?

A context is a private file below `~/.config/ganglion/contexts` (XDG_CONFIG_HOME): a home, or the
address of a mesh elsewhere with a credentials file and the address of its ClickHouse. `ganglion
contexts` writes them.
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from nervous_system.errors import BadSetting
from nervous_system.shown_address import problem_of

NONE: Final = "default"
"""Chosen by this name, no context is."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_JWT: Final = "-----BEGIN NATS USER JWT-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stands for a mesh; what is empty was not said."""

    home: str = ""  # of a mesh on this machine, absolute
    nats_url: str = ""
    credentials: str = ""  # a file, absolute: what `ganglion keys new` wrote, or a NATS one
    clickhouse_url: str = ""

    def variables(self) -> dict[str, str]:
        """The settings it gives, as variables. Raises BadSetting where the credentials cannot be
        read."""
        said = {
            "GANGLION_HOME": self.home,
            "NATS_URL": self.nats_url,
            "CLICKHOUSE_URL": self.clickhouse_url,
        }
        given = _credentials(Path(self.credentials)) if self.credentials else {}
        return given | {name: value for name, value in said.items() if value}


def folder() -> Path:
    """Where contexts are kept."""
    given = os.environ.get("XDG_CONFIG_HOME", "").strip()
    return (Path(given) if given else Path("~/.config").expanduser()) / "ganglion" / "contexts"


def chosen_file() -> Path:
    """Which one was chosen stands here."""
    return folder().with_name("context")


def file_of(name: str) -> Path:
    """The file of a context. Raises BadSetting for what cannot be the name of one."""
    if not _NAME.fullmatch(name) or name == NONE:
        raise BadSetting(
            f"{name[:80]!r} cannot be the name of a context: it begins with a letter or a digit and"
            f" has up to 63 letters, digits, '.', '_' and '-', and {NONE} means none of them"
        )
    return folder() / f"{name}.json"


def read_context(name: str) -> Context:
    """Raises BadSetting where there is none of this name, or it is not ours alone."""
    file = file_of(name)
    try:
        context = Context(**json.loads(_private(file)))
        if not all(isinstance(each, str) for each in (context.home, context.nats_url)):
            raise TypeError("what it says is no text")
    except FileNotFoundError:
        raise BadSetting(
            f"there is no context {name!r}; see `ganglion contexts list`, or choose none with"
            f" `ganglion contexts use {NONE}`"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise BadSetting(f"{file} cannot be used ({error}); mend it, or add it anew") from None
    if context.nats_url and problem_of(context.nats_url):
        raise BadSetting(f"{file}: {problem_of(context.nats_url)}; add it anew")
    return context


def chosen_context() -> str:
    """The name of the one that is used where nothing else is said, empty where there is none."""
    try:
        name = _private(chosen_file()).strip()
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # nobody's home folder is known
        return ""
    except (OSError, ValueError) as error:
        raise BadSetting(f"{chosen_file()} cannot be used ({error}); remove it") from None
    return "" if name == NONE else name


def _credentials(file: Path) -> dict[str, str]:
    try:
        text = _private(file)
    except (OSError, ValueError) as error:
        raise BadSetting(
            f"the credentials {file} cannot be read ({error}); add the context anew"
        ) from None
    if _JWT in text:
        return {"GANGLION_NATS_CREDENTIALS": str(file)}
    found = dotenv_values(stream=StringIO(text), interpolate=False)
    return {name: value for name, value in found.items() if value}


def _private(file: Path) -> str:
    """The text of a file of ours that nobody else may read or write. Raises OSError, ValueError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="utf-8") as opened:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_uid not in (os.geteuid(), 0):
            raise ValueError("it is no file of this user's own")
        if about.st_mode & 0o077:
            raise ValueError("others may read or write it: `chmod 600` it")
        return opened.read()
