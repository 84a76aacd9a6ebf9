"""What pytest finds where Ganglion is installed: a fixture that loads nothing until it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nervous_system.testing import Mesh


@pytest.fixture
def ganglion_mesh() -> Iterator[Mesh]:
    """A mesh of the test's own, in memory: `nervous_system.testing.mesh()`."""
    from nervous_system.testing import mesh

    with mesh() as swarm:
        yield swarm
