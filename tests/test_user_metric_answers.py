"""From what a query answered to value, n, interval and reason."""

import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kolena_store.metrics.user.answers import (
    Answer,
    AnswerSpread,
    Outcome,
    SpreadKind,
    outcome,
    shape_problem,
    spread_kind,
)
from kolena_store.metrics.user.files import IntervalKind
from kolena_store.statistics.proportions import wilson

TYPES = {"value": "DOUBLE", "n": "BIGINT", "successes": "HUGEINT"}


@dataclass(frozen=True)
class Header:
    interval: IntervalKind | None = None
    undefined: str | None = "nothing was solved"


def answer(**row: float | None) -> Answer:
    return Answer(columns=tuple((name, TYPES[name]) for name in row), rows=(tuple(row.values()),))


def spread_answer(kind: SpreadKind, error: float, n_units: int) -> Answer:
    return replace(answer(value=2.5), spread=AnswerSpread(kind=kind, error=error, n_units=n_units))


def of(header: Header, /, **row: float | None) -> Outcome:
    return outcome(header, answer(**row), n_rows=40)


def test_without_n_the_samples_that_the_query_saw_are_counted() -> None:
    assert of(Header(), value=2.5).n == 40
    assert of(Header(), value=2.5, n=7).n == 7
    assert of(Header(), value=2.5, n=None).n == 0


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_undefined_for_the_reason_of_the_header(value: float | None) -> None:
    found = of(Header(interval="proportion"), value=value, n=3, successes=1)
    assert found == Outcome(value=None, n=3, reason="nothing was solved")
    expected = "the query gave no value" if value is None else "the query gave NaN or an infinite value"
    assert of(Header(undefined=None), value=value).reason == expected


@given(st.integers(1, 10**6), st.data())
def test_a_proportion_has_the_wilson_interval_of_its_counts(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    expected = wilson(successes, n)
    for header, row in ((Header(), {"successes": successes}), (Header("proportion"), {})):
        found = of(header, value=successes / n, n=n, **row)
        assert (found.low, found.high, found.method, found.reason) == (expected.low, expected.high, "wilson", None)


def test_a_proportion_that_is_none_has_no_interval_and_says_why() -> None:
    assert "value times n is no whole number" in str(of(Header("proportion"), value=0.123, n=10).reason)
    assert "value is not successes / n" in str(of(Header(), value=50.0, n=10, successes=5).reason)
    assert "value is not successes / n" in str(of(Header(), value=1.5, n=10, successes=15).reason)
    assert "value is not successes / n" in str(of(Header("proportion"), value=0.0, n=0).reason)


@pytest.mark.parametrize("kind", ["ratio", "bootstrap"])
def test_other_intervals_are_made_of_a_standard_error(kind: IntervalKind) -> None:
    way: SpreadKind = "linearised" if kind == "ratio" else "bootstrap"
    found = outcome(Header(kind), spread_answer(way, 0.5, 11), n_rows=40)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 10, loc=2.5, scale=0.5))
    assert (found.method, found.reason) == (f"{way} t", None)
    clustered = outcome(Header(kind), spread_answer(way, 0.5, 11), n_rows=40, unit="cluster")
    assert (clustered.low, clustered.method) == (found.low, f"{way} t, only 11 clusters")


@pytest.mark.parametrize(
    ("error", "n_units", "unit", "told"),
    [
        (math.nan, 30, None, "leave the metric undefined"),
        (math.inf, 30, None, "not finite"),
        (0.0, 30, None, "nothing varies"),
        (math.nan, 1, None, "fewer than two samples"),
        (0.5, 4, "cluster", "4 clusters, and an interval needs 5"),
        (0.5, 4, "sample", "4 samples, and an interval needs 5"),
    ],
)
def test_without_a_standard_error_there_is_a_reason(error: float, n_units: int, unit: str | None, told: str) -> None:
    found = outcome(Header("ratio"), spread_answer("linearised", error, n_units), n_rows=4, unit=unit)
    assert (found.value, found.low, found.method) == (2.5, None, None)
    assert told in str(found.reason)
    assert "no interval: " in str(found.reason)


@pytest.mark.parametrize(
    ("interval", "is_clustered", "expected"),
    [
        ("bootstrap", False, "bootstrap"),
        ("ratio", False, "linearised"),
        ("proportion", False, None),
        ("proportion", True, "linearised"),
        (None, True, "linearised"),
        (None, False, None),
        ("none", True, None),
    ],
)
def test_the_header_says_how_precision_is_found(
    interval: IntervalKind | None, is_clustered: bool, expected: SpreadKind | None
) -> None:
    assert spread_kind(interval, is_clustered=is_clustered) == expected


@pytest.mark.parametrize("kind", ["none", None])
def test_no_interval_was_asked_for(kind: IntervalKind | None) -> None:
    assert of(Header(kind), value=0.5, n=10).reason == "no interval: the metric's header names none"


def test_a_failed_query_is_a_reason() -> None:
    failed = outcome(Header(), Answer(problem="Could not convert string 'a' to INT32"), n_rows=4)
    assert failed == Outcome(value=None, n=0, reason="the query failed: Could not convert string 'a' to INT32")
    several = Answer(columns=(("value", "DOUBLE"),), rows=((1.0,), (2.0,)))
    assert outcome(Header(), several, n_rows=4).reason == f"the query {shape_problem(several)}"


SHAPES = {
    (("val", "DOUBLE"),): "returns a column 'val', which is none of value, n, successes; did you mean 'value'?",
    (("value", "DOUBLE"), ("VALUE", "DOUBLE")): "returns two columns 'value'",
    (("n", "BIGINT"),): "returns no column 'value'; name the number with AS value",
    (("value", "VARCHAR"),): "returns value as VARCHAR; make it a number",
    (("value", "BOOLEAN"),): "returns value as BOOLEAN; make it a number",
    (("value", "DOUBLE"), ("n", "DOUBLE")): "returns n as DOUBLE; make it a count",
    (("value", "DOUBLE"), ("successes", "DECIMAL(9,1)")): "returns successes as DECIMAL(9,1); make it a count",
}


@pytest.mark.parametrize("columns", SHAPES)
def test_wrong_columns_are_named(columns: tuple[tuple[str, str], ...]) -> None:
    assert SHAPES[columns] in str(shape_problem(Answer(columns=columns, rows=((1.0,) * len(columns),))))


@pytest.mark.parametrize(("rows", "words"), [((), "returns no row"), (((1.0,), (2.0,)), "returns several rows")])
def test_another_number_of_rows_than_one_is_named(rows: tuple[tuple[float, ...], ...], words: str) -> None:
    assert words in str(shape_problem(Answer(columns=(("value", "DOUBLE"),), rows=rows)))


@pytest.mark.parametrize("kind", ["TINYINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL(18,3)"])
def test_every_type_of_number_can_be_a_value(kind: str) -> None:
    assert shape_problem(Answer(columns=(("value", kind), ("n", "HUGEINT")), rows=((1.0, 2),))) is None
