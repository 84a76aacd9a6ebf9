"""The dashboard's files, as `make dashboard` built them. Whoever asks gets them: they hold nothing
of the swarm."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi import Path as InPath
from starlette.responses import FileResponse, PlainTextResponse, Response

from mission_control.api.problem import Problem

router = APIRouter(include_in_schema=False)

BUILT: Final = Path(__file__).parents[2] / "dashboard" / "dist"
NOT_BUILT: Final = "The dashboard was not built here. `make dashboard` builds it (without network\
 if npm's cache has its packages); the API is there all the same: /openapi.json\n"

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing inline and nothing from elsewhere: what an agent wrote is never run as part of a page."""

_KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
_ASSET: Final = re.compile(r"/assets/([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)")

AssetName = Annotated[str, InPath(max_length=200)]


def is_page(path: str) -> bool:
    """Whether this is an address that a person goes to."""
    return path == "/" or path.startswith("/ui/")


def is_public_file(path: str) -> bool:
    """Whether this is a page, or what one is made of."""
    return is_page(path) or _ASSET.fullmatch(path) is not None


@router.get("/")
@router.get("/ui/{page:path}")
async def page() -> Response:
    """The same document for every page: the script in it reads the address."""
    document = BUILT / "index.html"
    headers = {"Content-Security-Policy": _POLICY}
    if not document.is_file():
        return PlainTextResponse(NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE, headers)
    return FileResponse(document, headers=headers, media_type="text/html; charset=utf-8")


@router.get("/assets/{name}")
async def asset(name: AssetName) -> Response:
    """A file whose name says what is in it, so that it never changes."""
    found = _ASSET.fullmatch(f"/assets/{name}")
    file = BUILT / "assets" / found[1] if found is not None else BUILT / "no such"
    kind = _KINDS.get(file.suffix)
    if kind is None or not file.is_file():
        raise Problem(HTTPStatus.NOT_FOUND, "the dashboard has no such file: load the page anew")
    return FileResponse(
        file,
        media_type=kind,
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Security-Policy": _POLICY,  # a worker has that of its script
        },
    )
