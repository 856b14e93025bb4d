"""Every metric states the range of its values, and its values lie in it."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from object_stores import detection_rows, truth_rows
from scenes import random_scene
from small_stores import table_of, temporary_store

import kolena_store as ks
from kolena_store.metrics.definitions import MetricDefinition, load_metrics

FOLDER = Path(__file__).parent.parent / "sql" / "metrics"
METRICS = {
    f"{path.stem}.{one.name}": one
    for path in FOLDER.glob("*.sql")
    for one in load_metrics(f"metrics/{path.stem}").metrics
}
RANGE = re.compile(r"(?P<left>[\[(])(?P<low>-?[\w.]+), (?P<high>-?[\w.]+)(?P<right>[\])])")
ROUNDING = 1e-12
N = 160
Problem = tuple[dict[str, Any], Any, dict[str, Any]]
"""The columns of the samples, the workflow, and the columns of a model's answers."""

LABELS = np.array(["bird", "cat", "dog", "eel"])


@dataclass(frozen=True)
class Range:
    """The values from `low` to `high`; an infinite end is never a value."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return math.isfinite(value) and self.low - ROUNDING <= value <= self.high + ROUNDING


def range_of(metric: MetricDefinition) -> Range:
    match = RANGE.fullmatch(metric.value_range)
    assert match is not None, f"{metric.name}: {metric.value_range!r} is no range"
    low, high = float(match["low"]), float(match["high"])
    assert low < high
    assert (match["left"] == "(") == math.isinf(low), metric.name
    assert (match["right"] == ")") == math.isinf(high), metric.name
    return Range(low, high)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_states_its_range(name: str) -> None:
    subject, metric = name.split(".")
    blocks = re.findall(rf"(?ms)^-- metric: {metric}\n.*?(?=^-- metric: |\Z)", (FOLDER / f"{subject}.sql").read_text())
    assert [re.findall(r"(?m)^-- range: (.*)$", block) for block in blocks] == [[METRICS[name].value_range]] * len(
        blocks
    )
    range_of(METRICS[name])


def groups(n: int) -> np.ndarray:
    """Groups of 1, 2, 3 ... samples, and the twelfth of all others."""
    return np.minimum(np.repeat(np.arange(n), np.arange(1, n + 1))[:n], 11)


def of_classes(random: np.random.Generator, n: int) -> Problem:
    scores = random.dirichlet(np.full(len(LABELS), 0.3), n).round(2)
    scores[:, 0] = 1 - scores[:, 1:].sum(axis=1)
    columns = {f"p_{label}": np.clip(scores[:, code], 0, 1) for code, label in enumerate(LABELS)}
    return {"truth": random.choice(LABELS, n)}, ks.Classification("truth", scores="p_{class}"), columns


def of_two_classes(random: np.random.Generator, n: int) -> Problem:
    workflow = ks.Classification("truth", score="score", positive="cat")
    return {"truth": random.choice(LABELS[:2], n)}, workflow, {"score": random.beta(0.4, 0.4, n)}


def of_scores_that_are_no_probabilities(random: np.random.Generator, n: int) -> Problem:
    workflow = ks.Classification("truth", prediction="label", score="score")
    return (
        {"truth": random.choice(LABELS, n)},
        workflow,
        {"label": random.choice(LABELS, n), "score": random.normal(size=n)},
    )


def of_wrong_labels_alone(random: np.random.Generator, n: int) -> Problem:
    truth = random.integers(0, 2, n)
    workflow = ks.Classification("truth", prediction="label", positive="cat")
    return {"truth": LABELS[truth]}, workflow, {"label": LABELS[1 - truth]}


def of_numbers(random: np.random.Generator, n: int) -> Problem:
    truth = random.choice([-5.0, 0.0, 1e-3, 2.0, 1e6], n)
    prediction = truth * random.choice([-1.0, 0.0, 1.0, 3.0], n) + random.normal(size=n).round(1)
    return {"truth": truth}, ks.Regression("truth", "prediction"), {"prediction": prediction}


def of_perfect_numbers(random: np.random.Generator, n: int) -> Problem:
    truth = random.normal(1e3, 0.1, n)
    return {"truth": truth}, ks.Regression("truth", "prediction"), {"prediction": truth}


def of_opposite_numbers(random: np.random.Generator, n: int) -> Problem:
    truth = random.normal(1e3, 0.1, n)
    return {"truth": truth}, ks.Regression("truth", "prediction"), {"prediction": -truth}


def of_verdicts(random: np.random.Generator, n: int) -> Problem:
    return {"x": np.zeros(n)}, ks.Judged(verdict="ok"), {"ok": random.random(n) < 0.3}


def of_grades(random: np.random.Generator, n: int) -> Problem:
    return {"x": np.zeros(n)}, ks.Judged(score="grade"), {"grade": random.normal(size=n)}


def of_several_labels(random: np.random.Generator, n: int) -> Problem:
    truth = random.random((n, len(LABELS))) < 0.4
    scores = np.clip(truth * 0.3 + random.random(truth.shape) * 0.7, 0, 1).round(2)
    workflow = ks.MultilabelClassification("truth", scores="p_{class}", classes=LABELS.tolist())
    held = [LABELS[row].tolist() for row in truth]
    return {"truth": held}, workflow, {f"p_{label}": scores[:, code] for code, label in enumerate(LABELS)}


def of_quantiles(random: np.random.Generator, n: int) -> Problem:
    truth = random.normal(size=n)
    forecast = truth + random.normal(size=n)
    columns = {f"q{level}": forecast + shift for level, shift in ((0.1, -1.3), (0.25, -0.7), (0.75, 0.7), (0.9, 1.3))}
    return {"truth": truth}, ks.Regression("truth", quantiles="q{level}"), columns


def of_two_graders(random: np.random.Generator, n: int) -> Problem:
    lists = {"ok": (random.random((n, 2)) < 0.3).tolist(), "grade": random.integers(0, 3, (n, 2)).tolist()}
    return {"x": np.zeros(n)}, ks.Judged("ok", "grade", graders=["majority", "mean"]), lists


def of_graders_who_differ(random: np.random.Generator, n: int) -> Problem:
    """Half of the graders say one thing, the others the opposite."""
    n_pairs = random.integers(1, 4, n)
    lists = {"ok": [[True, False] * m for m in n_pairs], "grade": [[0.0, 1e9] * m for m in n_pairs]}
    return {"x": np.zeros(n)}, ks.Judged("ok", "grade", graders=["majority", "median"]), lists


def of_objects(random: np.random.Generator, n: int) -> Problem:
    scene = random_scene(int(random.integers(100)), n, n_classes=3)
    lists: tuple[list[list[dict[str, Any]]], ...] = ([[] for _ in range(n)], [[] for _ in range(n)])
    for found, rows in zip(lists, (truth_rows(scene), detection_rows(scene)), strict=True):
        for row in rows:
            found[row["image"]].append({name: value for name, value in row.items() if name != "image"})
    return {"objects": lists[0]}, ks.ObjectDetection(), {"objects": lists[1]}


PROBLEMS = (
    of_classes,
    of_two_classes,
    of_scores_that_are_no_probabilities,
    of_wrong_labels_alone,
    of_numbers,
    of_perfect_numbers,
    of_opposite_numbers,
    of_verdicts,
    of_grades,
    of_several_labels,
    of_quantiles,
    of_two_graders,
    of_graders_who_differ,
    of_objects,
)


@pytest.fixture(scope="module")
def values() -> dict[str, list[float]]:
    """Every metric's values and bounds of intervals, of all problems and their groups of all sizes."""
    found: dict[str, list[float]] = {name: [] for name in METRICS}
    store = temporary_store()
    with store.transaction():
        for seed, problem in enumerate(PROBLEMS):
            samples, workflow, answers = problem(np.random.default_rng(seed), N)
            store.upload_dataset(problem.__name__, table_of({**samples, "g": groups(N)}), workflow=workflow)
            store.upload_results(problem.__name__, "m", table_of(answers))
            for row in store.test(problem.__name__, by=["g"]).rows():
                numbers = (row["value"], row["ci_low"], row["ci_high"])
                found[f"{Path(workflow.metric_file).name}.{row['metric']}"] += [
                    number for number in numbers if number is not None
                ]
    return found


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", METRICS)
def test_values_lie_in_the_range_of_their_metric(name: str, values: dict[str, list[float]]) -> None:
    stated = range_of(METRICS[name])
    assert len(set(values[name])) > 1
    assert [value for value in values[name] if not stated.holds(value)] == []
