"""How does a mesh start behind the scenes, with its start-up shown here?"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import IO, Any

import typer

from ganglion.terminal import say
from local_mesh.home import Home
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.first_look import look_first
from local_mesh.supervisor.log_file import last_lines, open_log
from local_mesh.supervisor.process_list import supervisor_arguments
from nervous_system.environment import read_settings
from nervous_system.errors import StartFailed
from nervous_system.settings import MeshSettings


def start_detached(only: Sequence[str]) -> None:
    """Start `ganglion up` in a session of its own and return once the mesh is up.

    Raises StartFailed with what it said, or exits with its exit code; then nothing is left
    running. Ctrl-C here stops the start.
    """
    settings, local = read_settings(MeshSettings), read_settings(LocalMeshSettings)
    asyncio.run(look_first(settings, local, only=only))
    home = Home.at(settings.home)
    home.create()
    log_path = home.log("supervisor")
    log = open_log(log_path, max_bytes=local.log_max_bytes)
    start_byte = os.fstat(log).st_size
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*supervisor_arguments(only), "--ready-descriptor", str(writing)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        pass_fds=(writing,),
    )
    os.close(writing)
    os.close(log)
    try:
        with os.fdopen(reading) as messages:
            last = _follow(messages)
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    if last.get("ready"):
        say(f"it runs behind the scenes (pid {process.pid}); stop it with `ganglion down`")
        return
    process.wait()
    if "error" in last:
        say(f"ganglion: {last['error']}", err=True)
        raise typer.Exit(int(last["exit_code"]))
    words = " | ".join(last_lines(log_path, since_byte=start_byte, count=3))
    raise StartFailed(
        f"the supervisor ended with exit code {process.returncode} and did not say why"
        f" ({words or 'its log is empty'}); see {log_path}"
    )


def _follow(messages: IO[str]) -> dict[str, Any]:
    """Print the lines that come; the last message is the verdict, empty when there was none."""
    for line in messages:
        message: dict[str, Any] = json.loads(line)
        if "line" not in message:
            return message
        say(message["line"])
    return {}
