"""On how many samples one of two models does better, where a comparison does not say so itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from kolena_store.errors import InvalidInput
from kolena_store.inspection.counting import counted_samples
from kolena_store.inspection.members import case_members, everything, with_answers
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.workbench import Look
from kolena_store.membership.bitmaps import count

__all__ = ["with_counts"]

Row = Mapping[str, Any]


def with_counts(look: Look, scope: SuiteScope, rows: Sequence[Row], *, pair: tuple[str, str], metric: str) -> list[Row]:
    """Return rows of a comparison with `n_only_model` and `n_only_baseline` where these are samples and were not known.

    Samples in clusters are not tested by such counts, and a mean error has none; they lead to the samples all the same.

    Args:
        look: at the store.
        scope: the suite.
        rows: of one metric.
        pair: the model and the baseline.
        metric: its name.
    """
    if all(row["n_only_model"] is not None for row in rows):
        return list(rows)
    results = [scope.of.results_labelled(label) for label in pair]
    found = counted_samples(look, scope, results, metric)
    if found is None or found.metric != metric:
        return list(rows)
    whole = everything(look, scope.of)
    better, worse = (with_answers(whole, answers, found.values, better=found.better) for answers in ("better", "worse"))
    counted: list[Row] = []
    for row in rows:
        try:
            words = case_members(look, scope, str(row["test_case"]), results[0])
        except InvalidInput:
            counted.append(row)
            continue
        counted.append({**row, "n_only_model": count(words & better), "n_only_baseline": count(words & worse)})
    return counted
