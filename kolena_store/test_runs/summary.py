"""How test results read: headline metrics with test cases down and models across, and what the whole hides."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from kolena_store.display import Column, Listing, fraction, interval_cell, number
from kolena_store.test_suites import ALL

__all__ = ["summary"]

Row = Mapping[str, Any]
Cells = Mapping[tuple[str, str], Row]
UNTESTED = "not tested for evidence"
MOST_NAMED = 5
FEWEST = 30
"""Samples of a test case that the closing sentence may name: fewer say little."""


def summary(
    rows: Sequence[Row],
    *,
    title: str,
    models: Sequence[str],
    headlines: Sequence[str],
    conditions: Iterable[str],
    notes: Sequence[str],
) -> list[Listing | str]:
    """Return what to know first, a listing for each headline metric (worst test case of the last model first), notes.

    Args:
        rows: metric rows, their models as in `models`; those of a class are shown only for a metric without others.
        title: stands over each listing, before the metric's name.
        models: the columns.
        headlines: the metrics to show.
        conditions: how the runs were made, where that is not the usual way.
        notes: further sentences.
    """
    by_metric = {name: _cells(rows, name) for name in headlines}
    shown = {name: cells for name, cells in by_metric.items() if cells}
    if not shown:
        shown = {name: _cells(rows, name) for name in dict.fromkeys(str(row["metric"]) for row in rows)}
    order = _worst_first(next(iter(shown.values()), {}), models)
    orders = {name: _fitting(order, cells, models) for name, cells in shown.items()}
    listings = [_listing(f"{title} · {name}", cells, orders[name], models) for name, cells in shown.items()]
    closing = [text for name, cells in shown.items() for text in _hidden(name, cells, orders[name], models)][:1]
    shown_rows = [row for cells in shown.values() for row in cells.values()]
    first = [*conditions, *_gaps(shown_rows, models)]
    return [*first, *listings, *closing, *_undefined(shown), *_thin(shown), *notes]


def _cells(rows: Sequence[Row], metric: str) -> Cells:
    of_metric = [row for row in rows if row["metric"] == metric]
    of_whole = {(row["test_case"], row["model"]): row for row in of_metric if row["class"] is None}
    return of_whole or {(f"{row['test_case']} · {row['class']}", row["model"]): row for row in of_metric}


def _fitting(order: Sequence[str], cells: Cells, models: Sequence[str]) -> Sequence[str]:
    """Return the common order of the lines, or one of their own for lines that are others."""
    return order if set(order) == {line for line, _ in cells} else _worst_first(cells, models)


def _worst_first(cells: Cells, models: Sequence[str]) -> list[str]:
    """Return the test cases, the whole first, then by the value of the last model; undefined ones come last.

    A metric without a direction leaves them in the suite's order.
    """
    cases = list(dict.fromkeys(test_case for test_case, _ in cells))
    last = models[-1] if models else ""

    def badness(test_case: str) -> tuple[bool, bool, float]:
        row = cells.get((test_case, last), {})
        value = row.get("value")
        sign = {"higher": 1.0, "lower": -1.0}.get(row.get("better", ""), 0.0)
        return (row.get("test_case", test_case) != ALL, value is None, sign * (value or 0.0))

    return sorted(cases, key=badness)


def _listing(title: str, cells: Cells, order: Sequence[str], models: Sequence[str]) -> Listing:
    """Return one metric; n has a column of its own when it is the same for all models."""
    is_bounded = all(row["value"] is None or abs(row["value"]) <= 1 for row in cells.values())
    shared = {case: _shared_n(cells, case, models) for case in order}
    has_one_n = all(n is not None for n in shared.values())
    widths = {model: _n_width(cells, model) for model in models}
    n_column = (Column(title="n", align="right"),) if has_one_n else ()
    columns = (Column(title="test case"), *n_column, *(Column(title=model) for model in models))
    lines = []
    for case in order:
        n_cell = (number(shared[case]),) if has_one_n else ()
        shown = (
            _cell(cells.get((case, model)), is_bounded=is_bounded, n_width=None if has_one_n else widths[model])
            for model in models
        )
        lines.append((case, *n_cell, *shown))
    return Listing(title=title, columns=columns, rows=tuple(lines))


def _cell(row: Row | None, *, is_bounded: bool, n_width: int | None) -> str:
    if row is None:
        return number(None)
    n = None if n_width is None else row["n"]
    return interval_cell(row["value"], row["ci_low"], row["ci_high"], n, bounded=is_bounded, n_width=n_width or 0)


def _shared_n(cells: Cells, case: str, models: Sequence[str]) -> int | None:
    """Return the denominator that all models share on a test case, or None when they differ."""
    found = {cells[case, model]["n"] for model in models if (case, model) in cells}
    return int(found.pop()) if len(found) == 1 else None


def _n_width(cells: Cells, model: str) -> int:
    return max((len(number(row["n"])) for (_, name), row in cells.items() if name == model), default=0)


def _hidden(metric: str, cells: Cells, order: Sequence[str], models: Sequence[str]) -> Iterator[str]:
    """Yield a sentence on the largest reversal: a model that is better on all and worse on a test case."""
    worst, found = 0.0, None
    for other, better in permutations(models, 2):
        gain = _gain(cells, ALL, other, better)
        for case in order if gain is not None and gain > 0 else ():
            change = _gain(cells, case, other, better)
            if change is not None and change < worst and cells[case, better]["n"] >= FEWEST:
                worst, found = change, (case, better, other)
    if found is not None:
        case, better, other = found
        yield _sentence(metric, cells, case, better=better, other=other)


def _gain(cells: Cells, case: str, baseline: str, model: str) -> float | None:
    """Return by how much a model is better than another, in the metric's own direction."""
    before, after = cells.get((case, baseline)), cells.get((case, model))
    if before is None or after is None or before["value"] is None or after["value"] is None:
        return None
    if after["better"] == "none":
        return None
    change = float(after["value"] - before["value"])
    return -change if after["better"] == "lower" else change


def _sentence(metric: str, cells: Cells, case: str, *, better: str, other: str) -> str:
    def pair(test_case: str) -> str:
        values = [cells[test_case, model]["value"] for model in (better, other)]
        return ", ".join(fraction(value) if abs(value) <= 1 else number(value) for value in values)

    up, down = ("lower", "higher") if cells[ALL, better]["better"] == "lower" else ("higher", "lower")
    counts = dict.fromkeys(cells[case, model]["n"] for model in (better, other))
    n = " and ".join(number(count) for count in counts)
    apart = ", each on the samples that it answered" if len(counts) > 1 else ""
    on_all, on_case = f"on all ({pair(ALL)})", f"on {case} ({pair(case)}; n {n}{apart})"
    return f"{metric}: {better} is {up} than {other} {on_all} and {down} {on_case}; {UNTESTED}"


def _gaps(rows: Sequence[Row], models: Sequence[str]) -> Iterator[str]:
    """Yield a note for each model that did not answer every sample, or whose answers can't all be measured."""
    whole = [row for row in rows if row["test_case"] == ALL]
    for model in models:
        of_model = [row for row in whole if row["model"] == model]
        if of_model and of_model[0]["n_missing"]:
            n_samples = of_model[0]["n_samples"]
            yield f"{model} answered {number(n_samples - of_model[0]['n_missing'])} of {number(n_samples)} samples"
        by_n: dict[int, list[str]] = {}
        for row in of_model:
            by_n.setdefault(row["n_null"], []).append(row["metric"])
        for n_null, metrics in by_n.items():
            if n_null:
                named = ", ".join(dict.fromkeys(metrics))
                yield f"{model}: {number(n_null)} answered samples are left out of {named} for a missing value"


def _undefined(shown: Mapping[str, Cells]) -> Iterator[str]:
    """Yield why a value is missing, with the first places where it is."""
    places: dict[tuple[str, str], list[str]] = {}
    for metric, cells in shown.items():
        for (case, _), row in cells.items():
            if row["value"] is None:
                places.setdefault((metric, str(row["reason"])), []).append(case)
    for (metric, reason), cases in places.items():
        yield f"{metric} has no value on {_some(cases)}: {reason}"


def _thin(shown: Mapping[str, Cells]) -> Iterator[str]:
    """Yield which values of test cases that are no small ones rest on few samples all the same."""
    for metric, cells in shown.items():
        thin = [
            f"{case} ({model}, n {number(row['n'])})"
            for (case, model), row in cells.items()
            if 0 < row["n"] < FEWEST <= row["n_samples"]
        ]
        if thin:
            yield f"{metric} is counted on fewer than {FEWEST} samples: {_some(thin)}"


def _some(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - MOST_NAMED
    return ", ".join(distinct[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
