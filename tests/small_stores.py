"""Small stores for the oracle tests: columns in, test results out, through the public interface alone."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import kolena_store as ks

Columns = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Test cases: name -> predicate over `test_samples`."""

    predicates: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(
            f'CREATE VIEW "{name}" AS SELECT * FROM test_samples WHERE {predicate};'
            for name, predicate in self.predicates.items()
        )


def table_of(columns: Columns, ids: Sequence[int] | None = None) -> pa.Table:
    """A table with the column `id` before the given ones."""
    length = len(next(iter(columns.values())))
    return pa.table({"id": list(range(length)) if ids is None else ids, **columns})


@cache
def _empty_store() -> ks.Store:
    store = ks.Store()
    store.create()
    return store


def temporary_store() -> ks.Store:
    """A temporary store with nothing in it: a copy, for to make one takes as long as a commit."""
    store = ks.Store()
    shutil.copytree(_empty_store().path, store.path, dirs_exist_ok=True)
    return store


def store_in(folder: Path) -> ks.Store:
    """Such a store in a folder that is not there yet, or empty."""
    shutil.copytree(_empty_store().path, folder, dirs_exist_ok=True)
    return ks.Store(folder)


def store_with(samples: Columns, workflow: Any, answers: Mapping[str, Columns] | None = None) -> ks.Store:
    """A temporary store with the dataset `d` and each model's answers to all samples."""
    store = temporary_store()
    with store.transaction():
        upload(store, samples, workflow, answers or {})
    return store


def upload(store: ks.Store, samples: Columns, workflow: Any, answers: Mapping[str, Columns]) -> None:
    """Bring the dataset `d` and each model's answers to all samples into a store."""
    store.upload_dataset("d", table_of(samples), id_fields=["id"], workflow=workflow)
    for model, columns in answers.items():
        store.upload_results("d", model, table_of(columns))


class _Enough(Exception):
    """Gives a transaction up."""


@contextlib.contextmanager
def given_up(store: ks.Store) -> Iterator[None]:
    """A transaction that is given up at its end, for tests of what operations answer within one.

    To publish and commit what nobody reads again would take as long as everything else.
    """
    with contextlib.suppress(_Enough), store.transaction():
        yield
        raise _Enough


def results_of(
    samples: Columns, workflow: Any, answers: Columns, predicates: Mapping[str, str] | None = None, **options: Any
) -> ks.TestResults:
    """The results of one model, `m`, on a suite of overlapping test cases (or on all samples).

    That a committed run has the same numbers is what tests/test_every_workflow.py shows.
    """
    store = temporary_store()
    with given_up(store):
        upload(store, samples, workflow, {"m": answers})
        if predicates:
            store.apply_suite("d", Slices(predicates=predicates).text, name="slices")
        return store.test("d", "m", "slices" if predicates else None, **options)


def value_of(results: ks.TestResults, metric: str, test_case: str = "all", *class_name: str) -> float | None:
    """One value of the model `m`."""
    return results[(test_case, "m", metric, *class_name)].value


def missing(values: Any, holes: Any) -> list[Any]:
    """The values as a list, None where there is a hole."""
    return [None if hole else value for value, hole in zip(np.asarray(values).tolist(), holes, strict=True)]


def check_interval_form(row: Mapping[str, Any]) -> None:
    """An interval is there with its method, or a reason says why it is not; the values have tests of their own."""
    if row["method"] is None:
        assert (row["ci_low"], row["ci_high"]) == (None, None), row
        assert row["reason"], row
        assert row["value"] is None or row["reason"].startswith("no interval: "), row
    else:
        assert row["ci_low"] <= row["ci_high"], row
        assert (row["reason"], row["value"] is None) == (None, False), row
