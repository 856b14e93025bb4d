"""How far graders agree, by all pairs of grades: slow, plain, and written from the papers."""

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from statistics import fmean
from typing import Any

Distance = Callable[[Any, Any, Counter[Any]], float]


def nominal(a: Hashable, b: Hashable, counts: Counter[Any]) -> float:
    return float(a != b)


def interval(a: float, b: float, counts: Counter[Any]) -> float:
    return (a - b) ** 2


def ordinal(a: float, b: float, counts: Counter[Any]) -> float:
    """The grades from one to the other, both ends counted half."""
    low, high = min(a, b), max(a, b)
    between = sum(n for value, n in counts.items() if low <= value <= high)
    return float(between - (counts[a] + counts[b]) / 2) ** 2


def krippendorff(units: Sequence[Sequence[Any]], distance: Distance) -> float | None:
    """Alpha from all ordered pairs of grades (Krippendorff 2011)."""
    units = [unit for unit in units if len(unit) > 1]
    values = list(itertools.chain.from_iterable(units))
    counts = Counter(values)
    expected = sum(distance(a, b, counts) for a, b in itertools.permutations(values, 2))
    if not expected:
        return None
    observed = sum(
        sum(distance(a, b, counts) for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units
    )
    return 1 - (len(values) - 1) * observed / expected


def fleiss(units: Sequence[Sequence[bool]]) -> float | None:
    """Kappa from the shares of agreeing pairs, for any number of graders of a sample (Fleiss 1971 for one number)."""
    units = [unit for unit in units if len(unit) > 1]
    if not units:
        return None
    agreeing = fmean(fmean(a == b for a, b in itertools.combinations(unit, 2)) for unit in units)
    by_chance = sum(fmean(Counter(unit)[value] / len(unit) for unit in units) ** 2 for value in (True, False))
    return None if by_chance == 1 else (agreeing - by_chance) / (1 - by_chance)
