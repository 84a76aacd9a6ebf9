"""What becomes of each position? Stored, parked or a duplicate: decided here, without touching the
world.

Positions come in the order of the log; a batch is cut where a partition ends, because an insert is
atomic within one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from ingestor.cleaning import without_secrets
from ingestor.doubts import Doubts
from ingestor.ingest_schema import ATTRIBUTION
from ingestor.model import Batch, Identity, partition_end
from ingestor.reading import Readable, readable
from ingestor.row_encoder import RowEncoder
from nervous_system.contract.payload import PRESENCE, worker_of
from nervous_system.contract.secret_search import which_may_hold_secrets
from nervous_system.contract.signature import TrustedKeys
from nervous_system.contract.stored import Stored
from nervous_system.refusal import Refusal

NO_KEYS = TrustedKeys.none()
REPEATED = "the same agent's event of this id was stored before"
ID_TAKEN = "its event_id stands on an event of somebody else, which was stored before"
REFUSED_BY_ENGINE = "ClickHouse does not take it"


class Examined(NamedTuple):
    """A position and its frame: of an event not seen before, or parked. Messages are not kept."""

    stored: Stored
    identity: Identity | None  # None where the bytes could not be read
    payload_field: str  # empty likewise
    frame: bytes

    @property
    def event_id(self) -> str:
        """Empty where the bytes could not be read."""
        return self.identity.event_id if self.identity is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch ready to be inserted, and what is in it."""

    batch: Batch
    examined: Sequence[Examined]
    new: frozenset[Identity]
    parked: int
    duplicates: int


def examine(
    positions: Sequence[Stored],
    framer: RowEncoder,
    trusted: TrustedKeys = NO_KEYS,
    doubts: Doubts | None = None,
) -> list[Examined]:
    """Read, check and encode every position; `doubts` hears of what nobody vouches for. Repeats are
    found later, and are few."""
    examined = []
    suspects = set(which_may_hold_secrets([stored.data for stored in positions]))
    for index, stored in enumerate(positions):
        found = readable(stored)
        if isinstance(found, Refusal):
            examined.append(park(stored, framer, reason=str(found)))
        else:
            message, field, warnings = found
            agent_id = message.agent_id
            worker = worker_of(field, getattr(message, field)) if field in PRESENCE else ""
            problem = stored.problem(
                trusted, event_id=message.event_id, agent_id=agent_id, of_worker=worker
            )
            if problem:  # it is stored all the same
                warnings.append(problem)
                if doubts is not None:
                    doubts.note(stored, problem)
            kept, reason = stored, ""
            if index in suspects or message.HasField(ATTRIBUTION):
                (message, field, warnings), kept, reason = without_secrets(found, stored)
            frame = framer.event(
                message, kept, payload_field=field, warnings=warnings, reason=reason
            )
            identity = Identity.on(stored.subject, event_id=message.event_id, agent_id=agent_id)
            # As the constructor does, in half the time.
            examined.append(tuple.__new__(Examined, (stored, identity, field, frame)))
    return examined


def park(stored: Stored, framer: RowEncoder, *, reason: str) -> Examined:
    """The position as one that is kept with the reason why it is not an event."""
    frame = framer.encode_parked(stored, reason=reason)
    return Examined(stored, None, "", frame)


def identities(examined: Sequence[Examined]) -> list[Identity]:
    """Those of the events that can be read, in order."""
    return [each.identity for each in examined if each.identity is not None]


def cut(examined: Sequence[Examined]) -> Iterator[Sequence[Examined]]:
    """The same positions in runs that each lie in one partition."""
    start = 0
    end_of_partition = None
    for index, each in enumerate(examined):
        if end_of_partition is None:
            end_of_partition = partition_end(each.stored.recorded_at_ns)
        elif each.stored.recorded_at_ns >= end_of_partition:
            yield examined[start:index]
            start = index
            end_of_partition = partition_end(each.stored.recorded_at_ns)
    if examined:
        yield examined[start:]


def prepare(
    examined: Sequence[Examined], framer: RowEncoder, *, known: AbstractSet[Identity]
) -> Prepared:
    """The batch of one run of positions; `known`: who has said something under their ids."""
    frames: list[bytes] = []
    new: set[Identity] = set()
    taken = {each.event_id for each in known}
    parked = duplicates = 0
    for stored, identity, _, frame in examined:
        if identity is None:
            parked += 1
            frames.append(frame)
        elif identity in new or identity in known:
            duplicates += 1
            frames.append(_repeated_frame(stored, framer))
        else:
            new.add(identity)
            contested = identity.event_id in taken
            taken.add(identity.event_id)
            frames.append(framer.with_warning(frame, ID_TAKEN) if contested else frame)
    return Prepared(
        batch=framer.batch(
            frames,
            first_seq=examined[0].stored.sequence,
            last_seq=examined[-1].stored.sequence,
            kinds=frozenset(each.payload_field for each in examined if each.payload_field),
        ),
        examined=examined,
        new=frozenset(new),
        parked=parked,
        duplicates=duplicates,
    )


def _repeated_frame(stored: Stored, framer: RowEncoder) -> bytes:
    found = readable(stored)
    assert isinstance(found, Readable)  # it was, when it was examined
    found, kept, reason = without_secrets(found, stored)
    return framer.event(
        found.message,
        kept,
        payload_field=found.payload_field,
        warnings=found.warnings,
        duplicate_of=REPEATED,
        reason=reason,
    )
