"""Is it said for as long as it is so that a file's rules are not in force?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from nervous_system.contract.payload import Payload
from overseer import rule_files
from overseer.model import OverseerState
from overseer.policy import PolicyRefused, read_policy
from overseer.registry import RegistryRefused, read_registry
from overseer.rule_files import RuleFiles


class Log:
    """Takes every observation; nothing is in force."""

    def __init__(self) -> None:
        self.state: OverseerState | None = OverseerState()
        self.observed: list[Payload] = []

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        self.observed.append(payload)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what it does is looked at from outside
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_cpu_pct: lots", "policy.yaml:1: max_cpu_pct"),
        ("since: 2020-13-45", "policy.yaml: a value cannot be read: month must be in 1..12"),
        ("a: " + "[" * 10_000, "policy.yaml: it is nested too deeply"),
        ("? [a]\n: b", "policy.yaml:1: found unhashable key"),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused_whatever_is_wrong(
    text: str, sentence: str
) -> None:
    with pytest.raises(PolicyRefused, match=re.escape(sentence)):
        read_policy(text)


def test_a_line_of_the_registry_that_cannot_be_read_is_named() -> None:
    text = '{"agent_id": "a"}\n' + "[" * 50_000 + "\n[]\n"
    with pytest.raises(RegistryRefused) as refused:
        read_registry(text)
    assert "registry.jsonl:2: it is nested too deeply" in str(refused.value)
    assert "registry.jsonl:3: it is not a JSON object" in str(refused.value)


@pytest.mark.parametrize("mend", ["max_cpu_pct: 80\n", None])
async def test_a_broken_policy_is_refused_until_it_is_mended_or_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mend: str | None
) -> None:
    monkeypatch.setattr(rule_files, "LOOK_SECONDS", 0.01)
    log, policy = Log(), tmp_path / "policy.yaml"
    rules = RuleFiles(
        log, charter=tmp_path / "charter.md", policy=policy, registry=tmp_path / "registry.jsonl"
    )
    policy.write_text("max_cpu_pct: lots\n")
    watching = asyncio.create_task(rules.watch(progress=lambda: None))
    await until(lambda: "policy.yaml:1: max_cpu_pct" in rules.refused)
    if mend is None:
        policy.unlink()
    else:
        policy.write_text(mend)
    await until(lambda: rules.refused == "")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert [type(each) for each in log.observed][:1] == [AlarmRaised]
