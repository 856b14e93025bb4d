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
    Shares,
    attribution_plot,
    confusion_plot,
    curve_plot,
    distribution_plot,
    draw,
    dumbbell_plot,
    estimates_plot,
    histogram_plot,
    history_plot,
    inlined,
)


@pytest.fixture(scope="module")
def spam(tmp_path_factory: pytest.TempPathFactory) -> ks.Store:
    return spam_store(ks.Store(tmp_path_factory.mktemp("plots") / "spam.store"))


def at_moment(model: str, step: int = 1, value: float | None = 0.5, **others: object) -> Moment:
    fixed = {"low": None, "high": None, "run": step, "started": datetime.datetime(2026, 1, 1), "line": 1}
    return Moment(
        **{"step": step, "label": model, "model": model, "value": value, "connected": step > 1, **fixed, **others}
    )


def hostile_plots() -> list[Plot]:
    name = HOSTILE
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
        history_plot(name, name, [at_moment(name, value=0.5)]),
        attribution_plot(name, name, [Shares(test_case=name, delta=0.1, parts={name: 0.2, "model": -0.1})]),
    ]


@pytest.mark.sampled(2)
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


@pytest.mark.sampled(2)
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


def test_values_are_joined_that_were_measured_in_the_same_way() -> None:
    moments = [
        at_moment("a"),
        at_moment("b", 2, 0.6),
        at_moment("c", 3, None, connected=False),
        at_moment("d", 4, 0.7, connected=False),
        at_moment("a", 1, 0.4, line=0, differs="dataset version", connected=False),
    ]
    plot = history_plot("t", "accuracy", moments)
    segments = {(row["label"], row["differs"]): row["segment"] for row in plot.spec["data"]["values"]}
    assert segments["a", None] == segments["b", None] != segments["d", None]
    assert segments["a", "dataset version"] not in (segments["a", None], segments["d", None])
    assert plot.summary.endswith(": 0.5 (a) to 0.7 (d)")
    assert plot.notes == ("1 of the results have no value",)


# --- results in a notebook ---


@pytest.mark.sampled(2)
def test_results_show_themselves_as_tables_and_a_plot(spam: ks.Store) -> None:
    results = spam.test("spam", suite="everyday")
    comparison = spam.compare("spam", "new", "old", "everyday")
    for one, case in ((results, "Short"), (comparison, "Short"), (spam.history("spam"), "old")):
        shown = one._repr_html_()
        assert "<table>" in shown
        assert len(re.findall(r"<svg[^>]*>.*</svg>", shown, re.DOTALL)) == 1
        assert f">{case}<" in shown.partition("<svg")[2]


def test_the_plots_of_two_results_share_no_ids(spam: ks.Store) -> None:
    drawn = [spam.test("spam", suite="everyday").plot().svg(), '<svg><g id="a"/><use href="#a" fill="url(#a)"/></svg>']
    first, second = (inlined(svg, prefix=f"p{place}") for place, svg in enumerate(drawn))
    assert second == '<svg><g id="p1-a"/><use href="#p1-a" fill="url(#p1-a)"/></svg>'
    assert set(re.findall(r'\bid="(p1-[^"]+)"', first)) == set()


def test_without_the_extra_results_show_their_tables(spam: ks.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kolena_store.plots.drawing.find_spec", lambda _: None)
    shown = spam.compare("spam", "new", "old", "everyday")._repr_html_()
    assert "<table>" in shown
    assert "<svg" not in shown


def test_results_draw_what_is_asked_for(spam: ks.Store) -> None:
    results, comparison = spam.test("spam", suite="everyday"), spam.compare("spam", "new", "old", "everyday")
    values = {(row["case"], row["model"]): row["x"] for row in results.plot("recall").spec["data"]["values"]}
    assert values["Short", "new"] == results["Short", "new", "recall"].value
    deltas = {row["case"]: row["delta"] for row in comparison.plot("recall").spec["data"]["values"]}
    assert deltas["Short"] == comparison["Short", "new", "recall"].delta
    with pytest.raises(UnknownName, match="no compared metric named 'recal'; did you mean 'recall'"):
        comparison.plot("recal")
    with pytest.raises(InvalidInput, match="no test case has a value of 'recal'"):
        results.plot("recal")
