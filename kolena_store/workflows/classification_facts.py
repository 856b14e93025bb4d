"""What a classification needs to know of all samples at once: its classes and its threshold."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput, shown
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, Facts, ScoringInput
from kolena_store.workflows.class_scores import named_classes, positive_scores, score_columns
from kolena_store.workflows.classification import PREDICTION, SCORES, Classification
from kolena_store.workflows.configuration import Configuration, single_threshold
from kolena_store.workflows.labels import label_of, label_texts, merged_labels, spelled

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["classification_facts"]

DEFAULT_THRESHOLD = 0.5
DEFAULT_TOP_K = 2

SCORE_COLUMNS = ("scores", "log_loss", "brier_score", "in_top_k")
"""The sample metrics that need a score for each class."""

NO_SCORES = "the results have no score for each class"
NO_CONFIDENCE = "the results have no score"
TOO_FEW_CLASSES = "there are no more classes than labels that count, so every answer would be right"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """The labels of one problem: all classes in order, the type of the truth, and the positive one if named.

    `accepted` are the labels that are measured (None: every one), `scored` those that have a score, in that order;
    `is_binary` does not count labels that are only predicted.
    """

    classes: tuple[str, ...]
    accepted: tuple[str, ...] | None
    scored: tuple[str, ...]
    is_binary: bool
    like: "pa.DataType"
    positive: str | None


def classification_facts(workflow: Classification, inputs: ScoringInput, configuration: Configuration) -> Facts:
    """Return the facts of one model on one dataset under one configuration.

    Raises:
        InvalidInput: the configuration asks for what this problem does not have.
    """
    absent = _absent(workflow, inputs)
    if SCORES in absent and configuration.threshold is not None:
        raise InvalidInput(
            f"threshold={configuration.threshold!r} needs scores, and {inputs.name} have none; "
            "leave this model out, or upload its scores"
        )
    label, workflow = workflow.prediction, workflow.without(absent)
    problem = _problem(workflow, inputs)
    top_k = configuration.top_k or DEFAULT_TOP_K
    threshold = _threshold(workflow, problem, inputs, configuration)
    return Facts(
        classes=problem.classes,
        accepted=problem.accepted,
        scored=problem.scored,
        is_binary=problem.is_binary,
        reported=_reported(problem, configuration),
        positive=problem.positive,
        threshold=threshold,
        tuned_on=_tuned_on(configuration),
        constants={"beta": configuration.beta or workflow.constants["beta"], "top_k": top_k},
        unavailable=_unavailable(workflow, problem, top_k),
        absent=absent,
        notes=(*_label_notes(label, problem, threshold, absent), *_threshold_notes(configuration, threshold)),
    )


def _absent(workflow: Classification, inputs: ScoringInput) -> tuple[str, ...]:
    """Return which of two named parts of the answer these results lack; a column without any label is none."""
    if not workflow.has_two_answers:
        return ()
    names, label = inputs.schema.names, f"{INFERENCE}{workflow.prediction}"
    if not set(score_columns(workflow, inputs.schema)) <= set(names):
        return (SCORES,)
    return () if label in names and len(inputs.distinct(label)) else (PREDICTION,)


def _problem(workflow: Classification, inputs: ScoringInput) -> _Problem:
    truth = inputs.distinct(GROUND_TRUTH + workflow.ground_truth)
    label = workflow.prediction_field
    predicted = inputs.distinct(INFERENCE + label) if label else truth[:0]
    found = merged_labels(truth, predicted, truth.type)
    named = [spelled(label, found, truth.type) for label in named_classes(workflow.scores, inputs.schema)]
    known = dict.fromkeys([*merged_labels(truth, truth, truth.type), *named])
    classes = tuple(dict.fromkeys([*known, *found]))
    accepted = None
    if workflow.classes is not None:
        classes = accepted = tuple(spelled(label, classes, truth.type) for label in workflow.classes)
    problem = _Problem(
        classes=classes,
        accepted=accepted,
        scored=tuple(named) or classes,
        is_binary=len(known.keys() & classes) == 2,
        like=truth.type,
        positive=None,
    )
    return problem if workflow.positive is None else _binary(workflow, problem)


def _binary(workflow: Classification, problem: _Problem) -> _Problem:
    """Return the problem with the positive class against all others."""
    positive = spelled(workflow.positive, problem.classes, problem.like)
    if workflow.scores is not None and positive not in problem.scored:
        raise InvalidInput(
            f"the scores have none for the positive class {positive!r}; they are of {shown(problem.scored)}. "
            "Add its scores, or name another class (positive=)"
        )
    others = [label for label in problem.classes if label != positive]
    other = others[0] if len(others) == 1 else f"not {positive}"
    return replace(problem, classes=(other, positive), positive=positive, is_binary=True)


def _reported(problem: _Problem, configuration: Configuration) -> tuple[str, ...]:
    if configuration.classes is None:
        return problem.classes
    if problem.positive is not None:
        raise InvalidInput(
            f"classes={list(configuration.classes)} chooses among several classes, and this problem has a positive "
            f"class ({problem.positive!r}) and the rest; leave classes away"
        )
    return tuple(label_of(label, problem.classes, problem.like, "the class") for label in configuration.classes)


def _unavailable(workflow: Classification, problem: _Problem, top_k: int) -> dict[str, str]:
    """Return the sample metrics that are NULL throughout, with the reason."""
    if workflow.score is None and workflow.scores is None:
        return {**dict.fromkeys(SCORE_COLUMNS, NO_SCORES), "confidence": NO_CONFIDENCE}
    if workflow.score is not None and problem.positive is None:
        return dict.fromkeys(SCORE_COLUMNS, NO_SCORES)
    return {"in_top_k": TOO_FEW_CLASSES} if len(problem.classes) <= top_k else {}


def _threshold(
    workflow: Classification, problem: _Problem, inputs: ScoringInput, configuration: Configuration
) -> float | None:
    has_score = workflow.score is not None or workflow.scores is not None
    if configuration.threshold is None:
        needs_one = workflow.prediction_field is None and problem.positive is not None
        return DEFAULT_THRESHOLD if needs_one else None
    if problem.positive is None or not has_score:
        raise InvalidInput(
            f"threshold={configuration.threshold!r} needs a problem of two classes, the positive one and its "
            "score; give positive= and score= (or scores=) to Classification"
        )
    if isinstance(configuration.threshold, str):
        return _tuned(workflow, problem, inputs, configuration)
    return single_threshold(configuration.threshold)


def _tuned(workflow: Classification, problem: _Problem, inputs: ScoringInput, configuration: Configuration) -> float:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from kolena_store.metrics.thresholds import accuracy_optimal, f1_optimal

    names = [GROUND_TRUTH + workflow.ground_truth, *score_columns(workflow, inputs.schema)]
    table = inputs.columns(list(dict.fromkeys(names)), predicate=configuration.tune_on).combine_chunks()
    batch = table.to_batches()[0] if table.num_rows else _empty_batch(table)
    truth = label_texts(batch.column(names[0]), problem.like)
    scores = positive_scores(workflow, batch, str(problem.positive), problem.scored)
    is_positive = pc.equal(truth, problem.positive).fill_null(False).to_numpy(zero_copy_only=False)
    is_measured = truth.is_valid()
    if problem.accepted is not None:
        is_measured = pc.is_in(truth, pa.array(problem.accepted, pa.string()))
    choose = f1_optimal if configuration.threshold == "f1_optimal" else accuracy_optimal
    return choose(scores, is_positive, is_measured.to_numpy(zero_copy_only=False) & ~np.isnan(scores))


def _empty_batch(table: "pa.Table") -> "pa.RecordBatch":
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], schema=table.schema)


def _tuned_on(configuration: Configuration) -> str | None:
    return (configuration.tune_on or "all samples") if isinstance(configuration.threshold, str) else None


def _label_notes(
    label: str | None, problem: _Problem, threshold: float | None, absent: tuple[str, ...]
) -> tuple[str, ...]:
    if PREDICTION not in absent:
        return ()
    rule = "the class with the highest score" if threshold is None else f"{problem.positive!r} from {threshold:.6g} on"
    return (f"the results have no label in {label!r}, so the prediction follows from the scores: {rule}",)


def _threshold_notes(configuration: Configuration, threshold: float | None) -> tuple[str, ...]:
    if not isinstance(configuration.threshold, str):
        return ()
    where = configuration.tune_on or "all samples"
    return (f"threshold {threshold:.6g} is {configuration.threshold}, tuned on these samples: {where}",)
