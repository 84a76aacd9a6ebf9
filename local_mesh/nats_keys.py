"""With what do the users of the NATS server prove themselves? A file of the home for each, made
once, that only its owner may read.

Nothing of it ever goes to a command line, a log or a page. Two that make the same file at once end
up with one and the same password.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from local_mesh.nats_accounts import ANYBODY, render_accounts
from local_mesh.nats_permissions import NatsUser, agent_user, member, standing_users
from nervous_system.contract.subjects import token
from nervous_system.errors import BadSetting, Fatal
from nervous_system.host.files import PRIVATE, create_atomically, make_private, write_atomically
from nervous_system.users import ADMIN, FOLDER, LISTENS, OPERATOR, read_password

NAMED: Final = "named.jsonl"
"""Beside the passwords: who else than the standing users has one, a line of JSON each."""

MONITORING: Final = "monitoring"
"""Beside them: the secret part of the address of the server's monitoring."""

_MARK: Final = "gnt_"
"""Passwords begin so: whatever looks for secrets in a text knows one when it sees it."""

_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class NamedUser:
    """Somebody who was given a user of his own."""

    name: str  # the agent's id, any text
    role: str
    works: bool = False  # it may offer itself for tasks, too

    @property
    def user(self) -> str:
        """What the server calls it: one plain word."""
        return token(self.name)

    @property
    def nats_user(self) -> NatsUser:
        """What it may say and hear."""
        if self.role == OPERATOR:
            return member(self.user, kind=OPERATOR)
        return agent_user(self.user, role=self.role, works=self.works, named=True)


class NatsKeys:
    """The passwords of the users of one home's server."""

    def __init__(self, home: Path) -> None:
        self.folder: Final = home / FOLDER

    def make(self) -> None:
        """What is missing of them. Raises Fatal where the folder cannot be ours alone, OSError."""
        self._make_folder()
        for user in (*(each.name for each in self._users()), ANYBODY, MONITORING):
            self._make_password(user)

    def add(self, wanted: NamedUser) -> str:
        """A user with this name; its password. Raises BadSetting where there is one already."""
        self.make()
        if wanted.user in {*(each.name for each in self._users()), ANYBODY, MONITORING, LISTENS}:
            raise BadSetting(
                f"there is a user {wanted.name!r} already; choose another name, or end it with"
                f" `ganglion keys revoke`"
            )
        with suppress(FileNotFoundError):
            (self.folder / wanted.user).unlink()  # of one that was revoked: never the same again
        self._make_password(wanted.user)
        self._write_named([*self.named_users(), wanted])
        password = read_password(self.folder / wanted.user)
        assert password is not None  # it was made just now
        return password

    def revoke(self, name: str) -> NamedUser | None:
        """Take the user of this name away; None where there is none."""
        gone = next((each for each in self.named_users() if each.name == name), None)
        if gone is None:
            return None
        self._write_named([each for each in self.named_users() if each.name != name])
        with suppress(FileNotFoundError):
            (self.folder / gone.user).unlink()
        return gone

    def named_users(self) -> list[NamedUser]:
        """Those that were added and are not revoked. Raises Fatal where the file is damaged."""
        try:
            lines = (self.folder / NAMED).read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return []
        try:
            return [NamedUser(**json.loads(line)) for line in lines if line]
        except (ValueError, TypeError) as error:
            raise Fatal(
                f"{self.folder / NAMED} cannot be understood ({error}); mend the line, or remove it"
                " and give those users keys anew"
            ) from error

    def listen(self, addresses: Sequence[str]) -> None:
        """Say on which addresses (`host:port`) our server is to be found, and no other's."""
        self._write(LISTENS, "".join(f"{each}\n" for each in addresses))

    def addresses(self) -> list[str]:
        """Those on which it was last said to listen."""
        try:
            return (self.folder / LISTENS).read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []

    def accounts(self, *, is_open: bool, also: tuple[str, str] | None = None) -> str:
        """What the server's configuration says about users; `also` are the name and the password of
        one with every right, whom the settings name. Raises Fatal."""
        users = list(self._users())
        passwords = {each.name: self._password(each.name) for each in users}
        if also is not None and also[0] not in passwords:
            users.append(member(also[0], kind=ADMIN))
            passwords[also[0]] = also[1]
        return render_accounts(users, passwords, anybody=self._password(ANYBODY) if is_open else "")

    @property
    def monitoring_path(self) -> str:
        """Where below the server's monitoring address there is something to be seen."""
        return f"/{self._password(MONITORING)}"

    def _users(self) -> tuple[NatsUser, ...]:
        return (*standing_users(), *(each.nats_user for each in self.named_users()))

    def _password(self, user: str) -> str:
        found = read_password(self.folder / user)
        if found is None:
            raise Fatal(f"{self.folder / user} is missing, or not ours to read")
        return found

    def _make_folder(self) -> None:
        for folder in (self.folder.parent, self.folder):
            make_private(folder)
            about = folder.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
                raise Fatal(
                    f"{folder} is not a folder of this user's own, so no keys are put there;"
                    " move away what is there, or set GANGLION_HOME to another folder"
                )
            if about.st_mode & 0o077:
                folder.chmod(0o700)

    def _make_password(self, user: str) -> None:
        path = self.folder / user
        if path.is_file() and not path.is_symlink():
            return
        password = f"{_MARK}{secrets.token_urlsafe(_SECRET_BYTES)}\n"
        made = create_atomically(path, password.encode(), mode=PRIVATE)
        if not made and not stat.S_ISREG(path.lstat().st_mode):
            raise Fatal(f"{path} is no file: move it away, then start again")

    def _write(self, name: str, text: str) -> None:
        write_atomically(self.folder / name, text.encode(), mode=PRIVATE)

    def _write_named(self, users: Iterable[NamedUser]) -> None:
        self._write(NAMED, "".join(f"{json.dumps(asdict(each))}\n" for each in users))
