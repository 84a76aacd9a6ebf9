"""
Is what a password is set to a password? Or a variable, a call, a placeholder, a word?

In code a name such as `token` mostly stands before something harmless. A value counts when chance
made it, or when it is a literal that somebody wrote where only a password is written.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_PLACEHOLDER: Final = re.compile(
    r"(?i)^(?:[x*.#_-]+|<.*>|\$.*|\{.*\}|%.*|.*\.\.\.|\[?redacted\]?.*"
    r"|.*(?:change_?-?me|placeholder|your[_-]|example|dummy|insert|todo|null|none|undefined).*)$"
)
_WORDS: Final = re.compile(r"[A-Za-z_]+(?:[ ./:_-][A-Za-z]+)*[.!?:]?|[a-z]+[0-9]{0,2}|[0-9._-]+")
_CODE: Final = re.compile(r"^[A-Za-z_][\w.]*[(\[]|^(?:self|os|env|config|settings|process)\.|::|->")
_HEX: Final = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{32,}")
_PATH: Final = re.compile(r"^[~.]{0,2}/|^[\w.-]+(?:/[\w.-]+)+\.\w{1,5}$|^[a-z]+://")


def made_by_chance(value: str, *, min_characters: int = 10) -> bool:
    """Whether it is long enough, and its letters, cases and digits follow on each other as in no
    word."""
    if len(value) < min_characters or _PLACEHOLDER.match(value) or _CODE.search(value):
        return False
    if _PATH.search(value) or _WORDS.fullmatch(value):
        return False
    if _HEX.fullmatch(value):
        return True
    kinds = [
        0 if sign.isdigit() else 1 if sign.islower() else 2 if sign.isupper() else 3
        for sign in value
    ]
    changes = sum(before != after and 3 not in (before, after) for before, after in pairwise(kinds))
    digits, letters = kinds.count(0), kinds.count(1) + kinds.count(2)
    several = len(set(value))
    return (
        letters > 0
        and (digits > 0 or (kinds.count(1) > 2 and kinds.count(2) > 2))
        and changes >= (len(value) - 1) * 0.22
        and several >= min(len(value), 16) * 0.55
        and kinds.count(3) <= len(value) * 0.25
    )


def is_literal_password(value: str) -> bool:
    """Whether a quoted value may be a password that a person chose: no word, no placeholder, not
    what a program puts together."""
    if made_by_chance(value, min_characters=6):
        return True
    if _PLACEHOLDER.match(value) or _CODE.search(value) or _WORDS.fullmatch(value):
        return False
    if " " in value or _PATH.search(value):
        return False
    kinds = {
        "digit" if sign.isdigit() else "letter" if sign.isalpha() else "other" for sign in value
    }
    return kinds == {"digit", "letter", "other"} and len(value) >= 8


_USUAL: Final = frozenset(
    (
        *("password", "passwd", "pass", "pw", "pwd", "secret", "user", "username", "token"),
        *("guest", "test", "foo", "bar", "baz", "x", "y", "p", "s", "abc", "123", "1234"),
        *("root", "admin", "postgres"),
    )
)


def is_typed_password(value: str) -> bool:
    """Whether what stands where only a password can stand is one: no variable, and none of the
    words that stand in examples."""
    return not _PLACEHOLDER.match(value) and value.lower() not in _USUAL and value[0] not in "$%{<["
