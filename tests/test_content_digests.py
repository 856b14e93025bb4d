"""Content digests: equal to a plain Python implementation, and to themselves whatever the history, files and order."""

import datetime
import decimal
import math
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from content_reference import digest_of_table
from hypothesis import given
from hypothesis import strategies as st
from merged_stores import session_of
from small_stores import temporary_store
from thoroughness import FEW

import kolena_store as ks
from kolena_store.datasets import content_of_members, content_of_version, dataset_named, version_of
from kolena_store.errors import ReadOnlyStore, UnknownName
from kolena_store.results import content_of_results, results_digest, results_of_dataset

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MOMENTS = st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31))
NUMBERS = st.floats(width=64)
UTC = pa.timestamp("us", "Asia/Kolkata")


def nested(kind: pa.DataType, values: st.SearchStrategy[Any]) -> tuple[pa.DataType, st.SearchStrategy[Any]]:
    pair = pa.struct([("z y", kind), ("A", pa.list_(kind))])
    some = st.none() | values
    return pair, st.fixed_dictionaries({"z y": some, "A": st.none() | st.lists(some, max_size=3)})


COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "flags": (pa.bool_(), st.booleans()),
    "bytes": (pa.int8(), st.integers(-128, 127)),
    "large": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "singles": (pa.float32(), st.floats(width=32)),
    "doubles": (pa.float64(), NUMBERS),
    "texts": (pa.string(), TEXT),
    "blobs": (pa.binary(), st.binary(max_size=6)),
    "dates": (pa.date32(), st.dates()),
    "times": (pa.time64("us"), st.times()),
    "moments": (pa.timestamp("us"), MOMENTS),
    "zoned": (UTC, MOMENTS.map(lambda one: one.replace(tzinfo=datetime.UTC))),
    "nanoseconds": (pa.timestamp("ns"), st.integers(-(2**62), 2**62)),
    "zoned nanoseconds": (pa.timestamp("ns", "UTC"), st.integers(-(2**62), 2**62)),
    "time of day": (pa.time64("ns"), st.integers(0, 86_399_999_999_999)),
    "decimals": (pa.decimal128(38, 4), st.decimals(-(10**30), 10**30, places=4)),
    "lists": (pa.list_(pa.float64()), st.lists(st.none() | NUMBERS, max_size=3)),
    "lists of lists": (pa.list_(pa.list_(pa.int64())), st.lists(st.none() | st.lists(st.integers(0, 9), max_size=2))),
    "structs": nested(pa.float64(), NUMBERS),
    "structs of text": nested(pa.string(), TEXT),
    "maps": (pa.map_(pa.string(), pa.int64()), st.dictionaries(TEXT, st.integers(0, 9), max_size=3).map(dict.items)),
}


def stored(table: pa.Table, **options: Any) -> ks.Store:
    store = temporary_store()
    store.upload_dataset("d", table, id_fields=["id"], **options)
    return store


def content(store: ks.Store, version: int | None = None) -> str:
    session = session_of(store)
    return content_of_version(session, version_of(session, dataset_named(session, "d"), version)).digest


def column(values: list[Any], kind: pa.DataType) -> pa.Array:
    return pa.array([list(one) if isinstance(one, type({}.items())) else one for one in values], kind)


@FEW
@given(n_rows=st.integers(1, 12), data=st.data())
def test_a_digest_is_what_plain_python_computes(n_rows: int, data: st.DataObject) -> None:
    cells = {
        name: column(data.draw(st.lists(st.none() | values, min_size=n_rows, max_size=n_rows)), kind)
        for name, (kind, values) in COLUMNS.items()
    }
    table = pa.table({"id": pa.array(range(n_rows), pa.int32()), **cells})
    assert content(stored(table)) == digest_of_table(table)


VECTORS = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "Text": ["", "ä\0b", None],
        "number": [0.1, math.nan, -0.0],
        "seen": pa.array([0, None, -1], pa.timestamp("us", "UTC")),
        "exact": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("-0.05")], pa.decimal128(30, 2)),
        "tags": pa.array([["a", None], None, []], pa.list_(pa.string())),
        "box": pa.array([{"x": 1.5, "label": "a"}, None, {"x": None, "label": ""}]),
        "key": pa.ExtensionArray.from_storage(
            pa.uuid(), pa.array([uuid.UUID(int=number).bytes for number in (1, 2**127, 2**128 - 1)], pa.binary(16))
        ),
    }
)
PINNED = {
    ("id",): "bded5ce8813f2b7cb4c40ddc28c0e7f4",
    ("id", "Text"): "37d079022712da74dbf21cabf84bc706",
    ("id", "number"): "c4a69bec957b228af27d261a3c4fe524",
    ("id", "seen"): "9ba1227f1ee335ba45596a113502f55a",
    ("id", "exact"): "fa2ba02d6be172a91d9e904865465537",
    ("id", "tags"): "1a378adf3140e8e40f343269e3961979",
    ("id", "box"): "2223495e09bd9a552c46e54a0f880788",
    ("id", "key"): "870b4b48cf2bd80b2b9d748d35307852",
    tuple(VECTORS.column_names): "47c1702c3c1b298e73d150d3e3bbbe17",
}
"""Columns -> digest: stored digests stay comparable, so these never change, with any DuckDB."""


@pytest.mark.parametrize("names", PINNED, ids=", ".join)
def test_digests_are_what_they_were(names: tuple[str, ...]) -> None:
    table = VECTORS.select(list(names))
    assert content(stored(table)) == PINNED[names] == digest_of_table(table)


@pytest.mark.sampled(2)
def test_rows_that_differ_in_little_have_other_digests() -> None:
    def of(values: list[Any], kind: pa.DataType | None = None, name: str = "a") -> str:
        return content(stored(pa.table({"id": range(len(values)), name: pa.array(values, kind)})))

    text, number = pa.string(), pa.float64()
    alike = [
        of([None, ""], text),
        of(["", None], text),
        of(["", ""], text),
        of([None, None], text),
        of(["-", "1:a"], text),
        of([None, math.nan], number),
        of([None, 0.0], number),
        of([None, 1.0], number),
        of([None, 1.0], pa.float32()),
        of([None, 1], pa.int64()),
        of([None, 1], pa.int32()),
        of([None, 1], pa.int64(), "A"),
    ]
    assert len(set(alike)) == len(alike)
    assert of([None, -0.0], number) == of([None, 0.0], number)


def test_neither_the_order_of_rows_nor_that_of_columns_counts() -> None:
    table = VECTORS.select(["id", "Text", "number"])
    other = table.take([2, 0, 1]).select(["number", "id", "Text"])
    assert content(stored(table)) == content(stored(other))


def test_the_layout_of_text_and_the_zone_do_not_count() -> None:
    table = VECTORS.select(["id", "Text", "seen"])
    kinds = [("id", pa.int64()), ("Text", pa.large_string()), ("seen", pa.timestamp("us", "Europe/Berlin"))]
    assert content(stored(table)) == content(stored(table.cast(pa.schema(kinds))))


def test_nanoseconds_that_sql_may_not_see_count() -> None:
    def of(moment: int) -> str:
        kind = pa.timestamp("ns", "UTC")
        return content(stored(pa.table({"id": [1], "at": pa.array([moment], kind)})))

    assert of(1_577_836_800_123_456_789) != of(1_577_836_800_123_456_788)


@pytest.mark.sampled(2)
@FEW
@given(rows=st.dictionaries(st.integers(0, 40), st.none() | TEXT, min_size=1, max_size=12), cut=st.integers(0, 11))
def test_the_way_to_a_content_does_not_count(rows: dict[int, str | None], cut: int) -> None:
    table = pa.table({"id": list(rows), "text": pa.array(rows.values(), pa.string())})
    earlier = [*list(rows)[cut:], 99]
    store = stored(pa.table({"id": earlier, "text": ["was there"] * len(earlier)}))
    if cut:
        store.upload_dataset("d", table.slice(0, cut), append_only=True)
    store.upload_dataset("d", table)
    assert content(store) == digest_of_table(table)
    assert content(store, 1) != content(store)


def test_a_column_that_was_widened_has_the_digest_of_the_wide_one() -> None:
    narrow = pa.table({"id": [1, 2], "n": pa.array([1, 2], pa.int32())})
    wide = pa.table({"id": [1, 2, 3], "n": pa.array([1, 2, 3], pa.int64())})
    store = stored(narrow)
    store.upload_dataset("d", wide.slice(2), append_only=True)
    assert content(store) == content(stored(wide)) == digest_of_table(wide)


def test_results_have_a_digest_of_ids_and_answers(tmp_path: Path) -> None:
    samples = pa.table({"id": pa.array([7, 8, 9], pa.int32()), "y": ["a", "b", "a"]})
    answers = pa.table({"id": [9, 7], "label": ["a", "b"], "score": [math.nan, 0.5]})
    store, other = stored(samples), stored(samples.take([2, 1, 0]).set_column(0, "id", pa.array([9, 8, 7])))
    store.upload_results("d", "m", answers.slice(0, 1))
    store.upload_results("d", "m", answers)
    other.upload_results("d", "m", answers.take([1, 0]))
    found = {results_content(one) for one in (store, other)}
    assert found == {digest_of_table(answers, ids=["id"])}


def results_content(store: ks.Store) -> str:
    session = session_of(store)
    dataset = dataset_named(session, "d")
    (results,) = results_of_dataset(session, dataset)
    assert results_digest(session, dataset, results) == content_of_results(session, dataset, results).digest
    return results_digest(session, dataset, results)


def test_a_membership_has_a_digest_of_its_ids() -> None:
    samples = pa.table({"site": ["a", "a", "b"], "n": pa.array([1, 2, 1], pa.int16())})
    store = temporary_store()
    store.upload_dataset("d", samples, id_fields=["site", "n"])
    session = session_of(store)
    found = content_of_members(session, dataset_named(session, "d"), np.array([2, 0]))
    assert (found.n_rows, found.digest) == (2, digest_of_table(samples.take([0, 2]), ids=["n"]))
    nothing = content_of_members(session, dataset_named(session, "d"), np.array([], dtype=np.int64))
    assert (nothing.n_rows, nothing.digest) == (0, f"{0:032x}")


def test_a_digest_is_kept_once_it_was_asked_for(store: ks.Store) -> None:
    store.upload_dataset("d", VECTORS.select(["id", "Text"]))
    store.upload_dataset("d", VECTORS.select(["id", "Text"]).slice(1))
    assert kept(store) == [None, None]
    assert store.dataset_digest("d", 1) == digest_of_table(VECTORS.select(["id", "Text"]))
    assert kept(store) == [store.dataset_digest("D", 1), None]
    with store.transaction():
        assert store.dataset_digest("d") == digest_of_table(VECTORS.select(["id", "Text"]).slice(1))
    assert kept(store) == [store.dataset_digest("d", 1), store.dataset_digest("d", 2)]


def kept(store: ks.Store) -> list[str | None]:
    session = session_of(store)
    dataset = dataset_named(session, "d")
    key = {"dataset_id": dataset.dataset_id}
    return [session.value("datasets.content_digest", **key, version=version) for version in (1, 2)]


def test_a_digest_is_told_where_it_can_not_be_kept(store: ks.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    table = VECTORS.select(["id", "Text"])
    store.upload_dataset("d", table)

    def refuse(*given: object, **named: object) -> None:
        raise ReadOnlyStore("it can't be written")

    monkeypatch.setattr(store._database, "transaction", refuse)
    assert store.dataset_digest("d") == digest_of_table(table)
    with pytest.raises(UnknownName, match="no version 2"):
        store.dataset_digest("d", 2)
