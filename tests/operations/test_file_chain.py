"""Is a file what its chain says, forwards and backwards, and is no hash taken on trust?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nervous_system.contract.resource import Content, Resource
from nervous_system.ids import content_hash
from operations.queries.state.file_chain import Link, NotRebuilt, blob_id, has_hash, rebuilt

TEXTS = st.text(alphabet="ab\n\r\t@-+ \\x", max_size=40)


def links_of(contents: Sequence[Content], *, max_bytes: int = 10**6) -> list[Link]:
    """As an agent records them, from nothing on."""
    found = []
    for before, after in zip([None, *contents], contents, strict=False):
        change = Resource.file("a.txt").link(before=before, after=after, max_bytes=max_bytes)
        found.append(
            Link(
                previous_hash=change.previous_state_hash,
                new_hash=change.new_state_hash,
                diff=change.diff_patch,
                truncated=change.truncated,
            )
        )
    return found


@given(st.lists(st.one_of(st.none(), TEXTS), min_size=1, max_size=6))
def test_each_content_of_a_chain_is_rebuilt(contents: list[str | None]) -> None:
    links = links_of(contents)
    for content in contents:
        if content is not None:
            assert rebuilt(content_hash(content), links) == content.encode()


@given(st.lists(TEXTS.filter(bool), min_size=2, max_size=5, unique=True))
def test_what_was_lost_at_the_beginning_is_found_from_the_end(contents: list[str]) -> None:
    """The first diff is not on record; the file was removed at the end, which has all of it."""
    first, *rest = links_of([*contents, None])
    lost = Link(previous_hash="", new_hash=first.new_hash, diff="", truncated=True)
    for content in contents:
        assert rebuilt(content_hash(content), [lost, *rest]) == content.encode()


def test_nothing_is_believed_that_does_not_bear_its_hash() -> None:
    good = links_of(["one\n", "two\n"])
    forged = Link(
        previous_hash=good[0].new_hash,
        new_hash=content_hash("three\n"),
        diff=good[1].diff,
        truncated=False,
    )
    with pytest.raises(NotRebuilt, match="does not lead to the hash"):
        rebuilt(forged.new_hash, [good[0], forged])


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (
            Link(previous_hash="", new_hash="a" * 40, diff="", truncated=True),
            "binary, or too large",
        ),
        (
            Link(previous_hash="", new_hash="a" * 64, diff="", truncated=True, external=True),
            "it was found changed",
        ),
        (
            Link(
                previous_hash="",
                new_hash="a" * 40,
                diff=f"diff --git a/s b/s\n--- /dev/null\n+++ b/s\n@@ -0,0 +1 @@\n"
                f"+Subproject commit {'b' * 40}\n",
                truncated=False,
            ),
            "submodule",
        ),
        (
            Link(previous_hash="b" * 40, new_hash="a" * 40, diff="--- a\n+++ b\n", truncated=False),
            "before the first change",
        ),
        (
            Link(previous_hash="", new_hash="b" * 40, diff="", truncated=False),
            "no change on record",
        ),
    ],
)
def test_why_not(link: Link, why: str) -> None:
    with pytest.raises(NotRebuilt, match=why):
        rebuilt("a" * len(link.new_hash), [link])


def test_hashes_are_those_of_agents_and_of_git() -> None:
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert has_hash(b"hello\n", blob_id(b"hello\n"))
    assert has_hash(b"hello\n", blob_id(b"hello\n", sha256=True))
    assert has_hash(b"hello\n", content_hash(b"hello\n"))
    assert not has_hash(b"hello", blob_id(b"hello\n"))
