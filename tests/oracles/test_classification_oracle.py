"""Classification metrics through the public interface, against scikit-learn and scipy."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from classification_reference import RATIOS, Answers, Expected, Key, expected_metrics, wilson
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk
from small_stores import check_interval_form, missing, results_of, store_with, table_of, value_of
from thoroughness import FEW

import kolena_store as ks
from kolena_store.errors import InvalidInput

CLASSES = ("bird", "cat", "dog")
N = 400
GROUPS = {f"group {number}": f"g = {number}" for number in range(14)}
OVERLAPPING = {
    **GROUPS,
    "first half": "id < 200",
    "every third": "id % 3 = 0",
    "cats": "truth = 'cat'",
    "cats and dogs": "truth IN ('cat', 'dog')",
    "nothing": "g > 1000",
    "single": "id = 17",
}


def group_numbers(n: int) -> np.ndarray:
    """Groups of 1, 2, 3 ... samples, then of about 10."""
    sizes = np.array([1, 1, 2, 2, 3, 3, 4, 5, 6, 7, *[10] * 30])
    return np.resize(np.repeat(np.arange(len(sizes)), sizes), n)


class Problem:
    """A random problem of three classes, with ties, wrong answers, missing labels and missing scores."""

    def __init__(self, seed: int, decimals: int = 2) -> None:
        random = np.random.default_rng(seed)
        self.truth = random.choice(CLASSES, N)
        scores = random.dirichlet(np.ones(3), N).round(decimals)
        scores[:, 2] = 1 - scores[:, 0] - scores[:, 1]
        self.scores = np.clip(scores, 0, 1)
        self.group = group_numbers(N)
        self.no_truth = random.random(N) < 0.05
        self.no_score = random.random(N) < 0.05

    @property
    def samples(self) -> dict[str, Any]:
        return {"truth": missing(self.truth, self.no_truth), "g": self.group}

    def score_columns(self, form: str) -> dict[str, Any]:
        rows = [None if hole else row for row, hole in zip(self.scores.tolist(), self.no_score, strict=True)]
        if form == "list":
            return {"scores": pa.array(rows, pa.list_(pa.float64()))}
        if form == "struct":
            return {"scores": [row and dict(zip(CLASSES, row, strict=True)) for row in rows]}
        columns = [missing(self.scores[:, code], self.no_score) for code in range(3)]
        name = "p_{}" if form == "pattern" else "score of {}"
        return {name.format(label): column for label, column in zip(CLASSES, columns, strict=True)}

    def workflow(self, form: str) -> ks.Classification:
        by_class = {label: f"score of {label}" for label in CLASSES}
        scores = {"pattern": "p_{class}", "mapping": by_class, "list": "scores", "struct": "scores"}[form]
        return ks.Classification("truth", scores=scores, classes=CLASSES if form == "list" else None)

    def answers(self, chosen: np.ndarray) -> Answers:
        scores = np.where(self.no_score[:, np.newaxis], np.nan, self.scores)
        prediction = np.where(self.no_score, "", np.array(CLASSES)[self.scores.argmax(axis=1)])
        return Answers(
            truth=np.where(self.no_truth, "", self.truth)[chosen],
            prediction=prediction[chosen],
            scores=scores[chosen],
            classes=CLASSES,
            confidence=scores.max(axis=1)[chosen],
        )

    def members(self, test_case: str) -> np.ndarray:
        truth, number = np.where(self.no_truth, "", self.truth), np.arange(N)
        found = {
            "all": number >= 0,
            "first half": number < 200,
            "every third": number % 3 == 0,
            "cats": truth == "cat",
            "cats and dogs": (truth == "cat") | (truth == "dog"),
            "nothing": number < 0,
            "single": number == 17,
        }
        return found[test_case] if test_case in found else self.group == int(test_case.removeprefix("group "))


def rows_of(results: ks.TestResults, test_case: str) -> dict[Key, dict[str, Any]]:
    return {(row["metric"], row["class"]): row for row in results.rows() if row["test_case"] == test_case}


def check_rows(rows: Mapping[Key, Mapping[str, Any]], expected: Mapping[Key, Expected], n_answered: int) -> None:
    """Every metric is there, has the reference's value and n, an honest reason, and no NaN anywhere."""
    assert rows.keys() == expected.keys()
    for key, one in expected.items():
        row = rows[key]
        assert row["n"] == one.n, key
        assert 0 <= row["n_null"] <= n_answered - (one.n if key[0] == "accuracy" else 0), key
        assert (row["value"] is None) == (one.value is None), (key, row, one)
        if one.value is None:
            assert row["reason"], key
            assert (row["ci_low"], row["ci_high"], row["method"]) == (None, None, None), key
        else:
            assert row["value"] == pytest.approx(one.value, rel=1e-9, abs=1e-12), key
            check_interval(key[0], row)


def check_interval(metric: str, row: Mapping[str, Any]) -> None:
    if metric in RATIOS:
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(wilson(row["value"], row["n"]), rel=1e-9, abs=1e-12)
        assert (row["method"], row["reason"]) == ("wilson", None)
    else:
        check_interval_form(row)


@pytest.mark.parametrize(("form", "decimals", "skipped"), [("pattern", 2, 0), ("list", 12, 12)])
def test_every_metric_of_every_test_case_is_that_of_scikit_learn(form: str, decimals: int, skipped: int) -> None:
    problem = Problem(seed=decimals, decimals=decimals)
    results = results_of(problem.samples, problem.workflow(form), problem.score_columns(form), OVERLAPPING)
    for test_case in ("all", *list(OVERLAPPING)[skipped:]):
        chosen = problem.members(test_case)
        rows = rows_of(results, test_case)
        check_rows(rows, expected_metrics(problem.answers(chosen)), int(chosen.sum()))
        assert {(row["n_samples"], row["n_missing"]) for row in rows.values()} == {(chosen.sum(), 0)}


@pytest.mark.sampled(2)
def test_all_forms_of_scores_give_the_same_numbers() -> None:
    problem = Problem(seed=5)
    tables = []
    for form in ("pattern", "mapping", "list", "struct"):
        results = results_of(problem.samples, problem.workflow(form), problem.score_columns(form), OVERLAPPING)
        tables.append(results.arrow().drop_columns(["run"]))
    assert all(table.equals(tables[0]) for table in tables[1:])


def test_averages_over_all_classes_are_what_scikit_learn_computes_itself() -> None:
    problem = Problem(seed=6, decimals=12)
    problem.no_truth[:] = problem.no_score[:] = False
    problem.scores /= problem.scores.sum(axis=1, keepdims=True)
    results = results_of(problem.samples, problem.workflow("pattern"), problem.score_columns("pattern"))
    truth, scores = problem.truth, problem.scores
    for average in ("macro", "weighted"):
        area = sk.roc_auc_score(truth, scores, multi_class="ovr", average=average, labels=CLASSES)
        assert value_of(results, f"roc_auc_{average}") == pytest.approx(area, rel=1e-12)
    assert value_of(results, "log_loss") == pytest.approx(sk.log_loss(truth, scores, labels=CLASSES), rel=1e-12)
    brier = sk.brier_score_loss(truth, scores, labels=CLASSES, scale_by_half=False)
    assert value_of(results, "brier_score") == pytest.approx(brier, rel=1e-12)
    assert value_of(results, "top_k_accuracy") == sk.top_k_accuracy_score(truth, scores, k=2, labels=CLASSES)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_top_k_accuracy_counts_ties_as_scikit_learn_does(k: int) -> None:
    random = np.random.default_rng(k)
    truth, scores = random.integers(0, 4, 300), random.integers(0, 3, (300, 4)).astype(float)
    columns = {f"p_{label}": scores[:, label] for label in range(4)}
    configuration = ks.Configuration(top_k=k)
    results = results_of(
        {"truth": truth}, ks.Classification("truth", scores="p_{class}"), columns, configuration=configuration
    )
    found = results["all", "m", "top_k_accuracy"]
    if k < 4:
        assert found.value == sk.top_k_accuracy_score(truth, scores, k=k)
    else:
        assert (found.value, found.n) == (None, 0)
        assert "every answer would be right" in str(found.reason)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("beta", [0.5, 1, 3.0])
def test_beta_weighs_recall(beta: float) -> None:
    truth, prediction = list("aabbbcc") * 3, list("abbbcca") * 3
    results = results_of(
        {"t": truth}, ks.Classification("t"), {"prediction": prediction}, configuration=ks.Configuration(beta=beta)
    )
    for average in ("micro", "macro", "weighted"):
        expected = sk.fbeta_score(truth, prediction, beta=beta, average=average)
        assert value_of(results, f"f_beta_{average}") == pytest.approx(expected, rel=1e-12)
    assert value_of(results, "f_beta", "all", "b") == pytest.approx(
        sk.fbeta_score(truth, prediction, beta=beta, average=None)[1], rel=1e-12
    )


# Labels that differ between the two sides -----------------------------------------------------------------------------

ROW = st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from(["a", "b", "c", "d", None]), st.integers(0, 5))


@pytest.mark.sampled(2)
@FEW
@given(st.lists(ROW, min_size=1, max_size=60))
def test_labels_alone_follow_scikit_learn_whichever_sides_know_them(rows: list[tuple[Any, Any, int]]) -> None:
    truth, prediction, group = (list(column) for column in zip(*rows, strict=True))
    predicates = {f"g{number}": f"g <= {number}" for number in range(6)}
    results = results_of(
        {"t": pa.array(truth, pa.string()), "g": group},
        ks.Classification("t", "p"),
        {"p": pa.array(prediction, pa.string())},
        predicates,
    )
    classes = tuple(dict.fromkeys([*sorted({*truth} - {None}), *sorted({*prediction} - {None})]))
    for number in range(6):
        chosen = np.array(group) <= number
        answers = Answers(
            truth=np.array([label or "" for label in truth])[chosen],
            prediction=np.array([label or "" for label in prediction])[chosen],
            scores=None,
            classes=classes,
        )
        if classes:
            check_rows(rows_of(results, f"g{number}"), expected_metrics(answers), int(chosen.sum()))


def test_a_label_that_is_never_predicted_has_no_precision_and_counts_zero_in_the_mean() -> None:
    results = results_of({"t": list("aabbc")}, ks.Classification("t"), {"prediction": list("aabba")})
    assert value_of(results, "precision", "all", "c") is None
    assert value_of(results, "precision_macro") == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert results["all", "m", "precision", "c"].reason == "no sample is predicted as this class"


def test_a_label_that_is_only_predicted_is_a_class_row_and_stays_out_of_the_means() -> None:
    results = results_of({"t": list("aabb")}, ks.Classification("t"), {"prediction": list("abzb")})
    assert value_of(results, "recall", "all", "z") is None
    assert value_of(results, "precision", "all", "z") == 0
    assert value_of(results, "recall_macro") == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert results.confusion_matrix("all", "m").labels == ("a", "b", "z")


def test_a_label_that_is_predicted_and_never_scored_leaves_the_score_metrics_alone() -> None:
    truth, scores = list("abab"), np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.2, 0.8]])
    columns = {"p_a": scores[:, 0], "p_b": scores[:, 1]}
    workflow = ks.Classification("t", "p", scores="p_{class}")
    plain = results_of({"t": truth}, workflow, {"p": list("abab"), **columns})
    unsure = results_of({"t": truth}, workflow, {"p": ["a", "unsure", "a", "b"], **columns})
    for metric in ("log_loss", "brier_score", "roc_auc_macro", "average_precision_weighted"):
        assert value_of(unsure, metric) == value_of(plain, metric) is not None
    assert value_of(unsure, "brier_score") == pytest.approx(sk.brier_score_loss(truth, scores[:, 1], pos_label="b"))
    assert unsure["all", "m", "expected_calibration_error"].n == 3


def test_a_class_that_the_results_never_score_has_the_probability_zero() -> None:
    truth, given = list("abcb"), np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.2, 0.8]])
    scores = np.column_stack([given, np.zeros(4)])
    results = results_of(
        {"t": truth}, ks.Classification("t", scores="p_{class}"), {"p_a": given[:, 0], "p_b": given[:, 1]}
    )
    assert value_of(results, "log_loss") == pytest.approx(sk.log_loss(truth, scores, labels=list("abc")))
    assert value_of(results, "roc_auc_macro") == pytest.approx(
        sk.roc_auc_score(truth, scores, multi_class="ovr", labels=list("abc"))
    )
    assert value_of(results, "top_k_accuracy") == 0.75
    assert value_of(results, "accuracy") == 0.75


def test_scores_that_are_no_probabilities_rank_but_have_no_loss() -> None:
    truth, logits = list("aabb"), np.array([[3.0, -1.0], [0.5, 0.2], [-2.0, 4.0], [1.0, 0.0]])
    columns = {"p_a": logits[:, 0], "p_b": logits[:, 1]}
    results = results_of({"t": truth}, ks.Classification("t", scores="p_{class}"), columns)
    assert value_of(results, "accuracy") == 0.75
    assert value_of(results, "roc_auc", "all", "b") == sk.roc_auc_score([0, 0, 1, 1], logits[:, 1])
    for metric in ("log_loss", "brier_score"):
        found = results["all", "m", metric]
        assert found.value is None
        assert "some scores lie outside 0 to 1" in str(found.reason)
    assert "no probabilities" in str(results["all", "m", "expected_calibration_error"].reason)


# Two classes with a positive one --------------------------------------------------------------------------------------

KINDS: dict[str, tuple[Any, Any]] = {
    "text": ("no", "yes"),
    "integers": (0, 1),
    "booleans": (False, True),
    "other integers": (-7, 3),
    "floats": (0.0, 1.0),
}


class Binary:
    """A random problem of two classes with one score, tied now and then."""

    def __init__(self, kind: str, seed: int = 0, n: int = 240) -> None:
        random = np.random.default_rng(seed)
        self.negative, self.positive = KINDS[kind]
        self.is_positive = random.random(n) < 0.4
        self.score = np.clip(random.normal(0.4 + 0.2 * self.is_positive, 0.25), 0, 1).round(2)
        self.group = np.resize(group_numbers(n), n)
        self.no_score = random.random(n) < 0.05

    @property
    def samples(self) -> dict[str, Any]:
        truth = [self.positive if flag else self.negative for flag in self.is_positive]
        return {"t": truth, "g": self.group}

    @property
    def answers(self) -> dict[str, Any]:
        return {"s": missing(self.score, self.no_score)}

    def expected(self, threshold: float, chosen: np.ndarray) -> dict[Key, Expected]:
        score = np.where(self.no_score, np.nan, self.score)[chosen]
        prediction = np.where(np.isnan(score), "", np.where(score >= threshold, "+", "-"))
        scores = np.column_stack([1 - score, score])
        answers = Answers(
            truth=np.where(self.is_positive[chosen], "+", "-"),
            prediction=prediction,
            scores=scores,
            classes=("-", "+"),
            is_binary=True,
            confidence=np.where(prediction == "+", scores[:, 1], scores[:, 0]),
        )
        found = expected_metrics(answers)
        return {**found, **{(name, None): one for (name, label), one in found.items() if label == "+"}}


def with_signs(rows: Mapping[Key, Any], binary: Binary) -> dict[Key, Any]:
    """The class names of the two labels replaced by the signs of the reference."""
    labels = {str(binary.positive).lower(): "+", str(binary.negative).lower(): "-"}
    return {(name, label and labels[label]): row for (name, label), row in rows.items()}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", KINDS)
def test_a_binary_problem_cut_at_one_half_follows_scikit_learn(kind: str) -> None:
    binary = Binary(kind)
    predicates = {f"group {number}": f"g = {number}" for number in (0, 2, 5, 9, 20)}
    workflow = ks.Classification("t", score="s", positive=binary.positive)
    results = results_of(binary.samples, workflow, binary.answers, predicates)
    for test_case in ("all", *predicates):
        chosen = binary.group >= 0 if test_case == "all" else binary.group == int(test_case.removeprefix("group "))
        rows = with_signs(rows_of(results, test_case), binary)
        check_rows(rows, binary.expected(0.5, chosen), int(chosen.sum()))


@pytest.mark.sampled(2)
def test_a_fixed_threshold_replaces_one_half_and_a_named_prediction() -> None:
    binary = Binary("text", seed=3)
    answers = {**binary.answers, "p": ["yes"] * len(binary.score)}
    workflow = ks.Classification("t", "p", score="s", positive="yes")
    store = store_with(binary.samples, workflow, {"m": answers})
    everyone = binary.group >= 0
    named = store.test("d")
    assert value_of(named, "recall") == 1
    for threshold in (0.3, 0, 1):
        results = store.test("d", configuration=ks.Configuration(threshold=threshold))
        check_rows(with_signs(rows_of(results, "all"), binary), binary.expected(threshold, everyone), 240)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("option", "score"), [("f1_optimal", sk.f1_score), ("accuracy_optimal", sk.accuracy_score)])
@pytest.mark.parametrize("tune_on", [None, "g < 12"])
def test_a_tuned_threshold_is_the_best_on_its_samples_and_serves_every_test_case(
    option: str, score: Any, tune_on: str | None
) -> None:
    binary = Binary("text", seed=9)
    configuration = ks.Configuration(threshold=option, tune_on=tune_on)
    workflow = ks.Classification("t", score="s", positive="yes")
    results = results_of(binary.samples, workflow, binary.answers, {"few": "g = 20"}, configuration=configuration)
    used = ~binary.no_score & ((binary.group < 12) if tune_on else True)
    tried = {cut: score(binary.is_positive[used], binary.score[used] >= cut) for cut in {*binary.score[used], 2.0}}
    best = min(cut for cut, value in tried.items() if value == pytest.approx(max(tried.values()), rel=1e-12))
    for test_case, chosen in (("all", binary.group >= 0), ("few", binary.group == 20)):
        rows = with_signs(rows_of(results, test_case), binary)
        check_rows(rows, binary.expected(best, chosen), int(chosen.sum()))
    assert any(f"threshold {best:g} is {option}, tuned on these samples" in note for note in results.notes)


def test_a_threshold_that_predicts_no_positive_is_infinite_and_is_kept() -> None:
    store = store_with(
        {"t": list("nnny")}, ks.Classification("t", score="s", positive="y"), {"m": {"s": [0.9, 0.8, 0.7, 0.1]}}
    )
    configuration = ks.Configuration(threshold="accuracy_optimal")
    results = store.test("d", configuration=configuration)
    assert value_of(results, "accuracy") == 0.75
    assert value_of(results, "precision") is None
    again = store.test("d", metrics=["recall"], configuration=configuration)
    assert value_of(again, "recall") == 0


def test_tuning_needs_positive_samples_and_says_so() -> None:
    binary = Binary("text")
    store = store_with(binary.samples, ks.Classification("t", score="s", positive="yes"), {"m": binary.answers})
    with pytest.raises(InvalidInput, match="tune on other samples"):
        store.test("d", configuration=ks.Configuration(threshold="f1_optimal", tune_on="g > 1000"))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("form", ["pattern", "mapping", "list", "struct", "score"])
def test_every_form_of_scores_serves_a_positive_class(form: str) -> None:
    binary = Binary("text", seed=4)
    rows = np.column_stack([1 - binary.score, binary.score])
    two = {"no": rows[:, 0], "yes": rows[:, 1]}
    scores, columns = {
        "pattern": ("p_{class}", {f"p_{label}": column for label, column in two.items()}),
        "mapping": ({"no": "x", "yes": "y"}, {"x": two["no"], "y": two["yes"]}),
        "list": ("q", {"q": rows.tolist()}),
        "struct": ("q", {"q": [dict(zip(two, row, strict=True)) for row in rows.tolist()]}),
        "score": (None, {"s": binary.score}),
    }[form]
    workflow = ks.Classification("t", score="s" if form == "score" else None, scores=scores, positive="yes")
    binary.no_score[:] = False
    results = results_of(binary.samples, workflow, columns, configuration=ks.Configuration(threshold="f1_optimal"))
    candidates = {cut: sk.f1_score(binary.is_positive, binary.score >= cut) for cut in sorted(set(binary.score))}
    best = max(candidates, key=lambda cut: candidates[cut])
    rows = with_signs(rows_of(results, "all"), binary)
    check_rows(rows, binary.expected(best, binary.group >= 0), len(binary.score))


@pytest.mark.parametrize("positive", ["b", "c"])
def test_with_a_positive_class_every_other_label_is_the_other_class(positive: str) -> None:
    truth, prediction = list("abcabcab"), list("abccbazb")
    results = results_of({"t": truth}, ks.Classification("t", positive=positive), {"prediction": prediction})
    is_positive, is_predicted = np.array(truth) == positive, np.array(prediction) == positive
    assert value_of(results, "accuracy") == sk.accuracy_score(is_positive, is_predicted)
    assert value_of(results, "precision") == sk.precision_score(is_positive, is_predicted)
    assert value_of(results, "specificity") == sk.recall_score(~is_positive, ~is_predicted)
    assert value_of(results, "mcc") == pytest.approx(sk.matthews_corrcoef(is_positive, is_predicted))
    assert results.confusion_matrix("all", "m").labels == (f"not {positive}", positive)


def test_two_classes_without_a_positive_one_give_two_class_rows_and_means() -> None:
    binary = Binary("text", seed=8)
    binary.no_score[:] = False
    columns = {"p_no": 1 - binary.score, "p_yes": binary.score}
    results = results_of(binary.samples, ks.Classification("t", scores="p_{class}"), columns)
    prediction = binary.score > 0.5
    for label, truth, answer in (
        ("yes", binary.is_positive, prediction),
        ("no", ~binary.is_positive, ~prediction),
    ):
        assert value_of(results, "f1", "all", label) == pytest.approx(sk.f1_score(truth, answer))
        assert value_of(results, "specificity", "all", label) == pytest.approx(sk.recall_score(~truth, ~answer))
    assert value_of(results, "f1_macro") == pytest.approx(sk.f1_score(binary.is_positive, prediction, average="macro"))
    assert value_of(results, "brier_score") == pytest.approx(sk.brier_score_loss(binary.is_positive, binary.score))
    assert {row["class"] for row in results.rows() if row["metric"] == "recall"} == {"no", "yes"}


def test_a_model_that_answered_no_positive_sample_is_measured_all_the_same() -> None:
    store = store_with({"t": list("nyny")}, ks.Classification("t", positive="y"))
    store.upload_results("d", "m", table_of({"prediction": ["n"]}, ids=[0]))
    results = store.test("d")
    assert value_of(results, "accuracy") == 1
    assert results["all", "m", "recall"].reason == "no sample is of this class"
    assert results["all", "m", "accuracy"].n_missing == 3


@pytest.mark.sampled(2)
@FEW
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([None, math.nan, 0.0, 0.25, 0.5, 0.75, 1.0]), st.integers(0, 4)),
        min_size=1,
        max_size=50,
    )
)
def test_small_binary_problems_with_ties_and_gaps_follow_scikit_learn(rows: list[tuple[bool, Any, int]]) -> None:
    binary = Binary("integers", n=len(rows))
    binary.is_positive = np.array([flag for flag, _, _ in rows])
    binary.score = np.array([math.nan if score is None else score for _, score, _ in rows])
    binary.no_score, binary.group = np.isnan(binary.score), np.array([group for _, _, group in rows])
    if not binary.is_positive.any():
        binary.is_positive[0] = True
    predicates = {f"g{number}": f"g = {number}" for number in range(5)}
    answers = {"s": pa.array([score for _, score, _ in rows], pa.float64())}
    results = results_of(binary.samples, ks.Classification("t", score="s", positive=1), answers, predicates)
    for test_case in ("all", *predicates):
        chosen = binary.group >= 0 if test_case == "all" else binary.group == int(test_case[1:])
        found = {key: row for key, row in rows_of(results, test_case).items() if key[1] != "not 1"}
        expected = {key: one for key, one in binary.expected(0.5, chosen).items() if key[1] != "-"}
        check_rows(
            {(name, label and "+"): row for (name, label), row in found.items() if label != "0"}, expected, len(rows)
        )


# What is left out, and who answered what ------------------------------------------------------------------------------


def test_each_metric_counts_what_it_leaves_out() -> None:
    results = results_of(
        {"t": ["a", "b", None, "b", "a"]},
        ks.Classification("t", "p", scores="p_{class}"),
        {"p": ["a", None, "a", "b", "b"], "p_a": [0.9, 0.2, 0.5, math.nan, 0.4], "p_b": [0.1, 0.8, 0.5, 0.5, 0.6]},
    )
    counts = {
        name: (results["all", "m", name].n, results["all", "m", name].n_null) for name in ("accuracy", "log_loss")
    }
    assert counts == {"accuracy": (3, 2), "log_loss": (3, 2)}
    assert (results["all", "m", "recall", "a"].n, results["all", "m", "recall", "a"].n_null) == (2, 2)
    calibration = results["all", "m", "expected_calibration_error"]
    assert (calibration.n, calibration.n_null) == (2, 3)
    assert (results["all", "m", "roc_auc", "a"].n, results["all", "m", "roc_auc", "a"].n_null) == (3, 2)


def test_nan_labels_are_missing_labels() -> None:
    results = results_of(
        {"t": [1.0, 2.0, math.nan, 2.0]}, ks.Classification("t"), {"prediction": [1.0, math.nan, 1.0, 2.0]}
    )
    found = results["all", "m", "accuracy"]
    assert (found.value, found.n, found.n_null) == (1.0, 2, 2)
    assert results.confusion_matrix("all", "m").labels == ("1.0", "2.0")


def partly_answered() -> ks.Store:
    store = store_with({"t": list("aabb"), "g": [0, 1, 0, 1]}, ks.Classification("t"))
    store.upload_results("d", "whole", table_of({"prediction": list("abbb")}))
    store.upload_results("d", "part", table_of({"prediction": list("aa")}, ids=[0, 3]))
    return store


def test_samples_without_an_inference_are_counted_and_left_out() -> None:
    results = partly_answered().test("d", by=["g"])
    part = {case: results[case, "part", "accuracy"] for case in ("all", "g = 0", "g = 1")}
    assert [(one.value, one.n, one.n_samples, one.n_missing) for one in part.values()] == [
        (0.5, 2, 4, 2),
        (1.0, 1, 2, 1),
        (0.0, 1, 2, 1),
    ]
    assert results["all", "whole", "accuracy"].value == 0.75
    assert "part answered 2 of 4 samples" in str(results)


def test_common_measures_the_samples_that_all_models_answered() -> None:
    results = partly_answered().test("d", ["whole", "part"], by=["g"], common=True)
    for model, values in (("whole", (1.0, 1.0, 1.0)), ("part", (0.5, 1.0, 0.0))):
        found = [results[case, model, "accuracy"] for case in ("all", "g = 0", "g = 1")]
        assert tuple(one.value for one in found) == values
        assert [(one.n, one.n_samples, one.n_missing) for one in found] == [(2, 2, 0), (1, 1, 0), (1, 1, 0)]


def test_models_that_answered_other_samples_know_the_same_classes() -> None:
    store = store_with({"t": list("abcabc")}, ks.Classification("t"))
    store.upload_results("d", "m", table_of({"prediction": list("ab")}, ids=[0, 1]))
    results = store.test("d")
    assert results.confusion_matrix("all", "m").labels == ("a", "b", "c")
    assert results["all", "m", "recall", "c"].value is None


def test_a_model_all_of_whose_samples_were_removed_has_no_values() -> None:
    store = store_with({"t": list("abab")}, ks.Classification("t", positive="b"))
    store.upload_results("d", "m", table_of({"prediction": list("ab")}, ids=[0, 1]))
    store.upload_dataset("d", table_of({"t": list("ab")}, ids=[2, 3]))
    found = store.test("d")["all", "m", "recall"]
    assert (found.value, found.n, found.n_samples, found.n_missing) == (None, 0, 2, 2)


@pytest.mark.parametrize("side", ["truth", "prediction", "both"])
def test_nothing_but_missing_labels_gives_reasons_and_no_value(side: str) -> None:
    nothing, labels = pa.array([None, None], pa.string()), list("ab")
    results = results_of(
        {"t": labels if side == "prediction" else nothing},
        ks.Classification("t"),
        {"prediction": labels if side == "truth" else nothing},
    )
    for metric in ("accuracy", "f1_macro", "mcc", "cohen_kappa", "balanced_accuracy", "recall_micro"):
        found = results["all", "m", metric]
        assert (found.value, found.n, found.n_null) == (None, 0, 2)
        assert found.reason


# Chosen classes -------------------------------------------------------------------------------------------------------


def test_named_classes_leave_other_truths_out_and_count_other_answers_as_wrong() -> None:
    truth, prediction = list("aabbccab"), list("abbczcza")
    results = results_of({"t": truth}, ks.Classification("t", classes=["b", "a"]), {"prediction": prediction})
    kept = [index for index, label in enumerate(truth) if label in "ab"]
    answers = Answers(
        truth=np.array(truth)[kept],
        prediction=np.array([label if label in "ab" else "other" for label in prediction])[kept],
        scores=None,
        classes=("b", "a"),
    )
    check_rows(rows_of(results, "all"), expected_metrics(answers), len(truth))
    assert results["all", "m", "accuracy"].n_null == 2


def test_a_class_subset_of_the_configuration_restricts_rows_and_means_alone() -> None:
    truth, prediction = list("aabbccab"), list("abbczcca")
    store = store_with({"t": truth}, ks.Classification("t"), {"m": {"prediction": prediction}})
    results = store.test("d", configuration=ks.Configuration(classes=["c", "a"]))
    assert value_of(results, "accuracy") == sk.accuracy_score(truth, prediction)
    assert value_of(results, "mcc") == pytest.approx(sk.matthews_corrcoef(truth, prediction))
    for average in ("micro", "macro", "weighted"):
        expected = sk.f1_score(truth, prediction, labels=["a", "c"], average=average)
        assert value_of(results, f"f1_{average}") == pytest.approx(expected)
    assert {row["class"] for row in results.rows()} == {None, "a", "c"}


def test_list_scores_need_the_classes_when_their_number_differs() -> None:
    store = store_with({"t": list("ab")}, ks.Classification("t", scores="q"), {"m": {"q": [[0.1, 0.2, 0.7]] * 2}})
    with pytest.raises(InvalidInput, match=r"have 3 values, and the classes are 'a', 'b'; name the classes"):
        store.test("d")


def test_the_positive_class_needs_scores() -> None:
    workflow = ks.Classification("t", scores="p_{class}", positive="b")
    store = store_with({"t": list("ab")}, workflow, {"m": {"p_a": [0.1, 0.2], "p_c": [0.9, 0.8]}})
    with pytest.raises(InvalidInput, match="none for the positive class 'b'; they are of 'a', 'c'"):
        store.test("d")


@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        ([True, False, True], {"p_True": [0.9, 0.2, 0.4], "p_False": [0.1, 0.8, 0.6]}),
        ([1, 0, 1], {"p_1": [0.9, 0.2, 0.4], "p_0": [0.1, 0.8, 0.6]}),
        ([1.0, 0.0, 1.0], {"p_1": [0.9, 0.2, 0.4], "p_0": [0.1, 0.8, 0.6]}),
    ],
)
def test_score_columns_name_labels_of_any_type(labels: list[Any], columns: dict[str, Any]) -> None:
    results = results_of({"t": labels}, ks.Classification("t", scores="p_{class}"), columns)
    assert value_of(results, "accuracy") == pytest.approx(2 / 3)
    assert len(results.confusion_matrix("all", "m").labels) == 2


def test_columns_of_any_name_can_hold_labels_and_scores() -> None:
    samples = {"value": list("aabb"), "n": [1, 1, 2, 2], "samples": [1.5, 2.5, None, 4.5]}
    results = results_of(
        samples, ks.Classification("value", "value", score="n"), {"value": list("abbb"), "n": [0.9, 0.8, 0.7, 0.6]}
    )
    assert value_of(results, "accuracy") == 0.75
    assert results["all", "m", "expected_calibration_error"].n == 4


def test_infinite_scores_rank_first_and_last() -> None:
    binary = {"s": [math.inf, 0.2, -math.inf, 0.7]}
    results = results_of({"t": list("ynny")}, ks.Classification("t", score="s", positive="y"), binary)
    assert value_of(results, "roc_auc") == 1
    assert value_of(results, "accuracy") == 1
    assert results["all", "m", "log_loss"].n == 2


def test_a_confidence_of_the_prediction_gives_a_calibration_error_alone() -> None:
    truth, prediction, confidence = list("abcb"), list("abcc"), [0.9, 0.8, 0.35, 0.6]
    results = results_of({"t": truth}, ks.Classification("t", "p", score="s"), {"p": prediction, "s": confidence})
    expected = (0.1 + 0.2 + 0.65 + 0.6) / 4
    assert value_of(results, "expected_calibration_error") == pytest.approx(expected)
    assert results["all", "m", "roc_auc_macro"].reason == "the results have no score for each class"
