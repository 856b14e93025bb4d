"""Rows of which a sample has several: shares, members, designs and sizes, by plain Python; and stores of any shape."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from repeated_answers import Repeated
from thoroughness import FEW

import kolena_store as ks
from kolena_store.membership.bitmaps import from_samples, to_samples
from kolena_store.metrics.design import SamplingDesign
from kolena_store.metrics.repeated_rows import RepeatedRows
from kolena_store.statistics.order import middle_places

SIZE = 70
SAMPLES = st.lists(st.integers(0, SIZE - 1), max_size=150).map(sorted)
CASE = st.sets(st.integers(0, SIZE - 1))


@given(SAMPLES, CASE, CASE)
def test_rows_stand_for_their_samples(samples: list[int], one: set[int], other: set[int]) -> None:
    rows = RepeatedRows(samples=np.array(samples, dtype=np.int64), size=SIZE)
    members = np.stack([from_samples(np.array(sorted(case), dtype=np.int64), SIZE) for case in (one, other)])
    counts = Counter(samples)
    assert rows.shares.tolist() == [1 / counts[sample] for sample in samples] or not samples
    assert rows.n_places == max(1, len(samples))
    for case, words in zip((one, other), rows.members(members), strict=True):
        assert to_samples(words).tolist() == [row for row, sample in enumerate(samples) if sample in case]
    assert rows.sizes(members).tolist() == [
        [len(one), len(other)],
        [len(one & set(samples)), len(other & set(samples))],
    ]
    flags = np.zeros(rows.n_places, dtype=bool)
    flags[::3] = bool(samples)
    assert to_samples(rows.samples_of(flags)).tolist() == sorted(set(samples[::3]))


@given(SAMPLES, st.booleans(), st.booleans())
def test_rows_share_the_weight_and_the_cluster_of_their_sample(
    samples: list[int], is_weighted: bool, is_clustered: bool
) -> None:
    rows = RepeatedRows(samples=np.array(samples, dtype=np.int64), size=SIZE)
    weights = np.arange(SIZE) / 7 if is_weighted else None
    clusters = (np.arange(SIZE) // 9).astype(np.int32) if is_clustered else None
    found = rows.design(SamplingDesign(weights=weights, clusters=clusters, notes=("kept",)))
    counts = Counter(samples)
    of_sample = [(weights[i] if weights is not None else 1.0) / counts[i] for i in samples]
    assert found.weights is not None
    assert found.clusters is not None
    assert found.weights[: len(samples)].tolist() == of_sample
    assert found.clusters[: len(samples)].tolist() == [i // 9 if is_clustered else i for i in samples]
    assert (found.unit, found.notes) == ("cluster" if is_clustered else "sample", ("kept",))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_a_median_of_shares_meets_the_half_whatever_their_rounding(counts: list[int]) -> None:
    from fractions import Fraction

    shares = [Fraction(1, count) for count in counts for _ in range(count)]
    sums = np.cumsum(shares)
    half = sums[-1] / 2
    expected = (
        next(i for i, one in enumerate(sums) if one >= half),
        next(i for i, one in enumerate(sums) if one > half),
    )
    assert middle_places(np.array(shares, dtype=np.float64)) == expected


ANSWER = st.tuples(st.sampled_from(["a", "b", "other", None]), st.sampled_from([0.0, 0.25, 0.5, 1.0, None]))
ANSWERED = st.lists(st.lists(ANSWER, max_size=3), max_size=14).map(
    lambda others: [[("a", 0.5)], [("b", None)], *others]
)
"""The first two samples are answered, so that both labels are among the answers as samples too."""


@pytest.mark.sampled(2)
@FEW
@given(st.data(), ANSWERED)
def test_any_answers_are_measured_as_samples_of_their_own(data: st.DataObject, answered: list[list[Any]]) -> None:
    n = len(answered)
    labels = ["a", "b", *data.draw(st.lists(st.sampled_from(["a", "b", None]), min_size=n - 2, max_size=n - 2))]
    weights = data.draw(st.lists(st.sampled_from([0.0, 0.5, 3.0]), min_size=n, max_size=n))
    of = np.array([i for i, several in enumerate(answered) for _ in several], dtype=np.int64)
    flat = [one for several in answered for one in several]
    given_answers = {
        "p": pa.array([label for label, _ in flat], pa.string()),
        "score": pa.array([score for _, score in flat], pa.float64()),
    }
    repeated = Repeated(
        samples={"y": pa.array(labels, pa.string()), "w": weights},
        answers=given_answers,
        of=of,
        seed=np.arange(len(of)) - np.searchsorted(of, of),
        options={"weight": "w"} if data.draw(st.booleans()) else {},
    )
    workflow = ks.Classification("y", prediction="p", score="score", positive="a", classes=["a", "b"])
    stores = repeated.store(workflow), repeated.as_samples(workflow)
    found, expected = (list(store.test("d", "m").rows()) for store in stores)
    for one, other in zip(found, expected, strict=True):
        for name in ("value", "ci_low", "ci_high"):
            assert one[name] == (None if other[name] is None else pytest.approx(other[name], rel=1e-9, abs=1e-9)), (
                one,
                other,
            )
        assert one["metric"] != "accuracy" or one["n"] + one["n_null"] <= one["n_samples"] + 1
        assert one["n_null"] >= 0
    assert {row["n_samples"] for row in found} == {len(answered)}
    assert {row["n_missing"] for row in found} == {sum(not several for several in answered)}
    assert stores[0].verify().is_sound
