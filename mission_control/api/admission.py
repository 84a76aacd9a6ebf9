"""Who gets to the routes, with how much, and how often? Asked of every request before anything is
done for it.

Programs on this machine need no token, as whoever runs them has the log anyway. A page in a browser
on this machine is not such a program: it says whose it is (`Origin`, `Sec-Fetch-Site`), and only
pages of this server are answered, with the cookie that their person's key was changed for. Whoever
comes from elsewhere, by another name or through a proxy, needs a token.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mission_control.api.problem import Problem, defect, problem_of
from mission_control.api.rate import Rates
from mission_control.api.request_metrics import Answer, RequestMetrics
from mission_control.api.routes.pages import is_page, is_public_file
from mission_control.api.shares import Shares, Turns
from mission_control.mission import Admitted
from mission_control.sessions import Sessions
from nervous_system.browsers import LOOPBACK_NAMES, asks_for_another, comes_from_another_site
from nervous_system.error_text import error_text
from nervous_system.errors import Crowded, Fatal
from operations.http_tokens import Caller, Tokens

_log = structlog.get_logger()

MAX_BODY_BYTES: Final = 4 * 1024**2
MAX_PUBLIC_BODY_BYTES: Final = 4 * 1024
"""Of a public route, which anybody may ask: strangers take nobody's room."""
MAX_BODIES_BYTES: Final = 64 * 1024**2
"""Of all requests that are being read at once; a quarter of it for those of one caller."""
BODY_SECONDS: Final = 30.0

PUBLIC: Final = frozenset({("GET", "/health"), ("HEAD", "/health"), ("POST", "/api/session")})
"""Answered whoever asks, as long as it is no page of another site; so are the dashboard's files."""

OF_PUBLIC: Final = "/"
"""Counts as the caller of public routes. No caller is called so: a flood of strangers elsewhere
costs those routes nothing."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LISTENING: Final = frozenset({("GET", "/api/live")})
"""What takes as long as somebody listens; how many do has a bound of its own."""
LOOKING: Final = frozenset({("POST", "/api/ask")})
"""What changes nothing, although it is no GET."""
UNSENDABLE: Final = ("authorization", "idempotency-key", "ganglion-request")
"""No form of another site can send one of these."""
MAX_COOKIES: Final = 8
"""Of ours by name. A page of another port can set some that a browser sends beside the real one."""
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Whoever asks by way of a proxy is not known to be on this machine."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Admission:
    """Around the whole application. `scope["state"]["caller"]` is who was let in; None: a public
    route."""

    def __init__(
        self,
        application: ASGIApp,
        *,
        tokens: Tokens,
        sessions: Sessions,
        rates: Rates,
        here: Caller,  # a program on this machine
        cookie: str,
        metrics: RequestMetrics,
        takes: Callable[[Scope], bool],  # whether there is a route for it
        names: Collection[str] = (),
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._application = application
        self._tokens = tokens
        self._sessions = sessions
        self._rates = rates
        self._here = here
        self._cookie = cookie
        self._metrics = metrics
        self._takes = takes
        self._names = LOOPBACK_NAMES | {each.lower() for each in names}
        self._body_seconds = body_seconds
        self._reading = Shares(
            most=MAX_BODIES_BYTES,
            most_of_one=MAX_BODIES_BYTES // 4,
            words="too much is being read",
        )
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket"):
            raise Fatal(f"mission control does not speak {scope['type']}")
        with self._metrics.one(scope) as answer:
            await self._answer(scope, receive, send, answer)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
        begun = False

        async def respond(message: Message) -> None:
            nonlocal begun
            answer.see(message)
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                begun = True
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            elif message["type"] == "websocket.accept":
                begun = True
            await send(message)

        try:
            admitted = self._admitted(scope)
            caller = admitted.caller if admitted is not None else None
            scope["state"] = {"caller": caller, "admitted": admitted}
            if scope["type"] == "websocket":
                await self._application(scope, receive, respond)
                return
            limit = MAX_BODY_BYTES if caller is not None else MAX_PUBLIC_BODY_BYTES
            async with self._turn(scope, caller):
                with self._room(Headers(scope=scope), caller, max_bytes=limit):
                    body = await self._body(receive, max_bytes=limit)
                await self._application(scope, _replayed(body, receive), respond)
        except Exception as error:
            problem = error if isinstance(error, Problem) else self._failed(error, scope)
            if begun:
                raise
            await _refuse(problem, scope, receive, respond)

    def _admitted(self, scope: Scope) -> Admitted | None:
        """Who asks; None for a public route. Raises Problem if they may not."""
        headers = Headers(scope=scope)
        method = scope["method"] if scope["type"] == "http" else "GET"
        path = scope["path"]
        if not path.startswith("/"):
            raise Problem(HTTPStatus.BAD_REQUEST, "this is no proxy: name a path, not an address")
        hosts = headers.getlist("host")
        own = str((scope.get("server") or ("",))[0])
        if wrong := asks_for_another(hosts, self._names | {own}):
            helps = "ask it by its address, or name it in GANGLION_HTTP_NAMES"
            raise Problem(HTTPStatus.MISDIRECTED_REQUEST, f"{wrong} {helps}")
        if not _follows_a_link(method, path, headers) and (
            wrong := comes_from_another_site(
                host=hosts[0],
                origins=headers.getlist("origin"),
                sites=headers.getlist("sec-fetch-site"),
            )
        ):
            raise Problem(HTTPStatus.FORBIDDEN, wrong, kind="page-of-another-site")
        # Where nothing is taken, nothing can be changed: the routes say what there is.
        if method == "POST" and not _is_deliberate(headers) and self._takes(scope):
            raise Problem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "what changes something is sent as `Content-Type: application/json`, or with a"
                " header `Ganglion-Request: 1`, which no form of another page can send",
            )
        is_public = (method, path) in PUBLIC or (method == "GET" and is_public_file(path))
        admitted = None if is_public else self._identified(scope, headers)
        caller = admitted.caller if admitted is not None else None
        if not self._rates.take(caller.name if caller is not None else OF_PUBLIC):
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "you ask too often: ask again in a moment")
        looks = method in SAFE_METHODS or (method, path) in LOOKING
        if caller is not None and not caller.may("viewer" if looks else "operator"):
            raise Problem(
                HTTPStatus.FORBIDDEN, f"{caller.name} may look, and not {method} {path[:100]}"
            )
        return admitted

    def _identified(self, scope: Scope, headers: Headers) -> Admitted:
        given = headers.getlist("authorization")
        if given:
            scheme, _, token = given[0].partition(" ")
            found = self._tokens.caller(token.strip()) if scheme.lower() == "bearer" else None
            if found is None or len(given) > 1:
                raise self._unknown("no such token is known here")
            return Admitted(found, lambda: self._tokens.caller(token.strip()) == found)
        cookies = _cookies(headers, self._cookie)
        for cookie in cookies:
            if (found := self._sessions.caller(cookie)) is not None:
                return Admitted(found, partial(self._is_open, cookie))
        if cookies:
            raise self._unknown(
                "this browser's session has ended: open the address that `ganglion open` prints"
            )
        if "origin" in headers or "sec-fetch-site" in headers:
            raise self._unknown("a browser is let in by the address that `ganglion open` prints")
        if self._tokens.everybody_needs_one or not _is_on_this_machine(scope):
            raise self._unknown("whoever asks needs a token: `Authorization: Bearer …`")
        if any(each in headers for each in _FORWARDED):
            raise self._unknown("who asks by way of a proxy needs a token")
        if asks_for_another(headers.getlist("host"), LOOPBACK_NAMES):
            raise self._unknown("who asks by another name than this machine's needs a token")
        return Admitted(self._here, lambda: True)

    def _is_open(self, cookie: str) -> bool:
        return self._sessions.caller(cookie) is not None

    def _unknown(self, why: str) -> Problem:
        if not self._rates.take(""):
            return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too many ask that are not let in")
        return Problem(HTTPStatus.UNAUTHORIZED, why, headers={"WWW-Authenticate": "Bearer"})

    @asynccontextmanager
    async def _turn(self, scope: Scope, caller: Caller | None) -> AsyncIterator[None]:
        """While a request is answered. Raises Crowded. Strangers ask for little and get no body."""
        if caller is None or (scope["method"], scope["path"]) in LISTENING:
            yield
            return
        async with self._turns.turn(caller.name):
            yield

    @contextmanager
    def _room(self, headers: Headers, caller: Caller | None, *, max_bytes: int) -> Iterator[None]:
        """While a body is read. Raises Problem for one too large, Crowded if there is no room."""
        said = headers.get("content-length")  # as many digits as an HTTP server reads
        room = int(said) if said is not None else 0
        if room > max_bytes:
            raise _too_large(max_bytes)
        if "transfer-encoding" in headers:
            room = max_bytes
        with self._reading.part(caller.name if caller is not None else OF_PUBLIC, room):
            yield

    async def _body(self, receive: Receive, *, max_bytes: int) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        # Whoever is gone in the middle may have meant more than came.
                        raise Problem(HTTPStatus.BAD_REQUEST, "the body did not come whole")
                    body += message.get("body", b"")
                    if len(body) > max_bytes:
                        raise _too_large(max_bytes)
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise Problem(
                HTTPStatus.REQUEST_TIMEOUT,
                f"the body did not come within {self._body_seconds:g} s",
                headers={"Connection": "close"},
            ) from None

    def _failed(self, error: Exception, scope: Scope) -> Problem:
        """What nobody foresaw. Its words are for the log: they may hold what nobody should see."""
        if isinstance(error, Crowded):
            return problem_of(error)
        if isinstance(error, Fatal):
            _log.error("http.failed", path=scope["path"], reason=str(error))
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        _log.error("http.failed", path=scope["path"], exception=error_text(error))
        return defect()


def _follows_a_link(method: str, path: str, headers: Headers) -> bool:
    """Whether somebody goes to one of our pages, from wherever: the browser shows it, and the page
    with the link doesn't read it."""
    return (
        method == "GET"
        and is_page(path)
        and headers.getlist("sec-fetch-mode") == ["navigate"]
        and headers.getlist("sec-fetch-dest") == ["document"]
        and "origin" not in headers
    )


def _is_deliberate(headers: Headers) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or any(each in headers for each in UNSENDABLE)


def _is_on_this_machine(scope: Scope) -> bool:
    client = scope.get("client")
    if not client:
        return False
    address = ip_address(client[0].partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback


def _cookies(headers: Headers, name: str) -> list[str]:
    """The values of cookies of this name. What others on this machine set stands between them, as
    odd as they like."""
    pairs = (pair.partition("=") for each in headers.getlist("cookie") for pair in each.split(";"))
    found = (value.strip() for key, _, value in pairs if key.strip() == name)
    return [each for each in found if each][:MAX_COOKIES]


def _too_large(max_bytes: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"a body has at most {max_bytes:,} bytes here",
        headers={"Connection": "close"},
    )


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body once more, in one piece, and then whatever comes."""
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """A WebSocket's opening is refused as any other request is."""
    if scope["type"] == "websocket":
        await receive()  # its opening
    await problem.response()(scope, receive, send)
