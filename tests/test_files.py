"""Data files: written once, named by their digest, read back with their types."""

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolena_store import files
from kolena_store.errors import DamagedStore
from kolena_store.files import SAMPLE, FileWriter, WrittenFile, beside, data_path, read_batches, write_files

SCHEMA = pa.schema([pa.field(SAMPLE, pa.int64(), nullable=False), ("value", pa.string())])


def numbered(first: int, n_rows: int, value: str | None = "x") -> pa.Table:
    numbers = pa.array(range(first, first + n_rows), pa.int64())
    return pa.Table.from_arrays([numbers, pa.array([value] * n_rows, pa.string())], schema=SCHEMA)


def written(root: Path, *tables: pa.Table) -> WrittenFile:
    with FileWriter(root, "samples", SCHEMA) as writer:
        for table in tables:
            writer.write(table)
        return writer.finish()


def names_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_file_is_named_by_the_digest_of_its_bytes(tmp_path: Path) -> None:
    file = written(tmp_path, numbered(0, 3))
    path = data_path(tmp_path, "samples", file.sha256)
    assert names_in(tmp_path) == [f"data/samples/{file.sha256}.parquet"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
    assert (file.n_rows, file.n_bytes) == (3, path.stat().st_size)


def test_a_file_knows_its_first_and_last_sample(tmp_path: Path) -> None:
    file = written(tmp_path, numbered(7, 2), numbered(3, 1), numbered(5, 1))
    assert (file.first_sample, file.last_sample) == (3, 8)


def test_a_file_without_rows_has_no_first_sample(tmp_path: Path) -> None:
    file = written(tmp_path, numbered(0, 0))
    assert (file.n_rows, file.first_sample, file.last_sample) == (0, None, None)
    assert pq.read_table(data_path(tmp_path, "samples", file.sha256)).schema.names == SCHEMA.names


def test_equal_content_is_one_file(tmp_path: Path) -> None:
    first, second = written(tmp_path, numbered(0, 3)), written(tmp_path, numbered(0, 3))
    assert first.sha256 == second.sha256
    assert (first.is_new, second.is_new) == (True, False)
    assert len(names_in(tmp_path)) == 1


def test_a_batch_is_as_good_as_a_table(tmp_path: Path) -> None:
    with FileWriter(tmp_path, "samples", SCHEMA) as writer:
        writer.write(numbered(0, 3).to_batches()[0])
        file = writer.finish()
    assert file.sha256 == written(tmp_path, numbered(0, 3)).sha256


def test_small_batches_share_a_row_group(tmp_path: Path) -> None:
    file = written(tmp_path, *(numbered(number, 1) for number in range(100)))
    found = pq.ParquetFile(data_path(tmp_path, "samples", file.sha256))
    assert (found.metadata.num_rows, found.num_row_groups) == (100, 1)
    assert found.read().column(SAMPLE).to_pylist() == list(range(100))
    assert file.sha256 == written(tmp_path, numbered(0, 100)).sha256


def test_row_groups_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROWS_PER_GROUP", 10)
    file = written(tmp_path, numbered(0, 25), numbered(25, 3), numbered(28, 8))
    metadata = pq.read_metadata(data_path(tmp_path, "samples", file.sha256))
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert sum(sizes) == 36
    assert max(sizes) <= 10


def test_wide_rows_do_not_wait_for_many_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BYTES_PER_GROUP", 1000)
    file = written(tmp_path, *(numbered(number, 1, "y" * 600) for number in range(4)))
    assert pq.read_metadata(data_path(tmp_path, "samples", file.sha256)).num_row_groups == 2


def test_an_unfinished_file_is_removed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), FileWriter(tmp_path, "samples", SCHEMA) as writer:
        writer.write(numbered(0, 3))
        raise RuntimeError
    assert names_in(tmp_path) == []


def test_a_file_that_can_not_be_closed_is_removed_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="full"), FileWriter(tmp_path, "samples", SCHEMA) as writer:
        writer._writer.close()
        monkeypatch.setattr(writer, "_writer", NeverCloses())
        raise RuntimeError
    assert names_in(tmp_path) == []


class NeverCloses:
    def close(self) -> None:
        raise OSError("the disk is full")


def test_rows_that_do_not_fit_the_schema_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="schema"), FileWriter(tmp_path, "samples", SCHEMA) as writer:
        writer.write(pa.table({"other": [1]}))
        writer.finish()
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("n_rows", "per_batch", "expected"), [(0, 1, []), (4, 2, [4]), (10, 2, [4, 4, 2]), (7, 7, [7])]
)
def test_a_stream_becomes_files_of_limited_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_rows: int, per_batch: int, expected: list[int]
) -> None:
    monkeypatch.setattr(files, "ROWS_PER_FILE", 4)
    batches = (numbered(start, per_batch) for start in range(0, n_rows, per_batch))
    assert [file.n_rows for file in write_files(tmp_path, "samples", SCHEMA, batches)] == expected


def test_a_stream_that_breaks_leaves_only_its_finished_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Iterator[pa.Table]:
        yield numbered(0, 4)
        yield numbered(4, 2)
        raise RuntimeError("the stream broke")

    monkeypatch.setattr(files, "ROWS_PER_FILE", 4)
    finished = []
    with pytest.raises(RuntimeError, match="broke"):
        finished.extend(write_files(tmp_path, "samples", SCHEMA, broken()))
    assert names_in(tmp_path) == [f"data/samples/{finished[0].sha256}.parquet"]


def test_rows_are_read_in_the_order_of_the_files(tmp_path: Path) -> None:
    paths = [data_path(tmp_path, "samples", written(tmp_path, numbered(first, 2)).sha256) for first in (5, 0)]
    assert [row for batch in read_batches(paths) for row in batch.column(0).to_pylist()] == [5, 6, 0, 1]
    assert [batch.schema.names for batch in read_batches(paths, ["value"])] == [["value"], ["value"]]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all"])
def test_a_broken_file_is_a_damaged_store(tmp_path: Path, content: bytes) -> None:
    path = data_path(tmp_path, "samples", written(tmp_path, numbered(0, 3)).sha256)
    path.write_bytes(content)
    with pytest.raises(DamagedStore, match="restore it"):
        list(read_batches([path]))


def test_a_file_with_a_damaged_page_is_a_damaged_store(tmp_path: Path) -> None:
    path = data_path(tmp_path, "samples", written(tmp_path, numbered(0, 5000)).sha256)
    content = bytearray(path.read_bytes())
    content[4:60] = bytes(56)
    path.write_bytes(bytes(content))
    with pytest.raises(DamagedStore, match="can't be read"):
        list(read_batches([path]))


def test_a_missing_file_is_a_damaged_store(tmp_path: Path) -> None:
    with pytest.raises(DamagedStore, match=r"can't be read"):
        list(read_batches([data_path(tmp_path, "samples", "gone")]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.one_of(st.none(), st.text()), max_size=5), max_size=6))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, batches: list[list[str | None]]) -> None:
    root = tmp_path_factory.mktemp("files")
    values = [value for batch in batches for value in batch]
    starts = [sum(map(len, batches[:position])) for position in range(len(batches))]
    tables = [
        pa.Table.from_arrays(
            [pa.array(range(start, start + len(batch)), pa.int64()), pa.array(batch, pa.string())], schema=SCHEMA
        )
        for start, batch in zip(starts, batches, strict=True)
    ]
    file = written(root, *tables)
    found = [row for batch in read_batches([data_path(root, "samples", file.sha256)]) for row in batch.to_pylist()]
    assert found == [{SAMPLE: number, "value": value} for number, value in enumerate(values)]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_a_nan_is_found_by_every_filter(tmp_path: Path, kind: pa.DataType) -> None:
    values = [math.nan, 1.0, 5.0]
    schema = pa.schema([(SAMPLE, pa.int64()), ("x", kind), ("s", pa.struct([("x", kind)])), ("a.b", kind)])
    rows = [{SAMPLE: i, "x": value, "s": {"x": value}, "a.b": value} for i, value in enumerate(values)]
    (written,) = write_files(tmp_path, "samples", schema, [pa.RecordBatch.from_pylist(rows, schema=schema)])
    path = str(data_path(tmp_path, "samples", written.sha256))
    for field in ("x", "s.x", '"a.b"'):
        for condition, expected in {f"isnan({field})": 1, f"NOT isnan({field})": 2, f"{field} > 4": 2}.items():
            query = f"SELECT count(*) FROM read_parquet($path) WHERE {condition}"
            assert duckdb.connect().execute(query, {"path": path}).fetchall() == [(expected,)], (field, condition)


def test_columns_are_written_as_suits_them(tmp_path: Path) -> None:
    schema = pa.schema(
        [
            (SAMPLE, pa.int64()),
            ("a.b", pa.string()),
            ("bits", pa.binary()),
            ("lists", pa.large_list(pa.list_(pa.float64()))),
            ("fixed", pa.list_(pa.int8(), 2)),
            ("inside", pa.struct([("x", pa.int64()), ("y", pa.list_(pa.struct([("z", pa.string())])))])),
            ("map", pa.map_(pa.string(), pa.list_(pa.int64()))),
        ]
    )
    row = {"a.b": "q", "bits": b"12", "lists": [[1.0]], "fixed": [1, 2], "inside": {"x": 1, "y": [{"z": "a"}]}}
    rows = [{SAMPLE: number, **row, "map": [("k", [1])]} for number in range(1000)]
    with FileWriter(tmp_path, "samples", schema, raw=["bits"]) as writer:
        writer.write(pa.Table.from_pylist(rows, schema))
        file = writer.finish()
    path = data_path(tmp_path, "samples", file.sha256)
    group = pq.ParquetFile(path).metadata.row_group(0)
    columns = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}
    assert list(files._leaves(schema)) == list(columns)
    assert {name for name, column in columns.items() if column.compression == "LZ4"} == {"bits"}
    coded = {name for name, column in columns.items() if "RLE_DICTIONARY" in column.encodings}
    assert coded == columns.keys() - {SAMPLE, "bits"}
    assert "DELTA_BINARY_PACKED" in columns[SAMPLE].encodings
    assert pq.read_table(path, schema=schema).to_pylist() == rows
    with duckdb.connect() as connection:
        assert connection.sql(f"SELECT count(*), sum({SAMPLE}) FROM '{path}'").fetchall() == [(1000, 499_500)]


@pytest.mark.parametrize("before", [None, "old"])
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "a.txt"
    if before is not None:
        path.write_text(before)
    with pytest.raises(ValueError, match="midway"), beside(path) as part:
        part.write_text("half")
        raise ValueError("midway")
    assert {one: (tmp_path / one).read_text() for one in names_in(tmp_path)} == ({"a.txt": before} if before else {})
    with beside(path) as part:
        part.write_text("new")
    assert {one: (tmp_path / one).read_text() for one in names_in(tmp_path)} == {"a.txt": "new"}
