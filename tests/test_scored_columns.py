"""The columns that scorers return: the type that fits several batches, and what is stored of a value."""

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolena_store.errors import ChangedType
from kolena_store.workflows.scored_columns import arrow_type, column_kind, common_kinds, stored_column

NUMBERS = st.one_of(st.none(), st.floats(), st.integers(-5, 5).map(float))


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ([pa.int8(), pa.uint64()], "BIGINT"),
        ([pa.int8(), pa.float32()], "DOUBLE"),
        ([pa.null(), pa.bool_(), pa.null()], "BOOLEAN"),
        ([pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())], "VARCHAR"),
        ([pa.decimal128(5, 2), pa.int64()], "DOUBLE"),
        ([pa.list_(pa.null()), pa.large_list(pa.int16()), pa.list_(pa.float64(), 3)], "DOUBLE[]"),
        ([pa.list_(pa.list_(pa.string()))], "VARCHAR[][]"),
        ([pa.null()], "NULL"),
    ],
)
def test_one_kind_fits_all_batches(types: list[pa.DataType], expected: str) -> None:
    for order in (types, types[::-1]):
        assert common_kinds("it", [{"x": column_kind("x", one)} for one in order]) == {"x": expected}


@pytest.mark.parametrize(
    "types",
    [
        (pa.bool_(), pa.int8()),
        (pa.string(), pa.int8()),
        (pa.list_(pa.int8()), pa.int8()),
        (pa.binary(),),
        (pa.date32(),),
    ],
)
def test_some_types_fit_nothing(types: tuple[pa.DataType, ...]) -> None:
    with pytest.raises(ChangedType, match="return one type for all|return numbers, booleans, text, or lists of these"):
        common_kinds("it", [{"x": column_kind("x", one)} for one in types])


def plainly(value: Any) -> Any:
    if isinstance(value, list):
        return [plainly(one) for one in value]
    return value if value is None or math.isfinite(value) else None


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(
        st.one_of(st.none(), st.lists(st.one_of(st.none(), st.lists(NUMBERS, max_size=3)), max_size=3)), max_size=8
    ),
    cut=st.integers(0, 8),
)
def test_what_is_not_finite_is_missing_however_deep_it_lies(values: list[Any], cut: int) -> None:
    kind = arrow_type("DOUBLE[][]")
    column = pa.chunked_array([pa.array(values, kind).slice(cut), pa.array(values, kind)])
    assert stored_column(column, kind, len(column)).to_pylist() == plainly([*values[cut:], *values])


def test_a_column_that_is_not_there_is_missing_throughout() -> None:
    assert stored_column(None, pa.bool_(), 2).to_pylist() == [None, None]
