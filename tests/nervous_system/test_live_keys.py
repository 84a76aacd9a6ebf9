"""Are the trusted keys read anew while a process runs, and does that change no verdict?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from local_mesh.key_files import end_keys, ensure_mesh_key, key_id_for, make_keys, soon
from nervous_system.clock import system_clock
from nervous_system.contract.live_keys import COUNTS_AFTER_SECONDS, LOOK_SECONDS, LiveKeys
from nervous_system.contract.signature import MISSING, REVOKED, UNKNOWN_KEY, Signer, TrustedKeys
from nervous_system.settings import TRUSTED_KEYS

SUBJECT, DATA = "swarm.events.coder.decision", b"bytes"


class Home:
    """One with the mesh's key, and a process that goes by it and looks when its time has come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds = 0.0
        ensure_mesh_key(path)
        self.live = LiveKeys.read(path / TRUSTED_KEYS, watch=lambda: self.seconds)

    def after_a_look(self) -> TrustedKeys:
        self.seconds += LOOK_SECONDS
        return self.live.in_force

    @property
    def file(self) -> Path:
        return self.path / TRUSTED_KEYS


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_new_key_and_a_revocation_count_without_a_new_start(home: Home) -> None:
    make_keys(home.path, "ext-1", [])
    assert "ext-1" not in home.live.in_force.keys, "not before it looks again"
    assert "ext-1" in home.after_a_look().keys
    signer = Signer.read(home.path / "keys" / "ext-1")
    assert end_keys(home.path, "ext-1", until=system_clock())
    now = system_clock() + timedelta(seconds=1)
    signed = signer.headers(SUBJECT, DATA, now=now)
    trusted = home.after_a_look()
    told = {"subject": SUBJECT, "data": DATA, "agent_id": "ext-1"}
    assert trusted.problem(signed, **told, stored_at=now) == REVOKED  # type: ignore[arg-type]
    assert trusted.problem({}, **told, stored_at=now) == MISSING  # type: ignore[arg-type]
    assert not (home.path / "keys" / "ext-1").exists()


def test_when_the_file_was_read_changes_no_verdict(home: Home) -> None:
    """Whoever decides has looked at most a second ago. So what was stored before the moment of a
    line must mean the same to one that has not read the line yet."""
    told = {"subject": SUBJECT, "data": DATA, "agent_id": "ext-1"}

    def verdicts(trusted: TrustedKeys, signer: Signer) -> list[str]:
        moments = [begun + timedelta(seconds=step / 4) for step in range(-8, 16)]
        return [
            trusted.problem(headers, **told, stored_at=moment)  # type: ignore[arg-type]
            for moment in moments
            for headers in ({}, signer.headers(SUBJECT, DATA, now=moment))
            if moment < begun + timedelta(seconds=COUNTS_AFTER_SECONDS - 0.1)
        ]

    begun = system_clock()
    before = home.live.in_force
    make_keys(home.path, "ext-1", [], since=soon())
    signer = Signer.read(home.path / "keys" / "ext-1")
    after = home.after_a_look()
    assert after is not before
    assert verdicts(before, signer) == verdicts(after, signer)
    assert set(verdicts(after, signer)) == {"", UNKNOWN_KEY}
    later = soon()
    assert after.problem({}, **told, stored_at=later) == MISSING  # type: ignore[arg-type]
    signed = signer.headers(SUBJECT, DATA, now=later)
    assert after.problem(signed, **told, stored_at=later) == ""  # type: ignore[arg-type]

    begun, before = later, after
    # From the moment that it counts, as far ahead again.
    end_keys(home.path, "ext-1", until=later + timedelta(seconds=COUNTS_AFTER_SECONDS))
    after = home.after_a_look()
    assert verdicts(before, signer)[20:] == verdicts(after, signer)[20:]
    assert LOOK_SECONDS < COUNTS_AFTER_SECONDS


def _broken(file: Path) -> None:
    file.write_text(file.read_text() + "half a line\n")


def _empty(file: Path) -> None:
    file.write_text("")


def _gone(file: Path) -> None:
    file.unlink()


def _without_the_mesh(file: Path) -> None:
    file.write_text("".join(each for each in file.open() if not each.startswith("mesh ")))


def _another_mesh(file: Path) -> None:
    line = Signer.generate("mesh").public_line("*")
    _without_the_mesh(file)
    file.write_text(f"{file.read_text()}{line}\n")


@pytest.mark.parametrize("spoil", [_broken, _empty, _gone, _without_the_mesh, _another_mesh])
def test_a_file_that_cannot_be_gone_by_changes_nothing_and_is_said_once(
    home: Home, spoil: Callable[[Path], None]
) -> None:
    make_keys(home.path, "ext-1", [])
    before = home.after_a_look()
    good = home.file.read_text()
    spoil(home.file)
    with capture_logs() as logs:
        for _ in range(3):
            assert home.after_a_look() is before
    (said,) = logs
    assert (said["event"], said["log_level"]) == ("keys.kept", "error")
    assert str(home.file) in said["remedy"]
    home.file.write_text(good)
    make_keys(home.path, "ext-2", [])
    assert "ext-2" in home.after_a_look().keys, "and it goes on when that is mended"


def test_the_first_key_of_the_mesh_is_for_the_next_start(tmp_path: Path) -> None:
    """Who runs has none to vouch with: nobody would believe what it says."""
    seconds = iter(range(100))
    live = LiveKeys.read(tmp_path / TRUSTED_KEYS, watch=lambda: float(next(seconds)))
    make_keys(tmp_path, "ext-1", [])
    with capture_logs() as logs:
        assert not live.in_force.checks
    assert "restart the mesh" in logs[0]["reason"]
    assert LiveKeys.read(tmp_path / TRUSTED_KEYS).in_force.checks


def test_a_seal_stays_what_it_was_while_a_process_runs(home: Home) -> None:
    before = home.live.in_force.seal
    (home.path / "keys" / "mesh").unlink()
    with home.file.open("a") as lines:
        lines.write(Signer.generate("ext-1").public_line("ext-1") + "\n")
    trusted = home.after_a_look()
    assert "ext-1" in trusted.keys
    assert trusted.seal is before is not None


def test_a_name_that_was_revoked_gets_another_key_and_the_old_one_stays_ended(home: Home) -> None:
    now = system_clock().replace(microsecond=0)
    for key_id in ("ext-1", "ext-1.2", "ext-1.3"):
        assert key_id_for(home.path, "ext-1") == key_id
        make_keys(home.path, key_id, ["ext-1"])
        assert end_keys(home.path, "ext-1", until=now)
        assert not end_keys(home.path, "ext-1", until=now)
    assert all(
        each.until for name, each in TrustedKeys.read(home.file).keys.items() if name[0] == "e"
    )
    make_keys(home.path, "release", [])
    make_keys(home.path, "release.2", [])
    end_keys(home.path, "release", until=now)
    keys = TrustedKeys.read(home.file).keys
    assert (keys["release"].until is None, keys["release.2"].until is None) == (False, True)
    assert not end_keys(home.path, "mesh", until=now)


def test_a_line_keeps_its_comment_and_its_words_when_it_ends(home: Home) -> None:
    signer = Signer.generate("ext")
    with home.file.open("a") as lines:
        lines.write(signer.public_line("until=x", "a b") + " # of the lab")
    end_keys(home.path, "ext", until=system_clock())
    text = home.file.read_text()
    assert text.endswith(" # of the lab\n")
    ended = TrustedKeys.read(home.file).keys["ext"]
    assert ended.agents == ("until=x", "a b")
    assert ended.until is not None
