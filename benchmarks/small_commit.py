"""A small commit, opening and listing, in a store with many test cases and many runs."""

import tempfile
from pathlib import Path

from measuring import Claims, arguments, conditions, spent, table, timed
from synthetic import answers, cases, samples, suite_text

import kolena_store as ks

WORKFLOW = ks.Classification("label", "prediction", positive="yes")
PARTS = {
    "copying and opening the catalogue": ("database/commit.py", "_begin"),
    "bringing the views up to date": ("published/__init__.py", "publish"),
    "commit": ("database/commit.py", "_finish"),
    "replacing the catalogue": ("database/commit.py", "_replace"),
}


def main() -> None:
    """Measure and print."""
    quick = arguments(__doc__).quick
    n_cases, n_runs, n_samples = (50, 10, 1000) if quick else (1000, 100, 10_000)
    print(conditions())
    claims = Claims()
    whole = samples(n_samples)
    with tempfile.TemporaryDirectory() as name:
        store = ks.Store(Path(name) / "d.store")
        store.upload_dataset("d", whole, id_fields=["id"], workflow=WORKFLOW)
        applied, _ = timed(lambda: store.apply_suite("d", suite_text(cases(n_cases)), name="suite"))
        for model in range(n_runs):
            store.upload_results("d", f"m{model}", answers(whole, model))
        tested, _ = timed(lambda: store.test("d", suite="suite", metrics=["accuracy"]))
        assert len(store.test_runs()) == n_runs
        versions = iter(range(100))
        one = answers(whole.slice(0, 1), 0)

        def commit() -> None:
            store.upload_results("d", f"new {next(versions)}", one)

        committed, _ = timed(commit, runs=3)
        opened, _ = timed(lambda: ks.Store(store.path).datasets(), runs=3)
        listed, _ = timed(lambda: (store.test_runs(), store.test_cases("d", "suite"), store.test_suites()), runs=3)
        parts = spent(commit, PARTS)
        size = (store.path / "store.duckdb").stat().st_size / 2**20
    table(
        f"{n_cases:,} test cases, {n_runs} runs",
        [
            ("upload of one row of results", committed),
            ("opening the store, and its datasets", opened),
            ("listing runs, test cases and suites", listed),
            ("applying the suite", applied),
            ("testing all models", tested),
            ("the catalogue", f"{size:.1f} MiB"),
        ],
    )
    table("where the time of the commit goes", parts)
    print()
    claims.at_most("small commit", committed.median, 0.3, "s")


if __name__ == "__main__":
    main()
