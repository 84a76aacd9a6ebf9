"""What was changed, and which resource is meant by the end of its path?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from nervous_system.errors import BadSetting
from nervous_system.phrases import join_list
from operations.queries.rows import rows


def links_of(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each with whether it begins where the one before ended."""
    before: str | None = None
    for row in found:
        fits = before is None or row["previous_state_hash"] == before
        yield {**row, "follows": fits}
        before = row["new_state_hash"]


def meant_resource(
    path: str, type_: str, *, workspace: str | None, tell: Callable[[str], None]
) -> tuple[str, str]:
    """The workspace and the name of the resource of that name, or of the only one that ends so; in
    this `workspace`, unless it is None. Raises BadSetting where there is none, or several, which it
    names."""
    found = [
        (str(row["workspace"]), str(row["resource"]))
        for row in rows(
            "resources",
            tell=tell,
            end=path,
            most=1000,
            anywhere="true" if workspace is None else "false",
            workspace=workspace or "",
        )
        if row["type"] == type_
    ]
    meant = [each for each in found if each[1] == path] or found
    if len(meant) == 1:
        return meant[0]
    if not meant:
        raise BadSetting(
            f"nobody has changed {path}, as far as is recorded; `ganglion files` lists what was"
        )
    if len({resource for _, resource in meant}) == 1:
        places = join_list(sorted(place or "no workspace" for place, _ in meant))
        raise BadSetting(f"{meant[0][1]} is in {places}; say which with --workspace")
    ends = join_list(sorted({resource for _, resource in meant}))
    raise BadSetting(f"{path} is the end of {ends}; write more of it")
