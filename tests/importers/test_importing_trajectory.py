"""Is every trajectory file either read or refused with one sentence?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.refusal import ImportRefused
from importers.swe_agent import trajectory_file as module
from importers.swe_agent.history import open_trajectories, trajectory_unit
from importers.swe_agent.trajectory import Trajectory
from importers.swe_agent.trajectory_file import parse_trajectories, read_trajectories
from nervous_system.contract.codec import encode
from nervous_system.errors import Permanent
from tests.importers.importing_samples import tiny_trajectory


def _parse(document: object) -> Trajectory:
    [found] = parse_trajectories(json.dumps(document).encode(), name="x.traj").trajectories
    return found


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "x.traj is empty; there is nothing to import"),
        (b" \n", "x.traj is empty; there is nothing to import"),
        (b'{"a": \n  ]', "x.traj is not JSON at line 2, column 3: Expecting value"),
        (b'{"a": "\xff"}', "x.traj is not UTF-8 at byte 7"),
        (b"\x1f\x8b\x08\xff", "it is packed, unpack it first"),
        (b'{"history": []}\n{"history": []}', "it holds more than one document"),
        (
            b'{"trajectory": [{"action": "a"}], "trajectory": []}',
            "an object has the key 'trajectory' twice",
        ),
        (
            b'[{"role": "assistant", "tool_calls": {"a": 1}}]',
            "the tool_calls of message 1 are an object",
        ),
        (
            b'{"trajectory": [{"action": '
            + b'[{"type": "tool_result", "content": ' * 480
            + b'"x"'
            + b"}]" * 480
            + b"}]}",
            "nested too deeply",
        ),
        (b"[" * 200_000, "x.traj is nested too deeply"),
        (b"1" * 5000, "x.traj is not JSON that can be read"),
        (b"5", "the file holds a number, not an object"),
        (b"[]", "no one of its messages is an answer of a model"),
        (b'[{"role": "user"}, 5]', "message 2 is a number, not an object"),
        (b"{}", "there is no step in its `trajectory` or `history`"),
        (b'{"trajectory": {}}', "its `trajectory` is an object, not a list"),
        (b'{"trajectory": [1]}', "step 1 is a number, not an object"),
        (b'{"trajectory": [{}]}', "step 1 has neither thought, action nor observation"),
        (b'{"trajectory": [{"action": 5}]}', "the action of step 1 is a number, not a text"),
        (
            b'{"trajectory": [{"action": "", "execution_time": NaN}]}',
            "the execution_time of step 1 is not a finite number",
        ),
        (
            b'{"trajectory": [{"action": "", "execution_time": 1e200}]}',
            "more than a hundred years",
        ),
        (
            b'{"trajectory": [{"action": ""}], "info": {"model_stats": {"tokens_sent": -1}}}',
            "tokens_sent is not a finite number from 0 up",
        ),
        (
            b'{"trajectory": [{"action": ""}], "info": {"model_stats": {"tokens_sent": 1e30}}}',
            "tokens_sent is not a whole number of 64 bits",
        ),
        (b'{"history": ["x"]}', "message 1 of the history is a text, not an object"),
    ],
)
def test_a_broken_file_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ImportRefused, match=r"^x\.traj") as refused:
        parse_trajectories(data, name="x.traj")
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_missing_a_folder_or_huge_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImportRefused, match=r"cannot be read: No such file"):
        read_trajectories(tmp_path / "missing.traj")
    with pytest.raises(ImportRefused, match="is a folder"):
        read_trajectories(tmp_path)
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 1024**2)
    huge = tmp_path / "huge.traj"
    with huge.open("wb") as file:
        file.truncate(2 * 1024**2)  # sparse: reading it would give NULs
    with pytest.raises(
        ImportRefused, match=r"has 2 MiB; more than 1 MiB of such a file are not read"
    ):
        read_trajectories(huge)


async def test_a_broken_file_stops_no_other_and_all_are_named(
    trajectory_file: Callable[..., Path], tmp_path: Path
) -> None:
    broken = [tmp_path / f"broken {number}.traj" for number in range(3)]
    for path in broken:
        path.write_text("{")
    whole = [trajectory_file("a.traj"), trajectory_file("b.traj", environment="b")]
    source = await open_trajectories([broken[0], whole[0], *broken[1:], whole[1]])
    whole[1].write_text("[")  # meanwhile
    assert [unit.name async for unit in source.units] == ["a.traj"]
    assert source.total == 2
    assert [sentence.partition(" is not JSON")[0] for sentence in source.refused] == [
        str(path) for path in (*broken, whole[1])
    ]
    with pytest.raises(
        ImportRefused, match=r"broken 0\.traj is not JSON.*broken 2\.traj is not JSON"
    ):
        await open_trajectories(broken)
    with pytest.raises(ImportRefused, match="no trajectory was named"):
        await open_trajectories([])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_how_its_signs_are_encoded_does_not_matter(encoding: str) -> None:
    data = json.dumps(tiny_trajectory()).encode(encoding)
    [found] = parse_trajectories(data, name="x").trajectories
    assert found.steps == _parse(tiny_trajectory()).steps


def test_of_a_message_in_parts_nothing_that_was_said_is_lost() -> None:
    use = {"type": "tool_use", "id": "1", "name": "bash", "input": {"command": "ls"}}
    result = {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "a"}]}
    read = _parse(
        [
            {"role": "user", "content": ["Do it.", {"type": "text", "text": "Now."}]},
            {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use]},
            {"role": "user", "content": [result, {"type": "image"}]},
        ]
    )
    assert read.task == "Do it.\nNow."
    [step] = read.steps
    assert step.thought == 'I look.\n[tool_use bash {"command": "ls"}]'
    assert step.observation == "a\n[image]"


def test_steps_come_from_the_history_where_there_is_no_trajectory() -> None:
    call = {"function": {"name": "bash", "arguments": '{"command":"ls"}'}}
    read = _parse(
        {
            "history": [
                {"role": "user", "content": "Do it."},
                {"role": "assistant", "content": "I look.", "tool_calls": [call]},
                {"role": "tool", "content": "a.txt\n(Current directory: /owner__project)\nbash-$"},
                {"role": "user", "content": [{"type": "text", "text": "go on"}, {"type": "image"}]},
                {"role": "assistant", "content": "c", "thought": "t", "action": "submit"},
            ]
        }
    )
    assert read.task == "Do it."
    assert read.instance == "owner__project"
    assert [(step.thought, step.action) for step in read.steps] == [
        ("I look.", 'bash {"command":"ls"}'),
        ("t", "submit"),
    ]
    assert read.steps[0].observation.endswith("bash-$\ngo on\n[image]")
    assert read.steps[1].observation == ""


@pytest.mark.parametrize(
    ("changes", "instance"),
    [
        ({"replay_config": {"problem_statement": {"id": "a__b-1"}}}, "a__b-1"),
        ({"replay_config": json.dumps({"agent": {"name": " x\ny "}})}, "x y"),
        ({"replay_config": "{"}, "owner__project"),
        ({}, "owner__project"),
    ],
)
def test_the_instance_is_what_the_content_names(changes: dict[str, Any], instance: str) -> None:
    assert _parse(tiny_trajectory(**changes)).instance == instance


def test_a_file_that_names_nothing_is_named_after_its_content() -> None:
    read = _parse({"trajectory": [{"action": "ls", "state": {"working_dir": "/testbed"}}]})
    assert read.instance == read.content_hash[:12]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
_MINI: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": "Do it."},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [{"id": "c", "function": {"name": "bash", "arguments": "{}"}}],
            "extra": {
                "actions": [{"command": "ls", "tool_call_id": "c"}],
                "cost": 0.1,
                "timestamp": 1.0,
                "response": {"usage": {"prompt_tokens": 5, "completion_tokens": 6}},
            },
        },
        {"role": "tool", "tool_call_id": "c", "content": "a", "extra": {"returncode": 0}},
        {"role": "exit", "content": "", "extra": {"exit_status": "Submitted", "submission": "x"}},
    ],
    "info": {"model_stats": {"instance_cost": 0.5}},
    "instance_id": "a__b-1",
}
_PLACES_OF_MINI = [
    ("messages",),
    ("messages", 1),
    ("messages", 1, "content"),
    ("messages", 1, "role"),
    ("messages", 1, "object"),
    ("messages", 1, "output"),
    ("messages", 1, "usage"),
    ("messages", 1, "tool_calls"),
    ("messages", 1, "tool_calls", 0),
    ("messages", 1, "extra"),
    ("messages", 1, "extra", "actions"),
    ("messages", 1, "extra", "actions", 0),
    ("messages", 1, "extra", "actions", 0, "command"),
    ("messages", 1, "extra", "cost"),
    ("messages", 1, "extra", "timestamp"),
    ("messages", 1, "extra", "response"),
    ("messages", 1, "extra", "response", "usage"),
    ("messages", 2, "tool_call_id"),
    ("messages", 2, "content"),
    ("messages", 2, "extra", "returncode"),
    ("messages", 3, "extra", "exit_status"),
    ("messages", 3, "extra", "submission"),
    ("info", "model_stats"),
    ("instance_id",),
]
_PLACES = [
    ("trajectory",),
    ("history",),
    ("info",),
    ("replay_config",),
    ("trajectory", 0),
    ("trajectory", 0, "action"),
    ("trajectory", 0, "observation"),
    ("trajectory", 0, "execution_time"),
    ("trajectory", 0, "state"),
    ("history", 2),
    ("history", 2, "content"),
    ("history", 2, "role"),
    ("info", "submission"),
    ("info", "exit_status"),
    ("info", "model_stats"),
    ("info", "model_stats", "instance_cost"),
    ("info", "model_stats", "tokens_sent"),
]


@given(st.sampled_from(_PLACES_OF_MINI), _JSON)
def test_a_wrong_part_of_the_other_agents_document_as_well(
    place: tuple[str | int, ...], part: Any
) -> None:
    document: Any = json.loads(json.dumps(_MINI))
    *way, last = place
    inner = document
    for step in way:
        inner = inner[step]
    inner[last] = part
    _events_or_refusal(json.dumps(document).encode())


@given(_JSON)
def test_any_attempts_are_read_or_refused(attempts: Any) -> None:
    _events_or_refusal(json.dumps({"attempts": attempts}).encode())
    _events_or_refusal(json.dumps(tiny_trajectory(attempts=attempts)).encode())


def _events_or_refusal(data: bytes) -> None:
    try:
        found = parse_trajectories(data, name="x.traj").trajectories
        units = [trajectory_unit(each, name="x.traj") for each in found]
    except Permanent as error:
        assert str(error)
        return
    for unit in units:
        for entry in unit.entries:
            assert len(encode(entry.event)) < 1024**2 - 4096


@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    _events_or_refusal(data)


@given(st.sampled_from(_PLACES), _JSON)
def test_a_wrong_part_anywhere_is_read_or_refused(place: tuple[str | int, ...], part: Any) -> None:
    document: Any = tiny_trajectory()
    *way, last = place
    inner = document
    for step in way:
        inner = inner[step]
    inner[last] = part
    _events_or_refusal(json.dumps(document).encode())


@given(st.data())
def test_damaged_bytes_are_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(json.dumps(tiny_trajectory()).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=10))
    _events_or_refusal(bytes(whole))


@given(st.text(alphabet='ab-+@ \\\n\r\t"/0159,GIT:', max_size=200))
def test_any_text_may_be_submitted(submission: str) -> None:
    info = {"submission": f"diff --git a/x b/x\n{submission}", "exit_status": "submitted"}
    _events_or_refusal(json.dumps(tiny_trajectory(info=info)).encode())


def test_lone_surrogates_and_nuls_become_valid_text() -> None:
    step = {"action": "\ud800", "observation": "\x00\udfff", "thought": "ok"}
    unit = trajectory_unit(_parse({"trajectory": [step]}), name="x")
    assert unit.entries[0].event.payload.chosen_action == "\\ud800"
    assert unit.entries[-1].event.payload.output == "\x00\\udfff"
