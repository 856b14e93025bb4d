"""The sample metrics of a classification: what each sample adds to the metrics of every test case it is in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, Facts
from kolena_store.workflows.class_scores import positive_scores, score_matrix
from kolena_store.workflows.labels import label_texts

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.workflows.classification import Classification

__all__ = ["sample_metrics_schema", "score_classification"]

SUM_TOLERANCE = 0.01
"""How far the scores of a sample may sum from 1 and still be probabilities (they are often rounded)."""

OTHER_LABEL = "(another label)"
"""How a predicted label outside the named classes is written: it is wrong, whatever the truth."""


def sample_metrics_schema() -> "pa.Schema":
    """Return the columns of the sample metrics.

    `truth` and `prediction` are labels as text (NULL: not known, or outside the classes); `scores` has a score for
    each class, in their order, and is NULL where one is missing; `confidence` is the score of the predicted label;
    `log_loss` and `brier_score` are NULL where the scores are no probabilities; `in_top_k` says whether the true label
    is among the k highest scores.
    """
    import pyarrow as pa

    return pa.schema(
        [
            ("truth", pa.string()),
            ("prediction", pa.string()),
            ("correct", pa.bool_()),
            ("confidence", pa.float64()),
            ("scores", pa.list_(pa.float64())),
            ("log_loss", pa.float64()),
            ("brier_score", pa.float64()),
            ("in_top_k", pa.bool_()),
        ]
    )


def score_classification(workflow: "Classification", batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
    """Return the columns of `sample_metrics_schema` for a batch of answered samples."""
    import pyarrow as pa

    workflow = workflow.without(facts.absent)
    truth = _codes(workflow, batch, facts, GROUND_TRUTH + workflow.ground_truth)
    truth[truth == len(facts.classes)] = -1
    scores = _scores(workflow, batch, facts)
    predicted = _predictions(workflow, batch, facts, scores)
    is_measured = (truth >= 0) & (predicted >= 0)
    labels = [_texts(codes, facts.classes) for codes in (truth, predicted)]
    correct = pa.array(truth == predicted, mask=~is_measured)
    confidence = _confidence(workflow, batch, facts, scores, predicted=predicted)
    return [*labels, correct, confidence, *_score_metrics(scores, truth, facts)]


def _codes(workflow: "Classification", batch: "pa.RecordBatch", facts: Facts, name: str) -> "np.ndarray":
    """Return the position of each label among the classes; -1: NULL; the number of classes: another label."""
    import numpy as np

    texts = label_texts(batch.column(name), batch.column(GROUND_TRUTH + workflow.ground_truth).type)
    codes = _positions(texts, facts.classes)
    if facts.positive is not None:
        codes = np.where(_positions(texts, [facts.positive]) == 0, 1, 0)
    if facts.accepted is not None:
        codes = np.where(_positions(texts, facts.accepted) < 0, -1, codes)
    codes = np.where(codes < 0, len(facts.classes), codes)
    return np.where(texts.is_valid().to_numpy(zero_copy_only=False), codes, -1).astype(np.int32)


def _positions(texts: "pa.Array", labels: Sequence[str]) -> "np.ndarray":
    """Return the position of each text among some labels; -1: it is none of them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(texts, pa.array(labels, pa.string()))
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False))


def _scores(workflow: "Classification", batch: "pa.RecordBatch", facts: Facts) -> "np.ndarray | None":
    """Return float64[rows, classes] or None when there is no score for each class; NaN in all of a row that lacks one.

    A label that occurs and is never scored has the probability 0, or the lowest score if they are no probabilities.
    """
    import numpy as np

    if facts.positive is not None and (workflow.score is not None or workflow.scores is not None):
        positive = positive_scores(workflow, batch, facts.positive, facts.scored)
        return np.column_stack([1.0 - positive, positive])
    if workflow.scores is None or not facts.classes:
        return None
    given = score_matrix(workflow.scores, batch, facts.scored)
    absent = np.where(_are_probabilities(given), 0.0, -np.inf)
    by_class = {label: given[:, index] for index, label in enumerate(facts.scored)}
    scores = np.column_stack([by_class.get(label, absent) for label in facts.classes])
    scores[np.isnan(scores).any(axis=1)] = np.nan
    return scores


def _predictions(
    workflow: "Classification", batch: "pa.RecordBatch", facts: Facts, scores: "np.ndarray | None"
) -> "np.ndarray":
    import numpy as np

    if facts.threshold is not None and scores is not None:
        positive = scores[:, 1]
        return np.where(np.isnan(positive), -1, positive >= facts.threshold).astype(np.int32)
    if workflow.prediction_field is not None:
        return _codes(workflow, batch, facts, INFERENCE + workflow.prediction_field)
    if scores is None:
        return np.full(batch.num_rows, -1, dtype=np.int32)
    return np.where(np.isnan(scores[:, 0]), -1, np.argmax(scores, axis=1)).astype(np.int32)


def _confidence(
    workflow: "Classification",
    batch: "pa.RecordBatch",
    facts: Facts,
    scores: "np.ndarray | None",
    *,
    predicted: "np.ndarray",
) -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    if scores is not None:
        scored = [code for code, label in enumerate(facts.classes) if facts.positive or label in facts.scored]
        has_score = np.isin(predicted, scored)
        positions = np.where(has_score, predicted, 0)[:, np.newaxis].astype(np.int64)
        values = np.take_along_axis(scores, positions, axis=1)[:, 0]
        return pa.array(values, mask=np.isnan(values) | ~has_score)
    if workflow.score is None:
        return pa.nulls(batch.num_rows, pa.float64())
    values = positive_scores(workflow, batch, "", ())
    return pa.array(values, mask=np.isnan(values))


def _score_metrics(scores: "np.ndarray | None", truth: "np.ndarray", facts: Facts) -> "list[pa.Array]":
    import numpy as np
    import pyarrow as pa

    if scores is None:
        numbers = pa.nulls(len(truth), pa.float64())
        return [pa.nulls(len(truth), pa.list_(pa.float64())), numbers, numbers, pa.nulls(len(truth), pa.bool_())]
    is_scored = ~np.isnan(scores).any(axis=1) & (truth >= 0)
    of_truth = np.take_along_axis(scores, np.maximum(truth, 0)[:, np.newaxis].astype(np.int64), axis=1)[:, 0]
    has_loss = is_scored & _are_probabilities(scores)
    is_ranked = is_scored & ("in_top_k" not in facts.unavailable)
    return [
        _lists(scores),
        pa.array(_log_loss(of_truth), mask=~has_loss),
        pa.array(_brier_score(scores, truth, is_binary=facts.is_binary), mask=~has_loss),
        pa.array(_is_in_top(scores, truth, of_truth, int(facts.constants["top_k"])), mask=~is_ranked),
    ]


def _are_probabilities(scores: "np.ndarray") -> "np.ndarray":
    import numpy as np

    in_range = np.asarray(((scores >= 0) & (scores <= 1)).all(axis=1))
    totals = np.where(in_range[:, np.newaxis], scores, 0.0).sum(axis=1)
    return np.asarray(in_range & (np.abs(totals - 1) <= SUM_TOLERANCE))


def _log_loss(of_truth: "np.ndarray") -> "np.ndarray":
    """Return -log of the true label's score, clipped as scikit-learn's `log_loss` clips it."""
    import numpy as np

    smallest = np.finfo(np.float64).eps
    return np.asarray(-np.log(np.clip(of_truth, smallest, 1 - smallest)))


def _brier_score(scores: "np.ndarray", truth: "np.ndarray", *, is_binary: bool) -> "np.ndarray":
    """Return the squared distance of the scores from the truth (Brier 1950); of the positive class alone if binary."""
    import numpy as np

    target = np.zeros_like(scores)
    target[np.arange(len(truth)), np.maximum(truth, 0)] = 1.0
    squares = (scores - target) ** 2
    return np.asarray(squares[:, 1] if is_binary else squares.sum(axis=1))


def _is_in_top(scores: "np.ndarray", truth: "np.ndarray", of_truth: "np.ndarray", top_k: int) -> "np.ndarray":
    """Return whether fewer than k labels come before the true one; among equal scores the later class comes first.

    That is the order of scikit-learn's `top_k_accuracy_score`.
    """
    import numpy as np

    is_later = np.arange(scores.shape[1])[np.newaxis, :] > truth[:, np.newaxis]
    own = of_truth[:, np.newaxis]
    before = (scores > own) | ((scores == own) & is_later)
    return np.asarray(before.sum(axis=1) < top_k)


def _texts(codes: "np.ndarray", classes: tuple[str, ...]) -> "pa.Array":
    import pyarrow as pa

    indices = pa.array(codes, mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array([*classes, OTHER_LABEL], pa.string())).cast(pa.string())


def _lists(scores: "np.ndarray") -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    n_rows, n_classes = scores.shape
    offsets = pa.array(np.arange(n_rows + 1, dtype=np.int32) * n_classes)
    is_missing = pa.array(np.isnan(scores).any(axis=1))
    return pa.ListArray.from_arrays(offsets, pa.array(scores.ravel()), mask=is_missing)
