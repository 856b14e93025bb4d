"""Ordered metrics per test case, against scikit-learn and plain Python."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Flags, Words, from_flags
from kolena_store.metrics.kernels import (
    AveragePrecision,
    ExpectedCalibrationError,
    KernelValue,
    Median,
    RocAuc,
)
from kolena_store.metrics.ordered import Floats, ascending
from kolena_store.metrics.ranked_scores import RankedScores

INFINITY = math.inf
# Few distinct values, so that ties are the rule; -0.0 and 0.0 are one score.
TIED = st.sampled_from([-INFINITY, -1.5, -0.0, 0.0, 0.25, 0.5, 1.0, INFINITY])
SCORES = st.one_of(TIED, st.floats(-100, 100), st.just(math.nan))


class Case:
    """A column of scores with its truth, and a test case over it."""

    def __init__(self, rows: Sequence[tuple[float, bool, bool, bool]]) -> None:
        columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
        self.scores: Floats = columns[0].copy()
        self.positive, self.measured, self.member = (column.astype(np.bool_) for column in columns[1:])
        self.chosen: Flags = self.measured & self.member & ~np.isnan(self.scores)

    @property
    def members(self) -> Words:
        return from_flags(self.member)


CASES = st.builds(Case, st.lists(st.tuples(SCORES, st.booleans(), st.booleans(), st.booleans()), max_size=60))
MOSTLY_MEMBERS = st.tuples(SCORES, st.booleans(), st.just(True), st.sampled_from([True, True, True, False]))
FULL_CASES = st.builds(Case, st.lists(MOSTLY_MEMBERS, max_size=60))


def finite(scores: Floats) -> Floats:
    """The same order without infinities, which scikit-learn refuses."""
    return np.clip(scores, -1e6, 1e6)


def large_case(scores: Floats, share: float) -> Case:
    random = np.random.default_rng(2)
    rows = np.column_stack((scores, random.random((scores.size, 3)) < np.array([0.3, 0.95, share])))
    return Case([tuple(row) for row in rows])


LARGE_SCORES = {
    "all distinct": np.random.default_rng(1).permutation(30_000) / 7,
    "rounded": np.random.default_rng(1).random(30_000).round(2),
    "one value": np.full(30_000, 0.5),
    "float32 noise": np.random.default_rng(1).random(30_000).astype(np.float32).astype(np.float64),
}


@given(st.one_of(CASES, FULL_CASES))
def test_roc_auc_is_that_of_scikit_learn(case: Case) -> None:
    found = RocAuc(case.scores, case.positive, case.measured).evaluate(case.members)
    truth = case.positive[case.chosen]
    assert found.n == truth.size
    if truth.any() and not truth.all():
        assert found.value == pytest.approx(roc_auc_score(truth, finite(case.scores[case.chosen])), rel=1e-12)
    else:
        assert found.value is None


@given(st.one_of(CASES, FULL_CASES))
def test_average_precision_is_that_of_scikit_learn(case: Case) -> None:
    found = AveragePrecision(case.scores, case.positive, case.measured).evaluate(case.members)
    truth = case.positive[case.chosen]
    assert found.n == truth.size
    if truth.any():
        assert found.value == pytest.approx(average_precision_score(truth, finite(case.scores[case.chosen])), rel=1e-12)
    else:
        assert found.value is None


@pytest.mark.parametrize("scores", LARGE_SCORES.values(), ids=LARGE_SCORES)
@pytest.mark.parametrize("share", [0.003, 0.2, 1.1])
def test_large_columns_agree_with_scikit_learn(scores: Floats, share: float) -> None:
    case = large_case(scores, share)
    truth, chosen = case.positive[case.chosen], case.scores[case.chosen]
    ranked = RankedScores(case.scores, case.positive, case.measured)
    assert RocAuc.over(ranked).evaluate(case.members).value == pytest.approx(roc_auc_score(truth, chosen), rel=1e-12)
    found = AveragePrecision.over(ranked).evaluate(case.members).value
    assert found == pytest.approx(average_precision_score(truth, chosen), rel=1e-12)


@given(FULL_CASES)
def test_roc_auc_is_exactly_the_share_of_pairs_in_order(case: Case) -> None:
    found = RocAuc(case.scores, case.positive, case.measured).evaluate(case.members).value
    ups = case.scores[case.chosen & case.positive].tolist()
    downs = case.scores[case.chosen & ~case.positive].tolist()
    points = sum(2 * (up > down) + (up == down) for up in ups for down in downs)
    assert found == (float(Fraction(points, 2 * len(ups) * len(downs))) if ups and downs else None)


def test_one_tally_serves_both_metrics_over_ranked_scores() -> None:
    case = large_case(LARGE_SCORES["rounded"], 0.5)
    ranked = RankedScores(case.scores, case.positive, case.measured)
    tally = ranked.tally(case.members)
    assert RocAuc.of_tally(tally) == RocAuc.over(ranked).evaluate(case.members)
    assert AveragePrecision.of_tally(tally) == AveragePrecision.over(ranked).evaluate(case.members)


@pytest.mark.parametrize("scores", [LARGE_SCORES["rounded"], LARGE_SCORES["all distinct"]], ids=["few", "many"])
def test_a_tally_lists_the_members_distinct_scores_upwards(scores: Floats) -> None:
    case = large_case(scores, 0.01)
    tally = RankedScores(case.scores, case.positive, case.measured).tally(case.members)
    distinct, group = np.unique(case.scores[case.chosen], return_inverse=True)
    positive = case.positive[case.chosen]
    assert tally.positives.tolist() == np.bincount(group[positive], minlength=distinct.size).tolist()
    assert tally.negatives.tolist() == np.bincount(group[~positive], minlength=distinct.size).tolist()
    assert tally.n_samples == positive.size


def test_infinite_scores_are_extreme_and_nan_scores_are_not_measured() -> None:
    scores = np.array([-INFINITY, 0.5, INFINITY, math.nan, INFINITY])
    positive = np.array([False, False, True, True, False])
    everyone = np.ones(5, dtype=np.bool_)
    found = RocAuc(scores, positive, everyone).evaluate(from_flags(everyone))
    assert (found.value, found.n) == (2.5 / 3, 4)


@pytest.mark.parametrize("kernel", [RocAuc, AveragePrecision])
@pytest.mark.parametrize(
    ("positive", "measured", "reason"),
    [
        ([True, False], [False, False], "no sample is measured"),
        ([False, False], [True, True], "no positive sample is measured"),
        ([True, False], [False, True], "no positive sample is measured"),
    ],
)
def test_scores_without_a_positive_have_no_value_and_a_reason(
    kernel: type[RocAuc | AveragePrecision], positive: list[bool], measured: list[bool], reason: str
) -> None:
    found = kernel(np.array([0.1, 0.2]), np.array(positive), np.array(measured)).evaluate(np.array([3], np.uint64))
    assert found == KernelValue(value=None, n=sum(measured), reason=reason)


def test_only_roc_auc_needs_a_negative() -> None:
    scores, everyone = np.array([0.1, 0.2]), np.array([True, True])
    found = RocAuc(scores, everyone, everyone).evaluate(from_flags(everyone))
    assert found == KernelValue(value=None, n=2, reason="no negative sample is measured")
    found = AveragePrecision(scores, everyone, everyone).evaluate(from_flags(everyone))
    assert (found.value, found.n, found.error) == (1.0, 2, None)


def test_a_dataset_without_samples_measures_nothing() -> None:
    nothing, words = np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.uint64)
    for kernel in (RocAuc, AveragePrecision, ExpectedCalibrationError):
        assert kernel(np.zeros(0), nothing, nothing).evaluate(words).reason == "no sample is measured"
    assert Median(np.zeros(0), nothing).evaluate(words).reason == "no sample is measured"
    micro = RocAuc.micro(np.zeros((0, 3)), np.zeros(0, dtype=np.int32), nothing)
    assert micro.evaluate(words).reason == "no sample is measured"


@st.composite
def class_scores(draw: st.DrawFn) -> tuple[Floats, NDArray[np.int32], Flags]:
    n_classes = draw(st.integers(1, 4))
    row = st.tuples(
        st.lists(SCORES, min_size=n_classes, max_size=n_classes), st.integers(-1, n_classes - 1), st.booleans()
    )
    rows = draw(st.lists(row, max_size=30))
    scores = np.array([scores for scores, _, _ in rows], dtype=np.float64).reshape(-1, n_classes)
    codes = np.array([code for _, code, _ in rows], dtype=np.int32)
    return scores, codes, np.array([member for _, _, member in rows], dtype=np.bool_)


@given(class_scores())
def test_micro_averages_are_those_of_the_ravelled_indicator_matrix(
    case: tuple[Floats, NDArray[np.int32], Flags],
) -> None:
    scores, codes, member = case
    everyone = np.ones(codes.size, dtype=np.bool_)
    chosen = member & (codes >= 0) & ~np.isnan(scores).any(axis=1)
    truth = (codes[chosen, np.newaxis] == np.arange(scores.shape[1])).ravel()
    entries = finite(scores[chosen]).ravel()
    auc = RocAuc.micro(scores, codes, everyone).evaluate(from_flags(member))
    precision = AveragePrecision.micro(scores, codes, everyone).evaluate(from_flags(member))
    assert auc.n == precision.n == chosen.sum()
    if truth.any():
        assert precision.value == pytest.approx(average_precision_score(truth, entries), rel=1e-12)
    if truth.any() and not truth.all():
        assert auc.value == pytest.approx(roc_auc_score(truth, entries), rel=1e-12)


@pytest.mark.parametrize("decimals", [2, 15])
def test_large_micro_averages_agree_with_scikit_learn(decimals: int) -> None:
    random = np.random.default_rng(8)
    scores = random.dirichlet(np.ones(5), 4_000).round(decimals)
    codes = random.integers(0, 5, 4_000).astype(np.int32)
    member = random.random(4_000) < 0.4
    truth = np.eye(5)[codes[member]].ravel()
    found = RocAuc.micro(scores, codes, np.ones(4_000, dtype=np.bool_)).evaluate(from_flags(member))
    assert found.value == pytest.approx(roc_auc_score(truth, scores[member].ravel()), rel=1e-12)


@pytest.mark.parametrize("code", [3, -2])
def test_a_class_without_scores_is_refused(code: int) -> None:
    codes = np.array([0, code], dtype=np.int32)
    with pytest.raises(InvalidInput, match="give the scores of every class"):
        RocAuc.micro(np.ones((2, 3)), codes, np.ones(2, dtype=np.bool_))


def calibration_error(confidence: list[float], correct: list[bool], bins: int) -> float:
    """The definition, bin by bin, in exact fractions."""
    total = Fraction(0)
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        inside = [i for i, value in enumerate(confidence) if low < value <= high or (value == 0 and number == 0)]
        total += abs(sum((Fraction(correct[i]) - Fraction(confidence[i]) for i in inside), start=Fraction(0)))
    return float(total / len(confidence))


EDGES = [k / 15 for k in range(16)]
CONFIDENCES = st.one_of(st.floats(0, 1), st.sampled_from(EDGES), st.sampled_from([0.0, -0.0, 1.0, 0.5]))


@given(
    st.lists(st.tuples(CONFIDENCES, st.booleans(), st.booleans(), st.booleans()), max_size=60),
    st.sampled_from([1, 4, 15]),
)
def test_calibration_error_follows_its_definition(rows: list[tuple[float, bool, bool, bool]], bins: int) -> None:
    case = Case(rows)
    found = ExpectedCalibrationError(case.scores, case.positive, case.measured, bins=bins).evaluate(case.members)
    assert found.n == case.chosen.sum()
    if found.n:
        confidence, correct = case.scores[case.chosen].tolist(), case.positive[case.chosen].tolist()
        assert found.value == pytest.approx(calibration_error(confidence, correct, bins), rel=1e-12, abs=1e-15)


def test_a_confidence_on_an_edge_is_in_the_bin_that_it_closes() -> None:
    confidence = np.array([1 / 15, 1 / 15 + 1e-9])
    everyone = np.ones(2, dtype=np.bool_)
    kernel = ExpectedCalibrationError(confidence, np.array([True, False]), everyone)
    apart = (abs(1 - confidence[0]) + abs(0 - confidence[1])) / 2
    assert kernel.evaluate(from_flags(everyone)).value == pytest.approx(apart, rel=1e-14)


@pytest.mark.parametrize("outside", [-1e-9, 1.0000001, INFINITY, -INFINITY, 97.0])
def test_confidences_that_are_no_probabilities_give_a_reason(outside: float) -> None:
    everyone = np.ones(3, dtype=np.bool_)
    kernel = ExpectedCalibrationError(np.array([0.5, outside, 0.7]), everyone, everyone)
    found = kernel.evaluate(from_flags(everyone))
    assert (found.value, found.n) == (None, 3)
    assert found.reason is not None
    assert found.reason.endswith("are no probabilities")
    assert kernel.evaluate(from_flags(np.array([True, False, True]))).value == pytest.approx(0.4)


def test_calibration_error_leaves_nan_out_and_needs_a_bin() -> None:
    everyone = np.ones(2, dtype=np.bool_)
    confidence = np.array([math.nan, 0.8])
    found = ExpectedCalibrationError(confidence, everyone, everyone).evaluate(from_flags(everyone))
    assert found.value == pytest.approx(0.2)
    assert found.n == 1
    with pytest.raises(InvalidInput, match="at least one bin"):
        ExpectedCalibrationError(confidence, everyone, everyone, bins=0)


@given(CASES)
def test_median_is_that_of_numpy(case: Case) -> None:
    found = Median(case.scores, case.measured).evaluate(case.members)
    values = case.scores[case.chosen]
    assert found.n == values.size
    with np.errstate(invalid="ignore"):
        expected = float(np.median(values)) if values.size else math.nan
    assert found.value == (expected if math.isfinite(expected) else None)
    assert (found.reason is None) == math.isfinite(expected)


@pytest.mark.parametrize("share", [0.001, 0.5])
def test_medians_of_large_columns_are_exact(share: float) -> None:
    case = large_case(np.random.default_rng(3).lognormal(size=40_000), share)
    found = Median(case.scores, case.measured).evaluate(case.members)
    assert (found.value, found.n) == (float(np.median(case.scores[case.chosen])), int(case.chosen.sum()))


def test_a_median_between_huge_values_does_not_overflow() -> None:
    everyone = np.ones(2, dtype=np.bool_)
    assert Median(np.array([1.5e308, 1.7e308]), everyone).evaluate(from_flags(everyone)).value == 1.6e308


def test_columns_and_bitmaps_of_other_lengths_are_refused() -> None:
    three, four = np.ones(3, dtype=np.bool_), np.ones(70, dtype=np.bool_)
    for kernel in (RocAuc, AveragePrecision, ExpectedCalibrationError):
        with pytest.raises(InvalidInput, match="same length"):
            kernel(np.ones(3), three, four)
    with pytest.raises(InvalidInput, match="same length"):
        Median(np.ones(4), three)
    with pytest.raises(InvalidInput, match="same dataset version"):
        Median(np.ones(3), three).evaluate(from_flags(four))


@given(st.sets(st.integers(0, 999)), st.sampled_from([1_000, 100_000, 1_000_000]))
def test_few_and_many_places_come_out_ascending(places: set[int], n_places: int) -> None:
    shuffled = np.array(sorted(places, key=lambda place: place * 7919 % 1009), dtype=np.int64)
    assert ascending(shuffled, n_places).tolist() == sorted(places)
