"""Has who follows a log the state of who decided on it, at every position?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from nervous_system.contract.event import Recorded
from nervous_system.contract.subjects import on_any
from nervous_system.service.fold import Fold
from nervous_system.service.follower import Follower
from nervous_system.service.packing import Snapshot
from nervous_system.service.role import Role
from tests.replay.histories import ROLES, read
from tests.replaying import leading


@pytest.mark.parametrize("service", ROLES)
def test_who_follows_has_the_state_of_who_leads(service: str) -> None:
    history = read(service)
    role, log = history.role, history.log
    leader, follower = _told(role, leading(role), log), _told(role, Follower(role), log)
    hears = on_any(role.reads)
    kept: Snapshot[Any] | None = None
    for each in filter(lambda each: hears(each.subject), log):
        assert leader.take(each) == []  # all that it decides is on the log
        assert follower.take(each) == []
        assert (follower.state, follower.ahead) == (leader.state, leader.ahead), each.sequence
        if kept is None and each.sequence > len(log) // 2:
            kept = _kept(follower)
    assert kept is not None
    later = _told(role, Follower(role, kept), log)
    for each in filter(lambda each: hears(each.subject), log):
        if each.sequence > kept.sequence:
            later.take(each)
    assert later.state == leader.state


def _told(role: Role[Any], fold: Fold[Any], log: Sequence[Recorded]) -> Any:
    """It knows what was written behind where it begins."""
    writes = on_any(role.own)
    for each in log:
        if each.sequence > fold.sequence and writes(each.subject):
            fold.recall(each)
    return fold


def _kept(fold: Fold[Any]) -> Snapshot[Any]:
    return Snapshot(
        state=fold.state,
        sequence=fold.sequence,
        stream_created="",
        fingerprint="",
        ahead=frozenset(fold.ahead),
    )
