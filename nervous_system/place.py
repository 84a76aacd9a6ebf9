"""Which mesh is meant, and by which rule? Decided here for every command and every program.

The first of these that says where a mesh is decides, as docker, kubectl and nats do:

1. the command line: `ganglion --home DIR …`, `ganglion --context NAME …`, or what a program hands
   to `open_agent`;
2. the environment: NATS_URL and GANGLION_HOME, else GANGLION_CONTEXT;
3. the same variables in `.env` of the current folder;
4. the context that `ganglion contexts use NAME` chose;
5. the folder `.ganglion` here, or the nearest one above.

A home leads to the mesh that runs in it, on whatever ports. Where an address is given, it counts,
and the home is only where keys are looked for. What a later rule says of addresses is left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from nervous_system.contexts import NONE, Context, chosen_context, read_context

CONTEXT: Final = "GANGLION_CONTEXT"
NAMES_A_PLACE: Final = ("NATS_URL", "GANGLION_NATS_URL", "GANGLION_HOME")
OF_SERVERS: Final = ("GANGLION_NATS_URL", "GANGLION_CLICKHOUSE_URL")
"""Of the mesh of a home that runs on servers of one's own."""

WITH_A_PLACE: Final = (
    "GANGLION_NATS_USER",
    "GANGLION_NATS_PASSWORD",
    "GANGLION_NATS_CREDENTIALS",
    "GANGLION_CLICKHOUSE_PASSWORD",
    "GANGLION_SIGNING_KEY",
    "GANGLION_OPERATOR",
)
"""What one proves oneself with, where the address is."""

OF_A_PLACE: Final = ("NATS_URL", "CLICKHOUSE_URL", "GANGLION_HOME", CONTEXT)
"""What is left out of `.env` where a rule before it decided."""

HOME: Final = Path(".ganglion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What decided."""

    by: str  # in words: "NATS_URL", "the context prod (`ganglion contexts use`)" …
    name: str = ""  # of the context, where one decided
    context: Context | None = None
    variables: Mapping[str, str] = field(default_factory=dict)  # that the context gives
    over_dotenv: bool = False  # it comes before `.env`
    standing: bool = False  # chosen once, for everything that is done later

    @property
    def is_elsewhere(self) -> bool:
        """Whether it names a mesh that no home on this machine is known of."""
        return self.context is not None and not self.context.home


def decide(
    environment: Mapping[str, str | None],
    dotenv: Mapping[str, str | None],
    *,
    given: bool = False,
) -> Rule:
    """The rule for these variables, whose names are in lower case; `given`: the program said where.

    Raises BadSetting for a context that is not there, or cannot be used.
    """
    if given:
        return Rule(by="the program itself")
    for variables, where in ((environment, ""), (dotenv, " in .env")):
        over = variables is environment
        named = [name for name in NAMES_A_PLACE if variables.get(name.lower())]
        if named:
            return Rule(by=f"{' and '.join(named)}{where}", over_dotenv=over)
        name = variables.get(CONTEXT.lower())
        if name == NONE:
            return Rule(by=_find_home(), over_dotenv=over)
        if name:
            return _of_context(name, f"{CONTEXT}{where}", over_dotenv=over)
    if name := chosen_context():
        return _of_context(name, "`ganglion contexts use`", standing=True)
    return Rule(by=_find_home())


def rule_in_force() -> Rule:
    """The rule for whoever starts here and now. Raises as `decide`."""
    try:
        dotenv = dotenv_values(".env")
    except (OSError, UnicodeDecodeError):
        dotenv = {}  # whoever reads settings from it says what is wrong with it
    return decide(_set_variables(os.environ), _set_variables(dotenv))


def choose_home(home: Path) -> None:
    """What the command line says: from now on, for this process and those that it starts."""
    _choose("GANGLION_HOME", str(home.expanduser().absolute()), but=("NATS_URL", "CLICKHOUSE_URL"))


def choose_context(name: str) -> None:
    """Likewise. Raises BadSetting where there is no such context."""
    if name != NONE:
        read_context(name)
    _choose(CONTEXT, name, but=OF_A_PLACE + OF_SERVERS)


def _choose(variable: str, value: str, *, but: tuple[str, ...]) -> None:
    for name in [each for each in os.environ if each.upper() in (*but, *WITH_A_PLACE)]:
        del os.environ[name]
    os.environ[variable] = value


def without_place(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    """The same without what says where a mesh is."""
    gone = {name.lower() for name in OF_A_PLACE}
    return {name: value for name, value in variables.items() if name not in gone}


def found_home() -> Path:
    """The folder `.ganglion` of ours in the current folder or the nearest one above; where there is
    none yet, the one that would be made here."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # somebody removed it
        return HOME
    for each in (here, *here.parents):
        try:
            if (each / HOME).is_dir() and (each / HOME).stat().st_uid in (os.geteuid(), 0):
                return each / HOME
        except OSError:
            continue  # not ours to look into
    return here / HOME


def _set_variables(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name.lower(): value for name, value in variables.items() if value and value.strip()}


def _find_home() -> str:
    home = found_home()
    return f"{home} is the nearest" if home.is_dir() else "nothing else was said"


def _of_context(name: str, how: str, *, over_dotenv: bool = False, standing: bool = False) -> Rule:
    context = read_context(name)
    return Rule(
        by=f"the context {name} ({how})",
        name=name,
        context=context,
        variables=context.variables(),
        over_dotenv=over_dotenv,
        standing=standing,
    )
