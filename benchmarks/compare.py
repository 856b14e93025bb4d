"""Differences of two models on many test cases, beside loops and resampling in numpy and scikit-learn.

    python benchmarks/compare.py            1,000,000 samples; 1,000 test cases, 100 for areas, 20 models
    python benchmarks/compare.py --quick    50,000 samples, 50 test cases, 4 models

Ours is the whole of `store.compare`: memberships, tests, intervals, corrections, rows and commit; the sample metrics of
both models are stored before. "Cold" also finds the memberships out and stores them. Beside it stands what is left
without opening, publishing and committing the store. Peers work on columns in memory; those that resample are timed on
a few test cases with a few draws, and extrapolated by rows times draws. Equality is checked in the same run: McNemar's
counts and p-values, and standard errors against those of the resampling.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import scipy.stats
from measuring import Claims, conditions, spent, table
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from synthetic import Case, answers, cases, samples, suite_text

import kolena_store as ks

Flags = NDArray[np.bool_]
PARTS = {
    "reading members": ("membership/stored.py", "stored_memberships"),
    "reading the models": ("comparisons/pairing.py", "loaded_model"),
    "values and terms": ("test_runs/measure.py", "found_evidence"),
    "tests and intervals": ("differences/tested.py", "tested_differences"),
    "rows": ("comparisons/rows.py", "difference_rows"),
    "opening the store": ("database/commit.py", "_begin"),
    "publishing": ("published/publishing.py", "publish_changes"),
    "committing": ("database/commit.py", "_finish"),
}
WORST_RATIO = 1.35
"""Of two standard errors, one of them from 60 draws, which are a tenth apart by chance."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Samples with two models' answers in memory, and the same in a store."""

    columns: Mapping[str, NDArray[np.generic]]
    truth: Flags
    score: tuple[NDArray[np.float64], NDArray[np.float64]]
    answer: tuple[Flags, Flags]
    store: ks.Store


def problem(n_samples: int, n_models: int, suites: Mapping[str, str]) -> Problem:
    """Return the problem, every model tested once on all samples, so that its sample metrics are stored.

    The suites are applied while the dataset holds ten samples, so that no membership of the others is known.
    """
    frame, store = samples(n_samples), ks.Store()
    found = [answers(frame, model, with_score=True) for model in range(n_models)]
    with store.transaction():
        workflow = ks.Classification("label", "prediction", score="score", positive="yes")
        store.upload_dataset("d", frame.slice(0, 10), id_fields=["id"], workflow=workflow)
        for name, text in suites.items():
            store.apply_suite("d", text, name=name)
        store.upload_dataset("d", frame)
        for model, one in enumerate(found):
            store.upload_results("d", f"m{model}", one)
        store.test("d", metrics=["accuracy"])
    scores = [one.column("score").to_numpy() for one in found[:2]]
    return Problem(
        columns={name: encoded(frame.column(name)) for name in frame.column_names},
        truth=np.asarray(frame.column("label").to_numpy(zero_copy_only=False) == "yes"),
        score=(scores[0], scores[1]),
        answer=(scores[0] >= 0.5, scores[1] >= 0.5),
        store=store,
    )


def encoded(column: pa.ChunkedArray) -> NDArray[np.generic]:
    """Return a column as numbers: texts as the number at their end, which tells them apart."""
    if not pa.types.is_string(column.type):
        return np.asarray(column.to_numpy())
    encoded_column = column.combine_chunks().dictionary_encode()
    endings = [
        int(re.search(r"\d+$", text)[0]) if text[-1].isdigit() else -1 for text in encoded_column.dictionary.to_pylist()
    ]  # type: ignore[index]
    return np.array(endings)[encoded_column.indices.to_numpy()]


def mask_of(case: Case, columns: Mapping[str, NDArray[np.generic]]) -> Flags:
    """Return the members of a test case, as a loop over predicates in numpy finds them."""
    found = np.ones(len(columns["id"]), dtype=bool)
    for part in case.predicate.split(" AND "):
        match = re.fullmatch(r"(\w+)(?: (=|>=|<) (?:'\w+ (\d+)'|([\d.]+)))?", part)
        assert match is not None, part
        name, operator, number, value = match.groups()
        if operator is None:
            found &= columns[name].astype(bool)
        else:
            limit = float(number or value)
            found &= {"=": np.equal, ">=": np.greater_equal, "<": np.less}[operator](columns[name], limit)
    return found


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def mcnemar(made: Problem, chosen: Sequence[Case], claims: Claims) -> None:
    """Compare accuracy with McNemar's test, members unknown and members stored, with a loop in numpy."""
    right = [answer == made.truth for answer in made.answer]
    found: dict[str, tuple[int, int, float]] = {}

    def loop() -> None:
        for case in chosen:
            mask = mask_of(case, made.columns)
            first, second = (
                int((mask & one & ~other).sum()) for one, other in ((right[1], right[0]), (right[0], right[1]))
            )
            both = first + second
            below = scipy.stats.binom.cdf(min(first, second), both, 0.5)
            at = scipy.stats.binom.pmf(min(first, second), both, 0.5)
            found[case.name] = (first, second, 1.0 if first == second else float(2 * below - at))

    cold = seconds_of(lambda: made.store.compare("d", "m1", "m0", "cases", metrics=["accuracy"], alpha=0.051))
    stored, kernel, parts = [], [], []
    for run in range(3):
        stored.append(seconds_of(lambda run=run: compare_anew(made.store, run)))
    parts = spent(lambda: compare_anew(made.store, 9), PARTS)
    peer = seconds_of(loop)
    rows = made.store.compare("d", "m1", "m0", "cases", metrics=["accuracy"], alpha=0.051).rows()
    differing = [
        row["test_case"]
        for row in rows
        if row["test_case"] in found
        and row["p"] is not None
        and (
            (row["n_only_model"], row["n_only_baseline"]) != found[row["test_case"]][:2]
            or abs(row["p"] - found[row["test_case"]][2]) > 1e-6
        )
    ]
    assert not differing, differing[:5]
    kernel = sum(
        float(text.removesuffix(" s"))
        for part, text in parts
        if part in ("reading members", "reading the models", "values and terms", "tests and intervals", "rows")
    )
    ours = sorted(stored)[1]
    table(
        f"accuracy with McNemar, {len(chosen)} test cases",
        [
            ("numpy loop", f"{peer:.2f} s", ""),
            ("store.compare, cold", f"{cold:.2f} s", f"{peer / cold:.1f}x"),
            ("store.compare, members stored", f"{ours:.2f} s", f"{peer / ours:.1f}x"),
            ("without opening, publishing and committing", f"{kernel:.2f} s", f"{peer / kernel:.1f}x"),
        ],
    )
    table("where the time goes, members stored", parts)
    claims.at_least("accuracy with McNemar, cold", peer / cold, 10)
    claims.at_least("accuracy with McNemar, members stored", peer / ours, 50)


def compare_anew(store: ks.Store, run: int, metric: str = "accuracy", suite: str = "cases") -> ks.Comparison:
    """Compare under a level that was not asked for before, so that nothing but members and sample metrics is stored."""
    return store.compare("d", "m1", "m0", suite, metrics=[metric], alpha=0.04 + run / 1_000)


def resampling(
    made: Problem,
    chosen: Sequence[Case],
    value: Callable[[Flags, NDArray[np.float64], Flags], float],
    draws: int,
) -> tuple[float, dict[str, float]]:
    """Return the seconds of one draw of one row of the difference, and its standard deviation by test case."""
    random, seconds, n_rows, errors = np.random.default_rng(2), 0.0, 0, {}
    for case in chosen:
        rows = np.flatnonzero(mask_of(case, made.columns))
        found = np.empty(draws)
        start = time.perf_counter()
        for draw in range(draws):
            drawn = rows[random.integers(rows.size, size=rows.size)]
            first, second = (
                value(made.truth[drawn], made.score[side][drawn], made.answer[side][drawn]) for side in (1, 0)
            )
            found[draw] = first - second
        seconds += time.perf_counter() - start
        n_rows += draws * rows.size
        errors[case.name] = float(found.std(ddof=1))
    return seconds / n_rows, errors


def f1_of(truth: Flags, score: NDArray[np.float64], answer: Flags) -> float:
    """Return F1 of the positive class."""
    del score
    return float(2 * np.count_nonzero(truth & answer) / (np.count_nonzero(truth) + np.count_nonzero(answer)))


def area_of(truth: Flags, score: NDArray[np.float64], answer: Flags) -> float:
    """Return the area under the ROC curve."""
    del answer
    return float(roc_auc_score(truth, score))


@dataclass(frozen=True, kw_only=True)
class Resampled:
    """A metric whose differences a peer finds by drawing rows again: how often, and how much faster we are to be."""

    metric: str
    suite: str
    value: Callable[[Flags, NDArray[np.float64], Flags], float]
    draws: int
    goal: float


def smooth(made: Problem, chosen: Sequence[Case], one: Resampled, claims: Claims) -> None:
    """Compare the differences of a metric with drawing the rows of each test case again."""
    compare_anew(made.store, 30, "prevalence", one.suite)  # members are stored from here on
    ours = min(seconds_of(lambda run=run: compare_anew(made.store, run, one.metric, one.suite)) for run in (31, 32))
    rows = {row["test_case"]: row for row in compare_anew(made.store, 32, one.metric, one.suite)}
    large = [case for case in chosen if rows[case.name]["n_samples"] > 1_000][:3]
    per_row, errors = resampling(made, large, one.value, 60)
    n_rows = sum(rows[case.name]["n_samples"] for case in chosen)
    peer = per_row * n_rows * one.draws
    worst = 1.0
    for case in large:
        row, error = rows[case.name], errors[case.name]
        half = (row["ci_high"] - row["ci_low"]) / 2 / scipy.stats.norm.ppf(1 - (0.04 + 32 / 1_000) / 2)
        worst = max(worst, half / error, error / half)
    assert worst < WORST_RATIO, f"{one.metric}: standard errors differ by a factor of {worst:.2f}"
    table(
        f"{one.metric}, {len(chosen)} test cases of {n_rows / len(chosen):,.0f} samples",
        [
            (f"drawing rows again, {one.draws:,} times, from 3 test cases and 60 draws", f"{peer:,.0f} s", ""),
            ("store.compare, members stored", f"{ours:.2f} s", f"{peer / ours:,.0f}x"),
            ("standard errors", f"within {worst:.2f}x", ""),
        ],
    )
    claims.at_least(f"{one.metric} differences", peer / ours, one.goal)


def large_cases(n_cases: int) -> list[Case]:
    """Return test cases that each hold about a tenth of the samples."""
    random = np.random.default_rng(7)
    found = []
    for number in range(n_cases):
        low = random.integers(0, 90)
        found.append(Case(name=f"large case {number}", predicate=f"age >= {low} AND age < {low + 10}"))
    return found


def many_models(made: Problem, n_models: int, claims: Claims) -> None:
    """Compare several models with one baseline, and one of them alone."""
    store, names = made.store, [f"m{model}" for model in range(1, n_models + 1)]
    compare_anew(store, 50)
    alone = min(
        seconds_of(
            lambda run=run: store.compare("d", "m1", "m0", "cases", metrics=["accuracy"], alpha=0.01 + run / 1_000)
        )
        for run in (1, 2, 3)
    )
    together = seconds_of(lambda: store.compare("d", names, "m0", "cases", metrics=["accuracy"], alpha=0.009))
    table(
        f"{n_models} models beside one baseline",
        [
            ("one model", f"{alone:.2f} s", ""),
            (f"{n_models} models", f"{together:.2f} s", f"{together / alone:.1f}x one"),
        ],
    )
    claims.at_most(f"{n_models} models, times one comparison", together / alone, n_models + 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print times, ratios and goals; 1 when one is missed at full size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small size, a few seconds")
    options = parser.parse_args(arguments)
    n_samples, n_cases, n_models = (50_000, 50, 4) if options.quick else (1_000_000, 1_000, 20)
    print(conditions())
    claims = Claims()
    chosen, large = cases(n_cases), large_cases(max(n_cases // 10, 5))
    made = problem(n_samples, n_models + 1, {"cases": suite_text(chosen), "large": suite_text(large)})
    mcnemar(made, chosen, claims)
    smooth(made, chosen, Resampled(metric="f1", suite="cases", value=f1_of, draws=2_000, goal=500), claims)
    smooth(made, large, Resampled(metric="roc_auc", suite="large", value=area_of, draws=1_000, goal=50), claims)
    many_models(made, n_models, claims)
    return 1 if claims.missed and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
