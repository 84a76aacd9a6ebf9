"""What lies where in the folder of a mesh?"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from nervous_system.errors import Fatal
from nervous_system.host.files import make_private


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one mesh (GANGLION_HOME). Two meshes have two homes."""

    path: Path  # absolute

    @classmethod
    def at(cls, path: Path) -> Home:
        """The home at `path`, whether it exists or not."""
        return cls(path.expanduser().absolute())

    @property
    def lock_file(self) -> Path:
        """Held by the supervisor while the mesh runs; its content is the supervisor's pid."""
        return self.path / "run" / "lock"

    @property
    def mesh_file(self) -> Path:
        """What runs, as JSON; see `local_mesh/supervisor/mesh_file.py`."""
        return self.path / "run" / "mesh.json"

    @property
    def nats_configuration(self) -> Path:
        """The embedded NATS server's configuration, written anew at every start."""
        return self.path / "run" / "nats.conf"

    @property
    def nats_users(self) -> Path:
        """Beside it: who its users are, with their passwords."""
        return self.path / "run" / "nats-users.conf"

    @property
    def nats_store(self) -> Path:
        """The log's files."""
        return self.path / "nats"

    @property
    def clickhouse_store(self) -> Path:
        """The tables' files."""
        return self.path / "clickhouse"

    @property
    def http_key(self) -> Path:
        """What lets the next browser in at mission control; good once."""
        return self.path / "run" / "http_key"

    @property
    def keyframes(self) -> Path:
        """States of the past, from which those at any position are folded soon."""
        return self.path / "keyframes"

    def health_socket(self, name: str) -> Path:
        """Where one process is asked for its health: strangers cannot crowd a file of ours."""
        return self.path / "run" / f"{name}.sock"

    def log(self, name: str) -> Path:
        """The log file of one process."""
        return self.logs / f"{name}.log"

    @property
    def logs(self) -> Path:
        """Where the log files of all processes are."""
        return self.path / "logs"

    @property
    def is_new(self) -> bool:
        """Whether no mesh has run here yet."""
        return not (self.nats_store / "jetstream").exists()

    @property
    def was_started(self) -> bool:
        """Whether a mesh was started here before: it has keys then, and may be running. The folders
        alone say nothing; `ganglion samples` makes them, too.
        """
        return not self.is_new or os.access(self.lock_file, os.F_OK)

    @property
    def existing(self) -> Path:
        """The folder, or the first one above it that is there."""
        return next(each for each in (self.path, *self.path.parents) if os.access(each, os.F_OK))

    def create(self) -> None:
        """Make the folders that are not there yet. Raises Fatal when that is not possible, or they
        are not ours alone."""
        folders = [self.path / name for name in ("run", "logs", "nats", "clickhouse")]
        try:
            for folder in (self.path, *folders):
                if os.path.lexists(folder):
                    _check_ours(folder)
            for folder in folders:
                make_private(folder)
        except OSError as error:
            raise Fatal(
                f"the home {self.path} cannot be made ({error.strerror});"
                " set GANGLION_HOME to a folder that you may write to"
            ) from error


def _check_ours(folder: Path) -> None:
    """Raises Fatal where somebody else could have put files there, or can: whoever writes a line of
    `trusted_keys` speaks for everybody, and a link in the place of a log is written through."""
    found = folder.stat()
    ours = {found.st_uid, folder.lstat().st_uid} <= {0, os.geteuid()}
    if not ours or found.st_mode & stat.S_IWOTH:
        whose = "can be written to by everybody" if ours else "belongs to another user"
        raise Fatal(
            f"{folder} {whose}, and what stands in a home is believed and obeyed;"
            " set GANGLION_HOME to a folder that only this user can write to"
        )
