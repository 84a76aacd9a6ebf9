"""Does a wall hold what it says, and let through what it allows? Each in a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nervous_system.host.wall import gaps
from nervous_system.host.wall.landlock import version

pytestmark = pytest.mark.skipif(bool(gaps(ports=True)), reason="this kernel holds no whole wall")

_PYTHON = [Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/lib"), Path("/lib64")]
_SOURCE = Path(__file__).parents[2]
_BEHIND = """
import json, sys
from pathlib import Path
from nervous_system.host.wall import Wall
asked = json.loads(sys.argv[1])
wall = Wall(**{name: [Path(v) if isinstance(v, str) else v for v in values]
               for name, values in asked.items()}, makes_sqlite_files=sys.argv[3] == "True")
missing = wall.raise_()
assert missing == [], missing
try:
    exec(sys.argv[2])
except OSError as error:
    print(type(error).__name__)
else:
    print("done")
"""


def behind(code: str, *, makes_sqlite_files: bool = True, **allowed: list[Path] | list[int]) -> str:
    """`done`, or the name of the OSError that `code` ended in behind a wall."""
    allowed["read"] = [*allowed.get("read", []), *_PYTHON, _SOURCE]
    asked = {
        name: [value if isinstance(value, int) else str(value) for value in values]
        for name, values in allowed.items()
    }
    ended = subprocess.run(
        [sys.executable, "-c", _BEHIND, json.dumps(asked), code, str(makes_sqlite_files)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=_SOURCE,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("a key")
    return path


@pytest.fixture
def listening() -> Iterator[int]:
    """A port of the loopback on which somebody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield int(server.getsockname()[1])


def _connect(port: int, *more: str) -> str:
    kind = ", ".join(("socket.AF_INET", *(more or ("socket.SOCK_STREAM",))))
    return f"import socket; socket.socket({kind}).connect(('127.0.0.1', {port}))"


def test_a_file_is_read_where_it_is_allowed_and_nowhere_else(secret: Path) -> None:
    read = f"open({str(secret)!r}).read()"
    assert behind(read) == "PermissionError"
    assert behind(f"import os; os.listdir({str(secret.parent)!r})") == "PermissionError"
    assert behind(read, read=[secret.parent]) == "done"
    assert behind(read, read=[secret]) == "done"
    assert behind(read, write=[secret.parent]) == "done"


def test_a_file_is_not_reached_by_another_name(secret: Path, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(secret)
    assert behind(f"open({str(inside / 'link')!r}).read()", write=[inside]) == "PermissionError"
    assert behind(f"open({str(inside / '..' / 'secret')!r})", write=[inside]) == "PermissionError"
    linking = f"import os; os.link({str(secret)!r}, {str(inside / 'hard')!r})"
    assert behind(linking, write=[inside]) in ("PermissionError", "OSError")
    moving = f"import os; os.rename({str(secret)!r}, {str(inside / 'moved')!r})"
    assert behind(moving, write=[inside]) in ("PermissionError", "OSError")
    assert secret.read_text() == "a key"


@pytest.mark.parametrize(
    "change",
    [
        "open({path!r}, 'w')",
        "open({path!r}, 'a')",
        "import os; os.truncate({path!r}, 0)",
        "import os; os.unlink({path!r})",
        "import os; os.mkdir({path!r} + '.d')",
        "import os; os.symlink('/etc', {path!r} + '.l')",
        "import os; os.mkfifo({path!r} + '.f')",
    ],
)
def test_what_may_be_read_is_not_changed(secret: Path, change: str) -> None:
    code = change.format(path=str(secret))
    assert behind(code, read=[secret.parent]) == "PermissionError"
    assert secret.read_text() == "a key"
    assert [path.name for path in secret.parent.iterdir()] == ["secret"]
    assert behind(code, write=[secret.parent]) == "done"


def test_no_program_runs_but_those_that_may(tmp_path: Path) -> None:
    run = "import subprocess; subprocess.run(['/bin/true'], check=True)"
    assert behind(run) == "PermissionError"
    assert behind(run, execute=[Path("/bin/true")]) == "PermissionError"  # and not its loader
    assert behind(run, execute=[Path("/usr")]) == "done"
    other = "import os; os.execv('/usr/bin/env', ['env'])"
    loader = [path for path in (Path("/lib64"), Path("/lib")) if path.exists()]
    assert behind(other, execute=[Path("/usr/bin/true"), *loader]) == "PermissionError"
    in_memory = (
        "import os; fd = os.memfd_create('p'); os.write(fd, open('/bin/true', 'rb').read());"
        " os.execve(fd, ['p'], {})"
    )
    assert behind(in_memory) == "PermissionError"


def test_a_program_behind_the_wall_has_the_same_wall(secret: Path) -> None:
    code = (
        f"import subprocess; ended = subprocess.run(['/bin/cat', {str(secret)!r}])\n"
        "if ended.returncode: raise OSError(1)"
    )
    programs = [Path("/usr"), Path("/lib"), Path("/lib64")]
    assert behind(code, execute=programs) == "OSError"
    assert "a key" in behind(code, execute=programs, read=[secret])


def test_no_socket_without_a_port(listening: int) -> None:
    assert behind(_connect(listening)) == "PermissionError"
    assert behind("import socket; socket.socket(socket.AF_UNIX)") == "PermissionError"
    assert behind("import socket; socket.socketpair()") == "done"
    assert behind("import socket; socket.getaddrinfo('example.org', 80)") in ("gaierror", "OSError")


def test_a_port_is_reached_where_it_is_allowed_and_no_other(listening: int) -> None:
    assert behind(_connect(listening), connect=[listening]) == "done"
    assert behind(_connect(listening), connect=[listening % 65535 + 1]) == "PermissionError"
    assert behind(_connect(listening), bind=[listening]) == "PermissionError"
    udp = _connect(listening, "socket.SOCK_DGRAM")
    assert behind(udp, connect=[listening]) == "PermissionError"
    other = _connect(listening, "socket.SOCK_STREAM", "262")  # MPTCP, which Landlock lets by
    assert behind(other, connect=[listening]) == "PermissionError"


def test_a_port_is_taken_where_it_is_allowed_and_no_other() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = int(probe.getsockname()[1])
    take = f"import socket; socket.create_server(('127.0.0.1', {port}))"
    assert behind(take, bind=[port]) == "done"
    assert behind(take, bind=[port % 65535 + 1]) == "PermissionError"


@pytest.mark.parametrize("may", [True, False])
def test_sqlite_makes_a_file_where_it_may_and_everybody_else_always(
    tmp_path: Path, may: bool
) -> None:
    """Some program may link it that should make none, whatever it is told."""
    database, other = tmp_path / "made.sql", tmp_path / "other"
    code = (
        f"import sqlite3, tempfile; open({str(other)!r}, 'x'); open({str(other)!r}, 'w')\n"
        f"tempfile.NamedTemporaryFile(dir={str(tmp_path)!r})\n"
        "try:\n"
        f"    sqlite3.connect({str(database)!r}).execute('CREATE TABLE a (b)')\n"
        "except sqlite3.OperationalError as error:\n"
        "    raise OSError(error)"
    )
    assert behind(code, makes_sqlite_files=may, write=[tmp_path]) == ("done" if may else "OSError")
    assert (database.exists(), other.exists()) == (may, True)


def test_another_process_is_out_of_reach() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        try:
            kill = f"import os; os.kill({other.pid}, 15)"
            look = f"open('/proc/{other.pid}/mem', 'rb').read()"
            assert behind(look, read=[Path("/proc")]) == "PermissionError"
            if version() >= 6:
                assert behind(kill) == "PermissionError"
                assert other.poll() is None
        finally:
            other.kill()


def test_a_wall_comes_before_threads() -> None:
    code = (
        "import threading; from nervous_system.host.wall import Wall, WallError\n"
        "stop = threading.Event(); threading.Thread(target=stop.wait).start()\n"
        "try:\n    Wall().raise_()\nexcept WallError as error:\n    print(error)\n"
        "finally:\n    stop.set()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert ended.stdout == (
        "A wall has to be raised before threads are started, and 2 are running.\n"
    )


def test_a_path_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert behind("pass", read=[tmp_path / "nowhere"]) == "done"
