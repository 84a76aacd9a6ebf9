"""What was changed, and which resource is meant by the end of its path?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from nervous_system.errors import BadSetting
from nervous_system.phrases import listed
from operations.queries.rows import rows


def links_of(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each with whether it begins where the one before ended."""
    before: str | None = None
    for row in found:
        fits = before is None or row["previous_state_hash"] == before
        yield {**row, "follows": fits}
        before = row["new_state_hash"]


def meant_resource(path: str, type_: str, *, tell: Callable[[str], None]) -> str:
    """The resource of that name, or the only one that ends so. Raises BadSetting where there
    is none, or several, which it names."""
    found = [
        row["resource"]
        for row in rows("resources", tell=tell, end=path, most=1000)
        if row["type"] == type_
    ]
    if path in found:
        return path
    if not found:
        raise BadSetting(
            f"nobody has changed {path}, as far as is recorded; `ganglion files` lists what was"
        )
    if len(found) > 1:
        raise BadSetting(f"{path} is the end of {listed(sorted(found))}; write more of it")
    return str(found[0])
