"""Is each line of a file laid to the change that brought it?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nervous_system.contract.diff import unified_diff
from nervous_system.ids import content_hash
from operations.queries.blame import blame, line_origins, lines_of
from operations.queries.state.file_chain import Link

# Which lines go, and before which line how many new ones come: one number for each change.
CHANGES = st.lists(st.tuples(st.sets(st.integers(0, 12)), st.integers(0, 12), st.integers(0, 4)))


def _link(before: str | None, after: str | None) -> Link:
    return Link(
        previous_hash=content_hash(before.encode()) if before is not None else "",
        new_hash=content_hash(after.encode()) if after is not None else "",
        diff=_diff(before, after),
        truncated=False,
    )


def _diff(before: str | None, after: str | None) -> str:
    found = unified_diff(before, after, path="a.txt")
    assert found is not None
    return found


def _text(lines: list[tuple[int, str]]) -> str:
    return "".join(line for _, line in lines)


@given(CHANGES)
def test_each_line_is_laid_to_the_change_that_brought_it(
    changes: list[tuple[set[int], int, int]],
) -> None:
    lines = [(0, f"first {number}\n") for number in range(5)]
    links = [_link(None, _text(lines))]
    for number, (gone, place, new) in enumerate(changes, 1):
        before = _text(lines)
        lines = [each for line, each in enumerate(lines) if line not in gone]
        lines[place:place] = [(number, f"{number} of {each}\n") for each in range(new)]
        links.append(_link(before, _text(lines)))
    told = blame(_text(lines).encode(), links)
    assert told.lines == [number for number, _ in lines]
    assert told.ends == ""


def test_a_file_that_came_again_begins_there() -> None:
    links = [_link(None, "a\nb\n"), _link("a\nb\n", None), _link(None, "a\n")]
    assert blame(b"a\n", links).lines == [2]


def test_where_a_change_cannot_be_taken_back_it_ends_and_says_why() -> None:
    found_changed = Link(
        previous_hash=content_hash(b"x"),
        new_hash=content_hash(b"a\n"),
        diff="",
        truncated=False,
        external=True,
    )
    told = blame(b"a\nb\n", [_link(None, "x"), found_changed, _link("a\n", "a\nb\n")])
    assert told.lines == [1, 2]
    assert "nobody in the swarm did it" in told.ends


def test_a_diff_that_lies_is_not_followed() -> None:
    lie = Link(
        previous_hash=content_hash(b"a\n"),
        new_hash=content_hash(b"a\nb\n"),
        diff=_diff("q\n", "a\nb\n"),
        truncated=False,
    )
    assert blame(b"a\nb\n", [_link(None, "a\n"), lie]).lines == [1, 1]


def test_lines_that_look_like_a_head_are_lines() -> None:
    before, after = "++ a\n-- b\n", "++ a\n@@ -1 +1 @@\n-- b\n"
    assert line_origins(_diff(before, after), 3) == [0, None, 1]
    assert lines_of(b"a\n\nb") == [b"a", b"", b"b"]
    assert lines_of(b"") == []
