"""Metric expressions in numpy: the same values as DuckDB gives, and derivatives that small changes confirm."""

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.errors import InvalidInput
from kolena_store.metrics.definitions import MetricDefinition, load_metrics
from kolena_store.metrics.expressions import gradient_of, value_of
from kolena_store.statements import Fragment, joined, statement
from kolena_store.workflows import WORKFLOWS

CASES, CLASSES = 40, 5
QUERIES = {"whole": "whole_values", "class": "class_values", "class, positive": "class_values"}
QUERIES |= {"classes": "reported_values", "all classes": "class_averages"}
METRICS = [metric for workflow in WORKFLOWS.values() for metric in load_metrics(workflow.metric_file).metrics]


def words_of(metric: MetricDefinition) -> set[str]:
    return metric.words() | {"n_samples", "beta"}


def drawn_terms(metric: MetricDefinition, seed: int) -> dict[str, np.ndarray]:
    """Plausible terms: counts that nest, and sums; some zero, some missing."""
    rng = np.random.default_rng(seed)
    files = [load_metrics(workflow.metric_file) for workflow in WORKFLOWS.values()]
    by_class = {term.name for file in files for term in file.terms if len(term.by) == 1 or term.kind == "matches"}
    names = [term.name for file in files for term in file.terms if term.name in words_of(metric)]
    support = rng.integers(0, 6, (CASES, CLASSES)) * rng.integers(0, 2, (CASES, CLASSES))
    hits = rng.binomial(support, 0.7)
    predicted = hits + rng.integers(0, 4, (CASES, CLASSES))
    made: dict[str, np.ndarray] = {"support": support, "hits": hits, "predicted": predicted, "scored_support": support}
    made |= {
        "n": np.maximum(support, predicted).sum(axis=1, keepdims=True) + 1,
        "n_correct": hits.sum(1, keepdims=True),
    }
    for name in names:
        shape = (CASES, CLASSES if name in by_class else 1)
        made.setdefault(name, np.where(rng.random(shape) < 0.1, np.nan, rng.gamma(3, 2, shape)))
    return {name: made[name].astype(float) for name in dict.fromkeys([*names, *(["beta"] if "beta" in made else [])])}


def constants(metric: MetricDefinition) -> dict[str, np.ndarray]:
    return {"beta": np.full((CASES, 1), 2.0)} if "beta" in metric.words() else {}


def by_duckdb(metric: MetricDefinition, terms: Mapping[str, np.ndarray]) -> np.ndarray:
    whole = {name: pa.array(values[:, 0], from_pandas=True) for name, values in terms.items() if values.shape[1] == 1}
    classes = {
        name: pa.array(values.ravel(), from_pandas=True) for name, values in terms.items() if values.shape[1] > 1
    }
    keys = {"position": np.repeat(np.arange(CASES), CLASSES), "class_position": np.tile(np.arange(CLASSES), CASES)}
    connection = duckdb.connect()
    connection.register("case_terms", pa.table({"position": np.arange(CASES), **whole}))
    connection.register(
        "class_terms", pa.table({**keys, "is_reported": np.ones(CASES * CLASSES, dtype=bool), **classes})
    )
    values = joined([Fragment(f"({metric.expression})::DOUBLE AS v")])
    query = statement("queries/metrics", QUERIES[metric.level]).fill(values=values)
    return connection.sql(query).to_arrow_table().column("v").to_numpy()


def spread(metric: MetricDefinition, terms: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The terms as a metric for each class reads them: those of the whole stand in every column."""
    if not metric.level.startswith("class") or metric.level == "classes":
        return dict(terms)
    return {name: np.broadcast_to(values, (CASES, CLASSES)).copy() for name, values in terms.items()}


@pytest.mark.sampled(8)
@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_has_the_value_that_duckdb_gives(metric: MetricDefinition) -> None:
    for seed in range(5):
        terms = drawn_terms(metric, seed) | constants(metric)
        found = value_of(metric.expression, spread(metric, terms))
        expected = by_duckdb(metric, terms)
        finite = np.where(np.isfinite(expected), expected, np.nan)
        assert np.where(np.isfinite(found), found, np.nan).ravel() == pytest.approx(
            finite, rel=1e-12, abs=1e-12, nan_ok=True
        )


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_derivative_is_that_of_a_small_change(metric: MetricDefinition) -> None:
    terms = spread(metric, drawn_terms(metric, 7) | constants(metric))
    found = gradient_of(metric.expression, terms)
    step = 1e-6
    for name, values in terms.items():
        for column in range(values.shape[1]):
            moved = {name: values + step * (np.arange(values.shape[1]) == column) for name in [name]}
            back = {name: values - step * (np.arange(values.shape[1]) == column) for name in [name]}
            up, down = (value_of(metric.expression, {**terms, **one}) for one in (moved, back))
            difference = (up - down) / (2 * step)
            is_smooth = np.isfinite(difference) & np.isfinite(found.value) & (np.abs(difference) < 1e3)
            derivative = np.broadcast_to(found.by_term[name][:, [column]], difference.shape)
            if difference.shape[1] > 1:
                is_smooth[:, np.arange(difference.shape[1]) != column] = False
            assert derivative[is_smooth] == pytest.approx(difference[is_smooth], rel=1e-4, abs=1e-5)


@given(st.lists(st.integers(-100, 100).map(lambda whole: whole / 7), min_size=4, max_size=4))
def test_derivatives_of_arithmetic_follow_from_its_rules(numbers: list[float]) -> None:
    a, b, c, d = (np.array([[number]]) for number in numbers)
    terms = {"a": a, "b": b, "c": c, "d": d}
    found = gradient_of("a * b - c / nullif(d, 0) + abs(a)", terms)
    sign = 1.0 if numbers[0] >= 0 else -1.0
    assert found.by_term["b"][0, 0] == pytest.approx(numbers[0])
    if numbers[3] == 0:
        assert np.isnan(found.value[0, 0])
    else:
        assert found.by_term["a"][0, 0] == pytest.approx(numbers[1] + sign)
        assert found.by_term["c"][0, 0] == pytest.approx(-1 / numbers[3])
        assert found.by_term["d"][0, 0] == pytest.approx(numbers[2] / numbers[3] ** 2)


def test_a_null_is_neither_true_nor_false() -> None:
    terms = {"a": np.array([[1.0], [np.nan], [3.0]])}
    assert value_of("CASE WHEN a <> 2 THEN 1 END", terms).ravel() == pytest.approx([1, np.nan, 1], nan_ok=True)
    assert value_of("CASE WHEN a IS NULL OR a > 2 THEN 1 ELSE 0 END", terms).ravel().tolist() == [0, 1, 1]
    assert value_of("coalesce(a, 2.5)", terms).ravel().tolist() == [1, 2.5, 3]
    assert value_of("greatest(a, 2)", terms).ravel().tolist() == [2, 2, 3]
    assert value_of("least(a, 1e0)", terms).ravel().tolist() == [1, 1, 1]


@pytest.mark.parametrize("expression", ["ln(a)", "a ** 2", "CASE WHEN a IN (1, 2) THEN 1 END", "(SELECT 1)"])
def test_what_is_not_understood_is_named(expression: str) -> None:
    with pytest.raises(InvalidInput, match="its interval can't follow"):
        value_of(expression, {"a": np.array([[1.0]])})


def test_an_unknown_term_is_named() -> None:
    with pytest.raises(InvalidInput, match="'b', which is none of its terms \\['a'\\]"):
        value_of("a + b", {"a": np.array([[1.0]])})
