"""Judged answers: verdicts and grades without a ground truth."""

import decimal
import math
from typing import Any

import pyarrow as pa
import pytest
from scipy import stats
from small_stores import results_of, store_with, table_of, value_of

import kolena_store as ks
from kolena_store.errors import ChangedType, InvalidInput, MissingColumns

SAMPLES = {"topic": ["sums", "sums", "logic", "logic", "logic"]}
BY_TOPIC = {"sums": "topic = 'sums'", "logic": "topic = 'logic'", "none": "topic = 'art'"}


@pytest.mark.parametrize(
    "verdicts",
    [
        pa.array([True, False, True, None, True]),
        pa.array([1, 0, 1, None, 1], pa.int64()),
        pa.array([1, 0, 1, None, 1], pa.uint8()),
    ],
    ids=["booleans", "integers", "small integers"],
)
def test_the_pass_rate_is_passed_over_judged_with_wilsons_interval(verdicts: pa.Array) -> None:
    results = results_of(SAMPLES, ks.Judged(verdict="ok"), {"ok": verdicts}, BY_TOPIC)
    found = {case: results[case, "m", "pass_rate"] for case in ("all", *BY_TOPIC)}
    assert [(one.value, one.n, one.n_samples, one.n_null) for one in found.values()] == [
        (0.75, 4, 5, 1),
        (0.5, 2, 2, 0),
        (1.0, 2, 3, 1),
        (None, 0, 0, 0),
    ]
    interval = stats.binomtest(3, 4).proportion_ci(method="wilson")
    assert (found["all"].ci_low, found["all"].ci_high) == pytest.approx((interval.low, interval.high))
    assert found["none"].reason == "no sample has a verdict"


@pytest.mark.parametrize(
    "scores",
    [
        pa.array([1.0, 2.5, None, math.nan, math.inf]),
        pa.array([1, 2.5, None, None, None], pa.float32()),
        pa.array([decimal.Decimal("1.0"), decimal.Decimal("2.5"), None, None, None]),
    ],
    ids=["with NaN and infinity", "single precision", "decimals"],
)
def test_the_mean_score_leaves_out_what_is_no_number(scores: pa.Array) -> None:
    results = results_of(SAMPLES, ks.Judged(score="grade"), {"grade": scores}, BY_TOPIC)
    whole, logic = results["all", "m", "mean_score"], results["logic", "m", "mean_score"]
    assert (whole.value, whole.n, whole.n_null, whole.better) == (1.75, 2, 3, "higher")
    assert (logic.value, logic.n, logic.n_null, logic.reason) == (None, 0, 3, "no sample has a score")


def test_verdict_and_score_stand_side_by_side() -> None:
    answers = {"ok": [True, True, None, False, True], "grade": [5, 4, 3, None, 1]}
    workflow = ks.Judged(verdict="ok", score="grade")
    results = results_of(SAMPLES, workflow, answers)
    assert (value_of(results, "pass_rate"), value_of(results, "mean_score")) == (0.75, 3.25)
    assert workflow.headlines() == ("pass_rate", "mean_score")
    assert "pass_rate" in str(results)
    assert "mean_score" in str(results)


@pytest.mark.parametrize(
    ("workflow", "answers", "metric", "reason"),
    [
        (ks.Judged(verdict="ok"), {"ok": [True] * 5}, "mean_score", "the workflow names no score column"),
        (ks.Judged(score="grade"), {"grade": [1] * 5}, "pass_rate", "the workflow names no verdict column"),
    ],
)
def test_what_the_workflow_does_not_name_has_a_reason(
    workflow: ks.Judged, answers: dict[str, Any], metric: str, reason: str
) -> None:
    results = results_of(SAMPLES, workflow, answers)
    assert (value_of(results, metric), results["all", "m", metric].reason) == (None, reason)
    assert metric not in workflow.headlines()


def test_grades_on_a_scale_are_no_verdicts() -> None:
    store = store_with(SAMPLES, ks.Judged(verdict="ok"), {"m": {"ok": [1, 0, 4, 1, 5]}})
    with pytest.raises(InvalidInput, match=r"column 'ok' holds 4, 5, and a verdict is true or false .* \(score=\)"):
        store.test("d")


def test_verdicts_that_are_texts_are_refused_when_they_are_uploaded() -> None:
    store = store_with(SAMPLES, ks.Judged(verdict="ok"))
    with pytest.raises(ChangedType, match="'ok' holds string, the workflow needs true or false"):
        store.upload_results("d", "m", table_of({"ok": ["yes"] * 5}))
    with pytest.raises(MissingColumns, match="has no column 'ok'; did you mean 'okay'"):
        store.upload_results("d", "m", table_of({"okay": [True] * 5}))


def test_answers_that_nobody_judged_have_no_pass_rate() -> None:
    results = results_of(SAMPLES, ks.Judged(verdict="ok"), {"ok": pa.array([None] * 5, pa.bool_())})
    assert (value_of(results, "pass_rate"), results["all", "m", "pass_rate"].n_null) == (None, 5)


def test_a_column_that_holds_nothing_at_all_can_be_judged_later() -> None:
    store = store_with(SAMPLES, ks.Judged(verdict="ok"), {"m": {"ok": pa.nulls(5)}})
    assert store.test("d")["all", "m", "pass_rate"].value is None
    store.upload_results("d", "m", table_of({"ok": [True] * 5}))
    assert store.test("d")["all", "m", "pass_rate"].value == 1
