"""Whether the evidence of comparisons is what it says, by simulation: intervals, false discoveries, power, mistakes.

    python benchmarks/comparison_evidence.py            everything, half an hour
    python benchmarks/comparison_evidence.py --quick    a tenth of the replications
    python benchmarks/comparison_evidence.py --part coverage --replications 300

Four parts, each a table:

- `coverage`: how often the 95 % interval of a difference holds the true one, and how often a test at alpha .05 calls a
  difference where there is none, through `store.compare` with a test case for each replication. The mean
  of each kind lies between .94 and .97 (of clusters .91 and .97); the minimum is printed.
- `discoveries`: the share of false discoveries over 60 test cases that overlap, without a true effect and with some.
- `power`: McNemar's test beside tests that treat the two models' answers as two sets of samples, on the same data.
- `mistakes`: what usual short cuts say of the same data: no correction, a bare difference, intervals that overlap.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from measuring import Claims, conditions, table
from numpy.typing import NDArray

import kolena_store as ks
from kolena_store.statistics.corrections import benjamini_hochberg, benjamini_yekutieli
from kolena_store.statistics.distributions import normal_cdf
from kolena_store.statistics.paired_proportions import mcnemar_exact, mcnemar_mid_p
from kolena_store.statistics.proportions import wilson_bounds

Columns = dict[str, NDArray[np.generic]]
Draw = Callable[[np.random.Generator, int], Columns]
POPULATION = 1_000_000
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to draw samples with the answers of two models, `answer_a` and `answer_b`."""

    kind: str
    name: str
    workflow: object
    draw: Draw
    metrics: tuple[str, ...]
    sizes: tuple[int, ...]
    is_null: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """What became of one metric in one setting: `held` of the intervals hold the truth, `none` have none.

    `called` is how often alpha .05 calls a difference, and `thin` how often the evidence allows no verdict.
    """

    kind: str
    setting: str
    metric: str
    n: int
    held: float
    none: float
    called: float
    thin: float
    is_null: bool


# --- coverage ---


def lines(settings: Sequence[Setting], replications: int, *, population: int = POPULATION) -> Iterator[Line]:
    """Yield the coverage of every metric of every setting."""
    for setting in settings:
        rng = np.random.default_rng(1)
        truth = true_differences(setting, rng, population)
        for n in setting.sizes:
            rows = compared(setting, rng, n, replications).rows()
            for metric in setting.metrics:
                of_metric = [row for row in rows if row["metric"] == metric and row["test_case"] != "all"]
                yield line(setting, metric, n, truth[metric], of_metric)


def line(setting: Setting, metric: str, n: int, truth: float, rows: Sequence[Mapping[str, object]]) -> Line:
    """Return what became of one metric over the replications."""
    bounded = [row for row in rows if row["ci_low"] is not None]
    held = [row["ci_low"] <= truth <= row["ci_high"] for row in bounded]  # type: ignore[operator]
    is_thin = [str(row["reason"]).startswith("too few") for row in rows]
    calls = [
        row["p"] is not None and row["p"] <= ALPHA and not thin  # type: ignore[operator]
        for row, thin in zip(rows, is_thin, strict=True)
    ]
    return Line(
        kind=setting.kind,
        setting=setting.name,
        metric=metric,
        n=n,
        held=float(np.mean(held)) if held else math.nan,
        none=1 - len(bounded) / len(rows),
        called=float(np.mean(calls)),
        thin=float(np.mean(is_thin)),
        is_null=setting.is_null,
    )


def true_differences(setting: Setting, rng: np.random.Generator, population: int) -> dict[str, float]:
    """Return the differences on very many samples, or 0 where the two models are drawn alike."""
    if setting.is_null:
        return dict.fromkeys(setting.metrics, 0.0)
    found = store_of(setting, setting.draw(rng, population)).compare("d", "a", "b", metrics=list(setting.metrics))
    return {metric: float(found["all", "a", metric].delta or 0.0) for metric in setting.metrics}


def compared(setting: Setting, rng: np.random.Generator, n: int, replications: int) -> ks.Comparison:
    """Return the comparison of a store whose test cases are the replications."""
    parts = [setting.draw(rng, n) for _ in range(replications)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    number = np.repeat(np.arange(replications), n)
    if "cluster" in columns:  # the clusters of each replication are its own
        columns["cluster"] = columns["cluster"].astype(np.int64) + number * n
    store = store_of(setting, {**columns, "replication": number})
    views = (
        f'CREATE VIEW "{one}" AS SELECT * FROM test_samples WHERE replication = {one};' for one in range(replications)
    )
    store.apply_suite("d", "\n".join(views), name="replications")
    return store.compare("d", "a", "b", "replications", metrics=list(setting.metrics))


def store_of(setting: Setting, columns: Columns) -> ks.Store:
    """Return a temporary store with the samples and both models' answers."""
    frame = pl.DataFrame({"id": np.arange(len(next(iter(columns.values())))), **columns})
    answers = ["answer_a", "answer_b"]
    sampling = {name: name for name in ("cluster", "weight") if name in columns}
    store = ks.Store()
    with store.transaction():
        store.upload_dataset("d", frame.drop(answers), id_fields=["id"], workflow=setting.workflow, **sampling)
        for model in "ab":
            store.upload_results("d", model, frame.select("id", answer=f"answer_{model}"))
    return store


def right_or_wrong(accuracy: float, gain: float, shared: float) -> Draw:
    """Return how to draw two models that are right as often, or one more often; `shared` samples have one outcome."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        a, b = paired_flags(rng, np.full(n, accuracy + gain), np.full(n, accuracy), shared)
        return {"label": np.full(n, "yes"), "answer_a": named(a), "answer_b": named(b)}

    return draw


def binary(prevalence: float, recall: tuple[float, float], alarms: float, shared: float) -> Draw:
    """Return how to draw labels of two classes and two models' answers."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        truth = rng.random(n) < prevalence
        chances = [np.where(truth, one, alarms) for one in recall]
        a, b = paired_flags(rng, chances[0], chances[1], shared)
        return {"label": named(truth), "answer_a": named(a), "answer_b": named(b)}

    return draw


def many_classes(n_classes: int, accuracy: tuple[float, float], skew: float, shared: float) -> Draw:
    """Return how to draw labels of many classes, each `skew` times as frequent as the one before."""
    shares, names = skew ** np.arange(n_classes), np.array([f"class {number:02}" for number in range(n_classes)])

    def draw(rng: np.random.Generator, n: int) -> Columns:
        truth = rng.choice(n_classes, n, p=shares / shares.sum())
        right = paired_flags(rng, np.full(n, accuracy[0]), np.full(n, accuracy[1]), shared)
        wrong = rng.integers(0, n_classes, n)
        others = np.where(rng.random(n) < shared, wrong, rng.integers(0, n_classes, n))
        a, b = np.where(right[0], truth, wrong), np.where(right[1], truth, others)
        return {"label": names[truth], "answer_a": names[a], "answer_b": names[b]}

    return draw


def scored(prevalence: float, distance: tuple[float, float], shared: float) -> Draw:
    """Return how to draw labels and two models' scores, normal in both classes."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        truth = rng.random(n) < prevalence
        common = np.sqrt(shared) * rng.normal(size=n)
        scores = [
            1 / (1 + np.exp(-(common + np.sqrt(1 - shared) * rng.normal(size=n) + one * truth - one / 2)))
            for one in distance
        ]
        return {"label": named(truth), "answer_a": scores[0], "answer_b": scores[1]}

    return draw


def measured(noise: tuple[float, float], shared: float, *, is_heavy: bool) -> Draw:
    """Return how to draw numbers and two models' predictions, with normal or heavy-tailed errors."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        truth = rng.normal(10, 2, n)
        scale = np.sqrt(5 / rng.chisquare(5, n)) if is_heavy else np.ones(n)
        common = np.sqrt(shared) * rng.normal(size=n)
        a, b = (truth + one * scale * (common + np.sqrt(1 - shared) * rng.normal(size=n)) for one in noise)
        return {"label": truth, "answer_a": a, "answer_b": b}

    return draw


def clustered(
    in_each: int, spread: float, draw_one: Callable[[NDArray[np.float64], np.random.Generator], Columns]
) -> Draw:
    """Return how to draw samples in clusters that differ in which model does better on them."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        cluster = np.arange(n) // in_each
        tilt = spread * rng.normal(size=cluster[-1] + 1)[cluster]
        return {**draw_one(tilt, rng), "cluster": cluster}

    return draw


def tilted_flags(tilt: NDArray[np.float64], rng: np.random.Generator) -> Columns:
    """Return labels and answers of two models of which a cluster prefers one."""
    chances = [1 / (1 + np.exp(-(1.2 + sign * tilt))) for sign in (1, -1)]
    truth = rng.random(len(tilt)) < 0.5
    a, b = paired_flags(rng, *chances, 0.5)
    return {"label": named(truth), "answer_a": named(a == truth), "answer_b": named(b == truth)}


def tilted_numbers(tilt: NDArray[np.float64], rng: np.random.Generator) -> Columns:
    """Return numbers and predictions of two models of which a cluster prefers one."""
    truth, common = rng.normal(10, 2, len(tilt)), rng.normal(size=len(tilt))
    a, b = (truth + np.exp(sign * tilt / 2) * (common + rng.normal(size=len(tilt))) for sign in (1, -1))
    return {"label": truth, "answer_a": a, "answer_b": b}


def weighted(ratio: float) -> Draw:
    """Return how to draw samples of two kinds, the harder one `ratio` times too often, which its weight corrects."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        is_hard = rng.random(n) < ratio / (1 + ratio)
        chances = [np.where(is_hard, hard, 0.9) for hard in (0.7, 0.6)]
        truth = rng.random(n) < 0.4
        a, b = paired_flags(rng, *chances, 0.6)
        columns = {"label": named(truth), "answer_a": named(a == truth), "answer_b": named(b == truth)}
        return {**columns, "weight": np.where(is_hard, 1 / ratio, 1.0)}

    return draw


def paired_flags(
    rng: np.random.Generator, first: NDArray[np.float64], second: NDArray[np.float64], shared: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return two outcomes of each sample, decided by one number for a share of the samples and by two for the rest."""
    u = rng.random(len(first))
    v = np.where(rng.random(len(first)) < shared, u, rng.random(len(first)))
    return u < first, v < second


def named(flags: NDArray[np.bool_]) -> NDArray[np.str_]:
    """Return flags as labels."""
    return np.where(flags, "yes", "no")


def settings() -> list[Setting]:
    """Return the grid: sizes, rates, what the two models share, clusters, weights; with and without a difference."""
    labels = ks.Classification("label", "answer", positive="yes")
    by_score, numbers = ks.Classification("label", score="answer", positive="yes"), ks.Regression("label", "answer")
    grid = [
        Setting(
            kind="proportion",
            name=f"right {accuracy}, gain {gain}, shared {shared}",
            workflow=labels,
            draw=right_or_wrong(accuracy, gain, shared),
            metrics=("accuracy",),
            sizes=(100, 300, 1_000),
            is_null=gain == 0,
        )
        for accuracy in (0.6, 0.9)
        for gain in (0.0, 0.05)
        for shared in (0.0, 0.8)
    ]
    grid += [
        Setting(
            kind="counts",
            name=f"prevalence {prevalence}, recall {recall[0]} / {recall[1]}, shared {shared}",
            workflow=labels,
            draw=binary(prevalence, recall, 0.1, shared),
            metrics=("f1", "precision", "mcc", "balanced_accuracy", "f_beta"),
            sizes=(300, 1_000),
            is_null=recall[0] == recall[1],
        )
        for prevalence in (0.1, 0.3)
        for recall in ((0.8, 0.8), (0.85, 0.75))
        for shared in (0.3, 0.8)
    ]
    grid += [
        Setting(
            kind="counts",
            name=f"{n_classes} classes, right {right[0]} / {right[1]}, skew {skew}, shared {shared}",
            workflow=ks.Classification("label", "answer"),
            draw=many_classes(n_classes, right, skew, shared),
            metrics=("f1_macro", "precision_macro", "recall_macro", "mcc", "cohen_kappa"),
            sizes=(300, 1_000),
            is_null=right[0] == right[1],
        )
        for n_classes, right, skew, shared in (
            (4, (0.75, 0.75), 0.8, 0.5),
            (4, (0.8, 0.7), 0.8, 0.5),
            (8, (0.75, 0.75), 1.0, 0.8),
        )
    ]
    grid += [
        Setting(
            kind="smooth",
            name=f"prevalence {prevalence}, distance {distance[0]} / {distance[1]}, shared {shared}",
            workflow=by_score,
            draw=scored(prevalence, distance, shared),
            metrics=("roc_auc", "average_precision", "log_loss", "brier_score"),
            sizes=(100, 300, 1_000),
            is_null=distance[0] == distance[1],
        )
        for prevalence, distance, shared in ((0.3, (1.0, 1.0), 0.5), (0.3, (1.5, 1.0), 0.5), (0.5, (1.5, 1.2), 0.8))
    ]
    grid += [
        Setting(
            kind="smooth",
            name=f"{'heavy' if is_heavy else 'normal'} errors {noise[0]} / {noise[1]}, shared {shared}",
            workflow=numbers,
            draw=measured(noise, shared, is_heavy=is_heavy),
            metrics=("mae", "rmse", "r2", "spearman", "median_absolute_error"),
            sizes=(100, 300, 1_000),
            is_null=noise[0] == noise[1],
        )
        for noise, shared, is_heavy in (((1.0, 1.0), 0.5, False), ((1.0, 1.1), 0.8, False), ((1.0, 1.1), 0.5, True))
    ]
    for in_each, spread in ((10, 0.5), (30, 1.0)):
        sizes = (10 * in_each, 20 * in_each, 50 * in_each)
        grid.append(
            Setting(
                kind="clusters",
                name=f"clusters of {in_each}, spread {spread}",
                workflow=labels,
                draw=clustered(in_each, spread, tilted_flags),
                metrics=("accuracy", "f1", "mcc"),
                sizes=sizes,
                is_null=True,
            )
        )
        grid.append(
            Setting(
                kind="clusters",
                name=f"numbers in clusters of {in_each}, spread {spread}",
                workflow=numbers,
                draw=clustered(in_each, spread, tilted_numbers),
                metrics=("mae", "rmse", "median_absolute_error"),
                sizes=sizes,
                is_null=True,
            )
        )
    grid.append(
        Setting(
            kind="weights",
            name="hard samples 3 times too often",
            workflow=labels,
            draw=weighted(3.0),
            metrics=("accuracy", "f1"),
            sizes=(300, 1_000),
        )
    )
    return grid


def coverage(replications: int, population: int, claims: Claims) -> None:
    """Print the coverage of the whole grid, and its mean and minimum for each kind."""
    print(f"{'kind':<11} {'setting':<52} {'metric':<22} {'n':>5}  held   none  called  thin")
    found = []
    for one in lines(settings(), replications, population=population):
        found.append(one)
        print(
            f"{one.kind:<11} {one.setting:<52} {one.metric:<22} {one.n:>5}  {one.held:.3f}  {one.none:.2f}  "
            f"{one.called:.3f}{'*' if one.is_null else ' '}  {one.thin:.2f}",
            flush=True,
        )
    print("called: how often alpha .05 calls a difference; * there is none")
    rows = [("kind", "points", "mean", "minimum", "greatest share of false calls")]
    for kind in dict.fromkeys(one.kind for one in found):
        of_kind = [one for one in found if one.kind == kind]
        held = [one.held for one in of_kind if not math.isnan(one.held)]
        false = [one.called for one in of_kind if one.is_null]
        worst = f"{max(false):.3f}" if false else "-"
        rows.append((kind, str(len(held)), f"{np.mean(held):.3f}", f"{min(held):.3f}", worst))
        least = 0.91 if kind == "clusters" else 0.94
        claims.at_least(f"mean coverage, {kind}", float(np.mean(held)), least)
        claims.at_most(f"mean coverage, {kind}", float(np.mean(held)), 0.97, unit="")
    table("coverage by kind", rows)


# --- many test cases ---


@dataclass(frozen=True, kw_only=True)
class Discoveries:
    """Over many replications: the share with any discovery, the mean share of false ones, and of effects found."""

    any_false: float
    false_share: float
    found: float


def overlapping(rng: np.random.Generator, n: int, n_cases: int) -> NDArray[np.bool_]:
    """Return members[cases, samples] of test cases that overlap: ranges of three fields, alone and crossed."""
    fields, found = rng.random((3, n)), []
    for _ in range(n_cases):
        chosen = rng.choice(3, size=rng.integers(1, 3), replace=False)
        inside = np.ones(n, dtype=bool)
        for one in chosen:
            low = rng.uniform(0, 0.6)
            inside &= (fields[one] >= low) & (fields[one] < low + rng.uniform(0.25, 0.4))
        found.append(inside)
    return np.stack(found)


def replication(
    rng: np.random.Generator, n: int, n_cases: int, effect: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return McNemar's counts, which test cases have a true effect, and the sizes of the test cases.

    A tenth of the samples, those of one range, get the effect: test cases that hold any of them differ truly.
    """
    members = overlapping(rng, n, n_cases)
    is_hit = rng.random(n) < 0.1 if effect else np.zeros(n, dtype=bool)
    a, b = paired_flags(rng, np.where(is_hit, 0.8 + effect, 0.8), np.full(n, 0.8), 0.6)
    only = np.stack([(members & one).sum(axis=1) for one in (a & ~b, b & ~a)]).astype(np.float64)
    return only, (members & is_hit).any(axis=1), members.sum(axis=1)


def discoveries(
    correct: Callable[[NDArray[np.float64]], NDArray[np.float64]], *, replications: int, effect: float, seed: int = 3
) -> Discoveries:
    """Return what a correction lets through over 60 overlapping test cases of 2,000 samples."""
    rng = np.random.default_rng(seed)
    any_false, share, found = [], [], []
    for _ in range(replications):
        only, is_true, _ = replication(rng, 2_000, 60, effect)
        called = correct(mcnemar_mid_p(only[0], only[1])) <= ALPHA
        any_false.append(bool((called & ~is_true).any()))
        share.append((called & ~is_true).sum() / max(called.sum(), 1))
        found.append((called & is_true).sum() / is_true.sum() if is_true.any() else math.nan)
    return Discoveries(
        any_false=float(np.mean(any_false)),
        false_share=float(np.mean(share)),
        found=float(np.nanmean(found)) if effect else math.nan,
    )


def separate(
    rng: np.random.Generator, n_cases: int, n_true: int, gain: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return McNemar's counts of test cases without common samples, some of which have an effect."""
    is_true = np.arange(n_cases) < n_true
    only = []
    for effect in np.where(is_true, gain, 0.0).tolist():
        a, b = paired_flags(rng, np.full(200, 0.75 + effect), np.full(200, 0.75), 0.6)
        only.append([(a & ~b).sum(), (b & ~a).sum()])
    return np.array(only, dtype=np.float64).T, is_true


def mixed(
    correct: Callable[[NDArray[np.float64]], NDArray[np.float64]], *, replications: int, seed: int = 4
) -> Discoveries:
    """Return what a correction lets through when 12 of 60 separate test cases have an effect of .12."""
    rng = np.random.default_rng(seed)
    any_false, share, found = [], [], []
    for _ in range(replications):
        only, is_true = separate(rng, 60, 12, 0.12)
        called = correct(mcnemar_mid_p(only[0], only[1])) <= ALPHA
        any_false.append(bool((called & ~is_true).any()))
        share.append((called & ~is_true).sum() / max(called.sum(), 1))
        found.append((called & is_true).sum() / is_true.sum())
    return Discoveries(
        any_false=float(np.mean(any_false)), false_share=float(np.mean(share)), found=float(np.mean(found))
    )


CORRECTIONS: Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "none": lambda p: p,
    "benjamini-hochberg": benjamini_hochberg,
    "benjamini-yekutieli": benjamini_yekutieli,
}


def many_cases(replications: int, claims: Claims) -> None:
    """Print the share of false discoveries by correction, without any effect and with some."""
    rows: list[tuple[str, ...]] = [("correction", "effects", "any false", "false share", "effects found")]
    for name, correct in CORRECTIONS.items():
        null = discoveries(correct, replications=replications, effect=0.0)
        some = mixed(correct, replications=replications)
        rows.append((name, "none, 60 overlapping", f"{null.any_false:.3f}", f"{null.false_share:.3f}", "-"))
        rows.append(
            (name, "12 of 60, separate", f"{some.any_false:.3f}", f"{some.false_share:.3f}", f"{some.found:.3f}")
        )
        if name != "none":
            slack = 2.3 * math.sqrt(ALPHA * (1 - ALPHA) / replications)
            claims.at_most(f"false discoveries without any effect, {name}", null.false_share, ALPHA + slack, unit="")
            claims.at_most(f"false discoveries beside 12 effects, {name}", some.false_share, ALPHA + slack, unit="")
    table("false discoveries at alpha .05", rows)


# --- power ---


@dataclass(frozen=True, kw_only=True)
class Power:
    """How often each test calls a difference."""

    mid_p: float
    exact: float
    unpaired: float
    apart: float


def power(n: int, accuracy: float, gain: float, shared: float, replications: int, seed: int = 5) -> Power:
    """Return how often a gain is found: by McNemar, by an unpaired z-test, by intervals that do not meet."""
    rng = np.random.default_rng(seed)
    a, b = paired_flags(rng, np.full(n * replications, accuracy + gain), np.full(n * replications, accuracy), shared)
    a, b = a.reshape(replications, n), b.reshape(replications, n)
    first, second = (a & ~b).sum(axis=1).astype(np.float64), (b & ~a).sum(axis=1).astype(np.float64)
    right = a.sum(axis=1).astype(np.float64), b.sum(axis=1).astype(np.float64)
    pooled = (right[0] + right[1]) / (2 * n)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (right[0] - right[1]) / n / np.sqrt(2 * pooled * (1 - pooled) / n)
    low, high = wilson_bounds(right[0], np.full(replications, float(n)))
    others = wilson_bounds(right[1], np.full(replications, float(n)))
    return Power(
        mid_p=float(np.mean(mcnemar_mid_p(first, second) <= ALPHA)),
        exact=float(np.mean(mcnemar_exact(first, second) <= ALPHA)),
        unpaired=float(np.mean(2 * normal_cdf(-np.abs(np.nan_to_num(z))) <= ALPHA)),
        apart=float(np.mean((low > others[1]) | (high < others[0]))),
    )


POWER_GRID = tuple((n, gain, shared) for n in (300, 1_000) for gain in (0.0, 0.02, 0.05) for shared in (0.0, 0.5, 0.9))


def powers(replications: int, claims: Claims) -> None:
    """Print how often a true gain is found, beside how often one is called where there is none."""
    rows: list[tuple[str, ...]] = [
        ("n", "gain", "shared", "mcnemar mid-p", "mcnemar exact", "unpaired z-test", "intervals apart")
    ]
    for n, gain, shared in POWER_GRID:
        found = power(n, 0.85, gain, shared, replications)
        figures = (found.mid_p, found.exact, found.unpaired, found.apart)
        rows.append((str(n), f"{gain:.2f}", f"{shared:.1f}", *(f"{one:.3f}" for one in figures)))
        if gain == 0:
            claims.at_most(f"false calls of mid-p, n {n}, shared {shared}", found.mid_p, 0.055, unit="")
        elif shared >= 0.5:
            claims.at_least(
                f"power of mid-p over the unpaired test, n {n}, gain {gain}, shared {shared}",
                found.mid_p / max(found.unpaired, 1e-3),
                1.0,
            )
    table("how often a difference is called, alpha .05, right .85", rows)


# --- mistakes ---


def mistakes(replications: int) -> None:
    """Print what short cuts say of 60 overlapping test cases without any difference, and of one with a difference."""
    rng = np.random.default_rng(6)
    bare, uncorrected, corrected = [], [], []
    for _ in range(replications):
        only, _, sizes = replication(rng, 2_000, 60, 0.0)
        bare.append((np.abs(only[0] - only[1]) / np.maximum(sizes, 1) >= 0.01).sum())
        p = mcnemar_mid_p(only[0], only[1])
        uncorrected.append((p <= ALPHA).sum())
        corrected.append((benjamini_hochberg(p) <= ALPHA).sum())
    rows = [
        ("a bare difference of a point or more", f"{np.mean(bare):.1f} of 60"),
        ("p <= .05, not corrected", f"{np.mean(uncorrected):.1f} of 60"),
        ("q <= .05, Benjamini and Hochberg", f"{np.mean(corrected):.2f} of 60"),
    ]
    table("test cases called better or worse, of two models that are equally good", rows)
    found = power(1_000, 0.85, 0.03, 0.9, replications * 10)
    rows = [
        ("mcnemar mid-p", f"{found.mid_p:.3f}"),
        ("unpaired z-test on the same answers", f"{found.unpaired:.3f}"),
        ("the two models' own intervals don't meet", f"{found.apart:.3f}"),
    ]
    table("how often a true gain of .03 on 1,000 samples is found, nine answers of ten shared", rows)


PARTS = ("coverage", "discoveries", "power", "mistakes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables and which goals were met."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the replications")
    parser.add_argument("--part", choices=PARTS, help="only this table")
    parser.add_argument("--replications", type=int, help="of each line of the coverage; 1,000 if not given")
    options = parser.parse_args(arguments)
    print(conditions())
    claims, factor = Claims(), 1 if options.quick else 10
    if options.part in (None, "coverage"):
        coverage(options.replications or 100 * factor, POPULATION // 10 * factor, claims)
    if options.part in (None, "discoveries"):
        many_cases(100 * factor, claims)
    if options.part in (None, "power"):
        powers(1_000 * factor, claims)
    if options.part in (None, "mistakes"):
        mistakes(20 * factor)
    return 1 if claims.missed and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
