"""After 1 % of the samples or of the results changed: what a test costs, against a test of a fresh store.

The changes are spread at random, so that every data file is written again: that is the worst case.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from measuring import arguments, conditions, table, timed
from synthetic import answers, cases, samples, suite_text

import kolena_store as ks

WORKFLOW = ks.Classification("label", "prediction", positive="yes")
METRICS = ["accuracy", "precision", "recall", "f1"]


def changed(whole: pa.Table, column: str, values: list[object], chosen: np.ndarray) -> pa.Table:
    """Return a table in which some rows of a column have the other of two values."""
    old = whole.column(column).to_numpy(zero_copy_only=False).copy()
    old[chosen] = np.where(old[chosen] == values[0], values[1], values[0])
    return whole.set_column(whole.column_names.index(column), column, pa.array(old, whole.schema.field(column).type))


def main() -> None:
    """Measure each kind of change, check the values against a fresh store, and print."""
    quick = arguments(__doc__).quick
    n, n_cases = (20_000, 20) if quick else (1_000_000, 300)
    print(conditions())
    whole, suite = samples(n), suite_text(cases(n_cases))
    given = answers(whole, 0)
    chosen = np.random.default_rng(3).choice(n, n // 100, replace=False)
    more = samples(n // 100, seed=9).set_column(0, "id", pa.array(np.arange(n, n + n // 100)))
    kinds = {
        "1 % of the answers": (None, changed(given, "prediction", ["yes", "no"], chosen)),
        "1 % of the labels": (changed(whole, "label", ["yes", "no"], chosen), None),
        "1 % of a metadata field": (changed(whole, "age", [1, 2], chosen), None),
        "1 % more samples with answers": (pa.concat_tables([whole, more]), pa.concat_tables([given, answers(more, 0)])),
    }

    def filled(store: ks.Store, rows: pa.Table, results: pa.Table) -> ks.Store:
        store.upload_dataset("d", rows, id_fields=["id"], workflow=WORKFLOW)
        store.upload_results("d", "m", results)
        store.apply_suite("d", "", name="other")
        return store

    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = filled(ks.Store(folder / "base.store"), whole, given)
        base.apply_suite("d", suite, name="suite")
        base.test("d", suite="suite", metrics=METRICS)
        for kind, (new_samples, new_answers) in kinds.items():
            work, fresh = folder / "work.store", folder / "fresh.store"
            shutil.copytree(base.path, work)
            store = ks.Store(work)
            if new_samples is not None:
                store.upload_dataset("d", new_samples)
            if new_answers is not None:
                store.upload_results("d", "m", new_answers)
            took, results = timed(lambda store=store: store.test("d", suite="suite", metrics=METRICS))
            tiny = ks.Store(fresh)
            tiny.upload_dataset("d", whole.slice(0, 10), id_fields=["id"], workflow=WORKFLOW)
            tiny.apply_suite("d", suite, name="suite")
            tiny.upload_dataset("d", whole if new_samples is None else new_samples)
            tiny.upload_results("d", "m", given if new_answers is None else new_answers)
            anew, expected = timed(lambda store=tiny: store.test("d", suite="suite", metrics=METRICS))
            values = [results.metrics.column(column).to_pylist() for column in ("test_case", "class", "value", "n")]
            assert values == [
                expected.metrics.column(column).to_pylist() for column in ("test_case", "class", "value", "n")
            ]
            run = results.runs[0]
            ratio = f"{anew.median / took.median:.1f}x"
            rows.append((kind, f"{run.n_scored:,}", f"{run.n_reused:,}", took, anew, ratio))
            shutil.rmtree(work)
            shutil.rmtree(fresh)
    heads = ("changed", "scored", "reused", "test", "test of a fresh store", "ratio")
    table(f"{n:,} samples, {n_cases} test cases, one model; all values equal", [heads, *rows])


if __name__ == "__main__":
    main()
