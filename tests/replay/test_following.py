"""Has who follows a log the state of who decided on it, at every position?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.subjects import on_any
from nervous_system.service.fold import Fold
from nervous_system.service.follower import Follower
from nervous_system.service.packing import Snapshot
from nervous_system.service.service_spec import ServiceSpec
from tests.replay.histories import ROLES, read
from tests.replaying import leading


@pytest.mark.parametrize("service", ROLES)
def test_who_follows_has_the_state_of_who_leads(service: str) -> None:
    history = read(service)
    role, log = history.role, history.log
    leader, follower = _told(role, leading(role), log), _told(role, Follower(role), log)
    hears = on_any(role.replay_filters)
    kept: Snapshot[Any] | None = None
    for each in filter(lambda each: hears(each.subject), log):
        assert leader.apply(each) == []  # all that it decides is on the log
        assert follower.apply(each) == []
        assert (follower.state, follower.pending_ids) == (leader.state, leader.pending_ids), (
            each.sequence
        )
        if kept is None and each.sequence > len(log) // 2:
            kept = _kept(follower)
    assert kept is not None
    later = _told(role, Follower(role, kept), log)
    for each in filter(lambda each: hears(each.subject), log):
        if each.sequence > kept.sequence:
            later.apply(each)
    assert later.state == leader.state


def _told(role: ServiceSpec[Any], fold: Fold[Any], log: Sequence[RecordedEvent]) -> Any:
    """It knows what was written behind where it begins."""
    writes = on_any(role.own_filters)
    for each in log:
        if each.sequence > fold.sequence and writes(each.subject):
            fold.preload_own(each)
    return fold


def _kept(fold: Fold[Any]) -> Snapshot[Any]:
    return Snapshot(
        state=fold.state,
        sequence=fold.sequence,
        stream_created="",
        fingerprint="",
        pending_ids=frozenset(fold.pending_ids),
    )
