"""How does a person let a worker rest, and go on? By commands, as the governor and the guardian
do."""

from __future__ import annotations

from datetime import timedelta

from enchanted.events.v1.command_pb2 import COMMAND_RELEASE, COMMAND_SLEEP, CommandIssued
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from nervous_system.bus import Bus
from nervous_system.contract.command import MAX_SECONDS
from nervous_system.contract.subjects import token
from nervous_system.errors import NoSuch
from nervous_system.ids import child_id
from nervous_system.names import EVENTS
from nervous_system.phrases import join_list, seconds, with_reason
from operations.actions.on_record import OnRecord, record_of_person
from operations.queries.live_swarm import Now
from overseer.kernel.sleeping import Asleep


def require_worker(now: Now, worker_id: str) -> None:
    """Raises NoSuch."""
    if worker_id not in now.state.kernel.workers:
        raise NoSuch(f"no worker {worker_id} is there")


def rest(worker_id: str, *, reason: str, for_seconds: float) -> CommandIssued:
    """That it takes nothing for so long, at most a day; what it does pauses, and keeps its
    lease."""
    return CommandIssued(
        kind=COMMAND_SLEEP,
        target=worker_id,
        reason=reason or "a person paused it",
        expires_in_seconds=for_seconds,
    )


def would_rest(now: Now, command: CommandIssued) -> list[str]:
    """A sentence for each thing that follows."""
    worker_id = command.target
    length = seconds(command.expires_in_seconds)
    said = [f"{worker_id} takes nothing for {length}{with_reason(command.reason)}"]
    if held := sorted(now.state.kernel.workers[worker_id].task_ids):
        said.append(f"what it does pauses at its next report of progress: {join_list(held)}")
    return said


async def rests_of(bus: Bus, now: Now, worker_id: str) -> list[str]:
    """The ids of the commands to rest that persons gave this worker, and that hold."""
    sleeps, since = now.state.kernel.sleeps, now.at - MAX_SECONDS - timedelta(minutes=1)
    found = []
    subject = f"{EVENTS}.command.*.{token(worker_id)}"
    async for stored in bus.replay(subjects=[subject], start_time=since):
        each = bus.believed(stored)
        if each is None or each.event.agent_role != ROLE_OPERATOR:
            continue
        sleep = sleeps.get(each.event.event_id)
        if sleep is not None and sleep.target == worker_id and sleep.until > now.at:
            found.append(each.event.event_id)
    return found


def would_wake(now: Now, worker_id: str, rests: list[str]) -> list[str]:
    """A sentence for each thing that follows when these commands end."""
    sleeps = now.state.kernel.sleeps
    said = [
        f"{worker_id} need not rest any more{with_reason(sleeps[each].reason)}" for each in rests
    ]
    left = sleeps
    for each in rests:
        left = left.delete(each)
    if still := Asleep(left, now.at).reason(worker_id):
        said.append(f"it still rests, as no person told it to: {still}")
    return said or [f"nothing: no person told {worker_id} to rest"]


async def wake(
    bus: Bus, worker_id: str, rests: list[str], *, reason: str, person: str, event_id: str
) -> list[OnRecord]:
    """End these commands. Raises as `record_once`."""
    return [
        await record_of_person(
            bus,
            CommandIssued(
                kind=COMMAND_RELEASE,
                target=worker_id,
                reason=reason,
                releases_command_id=each,
            ),
            person=person,
            event_id=child_id(event_id, each),
        )
        for each in rests
    ]
