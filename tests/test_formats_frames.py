"""Tables in memory: Arrow in all its forms, Polars, pandas and plain Python, with what each says of missing values."""

import datetime as dt
import decimal
import gc
import math
import shlex
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kolena_store.errors import EmptyInput, InvalidInput, StoreError
from kolena_store.formats import TableInput, open_table, restore_types
from kolena_store.formats.nesting import MOST_LEVELS

pd = pytest.importorskip("pandas")

KINDS = pa.chunked_array([pa.array(["b", None]).dictionary_encode(), pa.array(["c", "b"]).dictionary_encode()])
TABLE = pa.table({"id": [1, 2, 3, 4], "kind": KINDS})


def table_of(source: TableInput) -> pa.Table:
    batches = list(source.batches())
    assert all(batch.schema.equals(source.schema, check_metadata=True) for batch in batches)
    assert source.n_rows in (None, sum(batch.num_rows for batch in batches))
    return pa.Table.from_batches(batches, source.schema)


def restored(source: TableInput) -> pa.Table:
    return restore_types(table_of(source), source.schema, source.categories)


def message_of(source: object, error: type[StoreError] = InvalidInput, **options: object) -> str:
    with pytest.raises(error) as raised:
        table_of(open_table(source, **options))
    return str(raised.value)


class Exporter:
    """An object that knows nothing but the Arrow stream protocol."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


# ---- Arrow --------------------------------------------------------------------------------------------------------

FORMS = {
    "table": lambda: TABLE,
    "list of batches": lambda: TABLE.to_batches(),
    "list of tables": lambda: [TABLE.slice(0, 3), TABLE.slice(3)],
    "iterator of tables": lambda: iter([TABLE.slice(0, 3), TABLE.slice(3)]),
    "generator of batches": lambda: (batch for batch in TABLE.to_batches()),
    "reader": lambda: pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches()),
    "stream": lambda: Exporter(TABLE),
}
ONCE = ("iterator of tables", "generator of batches", "reader", "stream")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_arrow_gives_the_same_rows_types_and_categories(form: str) -> None:
    source = open_table(FORMS[form]())
    assert table_of(source).to_pydict() == TABLE.to_pydict()
    assert source.schema.types == [pa.int64(), pa.string()]
    assert source.categories["kind"].values.to_pylist() == ["b", "c"]
    assert not source.is_text
    assert restored(open_table(FORMS[form]())).schema.equals(TABLE.schema)


@pytest.mark.parametrize("form", ONCE)
def test_a_stream_without_categories_is_read_once(form: str) -> None:
    plain = FORMS[form]() if form != "stream" else Exporter(TABLE.select(["id"]))
    if form == "reader":
        plain = TABLE.select(["id"]).to_reader()
    elif form != "stream":
        plain = (table for table in [TABLE.select(["id"])])
    source = open_table(plain)
    assert table_of(source).num_rows == 4
    with pytest.raises(InvalidInput, match="was read already, and it can be read once only; give it again"):
        source.batches()


def test_a_stream_with_categories_is_kept_in_a_file_that_goes_with_it() -> None:
    def kept() -> set[str]:
        return {path.name for path in Path(tempfile.gettempdir()).glob("kolena-store-*.arrow")}

    before = kept()
    source = open_table(TABLE.to_reader())
    assert (source.n_rows, len(kept() - before)) == (4, 1)
    assert table_of(source).equals(table_of(source))
    del source
    gc.collect()
    assert kept() <= before


def test_a_single_batch_is_a_table() -> None:
    batch = pa.record_batch({"a": [1, None]})
    source = open_table(batch)
    assert (source.name, source.n_rows) == ("the Arrow batch", 2)
    assert table_of(source).to_pydict() == {"a": [1, None]}


def test_a_relation_of_duckdb_is_a_stream() -> None:
    relation = duckdb.connect().sql("SELECT 1::TINYINT AS a, 'x'::ENUM('y', 'x') AS e, [1.5]::DOUBLE[] AS l")
    if not hasattr(relation, "__arrow_c_stream__"):
        pytest.skip("this DuckDB has no Arrow streams")
    source = open_table(relation)
    assert table_of(source).to_pylist() == [{"a": 1, "e": "x", "l": [1.5]}]
    assert source.categories["e"].values.to_pylist() == ["y", "x"]


def test_a_table_without_rows_has_its_columns() -> None:
    source = open_table(TABLE.schema.empty_table())
    assert (source.n_rows, source.schema.names, list(source.batches())) == (0, ["id", "kind"], [])
    assert source.categories["kind"].values.to_pylist() == []


@pytest.mark.parametrize("make", [lambda: pa.table({}), list, tuple, lambda: iter([]), pd.DataFrame, pl.DataFrame])
def test_a_table_without_columns_is_refused(make: Callable[[], object]) -> None:
    assert "has no" in message_of(make(), EmptyInput)
    assert "has no columns" in message_of([{}], EmptyInput)


def test_large_batches_are_cut_to_size() -> None:
    table = pa.table({"a": np.arange(200_000)})
    for source in (table, table.to_reader(), [table]):
        sizes = [batch.num_rows for batch in open_table(source).batches()]
        assert max(sizes) <= 65_536
        assert sum(sizes) == 200_000


def test_tables_in_a_list_may_order_their_columns_and_narrow_their_types() -> None:
    other = pa.table({"b": pa.array(["y"], pa.large_string()), "a": pa.array([2], pa.int8())})
    assert table_of(open_table([pa.table({"a": [1], "b": ["x"]}), other])).to_pylist()[1] == {"a": 2, "b": "y"}


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (pa.table({"a": [1]}), "item 2 of the list of tables has other columns than the first ('b')"),
        (
            pa.table({"a": [1.5], "b": ["x"]}),
            "item 2 of the list of tables: column 'a' holds double, in the first item int64",
        ),
        (pa.Table.from_arrays([pa.array([1])] * 3, ["a", "b", "b"]), "has other columns than the first"),
        ("text", "item 2 of the list of tables is of type str, no table"),
    ],
)
def test_tables_in_a_list_need_the_same_columns(second: object, expected: str) -> None:
    assert expected in message_of([pa.table({"a": [1], "b": ["x"]}), second])
    assert expected in message_of(iter([pa.table({"a": [1], "b": ["x"]}), second]))


def test_declared_types_make_differing_tables_alike() -> None:
    source = open_table([pa.table({"a": [1]}), pa.table({"a": [1.5]})], types={"a": "DOUBLE"})
    assert table_of(source).to_pydict() == {"a": [1.0, 1.5]}


def test_frames_one_after_the_other_are_tables() -> None:
    frames = [pd.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]}), pa.table({"a": [3]})]
    assert table_of(open_table(frames)).to_pydict() == {"a": [1, 2, 3]}
    assert table_of(open_table(frame for frame in frames)).to_pydict() == {"a": [1, 2, 3]}


def test_a_stream_that_breaks_off_is_refused() -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"a": [1]})
        raise OSError("the cable was cut")

    reader = pa.RecordBatchReader.from_batches(pa.schema([("a", pa.int64())]), batches())
    assert "the Arrow stream broke off: the cable was cut" in message_of(reader)


def test_a_thousand_columns_come_in_their_order() -> None:
    table = pa.table({f"f{i}": [i, None] for i in range(1_000)})
    for source in (table, table.to_reader(), table.to_pandas(), pl.from_arrow(table), table.to_pylist()):
        assert open_table(source).schema.names == table.schema.names


# ---- types that can't be stored -----------------------------------------------------------------------------------

UNION = pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])])
HUNDRED = decimal.Decimal(100)


@pytest.mark.parametrize(
    ("array", "declared"),
    [
        (pa.array([1.5], pa.float16()), "FLOAT"),
        (pa.array([[1.5]], pa.list_(pa.float16())), "FLOAT[]"),
        (pa.array([{"a": 1.5}], pa.struct([("a", pa.float16())])), "STRUCT(a FLOAT)"),
        (pa.array([HUNDRED], pa.decimal256(50, 2)), "DOUBLE"),
        (pa.array([HUNDRED], pa.decimal128(5, -2)), "DOUBLE"),
        (pa.compute.run_end_encode(pa.array(["a", "a"])), "VARCHAR"),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_a_type_that_can_not_be_stored_is_refused_with_the_type_to_declare(array: pa.Array, declared: str) -> None:
    message = message_of(pa.table({"x": array}))
    assert f"column 'x' has type {array.type}, which can't be stored" in message
    assert message.endswith(f"such as --type {shlex.quote(f'x={declared}')} (in Python types={{'x': '{declared}'}})")
    values = table_of(open_table(pa.table({"x": array}), types={"x": declared})).column("x")
    assert len(values) == len(array)


@pytest.mark.parametrize(
    "array",
    [UNION, pa.array([(1, 2, 3)], pa.month_day_nano_interval()), pa.array([{}], pa.struct([]))],
    ids=lambda array: str(array.type),
)
def test_a_type_that_nothing_can_be_made_of_is_refused(array: pa.Array) -> None:
    assert "convert it to another type, such as text, or leave it out" in message_of(pa.table({"x": array}))


def test_a_dictionary_whose_column_gets_a_declared_type_has_no_categories() -> None:
    source = open_table(TABLE, types={"kind": "VARCHAR"})
    assert source.categories == {}
    assert table_of(source).column("kind").to_pylist() == ["b", None, "c", "b"]


# ---- Polars -------------------------------------------------------------------------------------------------------


def polars_frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "text": ["a", None, ""],
            "number": [1.5, float("nan"), None],
            "category": pl.Series(["z", "a", None], dtype=pl.Categorical),
            "grade": pl.Series(["low", "high", None], dtype=pl.Enum(["low", "middle", "high"])),
            "list": [[1], None, []],
            "pair": pl.Series([[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int8, 2)),
            "struct": [{"x": 1, "y": "p"}, None, {"x": None, "y": "q"}],
            "span": [dt.timedelta(seconds=1), None, None],
            "time": [dt.time(1, 2, 3), None, None],
            "nothing": [None, None, None],
            "big": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
            "when": pl.Series([dt.datetime(2020, 1, 1)] * 3)
            .dt.cast_time_unit("ns")
            .dt.replace_time_zone("Europe/Paris"),
            "money": [decimal.Decimal("1.50"), None, decimal.Decimal("2.00")],
        }
    )


def test_a_polars_frame_comes_back_as_it_was() -> None:
    source = open_table(polars_frame())
    assert (source.name, source.n_rows) == ("the Polars frame", 3)
    assert source.categories["grade"].values.to_pylist() == ["low", "middle", "high"]
    assert_frame_equal(pl.from_arrow(restored(source)), polars_frame(), categorical_as_str=True)
    assert pl.from_arrow(restored(source)).schema["grade"] == pl.Enum(["low", "middle", "high"])


def test_a_polars_query_runs_when_it_is_read_and_as_often() -> None:
    calls: list[int] = []

    def note(frame: pl.DataFrame) -> pl.DataFrame:
        calls.append(frame.height)
        return frame

    query = polars_frame().drop("category", "grade").lazy().map_batches(note, schema=None)
    source = open_table(query)
    assert (source.name, source.n_rows, calls) == ("the Polars query", None, [])
    assert_frame_equal(pl.from_arrow(table_of(source)), polars_frame().drop("category", "grade"))
    assert table_of(source).num_rows == 3
    assert len(calls) == 2


def test_a_polars_query_with_categories_keeps_them() -> None:
    source = open_table(polars_frame().lazy())
    assert source.categories["grade"].values.to_pylist() == ["low", "middle", "high"]
    assert_frame_equal(pl.from_arrow(restored(source)), polars_frame(), categorical_as_str=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (pl.LazyFrame({"a": [1]}).select("b"), 'unable to find column "b"'),
        (pl.LazyFrame({"a": ["x"]}).cast(pl.Int64), "conversion from `str` to `i64` failed"),
    ],
)
def test_a_polars_query_that_fails_is_refused(query: pl.LazyFrame, expected: str) -> None:
    message = message_of(query)
    assert message.startswith("the Polars query failed: ")
    assert expected in message


@pytest.mark.parametrize("kind", [pl.Object, pl.Int128], ids=str)
def test_a_polars_type_that_arrow_does_not_have_is_refused(kind: pl.DataType) -> None:
    frame = pl.DataFrame({"x": pl.Series([1, 2], dtype=kind)})
    expected = f"column 'x' has type {kind}, which can't be stored; cast it, such as to String"
    assert expected in message_of(frame)
    assert expected in message_of(frame.lazy())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", 'q"', "é日", ""]), max_size=6),
    st.sampled_from([pl.Categorical, pl.Enum(["", "é日", "b", "zz", "a", 'q"'])]),
)
def test_polars_categories_come_back(values: list[str], kind: pl.DataType) -> None:
    frame = pl.DataFrame({"x": pl.Series([*values, None], dtype=kind)})
    back = pl.from_arrow(restored(open_table(frame)))
    assert back.schema == frame.schema
    assert back["x"].to_list() == frame["x"].to_list()


# ---- pandas -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("series", "kind", "values"),
    [
        (pd.Series([1.5, np.nan, np.inf]), pa.float64(), [1.5, math.nan, math.inf]),
        (pd.Series([1.5, np.nan], dtype="float32"), pa.float32(), [1.5, math.nan]),
        (pd.Series([1.5, None], dtype="Float64"), pa.float64(), [1.5, None]),
        (pd.Series([1, None], dtype="Int8"), pa.int8(), [1, None]),
        (pd.Series([True, None], dtype="boolean"), pa.bool_(), [True, None]),
        (pd.Series([2**64 - 1], dtype="uint64"), pa.uint64(), [2**64 - 1]),
        (pd.Series(["a", None, ""]), pa.large_string(), ["a", None, ""]),
        (pd.Series(["a", pd.NA], dtype="string"), pa.large_string(), ["a", None]),
        (pd.Series([1, None, np.nan], dtype=object), pa.float64(), [1.0, None, math.nan]),
        (pd.Series([None, np.nan], dtype=object), pa.float64(), [None, math.nan]),
        (pd.Series([None, None], dtype=object), pa.null(), [None, None]),
        (pd.Series(["a", np.nan, None, pd.NA], dtype=object), pa.string(), ["a", None, None, None]),
        (pd.Series([True, np.nan], dtype=object), pa.bool_(), [True, None]),
        (pd.Series([1, 2, None], dtype=object), pa.int64(), [1, 2, None]),
        (pd.Series([[1.0, np.nan], None, np.nan], dtype=object), pa.list_(pa.float64()), [[1.0, math.nan], None, None]),
        (pd.Series([{"a": 1}, None], dtype=object), pa.struct([("a", pa.int64())]), [{"a": 1}, None]),
        (pd.Series([np.array([1, 2]), None], dtype=object), pa.list_(pa.int64()), [[1, 2], None]),
        (pd.Series([dt.date(2020, 1, 1), pd.NaT], dtype=object), pa.date32(), [dt.date(2020, 1, 1), None]),
        (pd.Series([uuid.UUID(int=7), None], dtype=object), pa.uuid(), [uuid.UUID(int=7), None]),
        (pd.Series([0, 0, 1.5]).astype("Sparse[float]"), pa.float64(), [0.0, 0.0, 1.5]),
        (pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int8()))), pa.list_(pa.int8()), [[1], None]),
        (pd.Series(["a", None], dtype=pd.ArrowDtype(pa.string())), pa.string(), ["a", None]),
    ],
    ids=lambda value: str(getattr(value, "dtype", ""))[:30],
)
def test_a_pandas_column_keeps_its_type_and_what_is_missing(
    series: "pd.Series", kind: pa.DataType, values: list
) -> None:
    source = open_table(pd.DataFrame({"x": series}))
    assert source.schema.field("x").type == kind
    assert repr(table_of(source).column("x").to_pylist()) == repr(values)


def test_times_of_pandas_keep_their_unit_and_zone() -> None:
    days = pd.Series(pd.to_datetime(["2020-01-01", None]))
    frame = pd.DataFrame(
        {"t": days.astype("datetime64[ns]"), "z": days.dt.tz_localize("Europe/Paris"), "d": days - days}
    )
    table = table_of(open_table(frame))
    assert table.schema.field("t").type == pa.timestamp("ns")
    assert table.schema.field("z").type.tz == "Europe/Paris"
    assert pa.types.is_duration(table.schema.field("d").type)
    assert table.column("t").null_count == table.column("d").null_count == 1


def test_pandas_categories_keep_their_order() -> None:
    kinds = pd.Categorical(["a", None, "b"], categories=["b", "unused", "a"], ordered=True)
    source = open_table(pd.DataFrame({"kind": kinds}))
    assert source.categories["kind"].values.to_pylist() == ["b", "unused", "a"]
    assert source.categories["kind"].ordered
    back = restored(source).to_pandas()["kind"]
    assert list(back.cat.categories) == ["b", "unused", "a"]
    assert back.cat.ordered
    assert list(back.codes if hasattr(back, "codes") else back.cat.codes) == [2, -1, 0]


def test_the_index_of_pandas_is_left_out_and_names_become_text() -> None:
    frame = pd.DataFrame({0: [1], ("a", 1): [2]}, index=pd.Index(["row"], name="key"))
    assert table_of(open_table(frame)).to_pydict() == {"0": [1], "('a', 1)": [2]}


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns named 'a'"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "two columns named '1'"),
        (pd.DataFrame({"a": [1j]}), "column 'a' has type complex128, which can't be stored"),
        (pd.DataFrame({"a": [1, "x"]}, dtype=object), "mixes integers (row 1: 1) and text (row 2: 'x')"),
        (pd.DataFrame({"a": [None, {1}]}, dtype=object), "column 'a' holds values of type set, which can't be stored"),
        (pd.DataFrame({"a": [np.zeros((2, 2))]}), "column 'a' holds lists that can't be stored"),
        (pd.DataFrame({"a": np.array([1.5], dtype="float16")}), "types={'a': 'FLOAT'}"),
    ],
    ids=["names", "names as text", "complex", "mixed", "sets", "matrices", "halves"],
)
def test_a_pandas_column_that_can_not_be_stored_is_refused(frame: "pd.DataFrame", expected: str) -> None:
    message = message_of(frame)
    assert message.startswith("the pandas frame")
    assert expected in message


def test_a_class_derived_from_a_pandas_frame_is_one() -> None:
    class Special(pd.DataFrame):
        pass

    assert open_table(Special({"a": [1]})).name == "the pandas frame"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**53), 2**53)), min_size=1, max_size=6))
def test_numbers_in_an_object_column_come_back_with_none_and_nan_apart(values: list) -> None:
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    found = table_of(open_table(frame)).column("x").to_pylist()
    has_float = any(isinstance(value, float) for value in values)
    expected = [None if value is None else float(value) if has_float else value for value in values]
    assert repr(found) == repr(expected)


# ---- dictionaries -------------------------------------------------------------------------------------------------


def test_dictionaries_become_rows_with_all_their_keys() -> None:
    source = open_table([{"a": 1, "b": [1.5, None]}, {"c": {"x": "y"}}, {"a": None}])
    assert (source.name, source.n_rows) == ("the list of dictionaries", 3)
    assert table_of(source).to_pylist() == [
        {"a": 1, "b": [1.5, None], "c": None},
        {"a": None, "b": None, "c": {"x": "y"}},
        {"a": None, "b": None, "c": None},
    ]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5, None], pa.float64()),
        ([2**63], pa.uint64()),
        ([np.int8(1), None], pa.int8()),
        ([np.float32(1.5), None], pa.float32()),
        ([np.bool_(True)], pa.bool_()),
        ([np.datetime64("2020-01-01T00:00:00.000000001"), None], pa.timestamp("ns")),
        ([np.timedelta64(5, "s")], pa.duration("s")),
        ([pd.Timestamp("2020-01-01 00:00:00.000000001"), None], pa.timestamp("ns")),
        ([dt.datetime(2020, 1, 1, tzinfo=dt.UTC)], pa.timestamp("us", "UTC")),
        ([decimal.Decimal("1.50"), None], pa.decimal128(3, 2)),
        ([b"x", None], pa.binary()),
        ([(1, 2), [3]], pa.list_(pa.int64())),
        ([[], []], pa.list_(pa.null())),
        ([float("nan"), "x"], pa.string()),
    ],
    ids=str,
)
def test_python_values_have_the_type_that_keeps_them(values: list, kind: pa.DataType) -> None:
    source = open_table([{"x": value} for value in values])
    assert source.schema.field("x").type == kind
    assert len(table_of(source)) == len(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, None, "x"], "mixes integers (row 1: 1) and text (row 3: 'x'); make the column one kind"),
        ([True, 1], "mixes booleans (row 1: True) and integers (row 2: 1)"),
        ([dt.date(2020, 1, 1), dt.datetime(2020, 1, 1)], "mixes dates"),
        ([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)], "and timestamps with a zone (row 2"),
        ([[1], {"a": 1}], "mixes lists (row 1: [1]) and objects (row 2: {'a': 1})"),
        ([2**64], "holds integers of more than 64 bits; write them as text"),
        ([-1, 2**63], "holds integers of more than 64 bits; write them as text"),
        ([[1, "x"]], "holds lists that can't be stored"),
        ([{"a": 1}, {"a": "x"}], "holds objects that can't be stored"),
        (["\ud800"], "holds text that can't be stored"),
        ([Path], "holds values of type type, which can't be stored"),
        ([{}], "has type struct<>, which can't be stored"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_python_values_that_do_not_fit_together_are_refused(values: list, expected: str) -> None:
    message = message_of([{"x": value} for value in values])
    assert message.startswith("the list of dictionaries: column 'x' ")
    assert expected in message


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([{"a": 1}, 5], "item 2 is of type int, no dictionary"),
        ([{1: 2}], "the key 1 is no text"),
        ([1, 2], "objects of type int are no table"),
        (["a", "b"], "objects of type str are no table"),
    ],
)
def test_a_list_of_other_things_is_refused(items: list, expected: str) -> None:
    assert expected in message_of(items)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=4)
COLUMNS = st.sampled_from(
    [
        st.integers(-(2**63), 2**63 - 1),
        st.text(st.characters(codec="utf-8"), max_size=5),
        st.booleans(),
        st.floats(),
        st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)).map(lambda when: when.replace(fold=0)),
        st.lists(st.floats() | st.none(), max_size=3),
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_dictionaries_come_back_as_they_were(data: st.DataObject) -> None:
    names = data.draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=str.casefold))
    values = {name: data.draw(COLUMNS) | st.none() for name in names}
    rows = data.draw(st.lists(st.fixed_dictionaries(values), min_size=1, max_size=4))
    found = table_of(open_table(rows)).to_pylist()
    assert [{name: repr(row[name]) for name in names} for row in found] == [
        {name: repr(row[name]) for name in names} for row in rows
    ]


def _nested(levels: int, kind: str) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value] if kind == "list" else {"a": value}
    return value


def _holding_itself(kind: str) -> object:
    items: list[object] = []
    items.append(items)
    return items if kind == "list" else {"a": items}


@pytest.mark.parametrize("kind", ["list", "dictionary"])
def test_values_are_nested_so_deep_and_no_deeper(kind: str) -> None:
    deepest = [{"id": 1, "v": _nested(MOST_LEVELS, kind)}]
    assert pa.Table.from_batches(open_table(deepest).batches()).to_pylist() == deepest
    for value in (_nested(MOST_LEVELS + 1, kind), _nested(2_000, kind), _holding_itself(kind)):
        with pytest.raises(
            InvalidInput, match=rf"'v' holds a value that is nested more than {MOST_LEVELS} levels deep"
        ):
            open_table([{"id": 1, "v": value}])


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 2_000])
def test_arrow_types_are_nested_no_deeper_either(levels: int) -> None:
    kind = pa.int64()
    for _ in range(levels):
        kind = pa.list_(kind)
    with pytest.raises(InvalidInput, match=f"column 'v' is nested more than {MOST_LEVELS} levels deep"):
        open_table(pa.table({"id": [1], "v": pa.nulls(1, kind)}))
