"""Named SQL, and the functions that turn names and values into SQL text."""

import datetime
import math
import uuid
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.errors import InvalidInput
from kolena_store.statements import Fragment, identifier, joined, literal, load, statement

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def evaluated(fragment: Fragment) -> object:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection.sql(f"SELECT {fragment} AS x").to_arrow_table().column("x")[0].as_py()


@given(TEXT.filter(lambda text: text and "\0" not in text))
def test_a_quoted_name_stays_one_name(name: str) -> None:
    table = duckdb.sql(f"SELECT 1 AS {identifier(name)}").to_arrow_table()
    assert table.column_names == [name]


@given(TEXT)
def test_a_text_literal_is_the_text(text: str) -> None:
    assert evaluated(literal(text)) == text


@given(st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.none()))
def test_a_plain_literal_is_the_value(value: object) -> None:
    assert evaluated(literal(value)) == value


@given(st.floats())
def test_a_float_literal_is_the_float(value: float) -> None:
    found = evaluated(literal(value))
    assert isinstance(found, float)
    assert found == value or (math.isnan(found) and math.isnan(value))


@given(st.lists(TEXT, min_size=1))
def test_a_list_literal_holds_each_item(values: list[str]) -> None:
    assert evaluated(literal(values)) == values


@pytest.mark.parametrize(
    "value",
    [
        datetime.date(2020, 2, 29),
        datetime.time(1, 2, 3, 4),
        datetime.datetime(2020, 2, 29, 1, 2, 3, 456789),
        datetime.datetime(2020, 2, 29, 1, 2, 3, tzinfo=datetime.UTC),
        Decimal("12.50"),
    ],
)
def test_typed_literals_keep_their_values(value: object) -> None:
    assert evaluated(literal(value)) == value


def test_a_uuid_literal_is_the_uuid() -> None:
    value = uuid.uuid4()
    assert str(evaluated(Fragment(f"{literal(value)}::VARCHAR"))) == str(value)


@pytest.mark.parametrize("value", [object(), {"a": 1}, Decimal("NaN")])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="SQL"):
        literal(value)


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_can_not_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        identifier(name)


def test_fragments_join_to_a_fragment() -> None:
    assert joined([identifier("a"), identifier("b c")]) == '"a", "b c"'
    assert isinstance(joined([]), Fragment)


def test_plain_text_never_reaches_a_statement() -> None:
    with pytest.raises(TypeError, match="must be made by"):
        statement("queries/datasets", "duplicate_ids").fill(ids="id; DROP TABLE t")


def test_a_missing_fragment_is_an_error() -> None:
    with pytest.raises(TypeError, match="takes the fragments"):
        statement("queries/datasets", "duplicate_ids").fill()


def test_every_statement_has_its_own_name_and_a_text() -> None:
    for subject in ("queries/datasets", "queries/store", "views/kolena", "schema/catalogue"):
        for name, one in load(subject).items():
            assert one.name == name
            assert one.text
