"""What the tests of merging share: small stores to merge, and what a store holds in words that do not depend on it."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from small_stores import store_in

import kolena_store as ks
from kolena_store.database import Database, Session, Transaction
from kolena_store.datasets import dataset_history, dataset_named, version_digest
from kolena_store.results import results_digest, results_history, results_of_dataset

Labels = Mapping[int, str]
"""id -> label"""

WORKFLOW = ks.Classification("label", prediction="answer")


def samples(labels: Labels) -> pa.Table:
    """Samples with a label and a field that follows from the id."""
    return pa.table({"id": list(labels), "label": list(labels.values()), "odd": [number % 2 == 1 for number in labels]})


def answers(labels: Labels) -> pa.Table:
    """What a model answers."""
    return pa.table({"id": list(labels), "answer": list(labels.values())})


def store_at(path: Path, versions: Sequence[Labels], models: Mapping[str, Labels] | None = None) -> ks.Store:
    """A store with a dataset `d` that went through some versions, and the answers of models to the last one."""
    store = store_in(path)
    with store.transaction():
        for labels in versions:
            store.upload_dataset("d", samples(labels), workflow=WORKFLOW)
        for model, given in (models or {}).items():
            store.upload_results("d", model, answers(given))
    return store


def copied(store: ks.Store, path: Path) -> ks.Store:
    """A copy of a store, to be merged into."""
    shutil.copytree(store.path, path)
    return ks.Store(path)


def session_of(store: ks.Store) -> Session:
    """A session that sees the newest commit of a store."""

    def publish_nothing(transaction: Transaction) -> None:
        raise AssertionError("nothing is written here")

    return Database(store.path, before_commit=publish_nothing).session()


def digests(store: ks.Store) -> dict[str, list[str]]:
    """The content digests of all versions of datasets and results, by name without regard to case."""
    session = session_of(store)
    found = {}
    for record in store.datasets():
        dataset = dataset_named(session, record.name)
        name = record.name.lower()
        found[name] = [version_digest(session, version) for version in dataset_history(session, dataset)]
        for newest in results_of_dataset(session, dataset):
            versions = results_history(session, newest.results_id)
            found[f"{name} {newest.label}"] = [results_digest(session, dataset, one) for one in versions]
    return found


def newest(store: ks.Store) -> dict[str, str]:
    """The content digests of the newest versions."""
    return {name: versions[-1] for name, versions in digests(store).items()}


def suites(store: ks.Store) -> dict[tuple[str, str], list[tuple[str, str | None]]]:
    """What the newest version of each suite pins: names and definitions."""
    found = {}
    for suite in store.test_suites():
        cases = store.test_cases(suite.dataset, suite.name)
        found[suite.dataset.lower(), suite.name.lower()] = [(case.name, case.source) for case in cases]
    return found


def values(store: ks.Store) -> list[tuple[Any, ...]]:
    """The metrics of all runs, without what numbers them."""
    query = """
        SELECT lower(dataset), model, lower(suite), test_case, metric, class, value, n, n_samples, ci_low, ci_high
        FROM kolena.metrics ORDER BY ALL
    """
    return [tuple(row.values()) for row in store.sql(query).rows()]


def outcomes(report: Any) -> dict[tuple[str, str], str]:
    """(kind, name) -> what became of it."""
    return {(thing.kind, thing.name): thing.outcome for thing in report.things}


def files(store: ks.Store) -> dict[str, bytes]:
    """The data files of a store, and its catalogue."""
    return {
        str(path.relative_to(store.path)): path.read_bytes()
        for path in sorted(store.path.rglob("*"))
        if path.is_file() and path.name != "lock"
    }
