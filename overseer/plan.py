"""How does an objective become tasks? By the tasks it brings itself, or by a plan of the catalogue.

The same objective always gets the same plan. A planner is a port (`ports.Planner`), so that another
kind can take this one's place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, field_validator

from enchanted.events.v1.task_pb2 import RISK_HIGH, RISK_SAFE, RiskTier, TaskManifest
from nervous_system.contract.words import TIERS
from nervous_system.refusal import Refusal
from overseer.kernel.manifest_check import MAX_TTL_SECONDS
from overseer.policy import tier_named

EXPLICIT = "explicit"

MAX_PLAN_BYTES: Final = 900_000
"""Of all tasks of a plan: they are decided on at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningRequest:
    """What a planner is asked about."""

    objective_id: str
    description: str
    priority: int
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectivePlan:
    """Tasks, and why these."""

    name: str
    version: str
    tasks: tuple[TaskManifest, ...]
    rationale: str

    @property
    def risk_tier(self) -> RiskTier.ValueType:
        """The highest of its tasks."""
        return max((task.risk_tier for task in self.tasks), default=RISK_SAFE)

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody must say yes first."""
        return self.risk_tier == RISK_HIGH


class PlanStep(BaseModel):
    """One task of a plan, or of an objective's own list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str = Field(
        min_length=1,
        description="What a worker is to do, by the name it knows.",
        examples=["tests.mend"],
    )
    id: str = Field(
        "",
        description="Within its objective; its number from 1, if not given.",
        examples=["mend"],
    )
    description: str = Field(
        "",
        description="What it is for; that of its objective.",
        examples=["Mend what is slow for no reason"],
    )
    payload: dict[str, Any] = Field(
        default_factory=dict,
        description="What the action is done with.",
        examples=[{"folder": "tests", "slower_than_seconds": 5}],
    )
    priority: int | None = Field(
        None, ge=0, le=10, description="Higher first; that of its objective.", examples=[7]
    )
    after: tuple[str, ...] = Field(
        (),
        description="Ids of tasks of this plan that must be completed before.",
        examples=[["find"]],
    )
    skills: tuple[str, ...] = Field(
        (), description="What its worker must be able to do.", examples=[["python", "docker"]]
    )
    cpu_count: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="Processors that must be left, half ones too.",
        examples=[1.5],
    )
    memory_bytes: int = Field(
        0, ge=0, lt=2**64, description="Memory that must be left.", examples=[2_147_483_648]
    )
    ttl_seconds: float = Field(
        0.0,
        ge=0,
        le=MAX_TTL_SECONDS,
        description="From its submission; 0: no limit.",
        examples=[86_400],
    )
    attempt_seconds: float = Field(
        0.0,
        ge=0,
        le=MAX_TTL_SECONDS,
        description="An attempt that takes longer has failed; 0: no limit.",
        examples=[1_800],
    )
    max_attempts: int = Field(3, ge=1, lt=2**32, description="So many may fail.", examples=[1])
    max_losses: int | None = Field(
        None,
        ge=0,
        lt=2**32,
        description="So many may be lost with their worker: as many as may fail. 0, with one"
        " attempt: at most once.",
        examples=[0],
    )
    idempotency_key: str = Field(
        "", description="The same for every attempt; its id.", examples=["invoice-2026-11"]
    )
    risk_tier: Annotated[RiskTier.ValueType, WithJsonSchema({"enum": list(TIERS)})] = Field(
        RISK_SAFE,
        description="high-risk: a person must say yes to the objective first.",
        json_schema_extra={"default": "safe", "examples": ["high-risk"]},
    )

    @field_validator("risk_tier", mode="before")
    @classmethod
    def _read_tier(cls, value: Any) -> Any:
        try:
            return tier_named(value) if isinstance(value, str) else value
        except KeyError:
            raise ValueError(f"there is no risk tier {value!r}") from None

    def manifest(self, wanted: PlanningRequest, *, step_id: str) -> TaskManifest:
        """The task it is for one objective."""
        return TaskManifest(
            task_id=_task_id(wanted, step_id),
            objective_id=wanted.objective_id,
            action=self.action,
            description=self.description or wanted.description,
            payload_json=json.dumps(self.payload, sort_keys=True, ensure_ascii=False)
            if self.payload
            else "",
            priority=wanted.priority if self.priority is None else self.priority,
            owner="overseer",
            depends_on=[_task_id(wanted, each) for each in self.after],
            ttl_seconds=self.ttl_seconds,
            attempt_seconds=self.attempt_seconds,
            required_skills=self.skills,
            required_cpu_count=self.cpu_count,
            required_memory_bytes=self.memory_bytes,
            max_attempts=self.max_attempts,
            max_losses=self.max_losses,
            idempotency_key=self.idempotency_key,
            risk_tier=self.risk_tier,
        )


class NamedPlan(BaseModel):
    """An entry of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: tuple[str, ...] = ()
    risk_tier: str = "safe"
    steps: dict[str, PlanStep] = Field(min_length=1)


class Catalogue(BaseModel):
    """All named plans, of one version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    plans: dict[str, NamedPlan]

    @classmethod
    def load_shipped(cls) -> Catalogue:
        """The catalogue that comes with the overseer."""
        text = (files("overseer") / "catalogue.yaml").read_text(encoding="utf-8")
        return cls.model_validate(yaml.safe_load(text))


class CataloguePlanner:
    """The `Planner` that looks into a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def plan(self, wanted: PlanningRequest) -> ObjectivePlan | Refusal:
        """As `Planner.plan` promises."""
        if "tasks" in wanted.metadata:
            return _explicit(wanted)
        name = wanted.metadata.get("plan")
        if not isinstance(name, str | None):
            return Refusal.because('"plan" in its metadata is not the name of one')
        if name is not None and name not in self._catalogue.plans:
            there_are = ", ".join(self._catalogue.plans)
            return Refusal.because(f"there is no plan {name!r}; there are {there_are}")
        if name is None:
            name = self._best(wanted.description)
        if name is None:
            return Refusal.because(
                "no plan of the catalogue fits its description; name one in its metadata"
                f' ("plan", or --plan: one of {", ".join(self._catalogue.plans)}), or say its tasks'
                ' ("tasks", or --tasks FILE)'
            )
        plan = self._catalogue.plans[name]
        tier = tier_named(plan.risk_tier)
        tasks = []
        for step_id, step in plan.steps.items():
            manifest = step.manifest(wanted, step_id=step_id)
            manifest.risk_tier = max(manifest.risk_tier, tier)
            tasks.append(manifest)
        return ObjectivePlan(
            name=name,
            version=self._catalogue.version,
            tasks=tuple(tasks),
            rationale=f"plan {name} of catalogue {self._catalogue.version} fits best",
        )

    def _best(self, description: str) -> str | None:
        said = {word.strip(".,:;!?()\"'").lower() for word in description.split()}
        fits = {name: len(said.intersection(plan.words)) for name, plan in self._plans()}
        best = max(fits, key=lambda name: fits[name], default=None)
        return best if best is not None and fits[best] else None

    def _plans(self) -> list[tuple[str, NamedPlan]]:
        return list(self._catalogue.plans.items())


def _explicit(wanted: PlanningRequest) -> ObjectivePlan | Refusal:
    listed = wanted.metadata["tasks"]
    if not isinstance(listed, list) or not listed:
        return Refusal.because('"tasks" in its metadata is not a list of tasks')
    tasks = []
    for number, each in enumerate(listed, 1):
        try:
            step = PlanStep.model_validate(each)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            said = f"task {number} of its metadata: {where}: {first['msg']}"
            return Refusal.because(said)
        tasks.append(step.manifest(wanted, step_id=step.id or str(number)))
    return ObjectivePlan(
        name=EXPLICIT, version="", tasks=tuple(tasks), rationale="the objective names its tasks"
    )


def _task_id(wanted: PlanningRequest, step_id: str) -> str:
    return f"{wanted.objective_id}.{step_id}"


def is_task_of(objective_id: str, task_id: str) -> bool:
    """Whether a plan of this objective may have a task of this id."""
    return task_id.startswith(f"{objective_id}.")
