"""What does an HTTP request ask for? Pure: from its line and headers to a frozen
`ClickHouseRequest`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from embedded_clickhouse.exceptions import Code, refusal
from embedded_clickhouse.limits import Limits
from embedded_clickhouse.users import Credentials

_NOT_SETTINGS = frozenset(
    {
        "query",
        "user",
        "password",
        "database",
        "default_format",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "wait_end_of_query",
        "buffer_size",
        "compress",
        "decompress",
        "client_protocol_version",
        "quota_key",
        "stacktrace",
        "send_logs_level",  # to an HTTP client a server sends none, either
        "send_logs_source_regexp",
        "role",
    }
)
_NAMES = frozenset({"user", "database", "default_format", "query_id", "session_id", "quota_key"})
"""Fields that name something: kept, answered with, compared."""
_TABLE_SUFFIXES = ("_format", "_types", "_structure")
_SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
_FORMAT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_PARAMETER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*\Z")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_MAX_SESSION_SECONDS = 3600.0
_MAX_VERSION_DIGITS = 19
DEFAULT_OUTPUT_FORMAT = "TabSeparated"


@dataclass(frozen=True, slots=True)
class ClickHouseRequest:
    """One request, as far as it is known before its body is read."""

    credentials: Credentials
    query: bytes = b""
    """The SQL in the URL. The body follows it."""
    database: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of `{name:Type}` in the SQL, in ClickHouse's escaped form."""
    default_format: str | None = None
    query_id: str | None = None
    session_id: str | None = None
    session_timeout_seconds: float = 60.0
    session_must_exist: bool = False
    closes_session: bool = False
    waits_for_end: bool = False
    packs_frames: bool = False
    """compress=1: the answer in ClickHouse's own frames."""
    unpacks_frames: bool = False
    """decompress=1: so is the body."""
    protocol_version: int = 0
    """client_protocol_version: what the client can read in Native."""
    roles: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    """`<table>_format`, `<table>_types`, `<table>_structure` of external tables."""
    accepted_encodings: str = ""
    content_encoding: str | None = None
    is_multipart: bool = False
    is_safe_method: bool = False
    """GET and HEAD may only read."""

    @property
    def is_read_only(self) -> bool:
        """Whether the request itself asks to be kept from writing."""
        return self.is_safe_method or self.settings.get("readonly", "0") not in ("", "0")


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """How the data of an external table is to be read."""

    name: str
    structure: str
    input_format: str


def read_request(
    *, method: str, query_string: str, headers: Mapping[str, str], limits: Limits
) -> ClickHouseRequest:
    """Read a request's line and headers. Raises `ClickHouseError` where they make no sense."""
    content_type = headers.get("Content-Type", "").lower()
    ask = ClickHouseRequest(
        credentials=_credentials(headers),
        database=headers.get("X-ClickHouse-Database"),
        default_format=headers.get("X-ClickHouse-Format"),
        accepted_encodings=headers.get("Accept-Encoding", ""),
        content_encoding=_content_encoding(headers),
        is_multipart=content_type.startswith("multipart/form-data"),
        is_safe_method=method in ("GET", "HEAD"),
    )
    for name, said in (("database", ask.database), ("default_format", ask.default_format)):
        _check_name(name, said or "", limits)
    if query_string.count("&") >= limits.max_fields:
        raise limits.exceeded("max_fields", "The URL has too many fields")
    fields = parse_qsl(query_string, keep_blank_values=True, errors="surrogateescape")
    return with_fields(ask, fields, limits=limits)


def with_fields(
    ask: ClickHouseRequest, fields: list[tuple[str, str]], *, limits: Limits
) -> ClickHouseRequest:
    """`ask` with the fields of its URL or its form. Raises `ClickHouseError` for a value that makes
    no sense, and for too many of them."""
    if len(fields) > limits.max_fields:
        raise limits.exceeded("max_fields", "The request has too many fields")
    values: dict[str, str] = {}
    settings, parameters, tables = dict(ask.settings), dict(ask.parameters), dict(ask.tables)
    roles = list(ask.roles)
    for name, value in fields:
        if name.startswith("param_"):
            if not _PARAMETER_NAME.match(name):
                raise refusal(Code.BAD_ARGUMENTS, f"{name} is not the name of a query parameter")
            parameters[name.removeprefix("param_")] = _escape(value)
        elif name == "role":
            roles.append(value)
        elif name in _NOT_SETTINGS:
            values[name] = value
        elif ask.is_multipart and name.endswith(_TABLE_SUFFIXES):
            tables[name] = value
        elif _SETTING_NAME.match(name):
            settings[name] = value
        elif name:
            raise refusal(Code.BAD_ARGUMENTS, f"{name!r} is not the name of a setting")
    if len(settings) > limits.max_settings:
        raise limits.exceeded("max_settings", "The request changes too many settings")
    for name in _NAMES.intersection(values):
        _check_name(name, values[name], limits)
    default_format = values.get("default_format") or ask.default_format
    if is_flag(values.get("decompress")) and (ask.content_encoding or ask.is_multipart):
        raise refusal(
            Code.BAD_ARGUMENTS,
            "A body is packed once: by decompress=1 or by Content-Encoding, and a form is not",
        )
    return replace(
        ask,
        query=values["query"].encode("utf-8", "surrogateescape")
        if "query" in values
        else ask.query,
        database=values.get("database") or ask.database,
        settings=settings,
        parameters=parameters,
        tables=tables,
        roles=tuple(roles),
        credentials=Credentials(
            values.get("user", ask.credentials.user),
            values.get("password", ask.credentials.password),
        ),
        default_format=default_format and checked_format(default_format),
        query_id=values.get("query_id") or ask.query_id,
        session_id=values.get("session_id") or ask.session_id,
        session_timeout_seconds=_session_seconds(
            values.get("session_timeout"), ask.session_timeout_seconds
        ),
        session_must_exist=is_flag(values.get("session_check")) or ask.session_must_exist,
        closes_session=is_flag(values.get("close_session")) or ask.closes_session,
        packs_frames=is_flag(values.get("compress")) or ask.packs_frames,
        unpacks_frames=is_flag(values.get("decompress")) or ask.unpacks_frames,
        protocol_version=_protocol_version(
            values.get("client_protocol_version"), ask.protocol_version
        ),
        waits_for_end=is_flag(values.get("wait_end_of_query")) or ask.waits_for_end,
    )


def _check_name(field_name: str, value: str, limits: Limits) -> None:
    if len(value.encode("utf-8", "surrogateescape")) > limits.max_name_bytes:
        raise limits.exceeded("max_name_bytes", f"The {field_name} is too long")
    if not value.isprintable():
        raise refusal(Code.BAD_ARGUMENTS, f"The {field_name} has characters that nobody can see")


def external_table(ask: ClickHouseRequest, name: str) -> ExternalTable:
    """How to read the file `name` of a form. Raises `ClickHouseError` where its columns are not
    said."""
    structure = ask.tables.get(f"{name}_structure")
    if structure is None:
        types = ask.tables.get(f"{name}_types")
        if types is None:
            raise refusal(
                Code.BAD_ARGUMENTS,
                f"The external table {name} needs {name}_structure or {name}_types in the URL",
            )
        structure = ", ".join(
            f"_{number} {column_type}" for number, column_type in enumerate(_split(types), start=1)
        )
    input_format = checked_format(ask.tables.get(f"{name}_format", DEFAULT_OUTPUT_FORMAT))
    return ExternalTable(name, structure, input_format)


def checked_format(name: str) -> str:
    """`name`, which can be the name of a format and nothing else. Raises `ClickHouseError` (73)."""
    if not _FORMAT_NAME.match(name):
        raise refusal(Code.UNKNOWN_FORMAT, f"Unknown format {name}")
    return name


def _split(types: str) -> list[str]:
    """`A, B(C, D)` cut at the commas outside of parentheses."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(types):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(types[start:position].strip())
            start = position + 1
    return [*parts, types[start:].strip()]


def _credentials(headers: Mapping[str, str]) -> Credentials:
    user, key = headers.get("X-ClickHouse-User"), headers.get("X-ClickHouse-Key")
    if user is not None or key is not None:
        return Credentials(user or "default", key or "")
    authorization = headers.get("Authorization")
    if authorization is None:
        return Credentials("default", "")
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise refusal(
            Code.AUTHENTICATION_FAILED,
            f"Authorization by {scheme} is not offered here; use Basic, or the headers"
            " X-ClickHouse-User and X-ClickHouse-Key",
        )
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refusal(
            Code.AUTHENTICATION_FAILED, "The Authorization header is not base64 of user:password"
        ) from error
    return Credentials(name, password)


def _content_encoding(headers: Mapping[str, str]) -> str | None:
    encoding = headers.get("Content-Encoding", "").strip().lower()
    return None if encoding in ("", "identity") else encoding


def _escape(value: str) -> str:
    """A parameter's value with each byte that is not UTF-8 as ClickHouse's escape for it."""
    return _NOT_UTF8.sub(lambda match: f"\\x{ord(match.group()) & 0xFF:02x}", value)


def is_flag(value: str | None) -> bool:
    """Whether a field says yes."""
    return value is not None and value.lower() not in ("", "0", "false")


def _protocol_version(value: str | None, default: int) -> int:
    if not value:
        return default
    if not value.isascii() or not value.isdecimal() or len(value) > _MAX_VERSION_DIGITS:
        raise refusal(
            Code.BAD_ARGUMENTS, f"client_protocol_version must be a whole number, not {value!r}"
        )
    return int(value)


def _session_seconds(value: str | None, default: float) -> float:
    if value is None:
        return default
    if not value.isascii() or not value.isdecimal() or float(value) > _MAX_SESSION_SECONDS:
        raise refusal(
            Code.INVALID_SESSION_TIMEOUT,
            f"session_timeout must be a whole number of seconds, at most"
            f" {_MAX_SESSION_SECONDS:.0f}, not {value!r}",
        )
    return float(value)
