"""Multi-label: ROC AUC and F1 of 70 classes for 50 test cases of 100,000 samples, against a scikit-learn loop."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from measuring import Claims, arguments, conditions, spent, table, timed
from numpy.typing import NDArray
from synthetic import Case, cases, samples, suite_text

import kolena_store as ks

METRICS = ["roc_auc", "f1"]
PARTS = {
    "reading sample metrics": ("metrics/sample_columns.py", "load_sample_columns"),
    "ranking the scores and counting them": ("metrics/kernel_terms.py", "_by_class"),
    "counting elements": ("metrics/element_terms.py", "element_terms"),
    "memberships: reading": ("membership/stored.py", "stored_memberships"),
    "commit": ("database/commit.py", "_finish"),
}
Flags = NDArray[np.bool_]
Scores = NDArray[np.float64]


def problem(n_samples: int, n_classes: int) -> tuple[Flags, Scores]:
    """Return which labels each sample has, and a score for each, with four digits."""
    random = np.random.default_rng(7)
    truths = random.random((n_samples, n_classes)) < random.uniform(0.01, 0.3, n_classes)
    scores = np.clip(truths * 0.3 + random.random(truths.shape) * 0.7, 0, 1).round(4)
    return truths, scores


def stored(folder: Path, whole: pa.Table, chosen: list[Case], truths: Flags, scores: Scores) -> ks.Store:
    """Return a store with the data, on which the suite has been tested but for these metrics."""
    names = np.array([f"c{number}" for number in range(truths.shape[1])])
    held = [names[row].tolist() for row in truths]
    workflow = ks.MultilabelClassification("labels", scores="scores", classes=names.tolist())
    store = ks.Store(folder / "d.store")
    with store.transaction():
        labelled = whole.append_column("labels", pa.array(held, pa.list_(pa.string())))
        store.upload_dataset("d", labelled, id_fields=["id"], workflow=workflow)
        lists = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), scores.shape[1])
        store.upload_results("d", "m", pa.table({"id": whole.column("id"), "scores": lists}))
        store.apply_suite("d", suite_text(chosen), name="suite")
    store.test("d", suite="suite", metrics=["accuracy"])
    return store


def with_members(whole: pa.Table, n_cases: int) -> tuple[list[Case], list[Flags]]:
    """Return test cases that have samples, and which."""
    frame = pl.from_arrow(whole)
    assert isinstance(frame, pl.DataFrame)
    found = [(one, frame.select(pl.sql_expr(one.predicate)).to_series().fill_null(False)) for one in cases(2 * n_cases)]
    kept = [(one, flags.to_numpy()) for one, flags in found if flags.any()][:n_cases]
    return [one for one, _ in kept], [flags for _, flags in kept]


def by_scikit_learn(members: list[Flags], truths: Flags, scores: Scores) -> list[tuple[Scores, Scores]]:
    """Return both metrics of every class for each test case."""
    from sklearn.metrics import f1_score, roc_auc_score

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for chosen in members:
            truth, score = truths[chosen], scores[chosen]
            areas = [
                roc_auc_score(truth[:, one], score[:, one]) if 0 < truth[:, one].sum() < len(truth) else np.nan
                for one in range(truth.shape[1])
            ]
            found.append((np.array(areas), f1_score(truth, score >= 0.5, average=None, zero_division=np.nan)))
    return found


def check_equal(results: ks.TestResults, chosen: list[Case], expected: list[tuple[Scores, Scores]]) -> None:
    """Check every value of every class and test case."""
    values = {(row["test_case"], row["metric"], row["class"]): row["value"] for row in results.rows()}
    for case, (areas, scores) in zip(chosen, expected, strict=True):
        for metric, numbers in (("roc_auc", areas), ("f1", scores)):
            for index, number in enumerate(numbers.tolist()):
                value = values[case.name, metric, f"c{index}"]
                assert (value is None) == bool(np.isnan(number)), (case, metric, index)
                assert value is None or abs(value - number) < 1e-12, (case, metric, index)


def main() -> None:
    """Measure and print."""
    quick = arguments(__doc__).quick
    n_samples, n_classes, n_cases = (3_000, 8, 10) if quick else (100_000, 70, 50)
    print(conditions())
    claims, whole = Claims(), samples(n_samples)
    truths, scores = problem(n_samples, n_classes)
    chosen, members = with_members(whole, n_cases)
    with tempfile.TemporaryDirectory() as name:
        store = stored(Path(name), whole, chosen, truths, scores)
        ours, results = timed(lambda: store.test("d", suite="suite", metrics=METRICS))
        loop, expected = timed(lambda: by_scikit_learn(members, truths, scores))
        check_equal(results, chosen, expected)
        parts = spent(lambda: store.test("d", suite="suite", metrics=[*METRICS, "precision"]), PARTS)
    table(
        f"ROC AUC and F1 of {n_classes} classes for {n_cases} test cases of {n_samples:,} samples, all equal to 1e-12",
        [
            ("store.test, memberships and sample metrics stored", ours),
            ("scikit-learn loop, members and columns in memory", loop),
        ],
    )
    table("where the time goes", parts)
    print()
    claims.at_least("against scikit-learn", loop.median / ours.median, 10)


if __name__ == "__main__":
    main()
