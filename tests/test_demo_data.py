"""The demo's data is measured truthfully, its models are really trained, and its story is true."""

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from kolena_store.cli.demo import RenderedDigits, demo_predictions, demo_samples, rendered_digits, suite_text
from kolena_store.cli.demo import training as training_module
from kolena_store.cli.demo.digits import rendered, training_half
from kolena_store.cli.demo.rendering import Chances, Conditions, drawn, render
from kolena_store.errors import MissingExtra

SEED = 0
OCCLUDED = "Occluded"
NO_CHANGE = Conditions()
CONDITIONS = st.builds(
    Conditions,
    occlusion=st.just(0.0) | st.floats(0.1, 0.5),
    rotation=st.just(0.0) | st.floats(-25, 25),
    paper=st.floats(0.35, 0.95),
    noise=st.just(0.0) | st.floats(0.03, 0.15),
    scale=st.floats(0.7, 1.0),
)


@pytest.fixture(scope="module")
def digits() -> RenderedDigits:
    return rendered_digits(SEED)


@pytest.fixture(scope="module")
def predictions(digits: RenderedDigits) -> dict[str, pa.Table]:
    return demo_predictions(digits)


@pytest.fixture(scope="module")
def suite(digits: RenderedDigits, predictions: dict[str, pa.Table]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the samples, the suite's views and, per sample and model, whether the model was right."""
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    numbered = digits.samples.append_column("_sample", pa.array(range(digits.samples.num_rows)))
    tables = {"samples": numbered, **predictions}
    for name, table in tables.items():
        connection.register(f"{name}_arrow", table)
    connection.execute("CREATE TABLE test_samples AS FROM samples_arrow")
    for statement in connection.extract_statements(suite_text()):
        connection.execute(statement)
    connection.execute(
        "CREATE TABLE answers AS SELECT s._sample, s.source_image, (a.label = s.digit)::INTEGER AS v1,"
        " (b.label = s.digit)::INTEGER AS v2"
        " FROM test_samples s JOIN v1_arrow a USING (id) JOIN v2_arrow b USING (id)"
    )
    yield connection
    connection.close()


def texts(table: pa.Table, name: str) -> list[str]:
    return [str(value) for value in table[name].to_pylist()]


def case_names() -> list[str]:
    return [line.split('"')[1] for line in suite_text().splitlines() if line.startswith("CREATE VIEW")]


def accuracies(suite: duckdb.DuckDBPyConnection, case: str) -> tuple[int, float, float]:
    query = f'SELECT count(*), avg(v1), avg(v2) FROM "{case}" JOIN answers USING (_sample)'
    [(n, v1, v2)] = suite.execute(query).fetchall()
    return int(n), float(v1), float(v2)


def differences_by_image(suite: duckdb.DuckDBPyConnection, case: str) -> NDArray[np.float64]:
    """For each source image, how many more of its samples in the case v2 got right than v1."""
    query = f'SELECT sum(v2 - v1)::DOUBLE AS d FROM "{case}" JOIN answers USING (_sample) GROUP BY answers.source_image'
    column = suite.sql(query).to_arrow_table()["d"]
    return np.asarray(column.to_numpy())


def digit(seed: int) -> NDArray[np.float64]:
    """A blot of ink that no edge cuts, for renderings that need no real digit."""
    drawing = np.zeros((8, 8))
    drawing[1:7, 2:6] = np.random.default_rng(seed).uniform(0.3, 1, (6, 4))
    return drawing


def once(conditions: Conditions, seed: int = 0) -> "NDArray[np.uint8]":
    return render(digit(seed), conditions, np.random.default_rng(seed)).pixels


def test_every_test_image_is_rendered_four_times_and_only_the_first_is_clean(digits: RenderedDigits) -> None:
    table = digits.samples
    assert digits.pixels.shape == (table.num_rows, 32, 32)
    sources, counts = np.unique(table["source_image"].to_numpy(), return_counts=True)
    assert len(sources) == 899
    assert set(counts) == {4}
    first = [name.endswith("-0") for name in texts(table, "id")]
    changed = (
        (table["occlusion"].to_numpy() > 0) | (table["rotation"].to_numpy() != 0) | (table["noise"].to_numpy() > 0)
    )
    assert not changed[first].any()


def test_no_image_under_conditions_repeats_its_clean_one(digits: RenderedDigits) -> None:
    clean = np.repeat(digits.pixels[::4], 4, axis=0)
    is_same = (digits.pixels == clean).all(axis=(1, 2))
    assert np.flatnonzero(is_same).tolist() == list(range(0, digits.samples.num_rows, 4))


def test_ids_are_unique_and_name_the_source_image(digits: RenderedDigits) -> None:
    ids = texts(digits.samples, "id")
    assert len(set(ids)) == len(ids)
    assert [int(name.split("-")[0]) for name in ids] == digits.samples["source_image"].to_pylist()


def test_the_labels_are_those_of_scikit_learn(digits: RenderedDigits) -> None:
    from sklearn.datasets import load_digits

    truth = load_digits().target[digits.samples["source_image"].to_numpy()]
    assert texts(digits.samples, "digit") == [str(label) for label in truth]


def test_no_test_image_is_trained_on_and_both_halves_have_every_digit_alike(digits: RenderedDigits) -> None:
    sources, labels = training_half(SEED)
    assert not set(sources) & set(digits.samples["source_image"].to_pylist())
    assert len(sources) + 899 == 1797
    tested = np.array(texts(digits.samples, "digit"), dtype=int)
    assert np.allclose(np.bincount(labels) / len(labels), np.bincount(tested) / len(tested), atol=0.002)


def test_brightness_is_the_mean_of_the_pixels(digits: RenderedDigits) -> None:
    assert np.allclose(digits.samples["brightness"].to_numpy(), digits.pixels.mean(axis=(1, 2)) / 255, atol=6e-5)


def test_each_condition_varies_over_its_range(digits: RenderedDigits) -> None:
    for name, low, high in (("occlusion", 0, 0.5), ("rotation", -24, 24), ("noise", 0, 0.1), ("scale", 0.75, 1)):
        values = digits.samples[name].to_numpy()
        assert values.min() <= low, name
        assert values.max() >= high, name


@given(CONDITIONS, st.integers(0, 50))
@settings(deadline=None, max_examples=60)
def test_measures_are_what_the_pixels_say(conditions: Conditions, seed: int) -> None:
    measured = render(digit(seed), conditions, np.random.default_rng(seed))
    assert measured.brightness == pytest.approx(measured.pixels.mean() / 255)
    assert measured.scale == pytest.approx(conditions.scale, abs=0.5 / 24 + 1e-9)
    assert (measured.occlusion == 0) == (conditions.occlusion == 0)
    assert (measured.noise == 0) == (conditions.noise == 0)
    assert measured.rotation == conditions.rotation


@given(CONDITIONS, st.integers(0, 50))
@settings(deadline=None, max_examples=40)
def test_tape_hides_at_least_the_share_asked_and_the_share_measured(conditions: Conditions, seed: int) -> None:
    bare = dataclasses.replace(conditions, occlusion=0.0, noise=0.0)
    covered = render(digit(seed), dataclasses.replace(conditions, noise=0.0), np.random.default_rng(seed))
    whole = render(digit(seed), bare, np.random.default_rng(seed))
    assert covered.occlusion >= conditions.occlusion - 1e-9
    assert covered.ink == pytest.approx(whole.ink * (1 - covered.occlusion))
    assert covered.height == whole.height


@given(st.floats(0.1, 0.5), st.integers(0, 50))
@settings(deadline=None, max_examples=30)
def test_only_a_rectangle_of_one_shade_differs_under_tape(share: float, seed: int) -> None:
    changed = once(Conditions(occlusion=share), seed) != once(NO_CHANGE, seed)
    rows, columns = np.nonzero(changed)
    box = once(Conditions(occlusion=share), seed)[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert np.unique(box).tolist() == [round(0.95 * 0.85 * 255)]


def test_without_conditions_the_ink_is_identical_and_nothing_is_drawn_at_random() -> None:
    assert (once(NO_CHANGE, 1) == render(digit(1), NO_CHANGE, np.random.default_rng(99)).pixels).all()
    assert render(digit(1), NO_CHANGE, np.random.default_rng(0)).occlusion == 0.0


def test_noise_changes_pixels_by_the_measured_deviation() -> None:
    noisy = render(digit(3), Conditions(paper=0.6, noise=0.05), np.random.default_rng(3))
    change = (noisy.pixels.astype(float) - once(Conditions(paper=0.6), 3)) / 255
    assert noisy.noise == pytest.approx(change.std())
    assert noisy.noise == pytest.approx(0.05, rel=0.1)


def test_a_small_digit_is_lower_and_a_turned_one_differs() -> None:
    small, large = (render(digit(5), Conditions(scale=scale), np.random.default_rng(5)) for scale in (0.7, 1.0))
    assert small.height == pytest.approx(0.7 * large.height, abs=2)
    assert (once(Conditions(rotation=20.0), 5) != once(NO_CHANGE, 5)).any()


def test_a_turn_is_counter_clockwise() -> None:
    bar = np.zeros((8, 8))
    bar[:4, 3:5] = 1.0
    turned = render(bar, Conditions(rotation=25.0), np.random.default_rng(0)).pixels
    _, columns = np.nonzero(turned[:12] < 128)
    assert columns.mean() < 15.5


def test_conditions_come_as_often_as_their_chances_say() -> None:
    generator = np.random.default_rng(7)
    conditions = [drawn(Chances(occlusion=1.0, rotation=0.5), generator) for _ in range(400)]
    assert all(0.1 <= one.occlusion <= 0.5 and one.noise == 0 and one.scale == 1 for one in conditions)
    assert 160 <= sum(one.rotation != 0 for one in conditions) <= 240


@pytest.mark.sampled(2)
def test_the_same_seed_gives_the_same_samples_and_another_one_others(digits: RenderedDigits) -> None:
    again = rendered_digits(SEED)
    assert again.samples.equals(digits.samples)
    assert (again.pixels == digits.pixels).all()
    assert not demo_samples(SEED + 1).equals(digits.samples)


def test_a_rendering_does_not_depend_on_the_images_beside_it() -> None:
    chances = Chances(occlusion=0.5, noise=0.5)
    alone = list(rendered(np.array([7]), 2, chances, (0, 1)))[1]
    among = list(rendered(np.array([3, 7]), 2, chances, (0, 1)))[3]
    assert (alone.pixels == among.pixels).all()


def test_images_are_written_as_png_under_their_locators(digits: RenderedDigits, tmp_path: Path) -> None:
    few = RenderedDigits(samples=digits.samples.slice(0, 8), pixels=digits.pixels[:8], seed=SEED)
    table = few.write_images(tmp_path / "images")
    assert texts(table, "locator") == [f"images/{name}.png" for name in texts(table, "id")]
    assert table.drop_columns("locator").equals(few.samples)
    for locator, pixels in zip(texts(table, "locator"), few.pixels, strict=True):
        assert (np.asarray(Image.open(tmp_path / locator)) == pixels).all()


def test_each_model_answers_every_sample_with_probabilities(
    digits: RenderedDigits, predictions: dict[str, pa.Table]
) -> None:
    assert list(predictions) == ["v1", "v2"]
    for table in predictions.values():
        assert table.column_names == ["id", "label", *(f"p_{digit}" for digit in range(10))]
        assert table["id"].equals(digits.samples["id"])
        scores = np.column_stack([table[f"p_{digit}"].to_numpy() for digit in range(10)])
        assert np.allclose(scores.sum(axis=1), 1)
        assert scores.min() >= 0
        assert texts(table, "label") == [str(label) for label in scores.argmax(axis=1)]


@pytest.mark.sampled(2)
def test_training_repeats(digits: RenderedDigits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_module, "EPOCHS", 1)
    monkeypatch.setattr(training_module, "COPIES", 2)
    first, second = demo_predictions(digits), demo_predictions(digits)
    assert all(first[name].equals(second[name]) for name in first)


def test_the_models_differ_in_nothing_but_what_they_were_shown() -> None:
    recipes = training_module.RECIPES
    assert recipes["v1"] == Chances(occlusion=0.7)
    assert recipes["v2"].occlusion == 0
    assert {recipes["v2"].rotation, recipes["v2"].brightness, recipes["v2"].noise, recipes["v2"].scale} == {0.6}


def test_the_suite_has_described_cases_of_at_least_a_hundred_samples(suite: duckdb.DuckDBPyConnection) -> None:
    names = case_names()
    assert 6 <= len(names) <= 10
    assert all(f'COMMENT ON VIEW "{name}" IS \'' in suite_text() for name in names)
    assert {name: accuracies(suite, name)[0] >= 100 for name in names} == dict.fromkeys(names, True)


def test_no_case_is_everything_and_no_two_are_the_same(suite: duckdb.DuckDBPyConnection) -> None:
    members = [
        frozenset(row[0] for row in suite.execute(f'SELECT _sample FROM "{name}"').fetchall()) for name in case_names()
    ]
    assert len(set(members)) == len(members)
    assert max(map(len, members)) < 2000


@pytest.mark.sampled(2)
def test_both_models_learned_to_read_clean_digits(suite: duckdb.DuckDBPyConnection) -> None:
    _, v1, v2 = accuracies(suite, "Clean")
    assert min(v1, v2) > 0.93


def test_v2_looks_better_on_the_whole(suite: duckdb.DuckDBPyConnection) -> None:
    n, v1, v2 = accuracies(suite, "test_samples")
    assert n == 3596
    assert v2 - v1 > 0.03


def test_v2_is_better_on_rotated_small_and_noisy_digits(suite: duckdb.DuckDBPyConnection) -> None:
    for case in ("Rotated", "Small", "Noisy"):
        _, v1, v2 = accuracies(suite, case)
        assert v2 > v1, case


def test_v2_is_much_worse_on_occluded_digits(suite: duckdb.DuckDBPyConnection) -> None:
    n, v1, v2 = accuracies(suite, OCCLUDED)
    assert n >= 200
    assert v1 - v2 > 0.08


@pytest.mark.parametrize(("case", "sign"), [("test_samples", 1), (OCCLUDED, -1)])
def test_the_story_holds_when_only_source_images_are_independent(
    suite: duckdb.DuckDBPyConnection, case: str, sign: int
) -> None:
    differences = differences_by_image(suite, case)
    standard_error = differences.std(ddof=1) / np.sqrt(len(differences))
    assert sign * differences.mean() > 4 * standard_error


@pytest.mark.parametrize("name", ["sklearn", "PIL"])
def test_without_its_packages_the_demo_says_what_to_install(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"the demo needs further packages: pip install 'kolena-store\[demo\]'"):
        rendered_digits(SEED)


def test_importing_the_demo_loads_none_of_its_packages() -> None:
    code = "import sys, kolena_store.cli.demo; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {name for name in ("sklearn", "PIL", "numpy", "pyarrow", "duckdb") if repr(name) in loaded}
