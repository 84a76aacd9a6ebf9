"""Which words of the overseer stand in events?"""

from __future__ import annotations

from typing import Final

from nervous_system.names import OVERSEER

SERVICE: Final = OVERSEER
