"""CSV files: which type a column of cells has, what is missing, and the line on which a file is wrong."""

import csv
import datetime as dt
import gzip
import io
import math
import re
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolena_store.errors import ChangedType, EmptyInput, InvalidInput, MalformedFile, StoreError
from kolena_store.formats import TableInput, open_table
from kolena_store.formats.cell_types import PLAIN_MACROS, CellClass, type_of_classes
from kolena_store.formats.csv_header import header_of
from kolena_store.formats.scans import query
from kolena_store.statements import Fragment, load

UTC = pa.timestamp("us", "UTC")
MANY_ROWS = 60_000


def table_of(source: TableInput) -> pa.Table:
    batches = list(source.batches())
    assert all(batch.schema.equals(source.schema) for batch in batches)
    assert source.n_rows == sum(batch.num_rows for batch in batches)
    return pa.Table.from_batches(batches, source.schema)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def read(path: Path, text: str | bytes, **options: object) -> pa.Table:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return table_of(open_table(path, **options))


def column_of(path: Path, *cells: str, **options: object) -> pa.ChunkedArray:
    return read(path, "x,y\n" + "".join(f"{cell},z\n" for cell in cells), **options).column("x")


def message_of(path: Path, text: str | bytes, error: type[StoreError] = MalformedFile, **options: object) -> str:
    with pytest.raises(error) as raised:
        read(path, text, **options)
    return str(raised.value)


# ---- types that are found -----------------------------------------------------------------------------------------


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "+3", "0"], pa.int64()),
        (["9223372036854775807", "-9223372036854775808"], pa.int64()),
        (["18446744073709551615", "0"], pa.uint64()),
        (["18446744073709551615", "-1"], pa.string()),
        (["123456789012345678901234", "1"], pa.string()),
        (["1", "2.5"], pa.float64()),
        (["1e5", ".5", "5.", "-0"], pa.float64()),
        (["1.5", "123456789012345678901234"], pa.string()),
        (["1e999"], pa.string()),
        (["007", "8"], pa.string()),
        (["0.5", "00"], pa.string()),
        (["1_000", "2"], pa.string()),
        (["0x10"], pa.string()),
        (["1,5".replace(",", "·")], pa.string()),
        (["1 000"], pa.string()),
        (["١٢٣"], pa.string()),
        (["true", "False", "TRUE"], pa.bool_()),
        (["true", "1"], pa.string()),
        (["t", "f"], pa.string()),
        (["yes", "no"], pa.string()),
        (["2020-01-31", "1999-12-01"], pa.date32()),
        (["2020-02-30"], pa.string()),
        (["01/02/2020"], pa.string()),
        (["2020/01/02"], pa.string()),
        (["2020-1-2"], pa.string()),
        (["20200102"], pa.int64()),
        (["infinity", "2020-01-01"], pa.string()),
        (["epoch"], pa.string()),
        (["2020-01-01 10:00", "2020-01-01"], pa.timestamp("us")),
        (["2020-01-01T10:00:00.5", "2020-01-01 10:00:00"], pa.timestamp("us")),
        (["2020-01-01 10:00:00.123456789"], pa.timestamp("ns")),
        (["2020-01-01 24:00:00"], pa.string()),
        (["2020-01-01 10:00:60"], pa.string()),
        (["2020-01-01T10:00:00Z", "2020-01-01 10:00:00+02:00"], UTC),
        (["2020-01-01T10:00:00Z", "2020-01-01T10:00:00"], pa.string()),
        (["10:00:00"], pa.string()),
        (["", "  "], pa.null()),
        (["550e8400-e29b-41d4-a716-446655440000"], pa.string()),
    ],
    ids=str,
)
def test_a_column_has_the_one_type_that_all_its_cells_have(path: Path, cells: list[str], kind: pa.DataType) -> None:
    assert column_of(path, *cells, "").type == kind


def test_values_are_those_that_the_cells_say(path: Path) -> None:
    text = "i,f,b,d,t,z\n-1,2.5,true,2020-01-31,2020-01-01 10:00:00.25,2020-01-01T10:00:00+02:00\n"
    assert read(path, text).to_pylist() == [
        {
            "i": -1,
            "f": 2.5,
            "b": True,
            "d": dt.date(2020, 1, 31),
            "t": dt.datetime(2020, 1, 1, 10, 0, 0, 250_000),
            "z": dt.datetime(2020, 1, 1, 8, tzinfo=dt.UTC),
        }
    ]


def test_blanks_around_a_number_do_not_make_it_text_and_around_text_they_stay(path: Path) -> None:
    table = read(path, "n, label\n 1 , cat \n2, dog\n")
    assert table.to_pydict() == {"n": [1, 2], "label": [" cat ", " dog"]}


def test_nan_and_infinity_are_numbers_apart_from_missing(path: Path) -> None:
    values = column_of(path, "1.5", "NaN", "", "inf", "-Infinity", "nan").to_pylist()
    assert values[2] is None
    assert [math.isnan(value) for value in (values[1], values[5])] == [True, True]
    assert [values[0], values[3], values[4]] == [1.5, math.inf, -math.inf]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("word", ["NA", "N/A", "null", "None", "<NA>", "#N/A"])
def test_words_for_missing_values_stay_text_until_a_type_is_given(path: Path, word: str) -> None:
    assert column_of(path, "1", word).to_pylist() == ["1", word]
    assert column_of(path, "1", word, types={"x": "BIGINT"}).to_pylist() == [1, None]
    assert column_of(path, "1", word, expected={"x": pa.int64()}).to_pylist() == [1, None]
    assert column_of(path, "1", word, types={"x": "VARCHAR"}).to_pylist() == ["1", word]


def test_an_empty_cell_is_null_and_a_quoted_one_the_empty_text(path: Path) -> None:
    table = read(path, 'a,b\nx,1\n,\n"",""\n')
    assert table.to_pydict() == {"a": ["x", None, ""], "b": [1, None, None]}


def test_a_late_cell_decides_as_much_as_an_early_one(path: Path) -> None:
    def kind(last: str) -> pa.DataType:
        cells = "".join(f"{row},{row}.5,2020-01-01,\n" for row in range(MANY_ROWS))
        return read(path, f"a,b,c,d\n{cells}{last}\n").schema.types

    assert kind("1,1.5,2020-01-01,") == [pa.int64(), pa.float64(), pa.date32(), pa.null()]
    assert kind("007,NA,2020-02-30,5") == [pa.string(), pa.string(), pa.string(), pa.int64()]
    assert kind("1.5,NaN,2020-01-01 10:00,x") == [pa.float64(), pa.float64(), pa.timestamp("us"), pa.string()]


def test_a_quick_look_never_takes_a_cell_that_the_careful_one_refuses() -> None:
    cells = [None, "", "-1", "007", "+1", "1.50", "-0.0", "True", "tRUE", "2020-01-01", "infinity", "2020-01-01 (BC)"]
    cells += ["2020-01-01 10:00:00", "2020-01-01 10:00:00.10", "1e5", "nan", " 1", "12020-01-01", "-0", "x", "1.", "NA"]
    connection = duckdb.connect()
    for _, name in PLAIN_MACROS:
        connection.execute(query(name).fill())
    connection.execute(query("class_of_cell").fill())
    for allowed, name in PLAIN_MACROS:
        select = f"SELECT list_transform($cells, lambda one: [{name}(one)::INTEGER, class_of_cell(one)])"
        for cell, (is_plain, seen) in zip(
            cells, connection.execute(select, {"cells": cells}).fetchall()[0][0], strict=True
        ):
            assert not is_plain or not CellClass(seen) & ~allowed, (name, cell)


@given(st.sets(st.sampled_from(list(CellClass)), max_size=4))
def test_a_set_of_classes_has_a_wider_type_the_more_there_are(classes: set[CellClass]) -> None:
    together = CellClass(0)
    for one in classes:
        together |= one
    kind = type_of_classes(together)
    assert (
        pa.types.is_string(kind) if CellClass.TEXT in classes else kind == type_of_classes(together | CellClass.BLANK)
    )


# ---- an independent reader as the oracle --------------------------------------------------------------------------

TRICKY = st.sampled_from(
    [
        "x",
        "NA",
        "0",
        "-0",
        "7",
        "007",
        "-12",
        "1.5",
        "1e3",
        "NaN",
        "inf",
        "true",
        "False",
        "2020-01-01",
        "2020-13-01",
        " 5",
        "5 ",
        '"',
        "a,b",
        "a\nb",
        "é\r\n",
        "+1",
        ".",
        "9223372036854775808",
        "99999999999999999999",
    ]
)
CELLS = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.floats().map(repr),
    st.dates().map(str),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
    TRICKY,
)
LIKE_CELLS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1).map(str), max_size=6),
    st.lists(st.one_of(st.floats().map(repr), st.just("")), max_size=6),
    st.lists(st.sampled_from(["true", "false", "True", ""]), max_size=6),
    st.lists(st.dates(dt.date(1, 1, 1)).map(str), max_size=6),
    st.lists(CELLS, max_size=6),
)


def value_by_hand(cell: str) -> tuple[str, object]:
    """What one cell is, judged by Python alone: its kind and its value."""
    text = cell.strip(" \t")
    if not text:
        return "missing", None
    if re.fullmatch(r"\+?(0|[1-9][0-9]*)|-[1-9][0-9]*", text):
        return ("int" if -(2**63) <= int(text) < 2**63 else "uint" if 0 <= int(text) < 2**64 else "text"), int(text)
    if re.fullmatch(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return ("float", float(text)) if math.isfinite(float(text)) else ("text", cell)
    if re.fullmatch(r"[+-]?(inf|infinity)|-?nan", text, re.IGNORECASE):
        return "float", float(text)
    if text.lower() in ("true", "false"):
        return "bool", text.lower() == "true"
    try:
        return ("date", dt.date.fromisoformat(cell)) if re.fullmatch(r"[0-9-]{10}", cell) else ("text", cell)
    except ValueError:
        return "text", cell


def column_by_hand(cells: list[str]) -> list[object]:
    judged = [value_by_hand(cell) for cell in cells]
    kinds = {kind for kind, _ in judged} - {"missing"}
    is_unsigned = kinds <= {"int", "uint"} and all(value is None or value >= 0 for _, value in judged)
    if kinds <= {"int"} or is_unsigned or kinds in ({"bool"}, {"date"}):
        return [value for _, value in judged]
    if kinds <= {"int", "float"}:
        return [None if value is None else float(value) for _, value in judged]
    return list(cells)


@pytest.mark.sampled(2)
@settings(max_examples=60, deadline=None)
@given(cells=LIKE_CELLS)
def test_a_column_reads_as_python_reads_it_by_hand(cells: list[str], tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["x", "y"], *([cell, "z"] for cell in cells)])
    found = read(path, out.getvalue()).column("x").to_pylist()
    assert list(map(repr, found)) == list(map(repr, column_by_hand(cells)))


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8).map(lambda text: "t" + text)


@pytest.mark.sampled(2)
@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=5),
    mark=st.sampled_from([",", ";", "\t", "|"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_any_text_comes_back_whatever_the_delimiter_and_the_line_ends(rows, mark, ending, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mark, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([["name a", "näme, b"], *rows])
    table = read(path, out.getvalue())
    assert table.schema.names == ["name a", "näme, b"]
    assert [tuple(row.values()) for row in table.to_pylist()] == rows


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)


@pytest.mark.sampled(2)
@settings(max_examples=30, deadline=None)
@given(names=st.lists(NAMES, min_size=1, max_size=5, unique_by=str.casefold))
def test_any_names_come_back_when_they_are_quoted(names: list[str], tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, ["x"] * len(names)])
    assert read(path, out.getvalue()).schema.names == names


# ---- the form of the file -----------------------------------------------------------------------------------------


def test_a_byte_order_mark_carriage_returns_and_a_missing_last_line_end_are_fine(path: Path) -> None:
    table = read(path, "\ufeffid,text\r\n1,a\r\n2,b")
    assert table.to_pydict() == {"id": [1, 2], "text": ["a", "b"]}


def test_the_line_ends_of_old_macs_are_fine(path: Path) -> None:
    assert read(path, "id,text\r1,a\r2,b\r").to_pydict() == {"id": [1, 2], "text": ["a", "b"]}


@pytest.mark.parametrize(("text", "rows"), [("a,b\n\n1,2\n\n", 1), ("a\n1\n\n2\n\n\n", 2), ('a\n""\nx\n', 2)])
def test_blank_lines_are_no_rows(path: Path, text: str, rows: int) -> None:
    assert read(path, text).num_rows == rows


def test_a_quoted_cell_may_hold_any_line_end(path: Path) -> None:
    assert read(path, 'a,b\r\n1,"x\ny"\r\n2,"p\r\nq"\r\n').column("b").to_pylist() == ["x\ny", "p\r\nq"]


@pytest.mark.parametrize(("header", "names"), [("a;b,c;d", ["a", "b,c", "d"]), ("a|b", ["a", "b"]), ("a b", ["a b"])])
def test_the_delimiter_is_the_one_that_splits_the_header_most(path: Path, header: str, names: list[str]) -> None:
    assert read(path, header + "\n").schema.names == names


def test_the_delimiter_is_the_one_that_splits_the_rows_as_the_header(path: Path) -> None:
    assert read(path, "who; what; when,n\nx,1\ny,2\n").to_pydict() == {"who; what; when": ["x", "y"], "n": [1, 2]}
    assert "1 cell where" in message_of(path, "a,b\n1,2\n3\n")


def test_unquoted_names_lose_the_blanks_around_them_and_quoted_ones_keep_them(path: Path) -> None:
    assert read(path, "id, label \n1,x\n").schema.names == ["id", "label"]
    assert read(path, 'id," label "\n1,x\n').schema.names == ["id", " label "]


def test_a_name_with_other_line_ends_than_the_file_is_refused(path: Path) -> None:
    message = message_of(path, '"line\nend",b\r\n1,2\r\n')
    assert message == f"{path}, line 1: a column's name holds a line end. Write each name on one line"


def test_a_name_may_hold_quotes_delimiters_and_line_ends(path: Path) -> None:
    assert read(path, '"say ""hi"", twice","line\nend"\n1,2\n').schema.names == ['say "hi", twice', "line\nend"]


def test_a_compressed_file_is_known_by_its_content(tmp_path: Path) -> None:
    for name in ("t.csv.gz", "t.csv"):
        assert read(tmp_path / name, gzip.compress(b"a,b\n1,2\n")).to_pylist() == [{"a": 1, "b": 2}]
    assert read(tmp_path / "u.csv.gz", b"a,b\n1,2\n").to_pylist() == [{"a": 1, "b": 2}]


def test_a_compressed_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    content = gzip.compress("".join(["a,b\n", *(f"{i},{i}\n" for i in range(9_999))]).encode())
    for broken in (content[:-4], content[:-2_000], content[:2_000] + b"xx" + content[2_002:]):
        assert "its gzip data is damaged" in message_of(tmp_path / "t.csv.gz", broken)


def test_a_file_with_a_header_alone_has_columns_and_no_rows(path: Path) -> None:
    source = read(path, "id,label\n")
    assert (source.num_rows, source.schema.names) == (0, ["id", "label"])
    assert source.schema.types == [pa.null(), pa.null()]
    typed = read(path, "id,label", types={"id": "BIGINT"}, expected={"label": pa.large_string()})
    assert typed.schema.types == [pa.int64(), pa.large_string()]


def test_the_rows_can_be_read_again_and_two_at_a_time(path: Path) -> None:
    path.write_text("a,b\n1,2\n3,4\n")
    source = open_table(path)
    first, second = source.batches(), source.batches()
    assert next(first).equals(next(second))
    assert table_of(source).num_rows == 2


def test_a_thousand_columns_are_read(path: Path) -> None:
    cells = ["1", "1.5", "x", "true", "2020-01-01"]
    lines = [",".join(f"field {i}" for i in range(1_000)), *[",".join(cells * 200)] * 30]
    table = read(path, "\n".join(lines) + "\n")
    assert table.shape == (30, 1_000)
    assert set(table.schema.types) == {pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.date32()}


def test_a_cell_of_several_megabytes_is_read(path: Path) -> None:
    assert read(path, "a,b\n" + "x" * 5_000_000 + ",1\n").column("a").to_pylist()[0] == "x" * 5_000_000


# ---- types that are given -----------------------------------------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("cell", "name", "value"),
    [
        ("007", "BIGINT", 7),
        ("007", "VARCHAR", "007"),
        (" 5 ", "TINYINT", 5),
        ("18446744073709551615", "UBIGINT", 2**64 - 1),
        ("1", "DOUBLE", 1.0),
        ("inf", "FLOAT", math.inf),
        ("yes", "BOOLEAN", True),
        ("0", "BOOLEAN", False),
        ("2020/1/2", "DATE", dt.date(2020, 1, 2)),
        ("2020-01-02", "TIMESTAMP", dt.datetime(2020, 1, 2)),
        ("2020-01-02 10:00", "TIMESTAMPTZ", dt.datetime(2020, 1, 2, 10, tzinfo=dt.UTC)),
        ("10:30", "TIME", dt.time(10, 30)),
        ("12.345", "DECIMAL(6,3)", __import__("decimal").Decimal("12.345")),
        ("550e8400-e29b-41d4-a716-446655440000", "UUID", __import__("uuid").UUID("550e8400e29b41d4a716446655440000")),
        ('"[1, 2.5]"', "DOUBLE[]", [1.0, 2.5]),
        ('"{""x"": 1, ""y"": [""a""]}"', "STRUCT(x BIGINT, y VARCHAR[])", {"x": 1, "y": ["a"]}),
    ],
    ids=str,
)
def test_a_cell_is_read_as_its_declared_type(path: Path, cell: str, name: str, value: object) -> None:
    assert column_of(path, cell, "", types={"x": name}).to_pylist() == [value, None]


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("1.5", "BIGINT"),
        ("1e3", "BIGINT"),
        ("1.0", "INTEGER"),
        ("300", "TINYINT"),
        ("-1", "UBIGINT"),
        ("abc", "DOUBLE"),
        ("1_000", "DOUBLE"),
        ("maybe", "BOOLEAN"),
        ("01/02/2020", "DATE"),
        ("2020-01-02 10:00", "DATE"),
        ("infinity", "DATE"),
        ("2020-01-02T10:00:00+02:00", "TIMESTAMP"),
        ("2020-13-01", "TIMESTAMP"),
        ("123456.7", "DECIMAL(4,1)"),
        ("nope", "UUID"),
        ('"[1, ""x""]"', "DOUBLE[]"),
    ],
    ids=str,
)
def test_a_cell_that_is_none_of_its_declared_type_is_refused_with_its_line(path: Path, cell: str, name: str) -> None:
    message = message_of(path, f'x,y\n,"1\n2"\n{cell},z\n', types={"x": name})
    value = cell.strip('"').replace('""', '"')
    assert message.startswith(f"{path}, line 4: column 'x' holds {value!r}, which is no ")
    assert message.endswith("Correct the cell, or declare another type")


def test_a_cell_that_is_none_of_the_known_type_is_a_changed_type(path: Path) -> None:
    message = message_of(path, "id,x\n1,2\nab,3\n", ChangedType, expected={"id": pa.int64(), "gone": pa.int64()})
    assert message == (
        f"{path}, line 3: column 'id' holds 'ab', which is no BIGINT, the type that the store knows for this column. "
        "Correct the cell, or rename the column"
    )


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint16(), pa.float32(), pa.large_string(), pa.string_view(), pa.duration("ms"), pa.decimal128(9, 2)],
    ids=str,
)
def test_a_known_type_is_kept_to_the_letter(path: Path, kind: pa.DataType) -> None:
    assert column_of(path, "5", expected={"x": kind}).type == kind


def test_an_id_with_leading_zeros_is_text_unless_the_store_knows_a_number(path: Path) -> None:
    text = "id,y\n01,a\n2,b\n"
    assert read(path, text).column("id").to_pylist() == ["01", "2"]
    assert read(path, text, expected={"id": pa.int64()}).column("id").to_pylist() == [1, 2]
    assert read(path, "id,y\n1,a\n", expected={"id": pa.string()}).column("id").to_pylist() == ["1"]


def test_a_declared_type_goes_before_a_known_one_and_the_null_type_is_none(path: Path) -> None:
    options = {"types": {"x": "DOUBLE"}, "expected": {"x": pa.int64(), "y": pa.null()}}
    table = read(path, "x,y\n1.5,2\n", **options)
    assert table.schema.types == [pa.float64(), pa.int64()]


def test_a_long_cell_is_shown_in_part(path: Path) -> None:
    assert f"holds '{'x' * 57}...'" in message_of(path, f"x,y\n{'x' * 500},1\n", types={"x": "DOUBLE"})


def test_the_first_of_many_wrong_cells_is_named_also_far_down(path: Path) -> None:
    good = "".join(f"{row},ok\n" for row in range(MANY_ROWS))
    message = message_of(path, f"n,t\n{good}bad,x\nworse,x\n", types={"n": "BIGINT"})
    assert f"line {MANY_ROWS + 2}: column 'n' holds 'bad'" in message


# ---- files that are wrong -----------------------------------------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a,b\n1,2\n3\n4,5\n", 3, "1 cell where the header names 2 columns"),
        ('a,b\n1,"x\n\ny"\n3,4,5\n', 5, "3 cells where the header names 2 columns"),
        ("a,b\n\n\n1\n", 4, "1 cell where the header names 2 columns"),
        ('a,b\n1,2\n3,"4\n5,6\n', 3, "the quotes don't match (unexpected end of data)"),
        ('a,b\n1,2\n3,"4"x\n5,6\n', 3, "the quotes don't match"),
        ("a,b\r\n1,2\r\n3,4\n5,6\r\n", 3, r"the line ends in '\n', those before it in '\r\n'"),
        (b"a,b\n1,2\n3,caf\xe9\n", 3, "the text is not UTF-8 (byte 0xe9)"),
        ("a,b\n1,é\n".encode("utf-16"), 1, "the text is not UTF-8 (it may be UTF-16)"),
        ("a,b\n1,2\n".encode("utf-16-le"), 1, "the text is not UTF-8 (it may be UTF-16)"),
        ("\na,b\n1,2\n", 1, "the line is blank"),
        ("1,2\n3,4\n", 1, "the line looks like a row of values"),
        ("x,0.5,2020-01-01\ny,0.7,2020-01-02\n", 1, "the line looks like a row of values"),
        ("1,2\n", 1, "the line looks like a row of values"),
        ("a,b\n" + "x" * 17_000_000 + ",1\n", 2, "the line has 17,000,003 characters, and 16,000,000 are read at most"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_malformed_file_is_refused_with_its_line(path: Path, text: str | bytes, line: int, problem: str) -> None:
    message = message_of(path, text)
    assert message.startswith(f"{path}, line {line}: {problem}")
    assert re.search(r"\. [A-Z][^.]+$", message), "what to do comes last"


def test_a_fault_far_down_a_file_is_found_with_its_line(path: Path) -> None:
    good = "".join(f'{row},"a\nb"\n' for row in range(MANY_ROWS))
    assert f"line {2 * MANY_ROWS + 2}: 3 cells" in message_of(path, f"n,t\n{good}1,2,3\n")


@pytest.mark.parametrize("header", ["country,2019,2020", "id,x", "a b,c", '"1","x"'])
def test_names_that_are_partly_numbers_are_names(path: Path, header: str) -> None:
    cells = ",".join(["x", "1.5", "2.5"][: header.count(",") + 1])
    assert read(path, f"{header}\n{cells}\n").num_rows == 1


def test_names_that_are_all_numbers_are_taken_when_a_type_says_so(path: Path) -> None:
    text = "2019,2020\n1,2\n"
    assert "in Python types=, declares one of them" in message_of(path, text)
    assert read(path, text, types={"2019": "BIGINT"}).to_pylist() == [{"2019": 1, "2020": 2}]


def test_a_table_of_texts_is_taken_to_have_a_header(path: Path) -> None:
    assert read(path, "x,y\na,b\n").schema.names == ["x", "y"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ",a\n0,1\n",
            "column 1 has no name; name it, or leave it out (pandas writes its index so: write with index=False)",
        ),
        ("a,A\n1,2\n", "has two columns named 'A' (also written 'a'"),
        ("a,a\n1,2\n", "has two columns named 'a'; rename one"),
    ],
)
def test_a_header_with_unusable_names_is_refused(path: Path, text: str, expected: str) -> None:
    assert expected in message_of(path, text, InvalidInput)


def test_a_file_of_nothing_is_empty(path: Path) -> None:
    assert f"{path} is empty" in message_of(path, "", EmptyInput)


def test_a_file_that_breaks_after_it_was_opened_is_refused_when_it_is_read(path: Path) -> None:
    path.write_text("a,b\n1,2\n")
    source = open_table(path)
    path.write_text("a,b\n1,2\n3,4,5\n")
    with pytest.raises(MalformedFile, match="line 3: 3 cells"):
        list(source.batches())


def test_a_column_name_is_never_sql(path: Path) -> None:
    name = "x'); DROP TABLE cells; --"
    out = io.StringIO()
    csv.writer(out).writerows([[name, "{rows}"], ["1", "2"]])
    assert read(path, out.getvalue(), types={name: "BIGINT"}).to_pylist() == [{name: 1, "{rows}": 2}]


def test_the_order_of_rows_is_the_order_of_lines_in_a_large_file(path: Path) -> None:
    rows = 300_000
    path.write_text("n,text\n" + "".join(f'{row},"{"word " * 25}\n{row}"\n' for row in range(rows)))
    table = table_of(open_table(path))
    assert path.stat().st_size > 40_000_000
    assert table.column("n").to_pylist() == list(range(rows))


# ---- statements and memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*load("queries/formats")])
def test_every_statement_of_the_formats_is_valid_sql(tmp_path: Path, name: str) -> None:
    one = query(name)
    file = tmp_path / "file"
    file.write_text('{"c0": "1"}\n')
    if name == "type_of_column":
        pq.write_table(pa.table({"c0": [1]}), file)
    values = {"path": str(file), "paths": [str(file)], "columns": {"c0": "VARCHAR"}, "delimiter": ",", "cells": ["1"]}
    values |= {"compression": "uncompressed", "is_single": True, "format": "newline_delimited", "wide": "x"}
    connection = duckdb.connect()
    connection.execute(query("class_of_cell").fill())
    text = one.fill(**{fragment: Fragment(example) for fragment, example in one.examples.items()})
    connection.execute(f"EXPLAIN {text}", {parameter: values[parameter] for parameter in one.parameters})


@pytest.mark.sampled(2)
@pytest.mark.slow
def test_a_large_file_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    select = "SELECT i AS id, 'image/' || i || repeat('x', 100) AS locator, random() AS score FROM range(1500000) t(i)"
    duckdb.connect().execute(f"COPY ({select}) TO '{path}' (HEADER)")
    code = (
        "import sys; from pathlib import Path; from kolena_store.formats import open_table;"
        "print(sum(batch.num_rows for batch in open_table(sys.argv[1]).batches()));"
        "print(Path('/proc/self/status').read_text())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    n_rows = int(done.stdout.split()[0])
    # Not getrusage, which counts the memory that the parent process had when it forked.
    kilobytes = int(re.findall(r"VmHWM:\s+(\d+) kB", done.stdout)[0])
    assert n_rows == 1_500_000
    assert kilobytes < 700_000


@pytest.mark.parametrize(
    "text",
    [
        'id,y\n0,5" pipe\n' + "1,some text\n" * 100_000,
        'id,y\n0,"' + "short\n" * 100_000 + '"\n',
    ],
    ids=["stray quote", "long cell"],
)
def test_the_search_for_the_header_reads_each_line_once(path: Path, text: str) -> None:
    path.write_text(text)
    start = time.process_time()
    header_of(path, path.name)
    assert time.process_time() - start < 2


def test_a_fault_far_below_the_first_rows_is_found_while_the_rows_are_read(path: Path) -> None:
    rows = b"".join(b"%d,some text\n" % number for number in range(100_000))
    assert f"{path}, line 100002: the text is not UTF-8 (byte 0xe9)" in message_of(
        path, b"id,y\n" + rows + b"x,caf\xe9\n"
    )


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf", gzip.compress(b"", mtime=0), gzip.compress(b"\xef\xbb\xbf", mtime=0)]
)
def test_a_file_without_a_character_is_empty(path: Path, content: bytes) -> None:
    assert message_of(path, content, EmptyInput) == f"{path} is empty; give a file with columns"


@pytest.mark.parametrize(
    ("header", "line"), [(b"id,y,caf\xe9\n1,a,2\n", 1), (b'id,"y\nz",caf\xe9\n1,a,2\n', 2)], ids=["plain", "quoted"]
)
def test_a_name_that_is_no_utf8_is_refused_with_its_line(path: Path, header: bytes, line: int) -> None:
    types = {"id": "BIGINT"}
    assert f"{path}, line {line}: the text is not UTF-8 (byte 0xe9)" in message_of(path, header, types=types)


def test_a_replacement_character_may_stand_in_a_name(path: Path) -> None:
    assert read(path, "id,caf\ufffd\n1,a\n").column_names == ["id", "caf\ufffd"]
