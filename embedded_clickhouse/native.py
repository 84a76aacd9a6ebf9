"""What does the format Native look like to a client of a certain protocol version? Pure.

`client_protocol_version` asks a server for what its native protocol has around the columns: a
block info before each block, a flag before the data of each column. chDB knows of no such version,
and leaves out the zone of a `DateTime`. Its format `Buffers` has the same columns, each with its
size in front: with names and types they are put together anew, as Native for any version.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from embedded_clickhouse.sql import Statement, parameter_value, unescape

NATIVE = "Native"
BUFFERS = "Buffers"
COLUMNS_FORMAT = "RowBinaryWithNames"
ROWS_FORMAT = "TabSeparatedWithNamesAndTypes"
"""What a statement that is no SELECT answers in, before it becomes Native."""

_ZONE_OF_DATETIME = 54337
_CUSTOM_SERIALIZATION = 54454
_OUT_OF_ORDER_BUCKETS = 54480
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff"
"""Field 1: no overflow; field 2: no bucket (-1)."""
_NO_BUCKETS = b"\x03\x00"
_END = b"\x00"
_PLAIN = b"\x00"
_DIMENSIONS = struct.Struct("<QQ")
_SIZE = struct.Struct("<Q")
_IS_SUBCOLUMN = b"is_subcolumn"
_INDENT = re.compile(rb"(,?)\n *")
_SELECTS = frozenset({"SELECT", "WITH", "FROM"})


@dataclass(frozen=True, slots=True)
class NativeColumn:
    """A column of a result."""

    name: bytes
    type: bytes


class BlockEncoder:
    """Makes Native of a stream of Buffers, in any pieces."""

    def __init__(self, columns: Sequence[NativeColumn], *, version: int) -> None:
        """`version` is the client's; 0 where it says none."""
        self._info = _block_info(version)
        self._headers = [_column_header(column, version) for column in columns]
        self._head = bytearray()
        self._data_bytes = 0
        self._next = len(columns)

    def encode(self, piece: bytes) -> bytes:
        """Native of the next bytes of Buffers, as far as they go."""
        encoded: list[bytes] = []
        position = 0
        while position < len(piece):
            if self._data_bytes:
                data = piece[position : position + self._data_bytes]
                encoded.append(data)
                position += len(data)
                self._data_bytes -= len(data)
                continue
            is_block = self._next == len(self._headers)
            wanted = (_DIMENSIONS if is_block else _SIZE).size - len(self._head)
            self._head += piece[position : position + wanted]
            position += wanted
            if position > len(piece):
                break
            encoded.append(self._block() if is_block else self._column())
            self._head.clear()
        return b"".join(encoded)

    def _block(self) -> bytes:
        columns, rows = _DIMENSIONS.unpack(self._head)
        if columns != len(self._headers):
            raise ValueError(f"a block of {columns} columns in a result of {len(self._headers)}")
        self._next = 0
        return self._info + _varint(columns) + _varint(rows)

    def _column(self) -> bytes:
        (self._data_bytes,) = _SIZE.unpack(self._head)
        self._next += 1
        return self._headers[self._next - 1]


def is_select(statement: Statement) -> bool:
    """Whether the engine can say what columns a statement has without running it."""
    return statement.kind == "read" and statement.words[0] in _SELECTS


def columns_statement(statement: Statement, *, settings: str = "") -> Statement:
    """What asks for the columns of a SELECT, in `COLUMNS_FORMAT`."""
    text = b"DESCRIBE (" + statement.text[: _format_start(statement)] + b"\n)" + settings.encode()
    return Statement(text, "read", ("DESCRIBE",), end=len(text), parameters=statement.parameters)


def read_columns(rows: bytes) -> list[NativeColumn]:
    """The columns that the answer to `columns_statement` lists, whatever else it says of them."""
    count, position = _read_varint(rows, 0)
    fields: list[bytes] = []
    for _ in range(count):
        field, position = _read_string(rows, position)
        fields.append(field)
    columns = []
    while position < len(rows):
        row: dict[bytes, bytes] = {}
        for field in fields:
            if field == _IS_SUBCOLUMN:
                row[field], position = rows[position : position + 1], position + 1
            else:
                row[field], position = _read_string(rows, position)
        if row.get(_IS_SUBCOLUMN, b"\0") == b"\0":
            columns.append(NativeColumn(row[b"name"], _in_one_line(row[b"type"])))
    return columns


def read_header(rows: bytes) -> list[NativeColumn]:
    """The columns of rows in `ROWS_FORMAT`: of its first two lines."""
    names, types = rows.split(b"\n", 2)[:2]
    pairs = zip(names.split(b"\t"), types.split(b"\t"), strict=True)
    return [NativeColumn(unescape(name), unescape(column_type)) for name, column_type in pairs]


def rows_statement(rows: bytes) -> Statement:
    """What reads rows in `ROWS_FORMAT`, as a SELECT."""
    text = f"SELECT * FROM format({ROWS_FORMAT}, {{rows:String}})".encode()
    parameters = {"rows": parameter_value(rows)}
    return Statement(text, "read", ("SELECT",), end=len(text), parameters=parameters)


def in_format(statement: Statement, name: str) -> Statement:
    """`statement` with another output format."""
    start = _format_start(statement)
    rest = b"" if statement.format_end is None else statement.text[statement.format_end :]
    clause = f"\nFORMAT {name}".encode()
    end = statement.end if statement.format_end is None else statement.format_end
    return replace(
        statement,
        text=statement.text[:start] + clause + rest,
        end=statement.end + start + len(clause) - end,
        format=name,
        format_start=start + 1,
        format_end=start + len(clause),
    )


def _format_start(statement: Statement) -> int:
    return statement.end if statement.format_start is None else statement.format_start


def _block_info(version: int) -> bytes:
    if not version:
        return b""
    return _BLOCK_INFO + (_NO_BUCKETS if version >= _OUT_OF_ORDER_BUCKETS else b"") + _END


def _column_header(column: NativeColumn, version: int) -> bytes:
    column_type = column.type
    if 0 < version < _ZONE_OF_DATETIME and column_type.startswith(b"DateTime("):
        column_type = b"DateTime"
    flag = _PLAIN if version >= _CUSTOM_SERIALIZATION else b""
    return _string(column.name) + _string(column_type) + flag


def _in_one_line(column_type: bytes) -> bytes:
    """A type as it travels: the engine describes tuples in several lines. A line break within a
    name or a value stands there as its escape."""
    return _INDENT.sub(lambda indent: indent.group(1) and b", ", column_type)


def _string(text: bytes) -> bytes:
    return _varint(len(text)) + text


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _read_string(data: bytes, position: int) -> tuple[bytes, int]:
    size, start = _read_varint(data, position)
    return data[start : start + size], start + size


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while data[position] > 0x7F:
        number |= (data[position] & 0x7F) << shift
        shift += 7
        position += 1
    return number | data[position] << shift, position + 1
