"""Images at remote addresses, of the machines that were named when the app was started, and of no others.

Whoever writes the addresses into a dataset must not be able to make this machine ask others in its own network: only
named hosts are asked, by addresses that are public, over the port that was named, and nobody is sent on to elsewhere.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

from kolena_store.errors import InvalidInput, UnreadableFile

__all__ = ["check_host", "fetched", "is_allowed", "is_public", "is_remote"]

SECONDS = 5.0
MOST_BYTES = 20 * 1024 * 1024
PORTS: Mapping[str, int] = MappingProxyType({"http": 80, "https": 443})
OK = 200
LONGEST = 2000


def is_remote(value: object) -> bool:
    """Return whether a value is the address of an image elsewhere."""
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))


def check_host(text: str) -> str:
    """Return a host as it is compared: `images.example.org`, or with a port.

    Raises:
        InvalidInput: it is none.
    """
    host, _, port = text.lower().rpartition(":") if ":" in text else (text.lower(), "", "")
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 if ":" in text else True
    is_name = bool(host) and host.isascii() and all(one.isalnum() or one in "-." for one in host)
    if not (is_name and is_port):
        raise InvalidInput(f"{text!r} is no host; name one such as images.example.org, or images.example.org:8443")
    return text.lower()


def is_allowed(address: str, hosts: Sequence[str]) -> bool:
    """Return whether an address is one of a host that was named."""
    try:
        _parts(address, hosts)
    except InvalidInput:
        return False
    return True


def fetched(address: str, hosts: Sequence[str]) -> bytes:
    """Return what lies at an address.

    Raises:
        InvalidInput: its host was not named, or stands for a machine that is not public.
        UnreadableFile: there is no answer in time, another one than the content, or too much.
    """
    parts = _parts(address, hosts)
    place = _public_address(str(parts.hostname), _port(parts))
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    with closing(_connection(parts, place)) as connection:
        try:
            connection.request("GET", path, headers={"accept": "image/*", "user-agent": "kolena-store"})
            answer = connection.getresponse()
            if answer.status != OK:
                raise UnreadableFile(f"{parts.hostname} answers {answer.status} and no image; check the address")
            content = answer.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, UnreadableFile):
                raise
            raise UnreadableFile(f"{parts.hostname} gives no image ({type(error).__name__}); try again") from error
    if len(content) > MOST_BYTES:
        raise UnreadableFile(f"the image has more than {MOST_BYTES >> 20} MB; make it smaller")
    return content


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
    named = wanted if port == PORTS[parts.scheme] else f"{wanted}:{port}"
    if named not in hosts:
        raise InvalidInput(
            f"images of {named[:100]} are not fetched; allow it when the app is started: --remote-images {named[:100]}"
        )
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS.get(parts.scheme, 0)


def _public_address(host: str, port: int) -> str:
    """Return the address to connect to, looked up once: a name whose address changes after the check gains nothing.

    Raises:
        InvalidInput: one of the name's addresses is not public.
        UnreadableFile: there is none.
    """
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise UnreadableFile(f"{host} is not known here ({error.strerror}); check the address") from error
    if not found or not all(is_public(one) for one in found):
        raise InvalidInput(
            f"{host} stands for a machine that is not public, which is never asked; copy its images here"
        )
    return found[0]


def is_public(address: str) -> bool:
    """Return whether an address is one of the open internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if inner is not None:
        found = inner
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


class _Plain(http.client.HTTPConnection):
    """A connection to one address, which asks for the host by its name."""

    def __init__(self, host: str, port: int, place: str) -> None:
        """Name the host, and the address that it was found to have."""
        super().__init__(host, port, timeout=SECONDS)
        self.place = place

    def connect(self) -> None:
        """Connect to the address."""
        self.sock = socket.create_connection((self.place, self.port), SECONDS)


class _Secure(_Plain):
    """The same behind TLS, which checks the certificate of the name."""

    def connect(self) -> None:
        """Connect to the address."""
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _connection(parts: SplitResult, place: str) -> http.client.HTTPConnection:
    kind = _Secure if parts.scheme == "https" else _Plain
    return kind(str(parts.hostname), _port(parts), place)
