"""Large input: peak memory and time of each step, in a process of its own.

- `csv`, `parquet`: 5 million rows imported within 1.5 GiB.
- `inferences`: 20 million inferences across 10 models tested within 4 GiB.
- `catalogue`: 2,000 test cases in a suite and 1,000 runs in a store: commit, open and list.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from measuring import Claims, arguments, conditions, peak_memory, table, timed
from synthetic import answers, cases, samples, suite_text

import kolena_store as ks

WORKFLOW = ks.Classification("label", "prediction", positive="yes")
PART = 500_000


def write_rows(path: Path, n: int) -> None:
    """Write n samples as CSV or Parquet, a part at a time."""
    schema = samples(10).schema
    writer = pc.CSVWriter(path, schema) if path.suffix == ".csv" else pq.ParquetWriter(path, schema)
    with writer:
        for start in range(0, n, PART):
            rows = samples(min(PART, n - start), seed=start)
            writer.write_table(rows.set_column(0, "id", pa.array(np.arange(start, start + rows.num_rows))))


def import_file(folder: Path, n: int, suffix: str) -> None:
    """Import a file and print what it took."""
    store = ks.Store(folder / f"{suffix}.store")
    took, report = timed(
        lambda: store.upload_dataset("d", folder / f"rows.{suffix}", id_fields=["id"], workflow=WORKFLOW)
    )
    assert report.n_samples == n
    print(f"{took.median:.1f} {peak_memory():.2f}")


def test_inferences(folder: Path, n: int, n_models: int) -> None:
    """Upload n answers of every model, test them on 100 test cases, and print what the test took."""
    store = ks.Store(folder / "models.store")
    whole = samples(n)
    store.upload_dataset("d", whole, id_fields=["id"], workflow=WORKFLOW)
    for model in range(n_models):
        store.upload_results("d", f"m{model}", answers(whole, model))
    store.apply_suite("d", suite_text(cases(100)), name="suite")
    took, results = timed(lambda: store.test("d", suite="suite", metrics=["accuracy", "f1"]))
    assert len(results.runs) == n_models
    print(f"{took.median:.1f} {peak_memory():.2f}")


def catalogue(folder: Path, n_cases: int, n_runs: int) -> None:
    """Fill a catalogue, and print how long a commit, opening and listing take."""
    store, whole = ks.Store(folder / "many.store"), samples(1000)
    store.upload_dataset("d", whole, id_fields=["id"], workflow=WORKFLOW)
    applied, _ = timed(lambda: store.apply_suite("d", suite_text(cases(n_cases)), name="suite"))
    store.apply_suite("d", suite_text(cases(5)).replace("case ", "few "), name="few")
    with store.transaction():
        for model in range(n_runs // 10):
            store.upload_results("d", f"m{model}", answers(whole, model))
        for metric in (
            "accuracy",
            "precision",
            "recall",
            "f1",
            "mcc",
            "support",
            "f_beta",
            "specificity",
            "prevalence",
            "f1_macro",
        ):
            store.test("d", suite="few", metrics=[metric])
    assert len(store.test_runs()) == n_runs
    committed, _ = timed(lambda: store.upload_results("d", "new", answers(whole, 0)))
    opened, _ = timed(lambda: ks.Store(store.path).datasets())
    listed, _ = timed(lambda: (store.test_runs(), store.test_cases("d", "suite"), store.test_suites()))
    print(f"{applied.median:.2f} {committed.median:.2f} {opened.median:.2f} {listed.median:.2f}")


def alone(folder: Path, *step: object) -> list[float]:
    """Run one step in a process of its own and return the numbers that it printed."""
    command = [sys.executable, __file__, "--step", str(folder), *map(str, step)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path.cwd())
    return [float(word) for word in answer.stdout.split()]


def main() -> None:
    """Run every step and print."""
    quick = arguments(__doc__).quick
    n_rows, n_answers, n_models, n_cases, n_runs = (
        (50_000, 20_000, 2, 30, 10) if quick else (5_000_000, 2_000_000, 10, 2000, 1000)
    )
    print(conditions())
    claims, rows = Claims(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for suffix in ("csv", "parquet"):
            write_rows(folder / f"rows.{suffix}", n_rows)
            seconds, memory = alone(folder, "import", n_rows, suffix)
            rows.append((f"{n_rows:,} rows of {suffix}", f"{seconds:.1f} s", f"{memory:.2f} GiB"))
            claims.at_most(f"memory of the {suffix} import", memory, 1.5, "GiB")
        seconds, memory = alone(folder, "test", n_answers, n_models)
        rows.append((f"test of {n_answers * n_models:,} inferences", f"{seconds:.1f} s", f"{memory:.2f} GiB"))
        claims.at_most("memory of the test", memory, 4, "GiB")
        applied, committed, opened, listed = alone(folder, "catalogue", n_cases, n_runs)
    table("large input", rows)
    table(
        f"{n_cases:,} test cases and {n_runs:,} runs",
        [
            ("applying the suite", f"{applied:.2f} s"),
            ("small commit", f"{committed:.2f} s"),
            ("opening", f"{opened:.2f} s"),
            ("listing", f"{listed:.2f} s"),
        ],
    )


if __name__ == "__main__":
    if "--step" in sys.argv:
        _, _, place, step, *sizes = sys.argv
        if step == "import":
            import_file(Path(place), int(sizes[0]), sizes[1])
        elif step == "test":
            test_inferences(Path(place), int(sizes[0]), int(sizes[1]))
        else:
            catalogue(Path(place), int(sizes[0]), int(sizes[1]))
    else:
        main()
