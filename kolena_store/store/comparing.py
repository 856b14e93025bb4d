"""Comparing models of a store."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from kolena_store import comparisons as comparison_room
from kolena_store.comparisons import Comparison, ComparisonOptions, DifferingSamples, SampleRequest
from kolena_store.store.base import StoreBase
from kolena_store.test_suites import Bins, SuiteReport
from kolena_store.workflows import Configuration

__all__ = ["StoreComparing"]


class StoreComparing(StoreBase):
    """Models beside a baseline, with evidence."""

    def compare(
        self,
        dataset: str,
        models: str | Sequence[str] | None,
        baseline: str,
        suite: str | Path | SuiteReport | None = None,
        *,
        by: Sequence[str | Bins] | None = None,
        cross: bool = False,
        configuration: Configuration | None = None,
        metrics: Sequence[str] | None = None,
        by_class: bool = False,
        tolerance: Mapping[str, float] | None = None,
        alpha: float = comparison_room.ALPHA,
        correction: comparison_room.Correction = "benjamini-hochberg",
        test: comparison_room.TestKind = "default",
    ) -> Comparison:
        """Compare models (None: all others with results) with a baseline, on the samples that both answered.

        Args:
            suite: its name, a file that ends in .sql (applied first), or a report; None is the test case `all` alone.
            by: fields to make test cases of, in the place of a suite; with `cross` one of each combination.
            configuration: how to score; None means the workflow's defaults.
            metrics: the names of the metrics to compare; None means the workflow's headlines.
            by_class: give metrics of classes a row for each class, too.
            tolerance: metric -> the difference below which two models count as equivalent, in the metric's unit.
            alpha: the share of false discoveries that is accepted; intervals have the level 1 - alpha.
            correction: `benjamini-hochberg`, or `benjamini-yekutieli`, which holds whatever the test cases share.
            test: `exact` asks for McNemar's exact test, `permutation` for one that swaps the two models' answers.

        Raises:
            StoreError: an unknown name, a refused suite or configuration, or data that don't allow it.
        """
        how = ComparisonOptions(
            suite=suite,
            by=by,
            cross=cross,
            configuration=configuration,
            metrics=metrics,
            by_class=by_class,
            tolerance=tolerance or {},
            alpha=alpha,
            correction=correction,
            test=test,
        )
        with self._database.transaction(makes_store=False) as transaction:
            return comparison_room.compare_models(transaction, dataset, models, baseline, options=how)

    def differing_samples(
        self,
        dataset: str,
        model: str,
        baseline: str,
        suite: str | Path | SuiteReport | None = None,
        *,
        test_case: str = "all",
        metric: str | None = None,
        class_name: str | None = None,
        by: Sequence[str | Bins] | None = None,
        configuration: Configuration | None = None,
    ) -> DifferingSamples:
        """Return the samples that only one of two models got right, or did better on, in one test case.

        Args:
            suite: the suite of the test case, as in `compare`.
            test_case: its name.
            metric: a share of samples such as `accuracy` or a mean such as `mae`; None is the first headline.
            class_name: the class, for a metric of classes.
            by: fields to make test cases of, in the place of a suite.
            configuration: how to score; None means the workflow's defaults.

        Raises:
            StoreError: an unknown name, or a metric that says nothing of single samples.
        """
        how = ComparisonOptions(suite=suite, by=by, configuration=configuration)
        asked = SampleRequest(model=model, baseline=baseline, test_case=test_case, metric=metric, class_name=class_name)
        with self._database.transaction(makes_store=False) as transaction:
            return comparison_room.differing_samples(transaction, dataset, asked, how)
