"""What is on a dataset that can't come here, by name, so that nobody misses it unawares."""

from kolena_store.datasets import DatasetRecord
from kolena_store.merging.both_stores import BothStores
from kolena_store.merging.comparisons import note_comparisons
from kolena_store.merging.rows import Row
from kolena_store.results import results_of_dataset
from kolena_store.test_suites import suites

__all__ = ["note_left_out"]

REASON = "its dataset can't be joined with the one here"


def note_left_out(both: BothStores, dataset: DatasetRecord) -> None:
    """Note down that the results, suites, metrics and runs on a dataset of the other store stay there."""
    session, other = both.other.session, both.other
    models = {one.results_id: one.label for one in results_of_dataset(session, dataset)}
    named = {one.suite_id: one.name for one in suites(session, dataset)}
    metrics = dict.fromkeys(row["name"] for row in other.rows("metric_versions") if _is_of(row, dataset))
    runs = [row for row in other.rows("test_runs") if _is_of(row, dataset)]
    found = [
        *(("results", label) for label in models.values()),
        *(("test suite", name) for name in named.values()),
        *(("user metric", name) for name in metrics),
        *(("test run", f"{row['run_id']} of {models[row['results_id']]} on {named[row['suite_id']]}") for row in runs),
    ]
    note_comparisons(both, dataset)
    for kind, name in found:
        both.ledger.note(kind, name, "left out", dataset=dataset.name, note=REASON)


def _is_of(row: Row, dataset: DatasetRecord) -> bool:
    return bool(row["dataset_id"] == dataset.dataset_id)
