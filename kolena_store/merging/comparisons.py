"""Comparisons of the other store: they stay there, as what they follow from comes here."""

from kolena_store.datasets import DatasetRecord
from kolena_store.merging.both_stores import BothStores
from kolena_store.results import results_of_dataset
from kolena_store.test_suites import suites

__all__ = ["note_comparisons"]

REASON = "the next comparison makes it again"


def note_comparisons(both: BothStores, dataset: DatasetRecord) -> None:
    """Note down, once for each pair of models and suite, that their comparisons stay in the other store."""
    session, other = both.other.session, both.other
    models = {one.results_id: one.label for one in results_of_dataset(session, dataset)}
    named = {one.suite_id: one.name for one in suites(session, dataset)}
    rows = [row for row in other.rows("comparisons") if row["dataset_id"] == dataset.dataset_id]
    names = [
        f"{models[row['results_id']]} against {models[row['baseline_results_id']]} on {named[row['suite_id']]}"
        for row in rows
    ]
    for name in dict.fromkeys(names):
        both.ledger.note("comparison", name, "left out", dataset=dataset.name, note=REASON)
