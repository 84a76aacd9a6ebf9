"""What is told of the swarm's state at a moment, and of what changed between two?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random  # noqa: TID251 - the seed is given

import pytest

from enchanted.events.v1.pulse_pb2 import HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from ingestor.model import Epoch
from nervous_system.bus import Bus
from nervous_system.contract.codec import decode
from nervous_system.settings import MeshSettings
from operations.queries.state import at
from operations.queries.state.difference import Difference
from operations.queries.state.kept import KeptStates
from operations.queries.state.moment import UnknownMoment, check_epoch, moment_of
from operations.queries.state.sections import SECTIONS, SwarmState, differs, rows
from tests.nervous_system.led_mesh import led

pytestmark = pytest.mark.timeout(600)

NO_KEYFRAMES = partial(KeptStates.of, folder=None)
STEPS = 60
PAIRS = 6


def _row(difference: Difference, state: SwarmState) -> object:
    row = difference.section.row(state, difference.key)
    return row if row is not None else difference.section.end(state, difference.key)


async def test_what_differs_is_what_two_states_say_and_each_event_did_it(
    mesh_settings: MeshSettings,
) -> None:
    """Between random positions: nothing more and nothing less than a look at both sides finds, and
    behind each is an event that stands where it is said to."""
    chance = Random(9)
    async with led(mesh_settings, chance) as mesh:
        await mesh.live(STEPS)
        bus = mesh.bus
        last = (await bus.stream.state()).last_sequence
        with_events = 0
        for _ in range(PAIRS):
            pair = sorted(chance.sample(range(1, last + 1), 2))
            one, other = map(str, pair)
            found = await at.between(bus, other, one, NO_KEYFRAMES(bus))
            before = await at.state_at(bus, one, NO_KEYFRAMES(bus))
            after = await at.state_at(bus, other, NO_KEYFRAMES(bus))
            assert [found.earlier, found.later] == [before.moment, after.moment]
            said = {(each.section.name, each.key): each for each in found.differences}
            for section in SECTIONS:
                old, new = rows(section, before.state), rows(section, after.state)
                for key in {*old, *new}:
                    is_other = differs(old.get(key), new.get(key))
                    assert is_other == ((section.name, key) in said), (pair, section.name, key)
            for each in found.differences:
                assert each.before == each.section.row(before.state, each.key)
                assert each.after == _row(each, after.state)
                assert each.events, (pair, each.section.name, each.key, each.way)
                for recorded in each.events:
                    with_events += 1
                    assert recorded.sequence > pair[0]
                    stored = await bus.stream.at(recorded.sequence)
                    assert stored is not None
                    assert decode(stored.data).event_id == recorded.event.event_id
        assert with_events > PAIRS


async def test_a_moment_is_a_position_a_time_or_now(bus: Bus, mesh_settings: MeshSettings) -> None:
    with pytest.raises(UnknownMoment, match="nothing is on the log"):
        await moment_of(bus, "now")
    async with led(mesh_settings, Random(1)) as mesh:
        for number in range(4):
            await mesh.say(HaltOrdered(reason=str(number)), ROLE_OPERATOR, "me")
    third = await moment_of(bus, "3")
    assert (await moment_of(bus, " now ")).position == 4
    assert await moment_of(bus, third.recorded_at.isoformat()) == third
    just_before = third.recorded_at - timedelta(microseconds=1)
    assert (await moment_of(bus, just_before.isoformat())).position == 2
    assert (await moment_of(bus, third.recorded_at.astimezone().isoformat())) == third
    state = (await at.state_at(bus, just_before.isoformat(), NO_KEYFRAMES(bus))).state
    assert state.overseer.halted == "1"
    for typed, why in {
        "0": "before the log: its first is 1",
        "5": "not there yet: the last is 4",
        "9999999999999999999": "not there yet",
        "99999999999999999999": "is no moment",
        "1970-01-01": "before the log: its first position, 1,",
        "0001-01-01": "before the log|is no moment",
        "9000-01-01T00:00:00Z": "is yet to come",
        "yesterday": "yesterday is no moment",
        "-1": "-1 is no moment",
        "\x1b[2J1": "is no moment",
        "": "is no moment",
    }.items():
        with pytest.raises(UnknownMoment, match=why) as caught:
            await moment_of(bus, typed)
        assert "\x1b" not in str(caught.value)


def _epoch(number: int, first: int, forked: int) -> Epoch:
    return Epoch(
        epoch=number,
        opened_at=datetime(2026, 11, 30, tzinfo=UTC),
        reason="the stream was truncated",
        stream_created=datetime(2026, 11, 30, tzinfo=UTC),
        first_seq=first,
        forked_from_seq=forked,
        holder="",
    )


def test_a_position_of_another_epoch_counts_as_far_as_the_log_agrees_with_it() -> None:
    epochs = (_epoch(1, 1, 0), _epoch(2, 81, 80), _epoch(3, 51, 50))
    for epoch, position in ((1, 50), (2, 50), (3, 51), (3, 1000)):
        check_epoch(epoch, position, epochs)
    refused: dict[tuple[int, int], str] = {
        (1, 51): "epoch 3 began behind position 50",
        (1, 81): "epoch 2 began behind position 80",
        (2, 51): "epoch 3 began behind position 50",
        (3, 50): "not of epoch 3, which begins at 51",
        (4, 1): "there is no epoch 4",
        (0, 1): "there is no epoch 0",
    }
    for (epoch, position), why in refused.items():
        with pytest.raises(UnknownMoment, match=why):
            check_epoch(epoch, position, epochs)
