"""Runs whose rows are damaged: measured again, or forgotten so that the next test makes them anew."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

from kolena_store.database import Transaction
from kolena_store.errors import DamagedStore, StoreError
from kolena_store.test_runs.recording import METRICS_KIND, TERMS_KIND, write_rows
from kolena_store.test_runs.repeat import Repeated, StoredRun, metric_names, repeated_run, stored_runs

__all__ = ["runs_again"]


def runs_again(transaction: Transaction, file_ids: Sequence[int], *, unreadable: Collection[int]) -> Iterator[str]:
    """Measure the runs again whose rows lie in damaged files, and yield what became of each.

    Args:
        transaction: of the repair.
        file_ids: the damaged files.
        unreadable: datasets whose uploads are damaged; their views can't be made again.
    """
    damaged = set(file_ids)
    for run in stored_runs(transaction):
        if damaged & {run.metric_file, run.term_file}:
            transaction.has_new_runs = True
            if run.dataset_id not in unreadable:
                transaction.touched_datasets.add(run.dataset_id)
            yield _again(transaction, run, damaged)


def _again(transaction: Transaction, run: StoredRun, damaged: set[int]) -> str:
    names = None
    with suppress(DamagedStore):
        names = metric_names(transaction, run)
    try:
        found = repeated_run(transaction, run, names=names)
        reason = found.reason if not isinstance(found, Repeated) else None
    except StoreError as error:
        found, reason = None, str(error)
    if isinstance(found, Repeated):
        transaction.run(
            "runs.move_rows",
            run_id=run.run_id,
            term_file=write_rows(transaction, TERMS_KIND, [found.rows.terms]),
            metric_file=write_rows(transaction, METRICS_KIND, [found.rows.metrics]),
        )
        return f"computed {run.label} again"
    kept = {
        name: None if one in damaged else one
        for name, one in (("term_file", run.term_file), ("metric_file", run.metric_file))
    }
    transaction.run("runs.lose_rows", run_id=run.run_id, **kept)
    return f"forgot {run.label}, for the next test to make ({reason})"
