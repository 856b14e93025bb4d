"""The catalogue: its tables, the version of their format, and the texts that it stores for users."""

import datetime
from collections.abc import Iterator

import duckdb
import pytest

from kolena_store.errors import InvalidInput, UnsupportedStore
from kolena_store.schema import (
    FORMAT_VERSION,
    OLDEST_FORMAT,
    check_format,
    create_catalogue,
    document_text,
    listed,
    now,
)
from kolena_store.statements import load


@pytest.fixture
def catalogue() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_catalogue(connection)
        yield connection


def test_the_catalogue_has_a_table_for_each_statement(catalogue: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'catalogue'"
    found = {row[0] for row in catalogue.execute(query).fetchall()}
    assert found == set(load("schema/catalogue")) - {"catalogue"}


def test_the_catalogue_has_types_that_the_oldest_reader_knows(catalogue: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT DISTINCT data_type FROM duckdb_columns() WHERE schema_name = 'catalogue'"
    kinds = {row[0] for row in catalogue.execute(query).fetchall()}
    scalars = {"BIGINT", "INTEGER", "VARCHAR", "DOUBLE", "BOOLEAN", "BLOB", "UUID", "TIMESTAMP"}
    assert kinds <= {*scalars, *(f"{kind}[]" for kind in scalars)}


@pytest.mark.parametrize("version", [OLDEST_FORMAT, FORMAT_VERSION])
def test_known_formats_are_read(version: int) -> None:
    check_format(version, "here")


def test_an_older_format_says_that_the_store_must_be_made_anew() -> None:
    with pytest.raises(UnsupportedStore, match="here has format 1, .*make the store anew"):
        check_format(OLDEST_FORMAT - 1, "here")


def test_a_newer_format_says_how_to_upgrade() -> None:
    with pytest.raises(UnsupportedStore, match="here has format 3.*pip install --upgrade"):
        check_format(FORMAT_VERSION + 1, "here")


def test_a_document_has_one_text() -> None:
    assert document_text("it", {"b": [1, None], "a": "é"}) == '{"a":"é","b":[1,null]}'
    assert document_text("it", {}) == "{}"


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), object(), b"x", {1, 2}, datetime.date(2020, 1, 1)])
def test_a_document_that_json_can_not_hold_is_named(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"^the notes can't be stored as JSON"):
        document_text("the notes", {"key": value})


def test_a_list_keeps_its_order_and_each_name_once() -> None:
    assert listed("tags", ("b", "a", "b")) == ["b", "a"]
    assert listed("tags", []) == []


@pytest.mark.parametrize("text", ["", "night"])
def test_a_text_is_no_list(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"tags=\["):
        listed("tags", text)


def test_now_is_in_utc_and_has_no_zone() -> None:
    found = now()
    assert found.tzinfo is None
    assert abs(datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - found) < datetime.timedelta(minutes=1)
