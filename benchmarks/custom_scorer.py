"""A custom scorer: what it adds to `store.test`, commit included, against the scorer's own time on the same batches.

Two scorers: one of numpy over plain columns, which takes little time itself, and one of Python over lists of words, as
people write them first. The peer calls the same function on batches of the same size that lie in memory.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from measuring import Claims, arguments, conditions, table, timed

import kolena_store as ks

GOAL = 1.2
ROWS_PER_BATCH = 131_072
METRIC = "-- metric: total    better: lower    interval: ratio\nSELECT sum(m.lost) / count(*) AS value FROM results"


def of_numbers(batch: pa.RecordBatch) -> dict[str, np.ndarray]:
    """Return an error for each sample, by numpy."""
    truth, answer = (batch[side].field("y").to_numpy(zero_copy_only=False) for side in ("g", "i"))
    return {"lost": np.log1p(np.abs(truth - answer))}


def of_words(batch: pa.RecordBatch) -> dict[str, list[int]]:
    """Return the edit distance of two short lists of words for each sample, in plain Python."""
    pairs = zip(batch["g"].field("words").to_pylist(), batch["i"].field("words").to_pylist(), strict=True)
    return {"lost": [distance(true, said) for true, said in pairs]}


def distance(true: list[str], said: list[str]) -> int:
    """Return how many words are wrong, missing or too many."""
    row = list(range(len(said) + 1))
    for position, word in enumerate(true, 1):
        before, row[0] = row[0], position
        for place, other in enumerate(said, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


def tables(n: int, kind: str) -> tuple[pa.Table, pa.Table]:
    """Return the samples and the answers to them."""
    random = np.random.default_rng(6)
    ids = pa.array(np.arange(n))
    if kind == "numbers":
        truth = random.normal(size=n)
        columns = [pa.array(truth), pa.array(truth + random.normal(size=n))]
    else:
        words = pa.array([f"word{k}" for k in range(60)])
        columns = []
        for _ in range(2):
            offsets = np.arange(n + 1) * 9
            columns.append(
                pa.ListArray.from_arrays(
                    pa.array(offsets, pa.int32()), words.take(pa.array(random.integers(0, 60, 9 * n)))
                )
            )
    name = "y" if kind == "numbers" else "words"
    return pa.table({"id": ids, name: columns[0]}), pa.table({"id": ids, name: columns[1]})


def own_time(scorer: Callable[[pa.RecordBatch], object], samples: pa.Table, answers: pa.Table) -> list[float]:
    """Call the scorer on batches in memory, and return what it says."""
    found: list[float] = []
    for start in range(0, samples.num_rows, ROWS_PER_BATCH):
        one, other = (
            whole.slice(start, ROWS_PER_BATCH).combine_chunks().to_batches()[0] for whole in (samples, answers)
        )
        structs = {"g": one.drop_columns("id").to_struct_array(), "i": other.drop_columns("id").to_struct_array()}
        found.extend(scorer(pa.RecordBatch.from_pydict(structs))["lost"])  # type: ignore[index]
    return found


def main() -> None:
    """Measure both, check that they agree, and print the ratio."""
    options = arguments(__doc__)
    n = 20_000 if options.quick else 400_000
    claims, rows = Claims(), []
    print(conditions())
    sys.path.insert(0, str(Path(__file__).parent))
    for kind, scorer in {"numbers": of_numbers, "words": of_words}.items():
        samples, answers = tables(n, kind)
        name = samples.column_names[1]
        with tempfile.TemporaryDirectory() as folder:
            store = ks.Store(Path(folder) / "kolena.store")
            plain = ks.Custom(reads=[f"g.{name}", f"i.{name}"])
            store.upload_dataset("d", samples, id_fields=["id"], workflow=plain)
            store.upload_results("d", "few", answers.slice(0, 1))  # whose scores tell the metric what it can read
            store.upload_results("d", "m", answers)
            store.apply_metrics("d", "-- metric: rows  better: none\nSELECT count(*) AS value FROM results")
            base, _ = timed(lambda store=store: store.test("d", "m"))
            workflow = ks.Custom(scorer=f"custom_scorer:{scorer.__name__}", reads=[f"g.{name}", f"i.{name}"])
            store.upload_dataset("d", samples, workflow=workflow)
            store.drop_metric("d", "rows")
            store.apply_metrics("d", METRIC)
            scored, results = timed(lambda store=store: store.test("d", "m"))
        own, expected = timed(lambda s=scorer, a=samples, b=answers: own_time(s, a, b))
        value = results["all", "m", "total"].value
        assert value is not None
        assert np.isclose(value, np.mean(expected), rtol=1e-9)
        assert results["all", "m", "total"].n == n
        ratio, added = scored.median / own.median, (scored.median - base.median) / own.median
        rows.append((kind, own, base, scored, f"{ratio:.2f}x", f"{added:.2f}x"))
        if kind == "words":
            claims.at_most("a scorer in Python: what it adds to a test, against its own time", added, GOAL)
    heads = ("scorer of", "alone", "a test without", "with it", "with it / alone", "added / alone")
    table(f"{n:,} samples, one model; values equal", [heads, *rows])


if __name__ == "__main__":
    main()
