"""Quantile forecasts against scikit-learn's pinball loss and the interval score as its paper states it."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, mean_pinball_loss
from small_stores import temporary_store

import kolena_store as ks
from kolena_store.errors import ChangedType, InvalidInput

LEVELS = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]


def interval_score(truth: float, low: float, high: float, alpha: float) -> float:
    below = 2 / alpha * (low - truth) if truth < low else 0.0
    above = 2 / alpha * (truth - high) if truth > high else 0.0
    return high - low + below + above


def weighted_score(truth: float, quantiles: dict[float, float]) -> float:
    """Bracher et al. (2021), equation 1, term by term."""
    pairs = [(low, round(1 - low, 9)) for low in quantiles if low < 0.5 and round(1 - low, 9) in quantiles]
    total = sum(low * interval_score(truth, quantiles[low], quantiles[high], 2 * low) for low, high in pairs)
    if 0.5 in quantiles:
        return (total + 0.5 * abs(truth - quantiles[0.5])) / (len(pairs) + 0.5)
    return total / len(pairs)


def stored(truth: NDArray[np.float64], columns: dict[str, Any], **options: Any) -> dict[tuple[str, str | None], Any]:
    store, ids = temporary_store(), range(len(truth))
    with store.transaction():
        table = pa.table({"id": ids, "y": pa.array(truth, from_pandas=True)})
        store.upload_dataset("d", table, id_fields=["id"], workflow=ks.Regression("y", **options))
        store.upload_results("d", "m", pa.table({"id": ids, **columns}))
        results = store.test("d", "m")
    return {(row["metric"], row["class"]): row for row in results.rows()}


@pytest.mark.sampled(2)
@given(
    st.integers(1, 40), st.integers(0, 1000), st.sampled_from(["pattern", "mapping", "list", "lists"]), st.booleans()
)
def test_scores_follow_their_definitions(n: int, seed: int, form: str, has_gaps: bool) -> None:
    rng = np.random.default_rng(seed)
    levels = sorted(rng.choice(LEVELS, rng.integers(1, len(LEVELS) + 1), replace=False).tolist())
    truth = rng.normal(0, 3, n).round(1)
    quantiles = np.sort(rng.normal(0, 3, (n, len(levels))).round(1), axis=1)
    if has_gaps:
        quantiles[rng.random(quantiles.shape) < 0.2] = np.nan
        truth[rng.random(n) < 0.2] = np.nan
    cells = [[None if np.isnan(one) else one for one in row] for row in quantiles.tolist()]
    by_column = {f"q {level}": [row[index] for row in cells] for index, level in enumerate(levels)}
    columns: dict[str, Any] = {name: pa.array(values, pa.float64()) for name, values in by_column.items()}
    options: dict[str, Any] = {"quantiles": "q {level}"}
    if form == "mapping":
        options = {"quantiles": {level: f"q {level}" for level in levels}}
    elif form in ("list", "lists"):
        columns = {"q": pa.array([row[::-1] for row in cells], pa.list_(pa.float64()))}
        options = {"quantiles": "q", "levels": levels[::-1]}
        if form == "lists":
            columns["of"], options["levels"] = [levels[::-1]] * n, "of"
    found = stored(truth, columns, **options)
    for index, level in enumerate(levels):
        known = ~np.isnan(truth) & ~np.isnan(quantiles[:, index])
        row = found["pinball_loss_of_level", str(level)]
        assert row["n"] == known.sum()
        if known.any():
            expected = mean_pinball_loss(truth[known], quantiles[known, index], alpha=level)
            assert row["value"] == pytest.approx(expected, abs=1e-12)
            share = np.mean(truth[known] <= quantiles[known, index])
            assert found["quantile_coverage", str(level)]["value"] == pytest.approx(share)
    whole = ~np.isnan(truth) & ~np.isnan(quantiles).any(axis=1)
    has_score = any(round(1 - level, 9) in levels for level in levels)
    if whole.any() and has_score:
        scores = [
            weighted_score(y, dict(zip(levels, row, strict=True)))
            for y, row in zip(truth[whole].tolist(), quantiles[whole].tolist(), strict=True)
        ]
        row = found["weighted_interval_score", None]
        assert (row["value"], row["n"]) == (pytest.approx(np.mean(scores), abs=1e-12), len(scores))
    if 0.5 in levels and whole.any():
        known = ~np.isnan(truth) & ~np.isnan(quantiles[:, levels.index(0.5)])
        expected = mean_absolute_error(truth[known], quantiles[known, levels.index(0.5)])
        assert found["mae", None]["value"] == pytest.approx(expected)
    _check_intervals(found, truth, quantiles, levels)


def _check_intervals(found: dict[tuple[str, str | None], Any], truth: Any, quantiles: Any, levels: list[float]) -> None:
    names = {name for metric, name in found if metric == "interval_coverage_of_level"}
    ends = [(low, round(1 - low, 9)) for low in levels if low < 0.5 and round(1 - low, 9) in levels]
    assert names == {f"[{low}, {high}]" for low, high in ends}
    for number, (low, high) in enumerate(ends):
        left, right = quantiles[:, levels.index(low)], quantiles[:, levels.index(high)]
        known = ~np.isnan(truth) & ~np.isnan(left) & ~np.isnan(right)
        if known.any():
            covered = ((left <= truth) & (truth <= right))[known].mean()
            row = found["interval_coverage_of_level", f"[{low}, {high}]"]
            assert (row["value"], row["n"]) == (pytest.approx(covered), known.sum())
            width = found["interval_width_of_level", f"[{low}, {high}]"]["value"]
            assert width == pytest.approx((right - left)[known].mean(), abs=1e-12)
            if number == 0:
                assert found["interval_coverage", None]["value"] == pytest.approx(covered)
                assert found["interval_width", None]["value"] == pytest.approx(width, abs=1e-12)


def test_without_quantiles_their_metrics_say_why() -> None:
    found = stored(np.array([1.0, 2.0]), {"prediction": [1.0, 3.0]})
    assert found["mae", None]["value"] == 0.5
    assert found["weighted_interval_score", None]["reason"] == "the workflow names no quantiles"
    assert ("pinball_loss_of_level", "0.5") not in found


def test_without_median_or_pairs_the_metrics_of_those_say_why() -> None:
    found = stored(np.array([1.0, 2.0]), {"q0.1": [1.0, 3.0]}, quantiles="q{level}")
    assert "level 0.5" in found["mae", None]["reason"]
    assert "central interval" in found["interval_coverage", None]["reason"]
    assert found["pinball_loss", None]["value"] == pytest.approx((0.0 + 0.9) / 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantiles": {}}, "at least one"),
        ({"quantiles": {1.5: "q"}}, "1.5 is no level"),
        ({"quantiles": {"ten": "q"}}, "'ten' is no level"),
        ({"quantiles": "q"}, "name their levels"),
        ({"quantiles": "q", "levels": [0.1, 0.1]}, "each level once"),
        ({"quantiles": "q{level}", "levels": [0.1]}, "leave levels away"),
        ({"levels": [0.1]}, "name its column"),
        ({"quantiles": "{level}{level}"}, "exactly once"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ks.Regression("y", **options)


def test_lists_that_do_not_fit_their_levels_are_refused() -> None:
    truth = np.array([1.0, 2.0])
    with pytest.raises(InvalidInput, match="have 1, 2 values, and there are 2 levels"):
        stored(truth, {"q": [[1.0, 2.0], [1.0]]}, quantiles="q", levels=[0.1, 0.9])
    with pytest.raises(InvalidInput, match="different lengths"):
        stored(truth, {"q": [[1.0, 2.0], [1.0]], "of": [[0.1, 0.9], [0.1, 0.9]]}, quantiles="q", levels="of")
    with pytest.raises(InvalidInput, match="a level twice"):
        stored(truth, {"q": [[1.0, 2.0], [1.0]], "of": [[0.1, 0.1], [0.1]]}, quantiles="q", levels="of")
    with pytest.raises(ChangedType, match="list or struct of numbers"):
        stored(truth, {"q": ["a", "b"]}, quantiles="q", levels=[0.5])
