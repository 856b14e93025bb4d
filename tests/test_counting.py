"""Counts by bitmaps and by bincount, against plain numpy masks and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from kolena_store.errors import InvalidInput
from kolena_store.membership import threads
from kolena_store.membership.bitmaps import Flags, from_flags, n_words, to_samples
from kolena_store.metrics import counting
from kolena_store.metrics.counting import ClassCounter, Codes, count_by, count_many, count_members, count_pairs


def random_flags(*shape: int, share: float = 0.5, seed: int = 3) -> Flags:
    return np.random.default_rng(seed).random(shape) < share


def packed(flags: Flags) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    words = np.zeros((len(flags), n_words(flags.shape[1])), dtype=np.uint64)
    for row, row_flags in enumerate(flags):
        words[row] = from_flags(row_flags)
    return words


def plain_counts(members: Flags, planes: Flags) -> list[list[int]]:
    return [[int((case & plane).sum()) for plane in planes] for case in members]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, 16_384 * 64 + 5])
def test_counts_are_those_of_plain_masks(size: int) -> None:
    members, planes = random_flags(3, size), random_flags(4, size, seed=4)
    counts = count_many(packed(members), packed(planes))
    assert counts.dtype == np.int64
    assert counts.tolist() == plain_counts(members, planes)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 300), st.integers(0, 1000))
def test_any_number_of_cases_and_planes_can_be_counted(n_cases: int, n_planes: int, size: int, seed: int) -> None:
    members, planes = random_flags(n_cases, size, seed=seed), random_flags(n_planes, size, seed=seed + 1)
    counts = count_many(packed(members), packed(planes))
    assert counts.shape == (n_cases, n_planes)
    assert counts.tolist() == plain_counts(members, planes)


def test_one_test_case_is_counted_as_among_many() -> None:
    members, planes = packed(random_flags(3, 500)), packed(random_flags(4, 500, seed=4))
    for case, counts in zip(members, count_many(members, planes), strict=True):
        assert count_members(case, planes).tolist() == counts.tolist()


def test_full_bitmaps_of_several_chunks_are_counted_without_overflow() -> None:
    full = np.full((2, 3 * counting.CHUNK_WORDS), 2**64 - 1, dtype=np.uint64)
    assert count_many(full, full).tolist() == [[3 * counting.CHUNK_WORDS * 64] * 2] * 2


@pytest.mark.parametrize("n_threads", [1, 2, 3, 8])
def test_counts_are_the_same_at_any_number_of_threads(n_threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: n_threads)
    monkeypatch.setattr(counting, "WORDS_WORTH_A_THREAD", 1)
    members, planes = random_flags(7, 300), random_flags(2, 300, seed=4)
    assert count_many(packed(members), packed(planes)).tolist() == plain_counts(members, planes)


def test_bitmaps_of_different_lengths_are_not_counted_together() -> None:
    with pytest.raises(InvalidInput, match="same dataset version"):
        count_members(np.zeros(2, dtype=np.uint64), np.zeros((1, 3), dtype=np.uint64))


@st.composite
def coded_members(draw: st.DrawFn) -> tuple[Codes, Flags, int]:
    n_classes = draw(st.sampled_from([1, 2, 5, 64, 65, 100]))
    rows = draw(st.lists(st.tuples(st.integers(-1, n_classes - 1), st.booleans()), max_size=150))
    codes = np.array([code for code, _ in rows], dtype=np.int32)
    return codes, np.array([member for _, member in rows], dtype=np.bool_), n_classes


@given(coded_members())
def test_class_counts_are_those_of_a_loop_by_either_way(case: tuple[Codes, Flags, int]) -> None:
    codes, is_member, n_classes = case
    expected = [int(((codes == code) & is_member).sum()) for code in range(n_classes)]
    members = from_flags(is_member)
    assert ClassCounter(codes, n_classes).counts(members).tolist() == expected
    assert count_by(codes, to_samples(members), n_classes).tolist() == expected


@pytest.mark.parametrize("n_classes", [counting.PLANE_CLASSES, counting.PLANE_CLASSES + 1])
def test_few_and_many_classes_are_counted_alike(n_classes: int) -> None:
    codes = np.random.default_rng(5).integers(-1, n_classes, 10_000).astype(np.int32)
    is_member = random_flags(10_000, share=0.3)
    counts = ClassCounter(codes, n_classes).counts(from_flags(is_member))
    assert counts.dtype == np.int64
    assert counts.tolist() == [int((codes[is_member] == code).sum()) for code in range(n_classes)]


def test_no_classes_and_no_samples_give_empty_counts() -> None:
    nothing = np.zeros(0, dtype=np.int32)
    assert ClassCounter(nothing, 0).counts(from_flags(nothing.astype(np.bool_))).tolist() == []
    assert count_by(nothing, nothing.astype(np.int64), 3).tolist() == [0, 0, 0]
    assert count_pairs(nothing, nothing, nothing.astype(np.int64), n_a=2, n_b=1).tolist() == [[0], [0]]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_pairs_are_counted_as_scikit_learn_does(rows: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(rows, dtype=np.int32).T
    samples = np.arange(len(rows))
    expected = confusion_matrix(truth, predicted, labels=range(4))
    assert count_pairs(truth, predicted, samples, n_a=4, n_b=4).tolist() == expected.tolist()


@given(st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 4), st.booleans()), max_size=60))
def test_pairs_with_a_missing_side_are_left_out(rows: list[tuple[int, int, bool]]) -> None:
    a = np.array([row[0] for row in rows], dtype=np.int32)
    b = np.array([row[1] for row in rows], dtype=np.int32)
    samples = np.flatnonzero(np.array([row[2] for row in rows], dtype=np.bool_))
    expected = [[sum(row == (i, j, True) for row in rows) for j in range(5)] for i in range(2)]
    assert count_pairs(a, b, samples, n_a=2, n_b=5).tolist() == expected


@pytest.mark.parametrize("bad", [-2, 3, 2**31 - 1])
def test_codes_that_are_no_class_are_refused(bad: int) -> None:
    codes, samples = np.array([0, bad], dtype=np.int32), np.array([0, 1])
    with pytest.raises(InvalidInput, match="don't fit 3 classes"):
        ClassCounter(codes, 3)
    with pytest.raises(InvalidInput, match="codes run from 0"):
        count_by(codes, samples, 3)
    with pytest.raises(InvalidInput, match="codes run from 0"):
        count_pairs(codes, np.zeros(2, dtype=np.int32), samples, n_a=3, n_b=3)


def test_codes_of_samples_that_are_not_asked_for_do_not_matter() -> None:
    assert count_by(np.array([99, 1], dtype=np.int32), np.array([1]), 2).tolist() == [0, 1]


def test_a_class_counter_refuses_a_bitmap_of_another_size() -> None:
    counter = ClassCounter(np.zeros(100, dtype=np.int32), 200)
    with pytest.raises(InvalidInput, match="same dataset version"):
        counter.counts(np.zeros(3, dtype=np.uint64))


def test_an_error_in_one_thread_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_the_second_half(start: int, _: int) -> None:
        if start:
            raise InvalidInput("the second half")

    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with pytest.raises(InvalidInput, match="second half"):
        threads.run_in_parts(refuse_the_second_half, 10)


@given(st.integers(0, 50), st.integers(0, 20), st.integers(1, 9))
def test_the_parts_of_threads_cover_every_item_once(n_items: int, smallest_part: int, n_threads: int) -> None:
    parts: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.cpu_count", lambda: n_threads)
        threads.run_in_parts(lambda start, stop: parts.append((start, stop)), n_items, smallest_part=smallest_part)
    assert sorted(item for start, stop in parts for item in range(start, stop)) == list(range(n_items))
    assert len(parts) <= n_threads
