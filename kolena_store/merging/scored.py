"""Sample metrics of the other store, which runs are made of: taken over, so that nothing is scored again."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kolena_store.merging.foreign_text import check_types
from kolena_store.merging.rows import Row, all_rows, insert_rows
from kolena_store.merging.runs import PartsOfRuns, RunIds, translation_of
from kolena_store.merging.transfer import Transfer

__all__ = ["apply_scores"]

KEY = ("dataset_id", "dataset_version", "results_id", "results_version", "configuration_id", "scorer")


def apply_scores(transfer: Transfer, parts: PartsOfRuns, ids: RunIds) -> None:
    """Bring the sample metrics of versions that are here and were not scored here, with their thresholds."""
    transaction, other = transfer.transaction, transfer.other
    known = {_key(row) for row in all_rows(transaction, "sample_metrics")}
    thresholds = other.rows("thresholds")
    for row in other.rows("sample_metrics"):
        if row["dataset_id"] != parts.dataset.theirs.dataset_id:
            continue
        here = _here(row, parts, ids)
        if here is None or _key({**row, **here}) in known:
            continue
        known.add(_key({**row, **here}))
        check_types("sample metrics", (kind for _, kind in json.loads(row["fields"])))
        files = transfer.samples(row["metric_files"])
        insert_rows(transaction, "sample_metrics", [{**row, **here, "metric_files": files}])
        _add_thresholds(transfer, thresholds, row, here)


def _here(row: Row, parts: PartsOfRuns, ids: RunIds) -> dict[str, Any] | None:
    """Return the key that sample metrics have here, or None when what they are of is not."""
    translation, configuration = translation_of(parts, ids), row["configuration_id"]
    try:
        dataset_id, dataset_version = translation.dataset((row["dataset_id"], row["dataset_version"]))
        results_id, results_version = translation.results((row["results_id"], row["results_version"]))
    except KeyError:
        return None
    return {
        "dataset_id": dataset_id,
        "dataset_version": dataset_version,
        "results_id": results_id,
        "results_version": results_version,
        "configuration_id": None if configuration is None else translation.configuration(configuration),
    }


def _add_thresholds(transfer: Transfer, thresholds: Sequence[Row], row: Row, here: Mapping[str, Any]) -> None:
    names = ("results_id", "results_version", "dataset_version", "configuration_id")
    found = [one for one in thresholds if all(one[name] == row[name] for name in names)]
    new = [{**one, **{name: here[name] for name in names}} for one in found]
    insert_rows(transfer.transaction, "thresholds", new)


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEY)
