"""How does what a process says get into its file, however much it says?

Through a pipe and a thread: the file is set aside while it is written, not now and then, and lines
that say the same again and again are counted instead. A process that ran out of file descriptors
once wrote 182 MB in a minute. On a full disk lines are dropped and counted: a process must not
stand still, or fail, because nobody can write down what it says.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import IO, Final

from local_mesh.supervisor.log_file import open_log

CHUNK_BYTES: Final = 64 * 1024
MAX_LINE_BYTES: Final = 64 * 1024
"""What is longer is cut."""

OFTEN: Final = 50
"""So often the same may be said in one window; numbers in it do not count."""
WINDOW_SECONDS: Final = 10.0
MAX_KINDS: Final = 256
_NUMBERS: Final = re.compile(rb"[0-9]+|[0-9a-f]{8}-[0-9a-f-]{27}")
_KEY_BYTES: Final = 400


class Repeats:
    """Which lines are written, and how many were not. Pure: times are injected."""

    def __init__(self) -> None:
        self._times_said: OrderedDict[bytes, int] = OrderedDict()
        self._began = 0.0
        self._left_out = 0

    def take(self, line: bytes, now: float) -> list[bytes]:
        """The lines to write for this one, without their ends; maybe none."""
        lines = self.over(now)
        kind = _NUMBERS.sub(b"#", line[:_KEY_BYTES])
        often = self._times_said.get(kind, 0) + 1
        self._times_said[kind] = often
        self._times_said.move_to_end(kind)
        if len(self._times_said) > MAX_KINDS:
            self._times_said.popitem(last=False)
        if often > OFTEN:
            self._left_out += 1
        else:
            lines.append(line)
        return lines

    def over(self, now: float, *, at_once: bool = False) -> list[bytes]:
        """What is to be said at the end of a window: how many lines were left out of it."""
        if now - self._began < WINDOW_SECONDS and not at_once:
            return []
        left_out, self._left_out = self._left_out, 0
        self._began = now
        self._times_said.clear()
        if not left_out:
            return []
        return [b"[ganglion: %d lines that said the same again were left out]" % left_out]


class LogWriter:
    """Writes what comes out of one process until that has ended."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        """Raises Fatal where the file cannot be written."""
        self._path = path
        self._max_bytes = max_bytes
        self._file: IO[bytes] | None = self._open()
        self.start_byte: Final = os.fstat(self._file.fileno()).st_size if self._file else 0
        self._lost_lines = 0
        self._reading, self.descriptor = os.pipe2(os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name=f"log {path.stem}", daemon=True)

    def start(self) -> None:
        """After the process was started, which has the other end of the pipe now."""
        os.close(self.descriptor)
        self._thread.start()

    def abandon(self) -> None:
        """The process was not started."""
        os.close(self.descriptor)
        os.close(self._reading)
        if self._file is not None:
            self._file.close()

    def wait(self, *, seconds: float) -> None:
        """Until all that the process said is in the file, for so long at most."""
        self._thread.join(seconds)

    def _open(self) -> IO[bytes]:
        return os.fdopen(open_log(self._path, max_bytes=self._max_bytes), "ab", buffering=0)

    def _run(self) -> None:
        repeats, rest = Repeats(), b""
        while True:
            chunk = os.read(self._reading, CHUNK_BYTES)
            now = time.monotonic()
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > MAX_LINE_BYTES or (not chunk and rest):
                lines.append(rest[:MAX_LINE_BYTES])
                rest = b""
            out = [each for line in lines for each in repeats.take(line, now)]
            if not chunk:
                out += repeats.over(now, at_once=True)
            self._write(out)
            if not chunk:
                break
        os.close(self._reading)
        if self._file is not None:
            self._file.close()

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        try:
            if self._file is None or os.fstat(self._file.fileno()).st_size > self._max_bytes:
                if self._file is not None:
                    self._file.close()
                self._file = None  # if it cannot be opened anew
                self._file = self._open()
            if self._lost_lines:
                lost = b"[ganglion: %d lines could not be written: the disk took nothing]"
                self._file.write(lost % self._lost_lines + b"\n")
                self._lost_lines = 0
            self._file.write(b"".join(line + b"\n" for line in lines))
        except Exception:  # noqa: BLE001 - whatever the disk says, the process must go on
            self._lost_lines += len(lines)
