"""Comparisons of models with a baseline: verdicts, families, what is left out, and what does not change them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_stores import Slices, missing, store_with, table_of, temporary_store

import kolena_store as ks
from kolena_store.errors import EmptyInput, InvalidInput, UnknownName

N = 300
LABELS = ks.Classification("y", "p", positive="yes")
EACH = {"first": "id < 150", "second": "id >= 150", "first again": "id <= 149", "few": "id < 12", "nobody": "id < 0"}


def answers(truth: list[str], wrong: range) -> dict[str, list[str]]:
    """Answers that are wrong on some samples alone."""
    other = {"yes": "no", "no": "yes"}
    return {"p": [other[label] if number in wrong else label for number, label in enumerate(truth)]}


TRUTH = ["yes" if number % 3 else "no" for number in range(N)]
MODELS = {
    "baseline": answers(TRUTH, range(150, 200)),
    "same": answers(TRUTH, range(150, 200)),
    "better": answers(TRUTH, range(150, 160)),
    "mixed": answers(TRUTH, range(0, 50)),
    "close": answers(TRUTH, range(152, 203)),
}


@pytest.fixture(scope="module")
def labels() -> ks.Store:
    store = store_with({"y": TRUTH}, LABELS, MODELS)
    store.apply_suite("d", Slices(predicates=EACH).text, name="slices")
    return store


def verdicts(found: ks.Comparison, metric: str = "accuracy") -> dict[str, str]:
    return {row["test_case"]: row["verdict"] for row in found if row["metric"] == metric}


def test_equal_models_have_no_difference(labels: ks.Store) -> None:
    found = labels.compare("d", "same", "baseline", "slices", metrics=["accuracy", "f1", "recall"])
    for row in found:
        if row["value"] is not None:
            assert (row["delta"], row["verdict"], row["detected"]) == (0.0, "inconclusive", False)
            assert row["p"] in (1.0, None)
    assert found["all", "same", "accuracy"].p == 1.0
    assert found["all", "same", "f1"].reason.startswith("no sample differs between the two models")
    tolerant = labels.compare("d", "same", "baseline", "slices", metrics=["accuracy"], tolerance={"accuracy": 0.05})
    assert verdicts(tolerant)["all"] == "equivalent"


def test_what_improved_and_what_regressed_is_told_apart(labels: ks.Store) -> None:
    found = labels.compare("d", "mixed", "baseline", "slices", metrics=["accuracy"])
    assert verdicts(found) == {
        "all": "inconclusive",
        "first": "regressed",
        "second": "improved",
        "first again": "regressed",
        "few": "regressed",
        "nobody": "inconclusive",
    }
    row = found["first", "mixed", "accuracy"]
    assert (row.n_only_model, row.n_only_baseline, row.n) == (0, 50, 150)
    assert row.delta == pytest.approx(-1 / 3)
    nobody = found["nobody", "mixed", "accuracy"]
    assert (nobody.delta, nobody.p, nobody.q, nobody.mde) == (None, None, None, None)
    assert nobody.reason == "no sample has both a label and a prediction"


def test_test_cases_with_the_same_samples_are_one_test(labels: ks.Store) -> None:
    found = labels.compare("d", "mixed", "baseline", "slices", metrics=["accuracy"])
    (pair,) = found.compared
    (family,) = pair.families
    assert (family.name, family.n_tests, family.n_distinct) == ("accuracy", 4, 3)
    assert found["first", "mixed", "accuracy"].q == found["first again", "mixed", "accuracy"].q
    assert "test cases with the same samples count once in a family: first again = first" in found.notes


@pytest.mark.usefixtures("unkept")
def test_a_tolerance_tells_what_is_as_good(labels: ks.Store) -> None:
    found = labels.compare("d", "close", "baseline", "slices", metrics=["accuracy"], tolerance={"accuracy": 0.06})
    row = found["all", "close", "accuracy"]
    assert (row.verdict, row.detected, row.tolerance) == ("equivalent", False, 0.06)
    assert row.q_equivalence < 0.05
    assert verdicts(labels.compare("d", "close", "baseline", "slices", metrics=["accuracy"]))["all"] == "inconclusive"


def test_a_small_difference_can_be_both_detected_and_equivalent(labels: ks.Store) -> None:
    found = labels.compare("d", "better", "baseline", metrics=["accuracy"], tolerance={"accuracy": 0.5})
    row = found["all", "better", "accuracy"]
    assert (row.verdict, row.detected) == ("equivalent", True)
    assert "equivalent, detected" in str(found) or "detected" in str(found).splitlines()[5]


def test_a_metric_without_a_better_direction_is_only_different() -> None:
    truth = np.arange(50.0)
    wobble = np.sin(truth)
    store = store_with({"y": truth}, ks.Regression("y", "p"), {"a": {"p": truth + 1 + wobble}, "b": {"p": truth}})
    found = store.compare("d", "a", "b")
    assert {row["metric"]: row["verdict"] for row in found} == {
        "bias": "different",
        "mae": "regressed",
        "rmse": "regressed",
    }


def test_a_correction_for_any_overlap_asks_for_more(labels: ks.Store) -> None:
    ways = ("benjamini-hochberg", "benjamini-yekutieli")
    hochberg, yekutieli = (
        labels.compare("d", "mixed", "baseline", "slices", metrics=["accuracy"], correction=way) for way in ways
    )
    factor = 1 + 1 / 2 + 1 / 3
    for case in ("first", "second"):
        q = hochberg[case, "mixed", "accuracy"].q
        assert yekutieli[case, "mixed", "accuracy"].q == pytest.approx(q * factor)


@pytest.mark.usefixtures("unkept")
def test_few_truths_and_few_differences_allow_no_verdict(labels: ks.Store) -> None:
    labels.apply_suite("d", 'CREATE VIEW "edge" AS SELECT * FROM test_samples WHERE id BETWEEN 40 AND 59;', name="edge")
    edge = labels.compare("d", "mixed", "baseline", "edge", metrics=["f1"])["edge", "mixed", "f1"]
    assert (edge.verdict, edge.reason) == (
        "inconclusive",
        "too few truths for a verdict: 14 of a class, and it takes 20",
    )
    close = labels.compare("d", "close", "baseline", "slices", metrics=["f1"])["all", "close", "f1"]
    assert close.reason == "too few differences for a verdict: 5 samples differ, and it takes 10"
    assert close.p is not None


def test_counts_have_no_test(labels: ks.Store) -> None:
    row = labels.compare("d", "mixed", "baseline", metrics=["true_positives"])["all", "mixed", "true_positives"]
    assert row.delta is not None
    assert (row.p, row.verdict, row.reason) == (None, "inconclusive", "not tested: a count has no interval")


@pytest.mark.usefixtures("unkept")
def test_a_positive_class_has_rows_of_the_whole_and_classes_on_request(labels: ks.Store) -> None:
    whole = labels.compare("d", "mixed", "baseline", metrics=["recall"])
    assert [row["class"] for row in whole] == [None]
    by_class = labels.compare("d", "mixed", "baseline", metrics=["recall"], by_class=True)
    assert [row["class"] for row in by_class] == [None, "no", "yes"]
    assert by_class["all", "mixed", "recall", "yes"].delta == whole["all", "mixed", "recall"].delta
    assert {row["family"] for row in by_class} == {"recall on all", "recall by class"}


# --- what does not matter ---


def numbers(scale: float = 1.0) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=N)
    found = {model: truth + spread * rng.normal(size=N) for model, spread in (("a", 0.5), ("b", 0.6), ("c", 0.9))}
    return {"y": scale * truth}, {model: {"p": scale * one} for model, one in found.items()}


def test_units_don_t_matter() -> None:
    metres, millimetres = (
        store_with(samples, ks.Regression("y", "p"), models).compare(
            "d", "a", "b", metrics=["mae", "rmse", "r2", "median_absolute_error"]
        )
        for samples, models in (numbers(), numbers(1_000.0))
    )
    for here, there in zip(metres, millimetres, strict=True):
        factor = 1 if here["metric"] == "r2" else 1_000
        assert there["delta"] == pytest.approx(factor * here["delta"], rel=1e-9)
        assert there["p"] == pytest.approx(here["p"], rel=1e-6)
        assert there["verdict"] == here["verdict"]


def test_row_order_label_names_and_a_third_model_don_t_matter(labels: ks.Store) -> None:
    order = np.random.default_rng(5).permutation(N)
    renamed = {"yes": "ja", "no": "'nein'"}
    store = temporary_store()
    with store.transaction():
        samples = table_of({"y": [renamed[label] for label in TRUTH]})
        store.upload_dataset(
            "d", samples.take(pa.array(order)), id_fields=["id"], workflow=ks.Classification("y", "p", positive="ja")
        )
        for model in ("baseline", "mixed"):
            columns = {"p": [renamed[label] for label in MODELS[model]["p"]]}
            store.upload_results("d", model, table_of(columns).take(pa.array(order[::-1])))
        store.apply_suite("d", Slices(predicates=EACH).text, name="slices")
    metrics = ["accuracy", "f1", "mcc"]
    found = store.compare("d", "mixed", "baseline", "slices", metrics=metrics).rows()
    together = labels.compare("d", ["better", "mixed"], "baseline", "slices", metrics=metrics).rows()
    expected = [row for row in together if row["model"] == "mixed"]
    for here, there in zip(found, expected, strict=True):
        assert {**here, "comparison": 0} == pytest.approx({**there, "comparison": 0})


def test_several_models_are_compared_as_each_by_itself(labels: ks.Store) -> None:
    metrics = ["accuracy", "precision"]
    together = labels.compare("d", None, "baseline", "slices", metrics=metrics, alpha=0.04)
    assert together.models == ("same", "better", "mixed", "close")
    alone = labels.compare("d", "mixed", "baseline", "slices", metrics=metrics, alpha=0.04)
    assert [row for row in together.rows() if row["model"] == "mixed"] == alone.rows()


# --- what is kept ---


@pytest.mark.sampled(2)
def test_a_comparison_is_found_again_until_something_changes(tmp_path: Path) -> None:
    samples, models = numbers()
    store = store_with(samples, ks.Regression("y", "p"), models)
    first, again = (store.compare("d", "a", "b").compared[0].comparison for _ in range(2))
    assert first == again
    assert store.compare("d", "a", "b", alpha=0.01).compared[0].comparison != first
    store.upload_results("d", "a", table_of({"p": models["c"]["p"]}))
    newer = store.compare("d", "a", "b").compared[0]
    assert newer.comparison != first
    assert newer.results_version == 2
    marked = store.sql("SELECT DISTINCT comparison, outdated FROM kolena.comparisons ORDER BY comparison").pl().rows()
    assert dict(marked)[first]
    assert not dict(marked)[newer.comparison]


def test_the_published_rows_are_those_of_the_result(labels: ks.Store) -> None:
    found = labels.compare("d", "mixed", "baseline", "slices")
    number = found.compared[0].comparison
    names = ", ".join(f'"{name}"' for name in found.arrow().column_names)
    published = labels.sql(f"SELECT {names} FROM kolena.comparisons WHERE comparison = {number}").arrow()
    key = ("test_case", "metric")
    assert sorted(published.to_pylist(), key=lambda row: [row[name] for name in key]) == sorted(
        found.rows(), key=lambda row: [row[name] for name in key]
    )


def test_a_damaged_comparison_is_forgotten_and_made_again(tmp_path: Path) -> None:
    samples, models = numbers()
    store = ks.Store(tmp_path / "s")
    store.upload_dataset("d", table_of(samples), id_fields=["id"], workflow=ks.Regression("y", "p"))
    for model in "ab":
        store.upload_results("d", model, table_of(models[model]))
    before = store.compare("d", "a", "b").rows()
    (file,) = (tmp_path / "s" / "data" / "comparisons").glob("*.parquet")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-9])
    assert [one.kind for one in store.verify().findings] == ["file"]
    assert store.verify(repair=True).repaired == ("forgot the comparison of a with b on d, for the next one to make",)
    assert store.sql("SELECT count(*) AS n FROM kolena.comparisons").rows() == [{"n": 0}]
    after = store.compare("d", "a", "b").rows()
    assert [{**row, "comparison": 0} for row in after] == [{**row, "comparison": 0} for row in before]


@pytest.mark.sampled(2)
def test_small_files_of_comparisons_become_one_and_stay_readable() -> None:
    samples, models = numbers()
    store = store_with(samples, ks.Regression("y", "p"), models)
    found = [store.compare("d", "a", "b", alpha=0.01 + number / 1_000) for number in range(8)]
    report = store.gc(grace=0)
    assert "comparisons" in {one.what for one in report.compacted}
    assert len(list((store.path / "data" / "comparisons").glob("*.parquet"))) == 1
    assert store.compare("d", "a", "b", alpha=0.01).rows() == found[0].rows()
    assert store.verify().is_sound


@pytest.mark.sampled(2)
def test_a_merge_leaves_comparisons_where_they_are(tmp_path: Path) -> None:
    samples, models = numbers()
    store = store_with(samples, ks.Regression("y", "p"), models)
    store.compare("d", "a", "b")
    here = ks.Store(tmp_path / "here")
    left = [thing for thing in here.merge(store.path).things if thing.kind == "comparison"]
    assert [(one.name, one.outcome) for one in left] == [("a against b on all", "left out")]
    assert here.compare("d", "a", "b").rows()[0]["p"] == store.compare("d", "a", "b").rows()[0]["p"]


# --- which samples count ---


def test_samples_whose_value_one_model_lacks_are_left_out_for_both() -> None:
    verdict = [True] * 40 + [False] * 20
    holes = np.arange(60) % 6 == 0
    store = store_with(
        {"k": list(range(60))}, ks.Judged("ok"), {"a": {"ok": missing(verdict, holes)}, "b": {"ok": verdict[::-1]}}
    )
    found = store.compare("d", "a", "b")
    row = found["all", "a", "pass_rate"]
    assert (row.n, row.baseline_n, row.n_samples, row.n_missing + row.n_null) == (50, 50, 60, 10)
    kept = ~holes
    assert row.value == np.array(verdict)[kept].mean()
    assert row.baseline == np.array(verdict[::-1])[kept].mean()


def test_a_measure_that_one_model_lacks_here_and_there_is_paired() -> None:
    rng = np.random.default_rng(1)
    truth = np.where(rng.random(80) < 0.5, "yes", "no")
    scores = {model: rng.random(80) for model in "ab"}
    holes = np.arange(80) % 4 == 0
    columns = {
        "a": {"p": truth.tolist(), "s": missing(scores["a"], holes)},
        "b": {"p": truth.tolist(), "s": scores["b"].tolist()},
    }
    workflow = ks.Classification("y", "p", score="s", positive="yes")
    row = store_with({"y": truth.tolist()}, workflow, columns).compare("d", "a", "b", metrics=["log_loss", "accuracy"])
    of_scores, of_labels = row["all", "a", "log_loss"], row["all", "a", "accuracy"]
    assert (of_scores.n, of_scores.baseline_n, of_scores.n_null) == (60, 60, 20)
    assert (of_labels.n, of_labels.n_null) == (80, 0)
    chance = np.clip(np.where(truth == "yes", scores["b"], 1 - scores["b"]), 1e-15, 1)
    assert of_scores.baseline == pytest.approx(-np.log(chance[~holes]).mean(), rel=1e-6)


def test_test_cases_of_inference_metadata_take_what_was_shown_so_to_both() -> None:
    store = temporary_store()
    with store.transaction():
        store.upload_dataset("d", table_of({"y": TRUTH}), id_fields=["id"], workflow=LABELS)
        for model, step in (("baseline", 2), ("mixed", 3)):
            shown = ["dark" if number % step == 0 else "light" for number in range(N)]
            store.upload_results(
                "d", model, table_of({**MODELS[model], "exposure": shown}), metadata_fields=["exposure"]
            )
        store.apply_suite("d", "CREATE VIEW dark AS SELECT * FROM inferences WHERE exposure = 'dark';", name="shown")
    found = store.compare("d", "mixed", "baseline", "shown", metrics=["accuracy"])
    row, both = found["dark", "mixed", "accuracy"], np.arange(0, N, 6)
    assert (row.n, row.n_samples) == (len(both), len(both))
    right = [np.array(MODELS[model]["p"])[both] == np.array(TRUTH)[both] for model in ("mixed", "baseline")]
    assert row.delta == pytest.approx(right[0].mean() - right[1].mean())
    assert any("only the samples that were shown so to both models count on dark" in note for note in found.notes)


def test_a_class_that_one_model_made_up_is_named_and_has_no_difference() -> None:
    truth = ["cat", "dog"] * 40
    guess = ["cow" if number % 10 == 0 else label for number, label in enumerate(truth)]
    store = store_with({"y": truth}, ks.Classification("y", "p"), {"a": {"p": guess}, "b": {"p": truth}})
    found = store.compare("d", "a", "b", metrics=["f1", "f1_macro", "accuracy"])
    assert {row["class"] for row in found if row["metric"] == "f1"} == {"cat", "dog"}
    assert "only a predicts cow, so there is no difference from b by these classes" in found.notes
    assert found["all", "a", "accuracy"].delta == pytest.approx(-0.1)


def test_fewer_than_five_clusters_allow_no_verdict() -> None:
    samples, models = numbers()
    store = temporary_store()
    columns = {**samples, "patient": [number // 75 for number in range(N)]}
    store.upload_dataset("d", table_of(columns), id_fields=["id"], workflow=ks.Regression("y", "p"), cluster="patient")
    for model in "ac":
        store.upload_results("d", model, table_of(models[model]))
    row = store.compare("d", "a", "c", metrics=["mae"])["all", "a", "mae"]
    assert row.delta is not None
    assert (row.p, row.ci_low, row.verdict) == (None, None, "inconclusive")
    assert row.reason == "no interval: 4 clusters, and an interval needs 5"


def test_labels_and_quantiles_by_the_list_are_paired_by_sample() -> None:
    rng = np.random.default_rng(2)
    tags = np.array(["a", "b", "c"])

    def drawn(chance: float) -> list[list[str]]:
        return [tags[rng.random(3) < chance].tolist() for _ in range(120)]

    store = store_with(
        {"y": drawn(0.5)}, ks.MultilabelClassification("y", "p"), {"u": {"p": drawn(0.5)}, "v": {"p": drawn(0.4)}}
    )
    rows = store.compare("d", "u", "v", metrics=["f1_macro", "f1_samples", "accuracy", "recall"]).rows()
    assert {(row["metric"], row["test"]) for row in rows} >= {
        ("f1_macro", "paired linearised t"),
        ("accuracy", "mcnemar mid-p"),
        ("recall", "mcnemar mid-p"),
    }
    assert {row["class"] for row in rows if row["metric"] == "recall"} == {"a", "b", "c"}


# --- user metrics ---

OWN = """
-- metric: mean_error   better: lower   unit: m   interval: ratio
SELECT avg(abs(i.p - g.y)) AS value, count(*) AS n FROM results;
-- metric: middle_error   better: lower   unit: m   interval: bootstrap
SELECT median(abs(i.p - g.y)) AS value FROM results;
-- metric: near   better: higher   unit: share
SELECT count(*) FILTER (abs(i.p - g.y) < 0.5) / count(*) AS value, count(*) FILTER (abs(i.p - g.y) < 0.5) AS successes,
    count(*) AS n FROM results;
-- metric: worst   better: lower   unit: m
SELECT max(abs(i.p - g.y)) AS value FROM results;
"""


@pytest.mark.sampled(2)
def test_metrics_of_the_user_are_tested_by_what_their_header_says() -> None:
    samples, models = numbers()
    store = store_with(samples, ks.Regression("y", "p"), models)
    store.apply_metrics("d", OWN)
    names = ["mae", "median_absolute_error", "mean_error", "middle_error", "near", "worst"]
    found = store.compare("d", "a", "c", metrics=names, tolerance={"mean_error": 1.0})
    brought, own = found["all", "a", "mae"], found["all", "a", "mean_error"]
    for name in ("value", "baseline", "delta", "ci_low", "ci_high", "p", "mde"):
        assert getattr(own, name) == pytest.approx(getattr(brought, name), rel=1e-6), name
    assert own.verdict == "equivalent"
    middle = found["all", "a", "middle_error"]
    assert middle.test == "paired bootstrap t"
    assert middle.ci_high - middle.ci_low == pytest.approx(
        found["all", "a", "median_absolute_error"].ci_high - found["all", "a", "median_absolute_error"].ci_low, rel=0.5
    )
    near = found["all", "a", "near"]
    assert (near.test, near.verdict) == ("paired linearised t", "improved")
    worst = found["all", "a", "worst"]
    assert (worst.p, worst.verdict) == (None, "inconclusive")
    assert (
        worst.reason == "not tested: the metric's header names no interval (interval: proportion, ratio or bootstrap)"
    )


def test_a_custom_workflow_compares_the_metrics_that_it_has() -> None:
    samples, models = numbers()
    store = store_with(samples, ks.Custom(), models)
    with pytest.raises(InvalidInput, match="has no metric yet"):
        store.compare("d", "a", "b")
    store.apply_metrics("d", OWN.split("-- metric: middle_error")[0].replace("g.y", "s.y"))
    assert [row["metric"] for row in store.compare("d", "a", "c")] == ["mean_error"]


# --- what people hold ---


def test_a_comparison_is_a_table_in_every_form(labels: ks.Store) -> None:
    found = labels.compare("d", ["mixed", "better"], "baseline", "slices", metrics=["accuracy"])
    assert len(found) == found.arrow().num_rows == found.pl().height == len(found.df()) == 12
    wide = found.table()
    assert wide.height == 12
    assert wide.columns[-1].startswith("verdict")
    assert found["first", "mixed", "accuracy"].verdict == "regressed"
    with pytest.raises(UnknownName, match="did you mean 'first'"):
        found["frist", "mixed", "accuracy"]
    with pytest.raises(UnknownName, match="compared model"):
        found["first", "close", "accuracy"]
    with pytest.raises(InvalidInput, match="name a test case, a model and a metric"):
        found["first", "mixed"]


@pytest.mark.usefixtures("unkept")
def test_confirmed_regressions_are_printed_first(labels: ks.Store) -> None:
    text = str(
        labels.compare("d", "mixed", "baseline", "slices", metrics=["accuracy"], correction="benjamini-yekutieli")
    )
    lines = text.splitlines()
    assert lines[0] == "d · slices version 1 · accuracy: mixed against baseline"
    order = [line[:11].strip() for line in lines if "regressed" in line or "improved" in line or "inconcl" in line]
    assert order[:6] == ["first", "first again", "few", "second", "all", "nobody"]
    assert all(len(line) <= 80 for line in lines)
    assert "mixed against baseline: 3 regressed, 1 improved, 2 inconclusive" in text
    said = " ".join(text.split())
    assert "Benjamini and Yekutieli over 4 tests, 3 of them distinct, of accuracy; all stands alone" in said
    assert "no tolerance is given" in said
    assert "<table>" in labels.compare("d", "mixed", "baseline")._repr_html_()


def test_the_samples_that_only_one_model_got_right_are_listed(labels: ks.Store) -> None:
    found = labels.differing_samples("d", "mixed", "baseline", "slices", test_case="all")
    assert (found.metric, found.n_common, len(found)) == ("accuracy", N, 100)
    rows = found.rows()
    assert [row["id"] for row in rows[:50]] == list(range(50))
    assert {(row["model_value"], row["baseline_value"]) for row in rows[50:]} == {(1.0, 0.0)}
    of_class = labels.differing_samples("d", "mixed", "baseline", metric="recall", class_name="no")
    assert {TRUTH[row["id"]] for row in of_class} == {"no"}
    assert "100 of 300 samples that both answered count otherwise" in " ".join(str(found).split())


def test_of_a_mean_the_samples_with_the_largest_loss_come_first() -> None:
    samples, models = numbers()
    store = store_with(samples, ks.Regression("y", "p"), models)
    found = store.differing_samples("d", "a", "c", metric="mae").rows()
    errors = {model: np.abs(samples["y"] - models[model]["p"]) for model in "ac"}
    order = np.argsort(errors["c"] - errors["a"], kind="stable")
    assert [row["id"] for row in found] == order.tolist()
    assert found[0]["model_value"] == pytest.approx(errors["a"][order[0]])


WRONG: Mapping[str, tuple[dict[str, Any], type[Exception], str]] = {
    "alpha": ({"alpha": 0.7}, InvalidInput, "alpha=0.7 must lie above 0 and below 0.5"),
    "correction": ({"correction": "bonferroni"}, InvalidInput, "correction='bonferroni' is none of"),
    "test": ({"test": "t"}, InvalidInput, "test='t' is none of default, exact, permutation"),
    "tolerance": (
        {"tolerance": {"accuracy": -1}},
        InvalidInput,
        "the tolerance -1 of accuracy must be a number above 0",
    ),
    "metric of a tolerance": ({"tolerance": {"acuracy": 0.1}}, UnknownName, "did you mean 'accuracy'"),
    "metric": ({"metrics": ["mae"]}, UnknownName, "mae belongs to regression"),
    "no metric": ({"metrics": []}, InvalidInput, "names no metric"),
    "suite": ({"suite": "slice"}, UnknownName, "did you mean 'slices'"),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("what", WRONG)
def test_what_can_t_be_is_refused(what: str, labels: ks.Store) -> None:
    options, error, message = WRONG[what]
    with pytest.raises(error, match=message):
        labels.compare("d", "mixed", "baseline", **options)


def test_models_that_can_t_be_compared_are_refused(labels: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="'mixed' is the baseline, and has no difference from itself"):
        labels.compare("d", ["mixed"], "mixed")
    with pytest.raises(UnknownName, match="did you mean 'mixed'"):
        labels.compare("d", "mixd", "baseline")
    with pytest.raises(InvalidInput, match="mcc says nothing of single samples"):
        labels.differing_samples("d", "mixed", "baseline", metric="mcc")
    with pytest.raises(UnknownName, match="test case in suite"):
        labels.differing_samples("d", "mixed", "baseline", "slices", test_case="third")
    empty = store_with({"y": TRUTH}, LABELS)
    with pytest.raises((UnknownName, EmptyInput)):
        empty.compare("d", None, "baseline")


def test_one_model_under_two_upload_configurations_can_be_compared_with_itself() -> None:
    store = temporary_store()
    store.upload_dataset("d", table_of({"y": TRUTH}), id_fields=["id"], workflow=LABELS)
    for model, temperature in (("baseline", 0), ("mixed", 1)):
        store.upload_results("d", "m", table_of(MODELS[model]), upload_configuration={"temperature": temperature})
    with pytest.raises(InvalidInput, match="several upload configurations; name one of them: "):
        store.compare("d", None, "m")
    found = store.compare("d", "m", 'm {"temperature":0}', metrics=["accuracy"])
    assert found.models == ('m {"temperature":1}',)
    row = found["all", "m", "accuracy"]
    assert (row.upload_configuration, row.baseline_upload_configuration) == ('{"temperature":1}', '{"temperature":0}')
