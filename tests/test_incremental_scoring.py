"""Incremental scoring: only what changed is scored again, and every number is that of a fresh store."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from small_stores import Slices, store_with, table_of, temporary_store

import kolena_store as ks
from kolena_store.metrics.definitions import load_metrics
from kolena_store.workflows.classification import Classification as Original

N = 400
ABOUT_CENTRES = {term.name for term in load_metrics("metrics/regression").terms if "deviation" in term.expression}
"""Terms that are sums of distances from the centres, which an earlier version may have set."""

SLICES = Slices(predicates={"low": "x < 3", "some": "x = 1 OR t = 'b'", "rest": "NOT (x < 3)"})
LABELS = ks.Classification("label", "prediction", score="score", positive="yes")
NUMBERS = ks.Regression("y", "y_hat")
JUDGED = ks.Judged("is_good", "score")
WORKFLOWS = {"classification": LABELS, "regression": NUMBERS, "judged": JUDGED}


def samples(n: int = N, seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    return {
        "x": random.integers(0, 6, n).tolist(),
        "t": random.choice(["a", "b", "c"], n).tolist(),
        "label": np.where(random.random(n) < 0.3, "yes", "no").tolist(),
        "y": random.normal(10, 2, n).tolist(),
    }


def answers(n: int = N, seed: int = 1) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    return {
        "prediction": np.where(random.random(n) < 0.3, "yes", "no").tolist(),
        "score": random.random(n).tolist(),
        "y_hat": random.normal(10, 2, n).tolist(),
        "is_good": (random.random(n) < 0.8).tolist(),
    }


def store_once_tested(workflow: Any, given: Mapping[str, Any] | None = None) -> ks.Store:
    if given is not None or workflow not in WORKFLOWS.values():
        return made_and_tested(workflow, given or samples())
    copy = temporary_store()
    name = next(name for name, one in WORKFLOWS.items() if one == workflow)
    shutil.copytree(prebuilt(name).path, copy.path, dirs_exist_ok=True)
    return copy


def made_and_tested(workflow: Any, given: Mapping[str, Any]) -> ks.Store:
    store = store_with(given, workflow, {"m": answers()})
    store.apply_suite("d", SLICES.text, name="slices")
    assert scored(store) == (N, 0)
    return store


@cache
def prebuilt(workflow: str) -> ks.Store:
    """A store that many tests start from; never change it."""
    return made_and_tested(WORKFLOWS[workflow], samples())


def scored(store: ks.Store, **options: Any) -> tuple[int, int]:
    """How many samples the next test scores, and how many it does not have to."""
    run = store.test("d", "m", "slices", **options).runs[0]
    return run.n_scored, run.n_reused


def agrees_with_fresh(store: ks.Store, workflow: Any, **options: Any) -> None:
    """Every value is what a store gives that never saw other data: counts exactly, sums to 1e-9."""
    fresh = temporary_store()
    with fresh.transaction():
        fresh.upload_dataset("d", store.download_dataset("d"), id_fields=["id"], workflow=workflow)
        fresh.upload_results("d", "m", store.download_results("d", "m"), allow_unmatched=True)
        fresh.apply_suite("d", SLICES.text, name="slices")
    expected, found = (one.test("d", "m", "slices", **options) for one in (fresh, store))
    for kind in ("metrics", "terms"):
        names = ["test_case", "metric", "class"] if kind == "metrics" else ["test_case", "term", "class", "predicted"]
        tables = [
            {tuple(row[name] for name in names): row for row in getattr(one, kind).to_pylist()}
            for one in (expected, found)
        ]
        assert tables[0].keys() == tables[1].keys()
        for key, row in tables[0].items():
            if key[1] in ABOUT_CENTRES:
                continue
            for name in {"value", "n", "n_samples", "n_missing", "n_null"} & row.keys():
                is_float = isinstance(row[name], float) and not row[name].is_integer()
                wanted = pytest.approx(row[name], rel=1e-9) if is_float else row[name]
                assert tables[1][key][name] == wanted, (key, name)


@pytest.fixture(params=WORKFLOWS, ids=str)
def workflow(request: pytest.FixtureRequest) -> Any:
    return WORKFLOWS[request.param]


def changed(values: dict[str, Any], column: str, change: Callable[[Any], Any], every: int = 40) -> dict[str, Any]:
    return {**values, column: [change(one) if i % every == 0 else one for i, one in enumerate(values[column])]}


ANSWER_OF = {"classification": "prediction", "regression": "y_hat", "judged": "score"}


def other_answer(value: Any) -> Any:
    return value + 0.25 if isinstance(value, float) else {"yes": "no", "no": "yes"}[value]


@pytest.mark.sampled(3)
def test_a_changed_answer_scores_those_samples(workflow: Any) -> None:
    store = store_once_tested(workflow)
    new = changed(answers(), ANSWER_OF[workflow.name], other_answer)
    store.upload_results("d", "m", table_of(new))
    results = store.test("d", "m", "slices")
    assert (results.runs[0].n_scored, results.runs[0].n_reused) == (N // 40, N - N // 40)
    assert "m: 10 changed samples were scored, 390 had been scored before" in results.notes
    agrees_with_fresh(store, workflow)


@pytest.mark.sampled(3)
def test_a_changed_metadata_field_scores_nothing_and_changes_memberships(workflow: Any) -> None:
    store = store_once_tested(workflow)
    before = store.test("d", "m", "slices")
    store.upload_dataset("d", table_of(changed(samples(), "x", lambda x: 5 - x)))
    after = store.test("d", "m", "slices")
    assert (after.runs[0].n_scored, after.runs[0].n_reused) == (0, N)
    assert before.terms.column("value") != after.terms.column("value")
    agrees_with_fresh(store, workflow)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("workflow", "column"), [(LABELS, "label"), (NUMBERS, "y")], ids=["label", "number"])
def test_a_changed_truth_scores_those_samples(workflow: Any, column: str) -> None:
    store = store_once_tested(workflow)
    store.upload_dataset("d", table_of(changed(samples(), column, other_answer)))
    assert scored(store) == (N // 40, N - N // 40)
    agrees_with_fresh(store, workflow)


@pytest.mark.sampled(3)
def test_both_sides_may_change_between_tests(workflow: Any) -> None:
    store = store_once_tested(workflow)
    store.upload_dataset("d", table_of(changed(samples(), "label", other_answer, every=50)))
    store.upload_results("d", "m", table_of(changed(answers(), ANSWER_OF[workflow.name], other_answer, every=80)))
    n = len(set(range(0, N, 80)) | (set(range(0, N, 50)) if workflow is LABELS else set()))
    assert scored(store) == (n, N - n)
    agrees_with_fresh(store, workflow)


@pytest.mark.sampled(3)
def test_appended_samples_are_scored_alone_and_files_are_shared(workflow: Any) -> None:
    store = store_once_tested(workflow)
    before = metric_files(store)
    more = range(N, N + 30)
    store.upload_dataset("d", table_of(samples(30, seed=5), ids=list(more)), append_only=True)
    assert scored(store) == (0, N)
    store.upload_results("d", "m", table_of(answers(30, seed=6), ids=list(more)))
    assert scored(store) == (30, N)
    assert before < metric_files(store)
    agrees_with_fresh(store, workflow)


@pytest.mark.sampled(3)
def test_removed_samples_leave_and_come_back_with_their_numbers(workflow: Any) -> None:
    store = store_once_tested(workflow)
    whole = table_of(samples())
    store.upload_dataset("d", whole.slice(0, N - 50))
    assert scored(store) == (0, N - 50)
    agrees_with_fresh(store, workflow)
    store.upload_dataset("d", whole)
    assert scored(store) == (50, N - 50)
    agrees_with_fresh(store, workflow)


@pytest.mark.sampled(3)
def test_a_dataset_whose_every_answered_sample_leaves_has_no_metrics(workflow: Any) -> None:
    store = store_once_tested(workflow)
    store.upload_dataset("d", table_of(samples(5, seed=9), ids=[9000, 9001, 9002, 9003, 9004]))
    assert scored(store) == (0, 0)


@pytest.mark.sampled(2)
def test_a_small_change_many_times_leaves_few_files() -> None:
    workflow = ks.Classification("label", "prediction")
    store = store_once_tested(workflow)
    for step in range(12):
        ids = [N + step]
        with store.transaction():
            store.upload_dataset("d", table_of(samples(1, seed=step), ids=ids), append_only=True)
            store.upload_results("d", "m", table_of(answers(1, seed=step), ids=ids))
        assert scored(store) == (1, N + step)
    assert files_of_newest(store) <= 9
    agrees_with_fresh(store, workflow)


def metric_files(store: ks.Store) -> set[str]:
    return {path.name for path in (store.path / "data" / "sample_metrics").glob("*.parquet")}


def files_of_newest(store: ks.Store) -> int:
    rows = store._database.session().rows("publish.newest_sample_metrics", dataset_id=1, dataset_version=13)
    return len(max(rows, key=lambda row: row[1])[3])


# Facts ----------------------------------------------------------------------------------------------------------------


def test_a_new_class_scores_everything_anew() -> None:
    store = store_once_tested(ks.Classification("label", "prediction"))
    store.upload_results("d", "m", table_of(changed(answers(), "prediction", lambda _: "maybe")))
    assert scored(store) == (N, 0)


@pytest.mark.sampled(2)
def test_a_tuned_threshold_that_moves_scores_everything_anew() -> None:
    configuration = ks.Configuration(threshold="f1_optimal")
    workflow = ks.Classification("label", score="score", positive="yes")
    store = store_once_tested(workflow)
    assert scored(store, configuration=configuration) == (N, 0)
    store.upload_results("d", "m", table_of(answers(seed=77)))
    assert scored(store, configuration=configuration) == (N, 0)
    agrees_with_fresh(store, workflow, configuration=configuration)


@pytest.mark.sampled(2)
def test_a_tuned_threshold_that_stays_keeps_the_scores() -> None:
    configuration = ks.Configuration(threshold="f1_optimal")
    right = {**answers(), "score": [0.9 if one == "yes" else 0.1 for one in samples()["label"]]}
    workflow = ks.Classification("label", score="score", positive="yes")
    store = store_with(samples(), workflow, {"m": right})
    store.apply_suite("d", SLICES.text, name="slices")
    assert scored(store, configuration=configuration) == (N, 0)
    store.upload_results("d", "m", table_of({**right, "score": [0.95, *right["score"][1:]]}))
    assert scored(store, configuration=configuration) in ((1, N - 1), (N, 0))
    agrees_with_fresh(store, workflow, configuration=configuration)


@pytest.mark.sampled(2)
def test_each_configuration_keeps_its_own_scores() -> None:
    store = store_once_tested(LABELS)
    low, high = ks.Configuration(threshold=0.2), ks.Configuration(threshold=0.8)
    assert scored(store, configuration=low) == (N, 0)
    store.upload_results("d", "m", table_of(changed(answers(), "score", lambda score: 1 - score)))
    assert scored(store, configuration=low) == (10, N - 10)
    assert scored(store, configuration=high) == (N, 0)
    agrees_with_fresh(store, LABELS, configuration=low)


def test_other_metrics_constants_keep_the_scores() -> None:
    workflow = ks.Classification("label", "prediction")
    before = workflow.facts_to_keep(facts(beta=1.0), facts(beta=3.0))
    assert before == facts(beta=3.0)
    assert workflow.facts_to_keep(facts(beta=1.0), facts(beta=1.0, classes=("a",))) is None


def facts(beta: float, classes: tuple[str, ...] = ("a", "b")) -> Any:
    from kolena_store.workflows import Facts

    return Facts(classes=classes, reported=classes, constants={"beta": beta, "top_k": 2})


@pytest.mark.sampled(2)
def test_numbers_far_from_the_earlier_ones_are_scored_about_new_centres() -> None:
    store = store_once_tested(NUMBERS)
    far = {**samples(), "y": [value + 1000 for value in samples()["y"]]}
    store.upload_dataset("d", table_of(far))
    assert scored(store) == (N, 0)
    agrees_with_fresh(store, NUMBERS)


# Definitions ----------------------------------------------------------------------------------------------------------


@pytest.mark.sampled(2)
def test_another_workflow_scores_everything_anew() -> None:
    store = store_once_tested(LABELS)
    store.upload_dataset("d", table_of(samples()), workflow=replace(LABELS, positive="no"))
    assert scored(store) == (N, 0)


def test_another_version_of_the_scorer_scores_everything_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_once_tested(LABELS)
    store.upload_results("d", "m", table_of(changed(answers(), "prediction", other_answer)))
    monkeypatch.setattr(Original, "scorer_version", "next")
    assert scored(store) == (N, 0)


@pytest.mark.sampled(2)
def test_another_type_of_a_column_that_is_read_scores_everything_anew() -> None:
    store = store_once_tested(NUMBERS, {**samples(), "y": pa.array(range(N), pa.int32())})
    store.upload_dataset("d", table_of({**samples(), "y": pa.array(range(N), pa.int64())}))
    assert scored(store) == (N, 0)
    agrees_with_fresh(store, NUMBERS)


def test_a_column_that_is_not_read_may_change_its_type() -> None:
    store = store_once_tested(LABELS)
    store.upload_results("d", "m", pa.table({"id": list(range(N)), **answers(), "note": ["x"] * N}))
    assert scored(store) == (0, N)


def test_what_is_stored_is_not_scored_again() -> None:
    store = store_once_tested(LABELS)
    assert scored(store, metrics=["accuracy"]) == (0, N)
    runs = store.test_runs().rows()
    assert [(run["n_scored"], run["n_reused"]) for run in runs] == [(N, 0), (0, N)]
    shown = store.sql("SELECT n_scored, n_reused FROM kolena.test_runs ORDER BY run").rows()
    assert shown == [{"n_scored": N, "n_reused": 0}, {"n_scored": 0, "n_reused": N}]


@dataclass(frozen=True)
class Unkept(ks.Judged):
    """A workflow that says nothing of which facts it may keep: equal ones are kept."""

    scorer_version: ClassVar[str] = "unkept"


def test_by_default_equal_facts_are_kept() -> None:
    workflow = Unkept("is_good", "score")
    assert workflow.facts_to_keep(facts(1.0), facts(1.0)) == facts(1.0)
    assert workflow.facts_to_keep(facts(1.0), facts(2.0)) is None
