"""Templates: the one environment of web pages and reports, in which every value is escaped."""

import datetime
import json
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kolena_store import __version__
from kolena_store.display import number
from kolena_store.reports.marks import figure, signed, verdict

__all__ = ["SCRIPT_ESCAPES", "address", "rendered", "safe_json", "shown_value"]

SCRIPT_ESCAPES: Mapping[int, str] = MappingProxyType(
    str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
)
LONGEST = 300


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """Return a template filled with values."""
    return _environment().get_template(template).render(**values)


def address(path: str, **state: object) -> str:
    """Return the address of a page whose whole state is in it; None and empty values are left out."""
    pairs = []
    for name, value in state.items():
        listed = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, str(one)) for one in listed if one not in (None, "")]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def safe_json(value: object) -> Markup:
    """Return a value as JSON that may stand inside a `<script>` of data."""
    return Markup(json.dumps(value, allow_nan=False, default=str).translate(SCRIPT_ESCAPES))


def shown_value(value: object, longest: int = LONGEST) -> str:
    """Return a value of a user's data as a page shows it, shortened."""
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, list) and value and all(isinstance(one, float) for one in value):
        text = ", ".join(f"{one:.4g}" for one in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("kolena_store.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(address=address, version=__version__, verdict=verdict)
    environment.filters.update(
        count=lambda n: number(None) if n is None else f"{n:,}",
        figure=figure,
        signed=signed,
        moment=lambda moment: "" if moment is None else f"{moment:%Y-%m-%d %H:%M}",
        data=safe_json,
        shown=shown_value,
    )
    return environment
