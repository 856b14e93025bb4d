"""Options of workflows and configurations: what is refused, and that documents give back what was given."""

import dataclasses
import datetime
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_stores import store_with, table_of

import kolena_store as ks
from kolena_store.cli.datasets import upload
from kolena_store.digests import canonical_json
from kolena_store.errors import InvalidInput, MalformedFile, MissingColumns, UnknownName, UnreadableFile
from kolena_store.workflows import (
    WORKFLOWS,
    Workflow,
    configuration_from_document,
    workflow_from_document,
    workflow_named,
)

# Constructors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "s", "scores": "p_{class}"}, "give either score= .* or scores= .*, not both"),
        ({"score": "s"}, "score='s' alone does not say which label .*positive=.*prediction="),
        ({"prediction": ""}, r"Classification\(prediction=''\): give the name of a column"),
        ({"prediction": 3}, r"prediction=3\): give the name"),
        ({"score": "", "prediction": "p"}, r"score=''\): give the name"),
        ({"scores": ""}, r"scores=''\): give the name"),
        ({"scores": {}}, r"scores=''\): give the name"),
        ({"scores": ["p_a", "p_b"]}, r"scores=\['p_a', 'p_b'\]\): give the name"),
        ({"scores": {"a": ""}}, r"scores\['a'\]=''\): give the name"),
        ({"scores": {"a": 1}}, r"scores\['a'\]=1\): give the name"),
        ({"scores": {math.nan: "x"}}, "nan is no label"),
        ({"scores": "{class}_{class}"}, r"must hold \{class\} exactly once"),
        ({"positive": math.nan}, "nan is no label"),
        ({"classes": []}, "classes names no label"),
        ({"classes": "ab"}, "classes='ab' must be a list of labels, in order"),
        ({"classes": {"a", "b"}}, "must be a list of labels, in order"),
        ({"classes": {"a": 1}}, "must be a list of labels, in order"),
        ({"classes": 3}, "must be a list of labels, in order"),
        ({"classes": ["a", "b", "a"]}, "classes names 'a' twice"),
        ({"classes": [1, "1"]}, "classes names '1' twice"),
        ({"classes": ["a", None]}, "None is no label"),
    ],
)
def test_a_classification_refuses_options_that_say_nothing_or_too_much(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ks.Classification("t", **options)


@pytest.mark.parametrize("name", ["", None, 3])
def test_every_workflow_needs_names_of_columns(name: Any) -> None:
    for make in (ks.Classification, ks.Regression):
        with pytest.raises(InvalidInput, match="give the name of a column"):
            make(name)
    if name is not None:
        with pytest.raises(InvalidInput, match=r"prediction=.*give the name of a column"):
            ks.Regression("t", name)
        with pytest.raises(InvalidInput, match="give the name of a column"):
            ks.Judged(verdict=name)


def test_a_judgement_needs_a_verdict_or_a_score() -> None:
    with pytest.raises(InvalidInput, match=r"verdict .*verdict=.* grade .*score="):
        ks.Judged()


EXAMPLES: list[Workflow] = [
    ks.Classification("t"),
    ks.Classification("t", "p", score="s", positive="yes"),
    ks.Classification("t", score="s", positive=False),
    ks.Classification("t", score="s", positive=0),
    ks.Classification("t", scores="p_{class}", classes=["b", "a"]),
    ks.Classification("t", scores={"a": "x", "b": "y"}),
    ks.Classification("t", scores={0: "x", True: "y"}),
    ks.Classification("t", classes=("b", 'quote"', "ü")),
    ks.Classification("t", positive=np.int64(3), classes=np.array([3, 4])),
    ks.Classification("t", positive=datetime.date(2026, 1, 31)),
    ks.Regression("t"),
    ks.Regression("t", "p"),
    ks.Judged(verdict="ok"),
    ks.Judged(score="grade"),
    ks.Judged(verdict="ok", score="grade"),
]


@pytest.mark.parametrize("workflow", EXAMPLES, ids=repr)
def test_a_document_gives_back_an_equal_workflow(workflow: Workflow) -> None:
    document = json.loads(canonical_json(workflow.document()))
    assert workflow_from_document(document) == workflow
    assert canonical_json(workflow_from_document(document).document()) == canonical_json(workflow.document())


def test_a_document_is_what_json_gives_back() -> None:
    workflow = ks.Classification("t", scores={0: "x", True: "y"}, classes=("a", "b"))
    assert workflow.document() == json.loads(canonical_json(workflow.document()))
    assert ks.Regression("t", "p").document() == {"workflow": "regression", "ground_truth": "t", "prediction": "p"}
    assert ks.Judged("ok").document() == {"workflow": "judged", "verdict": "ok"}


def test_an_option_that_is_none_against_its_default_is_written_down() -> None:
    @dataclasses.dataclass(frozen=True)
    class Optional(ks.Regression):
        level: float | None = 0.5
        limits: tuple[int, ...] = (1, 2)

    document = Optional("t", level=None).document()
    assert (document["level"], document["limits"]) == (None, [1, 2])
    assert Optional.from_document(document).level is None


def test_workflows_are_found_by_name_without_regard_to_case() -> None:
    assert list(WORKFLOWS) == sorted(WORKFLOWS)
    assert {"classification", "judged", "regression"} <= set(WORKFLOWS)
    assert workflow_named("Judged") is ks.Judged
    with pytest.raises(UnknownName, match="no workflow named 'regresion'; did you mean 'regression'"):
        workflow_named("regresion")


def test_the_package_offers_every_workflow_by_the_name_of_its_class() -> None:
    for kind in WORKFLOWS.values():
        assert getattr(ks, kind.__name__) is kind
        assert kind.__name__ in dir(ks)
    with pytest.raises(AttributeError, match="module 'kolena_store' has no attribute 'Detection'"):
        ks.Detection  # noqa: B018


def test_the_workflows_of_the_package_are_modules_of_their_own() -> None:
    named = {f"kolena_store.workflows.{name.replace('-', '_')}" for name in WORKFLOWS}
    assert {kind.__module__ for kind in WORKFLOWS.values()} == named


def test_no_option_of_a_workflow_is_one_of_the_commands_own() -> None:
    flags = [flag for param in upload.params for flag in param.opts]
    assert sorted(flags) == sorted(set(flags))


# Labels of the data ---------------------------------------------------------------------------------------------------


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("labels", "positive", "found"),
    [
        (["spam", "ham"], "spam", "spam"),
        ([1, 0], 1, "1"),
        ([1, 0], "1", "1"),
        ([1, 0], True, "1"),
        ([1, 0], 1.0, "1"),
        ([1.0, 0.0], 1, "1.0"),
        ([True, False], True, "true"),
        ([True, False], 1, "true"),
        ([True, False], "true", "true"),
        ([datetime.date(2026, 1, 31), datetime.date(2026, 2, 1)], "2026-01-31", "2026-01-31"),
    ],
)
def test_the_positive_class_is_found_in_labels_of_its_type(labels: list[Any], positive: Any, found: str) -> None:
    store = store_with({"t": labels}, ks.Classification("t", positive=positive), {"m": {"prediction": labels}})
    results = store.test("d")
    assert results["all", "m", "recall"].value == 1
    assert results["all", "m", "recall", found].value == 1


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("labels", "positive", "message"),
    [
        (["spam", "ham"], "spamm", "positive 'spamm' is no label of the ground truth; did you mean 'spam'"),
        (["spam", "ham"], "Spam", "did you mean 'spam'"),
        ([1, 0], 2, "positive 2 is no label of the ground truth.* it has '0', '1'"),
        ([1, 0], "yes", "positive 'yes' is no label"),
        ([1, 0], 10**30, "is no label"),
        ([True, False], "maybe", "it has 'false', 'true'"),
    ],
)
def test_a_positive_class_that_does_not_occur_is_refused_with_near_names(
    labels: list[Any], positive: Any, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        store_with({"t": labels}, ks.Classification("t", positive=positive))


def test_the_positive_class_is_one_of_the_classes() -> None:
    with pytest.raises(InvalidInput, match=r"positive 'a' is none of classes=\['b', 'c'\]"):
        store_with({"t": ["a", "b"]}, ks.Classification("t", positive="a", classes=["b", "c"]))


def test_an_unknown_class_of_a_subset_is_refused_with_near_names() -> None:
    store = store_with({"t": ["cat", "dog"]}, ks.Classification("t"), {"m": {"prediction": ["cat", "cat"]}})
    with pytest.raises(InvalidInput, match="the class 'dgo' is no label of the ground truth; did you mean 'dog'"):
        store.test("d", configuration=ks.Configuration(classes=["dgo"]))


# Configurations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": "best"}, "threshold='best' is neither a number nor one of f1_optimal, accuracy_optimal"),
        ({"threshold": math.nan}, "threshold=nan is neither a number"),
        ({"threshold": math.inf}, "threshold=inf is neither a number"),
        ({"threshold": True}, "threshold=True is neither a number"),
        ({"threshold": [0.5]}, r"threshold=\[0.5\] is neither a number"),
        ({"tune_on": "split = 1"}, "also give threshold as one of f1_optimal, accuracy_optimal"),
        ({"tune_on": "split = 1", "threshold": 0.5}, "also give threshold as one of"),
        ({"tune_on": 3, "threshold": "f1_optimal"}, "tune_on=3 must be a predicate"),
        ({"beta": 0}, "beta=0 must be a number above 0"),
        ({"beta": -1.5}, "beta=-1.5 must be a number above 0"),
        ({"beta": math.nan}, "beta=nan must be a number above 0"),
        ({"beta": math.inf}, "beta=inf must be a number above 0"),
        ({"beta": "2"}, "beta='2' must be a number above 0"),
        ({"top_k": 0}, "top_k=0 must be a whole number from 1 on"),
        ({"top_k": 2.5}, "top_k=2.5 must be a whole number"),
        ({"top_k": True}, "top_k=True must be a whole number"),
        ({"top_k": "3"}, "top_k='3' must be a whole number"),
        ({"classes": []}, "classes names no label"),
        ({"classes": "ab"}, "classes='ab' must be a list of labels"),
        ({"classes": ["a", "a"]}, "classes names 'a' twice"),
    ],
)
def test_a_configuration_refuses_values_that_an_option_cannot_take(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ks.Configuration(**options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"threshold": 0.3},
        {"threshold": 0},
        {"threshold": np.float32(0.5)},
        {"threshold": "f1_optimal", "tune_on": "split = 'tuning'"},
        {"classes": ("b", "a"), "beta": 0.5, "top_k": 3},
        {"classes": np.array([1, 2]), "top_k": np.int64(5)},
    ],
)
def test_a_configurations_document_gives_it_back(options: dict[str, Any]) -> None:
    configuration = ks.Configuration(**options)
    document = json.loads(canonical_json(configuration.document()))
    assert configuration_from_document(document) == ks.Configuration(**document)
    assert configuration_from_document(document).document() == configuration.document()
    assert set(document) == set(options)


def test_no_configuration_and_an_empty_one_are_two() -> None:
    store = store_with({"t": ["a", "b"]}, ks.Classification("t"), {"m": {"prediction": ["a", "b"]}})
    runs = [store.test("d", configuration=one).runs[0] for one in (None, ks.Configuration(), None)]
    assert [run.configuration for run in runs] == [None, "{}", None]
    assert runs[0].run_id == runs[2].run_id != runs[1].run_id


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("workflow", "answers", "options", "message"),
    [
        (
            ks.Regression("t"),
            {"prediction": [1, 0]},
            {"threshold": 0.5},
            "workflow regression has no option 'threshold'",
        ),
        (
            ks.Judged(verdict="ok"),
            {"ok": [1, 0]},
            {"beta": 2},
            "workflow judged has no option 'beta'; it takes no options",
        ),
        (ks.Classification("t"), {"prediction": [1, 0]}, {"threshold": 0.5}, "give positive= and score="),
        (ks.Classification("t", positive=1), {"prediction": [1, 0]}, {"threshold": 0.5}, "give positive= and score="),
        (
            ks.Classification("t", "prediction", score="s"),
            {"prediction": [1, 0], "s": [0.5, 0.5]},
            {"threshold": "f1_optimal"},
            "threshold='f1_optimal' needs a problem of two classes",
        ),
        (ks.Classification("t", positive=1), {"prediction": [1, 0]}, {"classes": [0]}, "has a positive class"),
        (
            ks.Classification("t", score="s", positive=1),
            {"s": [0.1, 0.9]},
            {"threshold": "f1_optimal", "tune_on": "splt = 1"},
            "splt",
        ),
    ],
)
def test_options_that_a_workflow_cannot_use_are_refused(
    workflow: Any, answers: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    store = store_with({"t": [1, 0]}, workflow, {"m": answers})
    with pytest.raises(InvalidInput, match=message):
        store.test("d", configuration=ks.Configuration(**options))
    assert store.test_runs() == []


def test_an_unknown_option_is_refused_with_near_names() -> None:
    with pytest.raises(UnknownName, match="no option of the configuration named 'treshold'; did you mean 'threshold'"):
        configuration_from_document({"treshold": 0.5})


def test_a_configuration_file_is_toml(tmp_path: Path) -> None:
    path = tmp_path / "strict.toml"
    path.write_text(
        'threshold = "f1_optimal"\ntune_on = "split = \'tuning\'"\nclasses = ["é", "b"]\n', encoding="utf-8"
    )
    found = ks.read_configuration(path)
    assert found == ks.Configuration(threshold="f1_optimal", tune_on="split = 'tuning'", classes=["é", "b"])


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"threshold = ", MalformedFile, "bad.toml.*Write options as in: threshold = 0.3"),
        (b"cut = 0.5", UnknownName, "no option of .*bad.toml named 'cut'"),
        (b'beta = "2"', InvalidInput, "beta='2' must be a number"),
        (b"threshold = nan", InvalidInput, "threshold=nan"),
        (b"\xff\xfe", UnreadableFile, "bad.toml is no text in UTF-8"),
        (None, UnreadableFile, "bad.toml can't be read"),
    ],
)
def test_a_configuration_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, kind: type[Exception], message: str
) -> None:
    path = tmp_path / "bad.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind, match=message):
        ks.read_configuration(path)


# Columns that are missing ---------------------------------------------------------------------------------------------


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("workflow", "columns", "message"),
    [
        (ks.Classification("t", "label"), {"lable": ["a"]}, "no column 'label'; did you mean 'lable'"),
        (ks.Classification("t", scores="p_{class}"), {"q_a": [0.5]}, r"no column that fits 'p_\{class\}'"),
        (ks.Classification("t", scores={"a": "x"}), {"y": [0.5]}, "no column 'x'"),
        (ks.Classification("t", scores="all_scores"), {"scores": [[0.5]]}, "no column 'all_scores'; did you mean"),
        (ks.Regression("t"), {"predicted": [0.5]}, "no column 'prediction'; did you mean 'predicted'"),
    ],
)
def test_answers_without_the_workflows_columns_are_refused(
    workflow: Any, columns: dict[str, Any], message: str
) -> None:
    truth: dict[str, Any] = {"t": [1.5]} if isinstance(workflow, ks.Regression) else {"t": ["a"]}
    store = store_with(truth, workflow)
    with pytest.raises(MissingColumns, match=message):
        store.upload_results("d", "m", table_of(columns))


def test_a_dataset_without_the_truth_is_refused() -> None:
    with pytest.raises(MissingColumns, match="no column 'topic'; did you mean 'topics'"):
        store_with({"topics": ["a"]}, ks.Classification("topic"))


def test_no_field_of_a_workflow_takes_the_name_of_another_option() -> None:
    flags = [flag for parameter in upload.params for flag in (*parameter.opts, *parameter.secondary_opts)]
    assert len(flags) == len(set(flags))
