"""Plots: their files, what they say in words, and what is refused."""

import datetime
import json
import re
from pathlib import Path

import pytest
from looked_at import HOSTILE, homes_store, spam_store

import kolena_store as ks
from kolena_store.errors import InvalidInput, StoreError, UnknownName
from kolena_store.plots import (
    Bar,
    Confusion,
    Curve,
    Distribution,
    Estimate,
    Moment,
    Pairing,
    Plot,
    confusion_plot,
    curve_plot,
    distribution_plot,
    draw,
    dumbbell_plot,
    estimates_plot,
    histogram_plot,
    history_plot,
)


@pytest.fixture(scope="module")
def spam(tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    return spam_store(ks.Store(tmp_path_factory.mktemp("plots") / "spam.store"))


def hostile_plots() -> list[Plot]:
    name, moment = HOSTILE, datetime.datetime(2026, 1, 1)
    return [
        curve_plot("roc", name, [Curve(model=name, x=[0, 1], y=[0, 1], label=name)], axes=(name, name), diagonal=True),
        confusion_plot(name, Confusion(model=name, labels=[name, "b"], counts=[[1, 2], [3, 4]])),
        histogram_plot("errors", name, [Bar(group=name, start=0, end=1, n=3)], axis=name),
        distribution_plot(name, name, [Distribution(label=name, n_case=1, n_all=2)], case=name),
        estimates_plot(name, name, [Estimate(test_case=name, model=name, value=0.5, low=None, high=None, n=4)]),
        dumbbell_plot(
            name,
            name,
            [Pairing(test_case=name, baseline=0.4, value=0.5, verdict="improved", delta=0.1, n=9)],
            model=name,
            baseline=name,
        ),
        history_plot(name, name, [Moment(model=name, started=moment, value=0.5, low=0.4, high=0.6, run=1)]),
    ]


def test_hostile_names_are_drawn_as_text() -> None:
    plots = hostile_plots()
    for svg in draw([(plot.document(width=300), "svg") for plot in plots]):
        text = svg.decode()
        assert text.startswith("<svg")
        assert "<script" not in text
        assert "&lt;script&gt;" in text


def test_nothing_that_a_specification_names_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('[{"x": 42.4242}]')
    spec = {"data": {"url": f"file://{secret}"}, "mark": "text", "encoding": {"text": {"field": "x"}}}
    try:
        found = draw([(spec, "svg")])[0]
    except StoreError:
        return
    assert b"42.4242" not in found


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("json", b"{")])
def test_a_plot_is_saved_by_the_ending_of_its_file(spam: ks.Store, tmp_path: Path, ending: str, start: bytes) -> None:
    path = tmp_path / f"plot.{ending}"
    spam.plot("spam", "confusion_matrix", "new", "everyday").save(path)
    assert path.read_bytes().startswith(start)


def test_an_interactive_page_needs_no_network(spam: ks.Store) -> None:
    page = spam.plot("spam", "estimates", suite="everyday").html()
    assert not re.search(r"<(script|link)[^>]*(src|href)=", page)


def test_a_plot_shows_itself_in_a_notebook(spam: ks.Store) -> None:
    shown = spam.plot("spam", "roc", suite="everyday")._repr_mimebundle_()
    assert shown["application/vnd.vegalite.v6+json"]["layer"]
    assert "AUC" in shown["text/plain"]


def test_another_ending_is_refused(spam: ks.Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"\.svg, \.png"):
        spam.plot("spam", "roc", suite="everyday").save(tmp_path / "plot.gif")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "rok"}, "no plot named 'rok'; did you mean 'roc'"),
        ({"kind": "roc", "test_case": "Shrt"}, "did you mean 'Short'"),
        ({"kind": "roc", "class_name": "eggs"}, "no class named 'eggs'"),
        ({"kind": "roc", "models": "neww"}, "did you mean 'new'"),
        ({"kind": "estimates", "metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"kind": "distribution"}, "no field named ''"),
        ({"kind": "residuals"}, "no plot named 'residuals'"),
    ],
)
def test_unknown_names_are_refused_with_near_ones(spam: ks.Store, arguments: dict, message: str) -> None:
    with pytest.raises(UnknownName, match=re.escape(message)):
        spam.plot("spam", **{"suite": "everyday", **arguments})


def test_a_comparison_takes_two_models(spam: ks.Store) -> None:
    with pytest.raises(InvalidInput, match="a model and its baseline"):
        spam.plot("spam", "comparison", "new", "everyday")


def test_residuals_stand_against_numbers_alone(tmp_path: Path) -> None:
    homes = homes_store(ks.Store(tmp_path / "homes.store"))
    assert homes.plot("homes", "errors").summary.startswith("prediction - truth of 300 samples")
    with pytest.raises(UnknownName, match="no field named 'are'; did you mean 'area'"):
        homes.plot("homes", "residuals", against="are")


def test_of_many_labels_the_largest_are_shown() -> None:
    labels = [f"l{number}" for number in range(60)]
    counts = [[number + 1 if answer == number else 0 for answer in range(60)] for number in range(60)]
    plot = confusion_plot("many", Confusion(model="m", labels=labels, counts=counts))
    truths = {row["truth"] for row in plot.spec["data"]["values"]}
    assert truths == set(labels[20:])
    assert plot.notes == ("20 labels with fewer samples are not shown",)
    json.dumps(plot.document(), allow_nan=False)
