"""Quantile forecasts of four models of COVID-19, uploaded from the long file as it is, against sums over its rows."""

import polars as pl
import pytest
from real_data import DATA, NEEDS_REAL_DATA

import kolena_store as ks
from kolena_store.errors import InvalidInput

pytestmark = NEEDS_REAL_DATA

FILE = DATA / "covid_forecast_hub" / "example_quantile.parquet"
KEY = ["location", "target_type", "target_end_date", "forecast_date"]
FORECAST = ["model", "quantile_level", "predicted"]
N_WITHOUT_MODEL = 144
WIDEST = (0.01, 0.99)


@pytest.fixture(scope="module")
def forecasts() -> pl.DataFrame:
    """One row for each quantile of each forecast."""
    return pl.read_parquet(FILE).filter(pl.col("model").is_not_null())


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, forecasts: pl.DataFrame) -> ks.TestResults:
    """All models by what was forecast and by country."""
    store = ks.Store(tmp_path_factory.mktemp("covid") / "s")
    workflow = ks.Regression("observed", quantiles="predicted", levels="quantile_level")
    store.upload_dataset("covid", forecasts, id_fields=KEY, leave_out=FORECAST, workflow=workflow)
    lists = {"collect": FORECAST[1:], "leave_out": ["observed", "location_name", "horizon"]}
    reports = store.upload_results("covid", None, FILE, model_field="model", **lists)
    assert isinstance(reports, list)
    assert {report.model: report.missing for report in reports} == {
        "EuroCOVIDhub-ensemble": 0,
        "EuroCOVIDhub-baseline": 0,
        "epiforecasts-EpiNow2": 9,
        "UMass-MechBayes": 128,
    }
    return store.test("covid", by=["target_type", "location"])


def test_the_file_as_it_is_has_rows_that_are_no_forecast(store: ks.Store) -> None:
    workflow = ks.Regression("observed", quantiles="predicted", levels="quantile_level")
    with pytest.raises(InvalidInput, match=f"{N_WITHOUT_MODEL} rows have no value in .*'forecast_date'"):
        store.upload_dataset("covid", FILE, id_fields=KEY, leave_out=FORECAST, workflow=workflow)


@pytest.mark.parametrize("field", ["target_type", "location"])
def test_scores_are_those_of_the_rows(results: ks.TestResults, forecasts: pl.DataFrame, field: str) -> None:
    missed = pl.col("observed") - pl.col("predicted")
    lost = pl.max_horizontal(pl.col("quantile_level") * missed, (pl.col("quantile_level") - 1) * missed)
    for group in (forecasts.group_by("model"), forecasts.group_by("model", field)):
        for key, rows in group:
            case = f"{field} = {key[1]}" if len(key) == 2 else "all"
            loss = rows.select(lost.mean()).item()
            assert results[case, key[0], "pinball_loss"].value == pytest.approx(loss, rel=1e-9)
            # All levels come in pairs around the median, where Bracher et al. (2021) have twice the mean pinball loss.
            assert results[case, key[0], "weighted_interval_score"].value == pytest.approx(2 * loss, rel=1e-9)
            assert results[case, key[0], "mae"].value == pytest.approx(median_error(rows), rel=1e-9)
            check_intervals(results, case, key[0], rows)


def median_error(rows: pl.DataFrame) -> float:
    medians = rows.filter(pl.col("quantile_level") == 0.5)
    return float((medians["observed"] - medians["predicted"]).abs().mean())  # type: ignore[arg-type]


def check_intervals(results: ks.TestResults, case: str, model: str, rows: pl.DataFrame) -> None:
    low, high = (
        rows.filter(pl.col("quantile_level") == level).select(*KEY, "observed", "predicted") for level in WIDEST
    )
    both = low.join(high, on=KEY)
    inside = (both["observed"] >= both["predicted"]) & (both["observed"] <= both["predicted_right"])
    assert results[case, model, "interval_coverage"].value == pytest.approx(inside.mean())
    width = (both["predicted_right"] - both["predicted"]).mean()
    assert results[case, model, "interval_width"].value == pytest.approx(width, rel=1e-9)


@pytest.mark.parametrize("level", ["0.1", "0.5", "0.975"])
def test_a_level_has_its_own_loss_and_coverage(results: ks.TestResults, forecasts: pl.DataFrame, level: str) -> None:
    found = {(row["model"], row["metric"]): row["value"] for row in results.rows() if own_row(row, level)}
    for (model,), rows in forecasts.filter(pl.col("quantile_level") == float(level)).group_by("model"):
        covered = (rows["observed"] <= rows["predicted"]).mean()
        assert found[model, "quantile_coverage"] == pytest.approx(covered)
    assert len({model for model, _ in found}) == 4


def own_row(row: dict[str, object], level: str) -> bool:
    return row["class"] == level and row["test_case"] == "all"


def test_a_model_without_forecasts_of_cases_has_no_score_there(results: ks.TestResults) -> None:
    row = results["target_type = Cases", "UMass-MechBayes", "weighted_interval_score"]
    assert (row.value, row.n, row.n_missing) == (None, 0, 128)
    assert row.reason
