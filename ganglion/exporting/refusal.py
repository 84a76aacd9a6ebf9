"""Why was nothing exported?"""

from __future__ import annotations

from nervous_system.errors import Permanent


class ExportRefused(Permanent):
    """The files cannot be put there: what is in the way, and what to do."""
