"""Which id is meant by its beginning?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from local_mesh.addresses import client_settings
from nervous_system.errors import BadSetting
from nervous_system.phrases import join_list, pluralize
from nervous_system.visible import visible
from operations.log_session import bus_session
from operations.queries.overseer_projection import overseer_state
from overseer.model import OverseerState


def closest_id(typed: str, known: Iterable[str], *, noun: str) -> str:
    """
    The one id that begins so, also with the ellipsis behind it that a list shows.

    An id that is written out is that id, whatever begins with it. What begins no id is handed on:
    who knows more ids than these says what there is to say. Raises BadSetting, which names the
    candidates, where several begin so.
    """
    known = set(known)
    begin = typed.removesuffix("…")
    if typed in known or not begin:
        return typed
    found = sorted(
        each for each in known if each.startswith(begin) or visible(each).startswith(begin)
    )
    if len(found) > 1:
        raise BadSetting(
            f"{typed} is the beginning of {pluralize(len(found), noun)}: {join_list(found)};"
            " write more of it"
        )
    return found[0] if found else typed


def task_among(state: OverseerState, typed: str) -> str:
    """The task, of those that are open and the last that ended."""
    return closest_id(typed, {*state.kernel.tasks, *state.kernel.ended}, noun="task")


def objective_among(state: OverseerState, typed: str) -> str:
    """The objective, of those that are open and the last that ended, or that tasks name."""
    tasks = (each.manifest.objective_id for each in state.kernel.tasks.values())
    ended = (each.objective_id for each in state.kernel.ended.values())
    return closest_id(typed, {*state.objectives, *state.finished, *tasks, *ended}, noun="objective")


async def known_task(typed: str) -> str:
    """The task that something is to become of. Raises BadSetting where the overseer knows none."""
    return _known_task(await _state(), typed)


async def known_tasks(typed: Sequence[str]) -> list[str]:
    """As `known_task`, by one look at the log, or none for none."""
    state = await _state() if typed else None
    return [_known_task(state, each) for each in typed] if state is not None else []


def _known_task(state: OverseerState, typed: str) -> str:
    kernel, task_id = state.kernel, task_among(state, typed)
    if not any(task_id in each for each in (kernel.tasks, kernel.ended, kernel.failed)):
        raise BadSetting(
            f"no task {typed} is open, and none of the last that ended; `ganglion tasks` lists them"
        )
    return task_id


async def known_objective(typed: str) -> str:
    """The objective that something is to become of. Raises as `known_task`."""
    state = await _state()
    objective_id = objective_among(state, typed)
    if objective_id not in state.objectives and objective_id not in state.finished:
        raise BadSetting(
            f"no objective {typed} is open, and none of the last that ended;"
            " `ganglion objectives list --all` lists them"
        )
    return objective_id


async def _state() -> OverseerState:
    async with bus_session(client_settings()) as bus:
        return await overseer_state(bus)
