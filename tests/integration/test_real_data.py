"""Published numbers of real data sets, through the public API; the data lie beside the checkout and are never copied."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from real_data import BRIER_AND_ACCURACY, DATA, FOOTBALL_WITHOUT_TIES, N_DECIDED, N_TIES, NEEDS_REAL_DATA

import kolena_store as ks

pytestmark = NEEDS_REAL_DATA

EXACT = {"rel": 1e-12, "abs": 1e-12}


# --- CIFAR-10: thirty classifiers on three test sets ---


@pytest.fixture(scope="module")
def cifar(tmp_path_factory: pytest.TempPathFactory) -> ks.TestResults:
    """The accuracy of thirty classifiers on each of three test sets."""
    folder = DATA / "cifar10_models" / "tidy"
    store = ks.Store(tmp_path_factory.mktemp("cifar") / "store")
    store.upload_dataset("cifar", folder / "samples.parquet", workflow=ks.Classification("label"))
    reports = store.upload_results("cifar", None, folder / "predictions.parquet", model_field="model")
    assert isinstance(reports, list)
    assert [(report.inserted, report.missing) for report in reports] == [(14_021, 0)] * 30
    return store.test("cifar", by=["dataset"], metrics=["accuracy"])


def test_thirty_classifiers_have_their_ninety_accuracies(cifar: ks.TestResults) -> None:
    expected = pl.read_csv(DATA / "cifar10_models" / "tidy" / "expected_accuracy.csv").rows(named=True)
    assert len(expected) == 90
    for row in expected:
        found = cifar[f"dataset = {row['dataset']}", row["model"], "accuracy"]
        assert (found.n, found.n_samples, found.n_missing) == (row["n"], row["n"], 0)
        assert found.value == pytest.approx(row["accuracy"], **EXACT)


def test_every_classifier_loses_under_the_shift(cifar: ks.TestResults) -> None:
    for model in cifar.models:
        names = ("dataset = cifar10_test", "dataset = cifar10.1_v6")
        old, new = (cifar[name, model, "accuracy"].value for name in names)
        assert old is not None
        assert new is not None
        assert old > new


# --- FiveThirtyEight: chances of games ---

WITHOUT_TIES = 'CREATE VIEW "without ties" AS SELECT * FROM test_samples WHERE prob1_outcome <> 0.5;'
WITHOUT_TIES_IN = 'CREATE VIEW "without ties in {season}" AS SELECT * FROM "without ties" WHERE season = {season};'


def games(league: str) -> pl.DataFrame:
    """Return the games of a league, numbered: teams meet twice a day in some."""
    path = DATA / "fivethirtyeight_forecasts" / f"{league}_games.csv"
    return pl.read_csv(
        path, schema_overrides={"prob1_outcome": pl.Float64, "prob2_outcome": pl.Float64}
    ).with_row_index("id")


def uploaded(store: ks.Store, league: str) -> None:
    workflow = ks.Classification("prob1_outcome", score="prob1", positive=1)
    store.upload_dataset(league, games(league), workflow=workflow, predictions={"538": "prob1"})


def brier(frame: pl.DataFrame) -> float:
    """Return the mean squared distance from the outcome; a tie (baseball had one) was not won."""
    return float(np.mean((frame["prob1"].to_numpy() - (frame["prob1_outcome"].to_numpy() == 1)) ** 2))


def accuracy(frame: pl.DataFrame) -> float:
    return float(np.mean((frame["prob1"].to_numpy() >= 0.5) == (frame["prob1_outcome"].to_numpy() == 1)))


def ranking(frame: pl.DataFrame) -> float:
    """Return how often a won game had the higher chance than a lost one, by counting all pairs."""
    is_won = pl.col("prob1_outcome") == 1
    won, lost = (frame.filter(condition)["prob1"].to_numpy() for condition in (is_won, ~is_won))
    pairs = won[:, None] - lost[None, :]
    return float((np.sum(pairs > 0) + np.sum(pairs == 0) / 2) / pairs.size)


ORACLES: dict[str, Callable[[pl.DataFrame], float]] = {
    "brier_score": brier,
    "accuracy": accuracy,
    "roc_auc": ranking,
}


@pytest.mark.parametrize("league", BRIER_AND_ACCURACY)
def test_a_league_has_its_published_numbers_and_those_of_each_season(store: ks.Store, league: str) -> None:
    uploaded(store, league)
    results = store.test(league, by=["season"], metrics=list(ORACLES))
    published_brier, published_accuracy = BRIER_AND_ACCURACY[league]
    assert results["all", "538", "brier_score"].value == pytest.approx(published_brier, abs=5e-5)
    assert results["all", "538", "accuracy"].value == pytest.approx(published_accuracy, abs=5e-5)
    for (season,), frame in games(league).group_by("season"):
        for metric, oracle in ORACLES.items():
            found = results[f"season = {season}", "538", metric]
            assert found.n_samples == len(frame)
            assert found.value == pytest.approx(oracle(frame), **EXACT), (season, metric)


@pytest.fixture(scope="module")
def football(tmp_path_factory: pytest.TempPathFactory) -> ks.TestResults:
    """The forecasts of football games, of all that were decided and of those of each season."""
    store = ks.Store(tmp_path_factory.mktemp("football") / "store")
    uploaded(store, "nfl")
    seasons = games("nfl")["season"].unique().sort()
    views = (WITHOUT_TIES_IN.format(season=season) for season in seasons)
    return store.test("nfl", suite=store.apply_suite("nfl", "\n".join([WITHOUT_TIES, *views]), name="ties"))


def decided() -> pl.DataFrame:
    return games("nfl").filter(pl.col("prob1_outcome") != 0.5)


def test_football_without_its_ties(football: ks.TestResults) -> None:
    published_brier, published_accuracy = FOOTBALL_WITHOUT_TIES
    assert len(games("nfl")) - len(decided()) == N_TIES
    assert football["without ties", "538", "accuracy"].n == len(decided()) == N_DECIDED
    assert football["without ties", "538", "brier_score"].value == pytest.approx(published_brier, abs=5e-5)
    assert football["without ties", "538", "accuracy"].value == pytest.approx(published_accuracy, abs=5e-5)
    for metric, oracle in ORACLES.items():
        assert football["without ties", "538", metric].value == pytest.approx(oracle(decided()), **EXACT)


def test_football_of_each_season_without_its_ties(football: ks.TestResults) -> None:
    seasons = dict(iter(decided().group_by("season")))
    assert len(seasons) == 7
    for (season,), frame in seasons.items():
        for metric, oracle in ORACLES.items():
            found = football[f"without ties in {season}", "538", metric]
            assert found.n_samples == found.n == len(frame)
            assert found.value == pytest.approx(oracle(frame), **EXACT), (season, metric)


# --- COVID-19: point forecasts of four models ---

KEY = ["location", "target_type", "target_end_date", "forecast_date", "horizon"]


@pytest.fixture
def covid(store: ks.Store) -> ks.Store:
    """A store with what was to be forecast, and what four models forecast."""
    rows = pl.read_csv(DATA / "covid_forecast_hub" / "median_point_forecasts.csv", try_parse_dates=True)
    rows = rows.with_columns(pl.col("horizon").cast(pl.Int64))
    samples = rows.select([*KEY, "location_name", "observed"]).unique(maintain_order=True)
    store.upload_dataset("covid", samples, id_fields=KEY, workflow=ks.Regression("observed", prediction="predicted"))
    answers = rows.select([*KEY, "model", "predicted"])
    reports = store.upload_results("covid", None, answers, model_field="model")
    assert isinstance(reports, list)
    missing = {report.model: report.missing for report in reports}
    assert missing["EuroCOVIDhub-baseline"] == 0
    assert missing["UMass-MechBayes"] == 128
    return store


def test_point_forecasts_have_their_errors(covid: ks.Store) -> None:
    results = covid.test("covid", by=["target_type"], metrics=["mae", "mse", "rmse"])
    expected = pl.read_csv(DATA / "covid_forecast_hub" / "expected_median_point_metrics.csv").rows(named=True)
    assert len(expected) == 7
    for row in expected:
        for metric in ("mae", "mse", "rmse"):
            found = results[f"target_type = {row['target_type']}", row["model"], metric]
            assert (found.n, found.n + found.n_missing) == (row["n"], 128)
            assert found.value == pytest.approx(row[metric], **EXACT)


def test_a_model_that_forecast_no_cases_has_no_error_on_cases(covid: ks.Store) -> None:
    results = covid.test("covid", by=["target_type"], metrics=["mae"])
    found = results["target_type = Cases", "UMass-MechBayes", "mae"]
    assert (found.value, found.n, found.n_missing) == (None, 0, 128)
    assert found.reason


def test_models_that_forecast_different_weeks_are_compared_where_all_did(covid: ks.Store) -> None:
    models = ["EuroCOVIDhub-ensemble", "epiforecasts-EpiNow2"]
    results = covid.test("covid", models, by=["target_type"], metrics=["mae"], common=True)
    assert {results["target_type = Deaths", model, "mae"].n for model in models} == {119}
    rows = pl.read_csv(DATA / "covid_forecast_hub" / "median_point_forecasts.csv").filter(
        pl.col("target_type") == "Deaths"
    )
    both = rows.filter(pl.col("model").is_in(models)).filter(pl.len().over(KEY) == 2)
    for model in models:
        frame = both.filter(pl.col("model") == model)
        error = (frame["predicted"] - frame["observed"]).abs().mean()
        assert results["target_type = Deaths", model, "mae"].value == pytest.approx(error, **EXACT)


# --- GSM8K: judged solutions ---


@pytest.fixture(scope="module")
def gsm8k(tmp_path_factory: pytest.TempPathFactory) -> ks.TestResults:
    """How many of their solutions were right, by the number of steps of the problem."""
    folder = DATA / "gsm8k_solutions" / "tidy"
    store = ks.Store(tmp_path_factory.mktemp("gsm8k") / "store")
    store.upload_dataset("gsm8k", folder / "samples.parquet", workflow=ks.Judged(verdict="is_correct"))
    store.upload_results("gsm8k", None, folder / "predictions.parquet", model_field="model")
    return store.test("gsm8k", by=["n_steps"])


def test_solutions_have_their_rates_by_the_number_of_steps(gsm8k: ks.TestResults) -> None:
    expected = pl.read_csv(DATA / "gsm8k_solutions" / "tidy" / "expected_accuracy_by_steps.csv").rows(named=True)
    assert len(expected) == 36
    for row in expected:
        found = gsm8k[f"n_steps = {row['n_steps_gt']}", row["model"], "pass_rate"]
        assert found.n == row["n"]
        assert found.value == pytest.approx(row["accuracy"], **EXACT)


@pytest.mark.parametrize(
    ("model", "percent"),
    [("6b_finetuning", 21.68), ("6b_verification", 39.04), ("175b_finetuning", 34.72), ("175b_verification", 56.25)],
)
def test_solutions_have_their_rates_overall(gsm8k: ks.TestResults, model: str, percent: float) -> None:
    found = gsm8k["all", model, "pass_rate"].value
    assert found is not None
    assert 100 * found == pytest.approx(percent, abs=5e-3)


def test_the_better_of_two_models_loses_at_four_steps(gsm8k: ks.TestResults) -> None:
    def rate(test_case: str, model: str) -> float:
        found = gsm8k[test_case, model, "pass_rate"].value
        assert found is not None
        return found

    assert rate("all", "6b_verification") > rate("all", "175b_finetuning")
    assert rate("n_steps = 4", "6b_verification") < rate("n_steps = 4", "175b_finetuning")
