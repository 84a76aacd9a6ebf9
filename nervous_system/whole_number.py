"""Which number does a text from outside write?"""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")


def whole_number(text: str) -> int | None:
    """
    The number that these digits write; None where it is anything else.

    `str.isdigit` knows digits of all scripts, some of which `int` refuses and some not, and `int`
    refuses more than 4,300 of them: there is no file, process or line that has such a number.
    """
    return int(text) if _NUMBER.fullmatch(text) else None
