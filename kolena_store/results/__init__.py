"""Results: what models said of the samples of a dataset, in numbered versions."""

from kolena_store.results.answered import described_datasets, described_with_models
from kolena_store.results.content import content_of_results, results_digest, rows_of_results
from kolena_store.results.download import download_results
from kolena_store.results.metadata_fields import metadata_types, types_of_metadata
from kolena_store.results.records import (
    ResultsRecord,
    find_results,
    results_history,
    results_of_dataset,
    results_of_model,
    results_version,
)
from kolena_store.results.repeats import check_workflow_repeats
from kolena_store.results.upload import ResultsUpload, upload_results
from kolena_store.results.versions import REPORTS, ResultsReport

__all__ = [
    "REPORTS",
    "ResultsRecord",
    "ResultsReport",
    "ResultsUpload",
    "check_workflow_repeats",
    "content_of_results",
    "described_datasets",
    "described_with_models",
    "download_results",
    "find_results",
    "metadata_types",
    "results_digest",
    "results_history",
    "results_of_dataset",
    "results_of_model",
    "results_version",
    "rows_of_results",
    "types_of_metadata",
    "upload_results",
]
