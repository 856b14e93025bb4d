"""Serving the app: on this machine alone unless it is asked otherwise, and then only to those who know a token."""

import ipaddress
import secrets
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from kolena_store.errors import InvalidInput, MissingExtra
from kolena_store.web.settings import WebSettings

__all__ = ["is_loopback", "served_settings", "serve"]

LOOPBACK_NAMES = ("localhost",)
TOKEN_BYTES = 18


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine alone."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def served_settings(host: str, chosen: WebSettings, *, names: tuple[str, ...], token: str | None) -> WebSettings:
    """Return how the app is started on an address: with a token unless only this machine can reach it.

    Args:
        host: the address.
        chosen: what it may show and write.
        names: further names by which browsers may call the machine.
        token: what a browser must know; None: nothing on this machine alone, else a random one.

    Raises:
        InvalidInput: the token can't stand in a cookie.
    """
    if token and not (token.isascii() and token.isprintable()):
        raise InvalidInput(
            "the token has characters that can't stand in a cookie; use letters and digits without accents"
        )
    own = (host, f"[{host}]") if ":" in host else (host,)
    local = ("127.0.0.1", "localhost", "[::1]") if is_loopback(host) else ()
    machine = () if is_loopback(host) else (socket.gethostname().lower(), socket.getfqdn().lower())
    return replace(
        chosen,
        token=token or (None if is_loopback(host) else secrets.token_urlsafe(TOKEN_BYTES)),
        hosts=tuple(dict.fromkeys(name.lower() for name in (*own, *local, *machine, *names))),
    )


def serve(root: Path, settings: WebSettings, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve the app until it is interrupted; `ready` is told its address once it answers.

    Raises:
        MissingExtra: the packages of the extra `ui` are not installed.
        InvalidInput: the address or port can't be used.
    """
    try:
        import uvicorn

        from kolena_store.web.application import create_application
    except ImportError:
        raise MissingExtra.of("the web app", "ui") from None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        raise InvalidInput(
            f"{host}:{port} can't be used ({error}); name another port with --port, or 0 for any"
        ) from error
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/"
    application = create_application(root, settings, warm=True)
    configuration = uvicorn.Config(application, log_level="warning", access_log=False, server_header=False, ws="none")
    server = uvicorn.Server(configuration)
    ready(f"{address}?{urlencode({'token': settings.token})}" if settings.token else address)
    server.run(sockets=[listening])
