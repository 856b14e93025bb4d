"""Applying suites: definitions become versions of test cases, and their ordered list a version of the suite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kolena_store.database import Transaction
from kolena_store.datasets import DatasetRecord, VersionRecord, version_of
from kolena_store.display import Column, Listing, counted
from kolena_store.errors import ConflictingDefinition, InvalidInput, shown
from kolena_store.schema import now
from kolena_store.statements import Fragment
from kolena_store.tables import RecordColumn, Tabular, table_of
from kolena_store.test_cases import ViewDefinition
from kolena_store.test_suites.explicit import ExplicitCase, explicit_definition
from kolena_store.test_suites.of_models import members_of_models, note_of_models
from kolena_store.test_suites.readable import fields_of_samples, views_of_suite
from kolena_store.test_suites.records import ALL, CaseRecord, SuiteRecord, cases_of, find_suite
from kolena_store.test_suites.versions import CaseDefinition, add_cases, all_samples

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.membership.evaluation import Membership

__all__ = ["AppliedCase", "SuiteInput", "SuiteReport", "apply_suites", "size_note"]

LONGEST_NAME = 200
TINY = 30
SMALL = 100
CASE_COLUMNS = (
    RecordColumn(name="name"),
    RecordColumn(name="version", kind="whole"),
    RecordColumn(name="level"),
    RecordColumn(name="n", kind="whole"),
    RecordColumn(name="n_nan", kind="whole"),
    RecordColumn(name="note"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteInput:
    """What the caller gave: the suite's name, the text of its views, and test cases as lists of ids.

    `description` and `tags` replace the stored ones when they are given; `warnings` come with the report.
    """

    name: str
    text: str
    file: str
    explicit: Sequence[ExplicitCase] = ()
    origin: str = "file"
    description: str | None = None
    tags: Sequence[str] | None = None
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCase:
    """A test case as it stands after its suite was applied; `note` says what to mind about its size."""

    name: str
    version: int
    level: str
    n: int
    n_nan: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteReport(Tabular):
    """A suite as it stands after it was applied; `is_new_version` is False when nothing changed.

    `removed` names the test cases that the version before had and this one has not; `warnings` say what to mind when
    fields made the suite: combinations with few samples, elements of lists that have no test case.
    """

    dataset: str
    name: str
    version: int
    is_new_version: bool
    source: str
    cases: tuple[AppliedCase, ...]
    removed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Return a sentence on the test cases that left the suite, when some did, and the warnings."""
        left = f"left suite {self.name} with version {self.version}: {shown(self.removed)}"
        return (*((left,) if self.removed else ()), *self.warnings)

    def arrow(self) -> "pa.Table":
        """Return one row for each test case."""
        return table_of(CASE_COLUMNS, self.cases)

    def listings(self) -> Sequence[Listing | str]:
        """Return the test cases with their sizes, empty and tiny ones marked, those that left the suite, warnings."""
        columns = (
            Column(title="test case"),
            Column(title="version", align="right"),
            Column(title="samples", align="right"),
            Column(title="note"),
        )
        rows = tuple((case.name, str(case.version), f"{case.n:,}", case.note) for case in self.cases)
        state = "new version" if self.is_new_version else "unchanged"
        return [
            Listing(
                title=f"{self.dataset}: suite {self.name} version {self.version} ({state})", columns=columns, rows=rows
            ),
            *self.notes,
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Applied:
    suite: SuiteRecord
    is_new: bool
    removed: tuple[str, ...] = ()


def apply_suites(transaction: Transaction, dataset: DatasetRecord, inputs: Sequence[SuiteInput]) -> list[SuiteReport]:
    """Apply several suites at once and return how each stands.

    Raises:
        RefusedStatement: a definition is not allowed, or selects a sample twice.
        ConflictingDefinition: a name means something else in a suite that is not applied here.
    """
    version = version_of(transaction, dataset)
    names = [given.name.lower() for given in inputs]
    repeated = [given.name for index, given in enumerate(inputs) if names[index] in names[:index]]
    if repeated:
        raise InvalidInput(f"two suites are named {repeated[0]!r}; rename one file, as a suite has its file's name")
    if ALL in names and any(given.origin != ALL for given in inputs):
        raise InvalidInput(f"{ALL!r} is the suite of every sample, which is always there; give yours another name")
    applied = [_apply(transaction, dataset, version, one) for one in inputs]
    _check_pins(transaction, dataset, [one.suite for one in applied])
    reports = [_report(transaction, dataset, version, one) for one in applied]
    return [replace(report, warnings=tuple(one.warnings)) for report, one in zip(reports, inputs, strict=True)]


def _apply(transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, given: SuiteInput) -> _Applied:
    before = find_suite(transaction, dataset, given.name)
    suite_id = before.suite_id if before else _new_suite(transaction, dataset, given)
    _update_texts(transaction, suite_id, before, given)
    definitions = _definitions(transaction, dataset, version, given)
    cases = add_cases(transaction, dataset, definitions, keeps_texts=given.origin != "file")
    keys = [case.key for case in cases]
    cases_before = cases_of(transaction, before) if before else []
    if before and [case.key for case in cases_before] == keys:
        return _Applied(suite=before, is_new=False)
    kept = {case.test_case_id for case in cases}
    removed = tuple(case.name for case in cases_before if case.test_case_id not in kept)
    number = before.version + 1 if before else 1
    transaction.run("suites.insert_suite_version", suite_id=suite_id, version=number, source=given.text, created=now())
    transaction.run(
        "suites.insert_members",
        suite_id=suite_id,
        suite_version=number,
        test_case_ids=[test_case_id for test_case_id, _ in keys],
        test_case_versions=[case_version for _, case_version in keys],
    )
    transaction.touched_datasets.add(dataset.dataset_id)
    stored = find_suite(transaction, dataset, given.name)
    assert stored is not None
    return _Applied(suite=stored, is_new=True, removed=removed)


def _new_suite(transaction: Transaction, dataset: DatasetRecord, given: SuiteInput) -> int:
    if not given.name.strip() or len(given.name) > LONGEST_NAME or not given.name.isprintable():
        raise InvalidInput(f"{given.name!r} can't name a test suite: 1 to {LONGEST_NAME} printable characters")
    suite_id = transaction.new_id()
    transaction.run(
        "suites.insert_suite", suite_id=suite_id, dataset_id=dataset.dataset_id, name=given.name, origin=given.origin
    )
    return suite_id


def _update_texts(transaction: Transaction, suite_id: int, before: SuiteRecord | None, given: SuiteInput) -> None:
    description = given.description if given.description is not None else (before.description if before else None)
    tags = list(given.tags) if given.tags is not None else (before.tags if before else [])
    # A suite that by= made becomes the user's own when the user applies one of its name.
    transaction.run("suites.update_suite", suite_id=suite_id, origin=given.origin, description=description, tags=tags)


def _definitions(
    transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, given: SuiteInput
) -> list[CaseDefinition]:
    views = views_of_suite(transaction, dataset, version, given.text, file=given.file)
    explicit = [explicit_definition(transaction, dataset, version, case) for case in given.explicit]
    by_name = {view.name: view for view in views}
    found = [all_samples(), *(_of_view(view, by_name, version) for view in views), *explicit]
    names = [definition.name.lower() for definition in found]
    repeated = [definition.name for index, definition in enumerate(found) if names[index] in names[:index]]
    if repeated:
        raise InvalidInput(f"{given.file}: two test cases are named {repeated[0]!r}; rename one")
    return found


def _of_view(view: ViewDefinition, views: Mapping[str, ViewDefinition], version: VersionRecord) -> CaseDefinition:
    query: Fragment | None = view.standalone
    objects: Fragment | None = None
    if view.level == "object":
        query = all_samples().query if view.within is None else views[view.within].standalone
        objects = view.standalone
    return CaseDefinition(
        name=view.name,
        level=view.level,
        digest=view.digest,
        source=view.source,
        query=query,
        object_query=objects,
        within=view.within,
        fields=fields_of_samples(view.fields, view.standalone, version),
        inference_fields=tuple(view.inference_fields),
        members_file=None,
        description=view.description,
        tags=tuple(view.tags),
    )


def _check_pins(transaction: Transaction, dataset: DatasetRecord, applied: Sequence[SuiteRecord]) -> None:
    """Refuse a name that stands for one definition in one suite and for another in a second one."""
    pins: dict[int, list[tuple[int, str, int]]] = {}
    for test_case_id, *pin in transaction.rows("suites.pins", dataset_id=dataset.dataset_id):
        pins.setdefault(test_case_id, []).append((pin[0], pin[1], pin[2]))
    for suite in applied:
        for case in cases_of(transaction, suite) if suite.origin != "by" else ():
            for suite_id, other, pinned in pins.get(case.test_case_id, ()):
                if suite_id != suite.suite_id and pinned != case.version:
                    raise ConflictingDefinition(
                        f"test case {case.name!r} of suite {suite.name!r} is defined otherwise in suite {other!r}; "
                        "give it another name, or change both files and apply them together: "
                        f"kolena-store suite apply {dataset.name} FILE FILE"
                    )


def _report(transaction: Transaction, dataset: DatasetRecord, version: VersionRecord, done: _Applied) -> SuiteReport:
    from kolena_store.membership.objects import selected_objects
    from kolena_store.membership.stored import ensure_memberships

    suite = done.suite
    cases = cases_of(transaction, suite)
    of_objects = [case for case in cases if case.selects_objects]
    selected = selected_objects(transaction, version, of_objects)
    n_objects = {case.key: one.size for case, one in zip(of_objects, selected, strict=True)}
    members = ensure_memberships(transaction, dataset, version, [case for case in cases if not case.is_of_model])
    of_models = members_of_models(transaction, dataset, version, [case for case in cases if case.is_of_model])
    applied = tuple(
        _applied_of_models(case, of_models[case.key], dataset.next_sample)
        if case.is_of_model
        else _applied(case, members[case.key].n, members[case.key].n_nan, n_objects=n_objects.get(case.key))
        for case in cases
    )
    return SuiteReport(
        dataset=dataset.name,
        name=suite.name,
        version=suite.version,
        is_new_version=done.is_new,
        source=suite.source or "",
        cases=applied,
        removed=done.removed,
    )


def _applied(case: CaseRecord, n: int, n_nan: int, *, n_objects: int | None = None) -> AppliedCase:
    notes = [size_note(n)] if size_note(n) else []
    if n_objects is not None:
        notes.append(f"selects {counted(n_objects, 'object')}" if n_objects else "EMPTY, no object")
    if n_nan and case.name != ALL:
        notes.append(f"{n_nan:,} with NaN, which counts as the greatest number")
    return AppliedCase(name=case.name, version=case.version, level=case.level, n=n, n_nan=n_nan, note="; ".join(notes))


def _applied_of_models(case: CaseRecord, members: "Mapping[str, Membership | None]", size: int) -> AppliedCase:
    """Return how an inference-level test case stands: its size is that of all models together."""
    from kolena_store.membership.of_results import united

    known = [one for one in members.values() if one is not None]
    found, smallest = united(known, size), min((one.n for one in known), default=0)
    applied = _applied(case, found.n, found.n_nan)
    notes = [note_of_models(members), *([size_note(smallest)] if size_note(smallest) else [])]
    return replace(applied, note="; ".join(notes))


def size_note(n: int) -> str:
    """Return what to mind about a test case of n samples; nothing from 100 on."""
    if n == 0:
        return "EMPTY, no sample"
    if n < TINY:
        return f"TINY, fewer than {TINY} samples say little"
    return f"fewer than {SMALL} samples" if n < SMALL else ""
