"""Which of ClickHouse's errors pass by themselves, and what is to be done about the others?"""

from __future__ import annotations

from typing import Final

from nervous_system.errors import Fenced, Forbidden, GanglionError, Permanent, Unavailable

FENCED: Final = 395
"""FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: the fence in `swarm.landing_to_events` is the only one of
ours that throws.
"""

TRANSIENT_CODES: Final = frozenset(
    {
        3,  # UNEXPECTED_END_OF_FILE: the connection broke in the middle of a body
        23,  # CANNOT_READ_FROM_ISTREAM
        24,  # CANNOT_WRITE_TO_OSTREAM
        74,  # CANNOT_READ_FROM_FILE_DESCRIPTOR
        75,  # CANNOT_WRITE_TO_FILE_DESCRIPTOR
        95,  # CANNOT_READ_FROM_SOCKET
        96,  # CANNOT_WRITE_TO_SOCKET
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        198,  # DNS_ERROR
        201,  # QUOTA_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        236,  # ABORTED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        439,  # CANNOT_SCHEDULE_TASK
        473,  # DEADLOCK_AVOIDED
        499,  # S3_ERROR
        745,  # SERVER_OVERLOADED
        999,  # KEEPER_EXCEPTION
    }
)
"""ClickHouse's numbers for what passes by itself, or once there is room again. Everything else is
about the request.
"""

TOO_LARGE_NOW_CODES: Final = frozenset({173, 241})
"""CANNOT_ALLOCATE_MEMORY, MEMORY_LIMIT_EXCEEDED: with less to do at once it may succeed."""

REPLACED_CODES: Final = frozenset({218})
"""TABLE_IS_DROPPED: it was found by its name, and replaced before it was used."""

DAMAGED_CODES: Final = frozenset(
    {
        40,  # CHECKSUM_DOESNT_MATCH
        107,  # FILE_DOESNT_EXIST
        226,  # NO_FILE_IN_DATA_PART
        228,  # BAD_SIZE_OF_FILE_IN_DATA_PART
        231,  # TOO_MANY_UNEXPECTED_DATA_PARTS
        246,  # CORRUPTED_DATA
        271,  # CANNOT_DECOMPRESS
    }
)
"""ClickHouse's numbers for bytes on its own disk that are gone or not what it wrote."""

DAMAGED_WHERE_READ_CODES: Final = DAMAGED_CODES | {
    6,  # CANNOT_PARSE_TEXT
    27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
    32,  # ATTEMPT_TO_READ_AFTER_EOF
    33,  # CANNOT_READ_ALL_DATA
    117,  # INCORRECT_DATA
    76,  # CANNOT_OPEN_FILE
    432,  # UNKNOWN_CODEC
    1001,  # STD_EXCEPTION: a folder that is gone is told like this, too
}
"""The same where nothing but its own disk is read; in an insert they are about what was sent."""

UNMIGRATED_CODES: Final = frozenset({47, 60, 81})
"""UNKNOWN_IDENTIFIER, UNKNOWN_TABLE, UNKNOWN_DATABASE: the schema is not the one that this code
expects.
"""

FORBIDDEN_CODES: Final = frozenset({192, 193, 194, 497, 516})
"""UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, ACCESS_DENIED, AUTHENTICATION_FAILED."""


class TooLargeNow(Unavailable):
    """There is too little memory for so much at once; for less there may be enough."""


class Damaged(Unavailable):
    """ClickHouse cannot read what it wrote. Once that is mended, the same call succeeds."""


class Replaced(Unavailable):
    """Another process replaced the table or view at this very moment. The same call succeeds."""


class Unmigrated(Permanent):
    """The tables that were asked for are not there, or not as this version has them."""


def family_of(code: int | None, sentence: str, *, reads: bool = False) -> GanglionError:
    """The error for a ClickHouse error number. None is a failure of the connection: the driver got
    no answer.
    """
    if code in (DAMAGED_WHERE_READ_CODES if reads else DAMAGED_CODES):
        return Damaged(f"{sentence}; ClickHouse's files are damaged, run `ganglion repair`")
    if code is None:
        return Unavailable(f"{sentence}; it is tried again, see that ClickHouse runs there")
    if code == FENCED:
        return Fenced(
            f"{sentence}; another ingestor has taken over or opened a new epoch, this one must stop"
        )
    if code in TOO_LARGE_NOW_CODES:
        return TooLargeNow(
            f"{sentence}; ClickHouse has too little memory for so much at once: give it more,"
            " or let less run beside it"
        )
    if code in REPLACED_CODES:
        return Replaced(f"{sentence}; another process replaced it meanwhile, it is tried again")
    if code in TRANSIENT_CODES:
        return Unavailable(f"{sentence}; it is tried again")
    if code in FORBIDDEN_CODES:
        return Forbidden(f"{sentence}; give CLICKHOUSE_URL a user and password that may do this")
    if code in UNMIGRATED_CODES:
        return Unmigrated(f"{sentence}; run `ganglion migrate`, which makes the tables this needs")
    return Permanent(f"{sentence}; it would be refused every time")
