"""Regression metrics through the public interface, against scikit-learn, scipy and plain definitions."""

import decimal
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk
from small_stores import check_interval_form, results_of, value_of
from thoroughness import FEW

import kolena_store as ks

Floats = NDArray[np.float64]
N = 300
WORKFLOW = ks.Regression("t", "p")


def smape(truth: Floats, prediction: Floats) -> float:
    """Makridakis 1993, as a fraction of 2, without samples where both sides are 0."""
    total = np.abs(truth) + np.abs(prediction)
    return float(np.mean(2 * np.abs(prediction - truth)[total > 0] / total[total > 0]))


def mape(truth: Floats, prediction: Floats) -> float:
    return float(sk.mean_absolute_percentage_error(truth[truth != 0], prediction[truth != 0]))


ALWAYS: dict[str, Callable[[Floats, Floats], float]] = {
    "bias": lambda truth, prediction: float(np.mean(prediction - truth)),
    "mae": sk.mean_absolute_error,
    "median_absolute_error": sk.median_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "max_error": sk.max_error,
}
NEEDS_SPREAD: dict[str, Callable[[Floats, Floats], float]] = {
    "r2": sk.r2_score,
    "explained_variance": sk.explained_variance_score,
}
CORRELATIONS: dict[str, Callable[[Floats, Floats], float]] = {
    "pearson": lambda truth, prediction: stats.pearsonr(truth, prediction).statistic,
    "spearman": lambda truth, prediction: stats.spearmanr(truth, prediction).statistic,
    "kendall_tau": lambda truth, prediction: stats.kendalltau(truth, prediction).statistic,
}


def expected(truth: Floats, prediction: Floats) -> dict[str, float | None]:
    """Every metric; None is undefined."""
    n = len(truth)
    has_spread = n > 1 and truth.min() < truth.max()
    both_spread = has_spread and prediction.min() < prediction.max()
    found: dict[str, float | None] = {name: score(truth, prediction) if n else None for name, score in ALWAYS.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found |= {name: score(truth, prediction) if has_spread else None for name, score in NEEDS_SPREAD.items()}
        found |= {name: score(truth, prediction) if both_spread else None for name, score in CORRELATIONS.items()}
    found["mape"] = mape(truth, prediction) if (truth != 0).any() else None
    found["smape"] = smape(truth, prediction) if ((truth != 0) | (prediction != 0)).any() else None
    return found


OF_QUANTILES = ("pinball_loss", "interval_coverage", "interval_width", "weighted_interval_score")
SECOND_MOMENTS = ("r2", "explained_variance", "pearson")
LEAST_DIGITS = 1e-6
"""Second moments are taken about the mean of all samples: far from it they lose digits, until the guard makes them NULL."""


def check(
    results: ks.TestResults, test_case: str, truth: Floats, prediction: Floats, rel: float = 1e-9, abs_: float = 1e-12
) -> None:
    rows = {row["metric"]: row for row in results.rows() if row["test_case"] == test_case}
    rows = {name: row for name, row in rows.items() if name not in OF_QUANTILES}
    reference = expected(truth, prediction)
    assert rows.keys() == reference.keys()
    for name, value in reference.items():
        row = rows[name]
        assert (row["value"] is None) == (value is None), (name, row, value)
        assert row["class"] is None
        check_interval_form(row)
        if value is not None:
            digits = max(rel, LEAST_DIGITS) if name in SECOND_MOMENTS else rel
            assert row["value"] == pytest.approx(value, rel=digits, abs=abs_), name


def groups(n: int) -> NDArray[np.int64]:
    return np.resize(np.repeat(np.arange(12), [1, 1, 2, 2, 3, 4, 5, 8, 13, 21, 34, 55]), n)


PREDICATES = {
    **{f"group {number}": f"g = {number}" for number in range(12)},
    "half": "id % 2 = 0",
    "large": "t > 0.5",
    "nothing": "t > 1e9",
}


def chosen(test_case: str, truth: Floats) -> NDArray[np.bool_]:
    number = np.arange(len(truth))
    if test_case.startswith("group "):
        return groups(len(truth)) == int(test_case.removeprefix("group "))
    return {"all": number >= 0, "half": number % 2 == 0, "large": truth > 0.5, "nothing": number < 0}[test_case]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("decimals", [0, 1, 12])
def test_every_metric_of_every_test_case_is_that_of_the_references(decimals: int) -> None:
    random = np.random.default_rng(decimals)
    truth = random.normal(0.3, 2, N).round(decimals)
    prediction = (0.8 * truth + random.normal(0, 1, N)).round(decimals)
    results = results_of({"t": truth, "g": groups(N)}, WORKFLOW, {"p": prediction}, PREDICATES)
    for test_case in ("all", *PREDICATES):
        members = chosen(test_case, truth)
        check(results, test_case, truth[members], prediction[members])


VALUES = st.one_of(
    st.sampled_from([None, math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 0.30000000000000004]),
    st.floats(-1e3, 1e3).map(lambda value: round(value, 3)),
)


@FEW
@given(st.lists(st.tuples(VALUES, VALUES, st.integers(0, 5)), min_size=1, max_size=50))
def test_small_sets_with_ties_gaps_and_infinities_follow_the_references(rows: list[tuple[Any, Any, int]]) -> None:
    truth, prediction, group = (list(column) for column in zip(*rows, strict=True))
    numbers = [np.array([math.nan if value is None else value for value in side]) for side in (truth, prediction)]
    is_measured = np.isfinite(numbers[0]) & np.isfinite(numbers[1])
    columns = [pa.array(side, pa.float64()) for side in (truth, prediction)]
    predicates = {f"g{number}": f"g = {number}" for number in range(6)}
    results = results_of({"t": columns[0], "g": group}, WORKFLOW, {"p": columns[1]}, predicates)
    for number in range(6):
        members = (np.array(group) == number) & is_measured
        check(results, f"g{number}", numbers[0][members], numbers[1][members], abs_=1e-9)
        mae = results[f"g{number}", "m", "mae"]
        assert (mae.n, mae.n_samples) == (members.sum(), (np.array(group) == number).sum())
        assert mae.n_null == mae.n_samples - mae.n


def test_samples_whose_truth_is_zero_stay_out_of_mape_alone() -> None:
    results = results_of({"t": [0.0, 2.0, None, 4.0]}, WORKFLOW, {"p": [1.0, 1.0, 1.0, 5.0]})
    found = results["all", "m", "mape"]
    assert (found.value, found.n, found.n_null) == (pytest.approx((0.5 + 0.25) / 2), 2, 1)
    assert results["all", "m", "mae"].n == 3
    symmetric = results["all", "m", "smape"]
    assert (symmetric.value, symmetric.n) == (pytest.approx((2 + 2 / 3 + 2 / 9) / 3), 3)


def test_zeros_alone_have_no_relative_error_and_no_correlation() -> None:
    results = results_of({"t": [0.0, -0.0]}, WORKFLOW, {"p": [0.0, 0.0]})
    undefined = ("mape", "smape", "r2", "explained_variance", "pearson", "spearman", "kendall_tau")
    assert {name: value_of(results, name) for name in undefined} == dict.fromkeys(undefined)
    assert value_of(results, "mae") == 0
    assert "other than 0" in str(results["all", "m", "mape"].reason)


def test_a_constant_error_explains_all_variance() -> None:
    truth = np.array([0.5, 1.25, 8.0, -3.5])
    results = results_of({"t": truth}, WORKFLOW, {"p": truth + 2})
    assert value_of(results, "explained_variance") == 1
    assert value_of(results, "pearson") == pytest.approx(1, abs=1e-15)
    assert value_of(results, "bias") == 2


@pytest.mark.parametrize(
    ("truth", "prediction", "undefined"),
    [
        ([3.0, 3.0, 3.0], [1.0, 2.0, 3.0], ("r2", "explained_variance", "pearson", "spearman", "kendall_tau")),
        ([1.0, 2.0, 3.0], [3.0, 3.0, 3.0], ("pearson", "spearman", "kendall_tau")),
        ([1.0], [2.0], ("r2", "explained_variance", "pearson", "spearman", "kendall_tau")),
    ],
)
def test_constant_sides_have_reasons_in_the_place_of_values(
    truth: list[float], prediction: list[float], undefined: tuple[str, ...]
) -> None:
    results = results_of({"t": truth}, WORKFLOW, {"p": prediction})
    found = {row["metric"]: row["reason"] for row in results.rows() if row["value"] is None}
    assert found.keys() == {*undefined, *OF_QUANTILES}
    assert all(reason and not reason.startswith("no interval") for reason in found.values())


@pytest.mark.sampled(3)
@pytest.mark.parametrize("offset", [1e9, -1e9, 1e6])
@pytest.mark.parametrize("bias", [0.0, 1e6])
def test_huge_offsets_cost_no_digits(offset: float, bias: float) -> None:
    random = np.random.default_rng(1)
    truth = random.normal(size=N) + offset
    prediction = truth + random.normal(0, 0.3, N) + bias
    results = results_of({"t": truth, "g": groups(N)}, WORKFLOW, {"p": prediction}, {"few": "g = 8", "most": "g > 8"})
    for test_case, members in (("all", groups(N) >= 0), ("few", groups(N) == 8), ("most", groups(N) > 8)):
        check(results, test_case, truth[members], prediction[members])


@pytest.mark.parametrize("scale", [1e-6, 1e-150, 1e150])
def test_scale_costs_no_digits(scale: float) -> None:
    random = np.random.default_rng(2)
    truth = random.normal(size=N)
    prediction = truth + random.normal(0, 0.3, N)
    results = results_of({"t": truth * scale}, WORKFLOW, {"p": prediction * scale})
    for name in (*NEEDS_SPREAD, *CORRELATIONS):
        score = {**NEEDS_SPREAD, **CORRELATIONS}[name](truth, prediction)
        assert value_of(results, name) == pytest.approx(score, rel=1e-9), name
    assert value_of(results, "mae") == pytest.approx(scale * sk.mean_absolute_error(truth, prediction), rel=1e-9)


@pytest.mark.parametrize("distance", [1e3, 1e4])
def test_test_cases_far_from_the_common_mean_keep_eight_digits(distance: float) -> None:
    random = np.random.default_rng(3)
    far = np.arange(N) % 2
    truth = random.normal(size=N) + distance * far
    prediction = truth + random.normal(0, 0.3, N) + distance * far
    results = results_of({"t": truth, "far": far}, WORKFLOW, {"p": prediction}, {"near": "far = 0", "far": "far = 1"})
    for number, test_case in enumerate(("near", "far")):
        check(results, test_case, truth[far == number], prediction[far == number], rel=1e-7)


def test_a_spread_that_is_lost_beside_its_distance_from_the_mean_has_no_value_in_the_place_of_a_wrong_one() -> None:
    random = np.random.default_rng(4)
    far = np.arange(N) % 2
    truth = random.normal(size=N) + 1e8 * far
    results = results_of({"t": truth, "far": far}, WORKFLOW, {"p": truth + 0.5}, {"far": "far = 1"})
    for name in ("r2", "explained_variance", "pearson"):
        assert value_of(results, name, "far") is None
        assert "too little spread" in str(results["far", "m", name].reason)
    assert value_of(results, "mae", "far") == pytest.approx(0.5, rel=1e-7)
    assert value_of(results, "spearman", "far") == 1


def test_sums_beyond_the_range_of_floats_have_a_reason() -> None:
    results = results_of({"t": [1e308, -1e308, 1e308]}, WORKFLOW, {"p": [1.5e308, 1e308, 1e308]})
    assert results["all", "m", "mse"].value is None
    assert results["all", "m", "mse"].reason == "the value is not finite"
    assert all(row["value"] is None or math.isfinite(row["value"]) for row in results.rows())


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("truth", "prediction"),
    [
        (pa.array([1, 2, 4, 8], pa.int64()), pa.array([1.5, 2.0, 3.0, 9.0])),
        (pa.array([1, 2, 4, 8], pa.uint64()), pa.array([1, 2, 3, 9], pa.int16())),
        (pa.array([1, 2, 4, 8], pa.float32()), pa.array([1.5, 2.0, 3.0, 9.0], pa.float32())),
        (pa.array([decimal.Decimal(one) for one in ("1.00", "2.00", "4.00", "8.00")]), pa.array([1.5, 2, 3, 9])),
    ],
)
def test_numbers_of_any_type_are_measured_as_doubles(truth: pa.Array, prediction: pa.Array) -> None:
    results = results_of({"t": truth}, WORKFLOW, {"p": prediction})
    sides = [np.array([float(value) for value in side.to_pylist()]) for side in (truth, prediction)]
    check(results, "all", *sides)


def test_the_same_column_name_may_stand_on_both_sides() -> None:
    results = results_of({"value": [1.0, 2.0]}, ks.Regression("value", "value"), {"value": [2.0, 4.0]})
    assert value_of(results, "bias") == 1.5


def test_infinities_on_both_sides_are_left_out() -> None:
    infinite = [math.inf, -math.inf, math.inf, 1.0]
    results = results_of({"t": infinite}, WORKFLOW, {"p": [math.inf, math.inf, -math.inf, 3.0]})
    assert (value_of(results, "bias"), results["all", "m", "bias"].n_null) == (2.0, 3)


def test_models_that_answered_nothing_measurable_have_reasons() -> None:
    results = results_of({"t": [1.0, 2.0]}, WORKFLOW, {"p": pa.array([None, math.nan], pa.float64())})
    rows = results.rows()
    assert {row["value"] for row in rows} == {None}
    assert {(row["n"], row["n_null"]) for row in rows} == {(0, 2)}
    assert all(row["reason"] for row in rows)


def test_directions_say_what_is_better() -> None:
    results = results_of({"t": [1.0, 2.0]}, WORKFLOW, {"p": [1.0, 3.0]})
    better = {row["metric"]: row["better"] for row in results.rows()}
    assert {name for name, direction in better.items() if direction == "higher"} == {*NEEDS_SPREAD, *CORRELATIONS}
    assert better["bias"] == "none"
    assert better["smape"] == better["max_error"] == "lower"
