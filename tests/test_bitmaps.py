"""Bitmaps over sample numbers, against sets of plain integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolena_store.errors import DamagedStore, InvalidInput
from kolena_store.membership.bitmaps import (
    BLOCK_SAMPLES,
    Flags,
    Words,
    check_unused_bits,
    check_words,
    count,
    from_flags,
    from_samples,
    n_words,
    stacked,
    to_flags,
    to_samples,
)

SIZES = st.one_of(st.integers(0, 200), st.sampled_from([63, 64, 65, 127, 128, 129, BLOCK_SAMPLES, BLOCK_SAMPLES + 1]))


@st.composite
def sample_sets(draw: st.DrawFn) -> tuple[set[int], int]:
    size = draw(SIZES)
    samples = draw(st.sets(st.integers(0, size - 1), max_size=50)) if size else set[int]()
    return samples, size


def bitmap(samples: set[int], size: int) -> Words:
    return from_samples(np.array(sorted(samples), dtype=np.int64), size)


def random_flags(size: int, share: float) -> Flags:
    return np.random.default_rng(7).random(size) < share


@given(sample_sets())
def test_samples_come_back_from_a_bitmap_in_ascending_order(case: tuple[set[int], int]) -> None:
    samples, size = case
    found = to_samples(bitmap(samples, size))
    assert found.dtype == np.int64
    assert found.tolist() == sorted(samples)


@given(sample_sets())
def test_bit_i_of_word_j_is_sample_64_j_plus_i(case: tuple[set[int], int]) -> None:
    samples, size = case
    expected = [sum(1 << (s % 64) for s in samples if s // 64 == word) for word in range(n_words(size))]
    assert bitmap(samples, size).tolist() == expected


@given(sample_sets())
def test_flags_come_back_from_a_bitmap(case: tuple[set[int], int]) -> None:
    samples, size = case
    flags = to_flags(bitmap(samples, size), size)
    assert flags.dtype == np.bool_
    assert flags.shape == (size,)
    assert set(np.flatnonzero(flags).tolist()) == samples
    assert from_flags(flags).tolist() == bitmap(samples, size).tolist()


@given(sample_sets())
def test_count_is_the_number_of_samples(case: tuple[set[int], int]) -> None:
    samples, size = case
    assert count(bitmap(samples, size)) == len(samples)


@given(sample_sets(), sample_sets())
def test_bitmaps_combine_as_sets_do(one: tuple[set[int], int], other: tuple[set[int], int]) -> None:
    size = max(one[1], other[1])
    a, b = bitmap(one[0], size), bitmap(other[0], size)
    assert set(to_samples(a & b).tolist()) == one[0] & other[0]
    assert set(to_samples(a | b).tolist()) == one[0] | other[0]
    assert set(to_samples(a & ~b).tolist()) == one[0] - other[0]


def test_samples_may_repeat_and_come_in_any_order() -> None:
    assert to_samples(from_samples(np.array([70, 3, 70, 3, 0]), 100)).tolist() == [0, 3, 70]


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.01, 0.5, 1.0])
def test_sparse_and_dense_bitmaps_give_the_same_samples_as_numpy(share: float) -> None:
    flags = random_flags(300_001, share)
    assert np.array_equal(to_samples(from_flags(flags)), np.flatnonzero(flags))


@pytest.mark.parametrize("samples", [[-1], [10], [3, 10**12]])
def test_samples_outside_the_bitmap_are_refused(samples: list[int]) -> None:
    with pytest.raises(InvalidInput, match="give the size of the dataset version"):
        from_samples(np.array(samples), 10)


def test_bitmaps_of_another_size_are_refused() -> None:
    words = bitmap({3}, 64)
    check_words(words, 64)
    with pytest.raises(InvalidInput, match="same dataset version"):
        to_flags(words, 65)
    with pytest.raises(InvalidInput, match="has 0 words, this one has 1"):
        check_words(words, 0)


def test_flags_of_strided_rows_are_read_right() -> None:
    flags = np.zeros((130, 2), dtype=np.bool_)
    flags[[0, 65, 129], 1] = True
    assert to_samples(from_flags(flags[:, 1])).tolist() == [0, 65, 129]
    planes = np.stack([from_flags(flags[:, 0]), from_flags(flags[:, 1])], axis=1)
    assert to_flags(planes[:, 1], 130).tolist() == flags[:, 1].tolist()


def test_rows_of_one_array_are_stacked_without_a_copy() -> None:
    whole = np.zeros((3, 4), dtype=np.uint64)
    whole[:] = np.arange(12).reshape(3, 4)
    assert stacked(list(whole)) is whole
    for rows in (list(whole[::-1]), list(whole[:2]), [whole[0], whole[1], whole[1]], [row.copy() for row in whole]):
        found = stacked(rows)
        assert found is not whole
        assert np.array_equal(found, np.stack(rows))


def test_a_bit_beyond_the_size_is_a_damaged_store() -> None:
    check_unused_bits(np.zeros((0, 2), dtype=np.uint64), 100)
    check_unused_bits(np.stack([bitmap({99}, 100), bitmap({3}, 100)]), 100)
    with pytest.raises(DamagedStore, match="verify --repair"):
        check_unused_bits(np.stack([bitmap({100}, 128), bitmap({3}, 128)]), 100)
