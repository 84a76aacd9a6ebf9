"""Is every trajectory file either read or refused with one sentence?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importing_samples import tiny_trajectory

from ganglion.importing import trajectory as module
from ganglion.importing.refusal import ImportRefused
from ganglion.importing.swe_agent import open_trajectories, trajectory_unit
from ganglion.importing.trajectory import parse_trajectory, read_trajectory
from nervous_system.contract.codec import encode
from nervous_system.errors import Permanent


def _parse(document: object) -> module.Trajectory:
    return parse_trajectory(json.dumps(document).encode(), name="x.traj")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "x.traj is empty; there is nothing to import"),
        (b" \n", "x.traj is empty; there is nothing to import"),
        (b'{"a": \n  ]', "x.traj is not JSON at line 2, column 3: Expecting value"),
        (b"\xff\xfe{}", "x.traj is not UTF-8 at byte 0"),
        (b"[" * 200_000, "x.traj is nested too deeply"),
        (b"1" * 5000, "x.traj is not JSON that can be read"),
        (b"[]", "the file holds a list, not an object"),
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
        parse_trajectory(data, name="x.traj")
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_missing_a_folder_or_huge_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImportRefused, match=r"cannot be read: No such file"):
        read_trajectory(tmp_path / "missing.traj")
    with pytest.raises(ImportRefused, match="is a folder"):
        read_trajectory(tmp_path)
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 1024**2)
    huge = tmp_path / "huge.traj"
    with huge.open("wb") as file:
        file.truncate(2 * 1024**2)  # sparse: reading it would give NULs
    with pytest.raises(
        ImportRefused, match=r"has 2 MiB; more than 1 MiB of such a file are not read"
    ):
        read_trajectory(huge)


async def test_one_broken_file_stops_the_import_before_its_first_event(
    trajectory_file: Callable[..., Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.traj"
    broken.write_text("{")
    with pytest.raises(ImportRefused, match=r"broken\.traj is not JSON"):
        await open_trajectories([trajectory_file(), broken])
    with pytest.raises(ImportRefused, match="no trajectory was named"):
        await open_trajectories([])


def test_a_byte_order_mark_does_not_matter() -> None:
    data = json.dumps(tiny_trajectory()).encode()
    assert (
        parse_trajectory(b"\xef\xbb\xbf" + data, name="x").steps == _parse(tiny_trajectory()).steps
    )


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


def _events_or_refusal(data: bytes) -> None:
    try:
        unit = trajectory_unit(parse_trajectory(data, name="x.traj"), name="x.traj")
    except Permanent as error:
        assert str(error)
        return
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
    assert unit.entries[0].event.payload.chosen_action == "\\ud800"  # type: ignore[union-attr]
    assert unit.entries[-1].event.payload.output == "\x00\\udfff"  # type: ignore[union-attr]
