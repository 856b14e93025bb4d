"""Texts of models beside the true text, and beside those of another model, word by word."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from kolena_store.inspection.samples import SampleRow
from kolena_store.inspection.scopes import SuiteScope

__all__ = ["texts_beside"]

LONG = 20_000


def texts_beside(scope: SuiteScope, row: SampleRow, models: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield how each model's text differs from a true text, and from the other models' text of the same field.

    Of two models, what the first one says is added, and what the other says is taken away.
    """
    return chain(_beside_truth(scope, row, models), _beside_each_other(row, models))


def _beside_truth(scope: SuiteScope, row: SampleRow, models: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    truths = [field.name for field in scope.of.version.field_list if field.role == "ground_truth"]
    for truth in truths:
        expected = row.fields.get(truth)
        for model, answer in zip(models, row.answers, strict=False):
            said = next((value for value in answer.values() if isinstance(value, str)), None)
            if _is_text(expected) and _is_text(said):
                yield {"name": f"{model}: {truth}", "parts": _difference(str(expected), str(said))}


def _beside_each_other(row: SampleRow, models: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for name, said in row.answers[0].items() if row.answers else ():
        for model, answer in zip(models[1:], row.answers[1:], strict=False):
            other = answer.get(name)
            if _is_text(said) and _is_text(other) and said != other:
                title = f"{name}: {models[0]} beside {model}"
                yield {"name": title, "parts": _difference(str(other), str(said))}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value.split()) > 2 and len(value) <= LONG


def _difference(expected: str, said: str) -> list[tuple[str, str]]:
    before, after = (re.findall(r"\S+", text) for text in (expected, said))
    parts = []
    for kind, first, last, start, end in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("same", " ".join(before[first:last])))
            continue
        if first < last:
            parts.append(("removed", " ".join(before[first:last])))
        if start < end:
            parts.append(("added", " ".join(after[start:end])))
    return parts
