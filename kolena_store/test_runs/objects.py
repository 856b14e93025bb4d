"""The stored matches of one model, as metrics of objects read them."""

from dataclasses import replace

import pyarrow as pa

from kolena_store.database import Session
from kolena_store.metrics.objects.curves import CaseCurves, ObjectCurves
from kolena_store.metrics.objects.table import match_table
from kolena_store.statements import identifier, joined, statement
from kolena_store.test_runs.scoring import ScoredResults

__all__ = ["curves_of_cases", "object_curves", "stored_matches"]


def object_curves(session: Session, scored: ScoredResults, size: int) -> ObjectCurves:
    """Return the matches of one model over the sample numbers [0, size).

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
        n_chosen=int(facts.constants["n_iou"]),
    )


def curves_of_cases(session: Session, scored: ScoredResults, size: int) -> CaseCurves:
    """Return the matches of one model as each test case measures them.

    Raises:
        DamagedStore: a file that holds them is missing or broken.
    """
    of_cases = {
        place: object_curves(session, replace(one, facts=scored.facts), size) for place, one in scored.cases.items()
    }
    return CaseCurves(whole=object_curves(session, scored, size), of_cases=of_cases)


def stored_matches(session: Session, scored: ScoredResults, names: list[str]) -> pa.Table:
    """Return columns of the sample metrics of one model behind `_sample`."""
    query = statement("queries/metrics", "sample_columns").fill(columns=joined(map(identifier, names)))
    return session.table(query, files=[str(path) for path in scored.paths])
