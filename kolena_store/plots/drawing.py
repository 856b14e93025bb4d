"""Drawing plots in a process of their own: what draws them holds Python's lock, and takes a second to start."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kolena_store.database import cache_folder, keep_in_cache
from kolena_store.errors import LimitExceeded, MissingExtra, StoreError

__all__ = ["draw", "inlined", "javascript_bundle"]

MODULE = "kolena_store.plots.drawer"
SECONDS = 120.0
BUNDLE = "bundle"
FEATURE = "drawing plots"
ID = re.compile(r'(\bid="|url\(#|href="#)([A-Za-z_][\w-]*)')
DECLARATION = re.compile(r"<\?xml[^>]*\?>|<!DOCTYPE[^>]*>")


def draw(jobs: Sequence[tuple[Mapping[str, Any], str]]) -> list[bytes]:
    """Return what each pair of a specification and a format (svg, png, pdf, html) is drawn as.

    Raises:
        MissingExtra: the packages of the extra `ui` are not installed.
        LimitExceeded: drawing took too long.
    """
    if not jobs:
        return []
    if find_spec("vl_convert") is None:
        raise MissingExtra.of(FEATURE, "ui")
    answers = _asked([{"spec": dict(spec), "format": form} for spec, form in jobs])
    return [base64.b64decode(answer) for answer in answers]


def inlined(svg: str, *, prefix: str) -> str:
    """Return SVG that may stand in a page: several drawings use the same ids, so they begin with a prefix."""
    return ID.sub(lambda match: f"{match[1]}{prefix}-{match[2]}", DECLARATION.sub("", svg))


@cache
def javascript_bundle() -> bytes:
    """Return the ES module that exports `vegaEmbed`, made once for each version of what makes it and kept in a cache.

    Raises:
        MissingExtra: the packages of the extra `ui` are not installed.
    """
    place = _place_of_bundle()
    if place is not None and place.is_file():
        return place.read_bytes()
    made = draw([({}, BUNDLE)])[0]
    keep_in_cache(place, made)
    return made


def _asked(jobs: list[dict[str, Any]]) -> list[str]:
    paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", MODULE],
            input=json.dumps(jobs).encode("utf-8"),
            capture_output=True,
            check=False,
            timeout=SECONDS,
            env={**os.environ, "PYTHONPATH": paths},
        )
    except subprocess.TimeoutExpired:
        raise LimitExceeded(
            f"drawing took longer than {SECONDS:g} s and was stopped; draw fewer or smaller plots"
        ) from None
    if done.returncode != 0:
        cause = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise StoreError(f"a plot can't be drawn ({cause[-1] if cause else done.returncode}); save it as .json instead")
    found: list[str] = json.loads(done.stdout)
    return found


def _place_of_bundle() -> Path | None:
    from importlib.metadata import PackageNotFoundError, version

    folder = cache_folder()
    try:
        return None if folder is None else folder / f"vega-{version('vl-convert-python')}.js"
    except PackageNotFoundError:
        raise MissingExtra.of(FEATURE, "ui") from None
