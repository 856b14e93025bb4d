"""Stores whose published databases are read by other programs: every workflow, odd names, several models and suites."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import kolena_store as ks

N = 180
ODD = ('my "dogs"', "it's", "größe 🙂", "a.b c")
"""A dataset, a model, a column and a class with quotes, spaces and letters of other alphabets."""

SUITE = """
CREATE VIEW "Night's ""dark"" side" AS SELECT * FROM test_samples WHERE light < 0.4;
COMMENT ON VIEW "Night's ""dark"" side" IS 'It''s dark';
CREATE VIEW "größe 🙂" AS WITH bright AS (SELECT _sample FROM test_samples WHERE light >= 0.4)
    SELECT test_samples.* FROM test_samples JOIN bright USING (_sample) WHERE test_samples.light < 0.7;
CREATE VIEW few AS SELECT * FROM test_samples WHERE id < 2;
CREATE VIEW nobody AS SELECT * FROM test_samples WHERE light > 2;
"""


def samples(rng: np.random.Generator, **columns: Any) -> pa.Table:
    return pa.table({"id": np.arange(N), "light": np.round(rng.random(N), 3), **columns})


def with_holes(rng: np.random.Generator, values: Any, share: float = 0.06) -> list[Any]:
    return [None if hole else value for value, hole in zip(values, rng.random(len(values)) < share, strict=True)]


def add_multiclass(store: ks.Store, rng: np.random.Generator) -> None:
    dataset, model, column, label = ODD
    classes = ["x", label, "it's"]
    store.upload_dataset(
        dataset,
        samples(rng, **{column: with_holes(rng, rng.choice(classes, N))}),
        id_fields=["id"],
        workflow=ks.Classification(column, prediction="answer", scores={one: f"p {one}" for one in classes}),
    )
    for name in (model, "v2"):
        scores = np.round(rng.dirichlet([1, 1, 1], N), 2)
        scores[:, 2] = 1 - scores[:, 0] - scores[:, 1]
        answers = [
            classes[row.argmax()] if luck > 0.1 else "another" for row, luck in zip(scores, rng.random(N), strict=True)
        ]
        table = {"id": np.arange(N), "answer": with_holes(rng, answers)}
        table |= {f"p {one}": with_holes(rng, scores[:, index].tolist()) for index, one in enumerate(classes)}
        table["shown [ms]"] = [(i + len(name)) % 7 for i in range(N)]
        store.upload_results(dataset, name, pa.table(table).slice(0, N - 9), metadata_fields=["shown [ms]"])
    store.apply_suite(dataset, SUITE, name="odd")
    store.apply_suite(dataset, "", name="listed", cases=[ks.ExplicitCase(name="by hand", ids=list(range(3, 40, 2)))])
    store.test(dataset, suite="odd")
    store.test(dataset, suite="listed")
    store.test(dataset, model, suite="odd", configuration=ks.Configuration(beta=0.5, top_k=1))
    some = ks.Configuration(classes=["x", label])
    store.test(
        dataset, model, suite="odd", configuration=some, metrics=["f1", "f1_macro", "f1_micro", "recall_weighted"]
    )
    store.apply_metrics(
        dataset,
        "-- metric: wrong_at_night  better: lower  unit: samples\n"
        "SELECT count(*) FILTER (NOT m.correct AND s.light < 0.4) AS value, count(m.correct) AS n FROM results;\n",
    )
    store.test(dataset, model, suite="odd")
    shown = """CREATE VIEW "it's ""dim"" light" AS SELECT * FROM inferences WHERE "shown [ms]" < 3;"""
    store.apply_suite(dataset, shown, name="shown")
    store.test(dataset, suite="shown")


def add_binary(store: ks.Store, rng: np.random.Generator) -> None:
    truth = rng.choice(["spam", "it's ham"], N)
    workflow = ks.Classification("kind", score="score", positive="spam")
    store.upload_dataset("binary", samples(rng, kind=truth), id_fields=["id"], workflow=workflow)
    score = np.round(np.clip((truth == "spam") * 0.3 + rng.random(N) * 0.7, 0, 1), 2)
    store.upload_results("binary", "v1", pa.table({"id": np.arange(N), "score": with_holes(rng, score.tolist())}))
    store.apply_suite("binary", SUITE, name="odd")
    store.test("binary", suite="odd")
    store.test("binary", suite="odd", configuration=ks.Configuration(threshold=0.3))


def add_regression(store: ks.Store, rng: np.random.Generator) -> None:
    price = np.round(rng.normal(100, 20, N), 1)
    price[:5] = 0
    store.upload_dataset(
        "prices", samples(rng, price=price), id_fields=["id"], workflow=ks.Regression("price", "guess")
    )
    guess = with_holes(rng, (price + rng.normal(1, 5, N)).tolist())
    store.upload_results("prices", "v1", pa.table({"id": np.arange(N), "guess": pa.array(guess, pa.float64())}))
    store.apply_suite("prices", SUITE, name="odd")
    store.test("prices", suite="odd")


def add_judged(store: ks.Store, rng: np.random.Generator) -> None:
    store.upload_dataset("answers", samples(rng), id_fields=["id"], workflow=ks.Judged("verdict", "grade"))
    verdicts = with_holes(rng, (rng.random(N) < 0.7).tolist())
    grades = with_holes(rng, rng.integers(1, 6, N).tolist())
    table = pa.table({"id": np.arange(N), "verdict": verdicts, "grade": pa.array(grades, pa.float64())})
    store.upload_results("answers", "v1", table, upload_configuration={"prompt": "it's short"})
    store.apply_suite("answers", SUITE, name="odd")
    store.test("answers", suite="odd")


def add_graded(store: ks.Store, rng: np.random.Generator) -> None:
    """Two graders' verdicts and three graders' grades, in lists."""
    workflow = ks.Judged("verdicts", "grades", graders=["majority", "median"])
    store.upload_dataset("graded answers", samples(rng), id_fields=["id"], workflow=workflow)
    lists = {
        "verdicts": [with_holes(rng, row) for row in (rng.random((N, 2)) < 0.7).tolist()],
        "grades": [with_holes(rng, row) for row in rng.integers(1, 6, (N, 3)).tolist()],
    }
    store.upload_results("graded answers", "v1", pa.table({"id": np.arange(N), **lists}))
    store.apply_suite("graded answers", SUITE, name="odd")
    store.test("graded answers", suite="odd")


def add_weighted(store: ks.Store, rng: np.random.Generator) -> None:
    """Two classes, three classes and numbers, some of whose samples count nothing."""
    share = np.round(rng.random(N) * 3, 2)
    share[::11] = 0
    labels = rng.choice(["a", "b", "c"], N)
    price = np.round(rng.normal(100, 20, N), 1)
    scores = np.round(rng.dirichlet([1, 1, 1], N), 2)
    scores[:, 2] = 1 - scores[:, 0] - scores[:, 1]
    answers: dict[str, Any] = {f"p_{one}": with_holes(rng, scores[:, i].tolist()) for i, one in enumerate("abc")}
    for name, workflow, columns in (
        (
            "weighted two",
            ks.Classification("kind", score="p_a", positive="a"),
            {"kind": np.where(labels == "a", "a", "b")},
        ),
        ("weighted three", ks.Classification("kind", scores="p_{class}"), {"kind": labels}),
        ("weighted numbers", ks.Regression("price", "guess"), {"price": price}),
    ):
        table = samples(rng, share=share, **columns)
        store.upload_dataset(name, table, id_fields=["id"], workflow=workflow, weight="share")
        guess = pa.array(with_holes(rng, (price + rng.normal(1, 5, N)).tolist()), pa.float64())
        store.upload_results(name, "v1", pa.table({"id": np.arange(N), "guess": guess, **answers}))
        store.apply_suite(name, SUITE, name="odd")
        store.test(name, suite="odd")


def add_multilabel(store: ks.Store, rng: np.random.Generator) -> None:
    """Several labels a sample, with scores; once with weights; a class that never occurs, a truth that is not known."""
    classes = ["x", ODD[3], "never"]
    truths = rng.random((N, 3)) < [0.3, 0.5, 0]
    held = [[label for label, has in zip(classes, row, strict=True) if has] for row in truths]
    scores = np.clip(np.round(truths * 0.3 + rng.random((N, 3)) * 0.7, 2), 0, 1)
    columns = {f"p {one}": with_holes(rng, scores[:, index].tolist()) for index, one in enumerate(classes)}
    for name, weight in (("labels", None), ("weighted labels", "share")):
        share = np.round(rng.random(N) * 3, 2)
        share[::11] = 0
        table = samples(rng, share=share, held=with_holes(rng, held))
        workflow = ks.MultilabelClassification("held", scores="p {class}", classes=classes)
        store.upload_dataset(name, table, id_fields=["id"], workflow=workflow, weight=weight)
        store.upload_results(name, "v1", pa.table({"id": np.arange(N), **columns}).slice(4))
        store.apply_suite(name, SUITE, name="odd")
        store.test(name, suite="odd")


def add_quantiles(store: ks.Store, rng: np.random.Generator) -> None:
    """Forecasts at three levels, some of which are missing; once with weights."""
    truth = np.round(rng.normal(10, 2, N), 2)
    columns = {
        f"q {level}": with_holes(rng, np.round(truth + rng.normal(shift, 1, N), 2).tolist())
        for level, shift in ((0.1, -1.5), (0.5, 0.0), (0.9, 1.5))
    }
    for name, weight in (("forecasts", None), ("weighted forecasts", "share")):
        share = np.round(rng.random(N) * 3, 2)
        share[::11] = 0
        table = samples(rng, share=share, observed=with_holes(rng, truth.tolist()))
        workflow = ks.Regression("observed", quantiles="q {level}")
        store.upload_dataset(name, table, id_fields=["id"], workflow=workflow, weight=weight)
        store.upload_results(name, "v1", pa.table({"id": np.arange(N), **columns}).slice(4))
        store.apply_suite(name, SUITE, name="odd")
        store.test(name, suite="odd")


def add_repeated(store: ks.Store, rng: np.random.Generator) -> None:
    """Models that answered each sample one to three times, told apart by a number or a text, beside one that did once."""
    of = np.repeat(np.arange(N), rng.integers(1, 4, N))
    number = np.arange(len(of)) - np.searchsorted(of, of)
    share = np.round(rng.random(N) * 3, 2)
    share[::11] = 0
    price = np.round(rng.normal(100, 20, N), 1)
    held = [[one for one in "ab" if rng.random() < 0.5] for _ in range(N)]
    for name, workflow, truth, weight in (
        ("repeated two", ks.Classification("kind", score="p_a", positive="a"), rng.choice(["a", "b"], N), None),
        ("repeated numbers", ks.Regression("kind", "guess"), price, "share"),
        ("repeated labels", ks.MultilabelClassification("kind", scores="p_{class}", classes=["a", "b"]), held, None),
    ):
        table = samples(rng, share=share, kind=truth)
        store.upload_dataset(name, table, id_fields=["id"], workflow=workflow, weight=weight)
        for model, told in (("v1", number), (ODD[1], np.char.add("it's ", number.astype(str)))):
            store.upload_results(
                name, model, _answers(rng, of, price).append_column("which", [told]), repeat_field="which"
            )
        store.upload_results(name, "once", _answers(rng, np.arange(N), price))
        store.apply_suite(name, SUITE, name="odd")
        store.test(name, suite="odd")


def _answers(rng: np.random.Generator, of: np.ndarray, price: np.ndarray) -> pa.Table:
    scores = np.round(rng.random((len(of), 2)), 2)
    columns = {f"p_{one}": with_holes(rng, scores[:, i].tolist()) for i, one in enumerate("ab")}
    guess = with_holes(rng, (price[of] + rng.normal(1, 5, len(of))).tolist())
    return pa.table({"id": of, "guess": pa.array(guess, pa.float64()), **columns})


def full_store(root: Path) -> ks.Store:
    """Return a store with every workflow, with and without weights; the same one at each call."""
    store, rng = ks.Store(root), np.random.default_rng(7)
    labels = (add_multiclass, add_binary, add_multilabel)
    others = (add_regression, add_quantiles, add_judged, add_graded, add_weighted, add_repeated)
    with store.transaction():
        for add in (*labels, *others):
            add(store, rng)
    return store
