"""Do the histories of earlier versions still read and fold, and is what was decided still decided?

All of them stay, unchanged. What is decided otherwise today has a decision record that says so, and
nothing else may differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from structlog.testing import capture_logs

from nervous_system.bus import decode_stored
from tests.replay.histories import KEPT, History, read
from tests.replaying import continued, hash_of, interrupted, replay

DECISIONS: Final = Path(__file__).parents[2] / "docs" / "decisions"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One recording that was the present one before."""

    fingerprint: str
    otherwise: frozenset[str] = frozenset()  # kinds of what is decided otherwise today
    decisions: tuple[int, ...] = ()  # the records that say so


HISTORIES: Final = {
    "governor-1": Kept(
        fingerprint="0d7250e150f7d24c9996a23b5325397c890e78ed854bebcb9c2654e2fced5349"
    ),
    "guardian-1": Kept(
        fingerprint="689741042475f35d50768e5318c685e59c1879133c9d2be52ade6323e84bbbf6",
        otherwise=frozenset(
            {"incident_opened", "incident_closed", "recovery_attempted", "command_issued"}
        ),
        decisions=(30, 34),
    ),
    "guardian-2": Kept(
        fingerprint="bc2b5d8b455039126a83bfd9d47dfae678380fe9b95c1565b21de2edf09872f5",
        otherwise=frozenset(
            {"incident_opened", "incident_closed", "recovery_attempted", "command_issued"}
        ),
        decisions=(30,),
    ),
    "guardian-3": Kept(
        fingerprint="4d5ac81400a30f122849d25813d7b2ae47e81ec3053781cb3db41339bb30b9f4",
        otherwise=frozenset(
            {"incident_opened", "incident_closed", "recovery_attempted", "command_issued"}
        ),
        decisions=(30,),
    ),
    "overseer-1": Kept(
        fingerprint="b720d0724b0935c9733bffe79c91b7b8eaaecaab22e49ee655350db80ffac541",
        otherwise=frozenset({"pulse_completed", "task_released", "command_issued"}),
        decisions=(29, 34),
    ),
    "overseer-2": Kept(
        fingerprint="a2b0ea161c5670c3b0aa2958ed13a3d55eeaf62a45b1d1bdd962d8d770a7d835",
        otherwise=frozenset({"task_released", "command_issued"}),
        decisions=(29, 34),
    ),
    "overseer-3": Kept(
        fingerprint="35d4a682bf936f9a11cbbe81924e89c394f7fae420c624427426ff45746558d3",
        otherwise=frozenset({"command_issued"}),
        decisions=(29,),
    ),
}


def history(name: str) -> History:
    """As it was recorded."""
    return read(name, folder=KEPT)


def test_none_is_lost_and_none_is_altered() -> None:
    found = {path.stem: history(path.stem).fingerprint for path in KEPT.glob("*.json")}
    assert found == {name: kept.fingerprint for name, kept in HISTORIES.items()}


@pytest.mark.parametrize("name", HISTORIES)
def test_it_reads_and_folds_without_an_error(name: str) -> None:
    kept = history(name)
    assert all(decode_stored(each).event.event_id for each in kept.positions)
    with capture_logs() as logs:
        replayed = replay(kept.role, kept.log)
    assert logs == []
    assert replayed.decisions > 5


@pytest.mark.parametrize("name", HISTORIES)
def test_only_what_a_record_says_is_decided_otherwise(name: str) -> None:
    kept, known = history(name), HISTORIES[name]
    replayed = replay(kept.role, kept.log)
    assert {each.split()[0] for each in replayed.differences} == known.otherwise
    assert bool(known.otherwise) == bool(known.decisions)
    if not known.otherwise:
        assert (replayed.decisions, replayed.state_hash) == (kept.decisions, kept.state_hash)


@pytest.mark.parametrize("name", HISTORIES)
def test_what_it_names_is_a_record_that_is_there(name: str) -> None:
    for number in HISTORIES[name].decisions:
        assert list(DECISIONS.glob(f"{number:04}-*.md")), number


@pytest.mark.parametrize("name", [name for name, kept in HISTORIES.items() if not kept.otherwise])
def test_a_leader_that_begins_in_the_middle_comes_to_the_same_state(name: str) -> None:
    kept = history(name)
    middle = kept.log[len(kept.log) // 2].sequence
    state, beyond = continued(kept.role, interrupted(kept.role, kept.log, middle), kept.log)
    assert beyond == []
    assert hash_of(state) == kept.state_hash
