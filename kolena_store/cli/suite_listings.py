"""How suites read: as they stand after they were applied, and as they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kolena_store.cli.output import Answer, listing, record_rows, when
from kolena_store.display import Listing
from kolena_store.errors import InvalidInput

if TYPE_CHECKING:
    from kolena_store.store import Store
    from kolena_store.test_suites import SuiteRecord, SuiteReport

__all__ = ["SUITE_FIELDS", "applied_answer", "listed_answer", "shown_answer", "suite_source"]

SUITE_FIELDS = ("dataset", "name", "version", "test_cases", "origin", "description", "tags", "created")
APPLIED_FIELDS = ("suite", "suite_version", "name", "version", "level", "n", "n_nan", "note")
CASE_FIELDS = ("name", "version", "level", "n", "definition", "description", "tags")
EXPLICIT = "(a list of ids)"


def applied_answer(reports: "Sequence[SuiteReport]") -> Answer:
    """Return suites as they stand after they were applied (CSV: their test cases)."""
    documents = [asdict(report) for report in reports]
    rows = [
        {"suite": document["name"], "suite_version": document["version"], **case}
        for document in documents
        for case in document["cases"]
    ]
    return Answer(
        listings=lambda: [part for report in reports for part in report.listings()],
        document=lambda: {"suites": documents},
        rows=lambda: record_rows(APPLIED_FIELDS, rows),
    )


def listed_answer(records: Sequence[Mapping[str, Any]]) -> Answer:
    """Return suites in their newest versions, given as the values of `SUITE_FIELDS`."""
    columns = {
        **{"suite": "left", "dataset": "left", "version": "right", "test cases": "right"},
        **{"tags": "left", "created": "left"},
    }
    names = ("name", "dataset", "version", "test_cases")
    cells = [
        (*(record[name] for name in names), ", ".join(record["tags"]), when(record["created"])) for record in records
    ]
    return Answer(
        listings=lambda: [listing(columns, cells)],
        document=lambda: {"suites": records},
        rows=lambda: record_rows(SUITE_FIELDS, records),
    )


def shown_answer(store: "Store", dataset: str, name: str, version: int | None) -> Answer:
    """Return the test cases of a suite, and how many samples of the dataset's newest version each selects."""
    cases = store.test_cases(dataset, name, version)
    suite = _newest(store, dataset, name)
    shown = version or suite.version
    sizes = store.suite_difference(dataset, name, suite_versions=(shown, shown))
    n_samples = {case.name: case.n_after for case in sizes.cases}
    records = [
        {
            **{field: getattr(case, field) for field in ("name", "version", "level", "description", "tags")},
            "n": n_samples[case.name],
            "definition": case.source,
        }
        for case in cases
    ]
    head = {"dataset": sizes.dataset, "suite": suite.name, "version": shown, "description": suite.description}
    return Answer(
        listings=lambda: [_listing(f"{sizes.dataset}: suite {suite.name} version {shown}", records)],
        document=lambda: {**head, "tags": suite.tags, "test_cases": records},
        rows=lambda: record_rows(CASE_FIELDS, records),
    )


def suite_source(store: "Store", dataset: str, name: str, version: int | None) -> str:
    """Return the text of a suite as it was applied.

    Raises:
        InvalidInput: the version is not the newest, whose text alone can be asked for.
    """
    suite = _newest(store, dataset, name)
    if version not in (None, suite.version):
        raise InvalidInput(
            f"--source prints the newest version of {suite.name!r}, which is {suite.version}; leave out --version, "
            "or see the definitions of an older one without --source"
        )
    return suite.source or ""


def _newest(store: "Store", dataset: str, name: str) -> "SuiteRecord":
    store.test_cases(dataset, name)  # says which suites there are when this one is not
    return next(suite for suite in store.test_suites(dataset) if suite.name.lower() == name.lower())


def _listing(title: str, records: Sequence[dict[str, object]]) -> Listing:
    columns = {"test case": "left", "version": "right", "samples": "right", "definition": "left"}
    cells = [(record["name"], record["version"], record["n"], _one_line(record["definition"])) for record in records]
    return listing(columns, cells, title=title)


def _one_line(definition: object) -> str:
    return EXPLICIT if definition is None else " ".join(str(definition).split())
