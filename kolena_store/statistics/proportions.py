"""Intervals for proportions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput
from kolena_store.statistics.levels import normal_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Interval", "wilson", "wilson_bounds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval, with the method and the level that it was made with."""

    low: float
    high: float
    method: str = "wilson"
    level: float = 0.95


def wilson(successes: float, n: float, level: float = 0.95) -> Interval:
    """Return the score interval of a proportion (Wilson 1927), for independent trials; NaN bounds when n is 0.

    Args:
        successes: how many trials succeeded.
        n: how many trials there were; an effective number need not be whole.
        level: the confidence level.

    Raises:
        InvalidInput: not 0 <= successes <= n, or a level outside (0, 1).
    """
    low, high = wilson_bounds(successes, n, level)
    return Interval(low=float(low), high=float(high), method="wilson", level=level)


def wilson_bounds(
    successes: "ArrayLike", n: "ArrayLike", level: float = 0.95
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return the lower and upper bounds of `wilson` for arrays of counts, within [0, 1].

    Raises:
        InvalidInput: not 0 <= successes <= n, or a level outside (0, 1).
    """
    import numpy as np

    wins, trials = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if not ((wins >= 0) & (wins <= trials) & np.isfinite(trials)).all():
        raise InvalidInput("an interval needs 0 <= successes <= n, all finite; check which counts are given")
    square = normal_quantile(level) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (wins + square / 2) / (trials + square)
        spread = np.sqrt(square * (wins * (trials - wins) / trials + square / 4)) / (trials + square)
    low = np.clip(centre - spread, 0.0, 1.0)
    # Exactly 1 where all succeeded, where rounding would leave a rest.
    high = np.where(wins == trials, 1.0, np.clip(centre + spread, 0.0, 1.0))
    is_empty = trials == 0
    return np.where(is_empty, np.nan, low), np.where(is_empty, np.nan, high)
