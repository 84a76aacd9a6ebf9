"""Which bytes is each golden event? `golden/<name>.json` says what is in it, `<name>.bin` has them.

Bytes that are there are never written again: some version wrote them, and every later one must read
them. What has no `.json` (`from_the_future`) holds what no message of ours can say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message_factory import GetMessageClass

FOLDER = Path(__file__).parent / "golden"


def golden_bytes(envelope: Descriptor) -> dict[Path, bytes]:
    """The bytes that each `.json` stands for, by the file that holds them.

    Raises SystemExit for one that is no event.
    """
    event, pool = GetMessageClass(envelope), envelope.file.pool
    found: dict[Path, bytes] = {}
    for path in sorted(FOLDER.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        try:
            said = json_format.Parse(text, event(), descriptor_pool=pool)
        except json_format.ParseError as error:
            raise SystemExit(f"contracts: golden/{path.name} is no event: {error}") from error
        found[path.with_suffix(".bin")] = said.SerializeToString(deterministic=True)
    return found


def write_missing(golden: dict[Path, bytes]) -> int:
    """Writes the files that are not there, and says how many."""
    missing = [path for path in golden if not path.exists()]
    for path in missing:
        path.write_bytes(golden[path])
    return len(missing)


def problems(envelope: Descriptor, golden: dict[Path, bytes]) -> Iterator[str]:
    """What is missing, and what is not what it was; a sentence each."""
    for field in envelope.oneofs_by_name["payload"].fields:
        if FOLDER / f"{field.name}.bin" not in golden:
            yield f"golden/{field.name}.json is missing: let it say what such an event is"
    for path, data in golden.items():
        if not path.exists():
            yield f"golden/{path.name} is missing; run `make contracts`"
        elif path.read_bytes() != data:
            yield f"golden/{path.name} holds other bytes than golden/{path.stem}.json means today"
