"""How often the 95 % intervals hold the true value, by simulation through the public interface.

    python benchmarks/interval_coverage.py            the whole grid, some minutes
    python benchmarks/interval_coverage.py --quick    fewer replications, under a minute

Each line is one metric in one setting: every replication is a test case of its own with n fresh samples, and the
store's own interval is held against the value in the population. What is asked for: proportions on average between .94
and .965 over the grid (single points jump, since counts are whole: the minimum is printed); smooth metrics with at
least 10 samples in every cell between .93 and .97; clusters, where 10 to 20 of them say little, from .90. The last
lines show the percentile bootstrap of a recall in the place of ours.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

import kolena_store as ks

Columns = dict[str, NDArray[np.generic]]
POPULATION = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to draw samples: their columns, the workflow that reads them, and what makes it hard."""

    kind: str
    name: str
    workflow: object
    draw: Callable[[np.random.Generator, int], Columns]
    metrics: tuple[str, ...]
    sizes: tuple[int, ...]
    positive: str | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """The coverage of one metric in one setting: of the replications that have an interval, how many hold the truth."""

    kind: str
    setting: str
    metric: str
    n: int
    coverage: float
    without: float
    width: float


def lines(
    settings: Sequence[Setting], replications: int, *, seed: int = 1, population: int = POPULATION
) -> Iterator[Line]:
    """Yield the coverage of every metric of every setting."""
    for setting in settings:
        rng = np.random.default_rng(seed)
        truth = values_in_population(setting, rng, population)
        for n in setting.sizes:
            results = tested(setting, rng, n, replications)
            for metric in setting.metrics:
                yield line(setting, metric, n, truth[metric], results)


def line(setting: Setting, metric: str, n: int, truth: float, results: ks.TestResults) -> Line:
    """Return the coverage of one metric over the test cases."""
    rows = [
        row for row in results.rows() if row["metric"] == metric and row["class"] is None and row["test_case"] != "all"
    ]
    bounded = [row for row in rows if row["ci_low"] is not None]
    held = sum(row["ci_low"] <= truth <= row["ci_high"] for row in bounded)
    widths = [row["ci_high"] - row["ci_low"] for row in bounded]
    return Line(
        kind=setting.kind,
        setting=setting.name,
        metric=metric,
        n=n,
        coverage=held / len(bounded) if bounded else math.nan,
        without=1 - len(bounded) / len(rows),
        width=float(np.mean(widths)) if widths else math.nan,
    )


def values_in_population(setting: Setting, rng: np.random.Generator, population: int) -> dict[str, float]:
    """Return the metrics' values on very many samples."""
    results = store_of(setting, setting.draw(rng, population)).test("d", metrics=list(setting.metrics))
    return {metric: float(results["all", "m", metric].value or 0.0) for metric in setting.metrics}


def tested(setting: Setting, rng: np.random.Generator, n: int, replications: int) -> ks.TestResults:
    """Return the results of a store whose test cases are the replications."""
    parts = [setting.draw(rng, n) for _ in range(replications)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    number = np.repeat(np.arange(replications), n)
    if "cluster" in columns:  # the clusters of each replication are its own
        columns["cluster"] = columns["cluster"].astype(np.int64) + number * n
    store = store_of(setting, {**columns, "replication": number})
    views = (
        f'CREATE VIEW "{number}" AS SELECT * FROM test_samples WHERE replication = {number};'
        for number in range(replications)
    )
    store.apply_suite("d", "\n".join(views), name="replications")
    return store.test("d", "m", "replications", metrics=list(setting.metrics))


def store_of(setting: Setting, columns: Columns) -> ks.Store:
    """Return a temporary store with the samples and one model's answers to them."""
    import polars as pl

    frame = pl.DataFrame({"id": np.arange(len(next(iter(columns.values())))), **columns})
    answers = [name for name in frame.columns if name.startswith("answer")]
    sampling = {name: name for name in ("cluster", "weight") if name in columns}
    store = ks.Store()
    with store.transaction():
        store.upload_dataset("d", frame.drop(answers), id_fields=["id"], workflow=setting.workflow, **sampling)
        store.upload_results("d", "m", frame.select("id", *answers))
    return store


def binary(prevalence: float, recall: float, false_alarms: float) -> Callable[[np.random.Generator, int], Columns]:
    """Return how to draw labels and answers of two classes."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        truth = rng.random(n) < prevalence
        answer = rng.random(n) < np.where(truth, recall, false_alarms)
        return {"label": np.where(truth, "yes", "no"), "answer": np.where(answer, "yes", "no")}

    return draw


def scored(prevalence: float, distance: float) -> Callable[[np.random.Generator, int], Columns]:
    """Return how to draw labels and scores, normal in both classes."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        truth = rng.random(n) < prevalence
        score = 1 / (1 + np.exp(-(rng.normal(size=n) + distance * truth - distance / 2)))
        return {"label": np.where(truth, "yes", "no"), "answer": score}

    return draw


def many_classes(n_classes: int, accuracy: float, skew: float) -> Callable[[np.random.Generator, int], Columns]:
    """Return how to draw labels of many classes, each `skew` times as frequent as the one before."""
    shares = skew ** np.arange(n_classes)

    def draw(rng: np.random.Generator, n: int) -> Columns:
        truth = rng.choice(n_classes, n, p=shares / shares.sum())
        answer = np.where(rng.random(n) < accuracy, truth, rng.integers(0, n_classes, n))
        names = np.array([f"class {number}" for number in range(n_classes)])
        return {"label": names[truth], "answer": names[answer]}

    return draw


def measured(noise: float, heavy: bool) -> Callable[[np.random.Generator, int], Columns]:
    """Return how to draw numbers and predictions, with normal or heavy-tailed errors."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        truth = rng.normal(10, 2, n)
        error = rng.standard_t(5, n) if heavy else rng.normal(size=n)
        return {"label": truth, "answer": truth + 0.2 + noise * error}

    return draw


def clustered(in_each: int, spread: float) -> Callable[[np.random.Generator, int], Columns]:
    """Return how to draw scores of two classes in clusters that differ in how hard they are."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        cluster = np.arange(n) // in_each
        truth = rng.random(n) < 0.5
        distance = 1.2 + spread * rng.normal(size=cluster[-1] + 1)[cluster]
        score = 1 / (1 + np.exp(-(rng.normal(size=n) + distance * truth - distance / 2)))
        return {"label": np.where(truth, "yes", "no"), "answer": score, "cluster": cluster}

    return draw


def clustered_numbers(in_each: int, spread: float) -> Callable[[np.random.Generator, int], Columns]:
    """Return how to draw numbers in clusters with errors of their own."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        cluster = np.arange(n) // in_each
        truth = rng.normal(10, 2, n)
        error = rng.normal(size=n) + spread * rng.normal(size=cluster[-1] + 1)[cluster]
        return {"label": truth, "answer": truth + 0.2 + error, "cluster": cluster}

    return draw


def weighted(ratio: float) -> Callable[[np.random.Generator, int], Columns]:
    """Return how to draw samples of two kinds, the harder one `ratio` times too often, which its weight corrects."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        is_hard = rng.random(n) < ratio / (1 + ratio)
        truth = rng.random(n) < 0.4
        distance = np.where(is_hard, 0.8, 2.0)
        score = 1 / (1 + np.exp(-(rng.normal(size=n) + distance * truth - distance / 2)))
        return {"label": np.where(truth, "yes", "no"), "answer": score, "weight": np.where(is_hard, 1 / ratio, 1.0)}

    return draw


def settings() -> list[Setting]:
    """Return the grid."""
    labels = ks.Classification("label", "answer", positive="yes")
    by_score = ks.Classification("label", score="answer", positive="yes")
    proportions = ("accuracy", "precision", "recall", "specificity", "f1")
    smooth = ("bias", "mae", "mse", "rmse", "r2", "pearson", "spearman", "kendall_tau", "median_absolute_error")
    grid = [
        Setting(
            kind="proportion",
            name=f"prevalence {prevalence}, recall {recall}, false alarms {alarms}",
            workflow=labels,
            draw=binary(prevalence, recall, alarms),
            metrics=proportions,
            sizes=(100, 300, 1_000),
        )
        for prevalence, recall, alarms in ((0.1, 0.8, 0.05), (0.3, 0.9, 0.1), (0.5, 0.6, 0.4), (0.5, 0.95, 0.05))
    ]
    grid += [
        Setting(
            kind="table",
            name=f"prevalence {prevalence}, recall {recall}, false alarms {alarms}",
            workflow=labels,
            draw=binary(prevalence, recall, alarms),
            metrics=("mcc", "cohen_kappa", "balanced_accuracy", "f_beta"),
            sizes=(100, 300, 1_000),
        )
        for prevalence, recall, alarms in ((0.3, 0.9, 0.1), (0.5, 0.6, 0.4))
    ]
    grid += [
        Setting(
            kind="smooth",
            name=f"{n_classes} classes, accuracy {accuracy}, skew {skew}",
            workflow=ks.Classification("label", "answer"),
            draw=many_classes(n_classes, accuracy, skew),
            metrics=("f1_macro", "precision_macro", "recall_macro", "mcc", "cohen_kappa", "f1_micro"),
            sizes=(300, 1_000),
        )
        for n_classes, accuracy, skew in ((4, 0.6, 1.0), (4, 0.85, 0.7), (8, 0.75, 1.0))
    ]
    grid += [
        Setting(
            kind="smooth",
            name=f"prevalence {prevalence}, distance {distance}",
            workflow=by_score,
            draw=scored(prevalence, distance),
            metrics=("roc_auc", "average_precision", "log_loss", "brier_score"),
            sizes=(100, 300, 1_000),
        )
        for prevalence, distance in ((0.2, 1.0), (0.5, 1.0), (0.5, 2.5))
    ]
    grid += [
        Setting(
            kind="smooth",
            name="heavy tails" if heavy else "normal errors",
            workflow=ks.Regression("label", "answer"),
            draw=measured(1.0, heavy),
            metrics=smooth,
            sizes=(100, 300, 1_000),
        )
        for heavy in (False, True)
    ]
    of_scores = ("accuracy", "recall", "precision", "f1", "mcc", "roc_auc", "average_precision", "log_loss")
    grid += [
        Setting(
            kind="clusters",
            name=f"clusters of {in_each}, spread {spread}",
            workflow=by_score,
            draw=clustered(in_each, spread),
            metrics=of_scores,
            sizes=(10 * in_each, 20 * in_each, 50 * in_each),
        )
        for in_each, spread in ((10, 0.5), (30, 1.0))
    ]
    grid += [
        Setting(
            kind="clusters",
            name=f"numbers in clusters of {in_each}, spread {spread}",
            workflow=ks.Regression("label", "answer"),
            draw=clustered_numbers(in_each, spread),
            metrics=("bias", "mae", "rmse", "r2", "median_absolute_error"),
            sizes=(10 * in_each, 20 * in_each, 50 * in_each),
        )
        for in_each, spread in ((10, 0.5), (30, 1.0))
    ]
    grid += [
        Setting(
            kind="weights",
            name=f"hard samples {ratio} times too often",
            workflow=by_score,
            draw=weighted(ratio),
            metrics=of_scores,
            sizes=(100, 300, 1_000),
        )
        for ratio in (2.0, 5.0)
    ]
    return grid


def bootstrap_lines(replications: int, seed: int = 2) -> Iterator[Line]:
    """Yield the coverage of the recall's percentile bootstrap over samples, which is often used in Wilson's place."""
    rng = np.random.default_rng(seed)
    tail = (1 - 0.95) / 2
    for n, prevalence, recall in ((100, 0.1, 0.95), (100, 0.1, 0.8), (1_000, 0.1, 0.8)):
        support = rng.binomial(n, prevalence, replications)
        hits = rng.binomial(support, recall)
        bounds = []
        for found, truths in zip(hits, support, strict=True):
            drawn = rng.multinomial(n, np.array([found, truths - found, n - truths]) / n, size=1_000)
            with np.errstate(invalid="ignore"):
                bounds.append(np.nanquantile(drawn[:, 0] / (drawn[:, 0] + drawn[:, 1]), [tail, 1 - tail]))
        low, high = np.array(bounds).T
        yield Line(
            kind="bootstrap",
            setting=f"prevalence {prevalence}, recall {recall}",
            metric="recall",
            n=n,
            coverage=float(np.mean((low <= recall) & (recall <= high))),
            without=0.0,
            width=float(np.mean(high - low)),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and, for each kind, mean and minimum."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="200 replications in place of 1,000")
    parser.add_argument("--kind", help="only the settings of this kind")
    options = parser.parse_args(arguments)
    replications = 200 if options.quick else 1_000
    found = []
    sys.stdout.write(f"{'kind':<11} {'setting':<48} {'metric':<22} {'n':>5}  coverage  none   width\n")
    chosen = [one for one in settings() if options.kind in (None, one.kind)]
    compared = bootstrap_lines(replications) if options.kind in (None, "bootstrap") else iter(())
    for one in chain(lines(chosen, replications), compared):
        found.append(one)
        sys.stdout.write(
            f"{one.kind:<11} {one.setting:<48} {one.metric:<22} {one.n:>5}  {one.coverage:>8.3f}  {one.without:.2f}  "
            f"{one.width:.3f}\n"
        )
        sys.stdout.flush()
    for kind in dict.fromkeys(one.kind for one in found):
        values = [one.coverage for one in found if one.kind == kind]
        sys.stdout.write(f"{kind}: mean {np.mean(values):.3f}, minimum {min(values):.3f} of {len(values)} points\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
