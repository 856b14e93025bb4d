"""What is printed and written: the same values in every form, in parts or whole, and nothing half done."""

import csv
import datetime
import decimal
import io
import json
from fractions import Fraction
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.cli import downloads
from kolena_store.cli.downloads import check_ending, write_table, write_text
from kolena_store.cli.output import Answer, Rows, arrow_rows, listed_answer, show
from kolena_store.cli.pairs import read_json_object, read_labels, read_pairs, read_pairs_from_the_end
from kolena_store.errors import InvalidInput
from kolena_store.tables import Layout, RecordColumn, Records

CONTEXT = click.Context(click.Command("x"))
OPTION = click.Option(["--x"])
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="="), min_size=1, max_size=8)
RECORDS = st.lists(st.fixed_dictionaries({"a": TEXT, 'b "é': st.integers() | st.none()}), max_size=5)


def printed(form: str, answer: Answer) -> str:
    """Return what is written to stdout, as UTF-8."""
    with pytest.MonkeyPatch.context() as patch, io.TextIOWrapper(io.BytesIO(), encoding="ascii") as stdout:
        patch.setattr("sys.stdout", stdout)
        show(form, answer)
        return stdout.buffer.getvalue().decode("utf-8")


@given(records=RECORDS)
def test_csv_and_json_hold_the_same_values(records: list[dict[str, object]]) -> None:
    rows = Rows(names=("a", 'b "é'), values=[(record["a"], record['b "é']) for record in records])
    answer = Answer(listings=list, document=rows.records, rows=lambda: rows)
    assert json.loads(printed("json", answer)) == records
    found = list(csv.DictReader(io.StringIO(printed("csv", answer), newline="")))
    assert found == [
        {name: "" if value is None else str(value) for name, value in record.items()} for record in records
    ]


def test_only_the_form_that_is_asked_for_is_made(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    def never() -> Rows:
        raise AssertionError

    show("table", Answer(listings=lambda: ["one sentence"], document=never, rows=never))
    assert capsysbinary.readouterr().out == b"one sentence\n"


def test_two_columns_of_one_name_are_no_records() -> None:
    with pytest.raises(InvalidInput, match="two columns are named 'a'"):
        Rows(names=("a", "b", "a"), values=[(1, 2, 3)]).records()


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([decimal.Decimal("12"), None], pa.decimal128(38, 0)), [12, None]),
        (pa.array([decimal.Decimal("1.50")], pa.decimal128(5, 2)), [decimal.Decimal("1.50")]),
        (pa.array([1], pa.timestamp("ns")), ["1970-01-01T00:00:00.000000001"]),
        (pa.array([1_000], pa.timestamp("ns")), [datetime.datetime(1970, 1, 1, 0, 0, 0, 1)]),
        (pa.array([1], pa.time64("ns")), ["00:00:00.000000001"]),
        (pa.array([float("nan"), None]), [pytest.approx(float("nan"), nan_ok=True), None]),
        (pa.array([], pa.int64()), []),
    ],
    ids=["whole decimals", "decimals", "nanoseconds", "microseconds", "times", "NaN and NULL", "no rows"],
)
def test_values_of_arrow_are_values_of_python(column: pa.Array, expected: list[object]) -> None:
    assert [value for (value,) in arrow_rows(pa.table({"x": column})).values] == expected


def test_records_have_three_forms() -> None:
    columns = (RecordColumn(name="n", kind="whole", of="numerator"), RecordColumn(name="d", of="denominator"))
    answer = listed_answer("fractions", Records([Fraction(12345, 2)], Layout(fields=columns, shown=columns)))
    assert json.loads(printed("json", answer)) == {"fractions": [{"n": 12345, "d": 2}]}
    assert printed("csv", answer) == "n,d\r\n12345,2\r\n"
    assert [part.rows for part in answer.listings()] == [(("12,345", "2"),)]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("n_rows", [0, 1, 2, 3, 5])
def test_a_file_written_in_parts_is_the_file_written_whole(
    tmp_path: Path, monkeypatch, ending: str, n_rows: int
) -> None:
    table = pa.table({"a, b": [f'"{number}"' for number in range(n_rows)], "n": pa.array(range(n_rows), pa.int64())})
    whole, parts = tmp_path / f"whole.{ending}", tmp_path / f"parts.{ending}"
    write_table(str(whole), table)
    monkeypatch.setattr(downloads, "ROWS_AT_ONCE", 2)
    write_table(str(parts), table)
    assert parts.read_bytes() == whole.read_bytes()
    assert len(whole.read_bytes().splitlines()) == n_rows + (ending == "csv")


def test_parquet_keeps_the_types(tmp_path: Path) -> None:
    table = pa.table({"t": pa.array([1], pa.timestamp("ns", "UTC")), "l": [[1, None]]})
    write_table(str(tmp_path / "x.parquet"), table)
    assert pq.read_table(tmp_path / "x.parquet").equals(table)


def test_a_write_that_fails_leaves_nothing_and_one_that_works_replaces(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("old")
    two_of_one_name = pa.table([[1], [2]], ["a", "a"])
    with pytest.raises(InvalidInput):
        write_table(str(tmp_path / "x.jsonl"), two_of_one_name)
    write_text(str(tmp_path / "x.csv"), "new é")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"x.csv": "new é"}


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(str(tmp_path / "x.csv"), "text")


@pytest.mark.parametrize("path", ["x", "x.txt", "csv", "x.csv.bak"])
def test_the_ending_says_how_to_write(path: str) -> None:
    with pytest.raises(InvalidInput, match=r"\.csv, \.jsonl, \.parquet"):
        check_ending(path)


@given(pairs=st.dictionaries(PLAIN, TEXT.filter(bool), max_size=4))
def test_pairs_are_split_at_the_first_sign(pairs: dict[str, str]) -> None:
    assert read_pairs(CONTEXT, OPTION, [f"{name}={value}" for name, value in pairs.items()]) == pairs


@given(pairs=st.dictionaries(TEXT.filter(bool), PLAIN, max_size=4))
def test_or_at_the_last_one(pairs: dict[str, str]) -> None:
    assert read_pairs_from_the_end(CONTEXT, OPTION, [f"{name}={value}" for name, value in pairs.items()]) == pairs


@pytest.mark.parametrize("text", ["", "a", "a=", "=b", "="])
def test_a_pair_has_two_sides(text: str) -> None:
    with pytest.raises(click.BadParameter, match="NAME=VALUE"):
        read_pairs(CONTEXT, OPTION, [text])


@pytest.mark.parametrize(
    ("text", "labels"), [("a", ["a"]), ("a, b", ["a", "b"]), ('a,"b,c"', ["a", "b,c"]), ("1,2", ["1", "2"])]
)
def test_labels_stand_between_commas(text: str, labels: list[str]) -> None:
    assert read_labels(text) == labels


@pytest.mark.parametrize("text", ["", ",", "a,,b"])
def test_an_empty_label_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="empty label"):
        read_labels(text)


def test_a_json_object_is_read_and_nothing_else() -> None:
    assert read_json_object(CONTEXT, OPTION, '{"a": [1, null]}') == {"a": [1, None]}
    assert read_json_object(CONTEXT, OPTION, None) is None
    for text in ("[]", "1", "null", "{", ""):
        with pytest.raises(click.BadParameter, match="JSON"):
            read_json_object(CONTEXT, OPTION, text)
