"""Is a refusal by JetStream what its number says: over soon, for ever, or a person's to mend?"""

from __future__ import annotations

import nats.js.errors
import pytest

from nervous_system.bus import Bus, open_bus
from nervous_system.errors import (
    Conflict,
    Crowded,
    Duplicate,
    Fatal,
    GanglionError,
    LogFull,
    Permanent,
    TooLarge,
    Unavailable,
)
from nervous_system.settings import MeshSettings
from nervous_system.transport import making
from nervous_system.transport.reader import Reader
from nervous_system.transport.refusals import refusal, refusal_of

# As nats-server 2.15.1's errors.json says them: status, number, words.
REFUSALS: list[tuple[int, int, str, type[GanglionError]]] = [
    (400, 10002, "resource limits exceeded for account", Unavailable),
    (400, 10003, "bad request", Permanent),
    (500, 10006, "JetStream not in clustered mode", Permanent),
    (500, 10007, "JetStream cluster not assigned to this server", Unavailable),
    (503, 10008, "JetStream system temporarily unavailable", Unavailable),
    (500, 10009, "JetStream cluster can not handle request", Unavailable),
    (500, 10012, "no space left on device", Unavailable),
    (400, 10013, "consumer name already in use", Permanent),
    (404, 10014, "consumer not found", Unavailable),
    (503, 10023, "insufficient resources", Unavailable),
    (400, 10025, "invalid JSON", Permanent),
    (400, 10026, "maximum consumers limit reached", Unavailable),
    (400, 10027, "maximum number of streams reached", Unavailable),
    (500, 10028, "insufficient memory resources available", Unavailable),
    (503, 10039, "JetStream not enabled for account", Unavailable),
    (500, 10047, "insufficient storage resources available", Unavailable),
    (500, 10049, "no space left on device", Unavailable),
    (500, 10052, "stream configuration update can not change retention policy", Permanent),
    (400, 10054, "message size exceeds maximum allowed", TooLarge),
    (400, 10058, "stream name already in use with a different configuration", Permanent),
    (404, 10059, "stream not found", Unavailable),
    (400, 10060, "expected stream does not match", Permanent),
    (400, 10065, "subjects overlap with an existing stream", Permanent),
    (400, 10071, "wrong last sequence: 7", Conflict),
    (500, 10074, "replicas > 1 not supported in non-clustered mode", Fatal),
    (503, 10076, "JetStream not enabled", Unavailable),
    (400, 10097, "header size exceeds maximum allowed of 64k", TooLarge),
    (500, 10104, "error creating store for consumer: no space left on device", Unavailable),
    (400, 10109, "invalid operation on sealed stream", Fatal),
    (500, 10118, "stream is offline", Unavailable),
    (409, 10158, "duplicate message id is in process", Unavailable),
    (503, 10163, "expected last sequence per subject temporarily unavailable", Unavailable),
    (400, 10164, "wrong last sequence", Conflict),
    (429, 10167, "too many requests", Crowded),
    (400, 10174, "atomic publish is disabled", Permanent),
    (400, 10176, "atomic publish batch is incomplete", Crowded),
    (400, 10199, "atomic publish batch is too large: 1000", Permanent),
    (400, 10201, "atomic publish batch contains duplicate message id", Duplicate),
    (429, 10210, "atomic publish too many inflight", Crowded),
    (503, 19999, "what a later server says when it is busy", Unavailable),
    (400, 19999, "what a later server says of a mistake", Permanent),
]
FULL = {10002, 10023, 10028, 10047, 10077}


@pytest.mark.parametrize(("status", "number", "words", "family"), REFUSALS)
def test_each_number_has_its_family(
    status: int, number: int, words: str, family: type[GanglionError]
) -> None:
    answer = {"code": status, "err_code": number, "description": words}
    error = refusal(answer, what="making a consumer")
    assert type(error) is family
    assert str(error).startswith(f"making a consumer was refused: {words} (error {number})")
    of_nats_py = nats.js.errors.APIError(code=status, err_code=number, description=words)
    again = refusal_of(of_nats_py, what="making a consumer")
    assert (type(again), str(again)) == (family, str(error))


@pytest.mark.parametrize("number", sorted(FULL))
def test_what_is_full_refuses_events_and_lets_others_wait(number: int) -> None:
    answer = {"code": 503, "err_code": number, "description": "full"}
    assert isinstance(refusal(answer, what="a publish", publishing=True), LogFull)
    waiting = refusal(answer, what="making the stream")
    assert isinstance(waiting, Unavailable)
    assert "GANGLION_STREAM_MAX_BYTES" in str(waiting)


async def test_a_reader_too_many_is_told_what_helps(bus: Bus) -> None:
    few = {"name": "FEW", "subjects": ["few.>"], "max_consumers": 1}
    await bus.connection.request_json("$JS.API.STREAM.CREATE.FEW", few)
    async with Reader(bus.connection, stream="FEW", start_sequence=1):
        with pytest.raises(Unavailable, match=r"10026.*end some readers"):
            async with Reader(bus.connection, stream="FEW", start_sequence=1):
                pass


async def test_who_makes_the_log_waits_for_room(
    mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others have reserved the store's room; when they have gone, there is some."""
    async with open_bus(mesh_settings, name="test") as bus:
        hog = {"name": "HOG", "subjects": ["hog"], "max_bytes": 60 * 1024**3}
        await bus.connection.request_json("$JS.API.STREAM.CREATE.HOG", hog)
        monkeypatch.setattr(making, "UNDER_WAY_SECONDS", 0.1)
        with pytest.raises(Unavailable, match=r"10047.*GANGLION_STREAM_MAX_BYTES"):
            await bus.stream.ensure(mesh_settings)
        await bus.connection.request_json("$JS.API.STREAM.DELETE.HOG", {})
        await bus.stream.ensure(mesh_settings)
