"""Samples that count alike for two models, taken together: what a variance over counts needs of them is how many."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.membership.bitmaps import Words, from_flags, to_samples
from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.counting import Counts, count_many
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.sample_columns import SampleColumns
from kolena_store.statistics.smooth import Numbers

__all__ = ["JointPatterns", "PatternSide"]

Digits: TypeAlias = NDArray[np.int64]

MOST_PLANES = 32
MOST_PATTERNS = 4_096
LARGEST_CODE = 2**40
CASES_WORTH_A_THREAD = 16


class JointPatterns:
    """What the samples count for in some counts of two models: each sample has one of `n_patterns` patterns."""

    def __init__(self, columns: Sequence[SampleColumns], terms: Sequence[TermDefinition], among: Words) -> None:
        """Find the patterns of the samples in `among` (all others have none).

        Args:
            columns: those of both models.
            terms: counts of samples, of the whole or by one label.
            among: the samples that matter.
        """
        self._samples = to_samples(among)
        self._size = columns[0].size
        digits = [[_digits(one, term, self._samples) for term in terms] for one in columns]
        self._codes, firsts = _joint([one for of_model in digits for one in of_model], self._samples.size)
        self.n_patterns = len(firsts)
        self.sides = [
            PatternSide({term.name: one[firsts] for term, one in zip(terms, of_model, strict=True)})
            for of_model in digits
        ]

    @property
    def is_worth_it(self) -> bool:
        """Whether there are few enough patterns for counting them to be quicker than reading all samples."""
        return self.n_patterns <= MOST_PATTERNS

    def counts(self, members: Words) -> Counts:
        """Return how many members of each test case have each pattern: int64[test cases, patterns]."""
        codes = np.full(self._size, -1, dtype=np.int32)
        codes[self._samples] = self._codes
        if self.n_patterns <= MOST_PLANES:
            planes = [from_flags(codes == pattern) for pattern in range(self.n_patterns)]
            return count_many(members, np.stack(planes)) if planes else np.zeros((len(members), 0), dtype=np.int64)
        found = np.zeros((len(members), self.n_patterns), dtype=np.int64)

        def count_part(start: int, stop: int) -> None:
            for case in range(start, stop):
                found[case] = np.bincount(codes[to_samples(members[case])] + 1, minlength=self.n_patterns + 1)[1:]

        run_in_parts(count_part, len(members), smallest_part=CASES_WORTH_A_THREAD)
        return found


class PatternSide:
    """What the patterns count for in the terms of one model: 1 or 0, or the code of the class (-1: none)."""

    def __init__(self, digits: Mapping[str, Digits]) -> None:
        """Take what each pattern counts for, by term."""
        self.digits = digits

    def influence(self, terms: Sequence[TermDefinition], derivatives: Mapping[str, Numbers]) -> Numbers:
        """Return how much a sample of each pattern moves a metric; see `CaseSamples.influence`."""
        total = np.zeros(len(next(iter(self.digits.values()), ())))
        for term in terms:
            slope = np.nan_to_num(derivatives[term.name])
            if not slope.any():
                continue
            digits = self.digits[term.name]
            total += np.where(digits >= 0, slope[digits], 0.0) if term.by else slope[0] * digits
        return total


def _digits(columns: SampleColumns, term: TermDefinition, samples: NDArray[np.int64]) -> Digits:
    is_counted = columns.flags[term.expression][samples]
    if not term.by:
        return is_counted.astype(np.int64)
    return np.where(is_counted, columns.codes[term.by[0]][samples], -1).astype(np.int64)


def _joint(digits: Sequence[Digits], n_samples: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the number of each sample's combination of digits, and a sample of each combination."""
    codes, n_codes = np.zeros(n_samples, dtype=np.int64), 1
    for one in digits:
        radix = int(one.max(initial=0)) + 2
        if n_codes * radix > LARGEST_CODE:
            codes, n_codes = _dense(codes, n_codes)
        codes, n_codes = codes * radix + one + 1, n_codes * radix
    codes, n_codes = _dense(codes, n_codes)
    firsts = np.zeros(n_codes, dtype=np.int64)
    firsts[codes] = np.arange(n_samples)
    return codes.astype(np.int32), firsts


def _dense(codes: Digits, bound: int) -> tuple[Digits, int]:
    """Return codes below `bound` as numbers without gaps, and how many there are."""
    if bound > max(4 * codes.size, 1 << 16):
        found, places = np.unique(codes, return_inverse=True)
        return places.astype(np.int64), len(found)
    is_taken = np.zeros(bound, dtype=np.bool_)
    is_taken[codes] = True
    return (np.cumsum(is_taken) - 1)[codes].astype(np.int64), int(is_taken.sum())
