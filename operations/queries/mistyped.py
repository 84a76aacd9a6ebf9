"""Was a variable given that nobody reads, and which one was meant?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from nervous_system import failpoint

PREFIX: Final = "GANGLION_"
BEGINNING: Final = "GANGL"
"""What is meant for us begins so, the prefix itself mistyped or not."""

NO_SETTINGS: Final = frozenset(
    {
        "GANGLION_DEBUG",  # where an error comes from
        failpoint.VARIABLE,
        "GANGLION_JAEGER_PORT",  # docker-compose.yml, which reads `.env`, too
        "GANGLION_OTLP_GRPC_PORT",
        "GANGLION_OTLP_HTTP_PORT",
        "GANGLION_BENCH_PEERS",  # benchmarks and tests
        "GANGLION_FUZZ_SEED",
        "GANGLION_TEST_JAEGER",
    }
)
"""Variables that are read and are no settings of a mesh."""


def mistyped_variables() -> Iterator[str]:
    """A sentence for each variable of ours, in the environment or `.env`, that nobody reads."""
    given = {name: name.upper() for name in _given_names() if name.upper().startswith(BEGINNING)}
    if not NO_SETTINGS.issuperset(given.values()):
        given = {name: upper for name, upper in given.items() if upper not in _usual()}
    if NO_SETTINGS.issuperset(given.values()):
        return
    from operations.queries.setting_list import all_variables

    known = all_variables() | NO_SETTINGS
    for name, upper in sorted(given.items()):
        if upper in known:
            continue
        close = _closest(upper, known)
        meant = f"did you mean {close}?" if close else "`ganglion settings` lists what there is"
        yield f"{name} is no setting, so it changes nothing; {meant}"


def _usual() -> set[str]:
    """What nearly every command reads anyway: the settings of all services take time to load."""
    from local_mesh.settings import LocalMeshSettings
    from nervous_system.environment import variables_of
    from nervous_system.settings import MeshSettings

    return variables_of(MeshSettings) | variables_of(LocalMeshSettings)


def _closest(name: str, known: set[str]) -> str:
    """The name that was meant, empty where none comes near. What all begin with proves nothing."""
    prefix = PREFIX if name.startswith(PREFIX) else ""
    names = {each.removeprefix(prefix): each for each in sorted(known)}
    found = get_close_matches(name.removeprefix(prefix), names, n=1, cutoff=0.7)
    return names[found[0]] if found else ""


def _given_names() -> list[str]:
    from dotenv import dotenv_values

    try:
        return [*os.environ, *dotenv_values(".env")]
    except (OSError, UnicodeDecodeError):
        return list(os.environ)  # whoever reads settings from it says what is wrong with it
