"""Which rules are in force? `policy.yaml`, checked whole before any of it counts.

Keys that this version does not know are kept in the event and warned of. A known key with a value
of the wrong type refuses the whole file, and the last good policy stays in force. The file is read
again whenever its event is folded, so nothing in it may cost much time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, ValidationError

from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.task_pb2 import RiskTier
from nervous_system.contract.words import TIERS, Tier
from nervous_system.errors import Permanent
from nervous_system.ids import content_hash
from nervous_system.yaml_text import YamlRefused, YamlText

Percent = Annotated[float, Field(gt=0, le=100, strict=True)]
Count = Annotated[int, Field(ge=1, lt=1 << 32, strict=True)]


MAX_CHARACTERS: Final = 65_536
"""Of a policy: reading so much takes a second or two."""

MAX_PATTERNS: Final = 1_000
MAX_PATTERN_CHARACTERS: Final = 200
"""No action is longer."""


def _plain(pattern: str) -> str:
    if "[" in pattern:
        raise ValueError(f"in {pattern!r}, `[` is no part of a pattern: * is any characters, ? one")
    return pattern


Pattern = Annotated[str, Field(max_length=MAX_PATTERN_CHARACTERS), AfterValidator(_plain)]
Patterns = Annotated[tuple[Pattern, ...], Field(max_length=MAX_PATTERNS)]


class PolicyRefused(Permanent):
    """The policy file says something that cannot be; the last good one stays in force."""


class Policy(BaseModel):
    """What the overseer and the governor hold the swarm to. The defaults are those of no file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    max_cpu_pct: Percent = 95.0  # a machine above it is given less, and one task at least
    max_ram_pct: Percent = 95.0  # no task is handed out above
    hard_stop: StrictBool = False  # nor above max_cpu_pct
    allow_unregistered_agents: StrictBool = True
    allowed_actions: Patterns = ("*",)
    allowed_tiers: tuple[Tier, ...] = get_args(Tier)
    max_open_tasks: Count = 1_000_000
    max_claims_per_minute: Count = 1_000_000

    def against(self, *, action: str, risk_tier: RiskTier.ValueType) -> str:
        """Why this policy forbids a task; empty where it does not."""
        if not matches_any(action, self.allowed_actions):
            return f"the policy does not allow the action {action}"
        if risk_tier and risk_tier not in {TIERS[tier] for tier in self.allowed_tiers}:
            return f"the policy does not allow the risk tier {tier_name(risk_tier)}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """A policy that was read, with what is to be said about the file."""

    policy: Policy
    text: str
    warnings: tuple[str, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of the text."""
        return content_hash(self.text)

    def adoption_event(self) -> PolicyAdopted:
        """The event that puts it in force, with its rules written out for who reads no YAML."""
        policy = self.policy
        return PolicyAdopted(
            hash=self.hash,
            text=self.text,
            warnings=self.warnings,
            max_cpu_pct=policy.max_cpu_pct,
            max_ram_pct=policy.max_ram_pct,
            allow_unregistered_agents=policy.allow_unregistered_agents,
            allowed_actions=policy.allowed_actions,
            allowed_tiers=[TIERS[tier] for tier in policy.allowed_tiers],
            max_open_tasks=policy.max_open_tasks,
            max_claims_per_minute=policy.max_claims_per_minute,
            hard_stop=policy.hard_stop,
        )


def read_policy(text: str, *, where: str = "policy.yaml", accepted: bool = False) -> PolicyFile:
    """The policy in a YAML text; a byte-order mark does no harm. `accepted`: it is on record.

    Raises PolicyRefused with the line, where there is one.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise PolicyRefused(
            f"{where}: it has {len(text):,} characters, more than {MAX_CHARACTERS:,}"
        )
    try:
        read = YamlText(text, accepted=accepted)
    except YamlRefused as error:
        line = f":{error.line}" if error.line else ""
        raise PolicyRefused(f"{where}{line}: {error}") from error
    found = read.found
    if found is None:
        found = {}
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise PolicyRefused(f"{where}:1: a policy is a list of `key: value` lines")
    try:
        policy = Policy.model_validate(found)
    except ValidationError as error:
        wrong = "; ".join(
            f"{where}:{read.line(each['loc'][:1])}:"
            f" {'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors()
        )
        raise PolicyRefused(wrong) from error
    unknown = [key for key in found if key not in Policy.model_fields]
    warnings = tuple(
        f"{where}:{read.line([key])}: {key} is not known to this version; it is kept and does"
        " nothing"
        for key in unknown
    )
    return PolicyFile(policy=policy, text=text, warnings=warnings)


def matches_any(action: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns is the whole action: * is any characters, ? is one, nothing else
    is special. `swarm.policy_violations` in ClickHouse reads them the same way."""
    return any(_expression(pattern).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    # What stands between two stars is looked for once, where it comes first: tried at every other
    # place as well, a pattern with many stars would take for ever.
    first, *others = (
        "".join("." if each == "?" else re.escape(each) for each in piece)
        for piece in pattern.split("*")
    )
    between = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    last = f".*{others[-1]}" if others else ""
    return re.compile(f"{first}{between}{last}", re.DOTALL)


def tier_name(tier: RiskTier.ValueType) -> str:
    """The name a policy uses for a tier."""
    return next((name for name, number in TIERS.items() if number == tier), "unspecified")


def tier_named(name: str) -> RiskTier.ValueType:
    """The tier a policy or a plan names. Raises KeyError."""
    return TIERS[name]
