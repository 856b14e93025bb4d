"""Types come back as they went in: through Arrow, Polars, pandas, Parquet, CSV and JSON Lines."""

import datetime
import decimal
import json
import math
import uuid
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_stores import temporary_store

import kolena_store as ks
from kolena_store.errors import InvalidInput, StoreError

NAN, INFINITY = float("nan"), float("inf")
WHEN = datetime.datetime(2020, 2, 29, 23, 59, 59, 123456)
NESTED = pa.struct(
    [("name", pa.string()), ("scores", pa.list_(pa.float64())), ("deep", pa.struct([("n", pa.int32())]))]
)

ARRAYS: dict[str, pa.Array] = {
    "booleans": pa.array([True, False, None]),
    "int8": pa.array([-128, 127, None], pa.int8()),
    "int64": pa.array([-(2**63), 2**63 - 1, None], pa.int64()),
    "uint8": pa.array([0, 255, None], pa.uint8()),
    "uint64": pa.array([0, 2**64 - 1, None], pa.uint64()),
    "float32": pa.array([1.5, NAN, None], pa.float32()),
    "float64": pa.array([NAN, -INFINITY, None]),
    "negative zero": pa.array([-0.0, 0.0, 5e-324]),
    "decimals": pa.array([decimal.Decimal("1.50"), decimal.Decimal("-0.01"), None], pa.decimal128(38, 2)),
    "small decimals": pa.array([decimal.Decimal("1.5"), None, decimal.Decimal("-9.9")], pa.decimal32(5, 1)),
    "text": pa.array(["", "a'b\"c\\ \n\t é 数 🙂", None]),
    "large text": pa.array(["x", "", None], pa.large_string()),
    "text views": pa.array(["x", "a rather long text that is no inline view", None], pa.string_view()),
    "bytes": pa.array([b"", b"\0\xff", None]),
    "byte views": pa.array([b"", b"\0\xff", None], pa.binary_view()),
    "fixed bytes": pa.array([b"ab", b"\0\0", None], pa.binary(2)),
    "dates": pa.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None]),
    "dates in milliseconds": pa.array([0, 86_400_000, None], pa.date64()),
    "times": pa.array([datetime.time(23, 59, 59, 999999), datetime.time(0), None]),
    "times in seconds": pa.array([1, 2, None], pa.time32("s")),
    "times in nanoseconds": pa.array([1, 2, None], pa.time64("ns")),
    "timestamps": pa.array([WHEN, datetime.datetime(1970, 1, 1), None], pa.timestamp("us")),
    "timestamps in seconds": pa.array([1, -1, None], pa.timestamp("s")),
    "timestamps in nanoseconds": pa.array([1, -1, None], pa.timestamp("ns")),
    "timestamps with UTC": pa.array([1, 2, None], pa.timestamp("us", "UTC")),
    "timestamps with a zone": pa.array([WHEN, None, WHEN], pa.timestamp("ms", "Europe/Berlin")),
    "timestamps with an offset": pa.array([1, 2, None], pa.timestamp("s", "+05:30")),
    "nanoseconds with a zone": pa.array([1, 2, None], pa.timestamp("ns", "America/New_York")),
    "durations": pa.array([1, -1, None], pa.duration("us")),
    "durations in nanoseconds": pa.array([1, -1, None], pa.duration("ns")),
    "uuids": pa.array([uuid.UUID(int=1).bytes, uuid.UUID(int=2**128 - 1).bytes, None], pa.uuid()),
    "nulls": pa.nulls(3),
    "categories": pa.DictionaryArray.from_arrays(
        pa.array([2, 0, None], pa.int8()), ["low", "middle", "high"], ordered=True
    ),
    "loose categories": pa.DictionaryArray.from_arrays(pa.array([1, 1, None], pa.int32()), ["b", "a", "unused"]),
    "categories of numbers": pa.DictionaryArray.from_arrays(pa.array([1, 0, None]), pa.array([30, 10])),
    "lists": pa.array([[], [1, None], None], pa.list_(pa.int16())),
    "large lists": pa.array([["a"], [], None], pa.large_list(pa.string())),
    "list views": pa.array([[1], [], None], pa.list_view(pa.int64())),
    "fixed lists": pa.array([[1.0, NAN], None, [0.0, -1.0]], pa.list_(pa.float32(), 2)),
    "lists of lists": pa.array([[[1], []], [], None], pa.list_(pa.list_(pa.int64()))),
    "structs": pa.array([{"name": "a", "scores": [NAN, None], "deep": {"n": 1}}, {"name": None}, None], NESTED),
    "lists of structs": pa.array([[{"name": "a", "scores": []}, None], [], None], pa.list_(NESTED)),
    "maps": pa.array([[("a", 1), ("b", None)], [], None], pa.map_(pa.string(), pa.int64())),
    "lists of nanoseconds with a zone": pa.array([[1, None], [], None], pa.list_(pa.timestamp("ns", "UTC"))),
}


def table(array: pa.Array) -> pa.Table:
    return pa.table({"id": list(range(len(array))), "x": array})


def round_trip(store: ks.Store, source: object) -> pa.Table:
    store.upload_dataset("things", source)
    return store.download_dataset("things")


def shown(values: object) -> str:
    """Return values spelled out, so that NaN equals itself and -0.0 does not equal 0.0."""
    return repr(values)


@pytest.mark.sampled(8)
@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize("array", ARRAYS.values(), ids=list(ARRAYS))
def test_an_arrow_column_comes_back(store: ks.Store, array: pa.Array) -> None:
    column = round_trip(store, table(array)).column("x").combine_chunks()
    assert column.type.equals(array.type)
    assert shown(column.to_pylist()) == shown(array.to_pylist())
    if pa.types.is_dictionary(array.type):
        assert column.dictionary.equals(array.dictionary)
        assert column.type.ordered == array.type.ordered


@pytest.mark.sampled(8)
@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize("array", ARRAYS.values(), ids=list(ARRAYS))
def test_a_column_comes_back_from_rewritten_files(store: ks.Store, array: pa.Array) -> None:
    store.upload_dataset("things", table(array))
    changed = table(array).slice(1).append_column("more", [["x", None]])
    report = store.upload_dataset("things", changed)
    assert (report.changed, report.removed, report.unchanged) == (1, 1, 1)
    assert shown(store.download_dataset("things").column("x").to_pylist()) == shown(array.to_pylist()[1:])
    assert store.download_dataset("things").schema.field("x").type.equals(array.type)
    assert shown(store.download_dataset("things", 1).column("x").to_pylist()) == shown(array.to_pylist())


@pytest.mark.sampled(8)
@pytest.mark.usefixtures("unkept")
@pytest.mark.parametrize("array", ARRAYS.values(), ids=list(ARRAYS))
def test_an_equal_column_is_unchanged_and_another_value_is_a_change(store: ks.Store, array: pa.Array) -> None:
    store.upload_dataset("things", table(array))
    assert store.upload_dataset("things", table(array)).version == 1
    if not pa.types.is_null(array.type):
        swapped = table(pa.concat_arrays([array[1:2], array[0:1], array[2:]]))
        expected = 0 if shown(array.to_pylist()[:2]) == "[-0.0, 0.0]" or array[0] == array[1] else 2
        assert store.upload_dataset("things", swapped).changed == expected


@pytest.fixture(scope="module")
def all_types(tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    """A committed store with a dataset for each type; not to be changed."""
    store = ks.Store(tmp_path_factory.mktemp("all types") / "my.store")
    with store.transaction():
        for name, array in ARRAYS.items():
            store.upload_dataset(name, table(array))
    return ks.Store(store.path)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", ARRAYS)
def test_sql_reads_every_type(all_types: ks.Store, name: str) -> None:
    rows = all_types.sql(f'SELECT count(x) AS n FROM "{name}".test_samples').rows()
    assert rows == [{"n": len(ARRAYS[name]) - ARRAYS[name].null_count}]
    assert all_types.sql(f'SELECT x FROM "{name}".test_samples ORDER BY id').arrow().num_rows == 3


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", ARRAYS)
def test_a_committed_column_comes_back(all_types: ks.Store, name: str) -> None:
    column = all_types.download_dataset(name).column("x").combine_chunks()
    assert column.type.equals(ARRAYS[name].type)
    assert shown(column.to_pylist()) == shown(ARRAYS[name].to_pylist())


@pytest.mark.parametrize(
    "name", ["nanoseconds with a zone", "lists of nanoseconds with a zone", "times in nanoseconds"]
)
def test_types_in_sql_are_those_that_every_duckdb_knows(store: ks.Store, name: str) -> None:
    store.upload_dataset("things", table(ARRAYS[name]))
    kind = store.dataset("things").fields[1].type
    assert kind in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE[]", "TIME")


def test_a_change_of_a_single_nanosecond_is_a_change(store: ks.Store) -> None:
    for name, kind in (("a", pa.timestamp("ns", "UTC")), ("b", pa.time64("ns")), ("c", pa.timestamp("ns"))):
        store.upload_dataset(name, table(pa.array([1, 2, None], kind)))
        assert store.upload_dataset(name, table(pa.array([1, 3, None], kind))).changed == 1
        assert store.download_dataset(name).column("x").cast(pa.int64()).to_pylist() == [1, 3, None]


@pytest.mark.parametrize("name", ["decimal256", "half", "interval", "union"])
def test_types_that_can_not_be_kept_are_refused(unmade_store: ks.Store, name: str) -> None:
    arrays = {
        "decimal256": pa.array([decimal.Decimal(1)], pa.decimal256(60, 0)),
        "half": pa.array([1.5], pa.float16()),
        "interval": pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        "union": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]),
    }
    with pytest.raises(InvalidInput, match="can't be stored"):
        unmade_store.upload_dataset("things", table(arrays[name]))
    assert not unmade_store.exists


def test_field_metadata_comes_back(store: ks.Store) -> None:
    schema = pa.schema([pa.field("id", pa.int64()), pa.field("x", pa.float64(), metadata={"unit": "m"})])
    found = round_trip(store, pa.table({"id": [1], "x": [1.0]}, schema=schema))
    assert found.schema.field("x").metadata == {b"unit": b"m"}


def test_a_column_that_must_not_be_null_may_be_appended_to_with_null(store: ks.Store) -> None:
    strict = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("x", pa.float64(), nullable=False)])
    store.upload_dataset("things", pa.table({"id": [1], "x": [1.0]}, schema=strict))
    store.upload_dataset("things", pa.table({"id": [2], "x": [None]}), append_only=True)
    assert store.download_dataset("things").column("x").to_pylist() == [1.0, None]


def test_categories_grow_and_keep_their_order(store: ks.Store) -> None:
    def sizes(*values: str | None, categories: list[str]) -> pa.Array:
        indices = [None if value is None else categories.index(value) for value in values]
        return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int8()), categories, ordered=True)

    store.upload_dataset("things", pa.table({"id": [1, 2], "x": sizes("high", None, categories=["low", "high"])}))
    more = sizes("middle", categories=["low", "middle", "high"])
    store.upload_dataset("things", pa.table({"id": [3], "x": more}), append_only=True)
    column = store.download_dataset("things").column("x").combine_chunks()
    assert column.to_pylist() == ["high", None, "middle"]
    assert column.dictionary.to_pylist() == ["low", "middle", "high"]
    assert column.type.ordered


def test_categories_become_plain_text_when_plain_text_comes(store: ks.Store) -> None:
    store.upload_dataset("things", pa.table({"id": [1], "x": pa.array(["a"]).dictionary_encode()}))
    store.upload_dataset("things", pa.table({"id": [2], "x": ["b"]}), append_only=True)
    assert store.download_dataset("things").column("x").to_pylist() == ["a", "b"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "make",
    [
        lambda content: content.to_reader(),
        lambda content: content.to_batches(),
        lambda content: iter(content.to_batches(max_chunksize=1)),
        lambda content: content.to_pylist(),
        lambda content: pl.from_arrow(content),
        lambda content: pl.from_arrow(content).lazy(),
    ],
    ids=["reader", "batches", "iterator", "dictionaries", "polars", "lazy polars"],
)
def test_every_kind_of_source_is_the_same_dataset(store: ks.Store, make: Callable[[pa.Table], object]) -> None:
    content = pa.table({"id": [1, 2, 3], "x": [1.5, None, NAN], "y": ["a", None, ""]})
    store.upload_dataset("things", make(content))
    report = store.upload_dataset("things", content)
    assert (report.version, report.unchanged) == (1, 3)
    assert shown(store.download_dataset("things").to_pydict()) == shown(content.to_pydict())


def test_a_polars_frame_comes_back(store: ks.Store) -> None:
    frame = pl.DataFrame(
        {
            "id": [1, 2],
            "text": ["x", None],
            "day": [datetime.date(2020, 1, 1), None],
            "moment": pl.Series([WHEN, None], dtype=pl.Datetime("ns", "Europe/Berlin")),
            "span": pl.Series([datetime.timedelta(1), None], dtype=pl.Duration("ms")),
            "price": pl.Series([decimal.Decimal("1.25"), None], dtype=pl.Decimal(20, 2)),
            "size": pl.Series(["low", None], dtype=pl.Enum(["high", "low"])),
            "group": pl.Series(["b", None], dtype=pl.Categorical()),
            "nested": [{"a": [1, None]}, None],
            "pair": pl.Series([[1, 2], None], dtype=pl.Array(pl.Int8, 2)),
            "time": [datetime.time(1, 2, 3), None],
            "small": pl.Series([1, None], dtype=pl.UInt16),
        }
    )
    found = pl.from_arrow(round_trip(store, frame))
    assert isinstance(found, pl.DataFrame)
    assert found.to_dicts() == frame.to_dicts()
    assert {name: kind for name, kind in found.schema.items() if name != "time"} == {
        name: kind for name, kind in frame.schema.items() if name != "time"
    }


def test_a_pandas_frame_comes_back(store: ks.Store) -> None:
    frame = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "real": [1.5, NAN, INFINITY],
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "text": ["x", None, "z"],
            "moment": pd.to_datetime(["2020-01-01", None, "2021-06-01"]).tz_localize("Europe/Berlin"),
            "span": pd.to_timedelta([1, None, 3], unit="D"),
            "size": pd.Categorical(["low", None, "high"], categories=["low", "high"], ordered=True),
            "mixed": [None, NAN, 2.5],
            "flags": pd.array([True, None, False], dtype="boolean"),
        }
    )
    found = round_trip(store, frame)
    assert shown(found.column("real").to_pylist()) == shown([1.5, NAN, INFINITY])
    assert found.column("whole").to_pylist() == [1, None, 3]
    assert found.column("size").combine_chunks().dictionary.to_pylist() == ["low", "high"]
    zoned = found.column("moment").to_pylist()
    assert zoned[0] == datetime.datetime(2020, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert zoned[1] is None
    again = found.to_pandas()
    assert list(again["text"].isna()) == [False, True, False]
    assert store.upload_dataset("things", frame).version == 1


def test_none_and_nan_stay_apart_in_an_object_column(store: ks.Store) -> None:
    frame = pd.DataFrame({"id": [1, 2, 3, 4], "x": pd.Series([None, NAN, INFINITY, -INFINITY], dtype=object)})
    found = round_trip(store, frame).column("x").to_pylist()
    assert shown(found) == shown([None, NAN, INFINITY, -INFINITY])
    query = "SELECT id FROM things.test_samples WHERE x IS NULL OR isnan(x) ORDER BY id"
    assert [row["id"] for row in store.sql(query).rows()] == [1, 2]


def test_a_parquet_file_comes_back(store: ks.Store, tmp_path: Path) -> None:
    kept = {name: array for name, array in ARRAYS.items() if "views" not in name and "seconds" not in name}
    content = pa.table({"id": [0, 1, 2], **kept})
    pq.write_table(content, tmp_path / "things.parquet", row_group_size=2)
    read = pq.read_table(tmp_path / "things.parquet")
    found = round_trip(store, tmp_path / "things.parquet")
    assert shown(found.to_pydict()) == shown(read.to_pydict())
    kinds = [(field.name, field.type) for field in read.schema if not pa.types.is_dictionary(field.type)]
    assert [(name, found.schema.field(name).type) for name, _ in kinds] == kinds
    assert store.upload_dataset("things", found).version == 1


def test_a_csv_file_comes_back(store: ks.Store, tmp_path: Path) -> None:
    lines = [
        "id,whole,real,flag,day,moment,zoned,text,none,quoted",
        '1,1,1.5,true,2020-01-01,2020-01-01 01:02:03,2020-01-01T01:02:03Z,abc,,"a ""b"", c"',
        '2,,NaN,false,,,,"",,"two\nlines"',
        "3,-3,inf,,2020-02-29,,,é,,",
    ]
    (tmp_path / "things.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = round_trip(store, tmp_path / "things.csv")
    assert shown(found.column("real").to_pylist()) == shown([1.5, NAN, INFINITY])
    assert found.column("whole").to_pylist() == [1, None, -3]
    assert found.column("text").to_pylist() == ["abc", "", "é"]
    assert found.column("none").to_pylist() == [None, None, None]
    assert found.column("quoted").to_pylist() == ['a "b", c', "two\nlines", None]
    assert found.column("day").to_pylist()[2] == datetime.date(2020, 2, 29)
    assert found.column("zoned").to_pylist()[0] == datetime.datetime(2020, 1, 1, 1, 2, 3, tzinfo=datetime.UTC)
    assert store.upload_dataset("things", tmp_path / "things.csv").version == 1


def test_a_json_lines_file_comes_back(store: ks.Store, tmp_path: Path) -> None:
    records = [
        {"id": 1, "text": "01", "nested": {"a": [1, 2], "b": {"c": "x"}}, "list": [{"k": 1}], "real": 1.0},
        {"id": 2, "text": None, "nested": None, "list": [], "real": None, "late": True},
        {"id": 3, "nested": {"a": None, "b": None}, "text": "é\u2028'", "list": None, "real": 2.5},
    ]
    text = "\n".join(json.dumps(record) for record in records)
    (tmp_path / "things.jsonl").write_text(text, encoding="utf-8")
    found = round_trip(store, tmp_path / "things.jsonl").to_pylist()
    assert [row["text"] for row in found] == ["01", None, "é\u2028'"]
    assert [row["nested"] for row in found] == [record["nested"] for record in records]
    assert [row["list"] for row in found] == [record["list"] for record in records]
    assert [row["late"] for row in found] == [None, True, None]
    assert store.upload_dataset("things", tmp_path / "things.jsonl").version == 1


def test_a_csv_brings_cells_to_the_types_that_the_dataset_has(store: ks.Store, tmp_path: Path) -> None:
    content = pa.table(
        {
            "id": [1],
            "price": pa.array([decimal.Decimal("1.50")], pa.decimal128(10, 2)),
            "moment": pa.array([0], pa.timestamp("ms", "UTC")),
            "size": pa.array(["low"]).dictionary_encode(),
            "small": pa.array([1], pa.int8()),
        }
    )
    store.upload_dataset("things", content)
    (tmp_path / "more.csv").write_text("id,price,moment,size,small\n2,2.25,2020-01-01T00:00:00Z,high,7\n")
    store.upload_dataset("things", tmp_path / "more.csv", append_only=True)
    found = store.download_dataset("things")
    assert found.column("price").to_pylist() == [decimal.Decimal("1.50"), decimal.Decimal("2.25")]
    assert found.column("size").to_pylist() == ["low", "high"]
    assert found.schema.field("small").type == pa.int8()
    assert found.schema.field("moment").type == pa.timestamp("ms", "UTC")


SCALARS = st.one_of(
    st.none(),
    st.floats(),
    st.sampled_from([NAN, INFINITY, -INFINITY, 0.0, 5e-324]),
)


@pytest.mark.sampled(2)
@settings(max_examples=8, deadline=None)
@given(
    numbers=st.lists(SCALARS, min_size=1, max_size=20),
    texts=st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))), min_size=1, max_size=20),
)
def test_any_floats_and_texts_come_back(numbers: list[float | None], texts: list[str | None]) -> None:
    n_rows = max(len(numbers), len(texts))
    numbers = numbers + [None] * (n_rows - len(numbers))
    texts = texts + [None] * (n_rows - len(texts))
    store = temporary_store()
    content = pa.table({"id": range(n_rows), "x": pa.array(numbers, pa.float64()), "y": pa.array(texts, pa.string())})
    found = round_trip(store, content)
    assert shown(found.to_pydict()) == shown(content.to_pydict())
    in_sql = store.sql("SELECT x, y FROM things.test_samples ORDER BY id").arrow()
    assert shown(in_sql.column("x").to_pylist()) == shown(content.column("x").to_pylist())
    assert in_sql.column("y").to_pylist() == texts
    assert store.upload_dataset("things", content).unchanged == n_rows


@settings(max_examples=8, deadline=None)
@given(st.lists(st.text(min_size=1).filter(lambda name: "\0" not in name), min_size=1, max_size=20))
def test_any_column_names_work_or_are_refused(names: list[str]) -> None:
    store = temporary_store()
    content = pa.table([[1], *([[f"value {place}"] for place in range(len(names))])], names=["id", *names])
    try:
        store.upload_dataset("things", content)
    except StoreError as error:
        folded = [name.casefold() for name in ("id", *names)]
        assert len(set(folded)) < len(folded) or any(name.startswith("_") for name in names), error
        return
    assert store.download_dataset("things").equals(content)
    assert math.prod(store.sql("SELECT * FROM things.test_samples").arrow().shape) == len(names) + 2
