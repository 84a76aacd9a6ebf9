"""What is raised where a wall can't be raised?"""

from __future__ import annotations


class WallError(Exception):
    """The kernel refuses the wall. The sentence says why; no part of it is to be relied on."""
