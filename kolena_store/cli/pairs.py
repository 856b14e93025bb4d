"""Reading what stands in an option: NAME=VALUE pairs, JSON, lists of labels."""

import csv
import json
from collections.abc import Iterable
from typing import Any

import click

__all__ = ["read_json_object", "read_labels", "read_numbers_from_the_end", "read_pairs", "read_pairs_from_the_end"]


def read_pairs(context: click.Context, option: click.Parameter, values: Iterable[str]) -> dict[str, str]:
    """Return NAME=VALUE texts as a mapping, split at the first `=`: the values may hold more of them."""
    return _mapping((value, value.partition("=")) for value in values)


def read_pairs_from_the_end(context: click.Context, option: click.Parameter, values: Iterable[str]) -> dict[str, str]:
    """Return NAME=VALUE texts as a mapping, split at the last `=`: the names may hold more of them."""
    return _mapping((value, value.rpartition("=")) for value in values)


def read_numbers_from_the_end(
    context: click.Context, option: click.Parameter, values: Iterable[str]
) -> dict[str, float]:
    """Return NAME=NUMBER texts as a mapping, split at the last `=`."""
    return {name: _number(name, text) for name, text in read_pairs_from_the_end(context, option, values).items()}


def read_json_object(context: click.Context, option: click.Parameter, value: str | None) -> dict[str, Any] | None:
    """Return a JSON object, None for none."""
    if value is None:
        return None
    try:
        found = json.loads(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise click.BadParameter(f'{value!r} is no JSON object; write one such as {{"temperature": 0}}')
    return found


def read_labels(value: str) -> list[str]:
    """Return the labels between commas; one that holds a comma stands in double quotes."""
    labels = next(csv.reader([value], skipinitialspace=True), [])
    if not labels or not all(labels):
        raise click.BadParameter(f"{value!r} has an empty label; write labels as in cat,dog,bird")
    return labels


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{name}={text} is not of the form NAME=NUMBER") from None


def _mapping(pairs: Iterable[tuple[str, tuple[str, str, str]]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text, (name, sign, value) in pairs:
        if not (name and sign and value):
            raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE")
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice")
        found[name] = value
    return found
