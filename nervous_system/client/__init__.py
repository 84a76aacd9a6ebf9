"""What does a program of the swarm say and do? Agents, workers, and those who ask.

    from nervous_system.client import open_agent, open_worker, serve

What a name leads to is loaded when it is asked for: services use parts of this folder, too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from nervous_system.client.agent import Agent, open_agent
    from nervous_system.client.claimed_task import ClaimedTask
    from nervous_system.client.event_recorder import Receipt
    from nervous_system.client.serving import serve
    from nervous_system.client.worker import Worker, open_worker

__all__ = ["Agent", "ClaimedTask", "Receipt", "Worker", "open_agent", "open_worker", "serve"]

_MODULES: Final = {
    "Agent": "agent",
    "ClaimedTask": "claimed_task",
    "Receipt": "event_recorder",
    "Worker": "worker",
    "open_agent": "agent",
    "open_worker": "worker",
    "serve": "serving",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
