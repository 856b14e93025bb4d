"""Comparisons as the store keeps them: found by their key, written as rows, read back."""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.comparisons.outcome import Comparison
from kolena_store.comparisons.records import ComparedModel, ComparisonOptions, Family
from kolena_store.database import Session, Transaction
from kolena_store.datasets import files_of
from kolena_store.digests import canonical_json
from kolena_store.results import ResultsRecord
from kolena_store.statistics.levels import SEED
from kolena_store.test_runs.execute import Setting
from kolena_store.test_runs.recording import software, write_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.comparisons.measuring import ComparedPair

__all__ = ["COMPARISONS_KIND", "NewComparison", "comparison_key", "load_comparisons", "record_comparisons"]

COMPARISONS_KIND = "comparisons"
METHODS = 1
"""Rises when the same data would get other numbers or verdicts than before."""


@dataclass(frozen=True, kw_only=True)
class NewComparison:
    """What was found of one model beside the baseline, before it is stored."""

    number: int
    key: str
    results: ResultsRecord
    baseline: ResultsRecord
    found: "ComparedPair"
    started: datetime.datetime
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A comparison as the catalogue has it."""

    comparison_id: int
    dataset: str
    dataset_version: int
    suite: str
    suite_version: int
    configuration: str | None
    model: str
    upload_configuration: str | None
    results_version: int
    baseline: str
    baseline_upload_configuration: str | None
    baseline_results_version: int
    options: str
    found: str
    rows_file: int

    @property
    def compared(self) -> ComparedModel:
        """Return what was compared."""
        found: Mapping[str, Any] = json.loads(self.found)
        return ComparedModel(
            comparison=self.comparison_id,
            model=self.model,
            upload_configuration=self.upload_configuration,
            results_version=self.results_version,
            baseline=self.baseline,
            baseline_upload_configuration=self.baseline_upload_configuration,
            baseline_results_version=self.baseline_results_version,
            families=tuple(Family(**family) for family in found["families"]),
            notes=tuple(found["notes"]),
            **found["samples"],
        )


def comparison_key(
    setting: Setting, results: ResultsRecord, baseline: ResultsRecord, options: ComparisonOptions
) -> str:
    """Return what identifies the comparison of one model with a baseline: equal keys have equal rows."""
    return canonical_json(
        {
            "dataset": [setting.request.dataset.dataset_id, setting.version.version],
            "results": [results.results_id, results.version],
            "baseline": [baseline.results_id, baseline.version],
            "suite": [setting.request.suite.suite_id, setting.request.suite.version],
            "configuration": setting.configuration_id,
            "scorer": setting.workflow.scorer_key.split(" ", 1),
            "metrics": setting.metric_set,
            "methods": METHODS,
            **_judging(options),
        }
    )


def record_comparisons(
    transaction: Transaction, setting: Setting, options: ComparisonOptions, new: Sequence[NewComparison]
) -> list[int]:
    """Store comparisons and return their numbers."""
    rows_file = write_rows(transaction, COMPARISONS_KIND, [one.found.rows for one in new])
    for one in new:
        counts = {**asdict(one.found.left_out), "n_neither": one.found.left_out.n_neither}
        transaction.run(
            "comparisons.insert_comparison",
            comparison_id=one.number,
            comparison_key=one.key,
            dataset_id=setting.request.dataset.dataset_id,
            dataset_version=setting.version.version,
            results_id=one.results.results_id,
            results_version=one.results.version,
            baseline_results_id=one.baseline.results_id,
            baseline_results_version=one.baseline.version,
            suite_id=setting.request.suite.suite_id,
            suite_version=setting.request.suite.version,
            configuration_id=setting.configuration_id,
            options=canonical_json(_judging(options)),
            found=canonical_json(
                {
                    "samples": counts,
                    "families": [asdict(family) for family in one.found.families],
                    "notes": list(one.found.notes),
                }
            ),
            rows_file=rows_file,
            software=software(),
            started=one.started,
            seconds=one.seconds,
        )
    transaction.has_new_runs = True
    return [one.number for one in new]


def load_comparisons(session: Session, numbers: Sequence[int], *, metrics: Sequence[str]) -> Comparison:
    """Return stored comparisons with one baseline, in this order, as one result."""
    by_number = {
        one.comparison_id: one
        for one in session.records(_Stored, "comparisons.comparisons_numbered", numbers=list(numbers))
    }
    stored = [by_number[number] for number in numbers]
    first, options = stored[0], json.loads(stored[0].options)
    compared = tuple(one.compared for one in stored)
    return Comparison(
        dataset=first.dataset,
        dataset_version=first.dataset_version,
        suite=first.suite,
        suite_version=first.suite_version,
        configuration=first.configuration,
        baseline=compared[0].baseline_label,
        models=tuple(one.label for one in compared),
        compared=compared,
        metrics=tuple(metrics),
        alpha=options["alpha"],
        correction=options["correction"],
        test=options["test"],
        tolerance=options["tolerance"],
        seed=options["seed"],
        differences=_rows(session, stored),
        notes=tuple(dict.fromkeys(note for one in compared for note in one.notes)),
    )


def _judging(options: ComparisonOptions) -> dict[str, Any]:
    return {
        "alpha": options.alpha,
        "by_class": options.by_class,
        "correction": options.correction,
        "seed": SEED,
        "test": options.test,
        "tolerance": {name: float(value) for name, value in options.tolerance.items()},
    }


def _rows(session: Session, stored: Sequence[_Stored]) -> "pa.Table":
    """Return the rows of each comparison in turn, as they were written."""
    import pyarrow as pa
    import pyarrow.compute as pc

    file_ids = sorted({one.rows_file for one in stored})
    paths = [str(file.path(session.root)) for file in files_of(session, file_ids)]
    numbers = [one.comparison_id for one in stored]
    found = session.table("comparisons.rows_of_comparisons", files=paths, numbers=numbers)
    return pa.concat_tables([found.filter(pc.equal(found.column("comparison"), number)) for number in numbers])
