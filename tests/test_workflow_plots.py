"""Plots of every workflow: each is a specification that Vega-Lite allows, and shows what the store says."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pytest
from looked_at import homes_store, spam_store, street_store
from test_plots import hostile_plots

import kolena_store as ks
from kolena_store.errors import UnknownName
from kolena_store.inspection.case_plots import PLOT_KINDS
from kolena_store.plots import Plot
from kolena_store.workflows import WORKFLOWS

METRICS = """-- metric: mean_length    better: none    unit: words
SELECT avg(m.n_words) AS value, count(*) AS n FROM results;
"""


@cache
def validator() -> Any:
    """Return what checks a specification against the schema that Altair ships."""
    text = files("altair.vegalite.v6.schema").joinpath("vega-lite-schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text))


def check(plot: Plot) -> None:
    document = plot.document(width=400)
    json.dumps(document, allow_nan=False)
    error = jsonschema.exceptions.best_match(validator().iter_errors(document))
    assert error is None, f"{plot.kind}: {error.message[:300]}"
    assert plot.summary


def labels_store(store: ks.Store) -> ks.Store:
    """Fill a store with `tags`, a multi-label problem with scores, and one model."""
    random = np.random.default_rng(8)
    names = ["a", "b", "c"]
    truths = random.random((80, 3)) < 0.4
    scores = np.clip(truths * 0.5 + random.random((80, 3)) * 0.5, 0, 1)
    labels = [[name for name, holds in zip(names, row, strict=True) if holds] for row in truths]
    workflow = ks.MultilabelClassification("labels", scores="score {class}")
    columns = {f"score {name}": scores[:, place] for place, name in enumerate(names)}
    store.upload_dataset("tags", pa.table({"id": range(80), "labels": labels}), id_fields=["id"], workflow=workflow)
    store.upload_results("tags", "v1", pa.table({"id": range(80), **columns}))
    store.test("tags")
    return store


def grades_store(store: ks.Store) -> ks.Store:
    """Fill a store with `answers`, judged by grades."""
    grades = [0.5 + 0.01 * (number % 50) for number in range(60)]
    store.upload_dataset("answers", pa.table({"id": range(60)}), id_fields=["id"], workflow=ks.Judged(score="grade"))
    store.upload_results("answers", "v1", pa.table({"id": range(60), "grade": grades}))
    store.test("answers")
    return store


def words(batch: pa.RecordBatch) -> dict[str, list[int]]:
    """Count the words of answers."""
    return {"n_words": [len(row["text"].split()) for row in batch.column("i").to_pylist()]}


def words_store(store: ks.Store) -> ks.Store:
    """Fill a store with `texts`, a problem of the user's own with a scorer."""
    workflow = ks.Custom(scorer=words, reads=["i.text"], scorer_version="1")
    texts = ["word " * (number % 7 + 1) for number in range(40)]
    store.upload_dataset("texts", pa.table({"id": range(40)}), id_fields=["id"], workflow=workflow)
    store.upload_results("texts", "v1", pa.table({"id": range(40), "text": texts}))
    store.apply_metrics("texts", METRICS)
    store.test("texts")
    return store


MAKERS = {
    "classification": ("spam", spam_store),
    "regression": ("homes", homes_store),
    "multilabel": ("tags", labels_store),
    "judged": ("answers", grades_store),
    "custom": ("texts", words_store),
    "object-detection": ("street", street_store),
    "instance-segmentation": ("street", lambda store: street_store(store, "masks")),
    "keypoint-detection": ("street", lambda store: street_store(store, "keypoints")),
}


@pytest.fixture(scope="module", params=MAKERS)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str, ks.Store]]:
    """A workflow, a dataset of it, and its store."""
    name, make = MAKERS[request.param]
    yield request.param, name, make(ks.Store(tmp_path_factory.mktemp("plots") / "made.store"))


def test_every_workflow_has_plots() -> None:
    assert set(PLOT_KINDS) == set(WORKFLOWS) == set(MAKERS)


@pytest.mark.sampled(2)
def test_every_plot_of_a_workflow_is_one_that_vega_lite_allows(made: tuple[str, str, ks.Store]) -> None:
    workflow, dataset, store = made
    for kind in (*PLOT_KINDS[workflow], "estimates", "history"):
        check(store.plot(dataset, kind))


def test_plots_with_hostile_names_are_ones_that_vega_lite_allows() -> None:
    for plot in hostile_plots():
        check(plot)


@pytest.mark.sampled(2)
def test_a_plot_becomes_an_altair_chart(made: tuple[str, str, ks.Store]) -> None:
    _, dataset, store = made
    chart = store.plot(dataset, "estimates").altair()
    assert chart.to_dict()["layer"]


# --- what they show ---


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    return street_store(ks.Store(tmp_path_factory.mktemp("street") / "street.store"))


def rows_of(plot: Plot) -> list[dict[str, Any]]:
    specs = [plot.spec, *plot.spec.get("layer", [])]
    return [row for spec in specs for row in spec.get("data", {}).get("values", ())]


def test_curves_of_objects_are_those_of_the_store(street: ks.Store) -> None:
    table = street.precision_recall("street", "poor", "Rain").rows()
    plot = street.plot("street", "object_curves", "poor", "weather", test_case="Rain")
    shown = {(round(row["x"], 9), round(row["y"], 9)) for row in rows_of(plot) if row["model"].startswith("car")}
    expected = {(round(row["recall"], 9), round(row["precision"], 9)) for row in table if row["class"] == "car"}
    assert expected <= shown
    assert len(shown - expected) <= 1  # the start at no recall


def test_a_class_compares_models(street: ks.Store) -> None:
    plot = street.plot("street", "object_curves", ["good", "poor"], "weather", class_name="car")
    assert {row["model"].split(" · ")[0] for row in rows_of(plot)} == {"good", "poor"}
    with pytest.raises(UnknownName, match="did you mean 'car'"):
        street.plot("street", "object_curves", ["good"], "weather", class_name="cart")


def test_gains_are_those_of_the_test(street: ks.Store) -> None:
    results = street.test("street", suite="weather")
    for row in rows_of(street.plot("street", "mistakes", suite="weather", test_case="Rain")):
        assert row["x"] == results["Rain", row["model"], f"ap_gain_{row['kind']}"].value


def test_overlaps_are_those_of_the_matches(street: ks.Store) -> None:
    query = """SELECT overlap FROM "street".matches AS found JOIN "street".test_samples USING (_sample)
        WHERE model = 'poor' AND outcome = 'true positive' AND is_counted AND weather = 'rain'"""
    expected = street.sql(query).rows()
    plot = street.plot("street", "overlaps", "poor", "weather", test_case="Rain")
    assert sum(row["n"] for row in rows_of(plot)) == len(expected) > 0
    assert {row["start"] <= expected[0]["overlap"] <= row["end"] for row in rows_of(plot) if row["n"]} == {True}


def test_the_confusion_of_objects_has_the_background(street: ks.Store) -> None:
    matrix = street.test("street", suite="weather").confusion_matrix("all", "poor")
    shown = {
        (row["truth"], row["prediction"]): row["n"]
        for row in rows_of(street.plot("street", "confusion_matrix", "poor"))
    }
    assert shown == {(row["truth"], row["prediction"]): row["n"] for row in matrix.rows()}
    assert ("background", "car") in shown


@pytest.mark.sampled(2)
@pytest.mark.parametrize("models", [("good", "poor"), ("poor", "good")])
def test_models_of_a_plot_of_classes_stand_as_they_were_asked_for(street: ks.Store, models: tuple[str, str]) -> None:
    plot = street.plot("street", "classes", models, suite="weather", metric="recall")
    assert plot.summary.startswith(f"recall of {', '.join(models)} on")


def test_classes_are_those_of_the_test(street: ks.Store) -> None:
    results = street.test("street", suite="weather")
    for row in rows_of(street.plot("street", "classes", suite="weather", metric="recall")):
        assert row["x"] == results["all", row["model"], "recall", row["case"]].value
