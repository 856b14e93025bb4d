"""Two runs compared: the parts are what plain Python finds on the same mixtures, and they add up."""

import math
import random
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_stores import store_in, temporary_store
from thoroughness import FEW

import kolena_store as ks
from kolena_store.errors import InvalidInput, MissingColumns, UnknownName

PARTS = ("metric_definition", "labels", "membership", "configuration", "model")
STATES = ("baseline", *(f"after_{part}" for part in PARTS[:-1]), "value")
SUITE = 'CREATE VIEW "Short" AS SELECT * FROM test_samples WHERE length < {};'
OWN = """-- metric: positives    better: lower    unit: share
SELECT count(*) FILTER (i.score >= {}) / nullif(count(*), 0) AS value, count(*) AS n FROM results;
"""


@dataclass(frozen=True)
class World:
    """What a run is made of: samples by id, scores by model and id, and the options of suite, scoring and metric."""

    samples: dict[int, dict[str, Any]]
    scores: dict[int, float]
    answered: frozenset[int]
    longest: int = 50
    threshold: float = 0.5
    own: float = 0.5


def world(seed: int, n: int = 40) -> World:
    draw = random.Random(seed)
    samples = {number: {"topic": draw.choice("ab"), "length": draw.randrange(100)} for number in range(n)}
    scores = {number: draw.random() for number in range(n + 20)}
    return World(samples=samples, scores=scores, answered=frozenset(samples))


def corrected(before: World, seed: int, *, changes: set[str]) -> World:
    """Another world: with some labels corrected, samples moved, removed and added, or other options or answers."""
    draw, samples = random.Random(seed), {number: dict(one) for number, one in before.samples.items()}
    if "labels" in changes:
        for number in draw.sample(sorted(samples), len(samples) // 3):
            samples[number]["topic"] = "b" if samples[number]["topic"] == "a" else "a"
    if "membership" in changes:
        for number in draw.sample(sorted(samples), 6):
            samples[number]["length"] = draw.randrange(100)
        for number in draw.sample(sorted(samples), 5):
            del samples[number]
        samples |= {number: {"topic": draw.choice("ab"), "length": draw.randrange(100)} for number in range(40, 46)}
    options = {
        "longest": 70 if "suite" in changes else before.longest,
        "threshold": 0.3 if "configuration" in changes else before.threshold,
        "own": 0.8 if "metric" in changes else before.own,
        "scores": {one: draw.random() for one in before.scores} if "model" in changes else before.scores,
    }
    kept = frozenset() if "model" in changes else before.answered
    return replace(before, samples=samples, answered=kept | frozenset(samples), **options)


def run(store: ks.Store, one: World, model: str, *, has_own: bool = False) -> int:
    """Bring a world into the store and test it; return the number of the run."""
    metrics = ["accuracy", "recall", *(["positives"] if has_own else [])]
    rows = [{"id": number, **sample} for number, sample in one.samples.items()]
    with store.transaction():
        store.upload_dataset(
            "d", rows, id_fields=["id"], workflow=ks.Classification("topic", score="score", positive="a")
        )
        answers = [{"id": number, "score": one.scores[number]} for number in one.samples]
        store.upload_results("d", model, answers)
        store.apply_suite("d", SUITE.format(one.longest), name="s")
        if has_own:
            store.apply_metrics("d", OWN.format(one.own))
        configuration = ks.Configuration(threshold=one.threshold)
        results = store.test("d", model, "s", configuration=configuration, metrics=metrics)
    return results.runs[0].run_id


def chain(before: World, after: World) -> list[World]:
    """The worlds between two: metric, labels (of the older samples), membership, configuration, model."""
    metric = replace(before, own=after.own)
    known = {number: after.samples.get(number, sample) for number, sample in before.samples.items()}
    labels = {number: {**before.samples[number], "topic": one["topic"]} for number, one in known.items()}
    membership = replace(metric, samples=after.samples, longest=after.longest)
    configured = replace(membership, threshold=after.threshold)
    return [before, metric, replace(metric, samples=labels), membership, configured, after]


def measured(one: World, case: str) -> dict[str, float | None]:
    """The metrics of a world by their definitions."""
    known = {number: sample for number, sample in one.samples.items() if number in one.answered}
    within = [number for number, sample in known.items() if case == "all" or sample["length"] < one.longest]
    pairs = [(one.samples[number]["topic"] == "a", one.scores[number] >= one.threshold) for number in within]
    truths = sum(truth for truth, _ in pairs)
    return {
        "accuracy": share(sum(truth == said for truth, said in pairs), len(pairs)),
        "recall": share(sum(truth and said for truth, said in pairs), truths),
        "positives": share(sum(one.scores[number] >= one.own for number in within), len(within)),
    }


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def check_chain(found: ks.Attribution, before: World, after: World, *own: str) -> None:
    rows = {(row["test_case"], row["metric"]): row for row in found if row["class"] is None}
    assert set(rows) == {(case, metric) for case in ("all", "Short") for metric in ("accuracy", "recall", *own)}
    for (case, metric), row in rows.items():
        expected = [measured(one, case)[metric] for one in chain(before, after)]
        assert [row[state] for state in STATES] == pytest.approx(expected, rel=1e-12, nan_ok=True), (case, metric)
        check_sum(row)


def check_sum(row: dict[str, Any]) -> None:
    """The parts are the steps of one chain of values, so they add up to the whole without a rest."""
    states, parts = [row[state] for state in STATES], [row[part] for part in PARTS]
    if None in states:
        assert row["reason"]
        return
    steps = [Fraction(after) - Fraction(before) for before, after in pairwise(states)]
    assert sum(steps) == Fraction(row["value"]) - Fraction(row["baseline"])
    assert parts == [after - before for before, after in pairwise(states)]
    assert math.fsum(parts) == pytest.approx(row["delta"], abs=1e-15)


@pytest.mark.sampled(2)
@FEW
@given(
    st.integers(0, 10**6),
    st.sets(st.sampled_from(["labels", "membership", "suite", "configuration", "model"]), min_size=2),
)
def test_every_part_is_a_counterfactual_that_was_measured(seed: int, changes: set[str]) -> None:
    store, before = temporary_store(), world(seed)
    after = corrected(before, seed + 1, changes=changes)
    first = run(store, before, "v1")
    second = run(store, after, "v2" if "model" in changes else "v1")
    check_chain(store.compare_runs(second, first), before, after)


@dataclass(frozen=True)
class Both:
    """Two runs that differ in everything, and what was found of them."""

    store: ks.Store
    before: World
    after: World
    first: int
    second: int
    found: ks.Attribution


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    store, before = store_in(tmp_path_factory.mktemp("attribution") / "my.store"), world(7)
    after = corrected(before, 8, changes={"labels", "membership", "suite", "configuration", "metric", "model"})
    first, second = (run(store, *one, has_own=True) for one in ((before, "v1"), (after, "v2")))
    return Both(store, before, after, first, second, store.compare_runs(second, first))


def test_runs_that_differ_in_everything(both: Both) -> None:
    found = both.found
    assert found.changed == PARTS
    check_chain(found, both.before, both.after, "positives")
    assert (found.baseline.run_id, found.run.run_id, found.left_out) == (both.first, both.second, ())


def test_it_prints_the_parts_that_differ_and_what_they_are(both: Both) -> None:
    text = str(both.found)
    assert text.startswith("d · accuracy: v2 against v1\n")
    words = " ".join(text.split())
    assert "labels: what the samples of both are said to be (dataset version 1 to 2)" in words
    assert 'configuration: {"threshold":0.5} to {"threshold":0.3}' in words
    assert "they add up; not tested for evidence" in words
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.sampled(2)
def test_nothing_is_left_of_what_was_measured_on_the_way(both: Both) -> None:
    store = both.store
    files, versions = data_files(store), len(store.dataset_history("d"))
    first, second = (store.compare_runs(both.second, both.first, metrics="accuracy") for _ in range(2))
    assert (data_files(store), len(store.dataset_history("d")), len(store.test_runs())) == (files, versions, 2)
    assert first.arrow() == second.arrow()
    assert store.verify(quick=True).is_sound
    assert store.gc(grace=0, dry_run=True).removed_files == 0


def data_files(store: ks.Store) -> set[Path]:
    return set((store.path / "data").rglob("*.parquet"))


def test_the_other_way_round_the_whole_has_the_other_sign(both: Both) -> None:
    forward, back = (
        both.store.compare_runs(*pair, metrics=["accuracy", "recall"])
        for pair in ((both.second, both.first), (both.first, both.second))
    )
    assert [row["delta"] for row in back] == [-row["delta"] for row in forward]
    for row in back:
        check_sum(row)


def test_some_metrics_alone(both: Both) -> None:
    found = both.store.compare_runs(both.second, both.first, metrics="accuracy")
    assert {row["metric"] for row in found} == {"accuracy"}
    assert "metric_definition" not in found.changed
    with pytest.raises(UnknownName, match="no metric of both runs named 'acuracy'; did you mean 'accuracy'"):
        both.store.compare_runs(both.second, both.first, metrics=["acuracy"])


# --- what need not be measured again ---


@pytest.mark.sampled(3)
@pytest.mark.parametrize("change", ["labels", "configuration", "model"])
def test_a_single_difference_is_the_whole(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, before = store_in(tmp_path / "my.store"), world(3)
    after = corrected(before, 4, changes={change})
    first, second = run(store, before, "v1"), run(store, after, "v2" if change == "model" else "v1")
    measured_again: list[object] = []
    monkeypatch.setattr("kolena_store.attribution.compare.measured_link", lambda *given: measured_again.append(given))
    if change == "labels":  # a new version may select other samples too: here it does not
        monkeypatch.undo()
    found = store.compare_runs(second, first)
    check_chain(found, before, after)
    assert measured_again == []
    assert {row[part] for row in found for part in PARTS if part != change} <= {0.0, None}


def test_samples_that_came_and_went_are_of_membership(tmp_path: Path) -> None:
    store, before = store_in(tmp_path / "my.store"), world(5)
    after = corrected(before, 6, changes={"membership"})
    first, second = run(store, before, "v1"), run(store, after, "v1")
    found = store.compare_runs(second, first)
    check_chain(found, before, after)
    assert {row["labels"] for row in found} == {0.0}
    assert any(row["membership"] for row in found)


def test_another_prediction_column_is_of_the_metrics_definition(tmp_path: Path) -> None:
    store, one = store_in(tmp_path / "my.store"), world(4)
    said = {number: ("a" if one.scores[number] > 0.4 else "b", "ab"[number % 2]) for number in one.samples}
    answers = [{"id": number, "first": pair[0], "second": pair[1]} for number, pair in said.items()]
    rows = [{"id": number, **sample} for number, sample in one.samples.items()]
    store.upload_dataset("d", rows, id_fields=["id"], workflow=ks.Classification("topic", "first"))
    store.upload_results("d", "v1", answers)
    first = store.test("d", "v1", metrics=["accuracy"]).runs[0].run_id
    after = corrected(one, 5, changes={"labels"})
    rows = [{"id": number, **sample} for number, sample in after.samples.items()]
    store.upload_dataset("d", rows, workflow=ks.Classification("topic", "second"))
    second = store.test("d", "v1", metrics=["accuracy"]).runs[0].run_id
    (row,) = store.compare_runs(second, first)
    expected = [
        sum(given.samples[number]["topic"] == said[number][column] for number in said) / len(said)
        for given, column in ((one, 0), (one, 1), (after, 1))
    ]
    assert [row[name] for name in ("baseline", "after_metric_definition", "value")] == pytest.approx(expected)
    check_sum(row)
    assert store.verify(quick=True).is_sound


@pytest.mark.sampled(2)
def test_a_column_that_the_older_data_lack_is_named(tmp_path: Path) -> None:
    store, one = store_in(tmp_path / "my.store"), world(4)
    rows = [{"id": number, **sample} for number, sample in one.samples.items()]
    workflow = ks.Classification("topic", "answer")
    store.upload_dataset("d", rows, id_fields=["id"], workflow=workflow, predictions=None)
    store.upload_results("d", "v1", [{"id": number, "answer": "a"} for number in one.samples])
    first = store.test("d", "v1", metrics=["accuracy"]).runs[0].run_id
    newer = [{**row, "better_topic": row["topic"]} for row in rows]
    store.upload_dataset("d", newer, workflow=ks.Classification("better_topic", "answer"))
    store.upload_results("d", "v2", [{"id": number, "answer": "b"} for number in one.samples])
    second = store.test("d", "v2", metrics=["accuracy"]).runs[0].run_id
    with pytest.raises(MissingColumns, match="version 1 of the dataset has no column 'better_topic'"):
        store.compare_runs(second, first)


def test_unequal_test_cases_are_left_out(tmp_path: Path) -> None:
    store = store_in(tmp_path / "my.store")
    first = run(store, world(1), "v1")
    store.apply_suite("d", 'CREATE VIEW "Long" AS SELECT * FROM test_samples WHERE length > 50', name="t")
    second = store.test("d", "v1", "t", configuration=ks.Configuration(threshold=0.5)).runs[0].run_id
    found = store.compare_runs(second, first)
    assert (set(found.left_out), {row["test_case"] for row in found}) == ({"Short", "Long"}, {"all"})
    assert (found.changed, "the two runs are of the same data" in str(found)) == ((), True)


def test_common_samples_are_of_membership(tmp_path: Path) -> None:
    store, one = store_in(tmp_path / "my.store"), world(2)
    run(store, one, "v1")
    store.upload_results("d", "v2", [{"id": number, "score": 0.9} for number in range(20)])
    options = {"configuration": ks.Configuration(threshold=0.5), "metrics": ["accuracy"]}
    first = store.test("d", "v1", "s", **options).runs[0].run_id
    second = store.test("d", ["v1", "v2"], "s", common=True, **options).runs[1].run_id
    found = store.compare_runs(second, first)
    assert found.changed == ("membership", "model")
    row = next(row for row in found if row["test_case"] == "all")
    within = replace(one, samples={number: one.samples[number] for number in range(20)})
    assert row["after_membership"] == measured(within, "all")["accuracy"]
    assert row["value"] == measured(replace(within, scores=dict.fromkeys(range(60), 0.9)), "all")["accuracy"]


@pytest.mark.sampled(2)
def test_weights_are_of_the_labels(tmp_path: Path) -> None:
    store = store_in(tmp_path / "my.store")
    rows = [{"id": number, "truth": float(number), "heavy": 1.0, "m": number + number % 3} for number in range(12)]
    store.upload_dataset("d", rows, workflow=ks.Regression("truth"), predictions={"m": "m"}, weight="heavy")
    first = store.test("d", "m", metrics=["mae"]).runs[0].run_id
    heavier = [{**one, "heavy": 1.0 + one["id"]} for one in rows]
    store.upload_dataset("d", heavier, predictions={"m": "m"})
    store.upload_results("d", "n", [{"id": number, "prediction": float(number) + 1} for number in range(12)])
    second = store.test("d", "n", metrics=["mae"]).runs[0].run_id
    (row,) = store.compare_runs(second, first)
    weights = [1.0 + number for number in range(12)]
    errors = [number % 3 for number in range(12)]
    expected = sum(w * e for w, e in zip(weights, errors, strict=True)) / sum(weights)
    assert row["after_labels"] == pytest.approx(expected, rel=1e-12)
    assert (row["baseline"], row["value"]) == (1.0, pytest.approx(1.0))


# --- runs that can't be compared ---


def test_runs_that_are_not_there_or_the_same_are_errors(both: Both) -> None:
    with pytest.raises(UnknownName, match="no test run 999"):
        both.store.compare_runs(999, both.first)
    with pytest.raises(InvalidInput, match="has no difference from itself"):
        both.store.compare_runs(both.second, both.second)


@pytest.mark.sampled(2)
def test_runs_on_two_datasets_are_refused(tmp_path: Path) -> None:
    store = store_in(tmp_path / "my.store")
    for name in ("a", "b"):
        samples = [{"id": 1, "label": "x", "m": "x"}]
        store.upload_dataset(name, samples, workflow=ks.Classification("label"), predictions={"m": "m"})
    first, second = (store.test(name).runs[0].run_id for name in ("a", "b"))
    with pytest.raises(InvalidInput, match=f"run {second} is on b and run {first} on a"):
        store.compare_runs(second, first)


def test_runs_without_a_common_metric_are_refused(tmp_path: Path) -> None:
    store, one = store_in(tmp_path / "my.store"), world(1)
    run(store, one, "v1")
    first = store.test("d", "v1", metrics=["accuracy"]).runs[0].run_id
    second = store.test("d", "v1", metrics=["recall"]).runs[0].run_id
    with pytest.raises(InvalidInput, match="have no metric or no test case in common"):
        store.compare_runs(second, first)


def test_runs_on_versions_that_were_dropped_are_refused(tmp_path: Path) -> None:
    store, before = store_in(tmp_path / "my.store"), world(1)
    after = corrected(before, 2, changes={"labels", "model"})
    first, second = run(store, before, "v1"), run(store, after, "v2")
    store.gc(grace=0, keep=1)
    with pytest.raises(InvalidInput, match="can't be taken apart: the dataset version was dropped"):
        store.compare_runs(second, first)


@pytest.mark.sampled(2)
def test_models_that_answered_several_times_are_split_too(tmp_path: Path) -> None:
    store, one = store_in(tmp_path / "my.store"), world(9)
    after = corrected(one, 10, changes={"labels", "membership"})
    workflow = ks.Classification("topic", "answer")
    said = {number: ("ab"[number % 2], "ab"[number % 3 == 0]) for number in one.samples}
    answers = [{"id": n, "seed": seed, "answer": pair[seed]} for n, pair in said.items() for seed in (0, 1)]
    for state in (one, after):
        rows = [{"id": number, **sample} for number, sample in state.samples.items()]
        store.upload_dataset("d", rows, id_fields=["id"], workflow=workflow)
        if state is one:
            store.upload_results("d", "v1", answers, repeat_field="seed")
            first = store.test("d", "v1", metrics=["accuracy"]).runs[0].run_id
    store.upload_results("d", "v2", [{"id": n, "answer": "a"} for n in after.samples])
    second = store.test("d", "v2", metrics=["accuracy"]).runs[0].run_id
    (row,) = store.compare_runs(second, first)
    labels, membership = chain(one, after)[2:4]
    for state, mixed in (("after_labels", labels), ("after_membership", membership)):
        within = [number for number in mixed.samples if number in said]
        right = [mixed.samples[number]["topic"] == label for number in within for label in said[number]]
        assert row[state] == pytest.approx(sum(right) / len(right)), state
    check_sum(row)
