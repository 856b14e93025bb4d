"""What samples that come in clusters say: fewer of them would say as much if they were independent."""

from typing import TYPE_CHECKING

from kolena_store.statistics.proportions import wilson_bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FEWEST_CLUSTERS", "FEW_CLUSTERS", "cluster_note", "effective_wilson_bounds", "too_few_clusters"]

FEWEST_CLUSTERS = 5
"""Clusters under which an interval would say nothing."""

FEW_CLUSTERS = 40
"""Clusters under which an interval is said to rest on few."""


def effective_wilson_bounds(
    share: "NDArray[np.float64]",
    variance: "NDArray[np.float64]",
    *,
    n: "NDArray[np.float64]",
    units: "NDArray[np.float64]",
    level: float,
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return Wilson's interval of the n that independent samples would need for the same variance (Kish 1965).

    At most the n that were counted; where nothing varies, as many as there are units. NaN for an unknown variance.
    """
    import numpy as np

    share = np.clip(share, 0.0, 1.0)  # sums of weights may pass each other by their rounding
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = share * (1 - share) / variance
    effective = np.where(np.isfinite(effective) & (variance > 0), np.minimum(effective, n), np.minimum(units, n))
    is_known = ~np.isnan(variance) & ~np.isnan(share)
    trials = np.where(is_known, effective, 0.0)
    return wilson_bounds(np.where(is_known, np.minimum(share * trials, trials), 0.0), trials, level)


def cluster_note(units: float, unit: str = "cluster") -> str:
    """Return how many clusters an interval rests on, and whether they are few; `unit` is what one is called."""
    return f"only {units:.0f} {unit}s" if units < FEW_CLUSTERS else f"{units:.0f} {unit}s"


def too_few_clusters(units: float, unit: str = "cluster") -> str:
    """Return why there is no interval."""
    return f"no interval: {units:.0f} {unit}s, and an interval needs {FEWEST_CLUSTERS}"
