"""Confidence levels, and how far an interval of one reaches out on the normal distribution."""

from statistics import NormalDist

from kolena_store.errors import InvalidInput

__all__ = ["LARGEST_ALPHA", "LEVEL", "SEED", "normal_quantile"]

LEVEL = 0.95
"""The confidence level of every interval that a test run holds."""

LARGEST_ALPHA = 0.5
"""Levels of tests lie below this: a test that is wrong every other time says nothing."""

SEED = 20_250_101
"""The seed of the draws that some intervals are made of: the same data give the same bounds."""


def normal_quantile(level: float) -> float:
    """Return the standard normal quantile that a two-sided interval of this level reaches out to.

    Raises:
        InvalidInput: a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise InvalidInput(f"a confidence level lies between 0 and 1, not at {level!r}; the usual one is 0.95")
    return -NormalDist().inv_cdf((1 - level) / 2)
