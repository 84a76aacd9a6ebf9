"""Is a message believed if, and only if, a trusted key vouches for it, for this agent, just now?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nervous_system.contract.signature import (
    INCOMPLETE,
    MISSING,
    OTHER_AGENT,
    STALE,
    UNKNOWN_KEY,
    WRONG,
    Signer,
    TrustedKey,
    TrustedKeys,
)
from nervous_system.errors import Fatal
from nervous_system.names import ISSUED_AT, KEY_ID, NONCE, SIGNATURE

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SUBJECT = "swarm.events.coder.decision"
DATA = b"\x0a\x05bytes\xff"
CODER, MESH, STRANGER = (Signer.generate(each) for each in ("coder", "mesh", "stranger"))


@pytest.fixture
def trusted(tmp_path: Path) -> TrustedKeys:
    return read(tmp_path, required=False)


def read(folder: Path, *, required: bool, text: str | None = None) -> TrustedKeys:
    file = folder / "trusted_keys"
    lines = ("# whose", "", CODER.public_line("coder-7", "tester-*"), MESH.public_line("*"))
    file.write_text("\n".join(lines) if text is None else text)
    return TrustedKeys.read(file, required=required, max_seconds=300.0)


def problem(
    trusted: TrustedKeys,
    headers: Mapping[str, str],
    *,
    subject: str = SUBJECT,
    data: bytes = DATA,
    agent_id: str = "coder-7",
    after: timedelta = timedelta(),
) -> str:
    return trusted.problem(
        headers, subject=subject, data=data, agent_id=agent_id, stored_at=NOW + after
    )


def test_what_a_trusted_key_signed_is_believed(trusted: TrustedKeys) -> None:
    signed = CODER.headers(SUBJECT, DATA, now=NOW)
    assert problem(trusted, signed) == ""
    assert problem(trusted, signed, agent_id="tester-1") == ""
    assert problem(trusted, signed, after=timedelta(seconds=299)) == ""
    assert problem(trusted, MESH.headers(SUBJECT, DATA, now=NOW)) == ""


def test_two_signatures_of_the_same_bytes_differ() -> None:
    one, two = (CODER.headers(SUBJECT, DATA, now=NOW) for _ in range(2))
    assert one[NONCE] != two[NONCE]
    assert one[SIGNATURE] != two[SIGNATURE]


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=301)])
def test_a_signature_of_another_time_is_stale(trusted: TrustedKeys, off: timedelta) -> None:
    """Failure mode 8."""
    assert problem(trusted, CODER.headers(SUBJECT, DATA, now=NOW), after=off) == STALE


def test_other_bytes_another_subject_and_another_agent_are_not_covered(
    trusted: TrustedKeys,
) -> None:
    signed = CODER.headers(SUBJECT, DATA, now=NOW)
    assert problem(trusted, signed, data=DATA + b"x") == WRONG
    assert problem(trusted, signed, subject="swarm.events.operator.decision") == WRONG
    assert problem(trusted, signed, agent_id="coder-8") == OTHER_AGENT
    assert problem(trusted, STRANGER.headers(SUBJECT, DATA, now=NOW)) == UNKNOWN_KEY


@given(name=st.sampled_from([KEY_ID, NONCE, ISSUED_AT, SIGNATURE]), value=st.text(max_size=100))
def test_no_header_can_be_changed(name: str, value: str) -> None:
    trusted = TrustedKeys(keys={"coder": TrustedKey(CODER.key.verify_key, ("coder-7",))})
    signed = CODER.headers(SUBJECT, DATA, now=NOW)
    assert problem(trusted, {**signed, name: value}) != "" or signed[name] == value


def test_an_incomplete_signature_is_none(trusted: TrustedKeys) -> None:
    signed = CODER.headers(SUBJECT, DATA, now=NOW)
    for name in (ISSUED_AT, SIGNATURE):
        assert problem(trusted, {k: v for k, v in signed.items() if k != name}) == INCOMPLETE
    assert problem(trusted, {k: v for k, v in signed.items() if k != NONCE}) == WRONG
    naive = {**signed, ISSUED_AT: "2026-11-21T12:00:00"}
    assert problem(trusted, naive) == INCOMPLETE


def test_who_is_named_must_sign_and_others_only_where_all_must(
    trusted: TrustedKeys, tmp_path: Path
) -> None:
    assert problem(trusted, {}) == MISSING
    assert problem(trusted, {}, agent_id="tester-1") == ""  # a pattern names nobody
    assert problem(trusted, {}, agent_id="somebody") == ""
    assert problem(read(tmp_path, required=True), {}, agent_id="somebody") == MISSING


def test_without_keys_nothing_is_checked(tmp_path: Path) -> None:
    nobody = TrustedKeys.read(tmp_path / "none", required=False, max_seconds=300.0)
    assert not nobody.checks
    assert problem(nobody, STRANGER.headers(SUBJECT, DATA, now=NOW)) == ""
    with pytest.raises(Fatal, match="names no key to check them with"):
        TrustedKeys.read(tmp_path / "none", required=True, max_seconds=300.0)


@pytest.mark.parametrize("line", ["coder", "coder notbase64! coder-7", "coder AAAA coder-7"])
def test_a_line_that_is_no_key_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(Fatal, match=r"trusted_keys, line 2: it is not a key's id"):
        read(tmp_path, required=False, text=f"# keys\n{line}\n")


def test_a_private_key_is_read_back_and_anything_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "coder"
    file.write_text(CODER.private_line + "\n")
    assert Signer.read(file).public_line("x") == CODER.public_line("x")
    file.write_text("nothing of the kind, really")
    with pytest.raises(Fatal, match="is not a signing key"):
        Signer.read(file)
    with pytest.raises(Fatal, match="cannot be read"):
        Signer.read(tmp_path / "none")
    with pytest.raises(ValueError, match="one word"):
        Signer.generate("two words")
