"""Texts of models beside the true text, and beside those of another model, word by word."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, takewhile
from typing import Any

from kolena_store.inspection.samples import SampleRow
from kolena_store.inspection.scopes import SuiteScope

__all__ = ["texts_beside"]

LONG = 20_000
MOST_STEPS = 2_000_000
"""Some tenths of a second."""


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
    """Return the parts of two texts: what is the same, what was removed and what was added."""
    before, after = expected.split(), said.split()
    n_first = _n_alike(before, after)
    shortest = min(len(before), len(after)) - n_first
    n_last = min(_n_alike(before[::-1], after[::-1]), shortest)
    first, last = before[:n_first], before[len(before) - n_last :]
    inner = _inner(before[n_first : len(before) - n_last], after[n_first : len(after) - n_last])
    return [(kind, " ".join(words)) for kind, words in [("same", first), *inner, ("same", last)] if words]


def _n_alike(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many words two texts begin with alike."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    return sum(1 for _ in alike)


def _inner(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what differs word by word, or as a whole where that would take too long."""
    for kind, first, last, start, end in _BoundedMatcher(before, after).get_opcodes():
        if kind == "equal":
            yield "same", before[first:last]
        else:
            yield from (("removed", before[first:last]), ("added", after[start:end]))


class _BoundedMatcher(difflib.SequenceMatcher[str]):
    """Find what is alike until it took so many steps: looped texts have far more pairs of equal words than words."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        """Count the pairs that each word has."""
        super().__init__(a=before, b=after, autojunk=False)
        counts = Counter(after)
        self._steps = [0, *accumulate(1 + counts[word] for word in before)]
        self._left = MOST_STEPS

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        """Return the longest part that is alike; one of no length once the steps are used up."""
        steps = self._steps[-1 if ahi is None else ahi] - self._steps[alo]
        self._left -= steps
        return super().find_longest_match(alo, ahi, blo, bhi) if self._left >= 0 else difflib.Match(alo, blo, 0)
