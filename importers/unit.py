"""What does an importer hand over? Units: events that get onto the log together and in order."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import KW_ONLY, dataclass

from enchanted.events.v1.state_change_pb2 import StateChange
from nervous_system.contract.message import Entry
from nervous_system.contract.subjects import covers, subject_for, token
from nervous_system.names import EVENTS


@dataclass(frozen=True, slots=True)
class ImportUnit:
    """
    One trajectory, one commit, one row of a file.

    All its events carry the run's key, but for state changes, which carry their resource's; neither
    the first nor the last event is a state change. So one read of the run's subjects tells of every
    unit where it stands: the last event is there (it is whole), only the first is (a crash cut it),
    or none. If payloads bring keys of their own, `filter_of_all` names the run instead.
    """

    name: str  # for a person: a file, a commit
    entries: Sequence[Entry]  # the same at every look; of a large one made when they are looked at
    _: KW_ONLY
    reference: str = ""  # its name without any text of it, which may hold a secret
    gap: str = ""  # a sentence: what of the source is not in it
    filter_of_all: str = ""  # the one filter that every event of the run is on, where there is one

    def __post_init__(self) -> None:
        if self.filter_of_all:
            subjects = [subject_for(entry.event, key=entry.key) for entry in self.entries]
            if not subjects or not all(covers(self.filter_of_all, each) for each in subjects):
                raise ValueError(f"the unit {self.name} is not on {self.filter_of_all}")
            return
        ends = (self.entries[0], self.entries[-1]) if self.entries else (None,)
        if any(end is None or not _is_keyed(end, self.run_key) for end in ends):
            raise ValueError(f"the unit {self.name} does not begin and end under its run's key")

    @property
    def run(self) -> str:
        """The filter of its run: every append of an importer expects the last sequence on it."""
        return self.filter_of_all or run_filter(self.run_key)

    def is_of_run(self, entry: Entry) -> bool:
        """Whether the subject of one of its entries is one that the filter of its run finds."""
        return bool(self.filter_of_all) or is_of_run(entry)

    @property
    def run_key(self) -> str:
        """The token of the run that this unit belongs to."""
        return (self.entries[-1].key or "") if self.entries else ""

    @property
    def first_id(self) -> str:
        """If this is on the log, at least a part of the unit is."""
        return self.entries[0].event.event_id

    @property
    def last_id(self) -> str:
        """If this is on the log, all of the unit is."""
        return self.entries[-1].event.event_id


@dataclass(frozen=True, slots=True)
class ImportSource:
    """Something that was opened and found readable; its units come one by one, oldest first."""

    name: str
    total: int  # units
    units: AsyncGenerator[ImportUnit, None]
    refused: Sequence[str] = ()  # a sentence for each part that cannot be read, so far
    remark: str = ""  # a sentence on what was taken
    noun: str = "unit"  # what a person calls one of its units


def run_filter(run_key: str) -> str:
    """The one filter of a run whose events carry its key."""
    return f"{EVENTS}.*.*.{token(run_key)}"


def is_of_run(entry: Entry) -> bool:
    """Whether the entry's subject carries the key of its run."""
    return not isinstance(entry.event.payload, StateChange)


def _is_keyed(entry: Entry, run_key: str) -> bool:
    return bool(run_key) and entry.key == run_key and is_of_run(entry)
