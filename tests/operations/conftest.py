"""What do the tests of operations share?"""

from __future__ import annotations

from tests.nervous_system.conftest import quickly

__all__ = ["quickly"]
