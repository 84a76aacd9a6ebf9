"""What may an account of infra/clickhouse do? Its users file, in the engine itself.

`python engine_as_server.py ACCOUNT FOLDER`: statements from stdin (JSON), for each its code, or 0,
and its answer to stdout. The engine knows one user, so the account is called `default` here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

from embedded_clickhouse.engine import Engine
from embedded_clickhouse.exceptions import ClickHouseError
from embedded_clickhouse.folder import CONFIGURATION_FILE

INFRA = Path(__file__).parents[2] / "infra" / "clickhouse"


def prepare(account: str, folder: Path) -> None:
    """Write what the engine starts with, as a server would find it."""
    root = ElementTree.parse(INFRA / "users.d" / "ganglion.xml").getroot()
    users = root.find("users")
    assert users is not None
    for user in list(users):
        if user.tag != account:
            users.remove(user)
    (user,) = users
    user.tag = "default"
    user.attrib.clear()
    for name in ("password_sha256_hex", "networks"):
        found = user.find(name)
        assert found is not None
        user.remove(found)
    ElementTree.SubElement(user, "password").text = ""
    ElementTree.SubElement(ElementTree.SubElement(root, "quotas"), "default")
    (folder / "users.xml").write_bytes(ElementTree.tostring(root))
    server = ElementTree.parse(INFRA / "config.d" / "ganglion.xml").getroot()
    ElementTree.SubElement(server, "users_config").text = str(folder / "users.xml")
    (folder / CONFIGURATION_FILE).write_bytes(ElementTree.tostring(server))


def main() -> None:
    """One answer for each statement."""
    account, folder = sys.argv[1], Path(sys.argv[2])
    prepare(account, folder)
    connection = Engine(folder).connect()
    codes = []
    for statement in json.load(sys.stdin):
        try:
            answer = connection.run(statement.encode())
            codes.append([0, answer.body.decode()])
        except ClickHouseError as error:
            codes.append([error.code, ""])
    json.dump(codes, sys.stdout)


if __name__ == "__main__":
    main()
