"""Intervals of accuracy, F1 and ROC AUC for many test cases, beside resampling rows in numpy.

    python benchmarks/intervals.py            1,000 test cases of 1,000,000 samples
    python benchmarks/intervals.py --quick    50 test cases of 50,000 samples

Ours is the whole of `store.test` with everything stored but the run itself: values, intervals, rows and commit. The
peer draws the rows of a test case again, 1,000 times, and takes the standard deviation of each metric; it is timed on a
few test cases with a few draws and extrapolated by rows times draws. Both standard errors are compared in the same run.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from measuring import Claims, arguments, conditions
from numpy.typing import NDArray

import kolena_store as ks

METRICS = ["accuracy", "f1", "roc_auc"]
DRAWS = 1_000
NORMAL_QUANTILE = 1.959964
WORST_RATIO = 1.3
"""Of two standard errors, one of them from 200 draws, which are a twentieth apart by chance."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Labels, scores and the rows of each test case."""

    truth: NDArray[np.bool_]
    score: NDArray[np.float64]
    members: dict[str, NDArray[np.bool_]]
    suite: str


def problem(n_samples: int, n_cases: int, seed: int = 1) -> tuple[Problem, pl.DataFrame]:
    """Return a binary problem with ten metadata columns, and test cases that cut one or two of them."""
    random = np.random.default_rng(seed)
    columns = {f"field_{number}": random.integers(20, size=n_samples) for number in range(10)}
    truth = random.random(n_samples) < 0.3
    score = 1 / (1 + np.exp(-(random.normal(size=n_samples) + 1.5 * truth - 0.75)))
    members, views = {}, []
    for number in range(n_cases):
        (first, second), (low, high) = random.choice(10, 2, replace=False), np.sort(random.choice(20, 2, replace=False))
        name = f"case {number}"
        a, b = columns[f"field_{first}"], columns[f"field_{second}"]
        members[name] = (a == low) | ((a == high) & (b < 10))
        condition = f"field_{first} = {low} OR (field_{first} = {high} AND field_{second} < 10)"
        views.append(f'CREATE VIEW "{name}" AS SELECT * FROM test_samples WHERE {condition};')
    frame = pl.DataFrame({"id": np.arange(n_samples), **columns, "label": np.where(truth, "yes", "no"), "score": score})
    return Problem(truth=truth, score=score, members=members, suite="\n".join(views)), frame


def ours(made: Problem, frame: pl.DataFrame) -> tuple[float, ks.TestResults]:
    """Return the seconds of a test with everything stored but the run, and its results."""
    store = ks.Store()
    workflow = ks.Classification("label", score="score", positive="yes")
    with store.transaction():
        store.upload_dataset("d", frame.drop("score"), id_fields=["id"], workflow=workflow)
        store.upload_results("d", "m", frame.select("id", "score"))
        store.apply_suite("d", made.suite, name="cases")
    store.test("d", "m", "cases", metrics=["prevalence"])  # memberships and sample metrics are stored from here on
    started = time.perf_counter()
    results = store.test("d", "m", "cases", metrics=METRICS)
    return time.perf_counter() - started, results


def resampled(made: Problem, name: str, draws: int, seed: int = 2) -> tuple[float, dict[str, float]]:
    """Return the seconds of some draws of a test case's rows, and each metric's standard deviation over them."""
    random = np.random.default_rng(seed)
    rows = np.flatnonzero(made.members[name])
    found = np.empty((draws, len(METRICS)))
    started = time.perf_counter()
    for draw in range(draws):
        chosen = rows[random.integers(rows.size, size=rows.size)]
        truth, score = made.truth[chosen], made.score[chosen]
        answer = score >= 0.5
        hits = np.count_nonzero(truth & answer)
        found[draw] = (
            np.count_nonzero(truth == answer) / rows.size,
            2 * hits / (np.count_nonzero(truth) + np.count_nonzero(answer)),
            area_under_roc(truth, score),
        )
    seconds = time.perf_counter() - started
    return seconds, dict(zip(METRICS, found.std(axis=0, ddof=1).tolist(), strict=True))


def area_under_roc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the area by the ranks of the positives; draws repeat rows, so ties share their mean rank."""
    order = np.argsort(score)
    in_order = score[order]
    first = np.searchsorted(in_order, in_order, side="left")
    last = np.searchsorted(in_order, in_order, side="right")
    ranks = (first + last + 1) / 2
    n_positive = np.count_nonzero(truth)
    total = ranks[truth[order]].sum() - n_positive * (n_positive + 1) / 2
    return float(total / (n_positive * (truth.size - n_positive)))


def compared(made: Problem, results: ks.TestResults, names: Sequence[str], draws: int) -> tuple[float, float]:
    """Return the seconds of one draw of one row, and the largest ratio between the two standard errors."""
    seconds, n_rows, worst = 0.0, 0, 1.0
    for name in names:
        taken, errors = resampled(made, name, draws)
        seconds, n_rows = seconds + taken, n_rows + draws * int(made.members[name].sum())
        for metric, error in errors.items():
            row = results[name, "m", metric]
            half = (float(row.ci_high or 0) - float(row.ci_low or 0)) / 2 / NORMAL_QUANTILE
            worst = max(worst, half / error, error / half)
    return seconds / n_rows, worst


def main() -> int:
    """Print both times, their ratio, and how far the standard errors are apart; 1 when they are too far."""
    is_quick = arguments(__doc__).quick
    sys.stdout.write(conditions() + "\n")
    made, frame = problem(*((50_000, 50) if is_quick else (1_000_000, 1_000)))
    seconds, results = ours(made, frame)
    names = list(made.members)[:4]
    draws = 200
    each, worst = compared(made, results, names, draws)
    n_rows = sum(int(flags.sum()) for flags in made.members.values())
    peer = each * n_rows * DRAWS
    lines = (
        f"{len(made.members):,} test cases of {len(made.truth):,} samples, {n_rows / len(made.members):,.0f} each",
        f"store.test, {', '.join(METRICS)} with intervals: {seconds:.2f} s",
        f"resampling rows in numpy, {DRAWS:,} draws: {peer:,.0f} s, from {len(names)} cases with {draws} draws",
        f"ratio {peer / seconds:,.0f}; standard errors at most a factor {worst:.2f} apart",
    )
    sys.stdout.write("\n".join(lines) + "\n")
    if not is_quick:
        Claims().at_least("intervals against resampling rows", peer / seconds, 500)
    return 0 if worst < WORST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
