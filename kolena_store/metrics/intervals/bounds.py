"""The interval of every metric value, by the method that fits its kind and how the samples were drawn."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress

import numpy as np

from kolena_store.metrics.aggregation import ClassNames, MetricValues
from kolena_store.metrics.definitions import MetricDefinition, TermDefinition
from kolena_store.metrics.intervals.evidence import Evidence
from kolena_store.metrics.intervals.kernel_influence import RANK_KERNELS
from kolena_store.metrics.intervals.medians import median_bounds
from kolena_store.metrics.intervals.objects import is_of_objects, object_spreads
from kolena_store.metrics.intervals.shapes import Made, rows_of, why_not, within_range
from kolena_store.metrics.intervals.spread import Spread, spreads
from kolena_store.metrics.intervals.tables import FEW_TRUTHS, MANY_TRUTHS, ConfusionTables, class_table_bounds
from kolena_store.metrics.intervals.units import bounds_by_units, median_by_units
from kolena_store.metrics.objects.resampling import N_RESAMPLES
from kolena_store.statistics.proportions import wilson_bounds
from kolena_store.statistics.reasons import ONE_SAMPLE
from kolena_store.statistics.smooth import Numbers, logit_bounds

__all__ = ["Interval", "intervals", "with_bare_rows"]

MEDIAN = "median"
FEW_FOR_MEDIAN = "no interval: too few samples for order statistics to reach the level"
NO_DRAWS = "no interval: most tables like this one leave the metric undefined"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The intervals of one metric, an entry for each row: NaN and a reason where there is none."""

    low: Numbers
    high: Numbers
    methods: list[str | None]
    reasons: list[str | None]


def intervals(found: Sequence[MetricValues], evidence: Evidence) -> Iterator[Interval]:
    """Yield the intervals of some metrics' values, in their order; an undefined value keeps its own reason."""
    maker = _Maker(found, evidence)
    for values in found:
        made = maker.make(values)
        is_open = np.isnan(made.low) | np.isnan(made.high) | np.isnan(values.values)
        each = list(zip(is_open.tolist(), values.reasons, made.methods, made.reasons, strict=True))
        yield Interval(
            low=np.where(is_open, np.nan, made.low),
            high=np.where(is_open, np.nan, made.high),
            methods=[None if unknown else method for unknown, _, method, _ in each],
            reasons=[known or (reason if unknown else None) for unknown, known, _, reason in each],
        )


def with_bare_rows(
    found: Iterable[tuple[MetricValues, Interval]], classes: ClassNames
) -> list[tuple[MetricValues, Interval]]:
    """Return values and intervals, and once more those of the positive class as rows of the whole."""
    rows = []
    for values, interval in found:
        rows.append((values, interval))
        if values.metric.level == "class, positive" and classes.positive is not None:
            rows.append(_bare(values, interval, classes.names.index(classes.positive)))
    return rows


def _bare(values: MetricValues, interval: Interval, positive: int) -> tuple[MetricValues, Interval]:
    chosen = values.class_positions == positive
    keep = chosen.tolist()
    numbers = {name: getattr(values, name)[chosen] for name in ("positions", "values", "n", "n_null", "successes")}
    bare = replace(
        values,
        class_positions=np.full(int(chosen.sum()), -1),
        reasons=list(compress(values.reasons, keep)),
        **numbers,
    )
    return bare, Interval(
        low=interval.low[chosen],
        high=interval.high[chosen],
        methods=list(compress(interval.methods, keep)),
        reasons=list(compress(interval.reasons, keep)),
    )


class _Maker:
    """Makes the intervals of one model; what several metrics need is computed once."""

    def __init__(self, found: Sequence[MetricValues], evidence: Evidence) -> None:
        self._evidence = evidence
        self._defined = [values.metric for values in found if not np.isnan(values.values).all()]

    def make(self, values: MetricValues) -> Made:
        rule = values.metric.interval
        if rule.kind == "none" or np.isnan(values.values).all():
            nothing = np.full(len(values.n), np.nan)
            return _made(nothing, nothing, "", [str(rule.reason)] * len(values.n))
        if not self._evidence.design.is_plain:
            if self._kernel_of(values.metric) == MEDIAN:
                return median_by_units(
                    values, median_bounds(self._evidence, self._term_of(values.metric)), self._evidence
                )
            spread = self._spreads[values.metric]
            variance, units = rows_of(values, spread.variance), rows_of(values, spread.n_units)
            return bounds_by_units(values, variance, units, self._evidence)
        return {
            "wilson": self._wilson,
            "f1": self._f1,
            "table": self._class_table if _is_of_class(values.metric) else self._table,
            "linearised": self._linearised,
            "kernel": self._kernel,
            "bootstrap": self._bootstrap,
        }[rule.kind](values)

    def _wilson(self, values: MetricValues, method: str = "wilson") -> Made:
        low, high = wilson_bounds(np.nan_to_num(values.successes), np.nan_to_num(values.n), self._evidence.level)
        return _made(low, high, method, [ONE_SAMPLE] * len(low))

    def _f1(self, values: MetricValues) -> Made:
        """Return Wilson's interval of J = TP / (TP + FP + FN), mapped to F1 = 2 J / (1 + J)."""
        of_j = self._wilson(values)
        return _made(2 * of_j.low / (1 + of_j.low), 2 * of_j.high / (1 + of_j.high), "wilson of J", of_j.reasons)

    def _class_table(self, values: MetricValues) -> Made:
        found = class_table_bounds(self._evidence, values.metric)
        low, high = _around(values, *(rows_of(values, one) for one in found))
        return _made(low, high, "dirichlet", [NO_DRAWS] * len(low))

    def _table(self, values: MetricValues) -> Made:
        low, high = _around(values, *(one[values.positions] for one in self._drawn[values.metric.name]))
        variance = self._table_variances[values.metric.name][values.positions]
        straight = within_range(values, variance, values.n, self._evidence.level)
        fewest = self._fewest_truths[values.positions]
        is_large = fewest >= MANY_TRUTHS
        return Made(
            low=np.where(is_large, straight[0], low),
            high=np.where(is_large, straight[1], high),
            methods=[self._table_method(n) for n in fewest.tolist()],
            reasons=[NO_DRAWS] * len(low),
        )

    def _table_method(self, fewest_truths: float) -> str:
        if fewest_truths >= MANY_TRUTHS:
            return "linearised t"
        if len(self._evidence.classes.names) == 2:
            return "dirichlet"
        few = f", approximate: a class has fewer than {FEW_TRUTHS} truths" if fewest_truths < FEW_TRUTHS else ""
        return f"multinomial percentile{few}"

    def _linearised(self, values: MetricValues, method: str = "linearised t") -> Made:
        spread = self._spreads[values.metric]
        variance, n = rows_of(values, spread.variance), values.n
        if is_of_objects(self._evidence, values.metric):
            n = rows_of(values, spread.n_units)
        low, high = within_range(values, variance, n, self._evidence.level)
        return _made(low, high, method, why_not(n, variance))

    def _bootstrap(self, values: MetricValues) -> Made:
        return self._linearised(values, f"bootstrap t, {N_RESAMPLES} resamples")

    def _kernel(self, values: MetricValues) -> Made:
        if values.metric in self._spread_metrics:
            return self._linearised(values)
        kernel = self._evidence.terms.kernels[str(values.metric.expression)]
        shaped = (one.reshape(len(one), -1) for one in (kernel.errors, kernel.freedom, kernel.low, kernel.high))
        errors, freedom, low, high = (rows_of(values, one) for one in shaped)
        if self._kernel_of(values.metric) == MEDIAN:
            return _made(low, high, "order statistics", [FEW_FOR_MEDIAN] * len(low))
        low, high = logit_bounds(values.values, errors, freedom, level=self._evidence.level)
        return _made(low, high, "linearised logit t", why_not(freedom + 1, errors))

    @cached_property
    def _spread_metrics(self) -> list[MetricDefinition]:
        """Return the metrics whose variance is taken from the samples."""
        if not self._evidence.design.is_plain:
            varying = [metric for metric in self._defined if metric.interval.kind != "none"]
            return [metric for metric in varying if self._kernel_of(metric) != MEDIAN]
        return [
            metric
            for metric in self._defined
            if metric.interval.kind in ("linearised", "bootstrap") or self._kernel_of(metric) in RANK_KERNELS
        ]

    def _kernel_of(self, metric: MetricDefinition) -> str | None:
        """Return the kernel of a metric that is one term of a kernel."""
        term = self._evidence.kernel_term(metric)
        return term.kernel if term is not None else None

    def _term_of(self, metric: MetricDefinition) -> TermDefinition:
        """Return the term that a metric is."""
        term = self._evidence.kernel_term(metric)
        assert term is not None
        return term

    @cached_property
    def _spreads(self) -> dict[MetricDefinition, Spread]:
        metrics = [metric for metric in self._defined if metric in self._spread_metrics]
        of_objects = [metric for metric in metrics if is_of_objects(self._evidence, metric)]
        others = [metric for metric in metrics if metric not in of_objects]
        found = dict(zip(others, spreads(self._evidence, others) if others else [], strict=True))
        return {**found, **dict(zip(of_objects, object_spreads(self._evidence, of_objects), strict=True))}

    @cached_property
    def _tables(self) -> ConfusionTables:
        return ConfusionTables(self._evidence)

    @cached_property
    def _whole_tables(self) -> list[MetricDefinition]:
        return [one for one in self._defined if one.interval.kind == "table" and not _is_of_class(one)]

    @cached_property
    def _drawn(self) -> dict[str, tuple[Numbers, Numbers]]:
        """Return the bounds from drawn tables, of every test case that has a class with few truths."""
        cases = np.flatnonzero(self._fewest_truths < MANY_TRUTHS).tolist()
        low, high = self._tables.bounds(self._whole_tables, cases)
        return {metric.name: (low[index], high[index]) for index, metric in enumerate(self._whole_tables)}

    @cached_property
    def _table_variances(self) -> dict[str, Numbers]:
        is_large = (self._fewest_truths >= MANY_TRUTHS) & np.isfinite(self._fewest_truths)
        found = self._tables.variances(self._whole_tables, np.flatnonzero(is_large).tolist())
        return {metric.name: found[index] for index, metric in enumerate(self._whole_tables)}

    @cached_property
    def _fewest_truths(self) -> Numbers:
        """Return for each test case the smallest number of truths of a class that has any."""
        support = self._evidence.terms.by_class["support"]
        return np.asarray(np.where(support > 0, support, np.inf).min(axis=1, initial=np.inf))


def _made(low: Numbers, high: Numbers, method: str, reasons: list[str]) -> Made:
    return Made(low=low, high=high, methods=[method] * len(low), reasons=reasons)


def _around(values: MetricValues, low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
    """Return quantiles of draws, moved where they leave the value out: at the ends of its range (Brown et al. 2001)."""
    return np.minimum(low, values.values), np.maximum(high, values.values)


def _is_of_class(metric: MetricDefinition) -> bool:
    return metric.level in ("class", "class, positive")
