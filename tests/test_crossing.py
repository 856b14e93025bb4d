"""Fields crossed: a test case for each combination that occurs, with the members that plain Python finds."""

import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_stores import store_with
from test_stratify_fields import members, store_of
from thoroughness import FEW

import kolena_store as ks
from kolena_store.errors import InvalidInput

N = 90
CAMERAS = ["front", "rear", None]
HOURS = [number % 24 for number in range(N)]


@pytest.fixture(scope="module")
def drives() -> ks.Store:
    samples = {
        "camera": [CAMERAS[number % 3] for number in range(N)],
        "hour": HOURS,
        "taken": [datetime.date(2026, 1 + number % 2, 1) for number in range(N)],
        "label": ["u"] * N,
    }
    return store_with(samples, ks.Classification("label"), {"m": {"prediction": ["u"] * N}})


def test_each_combination_that_occurs_is_a_test_case(drives: ks.Store, tmp_path: Path) -> None:
    expected: dict[str, list[int]] = {}
    for camera, (low, high) in product(["front", "rear", None], [(0, 6), (6, 12), (12, 24)]):
        first = "camera is missing" if camera is None else f"camera = {camera}"
        second = {0: "hour < 6", 6: "hour in [6, 12)", 12: "hour >= 12"}[low]
        ids = [number for number in range(N) if CAMERAS[number % 3] == camera and low <= HOURS[number] < high]
        expected[f"{first}, {second}"] = ids
    by = ["camera", ks.Bins("hour", edges=[6, 12])]
    found = members(drives, by, tmp_path, cross=True)
    assert list(found) == list(expected)
    assert found == expected


def test_small_combinations_are_listed_in_a_warning(drives: ks.Store) -> None:
    report = drives.stratify("d", "small", ["camera", ks.Bins("hour", edges=[3])], cross=True)
    (warning,) = report.warnings
    sizes = {case.name: case.n for case in report.cases[1:]}
    assert warning.startswith(f"{sum(n < 30 for n in sizes.values())} of {len(sizes)} combinations have fewer than 30")
    assert f"camera = front, hour < 3 (n {sizes['camera = front, hour < 3']})" in warning
    assert warning in drives.test("d", by=["camera", ks.Bins("hour", edges=[3])], cross=True).notes


def test_a_test_by_crossed_fields_is_a_suite_of_its_own(drives: ks.Store) -> None:
    crossed = drives.test("d", by=["camera", ks.Bins("taken", "month")], cross=True)
    assert crossed.suite == "by camera x taken:month"
    assert crossed["camera = front, taken in 2026-01", "m", "accuracy"].n == 15
    assert drives.test("d", by=["camera", ks.Bins("taken", "month")]).suite == "by camera, taken:month"


def test_too_many_combinations_are_refused_with_their_numbers() -> None:
    samples = {"a": [i % 17 for i in range(600)], "b": [i % 19 for i in range(600)], "label": ["u"] * 600}
    store = store_with(samples, ks.Classification("label"))
    n_cells = len({(i % 17, i % 19) for i in range(600)})
    message = rf"a \(17\) x b \(19\): {n_cells} combinations occur, more than 200; cross fewer fields, or cut them"
    with pytest.raises(InvalidInput, match=message):
        store.stratify("d", "s", ["a", "b"], cross=True)
    assert store.test_suites("d") == []


def test_crossing_needs_two_fields(drives: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="fields are crossed from two on"):
        drives.stratify("d", "s", ["camera"], cross=True)
    with pytest.raises(InvalidInput, match=r"cross= \(--cross\) names no fields to cross"):
        drives.test("d", cross=True)


TEXTS = st.one_of(st.none(), st.sampled_from(["it's", 'q"q', "a.b", "größe 🙂", "", " ", "NULL", "a\nb", "A", "a"]))
STRUCT = pa.struct([("größe.tags", pa.list_(pa.string())), ("x", pa.float64())])
ROWS = st.lists(
    st.tuples(
        TEXTS,
        st.one_of(st.none(), st.dates()),
        st.one_of(st.none(), st.lists(TEXTS, max_size=3)),
        st.sampled_from([1.5, -0.0, 0.0, float("nan"), float("inf"), None]),
    ),
    min_size=2,
    max_size=14,
)


def keys(row: tuple[Any, ...]) -> set[tuple[Any, ...]]:
    """The cells that a row belongs to."""
    text, day, tags, number = row
    listed = {("missing",)} if tags is None else {("has", tag) for tag in tags} or {("empty",)}
    shown = "nan" if number != number else number if number is None else number + 0.0
    return {(text, None if day is None else day.year, one, shown) for one in listed}


@pytest.mark.sampled(2)
@FEW
@given(ROWS)
def test_cells_are_those_of_plain_python(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]) -> None:
    samples = {
        "it's.a": pa.array([row[0] for row in rows], pa.string()),
        'say "day"': pa.array([row[1] for row in rows], pa.date32()),
        "s": pa.array([{"größe.tags": row[2], "x": row[3]} for row in rows], STRUCT),
        "label": ["u"] * len(rows),
    }
    store = store_with(samples, ks.Classification("label"))
    expected: dict[tuple[Any, ...], set[int]] = {}
    for number, row in enumerate(rows):
        for key in keys(row):
            expected.setdefault(key, set()).add(number)
    by = ["it's.a", ks.Bins('say "day"', "year"), "s.größe.tags", "s.x"]
    found = members(store, by, tmp_path_factory.mktemp("crossed"), cross=True)
    assert sorted(map(sorted, expected.values())) == sorted(found.values())


def test_nothing_occurs_where_a_field_has_no_test_case() -> None:
    store = store_of([[1], [2]])
    assert store.stratify("d", "s", ["f", "label"], cross=True).cases[1].name == "f has 1, label = u"
