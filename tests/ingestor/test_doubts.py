"""Does a person hear of messages that claim to be a service's and are not?"""

from __future__ import annotations

from ingestor.doubts import NAME, Doubts
from nervous_system.contract.signature import MISSING
from nervous_system.contract.stored import Stored


def at(sequence: int, subject: str) -> Stored:
    return Stored(sequence, subject, 0, b"")


def test_what_agents_say_on_their_own_subjects_is_no_alarm() -> None:
    doubts = Doubts()
    doubts.note(at(1, "swarm.events.coder.decision"), MISSING)
    doubts.note(at(2, "swarm.events.worker.heartbeat.w1"), MISSING)
    assert doubts.take_alarm(epoch=1) is None


def test_what_claims_to_be_a_services_is_one_alarm() -> None:
    doubts = Doubts()
    for sequence, word in enumerate(
        ("overseer.policy_adopted", "task.task_claimed.t", "command.ordinary.all"), 7
    ):
        doubts.note(at(sequence, f"swarm.events.{word}"), MISSING)
    alarm = doubts.take_alarm(epoch=3)
    assert alarm is not None
    assert (alarm.name, alarm.epoch, alarm.first_sequence, alarm.last_sequence) == (NAME, 3, 7, 9)
    assert "3 messages" in alarm.message
    assert "swarm.events.overseer.policy_adopted" in alarm.message
    assert doubts.take_alarm(epoch=3) is None
