"""Is every setting listed once, with its value and without secrets?"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ganglion.errors import BadSetting
from ganglion.setting_list import MASK, MODULES, list_settings
from ganglion.settings import LocalMeshSettings, read_settings

ROOT = Path(__file__).parents[2]


def test_environment_over_dotenv_over_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "GANGLION_NATS_PORT=5001\nGANGLION_NATS_MONITOR_PORT=5002\nNATS_URL=nats://u:geheim@h:1\n"
        "GANGLION_NATS_PASSWORD=geheim\n"
    )
    for name in os.environ:
        if name.startswith(("GANGLION_", "NATS_", "CLICKHOUSE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GANGLION_NATS_PORT", "6001")
    rows = {row.variable: row for row in list_settings()}
    assert rows["GANGLION_NATS_PORT"].value == 6001
    assert rows["GANGLION_NATS_MONITOR_PORT"].value == 5002
    assert rows["GANGLION_NATS_MONITOR_PORT"].given
    assert rows["GANGLION_CLICKHOUSE_PORT"].value == 8123
    assert not rows["GANGLION_CLICKHOUSE_PORT"].given
    assert rows["NATS_URL"].value == f"nats://u:{MASK}@h:1"
    assert rows["GANGLION_NATS_PASSWORD"].value == MASK
    assert all(row.description for row in rows.values())
    assert "geheim" not in repr(rows)


def test_every_settings_class_is_listed() -> None:
    files = [
        path.relative_to(ROOT)
        for folder in (
            "nervous_system",
            "ganglion",
            "ingestor",
            "governor",
            "guardian",
            "overseer",
            "worker",
        )
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^class \w+\((BaseSettings|\w+Settings)\):", path.read_text(), re.M)
    ]
    assert sorted(str(path.with_suffix("")).replace("/", ".") for path in files) == sorted(MODULES)


def test_a_value_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGLION_NATS_PORT", "abc")
    with pytest.raises(BadSetting, match="GANGLION_NATS_PORT is 'abc', and that cannot be used"):
        read_settings(LocalMeshSettings)
