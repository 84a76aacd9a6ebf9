"""At which address does a browser find mission control?"""

from __future__ import annotations

from local_mesh.home import Home
from local_mesh.supervisor.mesh_file import MeshRecord
from local_mesh.supervisor.process_list import MISSION_CONTROL


def page_address(mesh: MeshRecord, home: Home) -> str:
    """With the key that lets one browser in; empty if this mesh runs no mission control."""
    door = mesh.process(MISSION_CONTROL)
    if door is None:
        return ""
    port = door.address.rpartition(":")[2]
    try:
        return f"http://localhost:{port}/#key={home.http_key.read_text('ascii')}"
    except OSError:  # it was ready and has ended; its next start makes another
        return f"http://localhost:{port}/"
