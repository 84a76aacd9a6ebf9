"""Does what a process says stay within its bounds while it says it, and does nothing go unsaid?"""

from __future__ import annotations

import sys
from pathlib import Path

from local_mesh.supervisor.child import ChildProcess
from local_mesh.supervisor.log_writer import CHUNK_BYTES, OFTEN, WINDOW_SECONDS, Repeats
from local_mesh.supervisor.specification import ProcessSpecification

MAX = 256 * 1024


def child(program: str, log: Path) -> ChildProcess:
    specification = ProcessSpecification(
        name="loud", argv=(sys.executable, "-c", program), address="", health_url=""
    )
    return ChildProcess.spawn(specification, log_path=log, log_max_bytes=MAX)


async def test_a_flood_of_lines_stays_within_its_bounds(tmp_path: Path) -> None:
    log = tmp_path / "loud.log"
    letters = "''.join(chr(97 + int(d)) for d in str(n))"  # numbers alone are no difference
    loud = child(f"for n in range(100_000): print({letters}, 'x' * 100)", log)
    assert await loud.wait() == 0
    assert loud.log_tail()[-1].startswith("jjjjj ")
    kept = log.stat().st_size + (tmp_path / "loud.log.1").stat().st_size
    assert MAX <= kept <= 2 * (MAX + 2 * CHUNK_BYTES), "10 MB were said"


async def test_lines_that_say_the_same_are_counted(tmp_path: Path) -> None:
    log = tmp_path / "loud.log"
    program = "for n in range(100_000): print('2026-11-30 accept error', n)\nprint('the end')"
    loud = child(program, log)
    assert await loud.wait() == 0
    assert loud.log_tail()[-2:] == [
        "the end",
        f"[ganglion: {100_000 - OFTEN} lines that said the same again were left out]",
    ]
    assert len(log.read_text().splitlines()) == OFTEN + 2


async def test_a_full_disk_ends_no_process(tmp_path: Path) -> None:
    log = tmp_path / "loud.log"
    log.symlink_to("/dev/full")
    loud = child("import sys\nfor n in range(10_000): print('x' * 100, flush=True)", log)
    assert await loud.wait() == 0


async def test_a_line_without_an_end_is_cut_and_written(tmp_path: Path) -> None:
    log = tmp_path / "loud.log"
    loud = child("import sys; sys.stdout.write('x' * 1_000_000 + '\\nlast words')", log)
    assert await loud.wait() == 0
    assert loud.log_tail()[-1] == "last words"


def test_the_same_again_is_said_anew_in_the_next_window() -> None:
    repeats = Repeats()
    said = [line for n in range(OFTEN + 5) for line in repeats.take(b"error %d" % n, 1.0)]
    assert said == [b"error %d" % n for n in range(OFTEN)]
    assert repeats.take(b"something else", 2.0) == [b"something else"]
    later = repeats.take(b"error 7", 1.0 + WINDOW_SECONDS + 1)
    assert later == [b"[ganglion: 5 lines that said the same again were left out]", b"error 7"]
