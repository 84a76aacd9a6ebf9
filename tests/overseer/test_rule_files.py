"""What comes into force of the files with the rules, and is it said for as long as it is so that
something does not?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.policy_pb2 import CharterAdopted, PolicyAdopted, RegistryAdopted
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from nervous_system.contract.payload import Payload
from nervous_system.errors import Unavailable
from overseer import rule_files
from overseer.model import OverseerState
from overseer.policy import PolicyRefused, matches_any, read_policy
from overseer.registry import RegistryRefused, read_registry
from overseer.rule_files import RuleFiles
from tests.overseer.overseen import Overseen


class Log:
    """Takes every observation, those of some types at the second try; what is adopted is in force
    then, by the overseer's own core."""

    def __init__(
        self, *, unavailable: Sequence[type] = (), deposed_after: int | None = None
    ) -> None:
        self.observed: list[Payload] = []
        self.looks = 0  # how often somebody asked whether it leads
        self._unavailable = list(unavailable)
        self._deposed_after = deposed_after
        self.overseen = Overseen(charter=False)

    @property
    def state(self) -> OverseerState | None:
        self.looks += 1
        deposed = self._deposed_after is not None and self.looks > self._deposed_after
        return None if deposed else self.overseen.state

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        if type(payload) in self._unavailable:
            self._unavailable.remove(type(payload))
            raise Unavailable("not now")
        self.observed.append(payload)
        self.overseen.publish(payload, role=ROLE_OVERSEER)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(300):
        while not condition():  # noqa: ASYNC110 - what it does is looked at from outside
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_cpu_pct: lots", "policy.yaml:1: max_cpu_pct"),
        ("since: 2020-13-45", "policy.yaml: a value cannot be read: month must be in 1..12"),
        ("a: " + "[" * 10_000, "policy.yaml: it is nested too deeply"),
        ("? [a]\n: b", "policy.yaml:1: found unhashable key"),
        ('a: !!int ""', "policy.yaml: a value cannot be read"),
        ("a: !!bool perhaps", "policy.yaml: a value cannot be read"),
        ("a: !!timestamp now", "policy.yaml: a value cannot be read"),
        ('a: "\\UFFFFFFFF"', "policy.yaml: a value cannot be read"),
        ("a: \0", "policy.yaml: unacceptable character #x0000"),
        ("max_open_tasks: 0x" + "f" * 10_000, "policy.yaml:1: max_open_tasks"),
        ('allowed_actions: ["\\ud800"]', "policy.yaml:1: an escape in it stands for no character"),
        ('x: 1\n"\\udfff": 1', "policy.yaml:2: an escape in it stands for no character"),
        ("a: &a [*a]", "policy.yaml:1: write out what *a stands for"),
        ("a: &a {x: 1}\nb: {<<: [*a, *a]}", "policy.yaml:2: write out what *a stands for"),
        ("max_open_tasks: 1\nmax_open_tasks: 2", "policy.yaml:2: max_open_tasks is said twice"),
        ("# " + "x" * 65_536, "policy.yaml: it has 65,538 characters, more than 65,536"),
        (f"allowed_actions: [{'a,' * 1_001}]", "policy.yaml:1: allowed_actions"),
        (f"allowed_actions: [{'a' * 201}]", "policy.yaml:1: allowed_actions.0"),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused_whatever_is_wrong(
    text: str, sentence: str
) -> None:
    with pytest.raises(PolicyRefused, match=re.escape(sentence)):
        read_policy(text)


def test_what_an_earlier_version_adopted_counts_as_it_did_then() -> None:
    text = "max_open_tasks: 1\nmax_open_tasks: 2"
    assert read_policy(text, accepted=True).policy.max_open_tasks == 2


def test_a_key_that_this_version_does_not_know_is_kept_and_warned_of() -> None:
    text = "max_cpu_pct: 80\nnew_key: 1\n"
    adopted = read_policy(text).adoption_event()
    assert adopted.text == text
    assert adopted.warnings == [
        "policy.yaml:2: new_key is not known to this version; it is kept and does nothing"
    ]
    assert adopted.max_cpu_pct == 80


def test_a_pattern_with_many_stars_is_looked_for_in_one_pass() -> None:
    assert not matches_any("a" * 200, ["*a" * 60 + "b"])


@given(
    action=st.text("ab.\n", max_size=8),
    pattern=st.text("ab.\n*?", max_size=8),
)
def test_a_pattern_is_the_whole_action(action: str, pattern: str) -> None:
    assert matches_any(action, [pattern]) is fnmatchcase(action, pattern)


def test_only_a_line_feed_ends_a_line_of_the_registry() -> None:
    names = ["a\u2028b", "c\u0085d"]
    text = "".join(f'{{"agent_id":\r"{name}"}}\r\r\n' for name in names)
    assert [each.agent_id for each in read_registry(text).entries] == names
    with pytest.raises(RegistryRefused, match="registry.jsonl:3:"):
        read_registry(text + "{\n")


def test_a_line_of_the_registry_that_cannot_be_read_is_named() -> None:
    text = '{"agent_id": "a"}\n' + "[" * 50_000 + "\n[]\n" + '{"agent_id": "b", "agent_id": "c"}\n'
    with pytest.raises(RegistryRefused) as refused:
        read_registry(text)
    assert "registry.jsonl:2: it is nested too deeply" in str(refused.value)
    assert "registry.jsonl:3: it is not a JSON object" in str(refused.value)
    assert "registry.jsonl:4: it says agent_id twice in one object" in str(refused.value)


@pytest.fixture
async def watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[Log], RuleFiles]]:
    """Watches the rule files in the test's folder until it is over."""
    monkeypatch.setattr(rule_files, "LOOK_SECONDS", 0.01)
    watching: list[asyncio.Task[None]] = []

    def watch(log: Log) -> RuleFiles:
        rules = RuleFiles(
            log,
            charter=tmp_path / "charter.md",
            policy=tmp_path / "policy.yaml",
            registry=tmp_path / "registry.jsonl",
        )
        watching.append(asyncio.create_task(rules.watch(progress=lambda: None)))
        return rules

    yield watch
    for task in watching:
        task.cancel()
    for ended in await asyncio.gather(*watching, return_exceptions=True):
        assert isinstance(ended, asyncio.CancelledError)


Watch = Callable[[Log], RuleFiles]


@pytest.mark.parametrize("mend", ["max_cpu_pct: 80\n", None])
async def test_a_broken_policy_is_refused_until_it_is_mended_or_gone(
    tmp_path: Path, watched: Watch, mend: str | None
) -> None:
    log, policy = Log(), tmp_path / "policy.yaml"
    policy.write_text("max_cpu_pct: lots\n")
    rules = watched(log)
    for _ in range(2):  # told of again when it comes back
        await until(lambda: "policy.yaml:1: max_cpu_pct" in rules.refused)
        if mend is None:
            policy.unlink()
        else:
            policy.write_text(mend)
        await until(lambda: rules.refused == "")
        policy.write_text("max_cpu_pct: lots\n")
    assert [type(each) for each in log.observed][:1] == [AlarmRaised]


async def test_the_charter_comes_into_force_behind_the_other_files(
    tmp_path: Path, watched: Watch
) -> None:
    """Also where one of them did not reach the log at first."""
    for name in ("charter.md", "policy.yaml"):
        (tmp_path / name).write_text("max_cpu_pct: 80\n")
    (tmp_path / "registry.jsonl").write_text('{"agent_id": "a"}\n')
    log = Log(unavailable=[PolicyAdopted, RegistryAdopted])
    watched(log)
    await until(lambda: any(isinstance(each, CharterAdopted) for each in log.observed))
    assert [type(each) for each in log.observed] == [PolicyAdopted, RegistryAdopted, CharterAdopted]


async def test_what_is_not_in_force_any_more_is_adopted_again(
    tmp_path: Path, watched: Watch
) -> None:
    """Another leader adopted something else, or the log lost the end in which it stood."""
    (tmp_path / "charter.md").write_text("be careful\n")
    (tmp_path / "policy.yaml").write_text("max_cpu_pct: 80\n")
    log = Log()
    watched(log)
    await until(lambda: bool(log.overseen.state.charter_hash))
    ours = log.overseen.state.policy_hash
    log.overseen.publish(PolicyAdopted(hash="theirs", text="max_cpu_pct: 70\n"), role=ROLE_OVERSEER)
    await until(lambda: log.overseen.state.policy_hash == ours)
    log.overseen = Overseen(charter=False)
    await until(lambda: bool(log.overseen.state.charter_hash))
    assert log.overseen.state.policy_hash == ours
    kinds = [PolicyAdopted, CharterAdopted, PolicyAdopted, PolicyAdopted, CharterAdopted]
    assert [type(each) for each in log.observed] == kinds


async def test_what_nobody_thought_of_is_refused_and_no_reason_is_too_long_to_be_said(
    tmp_path: Path, watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(text: str, *, where: str) -> None:
        raise OverflowError("x" * 2_000_000)

    monkeypatch.setattr(rule_files, "read_policy", fails)
    (tmp_path / "policy.yaml").write_text("a: 1\n")
    (tmp_path / "charter.md").write_text("be good\n")
    log = Log()
    rules = watched(log)
    await until(lambda: len(log.observed) == 2)
    alarm, charter = log.observed
    assert isinstance(alarm, AlarmRaised)
    assert isinstance(charter, CharterAdopted)
    assert alarm.message == rules.refused
    assert "policy.yaml: it cannot be read (OverflowError: xxx" in alarm.message
    assert len(alarm.message) < 3_000


async def test_who_leads_no_longer_does_not_wait_until_it_may_adopt(
    tmp_path: Path, watched: Watch
) -> None:
    """While it waited, its watchdog would take it for stuck."""
    (tmp_path / "policy.yaml").write_text("max_cpu_pct: 80\n")
    log = Log(deposed_after=1)
    watched(log)
    await until(lambda: log.looks > 3)
    assert log.observed == []
