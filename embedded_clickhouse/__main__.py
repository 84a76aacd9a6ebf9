"""How is the embedded ClickHouse started? `python -m embedded_clickhouse --path DIR --port
8123`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from pydantic import ValidationError

from nervous_system.visible import visible


def main() -> int:
    """Serve until stopped. Returns the exit status: 0 after a clean stop, 2 where something has to
    be mended first."""
    options = {name: value for name, value in vars(_arguments()).items() if value is not None}
    # aiohttp reads files of the machine while it is loaded, so it comes before the wall; the
    # engine, which starts threads, comes after it.
    import aiohttp.web  # noqa: F401

    from embedded_clickhouse.settings import ClickHouseSettings

    try:
        settings = ClickHouseSettings(**options)
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"])
            return _refuse(f"The option {where} can't be used: {problem['msg']}.")
    from embedded_clickhouse.enclosure import shut_in
    from embedded_clickhouse.folder import FolderError, open_folder
    from embedded_clickhouse.listening import PortInUseError, listen_at
    from embedded_clickhouse.passwords import PasswordError, own_passwords
    from embedded_clickhouse.set_aside import set_strangers_aside
    from embedded_clickhouse.users import OWN_ACCOUNTS, UsersFileError, read_users, users_with
    from nervous_system.host.wall import WallError

    try:
        users = users_with(own_passwords(settings.keys, OWN_ACCOUNTS))
        if settings.users_file is not None:
            users = read_users(settings.users_file, users)
        lock = open_folder(
            settings.path, max_memory_bytes=settings.max_memory_bytes, is_open=settings.open
        )
        listening = listen_at(settings)
        remarks = set_strangers_aside(settings.path)
        remarks += shut_in(settings.path, is_open=settings.open)
    except (PasswordError, UsersFileError, FolderError, PortInUseError, WallError) as error:
        return _refuse(str(error))
    # Behind the wall: what the engine's library does while it is loaded is shut in, too.
    from embedded_clickhouse.engine import EngineStartError
    from embedded_clickhouse.wiring import serve

    with lock:
        try:
            asyncio.run(
                serve(settings, users=users, listening=listening, remarks=remarks, log=_log)
            )
        except EngineStartError as error:
            return _refuse(str(error))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m embedded_clickhouse",
        description="The real ClickHouse engine (chDB) behind ClickHouse's HTTP interface.",
        epilog="Every option can also be set in the environment as GANGLION_CLICKHOUSE_<OPTION>.",
    )
    parser.add_argument("--path", type=Path, help="folder of the data")
    parser.add_argument("--host", help="loopback address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes a free one")
    parser.add_argument("--users", dest="users_file", type=Path, help="TOML file of accounts")
    parser.add_argument("--max-queries", type=int, help="statements that run at once")
    parser.add_argument("--max-wait-seconds", type=float, help="how long others wait for a place")
    parser.add_argument("--max-memory-bytes", type=int, help="what the engine may allocate in all")
    parser.add_argument("--drain-seconds", type=float, help="time for running statements at a stop")
    return parser.parse_args()


def _log(action: str, fields: dict[str, object]) -> None:
    sys.stdout.write(json.dumps({"action": action, **fields}) + "\n")  # noqa: TID251 - its log
    sys.stdout.flush()


def _refuse(sentence: str) -> int:
    sys.stderr.write(visible(sentence, keep="\n") + "\n")  # noqa: TID251 - before there is a log
    return 2


if __name__ == "__main__":
    sys.exit(main())
