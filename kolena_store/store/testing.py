"""Test cases, metrics and tests of a store."""

from collections.abc import Sequence
from pathlib import Path

from kolena_store import datasets as dataset_room
from kolena_store import test_runs as run_room
from kolena_store import test_suites as suite_room
from kolena_store.metrics.user.stored import USER_METRICS, MetricsReport, UserMetric, drop_metric, user_metrics
from kolena_store.store.base import StoreBase
from kolena_store.tables import QueryResult, Records
from kolena_store.test_suites import Bins, SuiteReport
from kolena_store.workflows import Configuration

__all__ = ["StoreTesting"]


class StoreTesting(StoreBase):
    """Suites, metrics of the user, tests and their runs, and SQL over all of it."""

    def apply_suite(
        self,
        dataset: str,
        source: str | Path,
        *,
        name: str | None = None,
        cases: Sequence[suite_room.ExplicitCase] = (),
        description: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> SuiteReport:
        """Apply a suite file (or the text of one, with a name) and return the sizes of its test cases.

        Args:
            cases: further test cases, given by lists of ids.

        Raises:
            RefusedStatement: a definition is not allowed.
            ConflictingDefinition: a name means something else in another suite.
        """
        given = run_room.suite_input(source, name=name, cases=cases, description=description, tags=tags)
        return self._apply(dataset, [given])[0]

    def apply_suites(self, dataset: str, files: Sequence[str | Path]) -> list[SuiteReport]:
        """Apply several suite files in one commit."""
        return self._apply(dataset, [run_room.read_suite(file) for file in files])

    def stratify(self, dataset: str, name: str, by: Sequence[str | Bins], *, cross: bool = False) -> SuiteReport:
        """Make a suite with a case for each value or range of fields, or each combination; `.source` is its text."""
        with self._database.transaction(makes_store=False) as transaction:
            record = dataset_room.dataset_named(transaction, dataset)
            return run_room.stratify(transaction, record, name, by, cross=cross)

    def test_suites(self, dataset: str | None = None) -> Records[suite_room.SuiteRecord]:
        """Return the newest version of every suite (of one dataset); those made by `by=` have the origin `by`."""
        found = suite_room.suites(self._database.session(), self._dataset(dataset) if dataset else None)
        return Records(found, suite_room.SUITES)

    def test_cases(self, dataset: str, suite: str, version: int | None = None) -> Records[suite_room.CaseRecord]:
        """Return the test cases that a suite pins, in order."""
        record = self._dataset(dataset)
        pinned = suite_room.suite_named(self._database.session(), record, suite, version)
        title = f"{record.name}: suite {pinned.name} version {pinned.version}"
        return Records(suite_room.cases_of(self._database.session(), pinned), suite_room.CASES, title=title)

    def suite_difference(
        self,
        dataset: str,
        suite: str,
        *,
        suite_versions: tuple[int, int] | None = None,
        dataset_versions: tuple[int, int] | None = None,
    ) -> suite_room.SuiteDifference:
        """Return the samples that came into and went out of each test case, between versions of suite or data."""
        session, versions = self._database.session(), {"suite_versions": suite_versions}
        versions["dataset_versions"] = dataset_versions
        return suite_room.suite_difference(session, self._dataset(dataset), suite, **versions)

    def apply_metrics(self, dataset: str, source: str | Path) -> MetricsReport:
        """Apply a file of user metrics (or the text of one) and return what that changed; `test` computes them then.

        Beside a workflow's own they are no headline: name them in `test(..., metrics=[...])` to see them printed.
        """
        with self._database.transaction(makes_store=False) as transaction:
            return run_room.apply_metrics(transaction, dataset_room.dataset_named(transaction, dataset), source)

    def user_metrics(self, dataset: str) -> Records[UserMetric]:
        """Return the metrics that users defined for a dataset, as they stand now; `test` computes them too."""
        return Records(user_metrics(self._database.session(), self._dataset(dataset)), USER_METRICS)

    def drop_metric(self, dataset: str, name: str) -> None:
        """Take a user metric out of those that `test` computes; the runs that have its values keep them."""
        with self._database.transaction(makes_store=False) as transaction:
            drop_metric(transaction, dataset_room.dataset_named(transaction, dataset), name)

    def test(
        self,
        dataset: str,
        models: str | Sequence[str] | None = None,
        suite: str | Path | SuiteReport | None = None,
        *,
        by: Sequence[str | Bins] | None = None,
        configuration: Configuration | None = None,
        metrics: Sequence[str] | None = None,
        common: bool = False,
        cross: bool = False,
    ) -> run_room.TestResults:
        """Test models (None: all with results) on a suite and return the metrics of every test case.

        Args:
            suite: its name, a file that ends in .sql (applied first), or a report; None is the test case `all` alone.
            by: fields to make test cases of, in the place of a suite; with `cross` one of each combination.
            configuration: how to score; None means the workflow's defaults.
            metrics: the names of the metrics to compute; None means all.
            common: count only samples that all these models answered.

        Raises:
            StoreError: an unknown name, a refused suite or configuration, or data that don't allow it.
        """
        how = run_room.TestOptions(
            suite=suite, by=by, cross=cross, configuration=configuration, metrics=metrics, common=common
        )
        with self._database.transaction(makes_store=False) as transaction:
            return run_room.run_models(transaction, dataset, models, how)

    def rescore(self, dataset: str) -> Records[run_room.RenewedRun]:
        """Test again, on the newest version of a dataset, what was last tested on an older one; nothing is inferred.

        After labels were corrected this gives every model its new values on every suite that it was tested on, under
        the same configuration. Samples that did not change are not scored again.

        Raises:
            StoreError: the results of a model don't fit the newest version.
        """
        with self._database.transaction(makes_store=False) as transaction:
            renewed = run_room.renew_runs(transaction, dataset_room.dataset_named(transaction, dataset))
        return Records(renewed, run_room.RENEWED, title=f"{dataset}: tested again")

    def precision_recall(
        self, dataset: str, model: str, test_case: str = "all", *, configuration: Configuration | None = None
    ) -> QueryResult:
        """Return the curve of precision and recall of each class: a row for each score, falling, of a tested model.

        Raises:
            StoreError: an unknown name, a model that was not tested so, or a workflow without detections.
        """
        session, record = self._database.session(), self._dataset(dataset)
        found = run_room.precision_recall(session, record, model, test_case, configuration=configuration)
        return QueryResult(table=found)

    def test_runs(self) -> Records[run_room.TestRun]:
        """Return all test runs, oldest first."""
        return Records(run_room.test_runs(self._database.session()), run_room.RUNS)

    def sql(self, query: str, *, seconds: float | None = None) -> QueryResult:
        """Return the rows of one SELECT over the store's views; nothing else is allowed, nothing outside is read.

        Raises:
            RefusedStatement: it is no single SELECT over the store.
            LimitExceeded: it took longer than `seconds`, or too much memory.
        """
        from kolena_store.predicates.query import run_query

        return QueryResult(table=run_query(self.path, query, seals=self._database.seals, seconds=seconds))

    def _apply(self, dataset: str, given: Sequence[suite_room.SuiteInput]) -> list[SuiteReport]:
        with self._database.transaction(makes_store=False) as transaction:
            return suite_room.apply_suites(transaction, dataset_room.dataset_named(transaction, dataset), given)
