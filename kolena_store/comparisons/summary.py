"""How a comparison reads: a table for each metric, confirmed regressions first, and what the figures rest on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from sys import float_info
from typing import Any, get_args

from kolena_store.comparisons.records import ComparedModel, Family, Verdict
from kolena_store.display import Column, Listing, counted, fraction, number
from kolena_store.test_suites import ALL

__all__ = ["summary"]

Row = Mapping[str, Any]
ORDER: tuple[Verdict, ...] = get_args(Verdict)
MOST_NAMED = 5
NO_TOLERANCE = "no tolerance is given (--tolerance, in Python tolerance=), so nothing is called equivalent"
COLUMNS = (
    "q is p corrected for the whole table; the interval, and mde, the smallest effect that n could have shown, are of "
    "one test case alone"
)


def summary(
    rows: Sequence[Row],
    compared: Sequence[ComparedModel],
    *,
    title: str,
    metrics: Sequence[str],
    settings: Mapping[str, Any],
    notes: Sequence[str],
) -> list[Listing | str]:
    """Return what to know first, a table for each model and metric, what was found, and what it rests on.

    Args:
        rows: the differences.
        compared: the models, in the order in which they are shown.
        title: stands over each table, before the metric's name.
        metrics: in the order of the tables.
        settings: alpha, correction and tolerance of the comparison.
        notes: further sentences.
    """
    first, tables, last = [], [], []
    for one in compared:
        of_model = [row for row in rows if row["comparison"] == one.comparison]
        first += list(_left_out(one))
        for metric in metrics:
            of_metric = [row for row in of_model if row["metric"] == metric]
            if of_metric:
                tables.append(_table(f"{title} · {metric}: {one.label} against {one.baseline_label}", of_metric, one))
        last.append(_found(one, of_model))
    how = _how(compared, settings)
    return [*dict.fromkeys(first), *tables, *last, *how, *_reasons(rows), *notes]


def _table(title: str, rows: Sequence[Row], one: ComparedModel) -> Listing:
    is_bounded = all(abs(row[name]) <= 1 for row in rows for name in ("value", "baseline") if row[name] is not None)
    columns = (
        Column(title="test case"),
        Column(title="verdict"),
        Column(title="n", align="right"),
        Column(title=one.label, align="right"),
        Column(title=one.baseline_label, align="right"),
        Column(title="difference"),
        Column(title="q", align="right"),
        Column(title="mde", align="right"),
    )
    lines = tuple(_line(row, is_bounded=is_bounded) for row in sorted(rows, key=_importance))
    return Listing(title=title, columns=columns, rows=lines)


def _importance(row: Row) -> tuple[Any, ...]:
    """Return what rows are sorted by: the verdict, all samples first, then the strength of the evidence."""
    q, delta = row["q"], row["delta"]
    strength = (q is None, 1.0 if q is None else q, -abs(delta or 0.0))
    return (ORDER.index(row["verdict"]), row["test_case"] != ALL, *strength)


def _line(row: Row, *, is_bounded: bool) -> tuple[str, ...]:
    name = row["test_case"] if row["class"] is None else f"{row['test_case']} · {row['class']}"
    n, other = row["n"], row["baseline_n"]
    return (
        name,
        _verdict(row),
        number(n) if n == other else f"{number(n)} / {number(other)}",
        *(_figure(row[one], is_bounded=is_bounded) for one in ("value", "baseline")),
        _difference(row, is_bounded=is_bounded),
        _chance(row["q"]),
        _figure(row["mde"], is_bounded=is_bounded),
    )


def _verdict(row: Row) -> str:
    return f"{row['verdict']}, detected" if row["verdict"] == "equivalent" and row["detected"] else row["verdict"]


def _difference(row: Row, *, is_bounded: bool) -> str:
    delta, low, high = (row[name] for name in ("delta", "ci_low", "ci_high"))
    if delta is None:
        return number(None)
    ends = (
        f" [{_figure(low, is_bounded=is_bounded)}, {_figure(high, is_bounded=is_bounded)}]" if low is not None else ""
    )
    return f"{_signed(delta, is_bounded=is_bounded)}{ends}"


def _signed(value: float, *, is_bounded: bool) -> str:
    text = _figure(value, is_bounded=is_bounded)
    return f"+{text}" if value > 0 and text[0] not in "<>" else text


def _figure(value: float | None, *, is_bounded: bool) -> str:
    return fraction(value) if is_bounded else number(value)


def _chance(value: float | None) -> str:
    """Return a p-value; it is never 0, though the smallest are too small for a double."""
    return fraction(value if value is None else max(value, float_info.min))


def _left_out(one: ComparedModel) -> Iterator[str]:
    """Yield which samples don't count, and why."""
    if one.n_common < one.n_samples:
        parts = [
            f"{number(n)} {answered}"
            for n, answered in (
                (one.n_only_model, f"answered by {one.label} alone"),
                (one.n_only_baseline, f"answered by {one.baseline_label} alone"),
                (one.n_neither, "answered by neither"),
            )
            if n
        ]
        pair = f"{one.label} against {one.baseline_label}"
        yield (
            f"{pair}: only the {number(one.n_common)} samples that both answered count, of {number(one.n_samples)}; "
            f"left out are {', '.join(parts)}"
        )


def _found(one: ComparedModel, rows: Sequence[Row]) -> str:
    counts = Counter(row["verdict"] for row in rows)
    found = ", ".join(f"{number(counts[verdict])} {verdict}" for verdict in ORDER if counts[verdict])
    return f"{one.label} against {one.baseline_label}: {found or 'nothing to compare'}"


def _how(compared: Sequence[ComparedModel], settings: Mapping[str, Any]) -> list[str]:
    correction = " and ".join(name.capitalize() for name in settings["correction"].split("-"))
    named = list(_families([family for one in compared for family in one.families if family.n_tests]))
    corrected = f"{correction} over {'; '.join(named)}; all stands alone" if named else "each test alone"
    return [
        f"verdicts at alpha {settings['alpha']:g} ({corrected}); {COLUMNS}",
        *([] if settings["tolerance"] else [NO_TOLERANCE]),
    ]


def _families(families: Sequence[Family]) -> Iterator[str]:
    """Yield how many tests are corrected together, those families together that have equally many."""
    by_size: dict[tuple[int, int], list[str]] = {}
    for family in dict.fromkeys(families):
        by_size.setdefault((family.n_tests, family.n_distinct), []).append(family.name)
    for (n_tests, n_distinct), names in by_size.items():
        each = "" if len(names) == 1 else " each"
        more = "" if n_distinct == n_tests else f", {number(n_distinct)} of them distinct,"
        yield f"{counted(n_tests, 'test')}{more} of {', '.join(names)}{each}"


def _reasons(rows: Sequence[Row]) -> Iterator[str]:
    """Yield why a difference has no value, test or verdict, and what else is to be known, with the first places."""
    for column in ("reason", "note"):
        places: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            if row[column] is not None:
                case = row["test_case"] if row["class"] is None else f"{row['test_case']} · {row['class']}"
                places.setdefault((row["metric"], row[column]), []).append(case)
        for (metric, text), cases in places.items():
            yield f"{metric} on {_some(cases)}: {text}"


def _some(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - MOST_NAMED
    return ", ".join(distinct[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
