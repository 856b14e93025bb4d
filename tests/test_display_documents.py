"""CSV and JSON as other programs read them."""

import base64
import csv
import datetime
import decimal
import enum
import io
import json
import math
import pathlib
import uuid
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.display import csv_text, json_text
from kolena_store.errors import InvalidInput

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
NESTED = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
FIELDS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4)


class Side(enum.Enum):
    HIGHER = "higher"


@dataclass(frozen=True, slots=True)
class Row:
    metric: str
    value: float | None
    side: Side = Side.HIGHER


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def refuse_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def parsed(value: object) -> object:
    return json.loads(json_text(value), parse_constant=refuse_constant)


@given(FIELDS)
def test_csv_text_reads_back(row: list[str]) -> None:
    names = [f"column {position}" for position in range(len(row))]
    assert read_back(csv_text(names, [row, row])) == [names, row, row]


def test_csv_lines_end_as_rfc_4180_says_and_quotes_are_doubled() -> None:
    assert csv_text(["a", 'b"'], [["x,y", 'say "no"'], ["one\ntwo", " z "]]) == (
        'a,"b"""\r\n"x,y","say ""no"""\r\n"one\ntwo"," z "\r\n'
    )


def test_csv_keeps_none_and_empty_text_apart() -> None:
    assert csv_text(["a", "b"], [[None, ""]]) == 'a,b\r\n,""\r\n'
    assert csv_text(["a"], [[None], ["x"]]) == 'a\r\n""\r\nx\r\n'
    assert csv_text(["a"], []) == "a\r\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (0.1, "0.1"),
        (1e-300, "1e-300"),
        (True, "true"),
        (10**30, str(10**30)),
        (decimal.Decimal("1.50"), "1.50"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.datetime(2024, 2, 29, 1, 2, tzinfo=datetime.UTC), "2024-02-29T01:02:00+00:00"),
        (datetime.time(1, 2, 3), "01:02:03"),
        (datetime.timedelta(days=1, microseconds=5), "PT86400.000005S"),
        (datetime.timedelta(seconds=-90), "PT-90S"),
        (b"\x00\xff", base64.b64encode(b"\x00\xff").decode()),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        ([1, None, "é"], '"[1, null, ""é""]"'),
        ({"a": math.nan}, '"{""a"": ""NaN""}"'),
        ("=1+1", "=1+1"),
    ],
)
def test_csv_writes_each_type_one_way(value: object, text: str) -> None:
    assert csv_text(["a"], [[value]]) == f"a\r\n{text}\r\n"


@given(NESTED)
def test_json_reads_back(value: object) -> None:
    assert parsed(value) == value


@given(st.floats() | st.lists(st.floats()))
def test_json_has_no_constants_that_other_parsers_refuse(value: object) -> None:
    json.loads(json_text(value), parse_constant=refuse_constant)


def test_json_keeps_none_nan_and_infinities_apart() -> None:
    assert parsed([None, math.nan, math.inf, -math.inf, np.float32("nan")]) == [
        None,
        "NaN",
        "Infinity",
        "-Infinity",
        "NaN",
    ]


def test_json_of_dataclasses_enums_mappings_sets_and_tuples() -> None:
    pair = namedtuple("pair", ["low", "high"])
    value = {1: MappingProxyType({None: {3, 1}}), Side.HIGHER: pair(0.1, 0.2), "row": Row("f1", None)}
    assert parsed(value) == {
        "1": {"null": [1, 3]},
        "higher": [0.1, 0.2],
        "row": {"metric": "f1", "value": None, "side": "higher"},
    }


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.float32(0.5), 0.5),
        (np.str_("x"), "x"),
        (np.array([[1.0, np.nan], [np.inf, 2.0]]), [[1.0, "NaN"], ["Infinity", 2.0]]),
        (np.datetime64("2024-02-29T01:02:03.000000005"), "2024-02-29T01:02:03.000000005"),
        (pa.scalar(5), 5),
        (pa.array([1, None]), [1, None]),
        (pa.scalar(decimal.Decimal("1.5")), "1.5"),
    ],
)
def test_json_of_numpy_and_arrow_values(value: object, plain: object) -> None:
    assert parsed(value) == plain


def test_json_of_half_a_surrogate_pair_can_be_written_as_utf_8() -> None:
    text = json_text({"name": "\ud800 日本"})
    text.encode("utf-8")
    assert json.loads(text) == {"name": "\ud800 日本"}


def test_json_is_compact_on_request_and_keeps_unicode_readable() -> None:
    assert json_text({"a": ["é"]}, indent=None) == '{"a": ["é"]}'
    assert json_text({"a": 1}) == '{\n  "a": 1\n}'


def test_two_keys_with_the_same_text_are_refused() -> None:
    with pytest.raises(InvalidInput, match="rename one"):
        json_text({1: "a", "1": "b"})


@pytest.mark.parametrize("write", [json_text, lambda value: csv_text(["a"], [[value]])])
def test_a_value_without_a_text_form_is_refused(write: Callable[[object], str]) -> None:
    with pytest.raises(InvalidInput, match="type object can't be written"):
        write(object())
