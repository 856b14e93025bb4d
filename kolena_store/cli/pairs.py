"""Options of the form NAME=VALUE, and values that are JSON or lists."""

import csv
import json
from collections.abc import Iterable
from typing import Any

import click

__all__ = ["JsonObject", "Labels", "Pair", "mapping"]


class Pair(click.ParamType):
    """A value such as NAME=VALUE, split at the first `=`, or at the last one where names may hold it."""

    def __init__(self, name: str, *, at_last: bool = False) -> None:
        """Take the form as the help shows it, such as `MODEL=FIELD`."""
        self.name = name
        self.at_last = at_last

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the form."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return the two sides."""
        if isinstance(value, tuple):
            return value
        left, sign, right = value.rpartition("=") if self.at_last else value.partition("=")
        if not (left and sign and right):
            self.fail(f"{value!r} is not of the form {self.name}", param, ctx)
        return left, right


class JsonObject(click.ParamType):
    """A JSON object such as `{"temperature": 0}`."""

    name = "JSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """Return the object."""
        if isinstance(value, dict):
            return value
        try:
            found = json.loads(value)
        except ValueError as error:
            self.fail(f"{value!r} is no JSON ({error})", param, ctx)
        if not isinstance(found, dict):
            self.fail(f'{value!r} is no JSON object such as {{"temperature": 0}}', param, ctx)
        return found


class Labels(click.ParamType):
    """Labels with commas between them; one that holds a comma stands in double quotes."""

    name = "LABEL,LABEL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        """Return the labels."""
        if isinstance(value, list):
            return value
        labels = next(csv.reader([value], skipinitialspace=True), [])
        if not labels or not all(labels):
            self.fail(f"{value!r} has an empty label", param, ctx)
        return labels


def mapping(pairs: Iterable[tuple[str, str]], option: str) -> dict[str, str]:
    """Return pairs as a mapping.

    Raises:
        BadParameter: one name is given twice.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice", param_hint=option)
        found[name] = value
    return found
