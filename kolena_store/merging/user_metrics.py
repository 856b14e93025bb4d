"""Metrics that users defined in the other store, with their versions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from kolena_store.database import Session, Transaction
from kolena_store.datasets import DatasetRecord
from kolena_store.merging.both_stores import BothStores
from kolena_store.merging.datasets import DatasetPlan
from kolena_store.merging.foreign_text import check_user_metric
from kolena_store.merging.histories import History, compare_histories
from kolena_store.merging.report import Conflict, Ledger
from kolena_store.merging.rows import Row, all_rows, insert_rows
from kolena_store.merging.sides import described_side, outcome_of

__all__ = ["UserMetricPlan", "apply_user_metrics", "plan_user_metrics"]

KIND = "user metric"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMetricPlan:
    """A metric to bring: the definitions that are to come behind those here, the last one to be computed."""

    name: str
    definitions: Sequence[Row]


def plan_user_metrics(both: BothStores, plan: DatasetPlan) -> list[UserMetricPlan]:
    """Return what comes of the metrics of a dataset; one that was dropped there brings nothing."""
    ours = _by_name(both.session, plan.ours)
    theirs = _by_name(both.other.session, plan.theirs)
    found = (_plan(both.ledger, plan, name, ours=ours.get(name, []), theirs=rows) for name, rows in theirs.items())
    return [one for one in found if one is not None]


def apply_user_metrics(transaction: Transaction, dataset: DatasetRecord, plans: Sequence[UserMetricPlan]) -> None:
    """Bring definitions, and make the last one of each metric the one that `test` computes."""
    for plan in plans:
        key = {"dataset_id": dataset.dataset_id, "name": plan.name}
        known = {row["definition_digest"]: row["version"] for row in _by_name(transaction, dataset).get(plan.name, [])}
        for row in plan.definitions:
            if row["definition_digest"] not in known:
                number = max(known.values(), default=0) + 1
                insert_rows(transaction, "metric_versions", [{**row, **key, "version": number, "is_current": False}])
                known[row["definition_digest"]] = number
        current = known[plan.definitions[-1]["definition_digest"]]
        transaction.run("user_metrics.make_current", **key, version=current)


def _plan(
    ledger: Ledger, plan: DatasetPlan, name: str, *, ours: Sequence[Row], theirs: Sequence[Row]
) -> UserMetricPlan | None:
    if not theirs[-1]["is_current"]:
        ledger.note(KIND, name, "left out", dataset=plan.name, note="it was dropped there")
        return None
    found = compare_histories(_history(ours), _history(theirs))
    start, is_left = found.start, False
    if found.relation == "diverged":
        is_left = ledger.settle(_divergence(plan, name, ours[-1], theirs[-1])) == "ours"
        start = len(theirs) if is_left else len(theirs) - 1
    outcome, note = outcome_of(found.relation, len(theirs) - start, is_left=is_left)
    ledger.note(KIND, name, outcome, dataset=plan.name, note=note)
    for row in theirs[start:]:
        check_user_metric(name, row, plan.table_names)
    return UserMetricPlan(name=name, definitions=theirs[start:]) if start < len(theirs) else None


def _divergence(plan: DatasetPlan, name: str, ours: Row, theirs: Row) -> Conflict:
    return Conflict(
        kind=KIND,
        dataset=plan.name,
        name=name,
        problem="is defined otherwise in both stores",
        ours=described_side(ours["version"], ours["created"]),
        theirs=described_side(theirs["version"], theirs["created"]),
        remedy="prefer one, or apply the same file in both",
    )


def _by_name(session: Session, dataset: DatasetRecord | None) -> dict[str, list[Row]]:
    """Return the versions of each metric by number, the current one last."""
    found: dict[str, list[Row]] = {}
    for row in all_rows(session, "metric_versions") if dataset else ():
        if dataset and row["dataset_id"] == dataset.dataset_id:
            found.setdefault(row["name"], []).append(row)
    return {name: sorted(rows, key=lambda row: (row["is_current"], row["version"])) for name, rows in found.items()}


def _history(rows: Sequence[Row]) -> History:
    contents: list[Callable[[], str]] = [partial(str, row["definition_digest"]) for row in rows]
    return History([row["version"] for row in rows], contents)
