"""1,000 test cases x 1 M samples x 5 models, and x 10 M samples x 1 model: `store.test` against its peers.

The definitions are stored before the data come, so that nothing is known of the data when the first test begins: it
scores every sample, finds every membership, counts, and commits. For "stored", another test has done the first two.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from measuring import Claims, arguments, conditions, spent, table, timed
from synthetic import Case, answers, cases, samples, suite_text

import kolena_store as ks

METRICS = ["accuracy", "precision", "recall", "f1"]
WORKFLOW = ks.Classification("label", "prediction", positive="yes")
PARTS = {
    "scoring": ("test_runs/scoring.py", "scored_results"),
    "memberships: evaluating": ("membership/evaluation.py", "evaluate"),
    "memberships: writing": ("membership/stored.py", "_store"),
    "memberships: reading": ("membership/stored.py", "stored_memberships"),
    "reading sample metrics": ("metrics/sample_columns.py", "load_sample_columns"),
    "counting": ("metrics/terms.py", "compute_terms"),
    "metric expressions": ("metrics/aggregation.py", "_connection_with"),
    "rows of the run": ("test_runs/rows.py", "metric_rows"),
    "reading the rows back": ("test_runs/load.py", "load_results"),
    "commit": ("database/commit.py", "_finish"),
}


@dataclass(frozen=True)
class Setting:
    """A store with definitions and data, and the same data in memory for the peers."""

    path: Path
    samples: pa.Table
    answers: list[pa.Table]
    files: list[Path]
    cases: list[Case]

    def fresh_copy(self, target: Path) -> ks.Store:
        """Return a copy of the store, in which nothing was tested yet."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.path, target)
        return ks.Store(target)


def setting(folder: Path, n_samples: int, n_models: int, n_cases: int) -> Setting:
    """Make the store: the suite is applied while the dataset holds ten samples, then the others come."""
    whole, chosen = samples(n_samples), cases(n_cases)
    store = ks.Store(folder / "prepared.store")
    store.upload_dataset("d", whole.slice(0, 10), id_fields=["id"], workflow=WORKFLOW)
    store.apply_suite("d", suite_text(chosen), name="suite")
    store.upload_dataset("d", whole)
    given = [answers(whole, model) for model in range(n_models)]
    for model, one in enumerate(given):
        store.upload_results("d", f"m{model}", one)
    return Setting(store.path, whole, given, written(folder, [whole, *given]), chosen)


def written(folder: Path, tables: list[pa.Table]) -> list[Path]:
    """Write the tables as the Parquet files that a user would have."""
    paths = [folder / f"table-{number}.parquet" for number in range(len(tables))]
    for path, one in zip(paths, tables, strict=True):
        pq.write_table(one, path, compression="zstd")
    return paths


def frame_of(given: Setting) -> pl.DataFrame:
    """Return the samples with the outcomes of every model, as both engines get them: in memory, made beforehand."""
    frame = pl.from_arrow(given.samples)
    assert isinstance(frame, pl.DataFrame)
    answers = [pl.from_arrow(one.column("prediction")).alias(answer_of(m)) for m, one in enumerate(given.answers)]
    return with_outcomes(frame.with_columns(answers), len(answers))


def frame_of_files(paths: list[Path]) -> pl.DataFrame:
    """Return the same from Parquet files: read, answers matched to samples by their id, outcomes found."""
    frame = pl.read_parquet(paths[0])
    for model, path in enumerate(paths[1:]):
        answered = pl.read_parquet(path).select("id", pl.col("prediction").alias(answer_of(model)))
        frame = frame.join(answered, on="id", how="left", maintain_order="left")
    return with_outcomes(frame, len(paths) - 1)


def answer_of(model: int) -> str:
    """Return the name of the column with the predictions of a model."""
    return f"prediction{model}"


def with_outcomes(frame: pl.DataFrame, n_models: int) -> pl.DataFrame:
    """Return the samples with what each model hit, claimed and missed, and without its predictions."""
    truth, outcomes = pl.col("label") == "yes", {}
    for model in range(n_models):
        positive = pl.col(answer_of(model)) == "yes"
        found = {"tp": positive & truth, "fp": positive & ~truth, "fn": ~positive & truth}
        outcomes |= {f"{name}{model}": flags for name, flags in found.items()}
    return frame.with_columns(**outcomes).drop([answer_of(model) for model in range(n_models)])


def by_polars(frame: pl.DataFrame, chosen: list[Case], n_models: int) -> list[pl.DataFrame]:
    """Return n, tp, fp and fn of each test case by `collect_all`."""
    sums = [pl.col(f"{name}{model}").sum() for model in range(n_models) for name in ("tp", "fp", "fn")]
    lazy = frame.lazy()
    return pl.collect_all([lazy.filter(pl.sql_expr(one.predicate)).select(pl.len(), *sums) for one in chosen])


def by_duckdb(frame: pl.DataFrame, chosen: list[Case], n_models: int) -> list[tuple[int, ...]]:
    """Return the same by one query for each test case, over a table in memory."""
    sums = ", ".join(f"count(*) FILTER ({name}{model})" for model in range(n_models) for name in ("tp", "fp", "fn"))
    with duckdb.connect() as connection:
        connection.register("given", frame.to_arrow())
        connection.execute("CREATE TABLE samples AS FROM given")
        start = [f"SELECT count(*), {sums} FROM samples WHERE {one.predicate}" for one in chosen]
        took, found = timed(lambda: [connection.execute(query).fetchall()[0] for query in start])
        print(f"DuckDB: {took} for {len(chosen)} test cases")
        return [(took.median, *row) for row in found]


def by_scikit_learn(given: Setting, n_cases: int) -> float:
    """Return the seconds that a loop over all test cases and models would take, from a few test cases of one model."""
    from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

    frame = pl.from_arrow(given.samples)
    assert isinstance(frame, pl.DataFrame)
    truth, predicted = (
        np.asarray(column.to_numpy(zero_copy_only=False) == "yes")
        for column in (given.samples.column("label"), given.answers[0].column("prediction"))
    )

    def loop() -> list[Any]:
        found = []
        for one in given.cases[:n_cases]:
            chosen = frame.select(pl.sql_expr(one.predicate)).to_series().fill_null(False).to_numpy()
            y, p = truth[chosen], predicted[chosen]
            scores = (precision_score, recall_score, f1_score)
            found.append([accuracy_score(y, p), *(score(y, p, zero_division=0) for score in scores)])
        return found

    took, _ = timed(loop)
    return took.median / n_cases * len(given.cases) * len(given.answers)


def check_equal(results: ks.TestResults, found: list[pl.DataFrame], chosen: list[Case], n_models: int) -> None:
    """Check every value of every test case and model against the counts of the peer."""
    values = {
        (row["test_case"], row["model"], row["metric"]): row["value"] for row in results.rows() if not row["class"]
    }
    for case, counts in zip(chosen, found, strict=True):
        n, *outcomes = counts.row(0)
        for model in range(n_models):
            tp, fp, fn = outcomes[3 * model : 3 * model + 3]
            expected = {
                "accuracy": (n - fp - fn, n),
                "precision": (tp, tp + fp),
                "recall": (tp, tp + fn),
                "f1": (2 * tp, 2 * tp + fp + fn),
            }
            for metric, (above, below) in expected.items():
                value = values[case.name, f"m{model}", metric]
                assert value == (above / below if below else None), (case, model, metric)


def tested(store: ks.Store) -> ks.TestResults:
    """Test every model on the suite."""
    return store.test("d", suite="suite", metrics=METRICS)


def compare(folder: Path, n_samples: int, n_models: int, n_cases: int, *, runs: int) -> dict[str, float]:
    """Measure one size, print it, and return the medians."""
    given = setting(folder, n_samples, n_models, n_cases)
    frame = frame_of(given)
    work = folder / "work.store"
    stores: list[ks.Store] = []

    def fresh() -> None:
        stores[:] = [given.fresh_copy(work)]

    def with_memberships() -> None:
        fresh()
        stores[0].test("d", suite="suite", metrics=["mcc"])

    cold, results = timed(lambda: tested(stores[0]), runs=runs, before=fresh)
    polars, counted = timed(lambda: by_polars(frame, given.cases, n_models), runs=runs)
    check_equal(results, counted, given.cases, n_models)
    from_files, again = timed(lambda: by_polars(frame_of_files(given.files), given.cases, n_models), runs=runs)
    assert all(one.equals(other) for one, other in zip(counted, again, strict=True))
    stored, results = timed(lambda: tested(stores[0]), runs=runs, before=with_memberships)
    check_equal(results, counted, given.cases, n_models)
    n_queries = max(10, n_cases // 20)
    queried = by_duckdb(frame, given.cases[:n_queries], n_models)
    assert [row[1:] for row in queried] == [one.row(0) for one in counted[:n_queries]]
    duckdb_seconds = queried[0][0] / n_queries * n_cases
    words = np.random.default_rng(0).integers(2**63, size=(n_cases, -(-n_samples // 64)), dtype=np.uint64)
    floor, _ = timed(lambda: int(words.sum()), runs=3)
    sklearn = by_scikit_learn(given, 10)
    rows = [
        ("store.test, nothing cached", cold),
        ("store.test, memberships and sample metrics stored", stored),
        ("Polars collect_all, columns and outcomes in memory", polars),
        ("Polars collect_all, from Parquet files", from_files),
        (f"DuckDB, a query per test case (from {n_queries})", f"{duckdb_seconds:.1f} s"),
        ("scikit-learn loop (from 10 test cases of one model)", f"{sklearn:.0f} s"),
        ("floor: reading the members' words once", floor),
    ]
    table(f"{n_cases:,} test cases x {n_samples:,} samples x {n_models} models, all equal", rows)
    fresh()
    table("where the time goes, nothing cached", spent(lambda: tested(stores[0]), PARTS))
    with_memberships()
    table("where the time goes, stored", spent(lambda: tested(stores[0]), PARTS))
    return {
        "cold": cold.median,
        "stored": stored.median,
        "polars": polars.median,
        "from files": from_files.median,
        "duckdb": duckdb_seconds,
        "sklearn": sklearn,
        "floor": floor.median,
    }


def main() -> None:
    """Measure both sizes."""
    quick = arguments(__doc__).quick
    print(conditions())
    claims = Claims()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = (20_000, 2, 20) if quick else (1_000_000, 5, 1000)
        found = compare(folder / "first", *size, runs=1 if quick else 3)
        print()
        claims.at_least("cold against Polars", found["polars"] / found["cold"], 1.5)
        print(f"       cold against Polars from files: {found['from files'] / found['cold']:.2f}x, no goal")
        claims.at_least("cold against DuckDB", found["duckdb"] / found["cold"], 10)
        claims.at_least("cold against scikit-learn", found["sklearn"] / found["cold"], 200)
        claims.at_least("stored against Polars", found["polars"] / found["stored"], 5)
        claims.at_most("stored against reading the words once", found["stored"] / found["floor"], 30)
        shutil.rmtree(folder / "first")
        size = (50_000, 1, 20) if quick else (10_000_000, 1, 1000)
        found = compare(folder / "second", *size, runs=1)
        print()
        claims.at_least("10 M, cold against Polars", found["polars"] / found["cold"], 1)
        claims.at_least("10 M, stored against Polars", found["polars"] / found["stored"], 6)
    print(f"\n{conditions()}")


if __name__ == "__main__":
    main()
