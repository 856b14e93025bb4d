"""Terms that a kernel computes: each is prepared once per model and evaluated for every test case."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import InvalidInput
from kolena_store.membership.bitmaps import Words
from kolena_store.membership.threads import run_in_parts
from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.element_columns import kernel_arguments
from kolena_store.metrics.grade_agreement import OrdinalAlpha
from kolena_store.metrics.kernels import (
    AveragePrecision,
    ExpectedCalibrationError,
    KendallTauB,
    KernelValue,
    Median,
    RocAuc,
    Spearman,
    Unweighable,
)
from kolena_store.metrics.ordered import NOTHING_MEASURED
from kolena_store.metrics.ranked_columns import ranked_of_class, ranked_over_classes
from kolena_store.metrics.ranked_scores import RankedScores, ScoreTally
from kolena_store.metrics.sample_columns import SampleColumns

__all__ = ["KERNELS", "Kernel", "KernelTerm", "kernel_terms"]

Numbers: TypeAlias = NDArray[np.float64]

NO_WEIGHTED_RANKS = "ranks of grades are not defined for weighted samples"


class Kernel(Protocol):
    """What every kernel offers once it is prepared."""

    def evaluate(self, members: Words) -> KernelValue:
        """Return the value for one test case."""


Tallied: TypeAlias = Callable[[ScoreTally], KernelValue]


@dataclass(frozen=True, kw_only=True)
class KernelTerm:
    """A term by kernel: float64[test cases] or float64[test cases, classes]; NaN where it is not defined.

    `errors` are its standard errors on `freedom` degrees of freedom, or else `low` and `high` an interval, all of the
    values' shape and NaN where they are not known.
    """

    name: str
    values: Numbers
    errors: Numbers
    freedom: Numbers
    low: Numbers
    high: Numbers
    reasons: tuple[str | None, ...]


def _median(columns: SampleColumns, arguments: Sequence[str], weights: Numbers | None) -> Kernel:
    values = columns.numbers[arguments[0]]
    return Median(values, ~np.isnan(values), weights)


def _spearman(columns: SampleColumns, arguments: Sequence[str], weights: Numbers | None) -> Kernel:
    x, y = (columns.numbers[argument] for argument in arguments)
    is_measured = ~np.isnan(x) & ~np.isnan(y)
    return Spearman(x, y, is_measured) if _count_alike(weights) else Unweighable(is_measured)


def _kendall_tau_b(columns: SampleColumns, arguments: Sequence[str], weights: Numbers | None) -> Kernel:
    x, y = (columns.numbers[argument] for argument in arguments)
    is_measured = ~np.isnan(x) & ~np.isnan(y)
    return KendallTauB(x, y, is_measured) if _count_alike(weights) else Unweighable(is_measured)


def _count_alike(weights: Numbers | None) -> bool:
    """Return whether no row counts more than another, as where each sample was answered equally often."""
    return weights is None or bool(weights.min() == weights.max() > 0)


def _expected_calibration_error(columns: SampleColumns, arguments: Sequence[str], weights: Numbers | None) -> Kernel:
    confidence, correct = (columns.numbers[argument] for argument in arguments)
    is_measured = ~np.isnan(confidence) & ~np.isnan(correct)
    return ExpectedCalibrationError(confidence, correct == 1, is_measured, weights=weights)


def _ordinal_alpha(columns: SampleColumns, arguments: Sequence[str], weights: Numbers | None) -> Kernel:
    grades = columns.lists[arguments[0]]
    if _count_alike(weights):
        return OrdinalAlpha(grades)
    return Unweighable((~np.isnan(grades)).sum(axis=1) > 1, NO_WEIGHTED_RANKS)


PLAIN_KERNELS: Mapping[str, Callable[[SampleColumns, Sequence[str], Numbers | None], Kernel]] = MappingProxyType(
    {
        "median": _median,
        "spearman": _spearman,
        "kendall_tau_b": _kendall_tau_b,
        "expected_calibration_error": _expected_calibration_error,
        "ordinal_alpha": _ordinal_alpha,
    }
)
CLASS_KERNELS: Mapping[str, Tallied] = MappingProxyType(
    {"roc_auc": RocAuc.of_tally, "average_precision": AveragePrecision.of_tally}
)
MICRO_KERNELS: Mapping[str, Tallied] = MappingProxyType(
    {"roc_auc_micro": RocAuc.of_tally, "average_precision_micro": AveragePrecision.of_tally}
)
KERNELS = (*PLAIN_KERNELS, *CLASS_KERNELS, *MICRO_KERNELS)


def kernel_terms(
    columns: SampleColumns,
    terms: Sequence[TermDefinition],
    members: Words,
    n_classes: int,
    *,
    weights: Numbers | None = None,
) -> Iterator[KernelTerm]:
    """Yield the kernel terms among some terms, for every test case in members[C, W].

    Args:
        weights: how much each `_sample` counts; None when all count alike.

    Raises:
        InvalidInput: a term names a kernel that does not exist.
    """
    wanted = [term for term in terms if term.kind == "kernel"]
    for term in wanted:
        if term.kernel not in KERNELS:
            raise InvalidInput(f"term {term.name!r} names the kernel {term.kernel!r}; there are {', '.join(KERNELS)}")
        if term.kernel in PLAIN_KERNELS:
            kernel = PLAIN_KERNELS[term.kernel](columns, kernel_arguments(term), weights)
            yield _in_one_row(term, _evaluated(kernel, members))
    of_classes = [term for term in wanted if term.kernel in CLASS_KERNELS]
    yield from _by_class(columns, of_classes, members, n_classes, weights=weights)
    over_classes = [term for term in wanted if term.kernel in MICRO_KERNELS]
    yield from _over_all_classes(columns, over_classes, members, weights=weights)


def _evaluated(kernel: Kernel, members: Words) -> list[KernelValue]:
    """Return a kernel's values on every test case, with all cores."""
    found: list[KernelValue | None] = [None] * len(members)

    def evaluate_part(start: int, stop: int) -> None:
        found[start:stop] = [kernel.evaluate(one) for one in members[start:stop]]

    run_in_parts(evaluate_part, len(members))
    return [one for one in found if one is not None]


def _by_class(
    columns: SampleColumns,
    terms: Sequence[TermDefinition],
    members: Words,
    n_classes: int,
    *,
    weights: Numbers | None,
) -> Iterator[KernelTerm]:
    """One ranking of the scores of a class serves all terms over it."""
    found: dict[str, list[list[KernelValue]]] = {term.name: [[] for _ in members] for term in terms}
    for code in range(n_classes) if terms else ():
        ranked = ranked_of_class(columns, terms[0], code)
        kernels = [CLASS_KERNELS[str(term.kernel)] for term in terms]
        for position, values in enumerate(_of_cases(ranked, kernels, members, weights)):
            for term, value in zip(terms, values, strict=True):
                found[term.name][position].append(value)
    for term in terms:
        yield _kernel_term(term, found[term.name], shape=(len(members), n_classes))


def _of_cases(
    ranked: RankedScores, kernels: Sequence[Tallied], members: Words, weights: Numbers | None
) -> list[list[KernelValue]]:
    """Return the values of some kernels on every test case, each case's tally made once."""
    found: list[list[KernelValue]] = [[] for _ in members]

    def evaluate_part(start: int, stop: int) -> None:
        for case in range(start, stop):
            tally = ranked.tally(members[case], weights)
            found[case] = [kernel(tally) for kernel in kernels]

    run_in_parts(evaluate_part, len(members))
    return found


def _over_all_classes(
    columns: SampleColumns, terms: Sequence[TermDefinition], members: Words, *, weights: Numbers | None
) -> Iterator[KernelTerm]:
    if not terms:
        return
    ranked = ranked_over_classes(columns, terms[0])
    if ranked is None:
        nothing = KernelValue(value=None, n=0, reason=NOTHING_MEASURED)
        yield from (_in_one_row(term, [nothing] * len(members)) for term in terms)
        return
    found = _of_cases(ranked, [MICRO_KERNELS[str(term.kernel)] for term in terms], members, weights)
    for term, values in zip(terms, zip(*found, strict=True), strict=True):
        yield _in_one_row(term, values)


def _in_one_row(term: TermDefinition, found: Sequence[KernelValue]) -> KernelTerm:
    return _kernel_term(term, [found], shape=(len(found),))


def _kernel_term(term: TermDefinition, found: Sequence[Sequence[KernelValue]], *, shape: tuple[int, ...]) -> KernelTerm:
    flat = [one for row in found for one in row]
    numbers = np.array([_numbers(one) for one in flat], dtype=np.float64).reshape(-1, 5).T
    values, errors, freedom, low, high = (row.reshape(shape) for row in numbers)
    return KernelTerm(
        name=term.name,
        values=values,
        errors=errors,
        freedom=freedom,
        low=low,
        high=high,
        reasons=tuple(one.reason for one in flat),
    )


def _numbers(found: KernelValue) -> tuple[float, ...]:
    value, error = (math.nan if one is None else one for one in (found.value, found.error))
    return (value, error, found.freedom, *(found.bounds or (math.nan, math.nan)))
