"""JSON files: nested values, missing keys, numbers that Python alone writes, and the line on which a file is wrong."""

import datetime as dt
import gzip
import json
import math
import uuid
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolena_store.errors import ChangedType, EmptyInput, InvalidInput, MalformedFile, MissingColumns, StoreError
from kolena_store.formats import TableInput, open_table
from kolena_store.formats.json_search import LINES, JsonFile
from kolena_store.formats.json_shapes import Shape
from kolena_store.formats.json_types import fitted_type, stored_type

MANY_ROWS = 20_000


def table_of(source: TableInput) -> pa.Table:
    batches = list(source.batches())
    assert all(batch.schema.equals(source.schema) for batch in batches)
    assert source.n_rows == sum(batch.num_rows for batch in batches)
    return pa.Table.from_batches(batches, source.schema)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.jsonl"


def read(path: Path, text: str | bytes, **options: object) -> pa.Table:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return table_of(open_table(path, **options))


def column_of(path: Path, *values: str, **options: object) -> pa.ChunkedArray:
    return read(path, "".join(f'{{"x":{value}}}\n' for value in values), **options).column("x")


def message_of(path: Path, text: str | bytes, error: type[StoreError] = MalformedFile, **options: object) -> str:
    with pytest.raises(error) as raised:
        read(path, text, **options)
    return str(raised.value)


# ---- types that are found -----------------------------------------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "0"], pa.int64()),
        (["1", "2.5"], pa.float64()),
        (["1.0"], pa.float64()),
        (["1", "NaN"], pa.float64()),
        (["Infinity", "-Infinity"], pa.float64()),
        (["9223372036854775807", "-9223372036854775808"], pa.int64()),
        (["18446744073709551615", "0"], pa.uint64()),
        (["1.5", "123456789012345678901234"], pa.float64()),
        (["true", "false"], pa.bool_()),
        (['"2020-01-01"'], pa.string()),
        (['"2020-01-01T10:00:00"', '"7"'], pa.string()),
        (['"550e8400-e29b-41d4-a716-446655440000"'], pa.string()),
        (["null"], pa.null()),
        (["{}"], pa.null()),
        (["[]"], pa.list_(pa.null())),
        (["[]", "[1]"], pa.list_(pa.int64())),
        (["[1,2.5,null]"], pa.list_(pa.float64())),
        (["[[1],[]]"], pa.list_(pa.list_(pa.int64()))),
        (['{"a":1}', '{"b":"x"}'], pa.struct([("a", pa.int64()), ("b", pa.string())])),
        (['{"a":{}}'], pa.struct([("a", pa.null())])),
        (['[{"a":{}},{}]'], pa.list_(pa.struct([("a", pa.null())]))),
        (['[{"a":[{"b":true}]}]'], pa.list_(pa.struct([("a", pa.list_(pa.struct([("b", pa.bool_())])))]))),
    ],
    ids=str,
)
def test_a_column_has_the_type_that_holds_all_its_values(path: Path, values: list[str], kind: pa.DataType) -> None:
    assert column_of(path, *values, "null").type == kind


def test_keys_become_columns_in_the_order_of_their_first_appearance(path: Path) -> None:
    table = read(path, '{"b":1}\n{"a":2,"b":null}\n\n{"c":{"x":1}}\n')
    assert table.schema.names == ["b", "a", "c"]
    assert table.to_pylist() == [
        {"b": 1, "a": None, "c": None},
        {"b": None, "a": 2, "c": None},
        {"b": None, "a": None, "c": {"x": 1}},
    ]


def test_nan_infinity_and_null_stay_three_things_at_any_depth(path: Path) -> None:
    values = column_of(path, '{"a":[NaN,Infinity,-Infinity,null,1]}').to_pylist()[0]["a"]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf, None, 1.0]


def test_integers_of_64_bits_keep_every_digit(path: Path) -> None:
    values = [9007199254740993, 9223372036854775807, -9223372036854775808]
    assert column_of(path, *map(str, values)).to_pylist() == values
    assert column_of(path, "18446744073709551615", "1").to_pylist() == [2**64 - 1, 1]


def test_a_key_may_hold_any_character(path: Path) -> None:
    row = {'we"i.rd $x[0]': 1, "日本 é": "x", "select": {"a'b": [1], 'c"d': None, "{rows}": 2}, "a\nb": True}
    assert read(path, json.dumps(row)).to_pylist() == [row]


def test_objects_without_keys_beside_others_are_objects(path: Path) -> None:
    assert column_of(path, "{}", '{"a":1}').to_pylist() == [{"a": None}, {"a": 1}]


def test_a_late_value_decides_as_much_as_an_early_one(path: Path) -> None:
    rows = "".join(f'{{"a":{row},"b":null}}\n' for row in range(MANY_ROWS))
    table = read(path, rows + '{"a":0.5,"b":[{"x":1}],"c":"new"}\n')
    assert table.schema.types == [pa.float64(), pa.list_(pa.struct([("x", pa.int64())])), pa.string()]
    assert table.num_rows == MANY_ROWS + 1


def test_a_thousand_keys_are_read(path: Path) -> None:
    row = {f"field {i}": [i, i + 0.5, f"t{i}", {"x": i}][i % 4] for i in range(1_000)}
    assert read(path, "\n".join([json.dumps(row)] * 3)).to_pylist() == [row] * 3


# ---- Python's own reader as the oracle ----------------------------------------------------------------------------

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=3)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats())


def values_of_one_kind() -> st.SearchStrategy[st.SearchStrategy[object]]:
    """Strategies whose values fit into one column, nested up to three levels deep."""
    single = st.sampled_from([TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(width=32), NUMBERS])

    def nested(inner: st.SearchStrategy[st.SearchStrategy[object]]) -> st.SearchStrategy[st.SearchStrategy[object]]:
        lists = inner.map(lambda one: st.lists(one | st.none(), max_size=3))
        names = st.lists(NAMES, min_size=1, max_size=3, unique_by=str.casefold)
        objects = names.flatmap(
            lambda keys: st.tuples(*[inner] * len(keys)).map(
                lambda ones: st.fixed_dictionaries({}, optional=dict(zip(keys, ones, strict=True)))
            )
        )
        return lists | objects

    return st.recursive(single, nested, max_leaves=4)


def normal(value: object, kind: pa.DataType) -> object:
    """A value as it must come back: keys that are not there are NULL, integers in a column of numbers are numbers."""
    if value is None or pa.types.is_null(kind):
        return None
    if pa.types.is_list(kind):
        return [normal(part, kind.value_type) for part in value]
    if pa.types.is_struct(kind):
        return {
            kind.field(i).name: normal(value.get(kind.field(i).name), kind.field(i).type)
            for i in range(kind.num_fields)
        }
    return repr(float(value)) if pa.types.is_floating(kind) else value


@pytest.mark.sampled(2)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_python_writes_comes_back(data: st.DataObject, tmp_path_factory) -> None:
    columns = data.draw(st.dictionaries(NAMES, values_of_one_kind(), min_size=1, max_size=3))
    columns = {name.casefold(): (name, one) for name, one in columns.items()}
    rows = data.draw(
        st.lists(
            st.fixed_dictionaries({}, optional={name: one | st.none() for name, one in columns.values()}), max_size=4
        )
    )
    path = tmp_path_factory.mktemp("json") / "t.jsonl"
    if not any(rows):
        return
    table = read(path, "\n".join(json.dumps(row, ensure_ascii=data.draw(st.booleans())) for row in rows))
    for name, kind in zip(table.schema.names, table.schema.types, strict=True):
        found = [normal(value, kind) for value in table.column(name).to_pylist()]
        assert found == [normal(row.get(name), kind) for row in rows]


@pytest.mark.sampled(2)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_search_row_by_row_finds_the_types_that_duckdb_finds(data: st.DataObject, tmp_path_factory) -> None:
    column = data.draw(values_of_one_kind())
    rows = data.draw(st.lists(column | st.none(), min_size=1, max_size=4))
    path = tmp_path_factory.mktemp("json") / "t.jsonl"
    table = read(path, "\n".join(json.dumps({"x": value}) for value in rows))
    shape = JsonFile(path=path, label="t", layout=LINES).shape(())
    assert stored_type(shape.field("x").type()) == table.schema.field("x").type


def test_a_description_is_clear_unless_kinds_are_mixed() -> None:
    shape = Shape()
    assert shape.describe({"a": ["UBIGINT"], "b": "NULL"})
    assert shape.describe({"a": ["DOUBLE"], "b": "JSON"})
    assert not shape.describe({"a": ["JSON"]})
    assert not shape.describe({"a": "VARCHAR"})
    assert shape.field("a").is_mixed
    assert not shape.describe("HUGEINT")


# ---- the form of the file -----------------------------------------------------------------------------------------


def test_an_array_of_objects_is_read_from_a_json_file(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    assert read(path, ' [{"a":1},\n {"a":[2]}]'.replace("[2]", "2")).to_pylist() == [{"a": 1}, {"a": 2}]
    assert read(path, '[{"a":{"b":[]}}]').to_pylist() == [{"a": {"b": []}}]


def test_blank_lines_and_carriage_returns_are_fine(path: Path) -> None:
    assert read(path, '\n{"a":1}\r\n\r\n  \n{"a":2}').column("a").to_pylist() == [1, 2]


def test_a_compressed_file_is_known_by_its_content(tmp_path: Path) -> None:
    content = gzip.compress(b'{"a":1}\n{"a":2}\n')
    assert read(tmp_path / "t.jsonl.gz", content).column("a").to_pylist() == [1, 2]
    assert "its gzip data is damaged" in message_of(tmp_path / "u.jsonl.gz", content[:-5])


def test_the_rows_can_be_read_again(path: Path) -> None:
    path.write_text('{"a":1}\n{"a":2}\n')
    source = open_table(path)
    assert table_of(source).equals(table_of(source))
    assert (source.name, source.n_rows, source.is_text) == ("t.jsonl", 2, True)


# ---- types that are given -----------------------------------------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ('"7"', "BIGINT", 7),
        ("7", "VARCHAR", "7"),
        ("7", "DOUBLE", 7.0),
        ("7", "TINYINT", 7),
        ("NaN", "VARCHAR", "NaN"),
        ('"NA"', "DOUBLE", None),
        ('"inf"', "DOUBLE", math.inf),
        ("true", "VARCHAR", "true"),
        ("1", "BOOLEAN", True),
        ('"2020-01-02"', "DATE", dt.date(2020, 1, 2)),
        ('"2020-01-02T10:00:00Z"', "TIMESTAMPTZ", dt.datetime(2020, 1, 2, 10, tzinfo=dt.UTC)),
        ("123456789012345678901234", "VARCHAR", "123456789012345678901234"),
        ('{"b":[1]}', "VARCHAR", '{"b":[1]}'),
        ('"550e8400-e29b-41d4-a716-446655440000"', "UUID", uuid.UUID("550e8400e29b41d4a716446655440000")),
        ("[1, 2]", "DOUBLE[]", [1.0, 2.0]),
        ("[1, 2]", "FLOAT[2]", [1.0, 2.0]),
        ('{"p":1,"q":0.5}', "MAP(VARCHAR, DOUBLE)", [("p", 1.0), ("q", 0.5)]),
        ('{"a":1}', "STRUCT(a DOUBLE, b VARCHAR)", {"a": 1.0, "b": None}),
        ('{"a":1,"new":[2]}', "STRUCT(a DOUBLE)", {"a": 1.0, "new": [2]}),
        ('{"a":"2020-01-02"}', "STRUCT(a DATE)", {"a": dt.date(2020, 1, 2)}),
        ("{}", "STRUCT(a DATE)", {"a": None}),
        ("null", "DOUBLE", None),
    ],
    ids=str,
)
def test_a_value_is_read_as_its_declared_type(path: Path, value: str, name: str, expected: object) -> None:
    assert column_of(path, value, types={"x": name}).to_pylist() == [expected]


@pytest.mark.parametrize(
    ("value", "name", "shown"),
    [
        ("1.5", "BIGINT", "1.5"),
        ('"x"', "BIGINT", "x"),
        ("300", "TINYINT", "300"),
        ("[1]", "DOUBLE", "[1]"),
        ('{"a":1}', "DATE", '{"a":1}'),
        ("true", "DOUBLE", "true"),
    ],
)
def test_a_value_that_is_not_of_its_declared_type_is_refused_with_its_line(
    path: Path, value: str, name: str, shown: str
) -> None:
    message = message_of(path, f'{{"x":null}}\n\n{{"x":{value}}}\n', types={"x": name})
    assert message.startswith(f"{path}, line 3: column 'x' holds {shown!r}, which is no {name}. Correct the cell")


@pytest.mark.parametrize(
    ("value", "name"),
    [('"x"', "DOUBLE[]"), ('["x"]', "DOUBLE[]"), ('{"a":"x"}', "STRUCT(a BIGINT)"), ("[1.5]", "BIGINT[]")],
)
def test_a_value_that_does_not_fit_its_declared_nested_type_is_refused_with_its_line(
    path: Path, value: str, name: str
) -> None:
    message = message_of(path, f'{{"x":null}}\n\n{{"x":{value}}}\n', types={"x": name})
    assert message.startswith(f"{path}, line 3: column 'x' holds a value that does not fit {name}. Correct the value")


def test_a_column_of_mixed_kinds_can_be_read_as_text(path: Path) -> None:
    values = column_of(path, "1", '"x"', "[1,2]", "null", "true", types={"x": "VARCHAR"})
    assert values.to_pylist() == ["1", "x", "[1,2]", None, "true"]


def test_a_value_that_is_not_of_the_known_type_is_a_changed_type(path: Path) -> None:
    message = message_of(path, '{"id":"7"}\n{"id":"x7"}\n', ChangedType, expected={"id": pa.int64(), "gone": pa.int8()})
    assert message == (
        f"{path}, line 2: column 'id' holds 'x7', which is no BIGINT, the type that the store knows for this column. "
        "Correct the cell, or rename the column"
    )
    message = message_of(path, '{"a":[1]}\n{"a":[0.5]}\n', ChangedType, expected={"a": pa.list_(pa.int64())})
    assert message.startswith(f"{path}, line 2: column 'a' holds a value that does not fit BIGINT[], the type that")


def test_nested_values_take_the_wider_type_that_the_store_knows(path: Path) -> None:
    known = pa.large_list(pa.struct([("x", pa.float64()), ("note", pa.string())]))
    values = column_of(path, '[{"x":1}]', "[]", '[{"x":2,"y":true}]', expected={"x": known})
    assert values.type == pa.large_list(pa.struct([("x", pa.float64()), ("note", pa.string()), ("y", pa.bool_())]))
    assert values.to_pylist()[2] == [{"x": 2.0, "note": None, "y": True}]


@pytest.mark.parametrize(
    ("found", "wanted", "fitted"),
    [
        (pa.null(), pa.int8(), pa.int8()),
        (pa.int64(), pa.null(), pa.int64()),
        (pa.struct([]), pa.struct([("a", pa.int8())]), pa.struct([("a", pa.int8())])),
        (pa.list_(pa.null()), pa.list_(pa.int8(), 2), pa.list_(pa.int8(), 2)),
        (pa.int64(), pa.decimal128(9, 2), pa.decimal128(9, 2)),
        (pa.float64(), pa.int64(), None),
        (pa.string(), pa.int64(), None),
        (pa.string(), pa.timestamp("s"), pa.timestamp("s")),
        (pa.string(), pa.uuid(), pa.uuid()),
        (pa.bool_(), pa.float64(), None),
        (pa.list_(pa.int64()), pa.int64(), None),
        (pa.list_(pa.int64()), pa.struct([("a", pa.int64())]), None),
        (pa.struct([("a", pa.int64())]), pa.list_(pa.int64()), None),
        (pa.struct([("a", pa.string())]), pa.map_(pa.string(), pa.float64()), None),
    ],
    ids=str,
)
def test_found_types_fit_wanted_ones_when_no_value_is_lost(
    found: pa.DataType, wanted: pa.DataType, fitted: pa.DataType | None
) -> None:
    assert fitted_type(found, wanted) == fitted


def test_a_type_for_a_key_that_is_not_there_is_refused(path: Path) -> None:
    assert "has no column 'labl'; did you mean 'label'" in message_of(
        path, '{"label":1}', MissingColumns, types={"labl": "VARCHAR"}
    )


# ---- files that are wrong -----------------------------------------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('{"a":1}\n\n{"a":\n', 3, "the text is no JSON: Expecting value"),
        ('{"a":1}\n{"a":1}{"a":2}\n', 2, "the text is no JSON: Extra data"),
        ("{'a':1}\n", 1, "the text is no JSON: Expecting property name"),
        ('{"a":"\\ud800"}\n', 1, "a text holds half a character (a lone surrogate)"),
        ('{"a":1}\n[1,2]\n', 2, "it holds [1, 2], which is no object"),
        ("5\n", 1, "it holds 5, which is no object"),
        ('{"a":1}\nnull\n', 2, "it holds null, which is no object"),
        ('{"a":1}\n{"a":"x"}\n', 2, "column 'a' holds text, in line 1 it held an integer"),
        ('{"a":true}\n{"a":0.5}\n', 2, "column 'a' holds a number, in line 1 it held true or false"),
        ('{"a":[1]}\n{"a":{"b":1}}\n', 2, "column 'a' holds an object, in line 1 it held a list"),
        ('{"a":{"{b}":1}}\n{"a":{"{b}":[]}}\n', 2, "column 'a.{b}' holds a list, in line 1 it held an integer"),
        ('{"a":[1,"x"]}\n', 1, "column 'a[]' holds text, in line 1 it held an integer"),
        ('{"b":1}\n{"a":1,"a":2}\n', 2, "an object has the key 'a' twice"),
        ('{"a":{"b":1,"b":1}}\n', 1, "an object has the key 'b' twice"),
        ('{"a":1}\n{"a":18446744073709551616}\n', 2, "column 'a' holds an integer of more than 64 bits"),
        ('{"a":-1}\n{"a":18446744073709551615}\n', 2, "column 'a' holds an integer of more than 64 bits"),
        ('{"a":[{"b":-9223372036854775809}]}\n', 1, "column 'a[].b' holds an integer of more than 64 bits"),
        (b'{"a":1}\n{"a":"caf\xe9"}\n', 2, "the text is not UTF-8 (byte 0xe9)"),
        (b'\xef\xbb\xbf{"a":1}\n', 1, "the text starts with a byte-order mark"),
        ('{"a":1}\n{"a":"' + "x" * 17_000_000 + '"}\n', 2, "the object has 17,000,009 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_malformed_file_is_refused_with_its_line(path: Path, text: str | bytes, line: int, problem: str) -> None:
    message = message_of(path, text)
    assert message.startswith(f"{path}, line {line}: {problem}")
    assert message.rsplit(". ", 1)[-1][0].isupper(), "what to do comes last"


def test_what_to_do_about_mixed_kinds_names_the_column(path: Path) -> None:
    message = message_of(path, '{"it\'s":{"x":1}}\n{"it\'s":{"x":"y"}}\n')
    assert message.endswith("""with --type 'it'"'"'s=VARCHAR' (in Python types={"it's": 'VARCHAR'})""")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"a":1},{"a":"x"}]', "item 2: column 'a' holds text, in item 1 it held an integer"),
        ('[{"a":1}, 5]', "item 2: it holds 5, which is no object"),
        ('[{"a":1},\n{"a":}]', "the text is no JSON: Expecting value (line 2, column 6)"),
    ],
)
def test_a_malformed_array_is_refused_with_its_item(tmp_path: Path, text: str, problem: str) -> None:
    message = message_of(tmp_path / "t.json", text)
    assert message.startswith(f"{tmp_path / 't.json'}: {problem}")


def test_a_value_of_an_array_that_is_not_of_its_declared_type_is_refused_with_its_item(tmp_path: Path) -> None:
    message = message_of(tmp_path / "t.json", '[{"a":1},{"a":"x"}]', types={"a": "BIGINT"})
    assert "t.json: column 'a' holds 'x' in item 2, which is no BIGINT" in message


@pytest.mark.parametrize("text", ["{}\n{}\n", "\n\n"])
def test_objects_without_any_key_are_no_table(path: Path, text: str) -> None:
    assert "has no columns" in message_of(path, text, EmptyInput)


@pytest.mark.parametrize("text", ['{"a":1,"A":2}\n', '{"":1}\n', '{"a":{"b":1,"B":2}}\n', '{"a":[{"":1}]}\n'])
def test_keys_that_can_not_be_names_are_refused(path: Path, text: str) -> None:
    message = message_of(path, text, InvalidInput)
    assert "has two" in message or "has no name" in message


def test_a_file_that_breaks_after_it_was_opened_is_refused_when_it_is_read(path: Path) -> None:
    path.write_text('{"a":1}\n')
    source = open_table(path)
    path.write_text('{"a":1}\n{"a":\n')
    with pytest.raises(MalformedFile, match="line 2: the text is no JSON"):
        list(source.batches())


def test_a_row_of_very_many_objects_is_read(path: Path) -> None:
    boxes = [{"x": number, "label": "cat"} for number in range(6_000)]
    assert read(path, json.dumps({"boxes": boxes}) + "\n").to_pylist() == [{"boxes": boxes}]


def test_deep_nesting_is_refused_rather_than_a_crash(path: Path) -> None:
    for depth in (300, 500, 4_000, 100_000):
        message = message_of(path, '{"a":' + "[" * depth + "1" + "]" * depth + "}\n")
        assert message.startswith(str(path))


def test_a_fault_far_below_the_first_rows_is_found_while_the_rows_are_read(path: Path) -> None:
    rows = "".join(f'{{"id":{number},"y":"a"}}\n' for number in range(30_000))
    assert f"{path}, line 30001: the text is no JSON" in message_of(path, rows + '{"id":9999999,"y":"a"\n')


@pytest.mark.parametrize("levels", [51, 100, 200, 300, 3_000])
@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}")])
def test_objects_that_are_nested_too_deep_are_refused(path: Path, levels: int, start: str, end: str) -> None:
    text = f'{{"x":{start * levels}1{end * levels}}}\n'
    assert "nested" in message_of(path, text, InvalidInput)
