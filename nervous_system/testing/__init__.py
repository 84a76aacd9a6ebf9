"""Test what you build on Ganglion: a mesh without a server, and one with all that workers need.

    from nervous_system.testing import mesh

    async def test_my_agent():
        with mesh() as swarm:
            await my_agent()
        assert swarm.events()

With pytest the fixture `ganglion_mesh` is a `mesh()` for each test that asks for it.
"""

from nervous_system.testing.clock import MovableClock
from nervous_system.testing.memory_mesh import Mesh, mesh
from nervous_system.testing.server_mesh import full_mesh

__all__ = ["Mesh", "MovableClock", "full_mesh", "mesh"]
