"""Arrays that remember how they were computed, so that derivatives can be followed back (reverse accumulation).

NaN stands for NULL. An array has one row for each test case and one column for each class, or a single column.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Flags", "Numbers", "Traced", "add", "average", "chosen", "divide", "extreme", "multiply", "root", "total"]

Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


class Traced:
    """A value, and for each value that it was computed from how a small change there changes it."""

    __slots__ = ("gradient", "parents", "value")

    def __init__(self, value: Numbers, parents: "Sequence[tuple[Traced, Callable[[Numbers], Numbers]]]" = ()) -> None:
        """Note the parents: each with the function from this value's derivative to its share of the parent's."""
        self.value = value
        self.parents = tuple(parents)
        self.gradient = np.zeros_like(value)

    def follow_back(self) -> None:
        """Give every value that this one was computed from the derivative of this one by it."""
        self.gradient = np.ones_like(self.value)
        for node in reversed(self._in_order()):
            for parent, share in node.parents:
                parent.gradient = parent.gradient + _summed_to(share(node.gradient), parent.value.shape)

    def _in_order(self) -> "list[Traced]":
        """Return all values behind this one, each after its parents."""
        found: dict[int, Traced] = {}
        waiting: list[tuple[Traced, bool]] = [(self, False)]
        while waiting:
            node, is_expanded = waiting.pop()
            if is_expanded:
                found[id(node)] = node
            elif id(node) not in found:
                waiting.append((node, True))
                waiting += [(parent, False) for parent, _ in node.parents]
        return list(found.values())


def add(left: Traced, right: Traced, sign: int = 1) -> Traced:
    """Return left + right, or with the sign -1 left - right."""
    return Traced(left.value + sign * right.value, [(left, lambda g: g), (right, lambda g: sign * g)])


def multiply(left: Traced, right: Traced) -> Traced:
    """Return left * right."""
    shares = [(left, lambda g: _passed(g, right.value)), (right, lambda g: _passed(g, left.value))]
    return Traced(left.value * right.value, shares)


def divide(left: Traced, right: Traced) -> Traced:
    """Return left / right; NaN where the divisor is 0, as `nullif` makes it in metrics."""
    divisor = np.where(right.value == 0, np.nan, right.value)
    value = left.value / divisor
    return Traced(value, [(left, lambda g: _passed(g, 1 / divisor)), (right, lambda g: _passed(g, -value / divisor))])


def root(inner: Traced) -> Traced:
    """Return the square root; NaN below 0, and without derivative at 0."""
    value = np.sqrt(np.where(inner.value < 0, np.nan, inner.value))
    slope = 0.5 / np.where(value == 0, np.nan, value)
    return Traced(value, [(inner, lambda g: _passed(g, slope))])


def chosen(is_first: Flags, first: Traced, second: Traced) -> Traced:
    """Return the first value where the flag is set, else the second."""
    flags = np.broadcast_to(is_first, np.broadcast_shapes(is_first.shape, first.value.shape, second.value.shape))
    value = np.where(flags, first.value, second.value)
    return Traced(value, [(first, lambda g: np.where(flags, g, 0.0)), (second, lambda g: np.where(flags, 0.0, g))])


def total(inner: Traced, counts: Flags) -> Traced:
    """Return the sum over classes of the values that count and are not NaN; NaN where there is none."""
    counted = counts & ~np.isnan(inner.value)
    value = np.where(counted, inner.value, 0.0).sum(axis=-1, keepdims=True)
    value = np.where(counted.any(axis=-1, keepdims=True), value, np.nan)
    return Traced(value, [(inner, lambda g: np.where(counted, g, 0.0))])


def average(inner: Traced, counts: Flags) -> Traced:
    """Return the mean over classes of the values that count and are not NaN; NaN where there is none."""
    counted = counts & ~np.isnan(inner.value)
    n = counted.sum(axis=-1, keepdims=True)
    size = np.where(n == 0, np.nan, n)
    value = np.where(counted, inner.value, 0.0).sum(axis=-1, keepdims=True) / size
    return Traced(value, [(inner, lambda g: np.where(counted, _passed(g, 1 / size), 0.0))])


def extreme(inner: Traced, counts: Flags, *, sign: int) -> Traced:
    """Return the greatest (sign 1) or least (sign -1) value over classes among those that count."""
    counted = counts & ~np.isnan(inner.value)
    candidates = np.where(counted, sign * inner.value, -np.inf)
    best = candidates.max(axis=-1, keepdims=True)
    value = np.where(counted.any(axis=-1, keepdims=True), sign * best, np.nan)
    is_best = counted & (candidates == best)
    # Values of the whole stand in every class: the first stands for all of them.
    is_first = is_best & (np.cumsum(is_best, axis=-1) == 1)
    return Traced(value, [(inner, lambda g: np.where(is_first, g, 0.0))])


def _passed(gradient: Numbers, slope: Numbers) -> Numbers:
    """Return gradient * slope, and 0 where nothing is passed on, whatever the slope there."""
    return np.where(gradient == 0, 0.0, gradient * slope)


def _summed_to(gradient: Numbers, shape: tuple[int, ...]) -> Numbers:
    """Return a derivative by a value that was spread over several columns: the sum over them."""
    for axis, length in enumerate(shape):
        if length == 1 and gradient.shape[axis] > 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return np.broadcast_to(gradient, shape)
