"""p-values of several tests together: corrected so that few of those that stand out do so by chance."""

import numpy as np

from kolena_store.statistics.smooth import Numbers

__all__ = ["benjamini_hochberg", "benjamini_yekutieli"]


def benjamini_hochberg(p: Numbers) -> Numbers:
    """Return q-values that hold the share of false discoveries (Benjamini and Hochberg 1995); NaN stays NaN.

    Proven for tests that are independent, or depend on each other positively and are one-sided. NaN is no test and does
    not count.
    """
    return _stepped_up(p, 1.0)


def benjamini_yekutieli(p: Numbers) -> Numbers:
    """Return q-values that hold the share of false discoveries however the tests depend on each other.

    Those of Benjamini and Hochberg times 1 + 1/2 + ... + 1/m (Benjamini and Yekutieli 2001); NaN stays NaN.
    """
    n_tests = int(np.count_nonzero(~np.isnan(p)))
    return _stepped_up(p, float((1 / np.arange(1, n_tests + 1)).sum()))


def _stepped_up(p: Numbers, factor: float) -> Numbers:
    found = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * factor * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found
