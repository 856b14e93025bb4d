"""Results: what models said of the samples of a dataset, in numbered versions."""

from kolena_store.results.download import download_results
from kolena_store.results.records import ResultsRecord, results_of_dataset, results_of_model, results_version
from kolena_store.results.upload import ResultsUpload, upload_results
from kolena_store.results.versions import ResultsReport

__all__ = [
    "ResultsRecord",
    "ResultsReport",
    "ResultsUpload",
    "download_results",
    "results_of_dataset",
    "results_of_model",
    "results_version",
    "upload_results",
]
