"""What do pulse.csv and capacity.csv hold? The fields of an event each, in the contract's order."""

from __future__ import annotations

import json
from datetime import datetime

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from station.exporting.line import ExportLine, clock, csv_line
from station.names import CAPACITY, PULSES

_COLUMNS = {PULSES: PulseCompleted.DESCRIPTOR, CAPACITY: CapacitySampled.DESCRIPTOR}


def headings() -> tuple[ExportLine, ...]:
    """The first line of each file."""
    return tuple(
        csv_line(file, ["timestamp", *(field.name for field in _fields(descriptor))])
        for file, descriptor in _COLUMNS.items()
    )


def pulse_line(payload: PulseCompleted, recorded_at: datetime) -> ExportLine:
    """One pulse."""
    return _line(PULSES, payload, recorded_at)


def capacity_line(payload: CapacitySampled, recorded_at: datetime) -> ExportLine:
    """One look at one machine."""
    return _line(CAPACITY, payload, recorded_at)


def _line(file: str, payload: Message, recorded_at: datetime) -> ExportLine:
    values = [_value(payload, field) for field in _fields(_COLUMNS[file])]
    return csv_line(file, [clock(recorded_at), *values])


def _fields(descriptor: Descriptor) -> list[FieldDescriptor]:
    return sorted(descriptor.fields, key=lambda field: field.number)


def _value(payload: Message, field: FieldDescriptor) -> str | int | float | bool | None:
    """What stands in the field: several texts divided by `;`, messages as JSON, nothing as
    nothing."""
    if field.is_repeated:
        several = getattr(payload, field.name)
        if field.message_type is None:
            return ";".join(str(each) for each in several)
        plain = [MessageToDict(each, preserving_proto_field_name=True) for each in several]
        return json.dumps(plain, ensure_ascii=False) if plain else None
    if field.has_presence and not payload.HasField(field.name):
        return None
    value: str | int | float | bool = getattr(payload, field.name)
    return value
