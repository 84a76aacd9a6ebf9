"""Is `docs/reference` what the code says?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_reference_is_what_the_code_says() -> None:
    asked = (sys.executable, ROOT / "docs" / "generate.py", "--check")
    answer = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
