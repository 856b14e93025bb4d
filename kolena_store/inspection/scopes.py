"""What a page or a report is about: a dataset in its newest version, a suite, and the models with runs on it."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, VersionRecord, dataset_named, version_of
from kolena_store.errors import UnknownName
from kolena_store.inspection.workbench import Look
from kolena_store.models import labelled
from kolena_store.results import ResultsRecord, results_of_dataset
from kolena_store.test_suites import ALL, CaseRecord, SuiteRecord, cases_of, find_suite, suite_named, suites
from kolena_store.workflows import Workflow, workflow_from_document

__all__ = [
    "BYTES_PER_CASE",
    "DatasetScope",
    "RunShown",
    "SuiteScope",
    "dataset_scope",
    "dataset_seen",
    "suite_scope",
    "suite_seen",
]

BYTES_PER_CASE = 3000

NOT_STORED = -1
"""The number of a suite and a test case that every dataset has, before they are stored."""


@dataclass(frozen=True, kw_only=True)
class DatasetScope:
    """A dataset in its newest version, and the newest results of every model on it."""

    dataset: DatasetRecord
    version: VersionRecord
    results: Sequence[ResultsRecord]

    @cached_property
    def workflow(self) -> Workflow | None:
        """Return what kind of problem it is, or None when nothing says so."""
        document = self.version.workflow_document
        return workflow_from_document(document) if document else None

    def results_labelled(self, label: str) -> ResultsRecord:
        """Return the results of a model, by its name and upload configuration as pages print them.

        Raises:
            UnknownName: there are none.
        """
        named = [one for one in self.results if one.label == label]
        named = named or [one for one in self.results if one.model == label]
        if not named:
            known = [one.label for one in self.results]
            raise UnknownName.of(
                f"model with results on {self.dataset.name!r}",
                label,
                known,
                f"kolena-store dataset show {self.dataset.name}",
            )
        return named[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShown:
    """A test run, as much of it as a page needs."""

    run_id: int
    results_id: int
    model: str
    upload_configuration: str | None
    dataset_version: int
    results_version: int
    configuration_id: int | None
    configuration: str | None
    metric_file: int
    term_file: int
    notes: list[str] = field(repr=False)
    level: float
    started: datetime.datetime
    outdated: bool

    @property
    def label(self) -> str:
        """Return the model's name, followed by its upload configuration when it has one."""
        return labelled(self.model, self.upload_configuration)


@dataclass(frozen=True, kw_only=True)
class SuiteScope:
    """A suite version of a dataset with the runs on it under one configuration.

    `runs` are of the newest results of each model; where several sets of metrics were asked for, there is one of each.
    """

    of: DatasetScope
    suite: SuiteRecord
    newest_version: int
    configuration: str | None
    configurations: tuple[str | None, ...]
    runs: Sequence[RunShown]
    cases: Sequence[CaseRecord] = field(repr=False)

    @property
    def models(self) -> tuple[str, ...]:
        """Return the models with runs, in the order of their first upload."""
        return tuple(dict.fromkeys(run.label for run in self.runs))

    @property
    def configuration_id(self) -> int | None:
        """Return the number of the configuration that the runs share; None is the workflow's defaults."""
        return self.runs[0].configuration_id if self.runs else None

    def case_of_objects(self, name: str) -> CaseRecord | None:
        """Return a test case that selects objects, and so has a matching of its own; None where it selects samples."""
        return next((case for case in self.cases if case.name == name and case.selects_objects), None)

    def case_named(self, name: str) -> CaseRecord:
        """Return a test case of the suite.

        Raises:
            UnknownName: the suite has none of this name.
        """
        found = [case for case in self.cases if case.name == name]
        if not found:
            known = [case.name for case in self.cases]
            listing = f"kolena-store suite show {self.of.dataset.name} {self.suite.name}"
            raise UnknownName.of(f"test case in suite {self.suite.name!r}", name, known, listing)
        return found[0]

    def runs_of(self, models: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
        """Return the runs of some models: their ids, the place of each one's model, and their metric files.

        Raises:
            UnknownName: a model has no run here.
        """
        unknown = [model for model in models if model not in self.models]
        if unknown:
            raise UnknownName.of(
                f"model with runs on {self.suite.name!r}",
                unknown[0],
                self.models,
                f"kolena-store test {self.of.dataset.name}",
            )
        chosen = [(run, models.index(run.label)) for run in self.runs if run.label in models]
        files = sorted({run.metric_file for run, _ in chosen})
        return [run.run_id for run, _ in chosen], [place for _, place in chosen], files


def dataset_seen(look: Look, name: str) -> DatasetScope:
    """Return a dataset as `dataset_scope` does, kept as long as the store stays as it is."""
    return look.of_state(("dataset", name), lambda: dataset_scope(look.session, name), lambda _: BYTES_PER_CASE)


def suite_seen(look: Look, dataset: str, suite: str | None = None, *, configuration: str | None = None) -> SuiteScope:
    """Return a suite as `suite_scope` does, kept as long as the store stays as it is."""

    def found() -> SuiteScope:
        return suite_scope(look.session, dataset, suite, configuration=configuration)

    return look.of_state(
        ("suite", dataset, suite, configuration), found, lambda scope: BYTES_PER_CASE * (len(scope.cases) + 1)
    )


def dataset_scope(session: Session, name: str) -> DatasetScope:
    """Return a dataset as pages show it.

    Raises:
        UnknownName: the store has none of this name.
    """
    dataset = dataset_named(session, name)
    return DatasetScope(
        dataset=dataset, version=version_of(session, dataset), results=results_of_dataset(session, dataset)
    )


def suite_scope(
    session: Session, dataset: str, suite: str | None = None, *, configuration: str | None = None
) -> SuiteScope:
    """Return a suite as pages show it, in its newest version that has runs.

    Args:
        session: of the store.
        dataset: its name.
        suite: its name; None is the one of all samples, else the first that there is.
        configuration: how the runs were scored, as canonical JSON; None: the workflow's defaults, if there are such
            runs, else the configuration of the last one.

    Raises:
        UnknownName: there is no such dataset or suite.
    """
    of = dataset_scope(session, dataset)
    name = suite or _first_suite(session, of.dataset)
    if name == ALL and find_suite(session, of.dataset, ALL) is None:
        return _of_everything(of)
    newest = suite_named(session, of.dataset, name)
    tested = session.rows("inspection.tested_versions", suite_id=newest.suite_id)
    version = tested[0][0] if tested else newest.version
    configurations = tuple(dict.fromkeys(document for number, document, _ in tested if number == version))
    chosen = configuration if configuration in configurations else next(iter(configurations), None)
    shown = newest if version == newest.version else suite_named(session, of.dataset, newest.name, version)
    runs = session.records(
        RunShown,
        "inspection.newest_runs",
        suite_id=newest.suite_id,
        suite_version=version,
        configuration=chosen,
    )
    return SuiteScope(
        of=of,
        suite=shown,
        newest_version=newest.version,
        configuration=chosen,
        configurations=configurations,
        runs=runs,
        cases=cases_of(session, shown),
    )


def _of_everything(of: DatasetScope) -> SuiteScope:
    """Return the suite of all samples as it will be once a model is tested on it."""
    case = CaseRecord(
        test_case_id=NOT_STORED,
        version=1,
        name=ALL,
        level="sample",
        definition_digest="",
        source=None,
        normalised=None,
        fields=[],
        inference_fields=[],
        members_file=None,
        object_query=None,
        within=None,
        description="Every sample of the dataset",
        tags=[],
    )
    suite = SuiteRecord(
        suite_id=NOT_STORED,
        dataset=of.dataset.name,
        name=ALL,
        origin=ALL,
        description=None,
        tags=[],
        version=1,
        n_test_cases=1,
        source=None,
        created=of.version.created,
    )
    return SuiteScope(
        of=of, suite=suite, newest_version=1, configuration=None, configurations=(), runs=[], cases=[case]
    )


def _first_suite(session: Session, dataset: DatasetRecord) -> str:
    """Return the suite that is meant when none is named: one that someone wrote, else one that fields make."""
    known = sorted(suites(session, dataset), key=lambda one: (one.name == ALL, one.origin == "by"))
    return known[0].name if known else ALL
