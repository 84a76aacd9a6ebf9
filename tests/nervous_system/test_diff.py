"""Does a diff of ours lead from each state to the other, and back, and nowhere else?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nervous_system.contract.diff import unified_diff
from nervous_system.contract.patched import DoesNotApply, patched, reversed_diff

TEXTS = st.none() | st.text(alphabet="ab\n\r\ufeff -+@\\", max_size=40)


@given(TEXTS, TEXTS)
def test_a_diff_leads_there_and_back(before: str | None, after: str | None) -> None:
    diff = unified_diff(before, after, path="x")
    assert diff is not None
    if diff:
        assert patched(before, diff) == after
        assert patched(after, reversed_diff(diff)) == before
        assert reversed_diff(reversed_diff(diff)) == diff
    elif before == after:
        assert patched(before, diff) == after


@given(st.text(alphabet="ab\n", max_size=20), st.text(alphabet="-+@ ,1ab\n\\/", max_size=60))
def test_what_is_no_diff_of_it_is_refused_or_applied(text: str, diff: str) -> None:
    for each in (diff, f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n{diff}"):
        try:
            patched(text, each)
        except DoesNotApply as error:
            assert str(error)


def test_a_diff_without_names_is_none() -> None:
    for diff in ("", "@@ -1 +1 @@\n-a\n+b\n"):
        with pytest.raises(DoesNotApply, match="names of two files"):
            reversed_diff(diff)
