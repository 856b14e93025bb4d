"""The stored matches of one model, as metrics of objects read them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, files_of
from kolena_store.files import SAMPLE
from kolena_store.matching.objects import Integers
from kolena_store.metrics.objects.curves import CaseCurves, ObjectCurves
from kolena_store.metrics.objects.table import match_table
from kolena_store.statements import identifier, joined, statement
from kolena_store.test_runs.scoring import ScoredResults

__all__ = ["curves_of_cases", "object_curves", "stored_matches"]


def object_curves(session: Session, scored: ScoredResults, size: int, order: Integers | None) -> ObjectCurves:
    """Return the matches of one model over the sample numbers [0, size).

    Args:
        session: an open one.
        scored: what is stored of the model.
        size: how many sample numbers there are.
        order: what place each sample has by its ids; None: that of its number.

    Raises:
        DamagedStore: a file that holds them is missing or broken.
    """
    facts = scored.facts
    is_one_to_one = bool(facts.constants["is_one_to_one"])
    stored = stored_matches(session, scored, ["detections", "truths"])
    return ObjectCurves(
        table=match_table(stored, facts.classes, is_one_to_one=is_one_to_one),
        overlaps=facts.overlaps,
        thresholds=facts.thresholds,
        size=size,
        order=order,
        n_chosen=int(facts.constants["n_iou"]),
    )


def curves_of_cases(session: Session, scored: ScoredResults, size: int) -> CaseCurves:
    """Return the matches of one model as each test case measures them.

    Raises:
        DamagedStore: a file that holds them is missing or broken.
    """
    order = _order_of_ids(session, scored.results.dataset_id, size)
    of_cases = {
        place: object_curves(session, replace(one, facts=scored.facts), size, order)
        for place, one in scored.cases.items()
    }
    return CaseCurves(whole=object_curves(session, scored, size, order), of_cases=of_cases)


def stored_matches(session: Session, scored: ScoredResults, names: list[str]) -> pa.Table:
    """Return columns of the sample metrics of one model behind `_sample`."""
    query = statement("queries/metrics", "sample_columns").fill(columns=joined(map(identifier, names)))
    return session.table(query, files=[str(path) for path in scored.paths])


def _order_of_ids(session: Session, dataset_id: int, size: int) -> Integers | None:
    """Return the place that each sample number has by the ids of the samples; None when the numbers follow the ids."""
    (dataset,) = session.records(DatasetRecord, "datasets.dataset_numbered", dataset_id=dataset_id)
    files = [str(file.path(session.root)) for file in files_of(session, dataset.id_map_files)]
    query = statement("queries/datasets", "samples_by_id").fill(ids=joined(map(identifier, dataset.id_fields)))
    numbers = session.table(query, files=files).column(SAMPLE).to_numpy()
    if np.all(numbers[1:] > numbers[:-1]):
        return None
    order = np.zeros(size, dtype=np.int64)
    order[numbers] = np.arange(len(numbers))
    return order
