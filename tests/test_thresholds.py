"""Tuned thresholds, against brute force and scikit-learn's curve."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_curve

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Flags
from kolena_store.metrics.ordered import Floats
from kolena_store.metrics.thresholds import accuracy_optimal, f1_optimal

SCORES = st.one_of(
    st.sampled_from([-math.inf, -0.0, 0.0, 0.25, 0.5, 1.0, math.inf]), st.floats(-10, 10), st.just(math.nan)
)
ROWS = st.lists(st.tuples(SCORES, st.booleans(), st.sampled_from([True, True, True, False])), max_size=40)
Row = tuple[float, bool, bool]


def columns(rows: list[Row]) -> tuple[Floats, Flags, Flags]:
    scores, positive, measured = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return scores.copy(), positive.astype(np.bool_), measured.astype(np.bool_)


def measured_rows(rows: list[Row]) -> list[tuple[float, bool]]:
    return [(score, positive) for score, positive, measured in rows if measured and not math.isnan(score)]


def f1_at(rows: list[tuple[float, bool]], threshold: float) -> float:
    found = sum(positive for score, positive in rows if score >= threshold)
    predicted = sum(score >= threshold for score, _ in rows)
    return 2 * found / (predicted + sum(positive for _, positive in rows))


def n_right_at(rows: list[tuple[float, bool]], threshold: float) -> int:
    return sum((score >= threshold) == positive for score, positive in rows)


@given(ROWS)
def test_the_f1_optimal_threshold_is_the_lowest_of_the_best_by_brute_force(rows: list[Row]) -> None:
    kept = measured_rows(rows)
    if any(positive for _, positive in kept):
        distinct = sorted({score for score, _ in kept})
        expected = max(distinct, key=lambda threshold: (f1_at(kept, threshold), -threshold))
        assert f1_optimal(*columns(rows)) == expected
    else:
        with pytest.raises(InvalidInput, match="tune on other samples"):
            f1_optimal(*columns(rows))


@given(ROWS)
def test_the_accuracy_optimal_threshold_is_the_lowest_of_the_best_by_brute_force(rows: list[Row]) -> None:
    kept = measured_rows(rows)
    if kept:
        candidates = sorted({score for score, _ in kept} | {math.inf})
        expected = max(candidates, key=lambda threshold: (n_right_at(kept, threshold), -threshold))
        assert accuracy_optimal(*columns(rows)) == expected
    else:
        with pytest.raises(InvalidInput, match="none is measured"):
            accuracy_optimal(*columns(rows))


@pytest.mark.parametrize("decimals", [1, 2, 16])
@pytest.mark.parametrize("seed", range(5))
def test_the_best_f1_is_that_of_scikit_learns_curve(decimals: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    positive = random.random(5_000) < 0.1
    scores = (random.normal(size=5_000) + positive).round(decimals)
    precision, recall, _ = precision_recall_curve(positive, scores)
    best = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-300))
    threshold = f1_optimal(scores, positive, np.ones(5_000, dtype=np.bool_))
    assert f1_score(positive, scores >= threshold) == pytest.approx(best, rel=1e-12)


def test_among_equally_good_thresholds_the_lowest_is_chosen() -> None:
    everyone = np.ones(4, dtype=np.bool_)
    # At 0.1: 2 of 4 found among 4; at 0.8: 1 of 1. F1 is 2/3 both times.
    assert f1_optimal(np.array([0.1, 0.2, 0.3, 0.8]), np.array([True, False, False, True]), everyone) == 0.1
    # At 0.1 and at 0.8 three of four are right.
    assert accuracy_optimal(np.array([0.1, 0.2, 0.8, 0.9]), np.array([True, False, True, True]), everyone) == 0.1


def test_accuracy_predicts_no_positive_where_that_is_best() -> None:
    everyone = np.ones(3, dtype=np.bool_)
    scores = np.array([0.1, 0.2, 0.3])
    assert accuracy_optimal(scores, np.zeros(3, dtype=np.bool_), everyone) == math.inf
    assert accuracy_optimal(scores, np.array([True, False, False]), everyone) == math.inf
    assert accuracy_optimal(scores, np.array([False, False, True]), everyone) == 0.3


def test_a_tie_with_predicting_no_positive_goes_to_the_lower_score() -> None:
    scores, positive = np.array([0.1, 0.2]), np.array([True, False])
    assert accuracy_optimal(scores, positive, np.ones(2, dtype=np.bool_)) == 0.1


def test_predicting_no_positive_is_no_candidate_above_an_infinite_score() -> None:
    scores, positive = np.array([-math.inf, -math.inf, math.inf]), np.array([False, True, False])
    assert accuracy_optimal(scores, positive, np.ones(3, dtype=np.bool_)) == -math.inf


def test_samples_that_are_not_measured_do_not_move_a_threshold() -> None:
    scores = np.array([0.9, 0.1, 0.5, math.nan])
    positive = np.array([True, True, False, True])
    measured = np.array([True, False, True, True])
    assert f1_optimal(scores, positive, measured) == 0.9
    assert accuracy_optimal(scores, positive, measured) == 0.9


def test_negative_zero_is_reported_as_zero() -> None:
    everyone = np.ones(2, dtype=np.bool_)
    found = f1_optimal(np.array([-0.0, 0.0]), everyone, everyone)
    assert (found, math.copysign(1, found)) == (0.0, 1.0)


def test_a_refusal_says_how_many_samples_are_measured() -> None:
    scores, measured = np.array([0.1, 0.2, math.nan]), np.ones(3, dtype=np.bool_)
    with pytest.raises(InvalidInput, match="none among the 2 measured"):
        f1_optimal(scores, np.array([False, False, True]), measured)
    with pytest.raises(InvalidInput, match="none among the 0 measured"):
        f1_optimal(scores, measured, ~measured)


@pytest.mark.parametrize("tune", [f1_optimal, accuracy_optimal])
def test_columns_of_different_lengths_are_refused(tune: Callable[[Floats, Flags, Flags], float]) -> None:
    with pytest.raises(InvalidInput, match="same length"):
        tune(np.ones(3), np.ones(3, dtype=np.bool_), np.ones(4, dtype=np.bool_))
