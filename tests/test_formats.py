"""One way in for every kind of table: files by their endings, names that can't be columns, Parquet in its forms."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolena_store.errors import (
    EmptyInput,
    InvalidInput,
    MalformedFile,
    MissingColumns,
    StoreError,
    UnreadableFile,
)
from kolena_store.formats import TableInput, open_table, renamed_input, restore_types
from kolena_store.formats.inputs import rows_per_batch

ROWS = pa.table({"id": [1, 2, 3], "label": ["cat", None, "dog"]})


def table_of(source: TableInput) -> pa.Table:
    batches = list(source.batches())
    assert all(batch.schema.equals(source.schema, check_metadata=True) for batch in batches)
    return pa.Table.from_batches(batches, source.schema)


def restored(source: TableInput) -> pa.Table:
    return restore_types(table_of(source), source.schema, source.categories)


def message_of(error: type[StoreError], source: object, **options: object) -> str:
    with pytest.raises(error) as raised:
        table_of(open_table(source, **options))
    return str(raised.value)


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    path = tmp_path / "rows.parquet"
    pq.write_table(ROWS, path, row_group_size=1)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "parts"
    folder.mkdir()
    pq.write_table(ROWS.slice(0, 2), folder / "a.parquet")
    pq.write_table(ROWS.slice(2), folder / "b.parquet")
    (folder / "_SUCCESS").touch()
    (folder / "notes.txt").write_text("nothing")
    return folder


# ---- which reader -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.csv", "T.CSV", "t.tsv"])
def test_an_ending_of_csv_or_tsv_is_read_as_such(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("id\tlabel\n1\tx,y\n" if "tsv" in name else 'id,label\n1,"x,y"\n')
    source = open_table(path)
    assert (source.name, source.is_text, source.n_rows) == (name, True, 1)
    assert table_of(source).to_pylist() == [{"id": 1, "label": "x,y"}]


@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.json", "T.JSONL"])
def test_an_ending_of_json_is_read_as_one_object_per_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('{"id": 1}\n{"id": 2}\n')
    source = open_table(str(path))
    assert (source.name, source.is_text, source.n_rows) == (name, True, 2)
    assert table_of(source).to_pylist() == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("source", [5, None, b"bytes", {"a": [1]}, object()])
def test_anything_that_is_no_table_is_refused_with_what_is_accepted(source: object) -> None:
    message = message_of(InvalidInput, source)
    assert type(source).__name__ in message
    assert ".parquet" in message
    assert "pandas" in message


def test_a_file_without_a_known_ending_is_refused_with_what_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "rows.xlsx"
    path.write_text("x")
    message = message_of(InvalidInput, path)
    assert message.startswith(
        f"{path} ends in .xlsx, which does not say how to read it; save the table as one of these"
    )
    assert ".csv, .tsv, .jsonl" in message
    path.rename(tmp_path / "rows")
    assert "rows has no ending, which does not say how to read it" in message_of(InvalidInput, tmp_path / "rows")


@pytest.mark.parametrize("name", ["rows.parquett", "rows.csv", "row.parquet"])
def test_a_file_that_is_not_there_is_named_with_the_near_ones(parquet: Path, name: str) -> None:
    message = message_of(UnreadableFile, parquet.parent / name)
    assert f"there is no such file in {parquet.parent}" in message
    assert "rows.parquet" in message


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    message = message_of(UnreadableFile, tmp_path / "data" / "rows.csv")
    assert f"there is no folder {tmp_path / 'data'}" in message


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_an_empty_file_has_no_columns(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert "is empty" in message_of(EmptyInput, tmp_path / name)


@pytest.mark.parametrize("name", ["a[1].csv", "it's.csv", "né 日本.csv", "a*b?.csv", "s3:x.csv", "a;b'\"{c}.jsonl"])
def test_a_path_may_hold_any_character(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"id":1}\n' if name.endswith("jsonl") else "id,x\n1,2\n")
    (tmp_path / "a1.csv").write_text("other,x\n1,2\n")
    assert table_of(open_table(tmp_path / name)).column("id").to_pylist() == [1]


def test_a_relative_path_and_a_tilde_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text("id,x\n1,2\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert table_of(open_table("t.csv")).num_rows == 1
    assert table_of(open_table("~/t.csv")).num_rows == 1


# ---- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "a"], "two columns named 'a'"),
        (["a", "A"], "two columns named 'A' (also written 'a'"),
        (["é", "É"], "two columns named 'É'"),
        (["a", ""], "column 2 has no name"),
        (["a\0b"], "holds a NUL character"),
    ],
)
def test_names_that_sql_cannot_hold_are_refused(names: list[str], expected: str) -> None:
    table = pa.Table.from_arrays([pa.array([1])] * len(names), names=names)
    message = message_of(InvalidInput, table)
    assert expected in message
    assert "the Arrow table" in message


def test_fields_of_a_struct_need_names_of_their_own_too() -> None:
    table = pa.table({"box": pa.array([[{"x": 1, "X": 2}]])})
    assert "column 'box' has two fields named 'X'" in message_of(InvalidInput, table)


def test_names_with_an_underscore_are_left_to_the_caller() -> None:
    assert open_table(pa.table({"_x": [1]})).schema.names == ["_x"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, max_size=8))
def test_any_other_names_are_kept_as_they_are(names: list[str]) -> None:
    distinct = list({name.casefold(): name for name in names}.values())
    table = pa.Table.from_arrays([pa.array([1])] * len(distinct), names=distinct)
    assert table_of(open_table(table)).schema.names == distinct


# ---- declared types and renaming ----------------------------------------------------------------------------------


def test_a_type_for_a_column_that_is_not_there_names_the_near_ones() -> None:
    message = message_of(MissingColumns, ROWS, types={"labl": "VARCHAR"})
    assert "the Arrow table has no column 'labl'; did you mean 'label'?" in message


@pytest.mark.parametrize("name", ["BIGIN", "", "INTEGER); DROP TABLE x--", "DECIMAL(50,2)", "(SELECT 1)"])
def test_an_unknown_type_is_refused(name: str) -> None:
    message = message_of(InvalidInput, ROWS, types={"id": name})
    assert f"type declared for column 'id': no type named {name!r}" in message


@pytest.mark.parametrize("name", ["INTERVAL", "HUGEINT", "UNION(a INTEGER)", "JSON", "TIMETZ", "ENUM('a')", "BIT"])
def test_a_type_that_can_not_be_stored_is_refused(name: str) -> None:
    assert "can't be stored" in message_of(InvalidInput, ROWS, types={"id": name})


def test_a_typed_column_is_cast_to_its_declared_type() -> None:
    source = open_table(ROWS, types={"id": "VARCHAR", "label": "varchar"})
    assert table_of(source).schema.types == [pa.string(), pa.string()]
    assert table_of(source).column("id").to_pylist() == ["1", "2", "3"]


def test_a_cast_that_would_lose_something_is_refused_with_the_column() -> None:
    message = message_of(InvalidInput, pa.table({"score": [1.5]}), types={"score": "BIGINT"})
    assert "the Arrow table: column 'score' (double) can't be read as int64" in message


def test_a_renamed_input_has_the_chosen_columns_in_their_order() -> None:
    table = ROWS.append_column("kind", pa.array(["a", "b", "a"]).dictionary_encode())
    renamed = renamed_input(open_table(table), {"answer": "kind", "id": "id"})
    assert table_of(renamed).to_pydict() == {"answer": ["a", "b", "a"], "id": [1, 2, 3]}
    assert list(renamed.categories) == ["answer"]
    assert renamed.n_rows == 3


def test_renaming_may_take_a_column_twice() -> None:
    renamed = renamed_input(open_table(ROWS), {"a": "id", "b": "id"})
    assert table_of(renamed).to_pydict() == {"a": [1, 2, 3], "b": [1, 2, 3]}


def test_renaming_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(MissingColumns, match="has no column 'labels'; did you mean 'label'"):
        renamed_input(open_table(ROWS), {"x": "labels"})


@given(st.integers(0, 10_000))
def test_batches_are_smaller_the_more_columns_there_are(n_columns: int) -> None:
    assert 1_024 <= rows_per_batch(n_columns) <= 65_536
    assert rows_per_batch(n_columns) >= rows_per_batch(n_columns + 1)


# ---- Parquet ------------------------------------------------------------------------------------------------------


def test_a_parquet_file_is_read_with_its_types_as_often_as_asked(parquet: Path) -> None:
    source = open_table(parquet)
    assert (source.name, source.n_rows, source.is_text) == ("rows.parquet", 3, False)
    assert table_of(source).equals(ROWS)
    assert table_of(source).equals(ROWS)


def test_a_folder_of_parquet_files_is_one_table(folder: Path) -> None:
    source = open_table(folder)
    assert (source.name, source.n_rows) == ("parts (2 Parquet files)", 3)
    assert table_of(source).equals(ROWS)


def test_a_pattern_of_parquet_files_is_one_table(folder: Path) -> None:
    source = open_table(str(folder / "*.parquet"))
    assert source.name == "*.parquet (2 Parquet files)"
    assert table_of(source).equals(ROWS)
    assert table_of(open_table(str(folder.parent / "**" / "[ab].parquet"))).equals(ROWS)


def test_a_pattern_that_fits_nothing_or_other_files_is_refused(folder: Path) -> None:
    assert "no file fits" in message_of(UnreadableFile, folder / "*.csv")
    message = message_of(InvalidInput, folder / "*")
    assert "only Parquet files are read together" in message


def test_a_folder_without_parquet_files_is_refused(tmp_path: Path) -> None:
    assert "holds no Parquet file" in message_of(UnreadableFile, tmp_path)


def test_a_partitioned_folder_is_refused_with_another_way(tmp_path: Path) -> None:
    (tmp_path / "country=fr").mkdir()
    pq.write_table(ROWS, tmp_path / "country=fr" / "a.parquet")
    message = message_of(InvalidInput, tmp_path)
    assert "is partitioned by country" in message
    assert "hive_partitioning=True" in message


def test_files_of_one_folder_may_order_their_columns_and_narrow_their_types_otherwise(folder: Path) -> None:
    other = pa.table({"label": pa.array(["x"]).dictionary_encode(), "id": pa.array([9], pa.int8())})
    pq.write_table(other, folder / "c.parquet")
    assert table_of(open_table(folder)).to_pylist()[-1] == {"id": 9, "label": "x"}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (pa.table({"id": [1]}), "have different columns ('label')"),
        (pa.table({"id": [1.5], "label": ["x"]}), "column 'id' holds double, in"),
    ],
)
def test_files_of_one_folder_need_the_same_columns(folder: Path, other: pa.Table, expected: str) -> None:
    pq.write_table(other, folder / "c.parquet")
    message = message_of(InvalidInput, folder)
    assert expected in message
    assert "c.parquet" in message


def test_a_file_that_is_no_parquet_or_was_cut_off_is_malformed(parquet: Path) -> None:
    content = parquet.read_bytes()
    for broken in (b"PAR1 nothing", content[:-20], content[: len(content) // 2]):
        parquet.write_bytes(broken)
        message = message_of(MalformedFile, parquet)
        assert message.startswith(f"{parquet}: it can't be read as Parquet (")
        assert message.endswith("Write or copy the file again")


def test_a_damaged_page_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.parquet"
    pq.write_table(pa.table({"text": [f"some text {i}" for i in range(5_000)]}), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[60:400] = b"\xff" * 340
    path.write_bytes(content)
    assert str(path) in message_of(MalformedFile, path)


def test_the_unnamed_index_that_pandas_writes_is_left_out_and_a_named_one_kept(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [3, 1, 2]})
    frame[frame.a > 1].to_parquet(tmp_path / "filtered.parquet")
    frame.set_index("a").assign(b=5).to_parquet(tmp_path / "named.parquet")
    assert open_table(tmp_path / "filtered.parquet").schema.names == ["a"]
    assert open_table(tmp_path / "named.parquet").schema.names == ["b", "a"]


def test_dictionary_columns_of_a_parquet_file_keep_the_categories_of_all_row_groups(tmp_path: Path) -> None:
    low = pa.array(["b", "a"]).dictionary_encode()
    table = pa.table({"kind": pa.chunked_array([low, pa.array(["c", "b"]).dictionary_encode()]), "x": [1, 2, 3, 4]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    source = open_table(tmp_path / "t.parquet")
    assert source.schema.field("kind").type == pa.string()
    assert source.categories["kind"].values.to_pylist() == ["b", "a", "c"]
    assert restored(source).schema.field("kind").type == table.schema.field("kind").type


def test_columns_are_nullable_and_without_numbers_of_the_file_format(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False, metadata={"unit": "m"})], metadata={"writer": "x"})
    pq.write_table(pa.Table.from_arrays([pa.array([1])], schema=schema), tmp_path / "t.parquet")
    found = open_table(tmp_path / "t.parquet").schema
    assert found.metadata is None
    assert found.field("id").nullable
    assert found.field("id").metadata == {b"unit": b"m"}


def test_a_thousand_columns_of_a_parquet_file_come_in_their_order(tmp_path: Path) -> None:
    table = pa.table({f"field {i}": [i, i + 1] for i in range(1_000)})
    pq.write_table(table, tmp_path / "wide.parquet")
    assert table_of(open_table(tmp_path / "wide.parquet")).equals(table)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)
COLUMNS = st.sampled_from(
    [
        pa.array([1, None, -(2**63)]),
        pa.array([2**64 - 1, 0, None], pa.uint64()),
        pa.array([float("nan"), float("inf"), None]),
        pa.array(["", None, 'é"日本'], pa.large_string()),
        pa.array([[{"x": [1.5, None]}], None, []]),
        pa.array(["b", None, "a"]).dictionary_encode(),
        pa.array([1, 2, None], pa.timestamp("ns", "Europe/Paris")),
        pa.array([None, None, None]),
    ]
)


@settings(max_examples=40, deadline=None)
@given(columns=st.dictionaries(NAMES, COLUMNS, min_size=1, max_size=4))
def test_what_is_written_as_parquet_comes_back_the_same(columns: dict[str, pa.Array], tmp_path_factory) -> None:
    distinct = {name.casefold(): (name, column) for name, column in columns.items()}.values()
    table = pa.table(dict(distinct))
    path = tmp_path_factory.mktemp("parquet") / "t.parquet"
    pq.write_table(table, path)
    back = restored(open_table(path))
    assert back.schema.equals(table.schema)
    assert repr(back.to_pydict()) == repr(table.to_pydict())


# ---- what is loaded -----------------------------------------------------------------------------------------------


def test_importing_the_formats_loads_no_third_party_module() -> None:
    code = (
        "import sys, kolena_store.formats;"
        "print([name for name in ('duckdb', 'pyarrow', 'polars', 'pandas', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reading_files_and_polars_frames_does_not_load_pandas(parquet: Path) -> None:
    code = (
        "import sys, polars; from kolena_store.formats import open_table;"
        f"list(open_table({str(parquet)!r}).batches()); list(open_table(polars.DataFrame({{'a': [1]}})).batches());"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_polars_scan_of_a_partitioned_folder_is_the_other_way(tmp_path: Path) -> None:
    (tmp_path / "country=fr").mkdir()
    pq.write_table(ROWS, tmp_path / "country=fr" / "a.parquet")
    source = open_table(pl.scan_parquet(tmp_path, hive_partitioning=True))
    assert table_of(source).column("country").to_pylist() == ["fr"] * 3
