"""What does the interface say of itself, without a mesh? `python -m mission_control.openapi FILE`
writes it where it is not there already; the dashboard's types are made of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import cast

from mission_control.api.application import application
from mission_control.api.description import describe_interface
from mission_control.mission import Mission
from nervous_system.host.files import write_atomically


def interface_document() -> str:
    """OpenAPI, as JSON."""
    app = application(cast(Mission, None))  # no route is asked
    return json.dumps(describe_interface(app), indent=1, sort_keys=True) + "\n"


def main(target: Path) -> None:
    """A file that says the same already keeps its time, so that nothing is built anew for it."""
    document = interface_document()
    if not target.exists() or target.read_text("utf-8") != document:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, document.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
