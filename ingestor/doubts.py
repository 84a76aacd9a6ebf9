"""Which positions claim to be the word of a service, and nobody vouches for them?

They are stored, with a warning, and no service goes by them. A person has to know.
"""

from __future__ import annotations

from threading import Lock
from typing import Final

from enchanted.events.v1.alarm_pb2 import (
    ALARM_UNAUTHENTIC_EVENT,
    SEVERITY_CRITICAL,
    AlarmName,
    AlarmRaised,
)
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import is_of_services
from nervous_system.contract.words import word

NAME: Final = word(AlarmName, ALARM_UNAUTHENTIC_EVENT)
MAX_SUBJECT_CHARACTERS: Final = 200


class Doubts:
    """What was read since it was last said. A thread may note while another takes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._count = 0
        self._first: Stored | None = None
        self._last = 0
        self._problem = ""

    def note(self, stored: Stored, problem: str) -> None:
        """A position whose vouching is not right; what agents say on their own subjects is their
        own affair, and a warning in its row is enough."""
        if not is_of_services(stored.subject):
            return
        with self._lock:
            self._count += 1
            self._last = stored.sequence
            if self._first is None:
                self._first, self._problem = stored, problem

    def take_alarm(self, *, epoch: int) -> AlarmRaised | None:
        """What has to be said of them now; then they are said."""
        with self._lock:
            first = self._first
            if first is None:
                return None
            alarm = AlarmRaised(
                name=NAME,
                severity=SEVERITY_CRITICAL,
                message=f"{self._count} messages that only services publish are not theirs, the"
                f" first on {first.subject[:MAX_SUBJECT_CHARACTERS]!r}: its {self._problem}",
                action="find out who publishes there; a service elsewhere needs `keys/mesh` and"
                " `trusted_keys` of this home",
                epoch=epoch,
                first_sequence=first.sequence,
                last_sequence=self._last,
            )
            self._forget()
            return alarm
