"""Published numbers, reached through the command line alone."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from real_data import (
    BRIER_AND_ACCURACY,
    DATA,
    FOOTBALL_WITHOUT_TIES,
    N_DECIDED,
    N_TIES,
    NEEDS_REAL_DATA,
    rows_of,
)

pytestmark = NEEDS_REAL_DATA

GSM8K = {"6b_finetuning": 21.68, "6b_verification": 39.04, "175b_finetuning": 34.72, "175b_verification": 56.25}
GSM8K_TWO_STEPS = {"6b_finetuning": 37.5, "6b_verification": 61.6, "175b_finetuning": 49.0, "175b_verification": 74.5}
CIFAR10 = {
    "shake_shake_26_2x64d_SSI_cutout16": (97.11, 92.97, 93.10),
    "vgg16_keras": (93.59, 85.25, 85.60),
    "alexnet_tf_ben": (81.98, 68.88, 69.20),
}
CIFAR10_PARTS = ("cifar10_test", "cifar10.1_v4", "cifar10.1_v6")
ID = ("location", "target_type", "target_end_date", "horizon")
SEASON_WITHOUT_TIES = """\
CREATE VIEW "{season}" AS SELECT * FROM test_samples WHERE season = {season} AND prob1_outcome <> 0.5;
"""
WITHOUT_TIES = 'CREATE VIEW "without ties" AS SELECT * FROM test_samples WHERE prob1_outcome <> 0.5;\n'

Row = dict[str, str]


@pytest.fixture
def empty(ks, folder: Path) -> Path:
    """The current folder, with an empty store."""
    ks("init")
    return folder


def measured(ks, dataset: str, *options: str, metrics: tuple[str, ...]) -> dict[tuple[str, str, str], Row]:
    """Return (test case, model, metric) -> the row of the whole, of one test of all models."""
    chosen = [part for metric in metrics for part in ("--metric", metric)]
    rows = ks.csv("test", dataset, *chosen, *options)
    return {(row["test_case"], row["model"], row["metric"]): row for row in rows if not row["class"]}


def value(row: Row) -> float:
    return float(row["value"])


def rewritten(target: Path, rows: list[Row]) -> Path:
    """Write rows to a CSV file."""
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return target


def picked(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names}


def test_solutions_of_gsm8k_pass_as_often_as_published(ks, empty: Path) -> None:
    tidy = DATA / "gsm8k_solutions" / "tidy"
    workflow = ("--workflow", "judged", "--id", "id", "--verdict", "is_correct")
    ks("dataset", "upload", "gsm8k", tidy / "samples.parquet", *workflow)
    ks("results", "upload", "gsm8k", "-", tidy / "predictions.parquet", "--model-field", "model")
    found = measured(ks, "gsm8k", "--by", "n_steps", metrics=("pass_rate",))
    percent = {key[:2]: 100 * value(row) for key, row in found.items() if row["value"]}
    assert {model: round(percent["all", model], 2) for model in GSM8K} == GSM8K
    assert {model: round(percent["n_steps = 2", model], 1) for model in GSM8K} == GSM8K_TWO_STEPS


def test_thirty_classifiers_of_cifar10_lose_as_much_under_shift_as_published(ks, empty: Path) -> None:
    tidy = DATA / "cifar10_models" / "tidy"
    workflow = ("--workflow", "classification", "--id", "sample_id", "--ground-truth", "label")
    ks("dataset", "upload", "cifar10", tidy / "samples.parquet", *workflow, "--prediction", "prediction")
    ks("results", "upload", "cifar10", "-", tidy / "predictions.parquet", "--model-field", "model")
    found = measured(ks, "cifar10", "--by", "dataset", metrics=("accuracy",))
    expected = rows_of(tidy / "expected_accuracy.csv")
    assert len({row["model"] for row in expected}) == 30
    assert len(found) == 30 * 4, "all samples and three sets"
    for row in expected:
        one = found[f"dataset = {row['dataset']}", row["model"], "accuracy"]
        assert one["n"] == one["n_samples"] == row["n"]
        assert value(one) == pytest.approx(float(row["accuracy"]), rel=1e-12), row
    for model, percent in CIFAR10.items():
        parts = [round(100 * value(found[f"dataset = {part}", model, "accuracy"]), 2) for part in CIFAR10_PARTS]
        assert parts == [pytest.approx(number, abs=0.006) for number in percent]


# --- FiveThirtyEight: chances of games ---

FORECASTS = ("brier_score", "accuracy")


def upload_games(ks, folder: Path, league: str) -> list[Row]:
    """Upload the games of a league, numbered: teams meet twice a day in some; and return them."""
    source = DATA / "fivethirtyeight_forecasts" / f"{league}_games.csv"
    numbered = [{"id": str(number), **row} for number, row in enumerate(rows_of(source))]
    games = rewritten(folder / "games.csv", numbered)
    truth = ("--workflow", "classification", "--ground-truth", "prob1_outcome", "--positive", "1")
    ks("dataset", "upload", "games", games, *truth, "--score", "prob1", "--prediction-of", "538=prob1")
    return numbered


def scores(games: list[Row]) -> tuple[float, float]:
    """Return the Brier score and the accuracy of some games, as they are defined."""
    pairs = [(float(game["prob1"]), float(game["prob1_outcome"]) == 1) for game in games]
    squares = sum((chance - is_won) ** 2 for chance, is_won in pairs)
    return squares / len(pairs), sum((chance >= 0.5) == is_won for chance, is_won in pairs) / len(pairs)


def by_season(games: list[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for game in games:
        found[game["season"]].append(game)
    return dict(found)


def found_scores(found: dict[tuple[str, str, str], Row], test_case: str) -> tuple[float, ...]:
    return tuple(value(found[test_case, "538", metric]) for metric in FORECASTS)


@pytest.mark.parametrize("league", BRIER_AND_ACCURACY)
def test_forecasts_of_games_score_as_published_and_as_defined_in_each_season(ks, empty: Path, league: str) -> None:
    seasons = by_season(upload_games(ks, empty, league))
    found = measured(ks, "games", "--by", "season", metrics=FORECASTS)
    assert found_scores(found, "all") == pytest.approx(BRIER_AND_ACCURACY[league], abs=5e-5)
    for season, games in seasons.items():
        assert found[f"season = {season}", "538", "accuracy"]["n"] == str(len(games))
        assert found_scores(found, f"season = {season}") == pytest.approx(scores(games), rel=1e-12), season
    assert len(found) == (len(seasons) + 1) * len(FORECASTS)


def test_forecasts_of_football_score_as_published_without_its_ties(ks, empty: Path) -> None:
    games = upload_games(ks, empty, "nfl")
    decided = [game for game in games if float(game["prob1_outcome"]) != 0.5]
    assert (len(games) - len(decided), len(decided)) == (N_TIES, N_DECIDED)
    seasons = by_season(decided)
    views = [WITHOUT_TIES, *(SEASON_WITHOUT_TIES.format(season=season) for season in seasons)]
    (empty / "decided.sql").write_text("".join(views), encoding="utf-8")
    found = measured(ks, "games", "--suite", "decided.sql", metrics=FORECASTS)
    assert found["without ties", "538", "accuracy"]["n"] == str(N_DECIDED)
    assert found_scores(found, "without ties") == pytest.approx(FOOTBALL_WITHOUT_TIES, abs=5e-5)
    assert found_scores(found, "without ties") == pytest.approx(scores(decided), rel=1e-12)
    for season, played in seasons.items():
        assert found[season, "538", "accuracy"]["n"] == str(len(played))
        assert found_scores(found, season) == pytest.approx(scores(played), rel=1e-12), season


# --- COVID-19: point forecasts of four models ---


def test_forecasts_of_covid_err_as_computed_before(ks, empty: Path) -> None:
    rows = rows_of(DATA / "covid_forecast_hub" / "median_point_forecasts.csv")
    samples = {tuple(row[name] for name in ID): picked(row, *ID, "observed") for row in rows}
    rewritten(empty / "samples.csv", list(samples.values()))
    rewritten(empty / "forecasts.csv", [picked(row, *ID, "model", "predicted") for row in rows])
    fields = [part for name in ID for part in ("--id", name)]
    workflow = ("--workflow", "regression", "--ground-truth", "observed", "--prediction", "predicted")
    ks("dataset", "upload", "covid", "samples.csv", *fields, *workflow, "--type", "horizon=VARCHAR")
    ks("results", "upload", "covid", "-", "forecasts.csv", "--model-field", "model")
    expected = rows_of(DATA / "covid_forecast_hub" / "expected_median_point_metrics.csv")
    metrics = tuple(name for name in expected[0] if name not in ("model", "target_type", "n"))
    assert (metrics, len(expected)) == (("mae", "mse", "rmse"), 7)
    found = measured(ks, "covid", "--by", "target_type", metrics=metrics)
    for row in expected:
        for metric in metrics:
            one = found[f"target_type = {row['target_type']}", row["model"], metric]
            assert one["n"] == row["n"]
            assert value(one) == pytest.approx(float(row[metric]), rel=1e-12), (row, metric)
