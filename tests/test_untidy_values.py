"""Values that real tables hold and that nobody planned for: broken text, labels of mixed types, far dates, full disks."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_stores import results_of, store_with, table_of, temporary_store

import kolena_store as ks
from kolena_store import files
from kolena_store.errors import InvalidInput, ReadOnlyStore, RefusedStatement

BROKEN = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"caf\xe9"]).buffers())


@pytest.mark.parametrize("as_file", [True, False])
def test_text_that_is_not_utf8_is_refused_before_anything_is_kept(tmp_path: Path, as_file: bool) -> None:
    store = ks.Store(tmp_path / "my.store")
    table = pa.table({"id": [1, 2], "y": ["a", "b"], "note": BROKEN})
    source: Any = table
    if as_file:
        source = tmp_path / "broken.parquet"
        pq.write_table(table, source)
    with pytest.raises(InvalidInput, match=r"rows 1 to 2 hold a broken value .*UTF8.*write text as UTF-8"):
        store.upload_dataset("d", source, workflow=ks.Classification("y"))
    assert list(store.path.rglob("*.parquet")) == []
    store.upload_dataset("d", table.drop_columns("note"), workflow=ks.Classification("y"))
    with pytest.raises(InvalidInput, match="broken value"):
        store.upload_results("d", "m", pa.table({"id": [1, 2], "prediction": BROKEN}))
    assert len(store.models()) == 0


MIXED = {
    "booleans and floats": (pa.array([True, False]), pa.array([1.0, 0.0])),
    "floats and booleans": (pa.array([1.0, 0.0]), pa.array([True, False])),
    "booleans and integers": (pa.array([True, False]), pa.array([1, 0])),
    "32 and 64 bits": (pa.array([0.1, 0.2], pa.float32()), pa.array([0.1, 0.2])),
    "64 and 32 bits": (pa.array([0.1, 0.2]), pa.array([0.1, 0.2], pa.float32())),
    "integers and 32 bits": (pa.array([1, 2]), pa.array([1.0, 2.0], pa.float32())),
    "NUL": (pa.array(["a\0b", "a"]), pa.array(["a\0b", "a"])),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("truth", "answer"), MIXED.values(), ids=MIXED)
def test_equal_labels_match_whatever_their_types(truth: pa.Array, answer: pa.Array) -> None:
    results = results_of({"y": truth}, ks.Classification("y", "p"), {"p": answer})
    assert results["all", "m", "accuracy"].value == 1
    other = results_of({"y": truth}, ks.Classification("y", "p"), {"p": answer.take(pa.array([1, 0]))})
    assert other["all", "m", "accuracy"].value == 0


def test_a_correlation_whose_squares_overflow_is_undefined() -> None:
    truth, answer = np.random.default_rng(1).normal(size=(2, 6)) * 1e200
    row = results_of({"t": truth.tolist()}, ks.Regression("t", "p"), {"p": answer.tolist()})["all", "m", "pearson"]
    assert row.value is None
    assert "squares beyond the range of numbers" in str(row.reason)


@pytest.mark.parametrize("predicate", ["k::INT = 1", "id // 0 = 1"])
def test_a_tuning_predicate_that_fails_on_a_value_is_named(predicate: str) -> None:
    samples = {"y": ["a", "b"] * 5, "k": ["x"] * 10}
    store = store_with(samples, ks.Classification("y", score="s", positive="a"), {"m": {"s": [0.5] * 10}})
    configuration = ks.Configuration(threshold="f1_optimal", tune_on=predicate)
    try:
        store.test("d", configuration=configuration)
    except RefusedStatement as error:
        assert "fails on a value" in str(error)
    except InvalidInput as error:  # the older DuckDB gives NULL for a division by zero: then nothing is selected
        assert predicate.startswith("id")
        assert "tune" in str(error)
    else:
        pytest.fail("the predicate selects nothing or fails")


def test_scores_that_are_all_null_leave_the_metrics_undefined() -> None:
    workflow = ks.Classification("y", scores="s", classes=["a", "b"])
    results = results_of({"y": ["a", "b"]}, workflow, {"s": [None, None]})
    assert (results["all", "m", "accuracy"].value, results["all", "m", "accuracy"].n_null) == (None, 2)


def test_columns_of_one_name_get_numbers() -> None:
    store = store_with({"y": ["a"]}, ks.Classification("y"), {"m": {"prediction": ["a"]}})
    found = store.sql(
        "SELECT i._sample, s._sample, 1 AS _sample_1 FROM d.inferences i JOIN d.test_samples s USING (_sample)"
    )
    assert list(found.rows()[0]) == ["_sample", "_sample_1", "_sample_1_1"]
    assert found.pl().columns == list(found.rows()[0])
    assert "_sample_1_1" in str(found)


def test_dates_beyond_python_are_printed_and_not_cut_into_strata() -> None:
    store = temporary_store()
    samples = pa.table({"id": [1, 2], "y": ["a", "b"], "day": pa.array([2**30, 5], pa.date32())})
    store.upload_dataset("d", samples, workflow=ks.Classification("y"))
    assert "day" in str(store.sql("SELECT day FROM d.test_samples"))
    with pytest.raises(InvalidInput, match="'day' holds dates beyond the years 1 to 9999"):
        store.stratify("d", "s", by=["day"])


@pytest.mark.parametrize("at", [1, 3])
def test_a_full_disk_keeps_the_store_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    store = ks.Store(tmp_path / "my.store")
    store.upload_dataset("d", table_of({"y": ["a", "b"]}), workflow=ks.Classification("y"))
    before = {path.name: path.read_bytes() for path in store.path.rglob("*") if path.is_file() and path.name != "lock"}
    written, plain = [0], files._HashingStream.write

    def full(self: Any, content: bytes) -> int:
        written[0] += 1
        if written[0] >= at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return plain(self, content)

    monkeypatch.setattr(files._HashingStream, "write", full)
    with pytest.raises(ReadOnlyStore, match="No space left on device.*make room"):
        store.upload_dataset("e", table_of({"y": ["c", "d"]}), workflow=ks.Classification("y"))
    monkeypatch.undo()
    after = {path.name: path.read_bytes() for path in store.path.rglob("*") if path.is_file() and path.name != "lock"}
    assert after == before
    store.upload_dataset("e", table_of({"y": ["c", "d"]}), workflow=ks.Classification("y"))


def test_what_a_killed_writer_left_is_swept_by_the_next_one(tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "my.store")
    store.upload_dataset("d", table_of({"y": ["a", "b"]}), workflow=ks.Classification("y"))
    left = store.path / "data" / "samples" / ".incoming-0123.parquet"
    left.write_bytes(b"half a file")
    store.upload_dataset("d", table_of({"y": ["a", "c"]}))
    assert not left.exists()
