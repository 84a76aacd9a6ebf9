"""What does a multipart form hold? Its fields stay in memory, the data of its tables on disk."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from aiohttp import BodyPartReader, MultipartReader
from aiohttp.http_exceptions import HttpProcessingError

from embedded_clickhouse.budget import BudgetShare
from embedded_clickhouse.exceptions import Code, refusal
from embedded_clickhouse.limits import Limits
from embedded_clickhouse.meter import Meter
from embedded_clickhouse.spool import Spool, Spools

_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Form:
    """A form that was read."""

    fields: list[tuple[str, str]]
    files: list[tuple[str, Spool]]
    """The data of external tables by their names."""


async def read_form(
    headers: Mapping[str, str],
    source: Meter,
    *,
    limits: Limits,
    spools: Spools,
    share: BudgetShare,
    files: ExitStack,
) -> Form:
    """Read a form. `share` counts its fields, `files` holds its spools open.

    Raises `ClickHouseError` where it is no form, or beyond a limit.
    """
    try:
        return await _read(headers, source, limits, spools, share, files)
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError) as error:
        raise refusal(Code.BAD_ARGUMENTS, f"The form cannot be read: {error}") from error


async def _read(
    headers: Mapping[str, str],
    source: Meter,
    limits: Limits,
    spools: Spools,
    share: BudgetShare,
    files: ExitStack,
) -> Form:
    form = Form([], [])
    parts = field_bytes = 0
    reader = MultipartReader(
        headers,
        source,  # type: ignore[arg-type]  # it reads through what a Meter offers
        max_field_size=limits.max_header_bytes,
        max_headers=limits.max_headers,
    )
    async for part in reader:
        parts += 1
        if parts > limits.max_form_parts:
            raise limits.exceeded("max_form_parts", "The form has too many parts")
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise refusal(Code.BAD_ARGUMENTS, "A part of the form has no name, or parts of its own")
        if part.filename is not None:
            if len(form.files) >= limits.max_external_tables:
                raise limits.exceeded(
                    "max_external_tables", "The form has too many external tables"
                )
            spool = files.enter_context(spools.open(share.part))
            while chunk := await part.read_chunk(_CHUNK_BYTES):
                await spool.write(chunk)
            form.files.append((part.name, spool))
            continue
        content = bytearray()
        while chunk := await part.read_chunk(_CHUNK_BYTES):
            share.take(len(chunk))
            field_bytes += len(chunk)
            if field_bytes > limits.max_statement_bytes:
                raise limits.exceeded(
                    "max_statement_bytes",
                    "The fields of the form are too long",
                    code=Code.QUERY_IS_TOO_LARGE,
                )
            content += chunk
        form.fields.append((part.name, content.decode("utf-8", "surrogateescape")))
    return form
