"""What did the engine refuse, and with which number and HTTP status does ClickHouse say so? Pure.

chDB hands errors over as text only, so the number is read from the one place where the engine
always puts it, the
prefix `Code: <number>. DB::Exception: `. Nothing is ever decided by the words of a message.
"""

from __future__ import annotations

import re
from enum import IntEnum


class Code(IntEnum):
    """The numbers this server raises itself. ClickHouse's own, for ever the same."""

    BAD_ARGUMENTS = 36
    CHECKSUM_DOESNT_MATCH = 40
    SYNTAX_ERROR = 62
    UNKNOWN_COMPRESSION_METHOD = 89
    UNKNOWN_FORMAT = 73
    UNKNOWN_SETTING = 115
    READONLY = 164
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    TIMEOUT_EXCEEDED = 159
    TOO_BIG_AST = 168
    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING = 216
    QUERY_IS_TOO_LARGE = 229
    ABORTED = 236
    NOT_ENOUGH_SPACE = 243
    CANNOT_DECOMPRESS = 271
    LIMIT_EXCEEDED = 290
    TOO_DEEP_RECURSION = 306
    SUPPORT_IS_DISABLED = 344
    INTO_OUTFILE_NOT_ALLOWED = 358
    SESSION_NOT_FOUND = 372
    SESSION_IS_LOCKED = 373
    INVALID_SESSION_TIMEOUT = 374
    QUERY_WAS_CANCELLED = 394
    TOO_MANY_ROWS_OR_BYTES = 396
    ACCESS_DENIED = 497
    SET_NON_GRANTED_ROLE = 512
    AUTHENTICATION_FAILED = 516
    UNKNOWN_EXCEPTION = 1002


_CODES_OF_STATUS: dict[int, frozenset[int]] = {
    # What was asked is malformed: arguments, syntax, columns, values that cannot be parsed.
    # So is a body that is packed as nobody here can unpack, or not as it claims (89, 271).
    400: frozenset(
        {
            89,
            271,
            306,
            6,
            8,
            15,
            25,
            26,
            27,
            36,
            37,
            38,
            41,
            44,
            53,
            62,
            72,
            117,
            123,
            167,
            168,
            223,
        }
    )
    | frozenset({321, 376, 427, 441, 675, 676})
    # The real server says 500 to these: arguments and types that do not fit (20, 42, 43, 70, 386),
    # aggregates and names (179, 184, 215, 352), values of parameters (456, 457), NULL where there
    # is none (349), settings that are fixed (452), what HTTP has no place for (344, 358), data that
    # is no array or breaks off (33, 130).
    | frozenset({20, 33, 42, 43, 70, 130, 179, 184, 215, 344, 349, 352, 358, 386})
    | frozenset({40, 452, 456, 457}),
    401: frozenset({194}),  # REQUIRED_PASSWORD
    403: frozenset({192, 193, 497, 512, 516}),  # who you are and what you may
    # What was named does not exist: table, function, identifier, type, database, setting, format …
    404: frozenset({46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511}),
    408: frozenset({159}),  # TIMEOUT_EXCEEDED
    411: frozenset({381}),  # HTTP_LENGTH_REQUIRED
    413: frozenset({229, 290}),  # QUERY_IS_TOO_LARGE, LIMIT_EXCEEDED
    415: frozenset({779}),  # UNSUPPORTED_MEDIA_TYPE
    501: frozenset({48}),  # NOT_IMPLEMENTED
    503: frozenset({76, 209, 439}),  # CANNOT_OPEN_FILE, SOCKET_TIMEOUT, CANNOT_SCHEDULE_TASK
}
_STATUS_OF_CODE = {code: status for status, codes in _CODES_OF_STATUS.items() for code in codes}

_PREFIX = re.compile(r"(?:Code: (\d{1,9})\. DB::Exception: )+")
_SUFFIX = re.compile(
    r"(?:\.?\s{0,9}\(([A-Z][A-Z0-9_]{3,99})\)"
    r"|\s{0,9}\(version [^()]{0,99}(?:\([^()]{0,99}\))?[^()]{0,9}\))+\Z"
)
_MAX_TEXT_CHARACTERS = 32 * 1024
"""An engine's error may quote a whole statement."""
_END_CHARACTERS = 1024


class ClickHouseError(Exception):
    """A refusal with ClickHouse's number, whether the engine raised it or this server."""

    def __init__(self, message: str, *, code: int, name: str) -> None:
        super().__init__(message)
        self.message = message
        """The sentence alone, without number, name and version."""
        self.code = code
        self.name = name

    @property
    def status(self) -> int:
        """The HTTP status that the real server answers with."""
        return _STATUS_OF_CODE.get(self.code, 500)

    def without_words(self, words: str) -> ClickHouseError:
        """The same error, not speaking of what this server put into the statement."""
        return ClickHouseError(self.message.replace(words, ""), code=self.code, name=self.name)

    def text(self, *, version: str) -> str:
        """The sentence as the real server words it, with number, name and version."""
        build = f"(version {version} (official build))"
        return f"Code: {self.code}. DB::Exception: {self.message}. ({self.name}) {build}"


def refusal(code: Code, message: str) -> ClickHouseError:
    """An error of this server's own."""
    return ClickHouseError(message, code=int(code), name=code.name)


def from_engine(text: str) -> ClickHouseError:
    """The error that chDB worded as `text`. The engine wraps some errors several times; one layer
    is left."""
    if len(text) > _MAX_TEXT_CHARACTERS:
        text = f"{text[:_MAX_TEXT_CHARACTERS]} … {text[-_END_CHARACTERS:]}"
    prefix = _PREFIX.search(text)
    if prefix is None:
        return refusal(Code.UNKNOWN_EXCEPTION, text.strip())
    message = text[prefix.end() :].strip()
    suffix = _SUFFIX.search(message)
    name = Code.UNKNOWN_EXCEPTION.name
    if suffix is not None:
        name = suffix.group(1) or name
        message = message[: suffix.start()]
    return ClickHouseError(message, code=int(prefix.group(1)), name=name)
