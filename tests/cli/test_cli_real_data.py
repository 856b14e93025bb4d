"""Published numbers, reached through the command line alone."""

import csv
from pathlib import Path

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the shared real data are not at {DATA}"),
]

GSM8K = {"6b_finetuning": 21.68, "6b_verification": 39.04, "175b_finetuning": 34.72, "175b_verification": 56.25}
GSM8K_TWO_STEPS = {"6b_finetuning": 37.5, "6b_verification": 61.6, "175b_finetuning": 49.0, "175b_verification": 74.5}
CIFAR10 = {
    "shake_shake_26_2x64d_SSI_cutout16": (97.11, 92.97, 93.10),
    "vgg16_keras": (93.59, 85.25, 85.60),
    "alexnet_tf_ben": (81.98, 68.88, 69.20),
}
CIFAR10_PARTS = ("cifar10_test", "cifar10.1_v4", "cifar10.1_v6")
BRIER_AND_ACCURACY = {
    "nba": (0.2147, 0.6607),
    "mlb": (0.2399, 0.5841),
    "nhl": (0.2313, 0.6246),
    "wnba": (0.2179, 0.6578),
}


@pytest.fixture
def empty(ks, folder: Path) -> Path:
    """The current folder, with an empty store."""
    ks("init")
    return folder


def values(ks, dataset: str, metric: str, *options: str) -> dict[tuple[str, str], float]:
    """Return (test case, model) -> value, where it is defined."""
    rows = ks.csv("test", dataset, "--metric", metric, *options)
    return {(row["test_case"], row["model"]): float(row["value"]) for row in rows if row["value"]}


def rewritten(target: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows to a CSV file."""
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return target


def picked(row: dict[str, str], *names: str) -> dict[str, str]:
    return {name: row[name] for name in names}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_solutions_of_gsm8k_pass_as_often_as_published(ks, empty: Path) -> None:
    tidy = DATA / "gsm8k_solutions" / "tidy"
    ks(
        "dataset",
        "upload",
        "gsm8k",
        tidy / "samples.parquet",
        "--workflow",
        "judged",
        "--id",
        "id",
        "--verdict",
        "is_correct",
    )
    ks("results", "upload", "gsm8k", "-", tidy / "predictions.parquet", "--model-field", "model")
    found = values(ks, "gsm8k", "pass_rate", "--by", "n_steps")
    assert {model: round(100 * found["all", model], 2) for model in GSM8K} == GSM8K
    assert {model: round(100 * found["n_steps = 2", model], 1) for model in GSM8K} == GSM8K_TWO_STEPS


def test_classifiers_of_cifar10_lose_as_much_under_shift_as_published(ks, empty: Path) -> None:
    tidy = DATA / "cifar10_models" / "tidy"
    workflow = ("--workflow", "classification", "--id", "sample_id", "--ground-truth", "label")
    ks("dataset", "upload", "cifar10", tidy / "samples.parquet", *workflow, "--prediction", "prediction")
    ks("results", "upload", "cifar10", "-", tidy / "predictions.parquet", "--model-field", "model")
    found = values(ks, "cifar10", "accuracy", "--by", "dataset")
    for model, expected in CIFAR10.items():
        parts = [round(100 * found[f"dataset = {part}", model], 2) for part in CIFAR10_PARTS]
        assert parts == [pytest.approx(value, abs=0.006) for value in expected]


@pytest.mark.parametrize("league", BRIER_AND_ACCURACY)
def test_forecasts_of_games_score_as_published(ks, empty: Path, league: str) -> None:
    source = DATA / "fivethirtyeight_forecasts" / f"{league}_games.csv"
    numbered = [{"id": str(number), **row} for number, row in enumerate(rows_of(source))]
    games = rewritten(empty / "games.csv", numbered)
    workflow = (
        "--workflow",
        "classification",
        "--ground-truth",
        "prob1_outcome",
        "--score",
        "prob1",
        "--positive",
        "1",
    )
    ks("dataset", "upload", "games", games, *workflow, "--prediction-of", "538=prob1")
    brier, accuracy = BRIER_AND_ACCURACY[league]
    assert values(ks, "games", "brier_score")["all", "538"] == pytest.approx(brier, abs=5e-5)
    assert values(ks, "games", "accuracy")["all", "538"] == pytest.approx(accuracy, abs=5e-5)


def test_forecasts_of_covid_err_as_computed_before(ks, empty: Path) -> None:
    rows = rows_of(DATA / "covid_forecast_hub" / "median_point_forecasts.csv")
    ids = ("location", "target_type", "target_end_date", "horizon")
    samples = {tuple(row[name] for name in ids): picked(row, *ids, "observed") for row in rows}
    rewritten(empty / "samples.csv", list(samples.values()))
    rewritten(empty / "forecasts.csv", [picked(row, *ids, "model", "predicted") for row in rows])
    fields = [part for name in ids for part in ("--id", name)]
    workflow = ("--workflow", "regression", "--ground-truth", "observed", "--prediction", "predicted")
    ks("dataset", "upload", "covid", "samples.csv", *fields, *workflow, "--type", "horizon=VARCHAR")
    ks("results", "upload", "covid", "-", "forecasts.csv", "--model-field", "model")
    found = values(ks, "covid", "mae", "--by", "target_type")
    for row in rows_of(DATA / "covid_forecast_hub" / "expected_median_point_metrics.csv"):
        case = f"target_type = {row['target_type']}"
        assert found[case, row["model"]] == pytest.approx(float(row["mae"]), rel=1e-9)
