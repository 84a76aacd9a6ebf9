"""Are subjects what the contracts fixed for ever?"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import ROLE_MISSION_CONTROL, ROLE_OPERATOR, AgentRole
from nervous_system.contract.subjects import (
    chain_filter,
    leadership_subject,
    resource_key,
    source_of,
    subject_for,
    token,
)
from nervous_system.ids import child_id
from tests.nervous_system.event_samples import decision


def test_the_key_of_a_resource_is_fixed() -> None:
    """Computed by hand: `printf 'FILE_SYSTEM\\0src/main.py' | sha256sum | xxd -r -p | base32`."""
    assert resource_key("FILE_SYSTEM", "src/main.py") == "jsnmtfjunok2tglbncorplmprd"


def test_derived_ids_are_fixed() -> None:
    """UUID version 5: another value would store old imports a second time."""
    assert child_id("cause", "label") == "ed378c8a-99dc-5a87-9074-9f3fe192e392"


@pytest.mark.parametrize(
    ("role", "source"),
    [(ROLE_OPERATOR, "operator"), (ROLE_MISSION_CONTROL, "mission_control"), (99, "role99")],
)
def test_the_source_is_the_role(role: AgentRole.ValueType, source: str) -> None:
    event = replace(decision("1"), agent_role=role)
    assert source_of(role) == source
    assert subject_for(event) == f"swarm.events.{source}.decision"
    assert subject_for(event, key="task-1") == f"swarm.events.{source}.decision.task-1"


def test_a_state_change_stands_on_its_resources_chain_whatever_the_key() -> None:
    change = StateChange(target_type="FILE_SYSTEM", target_resource="src/main.py")
    subject = subject_for(decision("1", change), key="other")
    key = resource_key("FILE_SYSTEM", "src/main.py")
    assert subject == f"swarm.events.coder.state_change.{key}"
    assert chain_filter(key) == f"swarm.events.*.state_change.{key}"


def test_leadership_stands_where_terms_are_published() -> None:
    assert (
        leadership_subject(service="governor", scope="node_1")
        == "swarm.events.governor.leadership_taken.node_1"
    )


@given(st.text(min_size=1))
def test_any_text_becomes_one_token(text: str) -> None:
    found = token(text)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", found)
    assert found == token(text)
