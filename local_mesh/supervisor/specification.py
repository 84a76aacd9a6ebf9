"""What is one process of the mesh: how is it started, when is it ready, how long may it drain?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nervous_system.errors import Fatal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpecification:
    """One line of the process list; the supervisor knows nothing else about a process."""

    name: str
    argv: tuple[str, ...]
    address: str  # where people and clients find it
    health_url: str  # answers 200 when it can do its work
    environment: Mapping[str, str] = field(default_factory=dict)  # on top of the supervisor's own
    descriptors: tuple[int, ...] = ()  # open files that it keeps for as long as it lives
    needs: tuple[str, ...] = ()  # names that are started first, and are stopped later
    patient: bool = False  # waits for what it needs by itself, so it is started at once
    ready_states: tuple[str, ...] = ()  # if given, its fact `state` must be one of them too
    ready_timeout_seconds: float = 120.0
    stop_timeout_seconds: float = 15.0  # from SIGTERM to SIGKILL
    silent_seconds: float = 30.0  # without any answer to its health check, once it was ready
    unhealthy_seconds: float | None = None  # with bad news only; None: it ends itself
    # Asked while it is not well: what a person has to do before a start helps; empty: nothing.
    obstacle: Callable[[], str] = lambda: ""


def dependents(specifications: Sequence[ProcessSpecification]) -> dict[str, tuple[str, ...]]:
    """For each name, who starts after it. Raises Fatal when the list is no order at all."""
    names = [specification.name for specification in specifications]
    if len(set(names)) != len(names):
        raise Fatal(f"two processes of the mesh have the same name: {', '.join(names)}")
    started: set[str] = set()
    waiting = list(specifications)
    while waiting:
        able = [each for each in waiting if set(each.needs) <= started]
        if not able:
            stuck = ", ".join(f"{each.name} needs {each.needs}" for each in waiting)
            raise Fatal(f"these processes wait for each other or for nobody: {stuck}")
        started |= {each.name for each in able}
        waiting = [each for each in waiting if each not in able]
    return {
        name: tuple(each.name for each in specifications if name in each.needs) for name in names
    }
