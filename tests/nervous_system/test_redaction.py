"""Are secrets taken out, all of them, and nothing else?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.task_pb2 import TaskManifest
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system.contract.redaction import REPLACEMENT, Redactor

REDACTOR = Redactor.of(["hunter[0-9]"])
A = "aB3" * 20
SECRETS = {
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    "a private key that was cut off": "-----BEGIN PRIVATE KEY-----\nMIIB\nMIIC",
    "Amazon": "AKIA" + "ABCD1234" * 2,
    "GitHub": "ghp_" + A[:36],
    "GitHub, fine-grained": "github_pat_" + A[:30],
    "GitLab": "glpat-" + A[:20],
    "Anthropic": "sk-ant-api03-" + A,
    "OpenAI": "sk-proj-" + A,
    "Slack": "xoxb-" + A[:24],
    "Google": "AIza" + A[:35],
    "a JSON Web Token": f"eyJ{A[:20]}.eyJ{A[:20]}.{A[:20]}",
    "a NATS seed": "SU" + "A2" * 28,
    "configured": "hunter2",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_taken_out_of_the_midst_of_text(name: str) -> None:
    secret = SECRETS[name]
    text, count = REDACTOR.text(f"before={secret}")
    assert count == 1
    assert text == f"before={REPLACEMENT}"
    text, count = REDACTOR.text(f'{{"key": "{secret}"}} and {secret}')
    assert count >= 1
    assert secret not in text


@pytest.mark.parametrize(
    "harmless",
    [
        "task-ant-farm",
        "a" * 64,
        "sk-learn",
        "the key is under the mat",
        "5a3c9df2-8a44-4b7f-9d31-0c6b1f5f4e01",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "eyJ.not.a-token",
    ],
)
def test_what_only_looks_like_one_stays(harmless: str) -> None:
    assert REDACTOR.text(harmless) == (harmless, 0)


def test_single_and_repeated_texts_of_a_payload_are_cleaned_in_a_copy() -> None:
    payload = AgentDecision(
        rationale=f"use {SECRETS['GitHub']}",
        memory_ids=["fine", SECRETS["Slack"], SECRETS["Google"]],
        confidence_score=0.0,
    )
    before = payload.SerializeToString()
    clean, count = REDACTOR.payload(payload)
    assert count == 3
    assert clean == AgentDecision(
        rationale=f"use {REPLACEMENT}",
        memory_ids=["fine", REPLACEMENT, REPLACEMENT],
        confidence_score=0.0,
    )
    assert payload.SerializeToString() == before


def test_a_payload_without_secrets_is_the_same_object() -> None:
    for payload in (AgentDecision(rationale="r"), CapacitySampled(host="h"), StateChange()):
        assert REDACTOR.payload(payload) == (payload, 0)
        assert REDACTOR.payload(payload)[0] is payload


def test_a_patch_without_its_secret_cannot_be_taken_back() -> None:
    change = StateChange(diff_patch=f"+KEY={SECRETS['OpenAI']}", is_reversible=True)
    clean, count = REDACTOR.payload(change)
    assert isinstance(clean, StateChange)
    assert (count, clean.is_reversible) == (1, False)


def test_a_broken_pattern_is_refused_by_name() -> None:
    with pytest.raises(re.error):
        Redactor.of(["(unclosed"])


@given(st.text(), st.sampled_from(sorted(SECRETS)), st.text())
def test_what_was_cleaned_stays_clean(before: str, name: str, after: str) -> None:
    text, _ = REDACTOR.text(f"{before} {SECRETS[name]} {after}")
    assert SECRETS[name] not in text
    assert REDACTOR.text(text)[1] == 0


@pytest.mark.parametrize("name", SECRETS)
def test_the_quick_search_misses_no_secret(name: str) -> None:
    payload = AgentDecision(rationale=f"before {SECRETS[name]} after")
    assert REDACTOR.suspects(payload)
    if name != "configured":
        assert Redactor.of().suspects(payload)


def test_the_quick_search_spares_what_is_harmless() -> None:
    payload = AgentDecision(rationale="the key is under the mat")
    assert not Redactor.of().suspects(payload)


def test_secrets_within_nested_messages_are_taken_out() -> None:
    manifest = TaskManifest(
        task_id="t", description="use " + SECRETS["GitHub"], depends_on=["a", SECRETS["GitHub"]]
    )
    clean, count = Redactor.of().payload(TasksProposed(tasks=[manifest]))
    assert count == 2
    assert SECRETS["GitHub"] not in str(clean)
    assert manifest.description.endswith(SECRETS["GitHub"]), "what was given stays as it was"
