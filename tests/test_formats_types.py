"""Types by name, the changes that keep every value, categories, and the way back from what is stored."""

import datetime as dt
import decimal
import uuid
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolena_store.errors import InvalidInput
from kolena_store.formats import Categories, duckdb_type, is_widening, open_table, restore_types
from kolena_store.formats.casts import cast_array
from kolena_store.formats.categories import CategoryCollector
from kolena_store.formats.nesting import children_of, plain_type, with_children
from kolena_store.formats.type_names import arrow_type, storable_type

WORDS = pa.dictionary(pa.int8(), pa.string())
MONEY = decimal.Decimal("1.50")
NESTED = pa.list_(pa.struct([("x", pa.int64()), ("words", WORDS)]))


# ---- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pa.int8(), "TINYINT"),
        (pa.uint64(), "UBIGINT"),
        (pa.float32(), "FLOAT"),
        (pa.string(), "VARCHAR"),
        (pa.large_string(), "VARCHAR"),
        (pa.string_view(), "VARCHAR"),
        (WORDS, "VARCHAR"),
        (pa.binary(4), "BLOB"),
        (pa.timestamp("ns"), "TIMESTAMP_NS"),
        (pa.timestamp("us", "UTC"), "TIMESTAMP WITH TIME ZONE"),
        (pa.duration("ms"), "BIGINT"),
        (pa.decimal128(10, 2), "DECIMAL(10,2)"),
        (pa.uuid(), "UUID"),
        (NESTED, "STRUCT(x BIGINT, words VARCHAR)[]"),
        (pa.map_(pa.string(), pa.float64()), "MAP(VARCHAR, DOUBLE)"),
    ],
    ids=str,
)
def test_duckdb_names_the_type_that_a_parquet_column_has(kind: pa.DataType, name: str) -> None:
    assert duckdb_type(kind) == name


def test_names_of_types_asked_for_one_after_the_other_do_not_mix() -> None:
    kinds = [pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16(), pa.uint32(), pa.list_(pa.int8())]
    names = ["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER", "TINYINT[]"]
    duckdb_type.cache_clear()
    assert [duckdb_type(kind) for kind in kinds] == names


def test_a_type_that_parquet_does_not_have_has_no_name() -> None:
    with pytest.raises(InvalidInput, match="can't be stored"):
        duckdb_type(pa.month_day_nano_interval())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bigint", pa.int64()),
        ("INT8", pa.int64()),
        ("TEXT", pa.string()),
        ("VARCHAR(20)", pa.string()),
        ("REAL", pa.float32()),
        ("DECIMAL(10,2)", pa.decimal128(10, 2)),
        ("TIMESTAMPTZ", pa.timestamp("us", "UTC")),
        ("DATETIME", pa.timestamp("us")),
        ("TIMESTAMP_S", pa.timestamp("s")),
        ("TIME", pa.time64("us")),
        ("BLOB", pa.binary()),
        ("UUID", pa.uuid()),
        ("INTEGER[]", pa.list_(pa.int32())),
        ("FLOAT[3]", pa.list_(pa.float32(), 3)),
        ("MAP(VARCHAR, INTEGER[])", pa.map_(pa.string(), pa.list_(pa.int32()))),
        ('STRUCT("a b" DOUBLE, c VARCHAR[])', pa.struct([("a b", pa.float64()), ("c", pa.list_(pa.string()))])),
    ],
)
def test_a_declared_name_means_an_arrow_type(name: str, kind: pa.DataType) -> None:
    assert arrow_type(name) == kind


SIMPLE = [pa.bool_(), pa.int8(), pa.int64(), pa.uint16(), pa.float32(), pa.float64(), pa.string(), pa.date32()]
SIMPLE += [pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.decimal128(12, 3), pa.binary(), pa.uuid()]
TYPES = st.recursive(
    st.sampled_from(SIMPLE),
    lambda inner: (
        inner.map(pa.list_)
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda kinds: pa.struct([(f"f{i} x", kind) for i, kind in enumerate(kinds)])
        )
    ),
    max_leaves=4,
)


@settings(max_examples=25, deadline=None)
@given(TYPES)
def test_the_name_of_a_type_means_that_type(kind: pa.DataType) -> None:
    assert arrow_type(duckdb_type(kind)) == kind


# ---- what can be stored -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "nearest"),
    [
        (pa.null(), pa.null()),
        (pa.float16(), pa.float32()),
        (pa.decimal256(38, 2), pa.decimal256(38, 2)),
        (pa.decimal256(39, 2), pa.float64()),
        (pa.decimal128(5, -1), pa.float64()),
        (pa.run_end_encoded(pa.int32(), pa.float16()), pa.float32()),
        (pa.large_list(pa.float16()), pa.large_list(pa.float32())),
        (pa.map_(pa.string(), pa.float16()), pa.map_(pa.string(), pa.float32())),
        (pa.struct([("a", pa.month_day_nano_interval())]), None),
        (pa.list_(pa.struct([])), None),
        (pa.fixed_shape_tensor(pa.float16(), [2]), None),
        (pa.fixed_shape_tensor(pa.float32(), [2]), pa.fixed_shape_tensor(pa.float32(), [2])),
        (pa.json_(pa.string()), pa.json_(pa.string())),
    ],
    ids=str,
)
def test_the_nearest_type_that_can_be_stored(kind: pa.DataType, nearest: pa.DataType | None) -> None:
    assert storable_type(kind) == nearest


@given(TYPES)
def test_a_type_put_together_from_its_parts_is_the_same(kind: pa.DataType) -> None:
    assert with_children(kind, [child.type for child in children_of(kind)]) == kind
    assert plain_type(kind) == storable_type(kind) == kind


def test_plain_types_have_no_dictionary_and_no_view_inside() -> None:
    assert plain_type(NESTED) == pa.list_(pa.struct([("x", pa.int64()), ("words", pa.string())]))
    assert plain_type(pa.map_(pa.string(), WORDS)) == pa.map_(pa.string(), pa.string())
    assert plain_type(pa.list_(WORDS, 2)) == pa.list_(pa.string(), 2)
    assert plain_type(pa.string_view()) == pa.string_view()
    assert plain_type(pa.large_list_view(pa.string_view())) == pa.large_list_view(pa.large_string())


# ---- widening -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "widens"),
    [
        (pa.int8(), pa.int64(), True),
        (pa.int64(), pa.int32(), False),
        (pa.uint8(), pa.int16(), True),
        (pa.uint32(), pa.uint64(), True),
        (pa.uint64(), pa.int64(), False),
        (pa.uint8(), pa.int8(), False),
        (pa.int8(), pa.uint64(), False),
        (pa.float32(), pa.float64(), True),
        (pa.float64(), pa.float32(), False),
        (pa.int8(), pa.float64(), False),
        (pa.float64(), pa.int64(), False),
        (pa.bool_(), pa.int64(), False),
        (pa.null(), NESTED, True),
        (pa.int64(), pa.null(), False),
        (pa.string(), pa.large_string(), True),
        (pa.string_view(), pa.string(), True),
        (pa.binary(), pa.large_binary(), True),
        (pa.binary(), pa.string(), False),
        (pa.int64(), pa.string(), False),
        (WORDS, pa.large_string(), True),
        (pa.string(), WORDS, True),
        (pa.dictionary(pa.int8(), pa.int32()), pa.int64(), True),
        (pa.timestamp("us"), pa.timestamp("us"), True),
        (pa.timestamp("us"), pa.timestamp("ns"), False),
        (pa.timestamp("us"), pa.timestamp("us", "UTC"), False),
        (pa.date32(), pa.timestamp("us"), False),
        (pa.decimal128(10, 2), pa.decimal128(12, 2), True),
        (pa.decimal128(10, 2), pa.decimal128(12, 3), False),
        (pa.uuid(), pa.uuid(), True),
        (pa.uuid(), pa.binary(16), False),
        (pa.list_(pa.int8()), pa.large_list(pa.int64()), True),
        (pa.list_(pa.null()), pa.list_(pa.string()), True),
        (pa.list_(pa.int64()), pa.int64(), False),
        (pa.list_(pa.int8(), 2), pa.list_(pa.int16(), 2), True),
        (pa.list_(pa.int8(), 2), pa.list_(pa.int8(), 3), False),
        (pa.map_(pa.string(), pa.int8()), pa.map_(pa.large_string(), pa.int16()), True),
        (pa.struct([("a", pa.int8())]), pa.struct([("b", pa.string()), ("a", pa.int16())]), True),
        (pa.struct([("a", pa.int8()), ("b", pa.int8())]), pa.struct([("a", pa.int8())]), False),
        (pa.struct([("a", pa.int64())]), pa.struct([("a", pa.float64())]), False),
        (pa.struct([("a", pa.int64())]), pa.list_(pa.int64()), False),
    ],
    ids=str,
)
def test_a_type_widens_when_every_value_stays(old: pa.DataType, new: pa.DataType, widens: bool) -> None:
    assert is_widening(old, new) is widens


@settings(deadline=None)
@given(TYPES, TYPES)
def test_a_type_widens_to_itself_and_both_ways_only_to_its_like(one: pa.DataType, other: pa.DataType) -> None:
    assert is_widening(one, one)
    assert is_widening(pa.null(), one)
    if is_widening(one, other) and is_widening(other, one):
        assert duckdb_type(one) == duckdb_type(other)


INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]


def bounds_of(kind: pa.DataType) -> tuple[int, int]:
    is_signed = pa.types.is_signed_integer(kind)
    return (-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1) if is_signed else (0, 2**kind.bit_width - 1)


@pytest.mark.parametrize("old", INTEGERS, ids=str)
@pytest.mark.parametrize("new", INTEGERS, ids=str)
def test_an_integer_widens_exactly_when_its_bounds_fit(old: pa.DataType, new: pa.DataType) -> None:
    bounds = pa.array(bounds_of(old), old)
    try:
        fits = bounds.cast(new).to_pylist() == list(bounds_of(old))
    except pa.ArrowInvalid:
        fits = False
    assert is_widening(old, new) is fits


# ---- categories ---------------------------------------------------------------------------------------------------


def categories(*values: object, ordered: bool = False, index_type: pa.DataType | None = None) -> Categories:
    return Categories(values=pa.array(values), ordered=ordered, index_type=index_type or pa.int8())


def test_categories_survive_as_bytes() -> None:
    for one in (categories("b", "a", ordered=True), categories(3, 1, index_type=pa.uint32())):
        back = Categories.deserialize(one.serialize())
        assert back.values.equals(one.values)
        assert (back.ordered, back.index_type, back.value_type, back.type) == (
            one.ordered,
            one.index_type,
            one.value_type,
            one.type,
        )


def test_categories_without_any_value_survive_as_bytes() -> None:
    empty = Categories(values=pa.array([], pa.large_string()), ordered=True, index_type=pa.int16())
    assert Categories.deserialize(empty.serialize()).type == empty.type


def test_collected_categories_are_in_order_of_appearance_without_null_and_repeats() -> None:
    schema = pa.schema([("a", WORDS), ("b", pa.int64()), ("c", pa.dictionary(pa.int8(), pa.list_(pa.int8())))])
    collector = CategoryCollector(schema)
    assert collector.names == ["a"]
    assert collector.result()["a"].values.equals(pa.array([], pa.string()))
    for values in (["b", None, "a"], ["a", "c"], ["a", "c"], ["b"]):
        collector.add("a", pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), pa.array(values, pa.string())))
    assert collector.result()["a"].values.to_pylist() == ["b", "a", "c"]


def test_a_stored_value_that_is_no_category_is_added_at_the_end() -> None:
    stored = pa.table({"x": pa.chunked_array([["a", "new"], ["other", None]])})
    back = restore_types(stored, stored.schema, {"x": categories("b", "a", ordered=True)}).column("x")
    assert back.to_pylist() == ["a", "new", "other", None]
    assert [chunk.dictionary.to_pylist() for chunk in back.chunks] == [["b", "a", "new", "other"]] * 2
    assert back.type.ordered


def test_more_categories_than_the_index_can_count_get_a_wider_index() -> None:
    words = [f"w{i}" for i in range(200)]
    stored = pa.table({"x": words})
    back = restore_types(stored, stored.schema, {"x": categories("w0")}).column("x")
    assert back.to_pylist() == words
    assert pa.types.is_int64(back.type.index_type)


@pytest.mark.parametrize("kind", [pa.string_view(), pa.large_string(), pa.int32(), pa.date32(), pa.bool_()], ids=str)
def test_categories_of_any_single_type_come_back(kind: pa.DataType) -> None:
    values = {pa.date32(): [dt.date(2020, 1, 2), dt.date(2020, 1, 1)], pa.bool_(): [True, False], pa.int32(): [7, 5]}
    known = pa.array(values.get(kind, ["b", "a"]), kind)
    array = pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int8()), known, ordered=True)
    source = open_table(pa.table({"x": array}))
    plain = pa.Table.from_batches(list(source.batches()), source.schema)
    assert plain.schema.field("x").type == kind
    back = restore_types(plain, source.schema, source.categories).column("x")
    assert back.type == array.type
    assert back.chunk(0).dictionary.equals(known)


# ---- the way back -------------------------------------------------------------------------------------------------

ONE_UUID = uuid.UUID(int=5)
ARRAYS = {
    "null": pa.nulls(2),
    "uint64": pa.array([2**64 - 1, None], pa.uint64()),
    "float32": pa.array([1.5, None], pa.float32()),
    "large_string": pa.array(["a", None], pa.large_string()),
    "string_view": pa.array(["a", None], pa.string_view()),
    "binary_view": pa.array([b"a", None], pa.binary_view()),
    "fixed_binary": pa.array([b"ab", None], pa.binary(2)),
    "date64": pa.array([dt.date(2020, 1, 1), None], pa.date64()),
    "time32": pa.array([dt.time(1, 2), None], pa.time32("s")),
    "time64": pa.array([dt.time(1, 2), None], pa.time64("ns")),
    "seconds": pa.array([dt.datetime(2020, 1, 1), None], pa.timestamp("s")),
    "nanoseconds": pa.array([1_000_000_007, None], pa.timestamp("ns")),
    "zoned": pa.array([10**9, None], pa.timestamp("us", "Europe/Paris")),
    "duration": pa.array([5, None], pa.duration("ns")),
    "decimal32": pa.array([MONEY, None], pa.decimal32(5, 2)),
    "decimal256": pa.array([MONEY, None], pa.decimal256(38, 2)),
    "list": pa.array([[1, None], None]),
    "large_list": pa.array([[1], None], pa.large_list(pa.int8())),
    "list_view": pa.array([[1], None], pa.list_view(pa.int8())),
    "large_list_view": pa.array([[1], None], pa.large_list_view(pa.int8())),
    "fixed_list": pa.array([[1, 2], None], pa.list_(pa.float32(), 2)),
    "struct": pa.array([{"a": 1, "n": None}, None], pa.struct([("a", pa.int64()), ("n", pa.null())])),
    "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    "uuid": pa.array([ONE_UUID, None]),
    "json": pa.array(['{"a":1}', None], pa.json_(pa.string())),
    "bool8": pa.array([True, None]).cast(pa.bool8()),
    "tensor": pa.ExtensionArray.from_storage(
        pa.fixed_shape_tensor(pa.float32(), [2]), pa.array([[1, 2], None], pa.list_(pa.float32(), 2))
    ),
    "dictionary": pa.array(["a", None]).dictionary_encode(),
    "structs of nothing": pa.array(
        [[{"a": None, "b": 1}], None], pa.list_(pa.struct([("a", pa.null()), ("b", pa.int8())]))
    ),
    "list of uuids": pa.ListArray.from_arrays(pa.array([0, 1, 1]), pa.array([ONE_UUID])),
    "list of nothing": pa.array([[None], []]),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("reader", ["pyarrow", "duckdb"])
@pytest.mark.parametrize("name", ARRAYS)
def test_a_stored_column_gets_its_type_back_from_whoever_reads_it(tmp_path: Path, name: str, reader: str) -> None:
    table = pa.table({"x": ARRAYS[name]})
    source = open_table(table)
    path = tmp_path / "stored.parquet"
    pq.write_table(pa.Table.from_batches(list(source.batches()), source.schema), path)
    select = "SELECT * FROM read_parquet($path)"
    stored = (
        pq.read_table(path)
        if reader == "pyarrow"
        else duckdb.connect().sql(select, params={"path": str(path)}).to_arrow_table()
    )
    back = restore_types(stored, source.schema, source.categories)
    assert back.schema.field("x").type == table.schema.field("x").type
    assert back.column("x").to_pylist() == table.column("x").to_pylist()


def test_columns_that_the_schema_does_not_name_stay_as_they_are() -> None:
    stored = pa.table({"_sample": [1], "x": pa.array([5], pa.int64())})
    back = restore_types(stored, pa.schema([pa.field("x", pa.int8(), metadata={"unit": "m"}), ("gone", pa.int8())]), {})
    assert back.schema.names == ["_sample", "x"]
    assert back.schema.field("x").equals(pa.field("x", pa.int8(), metadata={"unit": "m"}), check_metadata=True)


def test_a_dictionary_type_without_kept_categories_comes_back_from_the_values() -> None:
    stored = pa.table({"x": ["b", "a", "b"]})
    back = restore_types(stored, pa.schema([("x", WORDS)]), {})
    assert back.schema.field("x").type == WORDS
    assert back.column("x").to_pylist() == ["b", "a", "b"]


def test_a_table_without_rows_gets_its_types_back() -> None:
    for array in ARRAYS.values():
        schema = pa.schema([("x", array.type)])
        source = open_table(pa.table({"x": array.slice(0, 0)}))
        empty = pa.Table.from_arrays([pa.chunked_array([], source.schema.field("x").type)], schema=source.schema)
        assert restore_types(empty, source.schema, source.categories).schema.types == schema.types


def test_stored_values_that_do_not_fit_are_refused() -> None:
    stored = pa.table({"x": [300]})
    with pytest.raises(InvalidInput, match="stored column 'x' \\(int64\\) can't be read as int8"):
        restore_types(stored, pa.schema([("x", pa.int8())]), {})
    with pytest.raises(InvalidInput, match="can't be read as null: it has values"):
        restore_types(stored, pa.schema([("x", pa.null())]), {})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.none() | st.lists(st.none() | st.fixed_dictionaries({"a": st.none() | st.integers(0, 99)}), max_size=3)
    ),
    st.integers(0, 3),
    st.sampled_from([pa.list_, pa.large_list, pa.list_view, pa.large_list_view]),
)
def test_lists_of_structs_are_cast_value_by_value_also_when_sliced(values: list, start: int, layout) -> None:
    before = pa.array(values, pa.list_(pa.struct([("a", pa.int64())]))).slice(start)
    after = cast_array(before, layout(pa.struct([("new", pa.null()), ("a", pa.int8())])))
    expected = [one and [part and {"new": None, **part} for part in one] for one in values[start:]]
    assert after.to_pylist() == expected
    after.validate(full=True)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (2**62, pa.timestamp("s")),
        (-(2**62), pa.timestamp("s", "UTC")),
        ([2**62], pa.list_(pa.timestamp("s"))),
        ({"a": 2**62}, pa.struct([("a", pa.timestamp("s"))])),
    ],
)
def test_seconds_that_parquet_can_not_keep_are_refused(value: object, kind: pa.DataType) -> None:
    source = open_table(pa.table({"id": [1], "at": pa.array([value], kind)}))
    with pytest.raises(InvalidInput, match=r"column 'at' .* out of bounds"):
        list(source.batches())
