"""The history of a test case: what is connected, what is marked, and what is missing."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_stores import store_in, temporary_store
from thoroughness import FEW

import kolena_store as ks
from kolena_store.errors import InvalidInput, UnknownName

SHORT = 'CREATE VIEW "Short" AS SELECT * FROM test_samples WHERE length < {};'
OWN = """-- metric: long_share    better: lower    unit: share
SELECT count(*) FILTER (s.length > {}) / nullif(count(*), 0) AS value, count(*) AS n FROM results;
"""


def samples(changed: int = 0) -> list[dict[str, Any]]:
    """Twelve samples; the labels of the first few are other ones."""
    return [
        {"id": number, "topic": "b" if number < changed else "a", "length": number, "answer": "ab"[number % 3 == 0]}
        for number in range(12)
    ]


@pytest.fixture
def store(tmp_path: Path) -> ks.Store:
    """A store with results of v1 and v2, in this order, and a suite; nothing was tested."""
    store = store_in(tmp_path / "my.store")
    workflow = ks.Classification("topic", "answer")
    with store.transaction():
        store.upload_dataset("d", samples(), workflow=workflow, predictions={"v1": "answer"})
        upload(store, "v2")
        store.apply_suite("d", SHORT.format(6), name="s")
    return store


def upload(store: ks.Store, model: str, wrong: int = 0, **options: Any) -> None:
    answers = [{"id": one["id"], "answer": "c" if one["id"] < wrong else one["answer"]} for one in samples()]
    store.upload_results("d", model, answers, **options)


def fix_labels(store: ks.Store, changed: int) -> None:
    rows = [{name: value for name, value in one.items() if name != "answer"} for one in samples(changed)]
    store.upload_dataset("d", rows)


def told(store: ks.Store, *columns: str, **options: Any) -> list[tuple[Any, ...]]:
    """The rows of the history of `Short`, some columns of them."""
    history = store.history("d", "Short", metrics="accuracy", **options)
    return [tuple(row[name] for name in columns) for row in history]


PLACE = ("model", "results_version", "dataset_version", "status", "differs", "connected")


def test_models_follow_each_other_in_the_order_of_their_results(store: ks.Store) -> None:
    store.test("d", ["v2", "v1"], "s")
    assert told(store, *PLACE) == [("v1", 1, 1, "measured", None, False), ("v2", 1, 1, "measured", None, True)]


@pytest.mark.usefixtures("unkept")
def test_values_are_those_of_the_runs(store: ks.Store) -> None:
    results = store.test("d", None, "s")
    for row in store.history("d", "Short", metrics=["f1", "accuracy"]):
        parts = (row["test_case"], row["model"], row["metric"], *([row["class"]] if row["class"] else []))
        value = results[parts]
        assert (row["value"], row["ci_low"], row["ci_high"], row["n"]) == (
            value.value,
            value.ci_low,
            value.ci_high,
            value.n,
        )
        assert (row["n_samples"], row["method"], row["better"]) == (value.n_samples, value.method, value.better)


@pytest.mark.usefixtures("unkept")
def test_results_that_were_not_tested_are_missing_and_break_the_line(store: ks.Store) -> None:
    upload(store, "v3")
    store.test("d", ["v1", "v3"], "s")
    assert told(store, *PLACE) == [
        ("v1", 1, 1, "measured", None, False),
        ("v2", 1, None, "missing", None, False),
        ("v3", 1, 1, "measured", None, False),
    ]
    assert "not tested" in str(store.history("d", "Short", metrics="accuracy"))


@pytest.mark.usefixtures("unkept")
def test_models_that_are_not_asked_for_are_no_gap(store: ks.Store) -> None:
    upload(store, "v3")
    store.test("d", ["v1", "v3"], "s")
    assert told(store, "model", "connected", models=["v1", "v3"]) == [("v1", False), ("v3", True)]


@pytest.mark.usefixtures("unkept")
def test_earlier_results_that_were_never_tested_are_no_gap(store: ks.Store) -> None:
    store.test("d", "v1", "s")
    upload(store, "v2", wrong=1)
    upload(store, "v2", wrong=2)
    store.test("d", "v2", "s")
    assert told(store, *PLACE) == [("v1", 1, 1, "measured", None, False), ("v2", 3, 1, "measured", None, True)]


@pytest.mark.usefixtures("unkept")
def test_tested_versions_of_one_model_are_steps(store: ks.Store) -> None:
    store.test("d", None, "s")
    upload(store, "v2", wrong=1)
    store.test("d", "v2", "s")
    assert told(store, "model", "results_version", "connected") == [("v1", 1, False), ("v2", 1, True), ("v2", 2, True)]


@pytest.mark.usefixtures("unkept")
def test_a_new_version_of_the_data_begins_a_line(store: ks.Store) -> None:
    store.test("d", None, "s")
    fix_labels(store, 2)
    store.test("d", "v2", "s")
    assert told(store, *PLACE) == [
        ("v1", 1, 1, "measured", "dataset version", False),
        ("v2", 1, 1, "measured", "dataset version", True),
        ("v2", 1, 2, "measured", None, False),
    ]
    store.test("d", "v1", "s")
    assert told(store, *PLACE)[-1] == ("v2", 1, 2, "measured", None, True)
    assert "other dataset version" in str(store.history("d", "Short"))


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("unkept")
def test_another_definition_of_the_test_case_begins_a_line(store: ks.Store) -> None:
    store.test("d", None, "s")
    store.apply_suite("d", SHORT.format(4), name="s")
    store.test("d", "v2", "s")
    columns = ("model", "test_case_version", "differs", "connected", "n_samples")
    assert told(store, *columns) == [
        ("v1", 1, "test case", False, 6),
        ("v2", 1, "test case", True, 6),
        ("v2", 2, None, False, 4),
    ]
    store.apply_suite("d", SHORT.format(6), name="s")
    store.test("d", ["v1", "v2"], "s")
    assert [row for row in told(store, *columns) if row[2] is None] == [
        ("v1", 1, None, False, 6),
        ("v2", 1, None, True, 6),
    ]


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("unkept")
def test_another_definition_of_a_metric_begins_a_line_and_a_dropped_one_keeps_its_own(store: ks.Store) -> None:
    store.apply_metrics("d", OWN.format(3))
    store.test("d", None, "s")
    store.apply_metrics("d", OWN.format(2))
    store.test("d", "v2", "s")
    own = [(row["model"], row["differs"], row["value"]) for row in store.history("d", "Short", metrics="long_share")]
    assert own == [("v1", "metric", 2 / 6), ("v2", "metric", 2 / 6), ("v2", None, 3 / 6)]
    assert told(store, "model", "differs", "connected") == [("v1", None, False), ("v2", None, True)]
    store.drop_metric("d", "long_share")
    assert len(store.history("d", "Short", metrics="long_share")) == 3


@pytest.mark.usefixtures("unkept")
def test_runs_of_some_metrics_and_of_all_are_of_one_line(store: ks.Store) -> None:
    store.test("d", "v1", "s", metrics=["accuracy"])
    store.test("d", "v2", "s")
    assert told(store, "model", "connected") == [("v1", False), ("v2", True)]


@pytest.mark.usefixtures("unkept")
def test_another_option_of_the_workflow_begins_a_line(store: ks.Store) -> None:
    store.test("d", None, "s")
    store.upload_dataset("d", samples(), workflow=ks.Classification("topic", "answer", classes=["a", "b", "c"]))
    store.test("d", "v2", "s")
    assert told(store, "model", "differs")[0] == ("v1", "dataset version, metric")


@pytest.mark.usefixtures("unkept")
def test_runs_on_common_samples_are_of_their_own(store: ks.Store) -> None:
    store.test("d", ["v1", "v2"], "s")
    store.test("d", ["v1", "v2"], "s", common=True)
    assert told(store, "model", "differs", "connected") == [
        ("v1", "samples", False),
        ("v1", None, False),
        ("v2", "samples", True),
        ("v2", None, True),
    ]


@pytest.mark.usefixtures("unkept")
def test_upload_configurations_are_results_of_their_own(store: ks.Store) -> None:
    upload(store, "v2", upload_configuration={"shots": 5})
    store.test("d", None, "s")
    assert told(store, "model", "upload_configuration", "connected") == [
        ("v1", None, False),
        ("v2", None, True),
        ("v2", '{"shots":5}', True),
    ]
    assert 'v2 {"shots":5}' in str(store.history("d", "Short"))


def test_evaluator_configurations_are_histories_of_their_own(store: ks.Store) -> None:
    strict = ks.Configuration(beta=0.5)
    store.test("d", "v1", "s")
    store.test("d", ["v1", "v2"], "s", configuration=strict)
    assert told(store, "model", "status") == [("v1", "measured"), ("v2", "missing")]
    assert told(store, "model", "status", configuration=strict) == [("v1", "measured"), ("v2", "measured")]
    assert str(store.history("d", "Short", configuration=strict)).startswith("configuration: beta = 0.5\n")
    assert told(store, "model", configuration=ks.Configuration(beta=3)) == []


@pytest.mark.usefixtures("unkept")
def test_test_cases_of_fields_expect_no_further_runs(store: ks.Store) -> None:
    store.test("d", "v1", by=["topic"])
    history = store.history("d", "topic = a", metrics="accuracy")
    assert [(row["model"], row["status"]) for row in history] == [("v1", "measured")]


def test_runs_of_an_open_transaction_are_seen(store: ks.Store) -> None:
    with store.transaction():
        store.test("d", None, "s")
        assert told(store, "model") == [("v1",), ("v2",)]


def test_before_the_first_test_there_is_nothing(store: ks.Store) -> None:
    assert str(store.history("d", "Short")) == "no run has measured accuracy, f1_macro on Short of d yet"
    assert store.history("d").arrow().num_rows == 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "options", "said", "kind"),
    [
        (("d", "Shrt"), {}, "no test case of 'd' named 'Shrt'; did you mean 'Short'", UnknownName),
        (("d",), {"metrics": "acuracy"}, "no metric named 'acuracy'; did you mean 'accuracy", UnknownName),
        (("d",), {"metrics": []}, "the history names no metric", InvalidInput),
        (("d",), {"models": []}, "the history names no model", InvalidInput),
        (("d",), {"models": "v9"}, "no model with results on 'd' named 'v9'", UnknownName),
        (("e",), {}, "no dataset named 'e'", UnknownName),
    ],
)
def test_names_that_stand_for_nothing_are_errors(store: ks.Store, arguments, options, said: str, kind) -> None:
    with pytest.raises(kind, match=said):
        store.history(*arguments, **options)


def test_a_run_whose_rows_are_lost_is_marked(store: ks.Store) -> None:
    store.test("d", "v1", "s")
    (run,) = store.test("d", "v2", "s").runs
    with store._database.transaction() as transaction:
        transaction.run("runs.lose_rows", run_id=run.run_id, term_file=None, metric_file=None)
        transaction.has_new_runs = True
    assert told(store, "model", "status", "run") == [
        ("v1", "measured", store.test_runs()[0].run_id),
        ("v2", "lost", run.run_id),
    ]
    assert "its rows are lost; test it again" in " ".join(str(store.history("d", "Short", metrics="accuracy")).split())


@pytest.mark.sampled(2)
def test_the_published_view_has_the_same_rows(store: ks.Store) -> None:
    upload(store, "v3")
    store.test("d", None, "s")
    fix_labels(store, 3)
    store.test("d", ["v2"], "s")
    query = "SELECT * FROM kolena.history WHERE dataset = 'd' AND test_case = 'Short' AND metric = 'accuracy' ORDER BY step, line"
    assert store.sql(query).rows() == store.history("d", "Short", metrics="accuracy").rows()


# --- any order of events, against a reckoning in plain Python ---

EVENTS = st.lists(
    st.tuples(st.just("upload"), st.sampled_from(["v1", "v2", "v3"]))
    | st.tuples(st.just("test"), st.sampled_from(["v1", "v2"]))
    | st.tuples(st.just("labels"), st.none()),
    min_size=2,
    max_size=6,
)


@pytest.mark.sampled(2)
@FEW
@given(EVENTS)
def test_any_order_of_events_is_told_as_it_was(events: list[tuple[str, str | None]]) -> None:
    store = temporary_store()
    results, runs, version = [("v1", 1), ("v2", 1)], {("v1", 1, 1)}, 1
    with store.transaction():
        store.upload_dataset(
            "d", samples(), workflow=ks.Classification("topic", "answer"), predictions={"v1": "answer"}
        )
        upload(store, "v2")
        store.apply_suite("d", SHORT.format(6), name="s")
        store.test("d", "v1", "s")
        for number, (kind, model) in enumerate(events):
            newest = dict(results)
            if kind == "upload":
                upload(store, model, wrong=number + 1)
                results.append((model, newest.get(model, 0) + 1))
            elif kind == "labels":
                fix_labels(store, number + 1)
                version += 1
            else:
                store.test("d", model, "s")
                runs.add((model, newest[model], version))
    assert set(told(store, "model", "results_version", "dataset_version", "connected")) == expected(results, runs)


def expected(results: list[tuple[str, int]], runs: set[tuple[str, int, int]]) -> set[tuple[Any, ...]]:
    newest = dict(results)
    tested = {run[:2] for run in runs}
    steps = [one for one in results if one in tested or newest[one[0]] == one[1]]
    rows: set[tuple[Any, ...]] = set()
    for place, one in enumerate(steps):
        before = steps[place - 1] if place else None
        rows |= {(*one, None, False)} if one not in tested else set()
        rows |= {(*run, (before is not None and (*before, run[2]) in runs)) for run in runs if run[:2] == one}
    return rows
