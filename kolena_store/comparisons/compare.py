"""Comparing as users ask for it: models beside a baseline on a suite, what is stored already found by its key."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kolena_store.comparisons.asked import AskedMetrics, asked_metrics, checked_options, compared_results
from kolena_store.comparisons.outcome import Comparison
from kolena_store.comparisons.records import ComparisonOptions
from kolena_store.comparisons.stored import NewComparison, comparison_key, load_comparisons, record_comparisons
from kolena_store.database import Transaction
from kolena_store.datasets import dataset_named, version_of
from kolena_store.results import ResultsRecord
from kolena_store.schema import now
from kolena_store.test_runs.execute import Setting, TestRequest, setting_of, workflow_of
from kolena_store.test_runs.request import suite_of

__all__ = ["compare_models"]


@dataclass(frozen=True, kw_only=True)
class _Request:
    """What all models of one call share."""

    setting: Setting
    baseline: ResultsRecord
    options: ComparisonOptions
    asked: AskedMetrics

    def key(self, results: ResultsRecord) -> str:
        """Return what identifies the comparison of one model with the baseline."""
        return comparison_key(self.setting, results, self.baseline, self.options)


def compare_models(
    transaction: Transaction,
    name: str,
    models: str | Sequence[str] | None,
    baseline: str,
    *,
    options: ComparisonOptions,
) -> Comparison:
    """Return how models (None: all others with results) differ from a baseline on a dataset.

    Only samples that both answered count, on the same members of the same test cases, under one configuration. Stored
    memberships and sample metrics are read; what is missing is made and kept. The baseline is read once for all models.

    Raises:
        StoreError: an unknown name, a refused suite or configuration, or data that don't allow it.
    """
    dataset = dataset_named(transaction, name)
    workflow = workflow_of(dataset, version_of(transaction, dataset))
    options = checked_options(options)
    results, of_baseline = compared_results(transaction, dataset, models, baseline)
    asked = asked_metrics(transaction, dataset, workflow, options)
    suite, notes = suite_of(transaction, dataset, options.suite, options.by, cross=options.cross)
    setting = setting_of(
        transaction,
        TestRequest(
            dataset=dataset,
            suite=suite,
            results=[*results, of_baseline],
            configuration=options.configuration,
            metrics=asked.names,
            limits=options.limits,
        ),
    )
    request = _Request(setting=setting, baseline=of_baseline, options=options, asked=asked)
    known = [transaction.value("comparisons.comparison_of_key", key=request.key(one)) for one in results]
    missing = [one for one, number in zip(results, known, strict=True) if number is None]
    made = iter(_compared(transaction, request, missing) if missing else ())
    numbers = [int(number) if number is not None else next(made) for number in known]
    found = load_comparisons(transaction, numbers, metrics=asked.in_order(setting))
    return replace(found, notes=(*found.notes, *notes)) if notes else found


def _compared(transaction: Transaction, request: _Request, missing: Sequence[ResultsRecord]) -> list[int]:
    """Compare the models that are not stored yet, and return the numbers of the comparisons."""
    from kolena_store.comparisons.loading import ModelLoader
    from kolena_store.comparisons.measuring import compare_pair

    loader = ModelLoader(transaction, request.setting, [*missing, request.baseline])
    baseline = loader.load(request.baseline)
    new = []
    for results in missing:
        started, clock = now(), time.perf_counter()
        number, model = transaction.new_id(), loader.load(results)
        found = compare_pair(transaction, loader.plan, model, baseline, options=request.options, number=number)
        new.append(
            NewComparison(
                number=number,
                key=request.key(results),
                results=results,
                baseline=request.baseline,
                found=found,
                started=started,
                seconds=time.perf_counter() - clock,
            )
        )
    return record_comparisons(transaction, request.setting, request.options, new)
