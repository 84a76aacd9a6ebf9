"""How many secrets are found, how much that is none, and what does looking cost an event?"""

from __future__ import annotations

import asyncio
import gzip
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import process_time
from typing import Final

from bench.events import payloads
from bench.figure import Figure
from bench.labelled_secrets import labelled
from bench.profile import Size
from bench.progress import ProgressDisplay
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from nervous_system.contract.redaction import Redactor
from nervous_system.contract.secret_search import secrets_in

MIN_RECALL_PERCENT: Final = 95.0
MAX_FOUND_PER_MILLION: Final = 200.0
_EVENTS: Final = 2_000
_MAX_FILE_BYTES: Final = 400_000
_FOLDERS: Final = (Path("/usr/share/doc"), Path("/usr/share/man"), Path("/usr/share/perl"))


async def measure(size: Size, show: ProgressDisplay) -> list[Figure]:
    """The figures of redaction."""
    show.expect(3)
    figures = []
    for what, look in (
        ("finding secrets", recall),
        ("reading code and prose", lambda: precision(size.harmless_lines)),
        ("looking at events", cost),
    ):
        show.step(what)
        figures.append(await asyncio.to_thread(look))
        show.done()
    return figures


def missed() -> list[str]:
    """The secrets of the labelled set that an event would still have, by kind and place."""
    redactor = Redactor.of()
    left = []
    for each in labelled():
        payload = AgentDecision(rationale=each.text)
        if redactor.suspects(payload):
            clean, _ = redactor.payload(payload)
            assert isinstance(clean, AgentDecision)
            payload = clean
        if any(part in payload.rationale for part in each.parts):
            left.append(f"{each.kind}, {each.place}")
    return left


def recall() -> Figure:
    """Of a labelled set, made up for the occasion, how much is taken out."""
    count, left = sum(1 for _ in labelled()), missed()
    return Figure(
        name="secrets.recall",
        what=f"of {count} secrets, in all the places they are left in, taken out",
        value=100 * (1 - len(left) / count),
        unit="%",
        target=MIN_RECALL_PERCENT,
        at_least=True,
        detail=f"{len(left)} missed: {'; '.join(left[:6]) or 'none'}",
    )


def precision(max_lines: int) -> Figure:
    """In code and prose that are on this machine, how much is taken for a secret."""
    lines = characters = found = 0
    seconds = 0.0
    for text in _texts():
        began = process_time()
        found += len(secrets_in(text))
        seconds += process_time() - began
        lines += text.count("\n")
        characters += len(text)
        if lines >= max_lines:
            break
    return Figure(
        name="secrets.precision",
        what="taken for a secret in a million lines of code and prose",
        value=found / max(lines, 1) * 1e6,
        unit="/M",
        target=MAX_FOUND_PER_MILLION,
        at_least=False,
        detail=f"{found} in {lines:,} lines, at {characters / 1e6 / max(seconds, 1e-9):.1f} MB/s",
    )


def cost() -> Figure:
    """Of the first look, which most events are done with, at events that it has not met before: the
    automaton makes states for what is new to it."""
    redactor, some = Redactor.of(), payloads(_EVENTS)
    times = []
    for _ in range(5):
        began = process_time()
        suspects = sum(redactor.suspects(payload) for payload in some)
        times.append(process_time() - began)
    return Figure(
        name="secrets.cost",
        what="what looking for secrets costs an event",
        value=times[0] / len(some) * 1e6,
        unit="µs",
        target=None,
        at_least=False,
        detail=f"{suspects} of {len(some):,} needed a closer look;"
        f" the same again {min(times) / len(some) * 1e6:.1f} µs",
    )


def _texts() -> Iterator[str]:
    code = (Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib"))
    for path in _in_turn([_files(folder) for folder in (*code, *_FOLDERS)]):
        try:
            data = path.read_bytes()
            if path.suffix == ".gz":
                data = gzip.decompress(data)
        except (OSError, EOFError):
            continue
        if len(data) <= _MAX_FILE_BYTES and b"\0" not in data[:1000]:
            yield data.decode(errors="replace")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        is_text = path.suffix in (".py", ".gz", ".txt", ".md", ".pl", ".pm", "")
        if is_text and path.is_file():
            yield path


def _in_turn(sources: Iterable[Iterator[Path]]) -> Iterator[Path]:
    left = list(sources)
    while left:
        for source in list(left):
            path = next(source, None)
            if path is None:
                left.remove(source)
            else:
                yield path
