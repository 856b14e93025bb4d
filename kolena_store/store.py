"""The one object that users hold: a store directory, and what can be done with it."""

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store import datasets as dataset_room
from kolena_store import models as model_room
from kolena_store import results as result_room
from kolena_store import test_runs as run_room
from kolena_store import test_suites as suite_room
from kolena_store import uploads as upload_room
from kolena_store.database import Database
from kolena_store.metrics.user.stored import USER_METRICS, MetricsReport, UserMetric, drop_metric, user_metrics
from kolena_store.published import publish, publish_everything
from kolena_store.tables import QueryResult, Records
from kolena_store.test_suites import Bins, SuiteReport
from kolena_store.workflows import Configuration, Workflow

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.cleaning import GcReport
    from kolena_store.merging import MergeReport, Side
    from kolena_store.verification import VerifyReport

__all__ = ["Store"]


class Store:
    """A directory with test data, ground truths, inferences and test runs; made by the first write.

    Args:
        path: the directory; None makes a temporary one, removed when the object goes.
        lock_timeout: seconds to wait for another process that writes.
    """

    def __init__(self, path: str | Path | None = None, *, lock_timeout: float = 60.0) -> None:
        """Name the directory; nothing is read or written yet."""
        root = Path(tempfile.mkdtemp(prefix="kolena-store-")) if path is None else Path(path)
        self._database = Database(root, lock_timeout=lock_timeout, before_commit=publish)
        if path is None:
            weakref.finalize(self, shutil.rmtree, root, ignore_errors=True)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """Return the store's directory."""
        return self._database.root

    @property
    def exists(self) -> bool:
        """Whether the store was made already."""
        return self._database.exists

    def create(self) -> None:
        """Make an empty store; a store that is there stays as it is."""
        if not self.exists:
            with self._database.transaction():
                pass

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let several operations share one commit: all of them are kept, or none.

        Raises:
            StoreLocked: another process is writing.
        """
        with self._database.transaction():
            yield

    def refresh(self) -> None:
        """See what other processes have committed since this object first read the store."""
        self._database.refresh()

    def upload_dataset(
        self,
        name: str,
        source: object,
        *,
        id_fields: Sequence[str] | None = None,
        workflow: Workflow | None = None,
        predictions: upload_room.Predictions | None = None,
        objects: object = None,
        append_only: bool = False,
        collect: Sequence[str] = (),
        leave_out: Sequence[str] = (),
        cluster: str | None = None,
        weight: str | None = None,
        types: Mapping[str, str] | None = None,
        tables: Mapping[str, object | None] | None = None,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        message: str | None = None,
        version_tags: Sequence[str] = (),
    ) -> dataset_room.UploadReport:
        """Make a dataset equal to the input, or add the input to it, and return what that changed.

        Args:
            source: a CSV, JSON Lines or Parquet file, an Arrow table or reader, a Polars or pandas frame.
            id_fields: the columns that identify a sample; inferred when not given.
            workflow: the type of problem and its columns; omitted later, it stays.
            predictions: model -> the column with its predictions, for a frame that carries them beside the samples.
            objects: a table with a row for each true object, for workflows of objects.
            append_only: keep the samples that the input does not have.
            collect: columns of a long table, with several rows for a sample, whose values become a list for each
                sample; a row in which all of them are NULL adds nothing.
            leave_out: columns of the input that are not kept; rows that agree in all others then become one.
            cluster: the field of groups that vary together, such as patients or videos; intervals then count groups.
            weight: the field that says how much each sample counts. Like cluster it stays until it is the empty text.
            types: column -> SQL type, for columns that should not be read as they look.
            tables: name -> rows to attach by the id fields; omitted later, a table stays; None takes it away.
            tags: of the dataset; `version_tags` are of the version that this upload makes.

        Raises:
            StoreError: the input can't be used; nothing is written then.
        """
        given = dataset_room.DatasetUpload(
            name=name,
            source=source,
            id_fields=id_fields,
            append_only=append_only,
            long=dataset_room.LongTable(collect=collect, left_out=leave_out),
            objects=objects,
            sampling=dataset_room.Sampling(cluster=cluster, weight=weight),
            types=types or {},
            tables={} if tables is None else tables,
            message=message,
            version_tags=version_tags,
        )
        notes = upload_room.Notes(description=description, tags=tags, metadata=metadata)
        with self._database.transaction() as transaction:
            return upload_room.upload(transaction, given, workflow=workflow, predictions=predictions, notes=notes)

    def upload_results(
        self,
        dataset: str,
        model: str | None,
        source: object,
        *,
        model_field: str | None = None,
        upload_configuration: Mapping[str, Any] | None = None,
        types: Mapping[str, str] | None = None,
        allow_unmatched: bool = False,
        collect: Sequence[str] = (),
        leave_out: Sequence[str] = (),
        answered: str | Sequence[object] | None = None,
        metadata_fields: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
    ) -> result_room.ResultsReport | Records[result_room.ResultsReport]:
        """Add or replace a model's inferences (ids, answers) and return what that changed; a list with `model_field`.

        Args:
            model: the model's name, or None with `model_field`, the input's column that holds it.
            metadata_fields: columns that say how a sample was shown to the model, which suites may read.
            upload_configuration: what the model ran with; results under another one are kept apart.
            allow_unmatched: count rows that belong to no sample, in place of an error.
            collect: columns of a long table whose values become a list for each sample (and model).
            leave_out: columns of the input that are not kept; rows that agree in all others then become one.
            answered: where each row is an object, the answered samples: ids, or a predicate. None: all of them.

        Raises:
            StoreError: the input can't be used; nothing is written then.
        """
        given = result_room.ResultsUpload(
            dataset=dataset,
            source=source,
            model=model,
            model_field=model_field,
            types=types or {},
            allow_unmatched=allow_unmatched,
            long=dataset_room.LongTable(collect=collect, left_out=leave_out),
            answered=answered,
            upload_configuration=upload_configuration,
            metadata=metadata,
            tags=tags,
            metadata_fields=metadata_fields,
        )
        with self._database.transaction(makes_store=False) as transaction:
            reports = upload_room.upload_answers(transaction, given)
        return Records(reports, result_room.REPORTS) if model is None else reports[0]

    def datasets(self) -> Records[dataset_room.Dataset]:
        """Return all datasets as they stand in their newest versions."""
        return Records(result_room.described_datasets(self._database.session()), dataset_room.DATASETS)

    def dataset(self, name: str) -> dataset_room.Dataset:
        """Return one dataset as it stands in its newest version, with the models that have results on it."""
        return result_room.described_with_models(self._database.session(), self._dataset(name))

    def dataset_history(self, name: str) -> Records[dataset_room.VersionRecord]:
        """Return all versions of a dataset, oldest first."""
        versions = dataset_room.dataset_history(self._database.session(), self._dataset(name))
        return Records(versions, dataset_room.VERSIONS, title=self._dataset(name).name)

    def dataset_digest(self, name: str, version: int | None = None) -> str:
        """Return the content digest of a version: equal wherever the content is, computed once and then kept."""
        return dataset_room.dataset_digest(self._database, name, version)

    def dataset_difference(self, name: str, older: int, newer: int) -> dataset_room.VersionDifference:
        """Return which samples and fields changed between two versions of a dataset."""
        return dataset_room.version_difference(self._database.session(), self._dataset(name), older, newer)

    def download_dataset(self, name: str, version: int | None = None, *, table: str | None = None) -> "pa.Table":
        """Return the samples of one version (by default the newest), or the rows of an attached table, as they came."""
        return dataset_room.download_dataset(self._database.session(), self._dataset(name), version, table=table)

    def download_results(
        self,
        dataset: str,
        model: str,
        *,
        version: int | None = None,
        upload_configuration: str | Mapping[str, Any] | None = None,
    ) -> "pa.Table":
        """Return the ids and inferences of the samples that a model answered, with the types that they came with."""
        record, session = self._dataset(dataset), self._database.session()
        return result_room.download_results(session, record, model, version=version, configuration=upload_configuration)

    def models(self) -> Records[model_room.ModelRecord]:
        """Return all models by name."""
        return Records(model_room.models(self._database.session()), model_room.MODELS)

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

    def verify(self, *, quick: bool = False, repair: bool = False) -> "VerifyReport":
        """Check catalogue and files, compute memberships and runs again, and return what is not as it should be.

        Args:
            quick: compute nothing again.
            repair: first compute again what is damaged and was computed, and clear away what dead writers left.

        Raises:
            DamagedStore: the catalogue can't be opened.
        """
        from kolena_store import verification

        return verification.repair(self._database) if repair else verification.verify(self._database, is_quick=quick)

    def gc(self, *, grace: float | None = None, keep: int | None = None, dry_run: bool = False) -> "GcReport":
        """Remove files that nothing needs, write many small ones as few, and return what that freed.

        Args:
            grace: how many hours a file stays after it was last needed, for sessions that are still open; None for 24.
            keep: how many versions of each dataset and of each result stay; None keeps all.
            dry_run: change nothing, and return what would be done.

        Raises:
            InvalidInput: a grace time below 0, or no version to keep.
        """
        from kolena_store.cleaning import collect_garbage

        return collect_garbage(self._database, grace=grace, keep=keep, is_dry_run=dry_run)

    def publish(self, materialize: str | Path | None = None, *, overwrite: bool = False) -> None:
        """Write all views and macros that other SQL clients read again, under the folder where the store is now.

        Args:
            materialize: in place of that, write one DuckDB file that needs no other: native tables, the same names.
            overwrite: whether that file may replace one that is there.

        Raises:
            InvalidInput: the file is there already, or can't be written.
        """
        if materialize is not None:
            from kolena_store.published.materialised import materialise

            materialise(self.path, Path(materialize), overwrite=overwrite)
            return
        with self._database.transaction(makes_store=False) as transaction:
            publish_everything(transaction)

    def merge(self, other: str | Path, *, prefer: "Side | None" = None, dry_run: bool = False) -> "MergeReport":
        """Bring what another store has into this one, in one commit, and return what became of each thing.

        Args:
            other: the other store's directory, which is only read.
            prefer: "ours" or "theirs" wins where both stores hold different things under one name.
            dry_run: write nothing, and return what would be done, conflicts included.

        Raises:
            MergeConflict: there are such things and no preference settles them; all are named, nothing is written.
            DamagedStore: a file of the other store is not what it was.
        """
        from kolena_store.merging import merge_stores

        return merge_stores(self._database, Path(other), prefer=prefer, is_dry_run=dry_run)

    def _dataset(self, name: str) -> dataset_room.DatasetRecord:
        return dataset_room.dataset_named(self._database.session(), name)

    def _apply(self, dataset: str, given: Sequence[suite_room.SuiteInput]) -> list[SuiteReport]:
        with self._database.transaction(makes_store=False) as transaction:
            return suite_room.apply_suites(transaction, dataset_room.dataset_named(transaction, dataset), given)
