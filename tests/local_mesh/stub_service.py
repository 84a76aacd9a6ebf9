"""How does a process of the mesh behave that is not as it should be? Each mode is one way."""

from __future__ import annotations

import argparse
import http.server
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


class Health(http.server.BaseHTTPRequestHandler):
    """Answers 200 once the moment of readiness has come."""

    ready_at = 0.0
    never = False
    unwell_while: Path | None = None

    def do_GET(self) -> None:
        """/healthz, whatever the path."""
        ready = not self.never and time.monotonic() >= self.ready_at
        ready = ready and not (self.unwell_while and self.unwell_while.exists())
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b'{"facts": {"watermark": 7, "lag": 2}}')

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--crash-at-start", type=int, help="exit code")
    parser.add_argument("--crash-while", type=Path, help="exit with 3 as soon as this file exists")
    parser.add_argument("--ignore-sigterm", action="store_true")
    parser.add_argument("--ready-after", type=float, default=0.0)
    parser.add_argument("--unwell-while", type=Path, help="503 for as long as this file exists")
    parser.add_argument("--never-ready", action="store_true")
    parser.add_argument("--order", type=Path, help="append what happens, when it happens")
    parser.add_argument("--name", default="stub")
    parser.add_argument("--grandchild", type=Path, help="start one, write its pid there")
    arguments = parser.parse_args()

    def note(what: str) -> None:
        if arguments.order is not None:
            with arguments.order.open("a") as file:
                file.write(f"{what} {arguments.name}\n")

    if arguments.crash_at_start is not None:
        print("first I looked around", flush=True)
        print("the flux capacitor is missing", file=sys.stderr, flush=True)
        sys.exit(arguments.crash_at_start)

    def terminate(number: int, frame: object) -> None:
        note("stop")
        os._exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if arguments.ignore_sigterm else terminate)
    if arguments.grandchild is not None:
        grandchild = subprocess.Popen(["sleep", "300"])
        arguments.grandchild.write_text(str(grandchild.pid))
    Health.ready_at = time.monotonic() + arguments.ready_after
    Health.never = arguments.never_ready
    Health.unwell_while = arguments.unwell_while
    server = http.server.HTTPServer(("127.0.0.1", arguments.port), Health)
    server.timeout = 0.02
    note("start")
    while True:
        server.handle_request()
        if arguments.crash_while is not None and arguments.crash_while.exists():
            print("I was told to crash", file=sys.stderr, flush=True)
            os._exit(3)


if __name__ == "__main__":
    main()
