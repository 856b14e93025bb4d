"""Sums that repeat, against math.fsum and against themselves at other numbers of threads."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import BLOCK_SAMPLES, Flags, Words, from_flags
from kolena_store.metrics import sums
from kolena_store.metrics.sums import Floats, extremes, repeatable_sums, repeatable_sums_many

LARGE = 2 * BLOCK_SAMPLES + 1_000
VALUES = st.floats(-1e9, 1e9)


def packed(*rows: Flags) -> Words:
    return np.stack([from_flags(row) for row in rows])


def everyone(size: int) -> Words:
    return from_flags(np.ones(size, dtype=np.bool_))


def by_definition(values: Floats, is_member: Flags) -> float:
    """The definition in other words: numpy's sum of each block's chosen values, fsum of the blocks."""
    starts = range(0, values.size, BLOCK_SAMPLES)
    blocks = [values[start : start + BLOCK_SAMPLES] for start in starts]
    flags = [is_member[start : start + BLOCK_SAMPLES] for start in starts]
    return math.fsum(float(np.sum(block[chosen])) for block, chosen in zip(blocks, flags, strict=True))


@pytest.fixture(scope="module")
def large() -> tuple[Floats, Flags]:
    random = np.random.default_rng(11)
    return random.lognormal(size=(3, LARGE)) * 1e6, random.random((4, LARGE)) < np.array([[0.01], [0.3], [0.9], [1.1]])


def test_sums_follow_the_definition_bit_for_bit(large: tuple[Floats, Flags]) -> None:
    values, members = large
    for is_member in members:
        found = repeatable_sums(values, from_flags(is_member))
        assert found.tolist() == [by_definition(row, is_member) for row in values]


def test_sums_are_close_to_exact_ones(large: tuple[Floats, Flags]) -> None:
    values, members = large
    for is_member in members:
        exact = [math.fsum(row[is_member]) for row in values]
        assert repeatable_sums(values, from_flags(is_member)) == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("n_threads", [1, 2, 3, 7])
def test_sums_repeat_at_any_number_of_threads(
    large: tuple[Floats, Flags], n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, members = large
    one_by_one = [repeatable_sums(values, from_flags(is_member)).tolist() for is_member in members]
    monkeypatch.setattr("os.cpu_count", lambda: n_threads)
    monkeypatch.setattr(sums, "CASES_WORTH_A_THREAD", 1)
    assert repeatable_sums_many(values, packed(*members)).tolist() == one_by_one


def test_a_row_alone_sums_to_the_same_bits_as_among_others(large: tuple[Floats, Flags]) -> None:
    values, members = large
    together = repeatable_sums(values, from_flags(members[1]))
    alone = [repeatable_sums(row[np.newaxis], from_flags(members[1]))[0] for row in values]
    assert together.tolist() == alone


def test_appended_samples_that_are_no_members_leave_a_sum_as_it_is(large: tuple[Floats, Flags]) -> None:
    values, members = large
    longer = np.concatenate([values, np.full((3, 70_000), math.nan)], axis=1)
    is_member = np.concatenate([members[1], np.zeros(70_000, dtype=np.bool_)])
    assert np.array_equal(
        repeatable_sums(longer, from_flags(is_member)), repeatable_sums(values, from_flags(members[1]))
    )


@given(st.lists(st.tuples(VALUES, VALUES, st.booleans()), max_size=80))
def test_small_sums_agree_with_fsum(rows: list[tuple[float, float, bool]]) -> None:
    values = np.array([row[:2] for row in rows], dtype=np.float64).reshape(-1, 2).T
    is_member = np.array([row[2] for row in rows], dtype=np.bool_)
    exact = [math.fsum(row[is_member]) for row in values]
    assert repeatable_sums(values, from_flags(is_member)) == pytest.approx(exact, rel=1e-12, abs=1e-5)


@given(st.lists(st.tuples(VALUES, st.booleans(), st.booleans(), st.booleans()), max_size=80))
def test_each_row_counts_only_where_it_is_measured(rows: list[tuple[float, bool, bool, bool]]) -> None:
    flags = np.array([row[1:] for row in rows], dtype=np.bool_).reshape(-1, 3).T
    column = np.array([row[0] for row in rows], dtype=np.float64)
    measured = np.stack([flags[0], flags[1], flags[1]])
    values = np.where(measured, column, math.nan)
    found = repeatable_sums(values, from_flags(flags[2]), packed(*measured))
    expected = [by_definition(column, flags[2] & row) for row in measured]
    assert found.tolist() == expected


def test_no_members_sum_to_zero() -> None:
    values = np.full((2, 5), math.nan)
    assert repeatable_sums(values, from_flags(np.zeros(5, dtype=np.bool_))).tolist() == [0.0, 0.0]
    assert repeatable_sums(values, everyone(5), packed(*np.zeros((2, 5), dtype=np.bool_))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (3, 0)])
def test_no_rows_and_no_samples_give_empty_sums(shape: tuple[int, int]) -> None:
    members = np.stack([everyone(shape[1])] * 2)
    assert repeatable_sums_many(np.ones(shape), members).tolist() == [[0.0] * shape[0]] * 2
    assert repeatable_sums_many(np.ones(shape), members[:0]).shape == (0, shape[0])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([1.0, math.nan], math.nan),
        ([1.0, math.inf], math.inf),
        ([-math.inf, 1.0], -math.inf),
        ([math.inf, -math.inf], math.nan),
        ([1.7e308, 1.7e308], math.inf),
        ([-1.7e308, -1.7e308], -math.inf),
        ([-0.0, -0.0], 0.0),
    ],
)
def test_a_sum_that_is_no_number_shows_and_nothing_is_raised(row: list[float], expected: float) -> None:
    found = repeatable_sums(np.array([row]), everyone(2))
    assert found.tolist() == pytest.approx([expected], nan_ok=True)


@pytest.mark.parametrize(("ends", "expected"), [((math.inf, -math.inf), math.nan), ((1.7e308, 1.7e308), math.inf)])
def test_blocks_that_do_not_add_up_to_a_number_show_and_nothing_is_raised(
    ends: tuple[float, float], expected: float
) -> None:
    values = np.zeros((1, BLOCK_SAMPLES + 1))
    values[0, [0, -1]] = ends
    assert repeatable_sums(values, everyone(values.size)).tolist() == pytest.approx([expected], nan_ok=True)


@given(st.lists(st.tuples(st.floats(allow_nan=False), st.booleans()), max_size=60))
def test_extremes_are_the_least_and_the_greatest_member(rows: list[tuple[float, bool]]) -> None:
    values = np.array([[value for value, _ in rows]], dtype=np.float64)
    is_member = np.array([member for _, member in rows], dtype=np.bool_)
    chosen = [value for value, member in rows if member]
    least, greatest = extremes(values, from_flags(is_member))
    assert least.tolist() == pytest.approx([min(chosen, default=math.nan)], nan_ok=True, rel=0, abs=0)
    assert greatest.tolist() == pytest.approx([max(chosen, default=math.nan)], nan_ok=True, rel=0, abs=0)


def test_extremes_run_over_several_blocks_and_rows(large: tuple[Floats, Flags]) -> None:
    values, members = large
    least, greatest = extremes(values, from_flags(members[1]))
    assert least.tolist() == values[:, members[1]].min(axis=1).tolist()
    assert greatest.tolist() == values[:, members[1]].max(axis=1).tolist()


def test_extremes_skip_what_is_not_measured_and_show_a_measured_nan() -> None:
    values = np.array([[math.nan, 2.0, 3.0], [math.nan, 2.0, 3.0], [math.nan] * 3])
    measured = packed(*np.array([[False, True, True], [True, True, True], [False] * 3]))
    least, greatest = extremes(values, everyone(3), measured)
    assert least.tolist() == pytest.approx([2.0, math.nan, math.nan], nan_ok=True)
    assert greatest.tolist() == pytest.approx([3.0, math.nan, math.nan], nan_ok=True)


def test_bitmaps_that_do_not_fit_the_values_are_refused() -> None:
    values = np.ones((2, 70))
    with pytest.raises(InvalidInput, match="same dataset version"):
        repeatable_sums(values, everyone(64))
    with pytest.raises(InvalidInput, match="same dataset version"):
        extremes(values, everyone(70), packed(*np.ones((2, 64), dtype=np.bool_)))
    with pytest.raises(InvalidInput, match="give one per row"):
        repeatable_sums(values, everyone(70), packed(*np.ones((1, 70), dtype=np.bool_)))
