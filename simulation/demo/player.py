"""How is the story played? By real agents and workers on the mesh: what they say goes the way that
everybody's events go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from nervous_system.cancelling import cancel
from nervous_system.client.agent import Agent, open_agent
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.event_recorder import Receipt
from nervous_system.client.serving import serve
from nervous_system.client.worker import open_worker
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from simulation.demo.story import Goal, Step, Story

Tell = Callable[[str], None]

END_SECONDS: Final = 180.0
"""At speed 1 the story takes a minute; a mesh that hands out nothing so long hands out nothing."""


class Player:
    """One performance. Its agents keep their names from one to the next; its files are in a
    workspace of its own, so that no change of one is external to another."""

    def __init__(self, story: Story, *, speed: float, tell: Tell) -> None:
        self.workspace = f"{story.workspace}-{new_event_id()[:8]}"
        self._story = story
        self._speed = speed
        self._tell = tell
        self._agents: dict[str, Agent] = {}
        self._contents: dict[str, str] = {}  # by file
        self._begun: set[str] = set()  # actions
        self._done: set[str] = set()
        self._progress = asyncio.Condition()

    @asynccontextmanager
    async def on_stage(self, settings: MeshSettings) -> AsyncIterator[None]:
        """Within the block the agents are there, and do the story's tasks.

        Raises Unavailable, Forbidden."""
        story, stop = self._story, asyncio.Event()
        async with AsyncExitStack() as stack:
            for name, member in story.agents.items():
                self._agents[name] = await stack.enter_async_context(
                    open_agent(
                        role=member.role,
                        agent_id=name,
                        workspace=self.workspace,
                        settings=settings,
                        model=member.model,
                        provider_name=member.provider_name,
                        role_name=member.role_name,
                    )
                )
                table = {
                    action: partial(self._do, action)
                    for action, task in story.tasks.items()
                    if task.agent == name
                }
                if table:
                    worker = await stack.enter_async_context(
                        open_worker(worker_id=name, role=member.role, settings=settings)
                    )
                    serving = asyncio.create_task(serve(worker, table, stop), name=name)
                    stack.push_async_callback(cancel, serving)
            yield

    async def play(self) -> None:
        """The opening and the first objective, until its tasks are done. Raises Rejected,
        Unavailable, TimeoutError."""
        story = self._story
        agent = self._agents[story.opening.agent]
        decision = await self._take(agent, story.opening.steps, task=None)
        await self._propose(agent, story.objective, because=decision)
        await self._until(self._done, story.objective, seconds=END_SECONDS)

    async def propose_release(self) -> str:
        """Ask for what a person has to say yes to; the objective's id. Raises as `play`."""
        goal = self._story.release
        return await self._propose(self._agents[goal.agent], goal)

    async def release(self, *, wait_seconds: float) -> None:
        """Do that, once somebody has said yes. Raises TimeoutError if nobody does."""
        await self._until(self._begun, self._story.release, seconds=wait_seconds)
        await self._until(self._done, self._story.release, seconds=END_SECONDS)

    async def _propose(self, agent: Agent, goal: Goal, *, because: Receipt | None = None) -> str:
        objective_id = await agent.propose(
            goal.description,
            priority=goal.priority,
            tasks=goal.tasks,  # type: ignore[arg-type]  # the agent looks at each field
            because=because,
        )
        self._tell(f'{agent.agent_id} proposes: "{goal.description}"')
        return objective_id

    async def _until(self, reached: set[str], goal: Goal, *, seconds: float) -> None:
        actions = {str(each["action"]) for each in goal.tasks}
        async with asyncio.timeout(seconds), self._progress:
            await self._progress.wait_for(lambda: actions <= reached)

    async def _mark(self, reached: set[str], action: str) -> None:
        async with self._progress:
            reached.add(action)
            self._progress.notify_all()

    async def _do(self, action: str, task: ClaimedTask) -> None:
        await self._mark(self._begun, action)
        told = self._story.tasks[action]
        attempt = told.attempts[min(task.attempt, len(told.attempts)) - 1]
        await self._take(self._agents[told.agent], attempt.steps, task=task)
        if attempt.finish is None:
            self._tell(f"{told.agent} fails at {action}: {attempt.fail}")
            await task.finish("checks_failed", output=attempt.fail)
            return
        await task.finish(output=attempt.finish.output, changed_files=attempt.finish.changed_files)
        self._tell(f"{told.agent} is done with {action}: {attempt.finish.output}")
        await self._mark(self._done, action)

    async def _take(
        self, agent: Agent, steps: Sequence[Step], *, task: ClaimedTask | None
    ) -> Receipt | None:
        """Each step after the other; the receipt of the last decision."""
        decision: Receipt | None = None
        for step in steps:
            if step.pause:
                await asyncio.sleep(step.pause / self._speed)
            if step.decide is not None:
                decision = await agent.decide(**step.decide.model_dump())
                self._tell(f"{agent.agent_id} decides: {step.decide.chosen}")
            if step.progress is not None and task is not None:
                await task.progress(step.progress.fraction, step.progress.note)
            if step.change is not None:
                name, after = step.change.resource, step.change.after
                before = self._contents.get(name)
                await agent.change(name, before=before, after=after, because=decision)
                self._contents[name] = after
            if step.outcome is not None and decision is not None:
                await agent.outcome(
                    decision, **step.outcome.model_dump(), cost_provenance="reported"
                )
        return decision
