"""Are the dashboard's files served to whoever goes there, as files that nothing can be put into?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from mission_control.api.admission import Admission
from mission_control.api.application import application, takes
from mission_control.api.rate import Rates
from mission_control.api.request_metrics import RequestMetrics
from mission_control.api.routes import pages
from mission_control.mission import Mission
from mission_control.sessions import Sessions
from nervous_system.telemetry.metrics import Metrics
from operations.http_tokens import Caller, Tokens
from tests.mission_control.door import Door

SCRIPT = b"export {};"
OF_A_LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """As the build leaves it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Ganglion</title>")
    (folder / "assets" / "index-B2g_x.js").write_bytes(SCRIPT)
    (folder / "assets" / "notes.txt").write_text("not a part of a page")
    (folder / "secret.js").write_text("beside it")
    monkeypatch.setattr(pages, "BUILT", folder)
    yield folder


async def _get(home: Path, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    here = Caller("ada", "admin")
    app = application(cast(Mission, None))  # of a mesh no page knows anything
    door = Admission(
        app,
        takes=partial(takes, app),
        metrics=RequestMetrics(Metrics()),
        tokens=Tokens(home, secret_token=None),
        sessions=Sessions(home, caller=here),
        rates=Rates(1000.0),
        here=here,
        cookie="ganglion_4040",
    )
    told: list[Any] = []
    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return requests.pop() if requests else await asyncio.Event().wait()  # it stays

    async def send(message: Any) -> None:
        told.append(message)

    given = {"host": "localhost:4040", **{k.replace("_", "-"): v for k, v in headers.items()}}
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(key.encode(), value.encode()) for key, value in given.items()],
        "server": ("localhost", 4040),
        "client": ("127.0.0.1", 5),
        "scheme": "http",
        "root_path": "",
    }
    await door(scope, receive, send)
    found = {key.decode(): value.decode() for key, value in told[0]["headers"]}
    return told[0]["status"], found, b"".join(each.get("body", b"") for each in told[1:])


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("path", ["/", "/ui/now", "/ui/trace/../../x", "/ui/"])
async def test_a_browser_gets_the_page_and_may_load_only_what_has_a_name_here(
    home: Path, path: str
) -> None:
    status, headers, body = await _get(home, path, sec_fetch_site="none")
    assert (status, body[:15]) == (200, b"<!doctype html>")
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert not any(word in policy for word in ("unsafe", "*", "http", "data:", "blob:"))


@pytest.mark.usefixtures("built")
async def test_a_file_that_never_changes_is_kept(home: Path) -> None:
    status, headers, body = await _get(home, "/assets/index-B2g_x.js", sec_fetch_site="same-origin")
    assert (status, body) == (200, SCRIPT)
    assert headers["content-type"].startswith("text/javascript")
    assert "immutable" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path",
    [
        *("/assets/none.js", "/assets/notes.txt", "/assets/../secret.js", "/assets/..", "/assets/"),
        *("/assets/%2e%2e/secret.js", "/assets/..\\secret.js", "/assets/.js", "/secret.js"),
    ],
)
async def test_nothing_beside_it_is_given_away(home: Path, path: str) -> None:
    status, _, body = await _get(home, path)
    assert status == 404
    assert b"beside" not in body


@pytest.mark.usefixtures("built")
async def test_a_link_from_elsewhere_leads_to_a_page_and_to_nothing_else(home: Path) -> None:
    link = {**OF_A_LINK, "sec-fetch-dest": "document"}
    assert (await _get(home, "/ui/live", **link))[0] == 200
    assert (await _get(home, "/tasks", **link))[0] == 403
    assert (await _get(home, "/ui/live", **{**link, "sec-fetch-dest": "iframe"}))[0] == 403
    assert (await _get(home, "/ui/live", **{**link, "sec-fetch-mode": "no-cors"}))[0] == 403
    assert (await _get(home, "/assets/index-B2g_x.js", **link))[0] == 403
    elsewhere = {**link, "origin": "https://elsewhere.example"}
    assert (await _get(home, "/ui/live", **elsewhere))[0] == 403


async def test_where_nothing_was_built_it_says_how(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "BUILT", tmp_path / "dist")
    status, _, body = await _get(home, "/")
    assert status == 503
    assert b"make dashboard" in body


def test_whoever_is_not_let_in_gets_the_page_and_not_the_swarm(door: Door) -> None:
    browser = {"Sec_Fetch_Site": "same-origin"}
    assert door.get("/", **browser).status in (200, 503)  # built or not
    assert door.get("/tasks", **browser).status == 401
