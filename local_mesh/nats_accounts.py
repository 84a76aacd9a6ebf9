"""How does a NATS server read who its users are, and what they may do?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Final

from local_mesh.nats_permissions import (
    AGENTS_HEAR,
    AGENTS_READ,
    ASKED_BY_AGENTS,
    MESH,
    REQUEST,
    NatsUser,
    member,
    with_answers,
)
from nervous_system import names
from nervous_system.contract.subjects import AGENTS
from nervous_system.users import ADMIN

ANYBODY: Final = "anybody"
"""Who comes without a user, where the server is open."""

_SAID: Final = tuple(
    f"{begin}.{role}{end}"
    for begin, end in ((names.EVENTS, ".>"), (names.TELEMETRY, ""))
    for role in AGENTS
)
"""Events and spans of agents."""


def render_accounts(
    users: Iterable[NatsUser], passwords: Mapping[str, str], *, anybody: str
) -> str:
    """The accounts and users, in the server's configuration language.

    `passwords` holds one for each user; `anybody`, where it is not empty, is the password of a user
    with every right that all are who name none.
    """
    everybody = sorted(with_answers(users, is_open=bool(anybody)), key=attrgetter("account"))
    if anybody:
        everybody.append(member(ANYBODY, kind=ADMIN))
        everybody.sort(key=attrgetter("account"))
        passwords = {**passwords, ANYBODY: anybody}
    blocks = []
    for account, members in groupby(everybody, key=attrgetter("account")):
        lines = [f"    {_user(each, passwords[each.name])}" for each in members]
        shares = _mesh() if account == MESH else _shared_with_agents()
        blocks.append(
            f"  {_quote(account)} {{\n"
            + "  users: [\n"
            + "\n".join(lines)
            + "\n  ]\n"
            + shares
            + "  }\n"
        )
    open_to = f"no_auth_user: {ANYBODY}\n" if anybody else ""
    return f"accounts {{\n{''.join(blocks)}}}\n{open_to}"


def _user(user: NatsUser, password: str) -> str:
    permissions = f"publish: {{ allow: {_list(user.publish)}"
    if user.deny_publish:
        permissions += f", deny: {_list(user.deny_publish)}"
    permissions += f" }}, subscribe: {_list(user.subscribe)}"
    return (
        f"{{ user: {_quote(user.name)}, password: {_quote(password)},"
        f" permissions: {{ {permissions} }} }}"
    )


def _mesh() -> str:
    services = (*_SAID, ASKED_BY_AGENTS, *AGENTS_READ)
    exports = [f"    {{ service: {_quote(each)} }}" for each in services]
    exports += [f"    {{ stream: {_quote(each)} }}" for each in AGENTS_HEAR]
    return "  jetstream: enabled\n  exports: [\n" + "\n".join(exports) + "\n  ]\n"


def _shared_with_agents() -> str:
    def of_mesh(subject: str) -> str:
        return f"{{ account: {_quote(MESH)}, subject: {_quote(subject)} }}"

    imports = [f"    {{ service: {of_mesh(each)} }}" for each in _SAID]
    # `share`: the overseer is told who asks. On a subject of its own, since a client can spoil what
    # it is told: where nothing is said of who asks, that must not pass for a question of the mesh.
    asked = of_mesh(ASKED_BY_AGENTS)
    imports.append(f"    {{ service: {asked}, to: {_quote(REQUEST)}, share: true }}")
    imports += [
        f"    {{ service: {of_mesh(call)}, to: {_quote(own)} }}"
        for call, own in AGENTS_READ.items()
    ]
    imports += [f"    {{ stream: {of_mesh(each)} }}" for each in AGENTS_HEAR]
    return "  imports: [\n" + "\n".join(imports) + "\n  ]\n"


def _list(subjects: Iterable[str]) -> str:
    return "[" + ", ".join(_quote(each) for each in subjects) + "]"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
