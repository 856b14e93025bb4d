"""What comparisons of models on real data sets can say, and what they cannot; the data lie beside the checkout."""

import numpy as np
import polars as pl
import pytest
from real_data import DATA, NEEDS_REAL_DATA
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

import kolena_store as ks

pytestmark = NEEDS_REAL_DATA

CLOSE = {"rel": 1e-9, "abs": 1e-12}


# --- GSM8K: a model that is better overall, and not at four steps ---


@pytest.fixture(scope="module")
def solutions(tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    folder = DATA / "gsm8k_solutions" / "tidy"
    store = ks.Store(tmp_path_factory.mktemp("gsm8k") / "store")
    store.upload_dataset("gsm8k", folder / "samples.parquet", workflow=ks.Judged(verdict="is_correct"))
    store.upload_results("gsm8k", None, folder / "predictions.parquet", model_field="model")
    return store


@pytest.fixture(scope="module")
def verification(solutions: ks.Store) -> ks.Comparison:
    return solutions.compare("gsm8k", "6b_verification", "175b_finetuning", by=["n_steps"])


def found(comparison: ks.Comparison, test_case: str) -> ks.Difference:
    return comparison[test_case, "6b_verification", "pass_rate"]


def test_the_better_model_is_better_overall_and_at_two_steps(verification: ks.Comparison) -> None:
    for test_case, delta in (("all", 0.043), ("n_steps = 2", 0.126)):
        one = found(verification, test_case)
        assert one.verdict == "improved"
        assert one.delta == pytest.approx(delta, abs=5e-4)


def test_its_loss_at_four_steps_is_more_than_the_data_can_support(verification: ks.Comparison) -> None:
    one = found(verification, "n_steps = 4")
    assert (one.value, one.baseline) == pytest.approx((0.266, 0.290), abs=5e-4)
    assert one.verdict == "inconclusive"
    assert one.ci_low is not None
    assert one.ci_high is not None
    assert one.ci_low < 0 < one.ci_high
    assert one.mde is not None
    assert one.mde > abs(one.delta or 0)
    text = str(verification)
    assert "2 improved, 8 inconclusive" in " ".join(text.split())
    assert text.index("n_steps = 2") < text.index("n_steps = 4")


def test_differences_of_solutions_have_the_figures_of_other_programs(verification: ks.Comparison) -> None:
    folder = DATA / "gsm8k_solutions" / "tidy"
    verdicts = pl.read_parquet(folder / "predictions.parquet").pivot(on="model", index="id", values="is_correct")
    both = pl.read_parquet(folder / "samples.parquet").select("id", "n_steps").join(verdicts, on="id")
    a, b = (both[model].to_numpy().astype(bool) for model in ("6b_verification", "175b_finetuning"))
    steps = both["n_steps"].to_numpy()
    p = []
    for number in sorted(set(steps.tolist())):
        one, of_case = found(verification, f"n_steps = {number}"), steps == number
        only_a, only_b = int((a & ~b & of_case).sum()), int((b & ~a & of_case).sum())
        assert (one.n_only_model, one.n_only_baseline) == (only_a, only_b)
        exact = mcnemar(np.array([[0, only_a], [only_b, 0]]), exact=True).pvalue
        mid = exact - stats.binom.pmf(only_a, only_a + only_b, 0.5) if only_a != only_b else 1.0
        assert one.p == pytest.approx(mid, **CLOSE)
        p.append(mid)
    q = [found(verification, f"n_steps = {number}").q for number in sorted(set(steps.tolist()))]
    assert q == pytest.approx(multipletests(p, method="fdr_bh")[1].tolist(), **CLOSE)


def test_the_solutions_behind_a_difference_can_be_read(solutions: ks.Store, verification: ks.Comparison) -> None:
    one = found(verification, "n_steps = 4")
    samples = solutions.differing_samples(
        "gsm8k", "6b_verification", "175b_finetuning", by=["n_steps"], test_case="n_steps = 4"
    )
    assert len(samples.rows()) == (one.n_only_model or 0) + (one.n_only_baseline or 0)


# --- CIFAR-10 and 10.1: the drop of each model, on different samples ---


@pytest.fixture(scope="module")
def classifiers(tmp_path_factory: pytest.TempPathFactory) -> ks.Comparison:
    """Thirty classifiers beside the oldest one, within each of three test sets."""
    folder = DATA / "cifar10_models" / "tidy"
    store = ks.Store(tmp_path_factory.mktemp("cifar") / "store")
    store.upload_dataset("cifar", folder / "samples.parquet", workflow=ks.Classification("label"))
    store.upload_results("cifar", None, folder / "predictions.parquet", model_field="model")
    return store.compare("cifar", None, "alexnet_tf_ben", by=["dataset"], metrics=["accuracy"])


def test_classifiers_are_paired_within_each_test_set(classifiers: ks.Comparison) -> None:
    assert len(classifiers.models) == 29
    folder = DATA / "cifar10_models" / "tidy"
    expected = pl.read_csv(folder / "expected_accuracy.csv")
    accuracy = {(row["dataset"], row["model"]): (row["n"], row["accuracy"]) for row in expected.rows(named=True)}
    for name in ("cifar10_test", "cifar10.1_v6"):
        n, baseline = accuracy[name, "alexnet_tf_ben"]
        for model in classifiers.models:
            one = classifiers[f"dataset = {name}", model, "accuracy"]
            assert one.n == one.baseline_n == n
            assert one.delta == pytest.approx(accuracy[name, model][1] - baseline, **CLOSE)


def test_a_gain_on_the_new_test_set_is_another_statement_than_one_on_the_old(classifiers: ks.Comparison) -> None:
    """How much less a model drops than the baseline: two differences on different samples, their errors added."""
    old, new = (classifiers[f"dataset = {name}", "darc", "accuracy"] for name in ("cifar10_test", "cifar10.1_v6"))
    assert (old.n, new.n) == (10_000, 2_000)
    error = [(one.ci_high - one.ci_low) / 2 / 1.96 for one in (old, new)]  # type: ignore[operator]
    z = (new.delta - old.delta) / np.hypot(*error)  # type: ignore[operator]
    assert z > 4  # the better classifier loses less under the shift
    assert not any("10.1" in row["test_case"] and row["n"] == 10_000 for row in classifiers.rows())


def test_each_model_has_its_own_family(classifiers: ks.Comparison) -> None:
    """Corrected over the three test sets of one model, `all` alone, as many calls say the same."""
    for model in classifiers.models:
        rows = [row for row in classifiers.rows() if row["model"] == model and row["test_case"] != "all"]
        q = multipletests([row["p"] for row in rows], method="fdr_bh")[1]
        assert [row["q"] for row in rows] == pytest.approx(q.tolist(), **CLOSE)


# --- COVID-19: models with missing forecasts ---

KEY = ["location", "target_type", "target_end_date", "forecast_date", "horizon"]


@pytest.fixture(scope="module")
def forecasts() -> pl.DataFrame:
    rows = pl.read_csv(DATA / "covid_forecast_hub" / "median_point_forecasts.csv", try_parse_dates=True)
    return rows.with_columns(pl.col("horizon").cast(pl.Int64))


@pytest.fixture(scope="module")
def covid(tmp_path_factory: pytest.TempPathFactory, forecasts: pl.DataFrame) -> ks.Store:
    store = ks.Store(tmp_path_factory.mktemp("covid") / "store")
    samples = forecasts.select([*KEY, "location_name", "observed"]).unique(maintain_order=True)
    store.upload_dataset("covid", samples, id_fields=KEY, workflow=ks.Regression("observed", prediction="predicted"))
    store.upload_results("covid", None, forecasts.select([*KEY, "model", "predicted"]), model_field="model")
    return store


def test_models_are_compared_where_both_forecast(covid: ks.Store, forecasts: pl.DataFrame) -> None:
    pair = ("EuroCOVIDhub-ensemble", "epiforecasts-EpiNow2")
    comparison = covid.compare("covid", *pair, by=["target_type"], metrics=["mae"])
    one = comparison["target_type = Deaths", pair[0], "mae"]
    assert (one.n, one.baseline_n) == (119, 119)
    deaths = forecasts.filter(pl.col("target_type") == "Deaths", pl.col("model").is_in(pair))
    errors = deaths.with_columns(error=(pl.col("predicted") - pl.col("observed")).abs())
    both = errors.pivot(on="model", index=KEY, values="error").drop_nulls()
    difference = (both[pair[0]] - both[pair[1]]).to_numpy()
    test = stats.ttest_1samp(difference, 0)
    bounds = test.confidence_interval()
    assert one.delta == pytest.approx(difference.mean(), **CLOSE)
    assert one.p == pytest.approx(test.pvalue, **CLOSE)
    assert (one.ci_low, one.ci_high) == pytest.approx((bounds.low, bounds.high), **CLOSE)
    assert "9 answered by EuroCOVIDhub-ensemble alone" in " ".join(str(comparison).split())


def test_a_model_without_forecasts_of_cases_has_no_difference_there(covid: ks.Store) -> None:
    comparison = covid.compare("covid", "UMass-MechBayes", "EuroCOVIDhub-baseline", by=["target_type"], metrics=["mae"])
    one = comparison["target_type = Cases", "UMass-MechBayes", "mae"]
    assert (one.n, one.delta, one.p, one.verdict) == (0, None, None, "inconclusive")
    assert one.reason
    assert comparison["target_type = Deaths", "UMass-MechBayes", "mae"].verdict == "improved"
    assert comparison["all", "UMass-MechBayes", "mae"].n == 128
