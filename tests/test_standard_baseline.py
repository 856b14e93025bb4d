"""Gates that compare with a baseline: what verdicts and intervals of a comparison mean for them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standard_files import outcomes, write_standard

import kolena_store as ks
from kolena_store.errors import InvalidInput
from kolena_store.standards import Gate
from kolena_store.standards.relative import judged_difference

N = 900
SUITE = """\
CREATE VIEW "Better" AS SELECT * FROM test_samples WHERE part = 0;
CREATE VIEW "Worse" AS SELECT * FROM test_samples WHERE part = 1;
CREATE VIEW "Same" AS SELECT * FROM test_samples WHERE part = 2;
CREATE VIEW "Few" AS SELECT * FROM test_samples WHERE id < 6;
CREATE VIEW "Nothing" AS SELECT * FROM test_samples WHERE part = 9;
"""
NOT_REGRESSED = {"metric": "accuracy", "cases": "*", "baseline": "not_regressed"}


def is_right(number: int, model: str) -> bool:
    """v1 misses a third everywhere; v2 misses nothing in part 0, two thirds in part 1, and as many others in part 2."""
    part, place = number % 3, number // 3
    of_v1 = place % 3 != 0
    if model == "v1":
        return of_v1
    if part == 2:
        return {0: True, 1: False}.get(place % 30, of_v1)
    return part == 0 or place % 3 == 1


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    """A store in which v2 is better, worse, or as good as v1, part by part; tests add nothing but comparisons."""
    store = ks.Store(tmp_path_factory.mktemp("baseline") / "my.store")
    samples = [{"id": number, "topic": "ab"[number % 2], "part": number % 3} for number in range(N)]
    workflow = ks.Classification("topic", "answer")
    with store.transaction():
        store.upload_dataset("tickets", samples, id_fields=["id"], workflow=workflow)
        for model in ("v1", "v2"):
            right = [
                {"id": one["id"], "answer": one["topic"] if is_right(one["id"], model) else "c"} for one in samples
            ]
            store.upload_results("tickets", model, right)
    return store


def check(store: ks.Store, folder: Path, *gates: dict, **others) -> ks.CheckReport:
    return store.check(write_standard(folder, *gates, suite=SUITE, **others), "v2", "v1")


def by_case(report: ks.CheckReport) -> dict[str, str]:
    return {case: outcome for (_, _, case), outcome in outcomes(report).items()}


def test_no_regression_fails_on_that_verdict_alone(store: ks.Store, tmp_path: Path) -> None:
    report = check(store, tmp_path, NOT_REGRESSED)
    assert by_case(report) == {
        "all": "pass",
        "Better": "pass",
        "Worse": "fail",
        "Same": "pass",
        "Few": "pass",
        "Nothing": "undecided",
    }
    same = next(one for one in report.results if one.test_case == "Same")
    assert (same.verdict, same.reason) == ("inconclusive", "no regression was shown")
    assert 0 < same.mde < 0.3


def test_results_are_those_of_a_comparison(store: ks.Store, tmp_path: Path) -> None:
    report = check(store, tmp_path, {**NOT_REGRESSED, "metric": ["accuracy", "recall_macro"]})
    compared = store.compare("tickets", "v2", "v1", "everyday", metrics=["accuracy", "recall_macro"])
    for one in report.results:
        row = compared[one.test_case, "v2", one.metric]
        assert (one.delta, one.ci_low, one.ci_high, one.q) == (row.delta, row.ci_low, row.ci_high, row.q)
        assert (one.value, one.baseline_value, one.verdict) == (row.value, row.baseline, row.verdict)
    assert "verdicts: benjamini-hochberg over the test cases of a metric, alpha 0.05" in report.notes
    assert "v2 and v1 are compared on the 900 samples that both answered" in report.notes


def test_an_improvement_must_be_shown(store: ks.Store, tmp_path: Path) -> None:
    found = by_case(check(store, tmp_path, {**NOT_REGRESSED, "baseline": "improved"}))
    assert (found["Better"], found["Worse"], found["Same"], found["Few"]) == ("pass", "fail", "undecided", "undecided")


def test_not_worse_is_shown_by_the_tolerance(store: ks.Store, tmp_path: Path) -> None:
    gate = {**NOT_REGRESSED, "baseline": "not_worse"}
    found = by_case(check(store, tmp_path, gate, tolerance={"accuracy": 0.2}))
    assert found == {
        "all": "pass",
        "Better": "pass",
        "Worse": "fail",
        "Same": "pass",
        "Few": "undecided",
        "Nothing": "undecided",
    }
    report = check(store, tmp_path, gate, tolerance={"accuracy": 0.001})
    assert by_case(report)["Same"] == "undecided"
    same = next(one for one in report.results if one.test_case == "Same")
    assert (
        same.reason
        == f"worse by up to {-same.ci_low:.3f}".replace("0.", ".") + " can't be ruled out, and the tolerance is 0.001"
    )
    assert any("not worse: by the verdict, or by the interval of each difference" in note for note in report.notes)


def test_a_tolerance_makes_a_small_regression_none(store: ks.Store, tmp_path: Path) -> None:
    found = by_case(check(store, tmp_path, NOT_REGRESSED, tolerance={"accuracy": 0.9}))
    assert found["Worse"] == "pass"


def test_alpha_is_that_of_the_standard(store: ks.Store, tmp_path: Path) -> None:
    report = check(store, tmp_path, NOT_REGRESSED, alpha=0.01)
    assert "verdicts: benjamini-hochberg over the test cases of a metric, alpha 0.01" in report.notes


def test_gates_of_both_kinds_stand_together(store: ks.Store, tmp_path: Path) -> None:
    report = check(
        store, tmp_path, {"metric": "accuracy", "cases": "all", "at_least": 0.5}, {**NOT_REGRESSED, "cases": "Better"}
    )
    assert list(outcomes(report).values()) == ["pass", "pass"]
    assert [summary.demand for summary in report.summaries] == [
        "accuracy at least 0.5",
        "accuracy not regressed against v1",
    ]


def test_classes_are_compared_when_a_gate_names_them(store: ks.Store, tmp_path: Path) -> None:
    report = check(store, tmp_path, {**NOT_REGRESSED, "metric": "recall", "class": "*", "cases": ["Better", "Worse"]})
    assert outcomes(report) == {
        ("g1", "recall of a", "Better"): "pass",
        ("g1", "recall of b", "Better"): "pass",
        ("g1", "recall of c", "Better"): "undecided",
        ("g1", "recall of a", "Worse"): "fail",
        ("g1", "recall of b", "Worse"): "fail",
        ("g1", "recall of c", "Worse"): "undecided",
    }


def test_too_few_pairs_decide_nothing(store: ks.Store, tmp_path: Path) -> None:
    report = check(store, tmp_path, {**NOT_REGRESSED, "cases": ["Few", "Worse"], "min_n": 100})
    assert by_case(report) == {"Worse": "fail", "Few": "undecided"}
    assert (
        next(one.reason for one in report.results if one.test_case == "Few") == "6 samples, and the gate asks for 100"
    )


def test_samples_that_one_model_did_not_answer_are_said(tmp_path: Path) -> None:
    store = ks.Store(tmp_path / "my.store")
    samples = [{"id": number, "topic": "ab"[number % 2], "part": 0, "v1": "a"} for number in range(60)]
    store.upload_dataset("tickets", samples, workflow=ks.Classification("topic", "v1"), predictions={"v1": "v1"})
    store.upload_results("tickets", "v2", [{"id": number, "v1": "a"} for number in range(40)])
    report = check(store, tmp_path, {**NOT_REGRESSED, "cases": "all"})
    assert "v2 and v1 are compared on the 40 samples that both answered; 20 of 60 are left out" in report.notes
    assert by_case(report) == {"all": "pass"}


def test_metrics_without_a_better_direction_are_not_compared(store: ks.Store, tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInput, match="no direction of prevalence is better, so it can't be compared; give it bounds"
    ):
        check(store, tmp_path, {**NOT_REGRESSED, "metric": "prevalence", "class": "a"})


NUMBERS = st.floats(-1, 1)


@given(st.lists(NUMBERS, min_size=3, max_size=3).map(sorted), st.floats(0.001, 1), st.sampled_from(["higher", "lower"]))
def test_not_worse_reads_the_end_that_is_worse_for_the_model(ends: list[float], tolerance: float, better: str) -> None:
    low, delta, high = ends
    worst = low if better == "higher" else -high
    row = difference(delta=delta, ci_low=low, ci_high=high, better=better, tolerance=tolerance)
    gate = Gate(id="g", metrics=("accuracy",), cases=("*",), on_baseline="not_worse")
    assert judged_difference(gate, row).outcome == ("pass" if worst > -tolerance else "undecided")


def difference(**given) -> ks.Difference:
    """A difference of which nothing was shown."""
    usual = dict.fromkeys(
        (name for name in ks.Difference.__dataclass_fields__ if name not in given),
        None,
    )
    counts = dict.fromkeys(("n", "baseline_n", "n_samples"), 100)
    return ks.Difference(**{**usual, **counts, "verdict": "inconclusive", "p": 0.5, **given})
