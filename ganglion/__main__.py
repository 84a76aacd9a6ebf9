"""How does `ganglion` begin and end?"""

from __future__ import annotations

import sys

from ganglion.exit import end_with
from ganglion.exit_codes import INTERRUPTED


def main() -> None:
    """Run the command line and exit; every error is one sentence, unless GANGLION_DEBUG is set."""
    try:
        # Only here: what takes time to import can be interrupted as quietly as what it does.
        from ganglion.command_group import app

        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the end of the line
        end_with(error)


if __name__ == "__main__":
    main()
