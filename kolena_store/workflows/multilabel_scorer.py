"""The sample metrics of multi-label classification: for each class what is true and predicted, and how both agree."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, Facts
from kolena_store.workflows.class_scores import score_matrix
from kolena_store.workflows.labels import label_texts
from kolena_store.workflows.lists import element_lists
from kolena_store.workflows.numbers import numbers_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.workflows.multilabel import MultilabelClassification

__all__ = ["sample_metrics_schema", "score_labels"]

SHARES = ("wrong_share", "sample_precision", "sample_recall", "sample_f1", "sample_jaccard")


def sample_metrics_schema() -> "pa.Schema":
    """Return the columns of the sample metrics; the lists have an element for every class, in their order."""
    import pyarrow as pa

    flags = pa.list_(pa.bool_())
    lists = [("truths", flags), ("predictions", flags), ("scores", pa.list_(pa.float64()))]
    return pa.schema([*lists, ("exact_match", pa.bool_()), *((name, pa.float64()) for name in SHARES)])


def score_labels(workflow: "MultilabelClassification", batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
    """Return the columns of `sample_metrics_schema` for a batch of answered samples.

    Raises:
        InvalidInput: a row scores a label twice, or has another number of scores than there are labels.
    """
    import numpy as np
    import pyarrow as pa

    like = _element_type(batch.column(GROUND_TRUTH + workflow.ground_truth))
    truths, is_true_known = _held(batch.column(GROUND_TRUTH + workflow.ground_truth), facts.classes, like)
    scores = _scores(workflow, batch, facts, like)
    if facts.threshold is not None and scores is not None:
        lacks = np.isnan(scores)
        # A long table may name the higher scores alone; elsewhere a score that is missing leaves the labels unknown.
        is_answered = ~(lacks.all(axis=1) if workflow.score_labels is not None else lacks.any(axis=1))
        predictions = np.where(lacks, -np.inf, scores) >= facts.threshold
    else:
        predictions, is_answered = _held(batch.column(f"{INFERENCE}{workflow.prediction_field}"), facts.classes, like)
    is_measured = is_true_known & is_answered
    return [
        _flag_lists(truths, is_true_known),
        _flag_lists(predictions, is_answered),
        element_lists(np.full(truths.shape, np.nan) if scores is None else scores),
        pa.array((truths == predictions).all(axis=1), mask=~is_measured),
        *(pa.array(share, mask=~is_measured) for share in _shares(truths, predictions)),
    ]


def _element_type(lists: "pa.Array") -> "pa.DataType":
    import pyarrow as pa
    import pyarrow.types as types

    return pa.string() if types.is_null(lists.type) else lists.type.value_type


def _held(lists: "pa.Array", classes: Sequence[str], like: "pa.DataType") -> "tuple[np.ndarray, np.ndarray]":
    """Return whether each row's list holds each class, bool[rows, classes], and whether the list is known."""
    import numpy as np
    import pyarrow.types as types

    held = np.zeros((len(lists), len(classes)), dtype=np.bool_)
    if types.is_null(lists.type):
        return held, np.zeros(len(lists), dtype=np.bool_)
    rows, codes = _entries(lists, classes, like)
    held[rows[codes >= 0], codes[codes >= 0]] = True
    return held, lists.is_valid().to_numpy(zero_copy_only=False)


def _entries(lists: "pa.Array", classes: Sequence[str], like: "pa.DataType") -> "tuple[np.ndarray, np.ndarray]":
    """Return the row and the class (-1: none of them) of every element of lists."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = np.asarray(pc.list_parent_indices(lists))
    texts = label_texts(lists.flatten(), like)
    codes = pc.index_in(texts, pa.array(classes, pa.string()), skip_nulls=True).fill_null(-1)
    return rows, np.asarray(codes.to_numpy(zero_copy_only=False))


def _scores(
    workflow: "MultilabelClassification", batch: "pa.RecordBatch", facts: Facts, like: "pa.DataType"
) -> "np.ndarray | None":
    """Return float64[rows, classes], NaN where a class has no score; None when there are none at all."""
    import numpy as np

    if workflow.scores is None:
        return None
    if workflow.score_labels is not None:
        return _listed_scores(workflow, batch, facts, like)
    given = score_matrix(workflow.scores, batch, facts.scored)
    by_class = {label: given[:, index] for index, label in enumerate(facts.scored)}
    missing = np.full(batch.num_rows, np.nan)
    columns = [by_class.get(label, missing) for label in facts.classes]
    return np.column_stack(columns) if columns else np.empty((batch.num_rows, 0))


def _listed_scores(
    workflow: "MultilabelClassification", batch: "pa.RecordBatch", facts: Facts, like: "pa.DataType"
) -> "np.ndarray":
    import numpy as np
    import pyarrow.compute as pc

    labels, given = batch.column(f"{INFERENCE}{workflow.score_labels}"), batch.column(f"{INFERENCE}{workflow.scores}")
    found = np.full((batch.num_rows, len(facts.classes)), np.nan)
    lengths = [pc.list_value_length(one).fill_null(0) for one in (labels, given)]
    if not lengths[0].equals(lengths[1]):
        raise InvalidInput(
            f"{workflow.score_labels!r} and {workflow.scores!r} hold lists of other lengths in some rows; "
            "each score needs its label"
        )
    rows, codes = _entries(labels, facts.classes, like)
    is_class = codes >= 0
    places = rows[is_class] * max(len(facts.classes), 1) + codes[is_class]
    if np.unique(places).size < places.size:
        raise InvalidInput(f"{workflow.score_labels!r} names a label twice in some rows; give each class one score")
    found[rows[is_class], codes[is_class]] = numbers_of(given.flatten())[is_class]
    return found


def _shares(truths: "np.ndarray", predictions: "np.ndarray") -> "list[np.ndarray]":
    """Return the shares of `SHARES`; 0 / 0 counts 0, as scikit-learn has it by default."""
    import numpy as np

    common = (truths & predictions).sum(axis=1).astype(np.float64)
    n_true, n_predicted = truths.sum(axis=1), predictions.sum(axis=1)
    n_either = n_true + n_predicted - common
    wrong = (truths != predictions).sum(axis=1) / max(truths.shape[1], 1)
    ratios = ((common, n_predicted), (common, n_true), (2 * common, n_true + n_predicted), (common, n_either))
    return [wrong, *(above / np.maximum(below, 1) for above, below in ratios)]


def _flag_lists(flags: "np.ndarray", is_known: "np.ndarray") -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    return element_lists(np.where(is_known[:, np.newaxis], flags.astype(np.float64), np.nan), kind=pa.bool_())
