"""What pages load: style, scripts and pictures of this package, and the bundle that draws plots."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from kolena_store.errors import StoreError
from kolena_store.plots import javascript_bundle

__all__ = ["bundle", "static_file"]

TYPES: Mapping[str, str] = MappingProxyType({"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"})
BUNDLE = "vega.js"
STYLE = "style.css"


def static_file(request: Request) -> Response:
    """Return a file of the app itself, or that it has none of this name."""
    name = str(request.path_params["name"])
    try:
        content = javascript_bundle() if name == BUNDLE else _contents().get(name)
    except StoreError as error:
        return PlainTextResponse(f"{error}\n", status_code=503)
    if content is None:
        return PlainTextResponse("there is no such file\n", status_code=404)
    tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[name.rpartition(".")[2]], headers=headers)


def bundle() -> None:
    """Have the bundle made, which takes a few seconds the first time."""
    javascript_bundle()


@cache
def _contents() -> "dict[str, bytes]":
    own = files("kolena_store.web").joinpath("static")
    shared = files("kolena_store.reports").joinpath("templates", STYLE)
    found = {one.name: one.read_bytes() for one in own.iterdir() if one.name.rpartition(".")[2] in TYPES}
    return {**found, STYLE: shared.read_bytes()}
