"""Does a diff of ours lead from each state to the other, and back, and nowhere else?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nervous_system.contract.diff import unified_diff
from nervous_system.contract.patch import DoesNotApply, apply_patch, reverse_patch

TEXTS = st.none() | st.text(alphabet="ab\n\r\ufeff -+@\\", max_size=40)


@given(TEXTS, TEXTS)
def test_a_diff_leads_there_and_back(before: str | None, after: str | None) -> None:
    diff = unified_diff(before, after, path="x")
    assert diff is not None
    if diff:
        assert apply_patch(before, diff) == after
        assert apply_patch(after, reverse_patch(diff)) == before
        assert reverse_patch(reverse_patch(diff)) == diff
    elif before == after:
        assert apply_patch(before, diff) == after


@given(st.text(alphabet="ab\n", max_size=20), st.text(alphabet="-+@ ,1ab\n\\/", max_size=60))
def test_what_is_no_diff_of_it_is_refused_or_applied(text: str, diff: str) -> None:
    for each in (diff, f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n{diff}"):
        try:
            apply_patch(text, each)
        except DoesNotApply as error:
            assert str(error)


def test_a_diff_without_names_is_none() -> None:
    for diff in ("", "@@ -1 +1 @@\n-a\n+b\n"):
        with pytest.raises(DoesNotApply, match="names of two files"):
            reverse_patch(diff)
