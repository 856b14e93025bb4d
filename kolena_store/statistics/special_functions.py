"""Functions that numpy lacks: the logarithm of the gamma function, and the regularised incomplete beta function."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["incomplete_beta", "log_gamma"]

# The series of Stirling is exact to the last digits of a float from here on; smaller arguments are moved up to it.
STIRLING_FROM = 16
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
MOST_STEPS = 10_000
TINY = 1e-300


def log_gamma(x: ArrayLike) -> NDArray[np.float64]:
    """Return log(gamma(x)) of positive numbers (series of Stirling; Abramowitz and Stegun 1964, 6.1.40)."""
    argument = np.asarray(x, dtype=np.float64)
    shift = np.zeros_like(argument)
    moved = argument.copy()
    for _ in range(STIRLING_FROM):
        is_small = moved < STIRLING_FROM
        if not is_small.any():
            break
        shift += np.where(is_small, np.log(np.where(is_small, moved, 1.0)), 0.0)
        moved = np.where(is_small, moved + 1, moved)
    inverse = 1 / moved
    series = sum(coefficient * inverse ** (2 * power + 1) for power, coefficient in enumerate(STIRLING))
    return np.asarray((moved - 0.5) * np.log(moved) - moved + 0.5 * math.log(2 * math.pi) + series - shift)


def incomplete_beta(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> NDArray[np.float64]:
    """Return the regularised incomplete beta function I_x(a, b): the distribution function of Beta(a, b) at x.

    By the continued fraction 8.17.22 of the NIST Handbook of Mathematical Functions (2010), evaluated with the method
    of Lentz (1976).

    Args:
        a: positive numbers.
        b: positive numbers.
        x: numbers in [0, 1].
    """
    a, b, x = (np.array(one) for one in np.broadcast_arrays(*(np.asarray(one, np.float64) for one in (a, b, x))))
    # The fraction converges quickly below this point only; above it the other tail is computed.
    is_flipped = x > (a + 1) / (a + b + 2)
    first, second = np.where(is_flipped, b, a), np.where(is_flipped, a, b)
    at = np.where(is_flipped, 1 - x, x)
    inside = (at > 0) & (at < 1)
    safe = np.where(inside, at, 0.0)  # where the fraction ends at once
    with np.errstate(divide="ignore"):
        log_front = first * np.log(safe) + second * np.log1p(-safe) - np.log(first)
    log_front += log_gamma(first + second) - log_gamma(first) - log_gamma(second)
    tail = np.where(inside, np.exp(log_front) * _fraction(first, second, safe), np.where(at >= 1, 1.0, 0.0))
    return np.asarray(np.clip(np.where(is_flipped, 1 - tail, tail), 0.0, 1.0))


def _fraction(a: NDArray[np.float64], b: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    c = np.ones_like(x)
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for step in range(1, MOST_STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for coefficient in (even, odd):
            d = 1 / _away_from_zero(1 + coefficient * d)
            c = _away_from_zero(1 + coefficient / c)
            change = c * d
            value = value * change
        if np.all(np.abs(change - 1) < 2e-15):
            break
    return value


def _away_from_zero(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(value) < TINY, TINY, value)
