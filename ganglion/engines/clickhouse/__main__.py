"""How is the embedded ClickHouse started? `python -m ganglion.engines.clickhouse --path DIR --port
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
    # The engine takes half a second to import: a wrong option is told before.
    from ganglion.engines.clickhouse.settings import ClickHouseSettings

    try:
        settings = ClickHouseSettings(**options)
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"])
            return _refuse(f"The option {where} can't be used: {problem['msg']}.")
    from ganglion.engines.clickhouse.engine import EngineStartError
    from ganglion.engines.clickhouse.users import UsersFileError
    from ganglion.engines.clickhouse.wiring import PortInUseError, serve

    try:
        asyncio.run(serve(settings, log=_log))
    except (EngineStartError, UsersFileError, PortInUseError) as error:
        return _refuse(str(error))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ganglion.engines.clickhouse",
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
