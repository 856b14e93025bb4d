"""Stratifying: views for the values and ranges of fields, as text that can be saved and applied again."""

import datetime
import decimal
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_stores import store_with

import kolena_store as ks
from kolena_store.errors import InvalidInput, MissingColumns
from kolena_store.test_suites import parse_bins

N = 48
UTC = datetime.UTC


def cycled(*values: Any) -> list[Any]:
    return [values[number % len(values)] for number in range(N)]


def store_of(field: Any, name: str = "f") -> ks.Store:
    samples = {name: field, "label": ["u", "v"] * (N // 2)}
    return store_with(samples, ks.Classification("label"), {"m": {"prediction": ["u"] * N}})


def strata(store: ks.Store, by: Any) -> dict[str, int]:
    """Test case -> samples, without the one of all."""
    return {case.name: case.n for case in store.stratify("d", "strata", [by]).cases[1:]}


COLUMNS: dict[str, tuple[Any, dict[str, int]]] = {
    "text": (
        cycled("it's", 'q"q', "ü", "a\nb", " lead", "", "A", "a", None, "NULL", "--", "%"),
        {
            "f = ''": 4,
            "f = ' lead'": 4,
            "f = %": 4,
            "f = --": 4,
            "f = A": 4,
            "f = NULL": 4,
            "f = a (2)": 4,
            "f = 'a\\nb'": 4,
            "f = it's": 4,
            'f = q"q': 4,
            "f = ü": 4,
            "f is missing": 4,
        },
    ),
    "booleans": (cycled(True, False, None), {"f = false": 16, "f = true": 16, "f is missing": 16}),
    "integers": (cycled(2, 1, None), {"f = 1": 16, "f = 2": 16, "f is missing": 16}),
    "large integers": (pa.array(cycled(2**64 - 1, 5), pa.uint64()), {"f = 5": 24, "f = 18446744073709551615": 24}),
    "floats": (
        cycled(0.1, -0.0, 0.0, 1e300, math.nan, -math.inf),
        {"f = -inf": 8, "f = 0": 16, "f = 0.1": 8, "f = 1e+300": 8, "f is NaN": 8},
    ),
    "single precision": (pa.array(cycled(0.1, None), pa.float32()), {"f = 0.1": 24, "f is missing": 24}),
    "decimals": (cycled(decimal.Decimal("1.10"), decimal.Decimal("-2.05")), {"f = -2.05": 24, "f = 1.10": 24}),
    "dates": (
        cycled(datetime.date(2026, 1, 31), datetime.date(1, 1, 1)),
        {"f = 0001-01-01": 24, "f = 2026-01-31": 24},
    ),
    "times": (cycled(datetime.time(1, 2, 3), None), {"f = 01:02:03": 24, "f is missing": 24}),
    "timestamps": (cycled(datetime.datetime(2026, 1, 31, 12, 0, 0, 5), None), {"f = 2026-01-31 12:00:00.000005": 24}),
    "timestamps with zone": (
        pa.array(cycled(datetime.datetime(2026, 1, 31, 12, tzinfo=UTC), None)),
        {"f = 2026-01-31 12:00:00+00": 24},
    ),
    "nanoseconds": (pa.array(cycled(1, None), pa.timestamp("ns")), {"f = 1970-01-01 00:00:00.000000001": 24}),
    "categories": (pa.array(cycled("x", "y", None)).dictionary_encode(), {"f = x": 16, "f = y": 16}),
    "nothing": (pa.nulls(N), {"f is missing": N}),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("kind", COLUMNS)
def test_each_value_is_a_test_case_and_together_they_are_all(kind: str, tmp_path: Path) -> None:
    values, expected = COLUMNS[kind]
    store = store_of(values)
    report = store.stratify("d", "strata", ["f"])
    found = {case.name: case.n for case in report.cases[1:]}
    assert expected.items() <= found.items()
    assert sum(found.values()) == N
    (tmp_path / "strata.sql").write_text(report.source, encoding="utf-8")
    assert not store.apply_suite("d", tmp_path / "strata.sql").is_new_version


BINS: dict[str, tuple[Any, Any, dict[str, int]]] = {
    "edges": (
        [number / 2 for number in range(N)],
        ks.Bins(field="f", edges=[0, 5.5, 10]),
        {"f in [0, 5.5)": 11, "f in [5.5, 10)": 9, "f >= 10": 28},
    ),
    "edges inside": (
        list(range(N)),
        ks.Bins(field="f", edges=np.array([10, 20])),
        {"f < 10": 10, "f in [10, 20)": 10, "f >= 20": 28},
    ),
    "one edge": (list(range(N)), ks.Bins(field="f", edges=[12]), {"f < 12": 12, "f >= 12": 36}),
    "edges above all": (list(range(N)), ks.Bins(field="f", edges=[100, 200]), {"f < 100": N, "f in [100, 200)": 0}),
    "edges and no numbers": (
        cycled(math.nan, math.inf, -math.inf, None),
        ks.Bins(field="f", edges=[0, 1]),
        {"f < 0": 12, "f in [0, 1)": 0, "f >= 1": 12, "f is missing": 12, "f is NaN": 12},
    ),
    "equal widths": (
        list(range(N)),
        ks.Bins(field="f", widths=2),
        {"f in [0, 23.5)": 24, "f in [23.5, 47]": 24},
    ),
    "widths between huge ends": (
        cycled(-1.7e308, 1.7e308, 1.0),
        ks.Bins(field="f", widths=2),
        {"f in [-1.7e+308, 0)": 16, "f in [0, 1.7e+308]": 32},
    ),
    "quantiles": (
        list(range(N)),
        ks.Bins(field="f", quantiles=2),
        {"f in [0, 23)": 23, "f in [23, 47]": 25},
    ),
    "quantiles of ties": (cycled(1, 1, 1, 5), ks.Bins(field="f", quantiles=4), {"f in [1, 5]": N}),
    "a constant": (cycled(2.5), ks.Bins(field="f", widths=3), {"f = 2.5": N}),
    "a constant in quantiles": (
        cycled(2.5, None),
        ks.Bins(field="f", quantiles=3),
        {"f = 2.5": 24, "f is missing": 24},
    ),
    "gaps": (
        cycled(1.0, 2.0, math.nan, math.inf, None, -math.inf),
        ks.Bins(field="f", widths=1),
        {"f in [1, 2]": 16, "f is infinite": 16, "f is missing": 8, "f is NaN": 8},
    ),
    "nothing but NaN": (cycled(math.nan), ks.Bins(field="f", quantiles=3), {"f is NaN": N}),
    "decimals": (
        [decimal.Decimal(number) / 4 for number in range(N)],
        ks.Bins(field="f", edges=[2.5]),
        {"f < 2.5": 10, "f >= 2.5": 38},
    ),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("kind", BINS)
def test_each_range_is_a_test_case_and_together_they_are_all(kind: str, tmp_path: Path) -> None:
    values, bins, expected = BINS[kind]
    store = store_of(values)
    assert strata(store, bins) == expected
    assert sum(expected.values()) == N
    source = store.test_suites("d")[0].source
    (tmp_path / "strata.sql").write_text(str(source), encoding="utf-8")
    assert not store.apply_suite("d", tmp_path / "strata.sql").is_new_version


@pytest.mark.parametrize(("n_values", "n_strata"), [(20, 20), (21, 4)])
def test_a_number_with_many_values_is_cut_into_quarters(n_values: int, n_strata: int) -> None:
    found = strata(store_of(cycled(*range(n_values))), "f")
    assert len(found) == n_strata
    assert sum(found.values()) == N


def test_a_text_with_too_many_values_is_refused() -> None:
    samples = {"f": [f"v{number}" for number in range(101)], "label": ["u"] * 101}
    store = store_with(samples, ks.Classification("label"))
    with pytest.raises(InvalidInput, match="'f' has more than 100 different values; choose a coarser field"):
        store.stratify("d", "strata", ["f"])
    assert store.test_suites("d") == []


@pytest.mark.parametrize(
    "values",
    [[{"a": 1}] * N, [b"raw"] * N],
    ids=["structs", "bytes"],
)
def test_fields_without_plain_values_are_refused(values: list[Any]) -> None:
    with pytest.raises(InvalidInput, match=r"'f' holds .*, which has no plain values to make test cases of"):
        strata(store_of(values), "f")


def test_times_of_day_are_cut_by_a_view_that_the_message_writes() -> None:
    times = [datetime.time(number // 60, number % 60) for number in range(120)]
    store = store_with({"f": times, "label": ["u"] * 120}, ks.Classification("label"))
    for by in ("f", ks.Bins("f", quantiles=3)):
        with pytest.raises(InvalidInput, match="in 'f' are not made for you yet: write a view for each") as refused:
            strata(store, by)
        view = str(refused.value).partition("such as ")[2]
        assert store.apply_suite("d", view, name="by hand").cases[1].name == "f from 12:00:00 on"


def test_ranges_need_numbers_and_fields_that_exist() -> None:
    store = store_of(cycled("a", "b"))
    with pytest.raises(InvalidInput, match="'f' holds VARCHAR, which has no ranges; name the field alone"):
        strata(store, ks.Bins(field="f", quantiles=3))
    with pytest.raises(MissingColumns, match="no column 'lable'; did you mean 'label'"):
        strata(store, "lable")
    with pytest.raises(InvalidInput, match="by= names no field"):
        store.test("d", by=[])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "takes exactly one of edges=, quantiles= and widths="),
        ({"quantiles": 3, "widths": 3}, "takes exactly one"),
        ({"edges": []}, "the edges of 'f' must be numbers that ascend"),
        ({"edges": [1, 1]}, "must be numbers that ascend"),
        ({"edges": [2, 1]}, "must be numbers that ascend, each once; they are 2, 1"),
        ({"edges": [1, math.nan]}, "must be numbers that ascend"),
        ({"edges": ["a", "b"]}, "must be numbers that ascend"),
        ({"quantiles": 0}, "must be a whole number from 1 to 100, not 0"),
        ({"quantiles": 101}, "must be a whole number from 1 to 100, not 101"),
        ({"widths": 2.5}, "must be a whole number"),
        ({"widths": True}, "must be a whole number"),
    ],
)
def test_ranges_that_cannot_be_used_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ks.Bins(field="f", **options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("language", "language"),
        ("age:0,18,65.5", ks.Bins(field="age", edges=[0, 18, 65.5])),
        ("age:18", ks.Bins(field="age", edges=[18])),
        ("age:quantiles=4", ks.Bins(field="age", quantiles=4)),
        ("age:widths=5", ks.Bins(field="age", widths=5)),
        ("a:b", "a:b"),
        ("a:b:widths=2", ks.Bins(field="a:b", widths=2)),
    ],
)
def test_fields_and_ranges_can_be_written_as_text(text: str, expected: Any) -> None:
    assert parse_bins(text, ["language", "age", "a:b"]) == expected


@pytest.mark.parametrize("text", ["age:", "age:x", "age:quantiles=x", "age:edges=3", "age:quantiles=2.5"])
def test_a_range_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="write a field, or field:0,18,65"):
        parse_bins(text, ["age"])


def test_edges_that_do_not_ascend_are_said_to_be_so() -> None:
    with pytest.raises(InvalidInput, match="the edges of 'age' must be numbers that ascend, each once; they are 3, 1"):
        parse_bins("age:3,1", ["age"])


@pytest.mark.parametrize("text", ["age:0,18,65.5", "age:18", "age:quantiles=4", "age:widths=5", "a:b:widths=2"])
def test_a_range_is_spelled_as_it_is_written(text: str) -> None:
    assert str(parse_bins(text, ["age"])) == text


@pytest.mark.sampled(2)
def test_each_way_to_cut_a_field_is_a_suite_of_its_own() -> None:
    store = store_of(list(range(N)))
    cuts = ["f", ks.Bins("f", widths=3), ks.Bins("f", edges=[0, 18.0, 40.5]), ks.Bins("f", quantiles=4)]
    found = [store.test("d", by=[cut]) for cut in cuts]
    assert [one.suite for one in found] == ["by f", "by f:widths=3", "by f:0,18,40.5", "by f:quantiles=4"]
    assert [one.suite_version for one in found] == [1, 1, 1, 1]
    assert store.test("d", by=["label", ks.Bins("f", widths=2)]).suite == "by label, f:widths=2"


def test_names_never_repeat_and_never_grow_too_long() -> None:
    found = strata(store_of(cycled("x" * 300, "x" * 301, "Same", "same")), "f")
    assert len(found) == len({stratum.lower() for stratum in found}) == 4
    assert all(len(stratum) <= 200 for stratum in found)


@pytest.mark.sampled(2)
def test_several_fields_make_the_test_cases_of_each_in_turn() -> None:
    store = store_of(cycled(1, 2), name='say "f"')
    report = store.stratify("d", "both", ["label", ks.Bins(field='say "f"', edges=[2])])
    assert [case.name for case in report.cases] == ["all", "label = u", "label = v", 'say "f" < 2', 'say "f" >= 2']
    results = store.test("d", by=["label", 'say "f"'])
    assert results.suite == 'by label, say "f"'
    assert results['say "f" = 1', "m", "accuracy"].n == 24


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["value", "n", "text", "test_samples", "SELECT", "ü"])
def test_fields_of_any_name_can_be_cut(name: str) -> None:
    assert strata(store_of(cycled(1, 2), name=name), name) == {f"{name} = 1": 24, f"{name} = 2": 24}


@pytest.mark.sampled(2)
def test_one_field_needs_no_list() -> None:
    store = store_of(cycled(1, 2))
    by_name, by_range = store.test("d", by="f"), store.test("d", by=ks.Bins(field="f", edges=[2]))
    assert by_name["f = 2", "m", "accuracy"].n == by_range["f >= 2", "m", "accuracy"].n == 24


@pytest.mark.sampled(2)
def test_a_suite_by_many_or_odd_fields_has_a_short_printable_name() -> None:
    names = [f"a rather long name of a field, number {number}" for number in range(6)]
    samples = {**{name: cycled(1, 2) for name in names}, "line\nbreak": cycled(1, 2), "label": ["u", "v"] * (N // 2)}
    store = store_with(samples, ks.Classification("label"), {"m": {"prediction": ["u"] * N}})
    for by in (names, ["line\nbreak"]):
        suite = store.test("d", by=by).suite
        assert suite.startswith("by fields ")
        assert suite == store.test("d", by=by).suite
