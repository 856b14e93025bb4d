"""What a classification needs to know of all samples at once: its classes and its threshold."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, Facts, ScoringInput
from kolena_store.workflows.class_scores import score_columns, score_matrix, scored_classes
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.labels import label_of, label_texts, merged_labels

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.workflows.classification import Classification

__all__ = ["classification_facts"]

DEFAULT_THRESHOLD = 0.5
DEFAULT_BETA = 2.0
DEFAULT_TOP_K = 2

NO_SCORES = "the results have no score for each class"
NO_CONFIDENCE = "the results have no score"
TOO_FEW_CLASSES = "there are no more classes than labels that count, so every answer would be right"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """The labels of one problem: all classes in order, the type of the truth, and the positive one if named."""

    classes: tuple[str, ...]
    accepted: tuple[str, ...] | None
    like: "pa.DataType"
    positive: str | None


def classification_facts(workflow: "Classification", inputs: ScoringInput, configuration: Configuration) -> Facts:
    """Return the facts of one model on one dataset under one configuration.

    Raises:
        InvalidInput: the configuration asks for what this problem does not have.
    """
    problem = _problem(workflow, inputs)
    top_k = configuration.top_k or DEFAULT_TOP_K
    threshold = _threshold(workflow, problem, inputs, configuration)
    return Facts(
        classes=problem.classes,
        accepted=problem.accepted,
        reported=_reported(problem, configuration),
        positive=problem.positive,
        threshold=threshold,
        tuned_on=_tuned_on(configuration),
        constants={"beta": configuration.beta or DEFAULT_BETA, "top_k": top_k},
        unavailable=_unavailable(workflow, problem, top_k),
        notes=_notes(configuration, threshold),
    )


def _problem(workflow: "Classification", inputs: ScoringInput) -> _Problem:
    truth = inputs.distinct(GROUND_TRUTH + workflow.ground_truth)
    label = workflow.prediction_field
    predicted = inputs.distinct(INFERENCE + label) if label else truth[:0]
    found = merged_labels(truth, predicted, truth.type)
    classes = tuple(dict.fromkeys([*found, *scored_classes(workflow, inputs.schema)]))
    if workflow.classes is not None:
        classes = tuple(_spelled(label, classes, truth.type) for label in workflow.classes)
    accepted = classes if workflow.classes is not None else None
    if workflow.positive is None:
        return _Problem(classes=classes, accepted=accepted, like=truth.type, positive=None)
    positive = label_of(workflow.positive, classes, truth.type, "positive")
    others = [label for label in classes if label != positive]
    other = others[0] if len(others) == 1 else f"not {positive}"
    return _Problem(classes=(other, positive), accepted=accepted, like=truth.type, positive=positive)


def _spelled(label: object, known: tuple[str, ...], like: "pa.DataType") -> str:
    """Return how a label is spelled in the data, or as given when no sample has it."""
    try:
        return label_of(label, known, like, "the class")
    except InvalidInput:
        return str(label)


def _reported(problem: _Problem, configuration: Configuration) -> tuple[str, ...]:
    if configuration.classes is None:
        return problem.classes
    return tuple(label_of(label, problem.classes, problem.like, "the class") for label in configuration.classes)


def _unavailable(workflow: "Classification", problem: _Problem, top_k: int) -> dict[str, str]:
    """Return the sample metrics that are NULL throughout, with the reason."""
    if workflow.score is None and workflow.scores is None:
        columns = ("scores", "truth_scores", "log_loss", "brier_score", "in_top_k")
        return {**dict.fromkeys(columns, NO_SCORES), "confidence": NO_CONFIDENCE}
    if workflow.score is not None and problem.positive is None:
        return dict.fromkeys(("scores", "truth_scores", "log_loss", "brier_score", "in_top_k"), NO_SCORES)
    return {"in_top_k": TOO_FEW_CLASSES} if len(problem.classes) <= top_k else {}


def _threshold(
    workflow: "Classification", problem: _Problem, inputs: ScoringInput, configuration: Configuration
) -> float | None:
    has_score = workflow.score is not None or workflow.scores is not None
    if configuration.threshold is None:
        needs_one = workflow.prediction_field is None and problem.positive is not None
        return DEFAULT_THRESHOLD if needs_one else None
    if problem.positive is None or not has_score:
        raise InvalidInput(
            f"threshold={configuration.threshold!r} needs a problem of two classes, the positive one and its "
            "score; "
            "give positive= and score= (or scores=) to Classification"
        )
    if isinstance(configuration.threshold, str):
        return _tuned(workflow, problem, inputs, configuration)
    return float(configuration.threshold)


def _tuned(workflow: "Classification", problem: _Problem, inputs: ScoringInput, configuration: Configuration) -> float:
    import numpy as np

    from kolena_store.metrics.thresholds import accuracy_optimal, f1_optimal

    score_names = [workflow.score] if workflow.score else list(score_columns(workflow, inputs.schema).values())
    names = [
        GROUND_TRUTH + workflow.ground_truth,
        *(INFERENCE + str(name) for name in score_names or [str(workflow.scores)]),
    ]
    table = inputs.columns(list(dict.fromkeys(names)), predicate=configuration.tune_on).combine_chunks()
    batch = table.to_batches()[0] if table.num_rows else _empty_batch(table)
    truth = label_texts(batch.column(names[0]), problem.like)
    scores = positive_scores(workflow, batch, problem.positive)
    is_positive = np.array([text == problem.positive for text in truth.to_pylist()], dtype=bool)
    is_measured = np.isfinite(scores) & truth.is_valid().to_numpy(zero_copy_only=False)
    choose = f1_optimal if configuration.threshold == "f1_optimal" else accuracy_optimal
    return choose(scores, is_positive, is_measured)


def positive_scores(workflow: "Classification", batch: "pa.RecordBatch", positive: str | None) -> "np.ndarray":
    """Return the score of the positive class: float64[rows], NaN where there is none."""
    import numpy as np
    import pyarrow as pa

    if workflow.score is None:
        return score_matrix(workflow, batch, [str(positive)])[:, 0]
    column = batch.column(INFERENCE + workflow.score)
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _empty_batch(table: "pa.Table") -> "pa.RecordBatch":
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], schema=table.schema)


def _tuned_on(configuration: Configuration) -> str | None:
    return (configuration.tune_on or "all samples") if isinstance(configuration.threshold, str) else None


def _notes(configuration: Configuration, threshold: float | None) -> tuple[str, ...]:
    if not isinstance(configuration.threshold, str):
        return ()
    where = configuration.tune_on or "all samples"
    return (f"threshold {threshold:.6g} is {configuration.threshold}, tuned on these samples: {where}",)
