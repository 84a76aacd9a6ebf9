"""What do bytes look like that are not an event? Sixteen to a line, as `hexdump -C` shows them."""

from __future__ import annotations

MAX_BYTES = 4096
"""How much is shown; `--json` has all of it."""


def hexdump(data: bytes) -> str:
    """Offsets, hex and printable characters of the first 4096 bytes."""
    lines = []
    for offset in range(0, min(len(data), MAX_BYTES), 16):
        row = data[offset : offset + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{offset:08x}  {row.hex(' '):<47}  |{text}|")
    if len(data) > MAX_BYTES:
        lines.append(f"… {len(data) - MAX_BYTES} bytes more")
    return "\n".join(lines)
