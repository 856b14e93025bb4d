"""Who may ask, and what a page may do: hosts and origins are checked, and every answer carries a strict policy."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import SimpleCookie
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kolena_store.web.settings import WebSettings

__all__ = ["HEADERS", "POLICY", "Guard", "host_name"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-frame-options": "DENY",
    }
)
COOKIE = "kolena_store_token"
SAFE_METHODS = frozenset(("GET", "HEAD"))


class Guard:
    """What stands before the app: it answers requests that nobody who was let in sends."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        """Guard an app."""
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope, self._settings)
        await (refusal or self._app)(scope, receive, _with_headers(send))


def host_name(host: str) -> str:
    """Return a Host header without its port, in small letters."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


def _refusal(scope: Scope, settings: WebSettings) -> Response | None:
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if host_name(host) not in settings.hosts:
        return _refused(f"this app does not answer to the name {host[:80]!r}", 421)
    method, origin = scope["method"], headers.get("origin")
    if origin is not None and _machine(origin) != host.lower():
        return _refused("this request comes from another site")
    if method not in SAFE_METHODS and (method != "POST" or origin is None):
        return _refused("this request does not come from a page of this app")
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        return _refused("this request comes from another site")
    return None if settings.token is None else _without_token(scope, headers, settings.token)


def _machine(origin: str) -> str | None:
    """Return host and port of an Origin header; None: it can't be read."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _without_token(scope: Scope, headers: Headers, token: str) -> Response | None:
    """Return what a request without the token gets; one with it in its address goes on with a cookie."""
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    given = [value for name, value in pairs if name == "token"]
    if given and hmac.compare_digest(given[-1].encode(), token.encode()):
        rest = urlencode([(name, value) for name, value in pairs if name != "token"])
        # An address that begins with two slashes would lead to another machine.
        here = "/" + scope["path"].lstrip("/")
        response = RedirectResponse(here + (f"?{rest}" if rest else ""), status_code=303)
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/")
        return response
    cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    if cookie is not None and hmac.compare_digest(cookie.value.encode(), token.encode()):
        return None
    return _refused("open the address with the token that was printed when the app was started", 401)


def _refused(reason: str, status: int = 403) -> Response:
    return PlainTextResponse(f"{reason}\n", status_code=status)


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded
