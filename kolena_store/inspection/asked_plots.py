"""A plot of a test case that was asked for, with all that answers it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kolena_store.inspection.members import case_samples
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.scored import scores_of
from kolena_store.inspection.workbench import Look
from kolena_store.results import ResultsRecord
from kolena_store.test_runs.scoring import ScoredResults

__all__ = ["AskedPlot", "PlotRequest"]

BYTES_OF_SCORES = 10_000
"""About what a record of them takes; the scores themselves stay in their files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotRequest:
    """Which plot: its kind, on which test case, of which models; of a class where it needs one; against a field.

    `metric` is of the plot `classes`, or the column of `sample_metrics`.
    """

    kind: str
    case: str
    models: tuple[str, ...]
    class_name: str | None = None
    against: str | None = None
    metric: str | None = None


@dataclass(frozen=True, kw_only=True)
class AskedPlot:
    """A request with all that answers it."""

    look: Look
    scope: SuiteScope
    request: PlotRequest

    @property
    def size(self) -> int:
        """Return how many sample numbers there are."""
        return self.scope.of.dataset.next_sample

    def scored(self) -> Iterator[tuple[str, ScoredResults, np.ndarray]]:
        """Yield each model's label, where its scores lie, and the samples of the test case."""
        for label in self.request.models:
            results = self.scope.of.results_labelled(label)
            yield label, self._scores(results), case_samples(self.look, self.scope, self.request.case, results)

    def _scores(self, results: ResultsRecord) -> ScoredResults:
        of, configuration = self.scope.of, self.scope.configuration_id
        return self.look.of_state(
            ("scores", of.dataset.dataset_id, results.results_id, configuration),
            lambda: scores_of(self.look.session, of, results, configuration),
            lambda _: BYTES_OF_SCORES,
        )

    def titled(self, what: str) -> str:
        """Return the title of a plot of something."""
        return f"{what} · {self.request.case}"
