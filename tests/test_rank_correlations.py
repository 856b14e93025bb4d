"""Rank correlations per test case, against scipy.stats and plain pairs."""

import itertools
import math
from collections.abc import Iterable

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Flags, from_flags
from kolena_store.metrics.kernels import KendallTauB, KernelValue, Spearman
from kolena_store.metrics.ordered import Floats
from kolena_store.metrics.rank_correlations import count_inversions

VALUES = st.one_of(
    st.sampled_from([-math.inf, -1.0, -0.0, 0.0, 1.0, 2.0, math.inf]), st.floats(-50, 50), st.just(math.nan)
)
ROWS = st.lists(st.tuples(VALUES, VALUES, st.booleans(), st.booleans()), max_size=50)
KERNELS: dict[str, type[Spearman | KendallTauB]] = {"spearman": Spearman, "kendall": KendallTauB}
REFERENCES = {"spearman": scipy.stats.spearmanr, "kendall": scipy.stats.kendalltau}
Row = tuple[float, float, bool, bool]


def columns(rows: Iterable[Row]) -> tuple[Floats, Floats, Flags, Flags]:
    x, y, measured, member = np.array(list(rows), dtype=np.float64).reshape(-1, 4).T
    return x.copy(), y.copy(), measured.astype(np.bool_), member.astype(np.bool_)


def finite(values: Floats) -> Floats:
    """The same order without infinities, of which the references make NaN."""
    return np.clip(values, -1e6, 1e6)


@given(st.sampled_from(sorted(KERNELS)), ROWS)
def test_rank_correlations_are_those_of_scipy(name: str, rows: list[Row]) -> None:
    kernel, reference = KERNELS[name], REFERENCES[name]
    x, y, measured, member = columns(rows)
    chosen = measured & member & ~np.isnan(x) & ~np.isnan(y)
    found = kernel(x, y, measured).evaluate(from_flags(member))
    assert found.n == chosen.sum()
    if found.n >= 2 and np.ptp(finite(x[chosen])) and np.ptp(finite(y[chosen])):
        assert found.value == pytest.approx(reference(finite(x[chosen]), finite(y[chosen])).statistic, abs=1e-12)
    else:
        assert found.value is None


@given(ROWS)
def test_tau_b_is_made_of_all_pairs(rows: list[Row]) -> None:
    x, y, measured, member = columns(rows)
    chosen = measured & member & ~np.isnan(x) & ~np.isnan(y)
    pairs = list(itertools.combinations(zip(x[chosen].tolist(), y[chosen].tolist(), strict=True), 2))
    signs = [((a[0] > b[0]) - (a[0] < b[0]), (a[1] > b[1]) - (a[1] < b[1])) for a, b in pairs]
    untied = [sum(sign[side] != 0 for sign in signs) for side in (0, 1)]
    found = KendallTauB(x, y, measured).evaluate(from_flags(member)).value
    if all(untied):
        assert found == pytest.approx(sum(a * b for a, b in signs) / math.sqrt(untied[0] * untied[1]), rel=1e-14)
    else:
        assert found is None


@pytest.mark.parametrize("name", sorted(KERNELS))
@pytest.mark.parametrize("decimals", [0, 1, 12])
@pytest.mark.parametrize("share", [0.002, 0.4, 1.1])
def test_large_test_cases_agree_with_scipy(name: str, decimals: int, share: float) -> None:
    kernel, reference = KERNELS[name], REFERENCES[name]
    random = np.random.default_rng(4)
    x = random.normal(size=20_000)
    y = (x + random.normal(size=20_000)).round(decimals)
    member = random.random(20_000) < share
    found = kernel(x.round(decimals), y, np.ones(20_000, dtype=np.bool_)).evaluate(from_flags(member))
    assert found.value == pytest.approx(reference(x[member].round(decimals), y[member]).statistic, rel=1e-11)


@pytest.mark.parametrize("name", sorted(KERNELS))
@pytest.mark.parametrize("sign", [1, -1])
def test_the_same_order_gives_exactly_1_and_the_reverse_order_minus_1(name: str, sign: int) -> None:
    x = np.random.default_rng(9).integers(0, 400, 5_000).astype(np.float64)
    everyone = np.ones(5_000, dtype=np.bool_)
    found = KERNELS[name](x, sign * x, everyone).evaluate(from_flags(everyone)).value
    assert found == sign


@pytest.mark.parametrize("kernel", [Spearman, KendallTauB])
@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [], "fewer than two samples are measured"),
        ([1.0], [2.0], "fewer than two samples are measured"),
        ([1.0, math.nan], [2.0, 3.0], "fewer than two samples are measured"),
        ([1.0, 1.0], [2.0, 3.0], "one side is constant"),
        ([1.0, 2.0], [math.inf, math.inf], "one side is constant"),
        ([0.0, -0.0], [2.0, 3.0], "one side is constant"),
    ],
)
def test_what_can_not_be_correlated_has_a_reason(
    kernel: type[Spearman | KendallTauB], x: list[float], y: list[float], reason: str
) -> None:
    everyone = np.ones(len(x), dtype=np.bool_)
    found = kernel(np.array(x), np.array(y), everyone).evaluate(from_flags(everyone))
    n = len([value for value in x if not math.isnan(value)])
    assert found == KernelValue(value=None, n=n, reason=reason)


def test_a_correlation_depends_on_the_members_alone() -> None:
    random = np.random.default_rng(12)
    x, y = random.integers(0, 9, (2, 2_000)).astype(np.float64)
    member = random.random(2_000) < 0.3
    for kernel in (Spearman, KendallTauB):
        inside = kernel(x, y, np.ones(2_000, dtype=np.bool_)).evaluate(from_flags(member))
        alone = kernel(x[member], y[member], np.ones(member.sum(), dtype=np.bool_))
        assert inside == alone.evaluate(from_flags(np.ones(member.sum(), dtype=np.bool_)))


@pytest.mark.parametrize("n", [378_090, 378_126])
def test_full_correlation_is_exact_where_floats_would_round_to_either_side_of_1(n: int) -> None:
    x, everyone = np.arange(n, dtype=np.float64), np.ones(n, dtype=np.bool_)
    assert Spearman(x, x, everyone).evaluate(from_flags(everyone)).value == 1.0


@given(st.integers(0, 70).flatmap(lambda n: st.permutations(range(n))))
def test_inversions_are_the_pairs_in_descending_order(permutation: list[int]) -> None:
    expected = sum(a > b for a, b in itertools.combinations(permutation, 2))
    assert count_inversions(np.array(permutation, dtype=np.int64)) == expected


@pytest.mark.parametrize("n", [1_000, 65_536, 65_537, 200_000])
def test_a_reversed_order_has_every_pair_inverted(n: int) -> None:
    assert count_inversions(np.arange(n)[::-1]) == n * (n - 1) // 2
    assert count_inversions(np.arange(n)) == 0


def test_ranks_of_many_samples_do_not_overflow() -> None:
    n = 3_200_001  # from 3,024,617 on, the sum of squares passes int64
    everyone = np.ones(n, dtype=np.bool_)
    found = Spearman(np.arange(n, dtype=np.float64), np.arange(n)[::-1].astype(np.float64), everyone)
    assert found.evaluate(from_flags(everyone)) == KernelValue(value=-1.0, n=n)


@pytest.mark.parametrize("kernel", [Spearman, KendallTauB])
def test_sides_of_different_lengths_are_refused(kernel: type[Spearman | KendallTauB]) -> None:
    with pytest.raises(InvalidInput, match="same length"):
        kernel(np.ones(3), np.ones(4), np.ones(3, dtype=np.bool_))
