"""Is a station read whatever its files look like, or refused with every line that is in the way?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.refusal import ImportRefused
from importers.swe_agent.history import UNKNOWN_TIME
from station.importing.folder import MAX_ROW_BYTES, Row, parse_rows, read_station
from station.importing.row import imported_status, imported_task, manifest_of, moment_of, task_id_of
from tests.importers.station_samples import lines, make_station, task


def _row(text: str, file: str = "task_queue.jsonl") -> Row:
    [row], problems = parse_rows(text.encode(), file=file)
    assert problems == []
    return row


def test_byte_order_marks_blank_lines_and_line_ends_do_no_harm() -> None:
    data = b'\xef\xbb\xbf{"a":1}\r\n\r\n \n\xef\xbb\xbf{"b":2}\n{"c":3}'
    rows, problems = parse_rows(data, file="x")
    assert problems == []
    assert [(row.line, row.text) for row in rows] == [
        (1, '{"a":1}'),
        (4, '{"b":2}'),
        (5, '{"c":3}'),
    ]


def test_every_broken_line_of_every_file_is_named(tmp_path: Path) -> None:
    station = make_station(
        tmp_path / "s",
        task_queue_jsonl=b'{"task_id": "t"}\n\n{"task_id": \n[1]\n{"a": NaN}\n\xff\xfe\n',
        registry_jsonl=b"[" * 50_000,
        policy_yaml=b"a: \xff",
        task_status_jsonl=b'{"notes": "' + b"a" * MAX_ROW_BYTES + b'"}',
    )
    found = read_station(station)
    assert [row.text for row in found.rows_of("task_queue.jsonl")] == ['{"task_id": "t"}']
    assert list(found.whole) == []
    assert len(found.rows_of("objectives.jsonl")) == 3, "what is whole is taken"
    assert len(found.refused) == 7
    with pytest.raises(ImportRefused) as refused:
        found.require_whole()
    said = str(refused.value)
    for named in (
        "policy.yaml: not UTF-8 at byte 4",
        "registry.jsonl:1: nested too deeply",
        "task_queue.jsonl:3: not JSON at column",
        "task_queue.jsonl:4: not a JSON object but [1]",
        "task_queue.jsonl:5: not JSON: NaN is not a number",
        "task_queue.jsonl:6: not UTF-8 at byte 1",
        "task_status.jsonl:1: longer than 128 KiB",
        "Nothing of it was; mend or remove these lines",
    ):
        assert named in said


def test_a_hundred_broken_lines_are_counted(tmp_path: Path) -> None:
    station = make_station(tmp_path / "s", task_queue_jsonl=b"no\n" * 100)
    with pytest.raises(ImportRefused, match="and 90 more"):
        read_station(station).require_whole()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "task_queue.jsonl").write_bytes(b"no\n" * 100)
    with pytest.raises(ImportRefused, match="and 90 more. Nothing of it was"):
        read_station(tmp_path / "bad")
    _, problems = parse_rows(b"no\n" * 1_500, file="x.jsonl")
    assert (len(problems), problems[-1]) == (1_001, "x.jsonl: 500 more of its lines")


def test_any_file_may_be_missing_but_not_all(tmp_path: Path) -> None:
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue" / "task_queue.jsonl").write_bytes(lines([task("t")]))
    found = read_station(tmp_path / "queue")
    assert list(found.rows) == ["task_queue.jsonl"]
    assert not found.whole
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportRefused, match="holds none of a station's files"):
        read_station(tmp_path / "empty")
    with pytest.raises(ImportRefused, match="is not a folder"):
        read_station(tmp_path / "nowhere")


def test_an_id_is_derived_from_what_the_row_says() -> None:
    one = task_id_of(_row('{"action": "a", "n": 1}'))
    assert one == task_id_of(_row(' {"n":1,"action":"a"}'))
    assert one != task_id_of(_row('{"action": "b", "n": 1}'))
    assert len(one) == 26
    assert task_id_of(_row('{"task_id": 12}')) == "12"
    for none in ('""', "null", "[1]", "true", '"' + "x" * 300 + '"'):
        assert len(task_id_of(_row(f'{{"task_id": {none}}}'))) == 26


def test_the_same_row_again_is_another_repeat() -> None:
    rows, _ = parse_rows(b'{"a":1,"b":2}\n{"b": 2, "a": 1}\n{"a":1}\n', file="x")
    assert [row.repeat for row in rows] == [1, 2, 1]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ('{"created_at": "2025-10-23T20:31:05.744083"}', "2025-10-23T20:31:05.744083"),
        ('{"timestamp": "2025-10-23T20:31:05+02:00"}', "2025-10-23T18:31:05"),
        ('{"metadata": {"timestamp": "2026-01-05T16:53:00Z"}}', "2026-01-05T16:53:00"),
        ('{"timestamp": 1.5}', "1970-01-01T00:00:01.5"),
    ],
)
def test_a_clock_without_a_zone_is_utc(text: str, moment: str) -> None:
    assert moment_of(_row(text)) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ['"soon"', "true", "1e300", "null", '"0001-01-01T00:00:00+14:00"']
)
def test_what_is_no_time_is_unknown(value: str) -> None:
    assert moment_of(_row(f'{{"timestamp": {value}}}')) == UNKNOWN_TIME


def test_a_row_of_the_queue_fills_what_a_manifest_has() -> None:
    row = _row(
        '{"task_id": "t", "action": "a", "payload": {"priority": 5, "description": "d"},'
        ' "status": "pending", "assignee": null, "created_at": "2025-10-23T20:31:05"}'
    )
    payload = imported_task(row)
    assert payload.row_json == row.text
    assert (payload.task_id, payload.status, payload.assignee) == ("t", "pending", "")
    assert payload.created_at == "2025-10-23T20:31:05"
    manifest = payload.manifest
    assert (manifest.action, manifest.description, manifest.priority) == ("a", "d", 5)
    assert manifest.payload_json == '{"description": "d", "priority": 5}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("task_id", "objective_id", "action", "payload", "priority", "status", "assignee"),
                *("created_at", "timestamp", "depends_on", "ttl_seconds", "max_attempts", "notes"),
            ]
        ),
        JSON,
    )
)
def test_any_object_is_a_row(fields: dict[str, object]) -> None:
    rows, problems = parse_rows(lines([fields]), file="task_queue.jsonl")
    if problems:  # 1e400 and the like
        return
    [row] = rows
    for payload in (imported_task(row), imported_status(row), manifest_of(row)):
        assert payload.SerializeToString()
    assert moment_of(row).tzinfo is UTC
