"""Are secrets taken out, all of them, and nothing else?"""

from __future__ import annotations

import hashlib
import json
import re
import sysconfig
from pathlib import Path

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


NAMES_IN_CODE = [
    "css/sk-toggleable__label-arrow.css",
    "sk-estimator-doc-link-Fitted_Something",
    "sk-proj-management-tool-for-everyone.md",
    "sk-learn_gradient_boosting_Regressor2",
    "task-5a3c9df28a444b7f9d310c6b1f5f4e01",
    "task-admin-5a3c9df28a444b7f9d310c6b1f5f4e01",
    "monkey-5a3c9df28a444b7f9d310c6b1f5f4e01",
    "DISK5a3c9df28a444b7f9d310c6b1f5f4e01.img",
    "glpat-creates-a-token-for-the-group.md",
    "hf_TransformersModelingUtilsForEverybodyElse",
    "npm_ConfigRegistrySomethingElseAndMoreThan36",
    "pypi-publish-workflow-for-all-packages-in-this-monorepo-v2.yml",
    "gnt_something_that_is_quite_long_indeed_here.py",
    "sk_test_integrationharness.py",
    "AKIAEXAMPLEACCESSKEYS",
    "xoxo-hugs-and-kisses-for-all.txt",
    "token = MyTokenClass2Factory3Builder",
    "auth: oauth2ClientCredentials",
]


@pytest.mark.parametrize("name", NAMES_IN_CODE)
def test_no_name_is_eaten_that_begins_as_a_token_does(name: str) -> None:
    assert REDACTOR.text(name) == REDACTOR.name(name) == (name, 0)


SIGNS = ["sk-", "sk-proj-", "npm_", "hf_", "glpat-", "pypi-", "gnt_", "ghp_", "whsec_", "xoxb-"]


@pytest.mark.heavy
def test_names_of_real_files_stay_whole_behind_every_makers_sign() -> None:
    """Those of the standard library and of this project, and of recorded runs where they are."""
    project = Path(__file__).parents[2]
    roots = [Path(sysconfig.get_path("stdlib")), project / "tests", project.parent / "shared/data"]
    names = {file.name for root in roots for file in root.rglob("[a-zA-Z]*.*")}
    names = {name for name in names if re.fullmatch(r"[A-Za-z_.-]{20,}", name)}
    assert len(names) > 100  # where Python comes without its own tests
    eaten = [sign + name for name in names for sign in SIGNS if REDACTOR.text(f"a/{sign}{name}")[1]]
    assert len(eaten) <= len(names) * len(SIGNS) * 0.005, eaten
    assert "" not in names


def test_a_key_with_words_before_or_behind_it_is_a_key() -> None:
    key = "".join(map(chr, (71, 57, 107, 90, 50, 120, 86, 113, 55, 84, 109, 52, 87, 98, 56, 82)))
    for name in (f"glpat-{key}q3Zt-deploy-for-the-group.txt", f"glpat-for-the-group-{key}q3Zt"):
        assert key not in REDACTOR.text(name)[0]


def _token(number: int) -> str:
    return "ghp_" + hashlib.sha256(str(number).encode()).hexdigest()[:36]


def test_two_names_stay_two_without_their_secrets() -> None:
    names = [f"keys/{_token(number)}/{_token(number + 1)}.pem" for number in range(200)]
    clean = [REDACTOR.name(name)[0] for name in names]
    assert len(set(clean)) == len(names)
    assert not any(_token(number) in "".join(clean) for number in range(201))
    assert [REDACTOR.name(name) for name in clean] == [(name, 0) for name in clean]
    assert REDACTOR.name(names[7]) == REDACTOR.name(names[7])
    changes = [Redactor.of().payload(StateChange(target_resource=name))[0] for name in names]
    assert [change.target_resource for change in changes] == clean


def test_what_may_be_guessed_has_no_digest() -> None:
    assert (
        REDACTOR.name("postgres://app:tiger7@db/app")[0] == f"postgres://app:{REPLACEMENT}@db/app"
    )
    assert REDACTOR.name("home/hunter2/file")[0] == f"home/{REPLACEMENT}/file"


def test_two_keys_of_an_object_stay_two() -> None:
    document = {_token(1): 1, _token(2): 2, "hunter2": 3, "hunter3": 4}
    manifest = TaskManifest(task_id="t", payload_json=json.dumps(document))
    clean, _ = REDACTOR.payload(TasksProposed(tasks=[manifest]))
    assert isinstance(clean, TasksProposed)
    left = json.loads(clean.tasks[0].payload_json)
    assert sorted(left.values()) == [1, 2, 3, 4]
    assert not {_token(1), _token(2), "hunter2", "hunter3"} & left.keys()
