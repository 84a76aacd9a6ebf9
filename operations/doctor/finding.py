"""What does one look at one thing give?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFinding:
    """One thing that was looked at: how it is, and what to do where it is not well."""

    name: str
    ok: bool
    sentence: str
    remedy: str = ""  # empty when it is well
    waits_for: str = ""  # the finding that has to be well before this can be looked at


def passed(name: str, sentence: str) -> DoctorFinding:
    """It is as it should be."""
    return DoctorFinding(name=name, ok=True, sentence=sentence)


def fail(name: str, sentence: str, *, remedy: str) -> DoctorFinding:
    """It is not, and this is what helps."""
    return DoctorFinding(name=name, ok=False, sentence=sentence, remedy=remedy)


def unchecked(name: str, *, waits_for: str) -> DoctorFinding:
    """It could not be looked at: the one cause is another finding, and is said there."""
    sentence = f"it could not be looked at; see `{waits_for}`"
    return DoctorFinding(name=name, ok=False, sentence=sentence, waits_for=waits_for)
