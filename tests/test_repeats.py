"""A run repeats: with any number of threads to the last bit, with another order of the rows and another DuckDB in counts
to the last bit and in sums to 1e-9."""

import os
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_stores import temporary_store
from thoroughness import sized

import kolena_store as ks
from kolena_store.database import session

N, N_CASES = 12_000, 40
Row = dict[str, Any]
Key = tuple[str, str, str | None]

SUITE = "\n".join(
    f'CREATE VIEW "case {number}" AS SELECT * FROM test_samples WHERE a = {number % 8} OR b < {number / N_CASES};'
    for number in range(N_CASES)
)
OWN = "-- metric: mean_gap  better: lower  interval: ratio\nSELECT avg(abs(g.y - i.guess)) AS value FROM results;"


def classified(order: Any) -> tuple[pl.DataFrame, pl.DataFrame, ks.Classification]:
    random = np.random.default_rng(3)
    codes = random.integers(3, size=N)
    scores = random.dirichlet(np.ones(3), N) * 0.6 + np.eye(3)[codes] * 0.4
    labels = np.array(["x", "y", "z"])
    samples = {"id": np.arange(N), "a": random.integers(8, size=N), "b": random.random(N), "label": labels[codes]}
    answers = {"id": np.arange(N), **{f"p_{label}": scores[:, code] for code, label in enumerate(labels)}}
    workflow = ks.Classification("label", scores="p_{class}")
    return pl.DataFrame(samples)[order], pl.DataFrame(answers)[order], workflow


def measured(order: Any) -> tuple[pl.DataFrame, pl.DataFrame, ks.Regression]:
    random = np.random.default_rng(4)
    y = random.normal(1e6, 3, N)
    samples = {"id": np.arange(N), "a": random.integers(8, size=N), "b": random.random(N), "y": y}
    answers = {"id": np.arange(N), "guess": y + random.standard_t(3, N)}
    return pl.DataFrame(samples)[order], pl.DataFrame(answers)[order], ks.Regression("y", "guess")


PROBLEMS = {"classes": classified, "numbers": measured}


@cache
def usual_rows(problem: str) -> dict[Key, Row]:
    """The rows with the settings that everybody has."""
    return rows_of(problem)


def rows_of(problem: str, order: Any = None, *, metrics: str | None = None) -> dict[Key, Row]:
    samples, answers, workflow = PROBLEMS[problem](np.arange(N) if order is None else order)
    store = temporary_store()
    with store.transaction():
        store.upload_dataset("d", samples, id_fields=["id"], workflow=workflow)
        store.upload_results("d", "m", answers)
        store.apply_suite("d", SUITE, name="cases")
        if metrics:
            store.apply_metrics("d", metrics)
    rows = store.test("d", "m", "cases").rows()
    return {(row["test_case"], row["metric"], row["class"]): row for row in rows}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_any_number_of_threads_gives_the_same_bits(problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = OWN if problem == "numbers" else None
    found = []
    for n_threads in sized((1, 5), (1, 2, 5)):
        settings = (*session.CONNECTION_SETTINGS, ("threads", str(n_threads)))
        monkeypatch.setattr(session, "CONNECTION_SETTINGS", settings)
        monkeypatch.setattr(os, "cpu_count", lambda n_threads=n_threads: n_threads)
        found.append(rows_of(problem, metrics=own))
    assert len(found[0]) > N_CASES
    assert all(one == found[0] for one in found[1:])


COUNTS = ("n", "n_samples", "n_missing", "n_null", "method", "reason")


@pytest.mark.parametrize("problem", PROBLEMS)
def test_another_order_of_the_rows_gives_the_same_counts_and_all_but_the_same_sums(problem: str) -> None:
    first = usual_rows(problem)
    other = rows_of(problem, np.random.default_rng(9).permutation(N))
    assert first.keys() == other.keys()
    for key, row in first.items():
        assert [row[name] for name in COUNTS] == [other[key][name] for name in COUNTS], key
        for name in ("value", "ci_low", "ci_high"):
            is_close = row[name] is None or other[key][name] == pytest.approx(row[name], rel=1e-9, abs=1e-12)
            assert is_close, (key, name, row[name], other[key][name])


PINNED: dict[str, dict[Key, tuple[float, int]]] = {
    "classes": {
        ("case 5", "accuracy", None): (0.8887298747763864, 2795),
        ("case 5", "f1_macro", None): (0.888646304352185, 2795),
        ("case 17", "roc_auc", "y"): (0.9765186414708886, 5958),
        ("case 17", "log_loss", None): (0.5396165820298068, 5958),
        ("all", "average_precision_macro", None): (0.9520275154235393, 12000),
        ("case 31", "mcc", None): (0.8355947318031314, 9653),
    },
    "numbers": {
        ("case 5", "mae", None): (1.1005100573257005, 2839),
        ("case 5", "r2", None): (0.7079271725952822, 2839),
        ("case 17", "rmse", None): (1.6042641780641222, 5984),
        ("all", "spearman", None): (0.8836735646574553, 12000),
        ("case 31", "median_absolute_error", None): (0.7835818977328017, 9617),
        ("case 31", "kendall_tau", None): (0.7213873726451893, 9617),
    },
}
"""Values and n as they came with DuckDB 1.5.5 and 2.0.1 both; the gate runs this with the oldest and the newest."""


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_duckdb_gives_the_numbers_that_another_gave(problem: str) -> None:
    found = usual_rows(problem)
    for key, (value, n) in PINNED[problem].items():
        assert found[key]["n"] == n, key
        assert found[key]["value"] == pytest.approx(value, rel=1e-9), key
