"""Memberships of a new version: what DuckDB selects there, though only changed samples are looked at."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_stores import Slices, table_of, temporary_store
from test_membership import WORKFLOW
from thoroughness import sized

import kolena_store as ks
from kolena_store.datasets import dataset_named, version_of
from kolena_store.membership import extension, stored
from kolena_store.membership.evaluation import evaluate
from kolena_store.membership.evaluation import members_among as original_members_among
from kolena_store.membership.stored import stored_memberships
from kolena_store.test_suites import cases_of, suite_named

N = 200
PREDICATES = {
    "x": "x < 2",
    "f": "f > 5",
    "negated": "NOT (f > 5)",
    "both": "x = 1 AND t = 'a'",
    "either": "x = 1 OR f < 3 OR t IS NULL",
    "pair": "x > f",
    "none": "x = 77",
}
QUERIES = """
    CREATE VIEW "above the mean" AS SELECT * FROM test_samples WHERE f > (SELECT avg(f) FROM test_samples);
    CREATE VIEW "few" AS SELECT * FROM test_samples WHERE x < 3;
    CREATE VIEW "fewer" AS SELECT * FROM few WHERE t = 'b';
"""
SUITE = Slices(predicates=PREDICATES).text + QUERIES


def samples(n: int = N, seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    floats = [None if i % 13 == 0 else math.nan if i % 17 == 0 else float(i % 10) for i in range(n)]
    return {
        "x": random.integers(0, 6, n).tolist(),
        "f": floats,
        "t": random.choice(["a", "b", None], n).tolist(),
        "note": ["n"] * n,
        "label": ["u", "v"] * (n // 2) + ["u"] * (n % 2),
    }


def store_with_suite(values: dict[str, Any] | None = None) -> ks.Store:
    store = temporary_store()
    store.upload_dataset("d", table_of(values or samples()), id_fields=["id"], workflow=WORKFLOW)
    store.upload_results("d", "m", table_of({"prediction": ["u"]}))
    chosen = ks.ExplicitCase(name="chosen", ids=[3, 5, 7])
    store.apply_suite("d", SUITE, name="suite", cases=[chosen])
    return store


def check(store: ks.Store) -> None:
    """The stored members are those that are found by evaluating every definition on the data as they are."""
    store.test("d", suite="suite")
    session = store._database.session()
    dataset = dataset_named(session, "d")
    version, cases = version_of(session, dataset), cases_of(session, suite_named(session, dataset, "suite"))
    found = stored_memberships(session, dataset, version, cases)
    for case, expected in zip(cases, evaluate(session, version, dataset.next_sample, cases), strict=True):
        one = found[case.key]
        assert np.array_equal(one.words, expected.words), case.name
        assert (one.n, one.n_nan) == (expected.n, expected.n_nan), case.name


@dataclass
class Seen:
    """Which test cases were looked at in part, on how many samples, and which as a whole."""

    partly: list[str] = field(default_factory=list)
    samples: int = 0
    wholly: list[str] = field(default_factory=list)


def watched(monkeypatch: pytest.MonkeyPatch) -> Seen:
    seen = Seen()

    def members_among(session: Any, version: Any, definitions: Any, only: Any) -> Any:
        seen.partly, seen.samples = sorted(one.name for one in definitions), len(only)
        return original_members_among(session, version, definitions, only)

    def evaluate_all(session: Any, version: Any, size: int, definitions: Any, **options: Any) -> Any:
        seen.wholly = sorted(one.name for one in definitions)
        return evaluate(session, version, size, definitions, **options)

    monkeypatch.setattr(extension, "members_among", members_among)
    monkeypatch.setattr(stored, "evaluate", evaluate_all)
    return seen


def membership_files(store: ks.Store) -> set[str]:
    return {path.name for path in (store.path / "data" / "memberships").glob("*.parquet")}


def changed(column: str, value: Any, every: int = 20) -> dict[str, Any]:
    given = samples()
    return {**given, column: [value if i % every == 0 else one for i, one in enumerate(given[column])]}


@pytest.mark.sampled(2)
def test_a_field_that_no_test_case_reads_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_with_suite()
    before, seen = membership_files(store), watched(monkeypatch)
    store.upload_dataset("d", table_of(changed("note", "other")))
    check(store)
    assert seen == Seen()
    assert membership_files(store) == before


@pytest.mark.sampled(2)
def test_a_changed_field_is_looked_at_where_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_with_suite()
    seen = watched(monkeypatch)
    store.upload_dataset("d", table_of(changed("x", 1)))
    check(store)
    assert seen.samples == sum(one != 1 for one in samples()["x"][::20])
    assert seen.partly == ["both", "either", "few", "fewer", "none", "pair", "x"]
    assert seen.wholly == []


@pytest.mark.sampled(2)
def test_what_compares_samples_is_looked_at_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_with_suite()
    seen = watched(monkeypatch)
    store.upload_dataset("d", table_of(changed("f", 9.0)))
    check(store)
    assert (seen.partly, seen.wholly) == (["either", "f", "negated", "pair"], ["above the mean"])


@pytest.mark.sampled(2)
def test_appended_samples_alone_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_with_suite()
    seen = watched(monkeypatch)
    store.upload_dataset("d", table_of(samples(30, seed=3), ids=list(range(N, N + 30))), append_only=True)
    check(store)
    assert (seen.samples, seen.wholly) == (30, ["above the mean", "chosen"])


@pytest.mark.sampled(2)
def test_samples_leave_and_return() -> None:
    store = store_with_suite()
    whole = table_of(samples())
    for table in (whole.slice(5), whole, whole.slice(0, N - 20)):
        store.upload_dataset("d", table)
        check(store)


def test_a_large_change_is_evaluated_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_with_suite()
    seen = watched(monkeypatch)
    store.upload_dataset("d", table_of(samples(seed=8)))
    check(store)
    assert (seen.partly, seen.wholly) == ([], ["both", "either", "few", "fewer", "none", "pair", "x"])


@pytest.mark.sampled(2)
def test_another_type_means_another_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_with_suite({**samples(), "x": pa.array(samples()["x"], pa.int8())})
    seen = watched(monkeypatch)
    store.upload_dataset("d", table_of({**samples(), "x": pa.array([300, *samples()["x"][1:]], pa.int64())}))
    check(store)
    assert seen.wholly == ["both", "either", "few", "fewer", "none", "pair", "x"]


VALUES = [("x", 0), ("x", 2), ("f", None), ("f", math.nan), ("f", -0.0), ("f", 8.5), ("t", "a"), ("t", None)]
CELLS = st.tuples(st.integers(0, N + 5), st.sampled_from(VALUES))
STEPS = st.tuples(st.lists(CELLS, max_size=6), st.sets(st.integers(0, N + 5), max_size=5))


@pytest.mark.sampled(2)
@settings(
    max_examples=sized(2, 4),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(steps=st.lists(STEPS, min_size=1, max_size=3))
def test_any_changes_end_in_what_duckdb_selects(steps: list[Any]) -> None:
    store = store_with_suite()
    values = samples(N + 6)
    for cells, left_out in steps:
        for row, (column, value) in cells:
            values[column][row] = value
        kept = [row for row in range(N + 6) if row not in left_out]
        rows = {name: [column[row] for row in kept] for name, column in values.items()}
        store.upload_dataset("d", table_of(rows, ids=kept))
        check(store)
