"""Several graders of one answer: how they become one verdict or grade, and how far they agree."""

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from agreement_reference import fleiss, interval, krippendorff, nominal, ordinal
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from small_stores import results_of, store_with, table_of, value_of
from thoroughness import FEW

import kolena_store as ks
from kolena_store.errors import ChangedType, InvalidInput
from kolena_store.workflows.graders import Grades, places_of

VERDICTS = [
    [True, True, False],
    [True, False, None],
    [False, False, False],
    [None, None, None],
    None,
    [True, True, True],
]
GRADES = [[5, 4, 4], [1, None, 2], [3], [], None, [2, 2, 4]]
SAMPLES = {"topic": ["sums", "sums", "logic", "logic", "logic", "logic"]}
BY_TOPIC = {"sums": "topic = 'sums'", "logic": "topic = 'logic'"}


def given_by(units: Sequence[Sequence[Any] | None]) -> list[list[Any]]:
    return [[grade for grade in unit or () if grade is not None and not math.isnan(grade)] for unit in units]


def test_the_majority_decides_and_a_tie_has_no_verdict() -> None:
    results = results_of(SAMPLES, ks.Judged(verdict="ok", graders="majority"), {"ok": VERDICTS}, BY_TOPIC)
    whole = results["all", "m", "pass_rate"]
    assert (whole.value, whole.n, whole.n_null) == (pytest.approx(2 / 3), 3, 3)
    ties = results["all", "m", "tie_rate"]
    assert (ties.value, ties.n, value_of(results, "tie_rate", "logic")) == (0.25, 4, 0)
    assert value_of(results, "verdict_agreement") == pytest.approx(fmean([1 / 3, 0, 1, 1]))


def test_unanimous_graders_let_an_answer_pass_only_together() -> None:
    results = results_of(SAMPLES, ks.Judged(verdict="ok", graders=["unanimous"]), {"ok": VERDICTS}, BY_TOPIC)
    assert (value_of(results, "pass_rate"), value_of(results, "pass_rate", "sums")) == (0.25, 0)
    assert value_of(results, "tie_rate") == 0


@pytest.mark.parametrize(("rule", "combine"), [("mean", fmean), ("median", median)])
def test_grades_become_one_by_their_rule(rule: str, combine: Any) -> None:
    results = results_of(SAMPLES, ks.Judged(score="grade", graders=rule), {"grade": GRADES}, BY_TOPIC)
    found = results["all", "m", "mean_score"]
    assert found.value == pytest.approx(fmean(combine(unit) for unit in given_by(GRADES) if unit))
    assert (found.n, found.n_null) == (4, 2)
    assert value_of(results, "score_range") == pytest.approx(fmean([1, 1, 2]))


def test_verdicts_and_grades_have_a_rule_each_and_the_store_shows_what_the_graders_said() -> None:
    workflow = ks.Judged(verdict="ok", score="grade", graders=("majority", "mean"))
    store = store_with(SAMPLES, workflow, {"m": {"ok": VERDICTS, "grade": GRADES}})
    store.test("d")
    rows = store.sql("SELECT n_verdicts, n_passes, n_grades, lowest_grade FROM d.sample_metrics ORDER BY _sample")
    assert rows.arrow().to_pylist()[1] == {"n_verdicts": 2, "n_passes": 1, "n_grades": 2, "lowest_grade": 1.0}
    assert ks.Judged.from_document(workflow.document()) == workflow


@FEW
@given(
    units=st.lists(
        st.lists(st.sampled_from([True, False, None]), min_size=3, max_size=3) | st.none(), min_size=1, max_size=12
    )
)
def test_agreement_of_verdicts_is_that_of_all_pairs(units: list[list[bool | None] | None]) -> None:
    answers = {"ok": pa.array(units, pa.list_(pa.bool_()))}
    results = results_of({"a": [0] * len(units)}, ks.Judged(verdict="ok", graders="majority"), answers)
    known = given_by(units)
    assert value_of(results, "fleiss_kappa") == pytest.approx(fleiss(known))
    assert value_of(results, "krippendorff_alpha") == pytest.approx(krippendorff(known, nominal))
    assert value_of(results, "cohen_kappa") is None


@FEW
@given(
    units=st.lists(
        st.lists(st.none() | st.sampled_from([0.1, 1, 2, 2.5, 1e6, math.nan]), max_size=4), min_size=1, max_size=12
    )
)
@example(units=[[1, None], [2, 0.1, 1, None], [0.1, 1], [None, 1e6]])
def test_alpha_of_grades_is_that_of_all_pairs(units: list[list[float | None]]) -> None:
    answers = {"grade": pa.array(units, pa.list_(pa.float64()))}
    results = results_of({"a": [0] * len(units)}, ks.Judged(score="grade", graders="mean"), answers)
    wanted = krippendorff(given_by(units), interval)
    assert value_of(results, "krippendorff_alpha_interval") == pytest.approx(wanted, abs=1e-9)
    wanted = krippendorff(given_by(units), ordinal)
    assert value_of(results, "krippendorff_alpha_ordinal") == pytest.approx(wanted, abs=1e-9)


def test_cohens_kappa_is_that_of_scikit_learn_and_its_interval_that_of_the_jackknife() -> None:
    generator = np.random.default_rng(5)
    first = generator.random(300) < 0.6
    second = np.where(generator.random(300) < 0.75, first, ~first)
    answers = {"ok": pa.array(np.stack([first, second], axis=1).tolist())}
    found = results_of({"a": [0] * 300}, ks.Judged(verdict="ok", graders="majority"), answers)[
        "all", "m", "cohen_kappa"
    ]
    assert found.value == pytest.approx(cohen_kappa_score(first, second))
    without = np.array([cohen_kappa_score(np.delete(first, i), np.delete(second, i)) for i in range(300)])
    error = math.sqrt(299 / 300 * ((without - without.mean()) ** 2).sum())
    assert (found.ci_high - found.ci_low) / 2 == pytest.approx(1.968 * error, rel=0.02)


@pytest.mark.sampled(2)
def test_intervals_of_alpha_are_those_of_the_jackknife() -> None:
    generator = np.random.default_rng(6)
    level = generator.integers(1, 5, 120)[:, np.newaxis] + generator.integers(-1, 2, (120, 3))
    grades = [
        [None if hole else int(one) for one, hole in zip(row, generator.random(3) < 0.2, strict=True)] for row in level
    ]
    results = results_of({"a": [0] * 120}, ks.Judged(score="grade", graders="mean"), {"grade": grades})
    for metric, distance in (("krippendorff_alpha_interval", interval), ("krippendorff_alpha_ordinal", ordinal)):
        units = [unit for unit in given_by(grades) if len(unit) > 1]
        without = np.array([krippendorff(units[:i] + units[i + 1 :], distance) for i in range(len(units))])
        error = math.sqrt((len(units) - 1) / len(units) * ((without - without.mean()) ** 2).sum())
        found = results["all", "m", metric]
        assert (found.ci_high - found.ci_low) / 2 == pytest.approx(1.98 * error, rel=0.03)


def test_more_than_two_graders_have_no_cohens_kappa_and_the_reason_says_so() -> None:
    results = results_of(SAMPLES, ks.Judged(verdict="ok", graders="majority"), {"ok": VERDICTS})
    assert results["all", "m", "cohen_kappa"].reason == (
        "Cohen's kappa compares two graders, and the lists have places for 3"
    )
    alone = results_of(SAMPLES, ks.Judged(verdict="ok"), {"ok": [True] * 6})
    assert "names no rule for the verdicts" in str(alone["all", "m", "fleiss_kappa"].reason)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"verdict": "ok", "graders": "most"}, "graders='most' is no rule; give majority, unanimous, mean"),
        ({"verdict": "ok", "graders": []}, "is no rule"),
        ({"verdict": "ok", "graders": "mean"}, r"name the list column that holds them \(score=\)"),
        ({"score": "s", "graders": ["mean", "median"]}, "names mean, median for one score; choose one"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ks.Judged(**options)


def test_a_column_without_lists_is_refused_when_it_is_uploaded() -> None:
    store = store_with(SAMPLES, ks.Judged(verdict="ok", graders="majority"))
    with pytest.raises(ChangedType, match="'ok' holds bool, the workflow needs a list of true or false"):
        store.upload_results("d", "m", table_of({"ok": [True] * 6}))
    with pytest.raises(ChangedType, match="'ok' holds list<.*: string>, the workflow needs a list of true"):
        store.upload_results("d", "m", table_of({"ok": [["yes"]] * 6}))
    store.upload_results("d", "m", table_of({"ok": [[1, 5]] * 6}))
    with pytest.raises(InvalidInput, match="column 'ok' holds 5.0, and a verdict is true or false"):
        store.test("d")


@pytest.mark.parametrize("kind", [pa.list_(pa.int32()), pa.large_list(pa.int32()), pa.list_(pa.int32(), 2)])
def test_grades_are_read_from_any_list_and_sliced_ones(kind: pa.DataType) -> None:
    lists = pa.array([[9, 9], [1, 2], None, [3, None]], kind).slice(1)
    grades = Grades.of_column(lists)
    assert (grades.counts.tolist(), places_of(lists)) == ([2, 0, 1], [2])
    assert grades.at(0).tolist()[::2] == [1, 3]
    assert np.isnan(grades.at(1)).tolist() == [False, True, True]
    assert grades.quantile(0.5).tolist()[::2] == [1.5, 3]
    assert Grades.of_column(pa.nulls(2)).counts.tolist() == [0, 0]
