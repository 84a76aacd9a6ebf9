"""Are the files of a diff found, as they were before a terminal or a model touched the text?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.unified_diff import file_diffs, unquote, without_terminal_returns

_DIFF = (
    "diff --git a/x.txt b/x.txt\nindex 1111111..2222222 100644\n--- a/x.txt\n+++ b/x.txt\n"
    "@@ -1,2 +1,2 @@ def f():\n same\n--- old\n+++ new\n"
)


def test_text_around_the_diff_does_not_matter() -> None:
    [found] = file_diffs(f"Here it is:\n\n{_DIFF}(Open file: n/a)\nbash-$")
    assert found.path == "x.txt"
    assert (found.previous_hash, found.new_hash) == ("1111111", "2222222")
    assert found.text == _DIFF  # a removed line `-- old` is not a header
    assert found.whole


def test_a_diff_that_was_cut_is_not_whole() -> None:
    [found] = file_diffs(_DIFF.removesuffix("+++ new\n"))
    assert not found.whole


def test_what_a_terminal_did_is_undone_and_a_files_own_cr_lf_stays() -> None:
    crlf = _DIFF.replace(" same\n", " same\r\n")
    assert without_terminal_returns(crlf) == crlf
    assert without_terminal_returns(crlf.replace("\n", "\r\n")) == crlf
    assert without_terminal_returns("no diff\r\n") == "no diff\r\n"


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("diff --git a/run b/run\nold mode 100644\nnew mode 100755\n", "run"),
        ("diff --git a/a b b/a b\nnew file mode 100644\nindex 0000000..e69de29\n", "a b"),
        (
            "diff --git a/i.png b/i.png\nindex 1111111..2222222\n"
            "Binary files a/i.png and b/i.png differ\n",
            "i.png",
        ),
        ("--- old.txt\t2020-01-01\n+++ new.txt\t2020-01-02\n@@ -1 +1 @@\n-a\n+b\n", "new.txt"),
        (
            'diff --git "a/\\303\\274\\t" "b/\\303\\274\\t"\n--- /dev/null\n'
            '+++ "b/\\303\\274\\t"\n@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n',
            "ü\t",
        ),
        (
            "diff --git a/gone b/gone\ndeleted file mode 100644\nindex 7898192..0000000\n"
            "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
            "gone",
        ),
    ],
)
def test_paths_are_found_in_every_kind_of_header(header: str, path: str) -> None:
    first, second = file_diffs(header + _DIFF)
    assert first.path == path
    assert first.text == header
    assert first.whole == ("Binary" not in header)
    assert second.text == _DIFF
    assert set(first.previous_hash + first.new_hash) != {"0"}


def test_a_path_that_is_not_utf8_stays_quoted() -> None:
    assert unquote('"caf\\351"') == '"caf\\351"'
    assert unquote('"a\\"b\\\\c"') == 'a"b\\c'
    assert unquote("plain") == "plain"


@given(st.text(alphabet='diff-git ab/+@ 019,\n\\"', max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    for found in file_diffs(f"diff --git {text}"):
        assert found.path
        assert found.text.endswith("\n")
