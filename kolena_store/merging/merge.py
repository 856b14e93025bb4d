"""Merging as a whole: everything is compared before anything is written, and all of it comes in one commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from kolena_store.database import Database, Transaction
from kolena_store.datasets import version_of
from kolena_store.errors import InvalidInput
from kolena_store.merging.both_stores import BothStores
from kolena_store.merging.cases import apply_suites
from kolena_store.merging.comparisons import note_comparisons
from kolena_store.merging.datasets import DatasetPlan, apply_dataset, plan_datasets
from kolena_store.merging.models import (
    ModelPlan,
    apply_configurations,
    apply_models,
    plan_configurations,
    plan_models,
)
from kolena_store.merging.other_store import OtherStore, opened_store
from kolena_store.merging.report import Ledger, MergeReport, Side
from kolena_store.merging.results import ResultsIds, apply_results, plan_results
from kolena_store.merging.rows import Row
from kolena_store.merging.runs import PartsOfRuns, RunIds, apply_runs, plan_runs
from kolena_store.merging.scored import apply_scores
from kolena_store.merging.suites import plan_suites
from kolena_store.merging.transfer import Transfer
from kolena_store.merging.user_metrics import UserMetricPlan, apply_user_metrics, plan_user_metrics
from kolena_store.progress import track
from kolena_store.test_suites import check_pinned_cases

__all__ = ["merge_stores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfDataset:
    """What comes with one dataset."""

    parts: PartsOfRuns
    metrics: Sequence[UserMetricPlan]
    runs: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What comes from the other store."""

    models: list[ModelPlan]
    configurations: Mapping[int, int]
    datasets: Sequence[_OfDataset]


def merge_stores(
    database: Database, other: Path, *, prefer: Side | None = None, is_dry_run: bool = False
) -> MergeReport:
    """Bring what another store has into this one, in one commit, and return what became of each thing.

    Args:
        database: this store.
        other: where the other one lies; nothing is written there.
        prefer: which side wins a conflict; None refuses the merge when there is one.
        is_dry_run: write nothing, and return what would be done, conflicts included.

    Raises:
        MergeConflict: both stores hold different things under one name, and no preference settles it.
        DamagedStore: a file of the other store is not what it was when it was written.
        InvalidInput: the other store is this one, or there is no such preference.
    """
    if prefer not in (None, *get_args(Side)):
        raise InvalidInput(f"prefer={prefer!r} names no side; give 'ours', 'theirs' or None")
    with opened_store(other, database.root) as there:
        ledger = Ledger(prefer=prefer)
        if is_dry_run:
            _plan(BothStores(session=database.session(), other=there, ledger=ledger))
        else:
            with database.transaction() as transaction:
                plan = _plan(BothStores(session=transaction, other=there, ledger=ledger))
                ledger.check_settled(other)
                _apply(transaction, there, plan)
    things, conflicts = tuple(ledger.things), tuple(ledger.conflicts)
    return MergeReport(other=str(other), prefer=prefer, is_dry_run=is_dry_run, things=things, conflicts=conflicts)


def _plan(both: BothStores) -> _Plan:
    with track(None, "comparing the stores, files") as advance:
        both.other.watch(advance)
        models = plan_models(both)
        configurations = plan_configurations(both)
        found = [_of_dataset(both, dataset, configurations) for dataset in plan_datasets(both)]
    return _Plan(models=models, configurations=configurations, datasets=found)


def _of_dataset(both: BothStores, dataset: DatasetPlan, configurations: Mapping[int, int]) -> _OfDataset:
    results = plan_results(both, dataset)
    metrics = plan_user_metrics(both, dataset)
    suites = plan_suites(both, dataset)
    parts = PartsOfRuns(
        dataset=dataset,
        results={plan.theirs.results_id: plan for plan in results},
        suites={plan.suite["suite_id"]: plan for plan in suites},
    )
    runs = plan_runs(both, parts, configurations)
    note_comparisons(both, dataset.theirs)
    return _OfDataset(parts=parts, metrics=metrics, runs=runs)


def _apply(transaction: Transaction, other: OtherStore, plan: _Plan) -> None:
    models = apply_models(transaction, other, plan.models)
    configurations = apply_configurations(transaction, other, plan.configurations)
    with track(None, "bringing files") as advance:
        for one in plan.datasets:
            transfer = Transfer(transaction, other, numbers=one.parts.dataset.numbers.here, advance=advance)
            _apply_dataset(transfer, one, ResultsIds(models=models, configurations=configurations))


def _apply_dataset(transfer: Transfer, one: _OfDataset, ids: ResultsIds) -> None:
    transaction, parts = transfer.transaction, one.parts
    dataset = apply_dataset(transfer, parts.dataset)
    results = {
        there: apply_results(transfer, dataset, parts.dataset, one=plan, ids=ids)
        for there, plan in parts.results.items()
    }
    apply_user_metrics(transaction, dataset, one.metrics)
    suites = apply_suites(transfer, dataset, list(parts.suites.values()))
    check_pinned_cases(transaction, dataset, version_of(transaction, dataset))
    run_ids = RunIds(dataset_id=dataset.dataset_id, results=results, suites=suites, configurations=ids.configurations)
    apply_scores(transfer, parts, run_ids)
    apply_runs(transfer, parts, run_ids, one.runs)
