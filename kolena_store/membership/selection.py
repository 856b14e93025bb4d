"""The members of many formulas at once: block by block of samples, each atom packed once, joined word by word."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.answers import Answer, NumberAnswer
from kolena_store.membership.bitmaps import BLOCK_SAMPLES, Flags, Words, from_flags, n_words
from kolena_store.membership.columns import CodedColumn, NumberColumn
from kolena_store.membership.formulas import Atom, Formula, Junction
from kolena_store.membership.threads import run_in_parts

__all__ = ["AtomTest", "coded_test", "number_test", "select"]

AtomTest: TypeAlias = Callable[[int, int, bool], Flags]
"""(start, stop, truth) -> for each place whether the atom is true there (or false, when `truth` is not set)."""

MOST_RUNS = 4
BLOCK_WORDS = n_words(BLOCK_SAMPLES)


def coded_test(column: CodedColumn, answer: Answer) -> AtomTest:
    """Return the test of an atom over a column of codes."""
    sets = {True: _code_set(column.codes, answer.true), False: _code_set(column.codes, answer.false)}
    return lambda start, stop, truth: sets[truth](column.codes[start:stop])


def number_test(column: NumberColumn, answer: NumberAnswer) -> AtomTest:
    """Return the test of an atom over a column of numbers."""

    def test(start: int, stop: int, truth: bool) -> Flags:
        holds = answer.holds(column.values[start:stop])
        found = holds if truth else ~holds
        if column.known is None:
            return found
        known = column.known[start:stop]
        of_null = answer.null.true if truth else answer.null.false
        found = found & known
        if of_null.any():
            found |= ~known if column.present is None else column.present[start:stop] & ~known
        return found

    return test


def select(formulas: Sequence[Formula], tests: Mapping[Atom, AtomTest], present: Words, size: int) -> Words:
    """Return the places [0, size) where each formula is true: words[formulas, W].

    Args:
        formulas: what to select; all their atoms have tests.
        tests: how to tell where an atom is true.
        present: the places that hold a sample at all.
        size: how many places there are.
    """
    words = np.zeros((len(formulas), n_words(size)), dtype=np.uint64)

    def select_blocks(first: int, last: int) -> None:
        for block in range(first, last):
            _select_block(formulas, tests, present, size, words=words, block=block)

    run_in_parts(select_blocks, -(-size // BLOCK_SAMPLES))
    return words


def _select_block(
    formulas: Sequence[Formula],
    tests: Mapping[Atom, AtomTest],
    present: Words,
    size: int,
    *,
    words: Words,
    block: int,
) -> None:
    start, stop = block * BLOCK_SAMPLES, min(size, (block + 1) * BLOCK_SAMPLES)
    part = slice(block * BLOCK_WORDS, block * BLOCK_WORDS + n_words(stop - start))
    everything = present[part]
    packed: dict[tuple[Atom, bool], Words] = {}

    def evaluated(formula: Formula, truth: bool) -> Words:
        if isinstance(formula, Atom):
            if (formula, truth) not in packed:
                packed[formula, truth] = from_flags(tests[formula](start, stop, truth))
            return packed[formula, truth]
        if not isinstance(formula, Junction):
            return evaluated(formula.part, not truth)
        found = [evaluated(one, truth) for one in formula.parts]
        join = np.bitwise_and if formula.is_and == truth else np.bitwise_or
        joined = found[0] if found else everything
        for one in found[1:]:
            joined = join(joined, one)
        return joined

    for row, formula in enumerate(formulas):
        np.bitwise_and(evaluated(formula, True), everything, out=words[row, part])


def _code_set(codes: NDArray[Any], wanted: Flags) -> Callable[[NDArray[Any]], Flags]:
    """Return what tells for codes whether they are among those that are set in `wanted`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(np.int8)))
    runs = [(int(first), int(after) - 1) for first, after in edges.reshape(-1, 2)]
    kind = codes.dtype.type
    if len(runs) > MOST_RUNS:
        table = np.append(wanted, False)
        return lambda given: table[given]

    def among(given: NDArray[Any]) -> Flags:
        found = np.zeros(given.shape, dtype=np.bool_)
        for first, last in runs:
            # A code below the first wraps round to a large number.
            found |= given == first if first == last else (given - kind(first)) <= kind(last - first)
        return found

    return among
