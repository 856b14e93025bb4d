"""Texts of models beside the true text, word by word."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kolena_store.inspection.samples import SampleRow
from kolena_store.inspection.scopes import SuiteScope

__all__ = ["texts_beside"]

LONG = 20_000


def texts_beside(scope: SuiteScope, row: SampleRow, models: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield how each model's text differs from a true text, word by word."""
    truths = [field.name for field in scope.of.version.field_list if field.role == "ground_truth"]
    for truth in truths:
        expected = row.fields.get(truth)
        for model, answer in zip(models, row.answers, strict=False):
            said = next((value for value in answer.values() if isinstance(value, str)), None)
            if _is_text(expected) and _is_text(said):
                yield {"name": f"{model}: {truth}", "parts": _difference(str(expected), str(said))}


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
