"""Images at remote addresses, of the machines that were named when the app was started, and of no others.

Whoever writes the addresses into a dataset must not be able to make this machine ask others in its own network: only
named hosts are asked, by addresses that are public, over the port that was named, and nobody is sent on to elsewhere.
A host that is slow is given up: each step has its seconds, and so has the whole.
"""

import http.client
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from time import monotonic
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

from kolena_store.deadlines import called_after
from kolena_store.errors import InvalidInput, StoreError, UnreadableFile
from kolena_store.web.recent_failures import RecentFailures

__all__ = ["check_host", "fetched", "is_allowed", "is_public", "is_remote"]

SECONDS = 5.0
SECONDS_IN_ALL = 10.0
MOST_BYTES = 20 * 1024 * 1024
PORTS: Mapping[str, int] = MappingProxyType({"http": 80, "https": 443})
OK = 200
LONGEST = 2000
LAST_PORT = 65535


def is_remote(value: object) -> bool:
    """Return whether a value is the address of an image elsewhere."""
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))


def check_host(text: str) -> str:
    """Return a host as it is compared: `images.example.org`, or with a port.

    Raises:
        InvalidInput: it is none.
    """
    host, colon, port = text.lower().partition(":")
    is_port = not colon or (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) <= LAST_PORT)
    is_name = bool(host) and host.isascii() and all(one.isalnum() or one in "-." for one in host)
    if not (is_name and is_port):
        raise InvalidInput(f"{text!r} is no host; name one such as images.example.org, or images.example.org:8443")
    return f"{host}:{int(port)}" if colon else host


def is_allowed(address: str, hosts: Sequence[str]) -> bool:
    """Return whether an address is one of a host that was named."""
    try:
        _parts(address, hosts)
    except InvalidInput:
        return False
    return True


def fetched(address: str, hosts: Sequence[str], failures: RecentFailures) -> bytes:
    """Return what lies at an address; a host that did not answer a moment ago is not asked again.

    Raises:
        InvalidInput: its host was not named, or stands for a machine that is not public.
        UnreadableFile: there is no answer in time, another one than the content, or too much.
    """
    parts, until = _parts(address, hosts), monotonic() + SECONDS_IN_ALL
    with ExitStack() as opened:
        with failures.remembering(f"{parts.hostname}:{_port(parts)}"), _in_time(parts, until):
            connection = opened.enter_context(closing(_connected(parts, until)))
            # The seconds of a socket begin anew with each byte that arrives.
            opened.enter_context(called_after(_left(until), partial(_hang_up, connection.sock)))
            answer = opened.enter_context(closing(_asked(connection, parts)))
        if answer.status != OK:
            raise UnreadableFile(f"{parts.hostname} answers {answer.status} and no image; check the address")
        with _in_time(parts, until):
            content = answer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UnreadableFile(f"the image has more than {MOST_BYTES >> 20} MB; make it smaller")
    return content


def _asked(connection: "_Plain", parts: SplitResult) -> http.client.HTTPResponse:
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    connection.request("GET", path, headers={"accept": "image/*", "user-agent": "kolena-store"})
    return connection.getresponse()


@contextmanager
def _in_time(parts: SplitResult, until: float) -> Iterator[None]:
    """Let what a host does wrong, or too slowly, be an error of our own."""
    late = f"{parts.hostname} took longer than {SECONDS_IN_ALL:g} s; try again in a minute"
    try:
        yield
    except StoreError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        what = f"{parts.hostname} gives no image ({type(error).__name__}); try again in a minute"
        raise UnreadableFile(late if monotonic() >= until else what) from error
    if monotonic() >= until:
        raise UnreadableFile(late)


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _left(until: float) -> float:
    """Return how many seconds are left; a little when there are none, since zero would mean not to wait at all."""
    return max(0.001, until - monotonic())


def _parts(address: str, hosts: Sequence[str]) -> SplitResult:
    try:
        parts = urlsplit(address)
        port = _port(parts)
    except ValueError:
        raise InvalidInput("this is no address of an image; correct the field") from None
    is_plain = len(address) <= LONGEST and address.isascii() and address.isprintable() and " " not in address
    if not is_plain or parts.scheme not in PORTS or parts.username is not None or not parts.hostname:
        raise InvalidInput("this is no address of an image; correct the field")
    wanted = parts.hostname.lower()
    is_usual = port == PORTS[parts.scheme]
    named = wanted if is_usual else f"{wanted}:{port}"
    if f"{wanted}:{port}" not in hosts and not (is_usual and wanted in hosts):
        raise InvalidInput(
            f"images of {named[:100]} are not fetched; allow it when the app is started: --remote-images {named[:100]}"
        )
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS.get(parts.scheme, 0)


def _public_address(host: str, port: int, until: float) -> str:
    """Return the address to connect to, looked up once: a name whose address changes after the check gains nothing.

    Raises:
        InvalidInput: one of the name's addresses is not public.
        UnreadableFile: there is none.
    """
    found = _looked_up(host, port, until)
    if isinstance(found, Exception):
        reason = getattr(found, "strerror", None) or type(found).__name__
        raise UnreadableFile(f"{host} is not known here ({reason}); check the address") from found
    if not found or not all(is_public(one) for one in found):
        raise InvalidInput(
            f"{host} stands for a machine that is not public, which is never asked; copy its images here"
        )
    return found[0]


def _looked_up(host: str, port: int, until: float) -> list[str] | Exception:
    """Return a name's addresses, or why there are none; the system's look-up can't be told how long it may take."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put([str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        return answers.get(timeout=_left(until))
    except queue.Empty:
        return TimeoutError()


def is_public(address: str) -> bool:
    """Return whether an address is one of the open internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if inner is not None:
        found = inner
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


class _Plain(http.client.HTTPConnection):
    """A connection to one address, which asks for the host by its name."""

    def __init__(self, host: str, port: int, place: str, until: float) -> None:
        """Name the host, the address that it was found to have, and until when it may answer."""
        super().__init__(host, port)
        self.place, self.until = place, until

    def connect(self) -> None:
        """Connect to the address."""
        self.sock = socket.create_connection((self.place, self.port), self.seconds())
        self.sock.settimeout(self.seconds())

    def seconds(self) -> float:
        """Return how long the next step may take."""
        return min(SECONDS, _left(self.until))


class _Secure(_Plain):
    """The same behind TLS, which checks the certificate of the name."""

    def connect(self) -> None:
        """Connect to the address."""
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _connected(parts: SplitResult, until: float) -> _Plain:
    kind = _Secure if parts.scheme == "https" else _Plain
    host, port = str(parts.hostname), _port(parts)
    connection = kind(host, port, _public_address(host, port, until), until)
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection
