"""Families of tests: which p-values are corrected together, and what they are called."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kolena_store.comparisons.records import Correction, Family
from kolena_store.membership.bitmaps import Words
from kolena_store.statistics.corrections import benjamini_hochberg, benjamini_yekutieli
from kolena_store.statistics.smooth import Numbers

__all__ = ["Corrected", "FamilyKeys", "corrected", "same_members"]

Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class FamilyKeys:
    """What the families of a metric's rows follow from: each row's test case and class (-1: the whole).

    `alike` has for each test case the first one with the same members; `whole` is the place of the test case of all
    samples, or None.
    """

    metric: str
    cases: Places
    classes: Places
    alike: Places
    whole: int | None


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """p-values corrected within their families, the name of each row's family, and the families."""

    q: Numbers
    names: list[str]
    families: list[Family]


def corrected(p: Numbers, keys: FamilyKeys, correction: Correction) -> Corrected:
    """Return p-values corrected by families: all test cases of a metric, all its classes, and all samples alone.

    Test cases with the same members enter once: theirs is one test, asked twice.
    """
    correct = benjamini_hochberg if correction == "benjamini-hochberg" else benjamini_yekutieli
    q = np.full(p.shape, np.nan)
    names = np.where(keys.classes >= 0, f"{keys.metric} by class", keys.metric).tolist()
    families = []
    of_whole = (keys.classes < 0) & (keys.cases == (-1 if keys.whole is None else keys.whole))
    for rows in (np.flatnonzero(one) for one in ((keys.classes < 0) & ~of_whole, keys.classes >= 0)):
        if rows.size:
            distinct = np.stack([keys.alike[keys.cases[rows]], keys.classes[rows]])
            _, firsts, places = np.unique(distinct, axis=1, return_index=True, return_inverse=True)
            q[rows] = correct(p[rows[firsts]])[places.ravel()]
            n_tests = int(np.count_nonzero(~np.isnan(p[rows])))
            n_distinct = int(np.count_nonzero(~np.isnan(p[rows[firsts]])))
            families.append(Family(name=names[rows[0]], n_tests=n_tests, n_distinct=n_distinct))
    for row in np.flatnonzero(of_whole).tolist():
        q[row], names[row] = p[row], f"{keys.metric} on all"
    return Corrected(q=q, names=names, families=families)


def same_members(members: Words, sizes: Sequence[int], *, apart: Collection[int] = ()) -> Places:
    """Return for each test case the first one that has the same members; those `apart` are like no other.

    Object-level test cases are: of the same samples they measure other objects.
    """
    found = np.arange(len(members))
    by_size: dict[int, list[int]] = {}
    for case, size in ((case, size) for case, size in enumerate(sizes) if case not in apart):
        for other in by_size.setdefault(size, []):
            if np.array_equal(members[case], members[other]):
                found[case] = other
                break
        else:
            by_size[size].append(case)
    return found
