"""What scikit-learn and scipy say of labels and scores: the second route of the classification metrics.

Nothing here is shared with the package. `None` stands for undefined.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn import config_context
from sklearn import metrics as sk

Labels = NDArray[np.str_]
Floats = NDArray[np.float64]
Key = tuple[str, str | None]

OTHER = "(another label)"
RATIOS = ("accuracy", "top_k_accuracy", "precision", "recall", "specificity", "false_positive_rate")
RATIOS += ("false_negative_rate", "negative_predictive_value", "prevalence", "precision_micro", "recall_micro")
"""Ratios of counts: they have Wilson intervals, and nothing else has one."""


@dataclass(frozen=True)
class Expected:
    """A value with the number of samples that it rests on."""

    value: float | None
    n: int


@dataclass(frozen=True)
class Answers:
    """The samples of one test case that a model answered: `""` is a missing label, NaN a missing score."""

    truth: Labels
    prediction: Labels
    scores: Floats | None
    classes: tuple[str, ...]
    is_binary: bool = False
    confidence: Floats | None = None

    @property
    def labelled(self) -> NDArray[np.bool_]:
        return (self.truth != "") & (self.prediction != "")

    @property
    def scored(self) -> NDArray[np.bool_]:
        if self.scores is None:
            return np.zeros(len(self.truth), dtype=bool)
        return (self.truth != "") & ~np.isnan(self.scores).any(axis=1)


def expected_metrics(answers: Answers, *, k: int = 2, beta: float = 2.0) -> dict[Key, Expected]:
    """Every metric of the whole and of each class."""
    with warnings.catch_warnings(), config_context(skip_parameter_validation=True):
        warnings.simplefilter("ignore")
        return {
            **_of_labels(answers, beta),
            **_averages(answers, beta),
            **_of_scores(answers, k),
            **_of_ranking(answers),
        }


def wilson(value: float, n: int) -> tuple[float, float]:
    """scipy's score interval of a proportion."""
    found = stats.binomtest(round(value * n), n).proportion_ci(method="wilson")
    return found.low, found.high


def calibration_error(confidence: Floats, is_correct: NDArray[np.bool_], bins: int = 15) -> float:
    """Guo et al. 2017, bin by bin."""
    total = 0.0
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        inside = (confidence > low) & (confidence <= high) | ((confidence == 0) & (number == 0))
        if inside.any():
            total += inside.sum() * abs(is_correct[inside].mean() - confidence[inside].mean())
    return total / len(confidence)


def _when(is_defined: object, compute: Callable[[], float], n: float) -> Expected:
    value = float(compute()) if is_defined else None
    return Expected(value if value is not None and np.isfinite(value) else None, int(n))


def _of_labels(answers: Answers, beta: float) -> dict[Key, Expected]:
    truth, prediction = answers.truth[answers.labelled], answers.prediction[answers.labelled]
    n = len(truth)
    found: dict[Key, Expected] = {
        ("accuracy", None): _when(n, lambda: sk.accuracy_score(truth, prediction), n),
        ("balanced_accuracy", None): _when(n, lambda: sk.balanced_accuracy_score(truth, prediction), n),
        ("mcc", None): _when(
            len(set(truth)) > 1 and len(set(prediction)) > 1, lambda: sk.matthews_corrcoef(truth, prediction), n
        ),
        ("cohen_kappa", None): _when(
            n and len({*truth, *prediction}) > 1, lambda: sk.cohen_kappa_score(truth, prediction), n
        ),
    }
    for label in answers.classes:
        for name, one in _of_class(truth == label, prediction == label, beta).items():
            found[name, label] = one
    return found


def _of_class(truth: NDArray[np.bool_], prediction: NDArray[np.bool_], beta: float) -> dict[str, Expected]:
    n, support, predicted = len(truth), truth.sum(), prediction.sum()
    negatives, either = n - support, (truth | prediction).sum()
    return {
        "precision": _when(predicted, lambda: sk.precision_score(truth, prediction), predicted),
        "recall": _when(support, lambda: sk.recall_score(truth, prediction), support),
        "f1": _when(either, lambda: sk.f1_score(truth, prediction), either),
        "f_beta": _when(either, lambda: sk.fbeta_score(truth, prediction, beta=beta), either),
        "specificity": _when(negatives, lambda: sk.recall_score(~truth, ~prediction), negatives),
        "false_positive_rate": _when(negatives, lambda: prediction[~truth].mean(), negatives),
        "false_negative_rate": _when(support, lambda: (~prediction)[truth].mean(), support),
        "negative_predictive_value": _when(
            n - predicted, lambda: sk.precision_score(~truth, ~prediction), n - predicted
        ),
        "prevalence": _when(n, lambda: truth.mean(), n),
        "true_positives": Expected(float((truth & prediction).sum()), n),
        "false_positives": Expected(float((~truth & prediction).sum()), n),
        "false_negatives": Expected(float((truth & ~prediction).sum()), n),
        "true_negatives": Expected(float((~truth & ~prediction).sum()), n),
        "support": Expected(float(support), n),
    }


def _averages(answers: Answers, beta: float) -> dict[Key, Expected]:
    truth, prediction = answers.truth[answers.labelled], answers.prediction[answers.labelled]
    present = [label for label in answers.classes if label in truth]
    n, labels = len(truth), list(answers.classes)
    support, predicted = np.isin(truth, labels).sum(), np.isin(prediction, labels).sum()
    hits = ((truth == prediction) & np.isin(truth, labels)).sum()
    own_n = {"precision": predicted, "recall": support, "f1": support + predicted - hits}
    own_n["f_beta"] = own_n["f1"]
    scores: dict[str, Callable[..., float]] = {
        "precision": sk.precision_score,
        "recall": sk.recall_score,
        "f1": sk.f1_score,
        "f_beta": lambda *given, **options: sk.fbeta_score(*given, beta=beta, **options),
    }
    found: dict[Key, Expected] = {}
    for name, score in scores.items():
        for average, used in (("micro", labels), ("macro", present), ("weighted", labels)):
            denominator = own_n[name] if average == "micro" else n
            is_defined = denominator if average == "micro" else present
            found[f"{name}_{average}", None] = _when(
                is_defined,
                lambda score=score, used=used, average=average: score(
                    truth, prediction, labels=used, average=average, zero_division=0
                ),
                denominator,
            )
    return found


def _of_scores(answers: Answers, k: int) -> dict[Key, Expected]:
    truth, classes = answers.truth[answers.scored], list(answers.classes)
    n, n_classes = len(truth), len(classes)
    scores = answers.scores[answers.scored] if answers.scores is not None else np.empty((0, n_classes))
    codes = np.array([classes.index(label) for label in truth], dtype=int)
    rows = np.arange(n)
    targets = np.eye(n_classes)[codes] if n else np.empty((0, n_classes))
    squares = (scores - targets) ** 2
    is_probable = n and bool(np.all(np.abs(scores.sum(axis=1) - 1) <= 0.01) and scores.min() >= 0)
    n_probable = n if is_probable else 0
    return {
        ("log_loss", None): _when(
            is_probable, lambda: -np.log(np.clip(scores[rows, codes], 2.0**-52, 1 - 2.0**-52)).mean(), n_probable
        ),
        ("brier_score", None): _when(
            is_probable, lambda: (squares[:, 1] if answers.is_binary else squares.sum(axis=1)).mean(), n_probable
        ),
        ("top_k_accuracy", None): _when(
            n and k < n_classes, lambda: _top_k(codes, scores, k), n if k < n_classes else 0
        ),
        ("expected_calibration_error", None): _calibration(answers),
    }


def _top_k(codes: NDArray[np.int64], scores: Floats, k: int) -> float:
    if scores.shape[1] == 2:
        return float((np.argsort(scores, axis=1, kind="stable")[:, -k:] == codes[:, np.newaxis]).any(axis=1).mean())
    return float(sk.top_k_accuracy_score(codes, scores, k=k, labels=range(scores.shape[1])))


def _calibration(answers: Answers) -> Expected:
    if answers.confidence is None:
        return Expected(None, 0)
    chosen = answers.labelled & ~np.isnan(answers.confidence)
    is_correct = (answers.truth == answers.prediction)[chosen]
    return _when(chosen.any(), lambda: calibration_error(answers.confidence[chosen], is_correct), chosen.sum())


def _of_ranking(answers: Answers) -> dict[Key, Expected]:
    truth, n = answers.truth[answers.scored], int(answers.scored.sum())
    scores = answers.scores[answers.scored] if answers.scores is not None else np.empty((0, len(answers.classes)))
    targets = np.stack([truth == label for label in answers.classes], axis=1)
    support = targets.sum(axis=0)
    areas = [_area(targets[:, code], scores[:, code]) for code in range(len(support))]
    steps = [_precision(targets[:, code], scores[:, code]) for code in range(len(support))]
    found: dict[Key, Expected] = {}
    for name, values, one in (("roc_auc", areas, _area), ("average_precision", steps, _precision)):
        for label, value in zip(answers.classes, values, strict=True):
            found[name, label] = Expected(value, n)
        known = [(value, weight) for value, weight in zip(values, support, strict=True) if value is not None and weight]
        found[f"{name}_macro", None] = _when(known, lambda known=known: np.mean([value for value, _ in known]), n)
        found[f"{name}_weighted", None] = _when(known, lambda known=known: _weighted(known), n)
        found[f"{name}_micro", None] = Expected(one(targets.ravel(), scores.ravel()), n)
    return found


def _weighted(known: Sequence[tuple[float, float]]) -> float:
    return float(np.average([value for value, _ in known], weights=[weight for _, weight in known]))


def _area(truth: NDArray[np.bool_], scores: Floats) -> float | None:
    return float(sk.roc_auc_score(truth, scores)) if truth.any() and not truth.all() else None


def _precision(truth: NDArray[np.bool_], scores: Floats) -> float | None:
    return float(sk.average_precision_score(truth, scores)) if truth.any() else None
