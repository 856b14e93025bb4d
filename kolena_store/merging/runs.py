"""Test runs of the other store: taken over with their values when all that they are of is here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.merging.both_stores import BothStores
from kolena_store.merging.datasets import DatasetPlan
from kolena_store.merging.other_store import OtherStore
from kolena_store.merging.results import ResultsPlan
from kolena_store.merging.rows import Row, all_rows, insert_rows
from kolena_store.merging.suites import SuitePlan
from kolena_store.merging.transfer import Transfer
from kolena_store.test_runs import Translation, translated_key, translated_restriction

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["PartsOfRuns", "RunIds", "apply_runs", "plan_runs", "translation_of"]

KIND = "test run"
FILES = ("metric_file", "term_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsOfRuns:
    """What runs on one dataset are of, as it was planned; `results` and `suites` by their ids there."""

    dataset: DatasetPlan
    results: Mapping[int, ResultsPlan]
    suites: Mapping[int, SuitePlan]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIds:
    """The ids there -> here of what runs are of."""

    dataset_id: int
    results: Mapping[int, int]
    suites: Mapping[int, int]
    configurations: Mapping[int, int]


def plan_runs(both: BothStores, parts: PartsOfRuns, configurations: Mapping[int, int]) -> list[Row]:
    """Return the runs on a dataset that are to come here; those that are here, or lack something here, are noted."""
    ids = _planned_ids(parts, configurations)
    translation = translation_of(parts, ids)
    known = {row["run_key"]: row["run_id"] for row in all_rows(both.session, "test_runs") if row["status"] == "done"}
    ledger = both.ledger
    taken: dict[str, Row] = {}
    for row in _runs(both.other, parts):
        name = _name(parts, row)
        try:
            key = translated_key(row["run_key"], translation)
        except KeyError as error:
            ledger.note(KIND, name, "left out", dataset=parts.dataset.name, note=f"{error.args[0]} is not here")
            continue
        if key in known:
            ledger.note(KIND, name, "equal", dataset=parts.dataset.name, note=f"run {known[key]} here")
        elif key in taken:
            note = f"run {taken[key]['run_id']} there is of the same content"
            ledger.note(KIND, name, "equal", dataset=parts.dataset.name, note=note)
        else:
            ledger.note(KIND, name, "added", dataset=parts.dataset.name)
            taken[key] = row
    return list(taken.values())


def apply_runs(transfer: Transfer, parts: PartsOfRuns, ids: RunIds, rows: Sequence[Row]) -> None:
    """Bring runs with their metrics and terms, under keys of this store, so that a test finds them."""
    transaction = transfer.transaction
    if not rows:
        return
    translation = translation_of(parts, ids)
    names = _spellings(parts)
    run_ids = {row["run_id"]: transaction.new_id() for row in rows}
    files = {
        file_id: _brought(transfer, file_id, run_ids, names)
        for file_id in dict.fromkeys(row[name] for row in rows for name in FILES if row[name] is not None)
    }
    here = [{**_row_here(row, translation), "run_id": run_ids[row["run_id"]]} for row in rows]
    found = [{**new, **{name: files.get(row[name]) for name in FILES}} for row, new in zip(rows, here, strict=True)]
    insert_rows(transaction, "test_runs", found)
    transaction.has_new_runs = True


def translation_of(parts: PartsOfRuns, ids: RunIds) -> Translation:
    """Return how the parts of runs are called here; what is not here raises a KeyError that names it."""

    def dataset(there: tuple[int, int]) -> tuple[int, int]:
        here = parts.dataset.versions.here(there[1])
        if here is None:
            raise KeyError(f"version {there[1]} of the dataset")
        return ids.dataset_id, here

    def results(there: tuple[int, int]) -> tuple[int, int]:
        plan = parts.results.get(there[0])
        here = plan.versions.here(there[1]) if plan else None
        if here is None:
            model = f" of {plan.theirs.label!r}" if plan else ""
            raise KeyError(f"version {there[1]} of the results{model}")
        return ids.results[there[0]], here

    def suite(there: tuple[int, int]) -> tuple[int, int]:
        plan = parts.suites.get(there[0])
        here = plan.versions.here(there[1]) if plan else None
        if here is None:
            name = f" {plan.suite['name']!r}" if plan else ""
            raise KeyError(f"version {there[1]} of the suite{name}")
        return ids.suites[there[0]], here

    return Translation(
        dataset=dataset, results=results, suite=suite, configuration=lambda there: ids.configurations[there]
    )


def _planned_ids(parts: PartsOfRuns, configurations: Mapping[int, int]) -> RunIds:
    """Return the ids that are known before anything is written; what will be new has a negative one."""
    dataset = parts.dataset
    return RunIds(
        dataset_id=dataset.ours.dataset_id if dataset.ours else -dataset.theirs.dataset_id,
        results={there: plan.ours.results_id if plan.ours else -there for there, plan in parts.results.items()},
        suites={there: plan.ours["suite_id"] if plan.ours else -there for there, plan in parts.suites.items()},
        configurations=configurations,
    )


def _runs(other: OtherStore, parts: PartsOfRuns) -> list[Row]:
    dataset_id = parts.dataset.theirs.dataset_id
    rows = [row for row in other.rows("test_runs") if row["dataset_id"] == dataset_id]
    return sorted((row for row in rows if row["status"] == "done"), key=lambda row: row["run_id"])


def _name(parts: PartsOfRuns, row: Row) -> str:
    plan, suite = parts.results.get(row["results_id"]), parts.suites.get(row["suite_id"])
    model = plan.theirs.label if plan else "a model"
    return f"{row['run_id']} of {model} on {suite.suite['name'] if suite else 'a suite'} {row['suite_version']}"


def _row_here(row: Row, translation: Translation) -> dict[str, Any]:
    dataset_id, dataset_version = translation.dataset((row["dataset_id"], row["dataset_version"]))
    results_id, results_version = translation.results((row["results_id"], row["results_version"]))
    suite_id, suite_version = translation.suite((row["suite_id"], row["suite_version"]))
    configuration = row["configuration_id"]
    return {
        **row,
        "run_key": translated_key(row["run_key"], translation),
        "dataset_id": dataset_id,
        "dataset_version": dataset_version,
        "results_id": results_id,
        "results_version": results_version,
        "suite_id": suite_id,
        "suite_version": suite_version,
        "configuration_id": None if configuration is None else translation.configuration(configuration),
        "restriction": translated_restriction(row["restriction"], translation),
    }


def _spellings(parts: PartsOfRuns) -> dict[str, dict[str, str]]:
    """Return, for the columns that hold names, how the names there are spelled here."""
    suites = {plan.suite["name"]: plan.ours["name"] for plan in parts.suites.values() if plan.ours}
    return {"dataset": {parts.dataset.theirs.name: parts.dataset.name}, "suite": suites}


def _brought(
    transfer: Transfer, file_id: int, run_ids: Mapping[int, int], names: Mapping[str, Mapping[str, str]]
) -> int:
    """Return the id of a new file with the rows of the runs that come here."""

    def edit(table: "pa.Table") -> "pa.Table":
        return _of_runs(table, run_ids, names)

    return transfer.edited(file_id, edit)


def _of_runs(table: "pa.Table", run_ids: Mapping[int, int], names: Mapping[str, Mapping[str, str]]) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.compute as pc

    there = pa.array(run_ids.keys(), pa.int64())
    rows = table.filter(pc.is_in(table.column("run"), value_set=there))
    mapped: dict[str, Mapping[Any, Any]] = {"run": run_ids, **names}
    for name, here in mapped.items():
        position = rows.column_names.index(name)
        field = rows.schema.field(position)
        kept = [here.get(value, value) for value in rows.column(position).unique().to_pylist()]
        codes = pc.index_in(rows.column(position), value_set=rows.column(position).unique())
        rows = rows.set_column(position, field, pa.array(kept, field.type).take(codes.combine_chunks()))
    return rows
