"""How suites read: as they stand after they were applied, and as they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from kolena_store.cli.outcomes import note
from kolena_store.cli.output import Answer, record_rows
from kolena_store.display import Column, Listing
from kolena_store.errors import InvalidInput

if TYPE_CHECKING:
    from kolena_store.store import Store
    from kolena_store.tables import Records
    from kolena_store.test_suites import CaseRecord, SuiteRecord, SuiteReport

__all__ = ["applied_answer", "shown_answer", "suite_source"]

APPLIED_FIELDS = ("suite", "suite_version", "name", "version", "level", "n", "n_nan", "note")
CASE_FIELDS = ("name", "version", "level", "n", "definition", "description", "tags")


def applied_answer(reports: "Sequence[SuiteReport]") -> Answer:
    """Return suites as they stand after they were applied (CSV: their test cases); say on stderr what left them."""
    for line in (line for report in reports for line in report.notes):
        note(line)
    documents = [asdict(report) for report in reports]
    rows = [
        {"suite": document["name"], "suite_version": document["version"], **case}
        for document in documents
        for case in document["cases"]
    ]
    return Answer(
        listings=lambda: [part for report in reports for part in replace(report, removed=(), warnings=()).listings()],
        document=lambda: {"suites": documents},
        rows=lambda: record_rows(APPLIED_FIELDS, rows),
    )


def shown_answer(store: "Store", dataset: str, name: str, version: int | None) -> Answer:
    """Return the test cases of a suite, and how many samples of the dataset's newest version each selects."""
    cases = store.test_cases(dataset, name, version)
    suite = _newest(store, dataset, name)
    shown = version or suite.version
    sizes = store.suite_difference(dataset, name, suite_versions=(shown, shown))
    n_samples = {case.name: case.n_after for case in sizes.cases}
    records = [{**record, "n": n_samples[record["name"]]} for record in cases.rows()]
    head = {"dataset": sizes.dataset, "suite": suite.name, "version": shown, "description": suite.description}
    return Answer(
        listings=lambda: [*_heads(suite), _listing(cases, n_samples)],
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


def _heads(suite: "SuiteRecord") -> list[str]:
    tags = f"tags: {', '.join(suite.tags)}" if suite.tags else None
    return [text for text in (suite.description, tags) if text]


def _listing(cases: "Records[CaseRecord]", n_samples: Mapping[str, int | None]) -> Listing:
    """Return the test cases; descriptions and tags have a column when a case beside the first, `all`, has one.

    The level has one when the members of a case are others for each model.
    """
    levels = [case.level for case in cases]
    texts = {
        "level": levels if any(case.is_of_model for case in cases) else [""] * len(levels),
        "definition": [case.short_definition for case in cases],
        "description": [case.description or "" for case in cases],
        "tags": [", ".join(case.tags) for case in cases],
    }
    shown = {title: cells for title, cells in texts.items() if title == "definition" or any(cells[1:])}
    sizes = [(case.name, f"{case.version:,}", f"{n_samples[case.name] or 0:,}") for case in cases]
    return Listing(
        title=cases.title,
        columns=(
            Column(title="test case"),
            Column(title="version", align="right"),
            Column(title="samples", align="right"),
            *(Column(title=title) for title in shown),
        ),
        rows=tuple((*head, *rest) for head, rest in zip(sizes, zip(*shown.values(), strict=True), strict=True)),
    )
