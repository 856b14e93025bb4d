"""What a comparison is asked for: which models, which metrics, and options that make sense."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from kolena_store.comparisons.records import ComparisonOptions, Correction, TestKind
from kolena_store.database import Transaction
from kolena_store.datasets import DatasetRecord
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.metrics.definitions import load_metrics
from kolena_store.metrics.user.stored import chosen_metrics, user_metrics
from kolena_store.results import ResultsRecord, results_of_dataset
from kolena_store.statistics.levels import LARGEST_ALPHA
from kolena_store.test_runs.execute import Setting, chosen_results
from kolena_store.test_runs.request import listed
from kolena_store.workflows import Workflow

__all__ = ["AskedMetrics", "asked_metrics", "checked_options", "compared_results", "one_result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedMetrics:
    """The names of the metrics to compare; None means all that the dataset has."""

    names: Sequence[str] | None

    def in_order(self, setting: Setting) -> tuple[str, ...]:
        """Return the names in the order in which they were asked for."""
        if self.names is not None:
            return tuple(dict.fromkeys(self.names))
        return (*(one.name for one in setting.metrics), *(one.name for one in setting.own_metrics))


def checked_options(options: ComparisonOptions) -> ComparisonOptions:
    """Return options whose values make sense, the metrics as a list.

    Raises:
        InvalidInput: a level, a tolerance or the name of a method that can't be.
    """
    if not 0 < options.alpha < LARGEST_ALPHA:
        raise InvalidInput(f"alpha={options.alpha!r} must lie above 0 and below {LARGEST_ALPHA}; the usual one is 0.05")
    for name, known in (("correction", Correction), ("test", TestKind)):
        value = getattr(options, name)
        if value not in get_args(known):
            raise InvalidInput(f"{name}={value!r} is none of {', '.join(get_args(known))}")
    for metric, tolerance in options.tolerance.items():
        if not (isinstance(tolerance, int | float) and math.isfinite(tolerance) and tolerance > 0):
            raise InvalidInput(
                f"the tolerance {tolerance!r} of {metric} must be a number above 0, in the unit of the metric, "
                "such as 0.01 for one point of accuracy"
            )
    metrics = None if options.metrics is None else list(dict.fromkeys(listed(options.metrics)))
    if metrics is not None and not metrics:
        raise InvalidInput("the comparison names no metric; name at least one, or leave metrics away for the headlines")
    return replace(options, metrics=metrics)


def compared_results(
    transaction: Transaction, dataset: DatasetRecord, models: str | Sequence[str] | None, baseline: str
) -> tuple[list[ResultsRecord], ResultsRecord]:
    """Return the results of the models to compare, and those of the baseline.

    Raises:
        UnknownName: a model has no results on the dataset.
        InvalidInput: the baseline stands for several results, or there is nothing else to compare.
    """
    base = one_result(baseline, chosen_results(transaction, dataset, [baseline]))
    if models is None:
        found = [one for one in results_of_dataset(transaction, dataset) if one.results_id != base.results_id]
        if not found:
            raise InvalidInput(
                f"no model but {base.label!r} has results on {dataset.name!r}, so there is nothing to compare it with"
            )
        return found, base
    found = chosen_results(transaction, dataset, listed(models))
    # A model that is asked for by its name stands for all its configurations, but for the one that is the baseline.
    others = [one for one in found if one.results_id != base.results_id]
    if not others or base.label in listed(models):
        raise InvalidInput(f"{base.label!r} is the baseline, and has no difference from itself; name another model")
    return others, base


def one_result(model: str, results: Sequence[ResultsRecord]) -> ResultsRecord:
    """Return the only results that a name stands for.

    Raises:
        InvalidInput: it stands for several.
    """
    if len(results) > 1:
        labels = " or ".join(repr(one.label) for one in results)
        raise InvalidInput(f"{model!r} has results under several upload configurations; name one of them: {labels}")
    return results[0]


def asked_metrics(
    transaction: Transaction, dataset: DatasetRecord, workflow: Workflow, options: ComparisonOptions
) -> AskedMetrics:
    """Return which metrics to compare: those that were named, else the workflow's headlines, else all.

    Raises:
        UnknownName: there is no such metric, or a tolerance is for one that is not compared.
    """
    names = options.metrics if options.metrics is not None else list(workflow.headlines()) or None
    file, own = load_metrics(workflow.metric_file), user_metrics(transaction, dataset)
    brought, users = chosen_metrics(file, own, names)
    if options.metrics is None:
        names = [metric.name for metric in brought] or None
        users = users if names is None else ()
    compared = [*(metric.name for metric in brought), *(metric.name for metric in users)]
    for metric in options.tolerance:
        if metric not in compared:
            raise UnknownName.of("metric that is compared", metric, compared, "name it with metrics= (--metric), too")
    return AskedMetrics(names=names)
