"""ROC AUC of 100 test cases over 1 M samples: `store.test` against a loop over scikit-learn's `roc_auc_score`."""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from measuring import Claims, arguments, conditions, spent, table, timed
from sklearn.metrics import roc_auc_score
from synthetic import answers, cases, samples, suite_text

import kolena_store as ks

WORKFLOW = ks.Classification("label", score="score", positive="yes")
PARTS = {
    "reading sample metrics": ("metrics/sample_columns.py", "load_sample_columns"),
    "ranking the scores and counting them": ("metrics/kernel_terms.py", "_by_class"),
    "other counts": ("metrics/terms.py", "_plane_counts"),
    "memberships: reading": ("membership/stored.py", "stored_memberships"),
    "commit": ("database/commit.py", "_finish"),
}


def main() -> None:
    """Measure, check that the values are equal, and print."""
    quick = arguments(__doc__).quick
    n_samples, n_cases = (100_000, 20) if quick else (1_000_000, 100)
    print(conditions())
    claims = Claims()
    whole, chosen = samples(n_samples), cases(n_cases)
    given = answers(whole, 0, with_score=True).select(["id", "score"])
    with tempfile.TemporaryDirectory() as name:
        store = ks.Store(Path(name) / "d.store")
        store.upload_dataset("d", whole, id_fields=["id"], workflow=WORKFLOW)
        store.upload_results("d", "m", given)
        store.apply_suite("d", suite_text(chosen), name="suite")
        store.test("d", suite="suite", metrics=["accuracy"])
        ours, results = timed(lambda: store.test("d", suite="suite", metrics=["roc_auc"]))
        parts = spent(lambda: store.test("d", suite="suite", metrics=["roc_auc", "accuracy"]), PARTS)
    frame = pl.from_arrow(whole)
    assert isinstance(frame, pl.DataFrame)
    masks = [frame.select(pl.sql_expr(one.predicate)).to_series().fill_null(False).to_numpy() for one in chosen]
    truth, scores = (frame["label"] == "yes").to_numpy(), given.column("score").to_numpy()
    both = [len(np.unique(truth[mask])) == 2 for mask in masks]
    defined = [(one, mask) for one, mask, is_defined in zip(chosen, masks, both, strict=True) if is_defined]
    peer, expected = timed(lambda: [roc_auc_score(truth[mask], scores[mask]) for _, mask in defined])
    for (one, _), value in zip(defined, expected, strict=True):
        assert abs(results[one.name, "m", "roc_auc"].value - value) < 1e-12, one
    floor, _ = timed(lambda: [float(scores[mask].sum()) for mask in masks], runs=3)
    table(
        f"ROC AUC of {n_cases} test cases over {n_samples:,} samples, all equal to 1e-12",
        [
            ("store.test, memberships and sample metrics stored", ours),
            ("scikit-learn loop, members and columns in memory", peer),
            ("floor: reading the scores of every test case once", floor),
        ],
    )
    table("where the time goes", parts)
    print()
    claims.at_least("against scikit-learn", peer.median / ours.median, 10)


if __name__ == "__main__":
    main()
