"""The data of plots against scikit-learn and plain numpy: what is drawn is what the field's own functions give."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from looked_at import homes_store, spam_store, spam_tables
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

import kolena_store as ks
from kolena_store.inspection.curves import bands_of, bars_of, cells_of, cumulated, precision_recall_points, roc_points
from kolena_store.plots import thinned

ANSWERS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0, -3.0, 1e-300, 0.30000000000000004, 0.3]), st.booleans()),
    max_size=40,
)


@pytest.fixture(scope="module")
def spam(tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    return spam_store(ks.Store(tmp_path_factory.mktemp("plots") / "spam.store"))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    return homes_store(ks.Store(tmp_path_factory.mktemp("plots") / "homes.store"))


def arrays(answers: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([score for score, _ in answers], float), np.array([so for _, so in answers], bool)


@given(ANSWERS)
def test_roc_points_are_those_of_scikit_learn(answers: list[tuple[float, bool]]) -> None:
    scores, is_so = arrays(answers)
    points = roc_points(cumulated(scores, is_so))
    if is_so.all() or not is_so.any():
        assert points.area is None
        return
    x, y, _ = roc_curve(is_so, scores, drop_intermediate=False)
    assert np.allclose(points.x, x)
    assert np.allclose(points.y, y)
    assert points.area == pytest.approx(roc_auc_score(is_so, scores))


@given(ANSWERS)
def test_precision_and_recall_are_those_of_scikit_learn(answers: list[tuple[float, bool]]) -> None:
    scores, is_so = arrays(answers)
    points = precision_recall_points(cumulated(scores, is_so))
    if not is_so.any():
        assert points.area is None
        return
    precision, recall, _ = precision_recall_curve(is_so, scores, drop_intermediate=False)
    assert np.allclose(points.x[1:], recall[::-1][1:])
    assert np.allclose(points.y[1:], precision[::-1][1:])
    assert points.area == pytest.approx(average_precision_score(is_so, scores))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=400), st.integers(2, 50))
def test_a_thinned_curve_keeps_its_ends_and_its_own_points(values: list[float], most: int) -> None:
    x = list(np.linspace(0, 1, len(values)))
    thin_x, thin_y = thinned(x, values, most)
    assert len(thin_x) <= max(most, len(values) if len(values) <= most else most)
    assert (thin_x[0], thin_x[-1]) == (x[0], x[-1])
    assert set(zip(thin_x, thin_y, strict=True)) <= set(zip(x, values, strict=True))


def layers(spec: dict) -> list[dict]:
    return [row for layer in spec["layer"] for row in layer.get("data", spec.get("data", {})).get("values", [])]


def test_the_roc_plot_holds_the_scores_of_a_test_case(spam: ks.Store) -> None:
    samples, answers = spam_tables()
    plot = spam.plot("spam", "roc", ["old", "new"], "everyday", test_case="Short")
    length, is_spam = samples["length"].to_numpy(), samples["kind"].to_numpy() == "spam"
    short = length < 30
    for model in ("old", "new"):
        scores = answers[model]["score"].to_numpy()
        area = roc_auc_score(is_spam[short], scores[short])
        named = f"{model} · AUC {area:.3f}".replace(" 0.", " .")
        drawn = {(row["x"], row["y"]) for row in layers(plot.spec) if row.get("model") == named}
        x, y, _ = roc_curve(is_spam[short], scores[short], drop_intermediate=False)
        assert drawn
        assert all(np.isclose(x, one[0]).any() and np.isclose(y, one[1]).any() for one in drawn)


def test_the_calibration_plot_has_the_bins_of_scikit_learn(spam: ks.Store) -> None:
    samples, answers = spam_tables()
    scores, is_spam = answers["old"]["score"].to_numpy(), samples["kind"].to_numpy() == "spam"
    confidence = np.where(scores >= 0.5, scores, 1 - scores)
    correct = (scores >= 0.5) == is_spam
    share, mean = calibration_curve(correct, confidence, n_bins=15)
    plot = spam.plot("spam", "calibration", "old", "everyday")
    drawn = sorted((row["x"], row["y"]) for row in plot.spec["data"]["values"])
    assert np.allclose(drawn, sorted(zip(mean, share, strict=True)))


def test_the_confusion_plot_counts_every_sample(spam: ks.Store) -> None:
    samples, answers = spam_tables()
    said = np.where(answers["new"]["score"].to_numpy() >= 0.5, "spam", "ham")
    plot = spam.plot("spam", "confusion_matrix", "new", "everyday")
    for row in plot.spec["data"]["values"]:
        expected = ((samples["kind"].to_numpy() == row["truth"]) & (said == row["prediction"])).sum()
        assert row["n"] == expected


def test_a_distribution_counts_missing_and_nan_apart(spam: ks.Store) -> None:
    samples, _ = spam_tables()
    plot = spam.plot("spam", "distribution", suite="everyday", test_case="German", field="length")
    rows = {(row["value"], row["side"]): row["n"] for row in plot.spec["data"]["values"]}
    is_german = np.array([value == "de" for value in samples["language"].to_pylist()])
    n_nan = np.isnan(samples["length"].to_numpy())
    assert rows["NaN", "of the dataset"] == n_nan.sum()
    assert rows["NaN", "of German"] == (n_nan & is_german).sum()
    assert sum(n for (_, side), n in rows.items() if side == "of the dataset") == samples.num_rows


def test_residuals_count_the_samples_of_each_cell(homes: ks.Store) -> None:
    plot = homes.plot("homes", "residuals", "v1", against="area")
    cells = [row for row in layers(plot.spec) if "x2" in row]
    outside = sum(int(note.split()[0].replace(",", "")) for note in plot.notes)
    assert sum(row["n"] for row in cells) + outside == 300
    assert plot.title == "Errors of v1 against area · all"


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.integers(0, 2**32 - 1))
def test_cells_and_bands_leave_no_sample_out(values: list[float], seed: int) -> None:
    x = np.array(values)
    y = np.random.default_rng(seed).normal(size=x.size)
    cells, n_outside = cells_of(x, y)
    assert sum(cell.n for cell in cells) + n_outside == x.size
    assert sum(band.n for band in bands_of(x, y)) == x.size
    for band in bands_of(x, y):
        assert band.lower <= band.median <= band.upper
    edges = np.linspace(-1, 1, 5)
    assert sum(bar.n for bar in bars_of("a", np.clip(x, -1, 1), edges)) == x.size


def test_a_plot_is_plain_json_that_reads_nothing_else(spam: ks.Store) -> None:
    plot = spam.plot("spam", "comparison", ["new", "old"], "everyday", metric="accuracy")
    text = json.dumps(plot.document(), allow_nan=False)
    assert '"url"' not in text
    assert "regressed" in text
    assert plot.document(width=300)["width"] == 300
