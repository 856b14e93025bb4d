"""Tables of counts that might have been seen instead, drawn from the one that was."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["dirichlet_tables", "multinomial_tables", "percentile_bounds", "resampled_units"]

Numbers = NDArray[np.float64]


def dirichlet_tables(counts: Numbers, *, n_draws: int, seed: int) -> Numbers:
    """Return draws[..., n_draws, cells] of tables[..., cells]: n times a draw from Dirichlet(counts + 1/2).

    The posterior of the cells' probabilities under Jeffreys' prior (Jeffreys 1946), scaled to the table's total. The
    same table gives the same draws, whichever tables are drawn with it.
    """
    found = np.empty((*counts.shape[:-1], n_draws, counts.shape[-1]))
    for place in np.ndindex(counts.shape[:-1]):
        shares = np.random.default_rng(seed).dirichlet(counts[place] + 0.5, size=n_draws)
        found[place] = shares * counts[place].sum()
    return found


def multinomial_tables(counts: NDArray[np.int64], *, n_draws: int, seed: int) -> NDArray[np.int64]:
    """Return draws[n_draws, cells] of one table[cells]: as many samples, each in a cell by its share of the table."""
    total = int(counts.sum())
    return np.random.default_rng(seed).multinomial(total, counts / total, size=n_draws)


def resampled_units(n_units: int, *, n_draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield how often each of some units is drawn when as many are drawn again (Efron 1979): int64[n_units] a draw."""
    random = np.random.default_rng(seed)
    for _ in range(n_draws):
        yield np.bincount(random.integers(0, n_units, n_units), minlength=n_units)


def percentile_bounds(draws: Numbers, level: float) -> tuple[Numbers, Numbers]:
    """Return the two percentiles of draws[..., n_draws] that leave (1 - level) / 2 outside on either side.

    NaN where more than one draw in twenty has no value: what is left would no longer stand for all.
    """
    if not draws.size:
        return np.full(draws.shape[:-1], np.nan), np.full(draws.shape[:-1], np.nan)
    is_known = ~np.isnan(draws)
    enough = is_known.mean(axis=-1) >= 0.95
    filled = np.where(enough[..., np.newaxis] | is_known, draws, 0.0)
    low, high = np.nanquantile(filled, [(1 - level) / 2, (1 + level) / 2], axis=-1)
    return np.where(enough, low, np.nan), np.where(enough, high, np.nan)
