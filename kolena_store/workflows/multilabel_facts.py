"""What multi-label scoring needs to know of all samples at once: the classes, and the threshold."""

from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput, shown
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, Facts, ScoringInput
from kolena_store.workflows.class_scores import named_classes
from kolena_store.workflows.configuration import Configuration, single_threshold
from kolena_store.workflows.labels import label_of, merged_labels, spelled
from kolena_store.workflows.options import refuse_options

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.workflows.multilabel import MultilabelClassification

__all__ = ["elements_of", "multilabel_facts"]

DEFAULT_THRESHOLD = 0.5
NO_SCORES = "the results have no score for each class"


def multilabel_facts(workflow: "MultilabelClassification", inputs: ScoringInput, configuration: Configuration) -> Facts:
    """Return the facts of one model on one dataset under one configuration.

    Raises:
        InvalidInput: the configuration asks for what this problem does not have.
    """
    refuse_options(workflow.name, configuration, allowed=("threshold", "beta", "classes"))
    truth = elements_of(inputs.distinct(GROUND_TRUTH + workflow.ground_truth))
    scored = _scored(workflow, inputs, truth)
    found = tuple(dict.fromkeys([*_labels(workflow, inputs, truth), *scored]))
    classes = found
    if workflow.classes is not None:
        classes = tuple(spelled(label, found, truth.type) for label in workflow.classes)
    return Facts(
        classes=classes,
        accepted=classes if workflow.classes is not None else None,
        scored=scored or classes,
        reported=_reported(configuration, classes, truth.type),
        threshold=_threshold(workflow, configuration),
        constants={"beta": configuration.beta or workflow.constants["beta"]},
        unavailable={} if workflow.scores is not None else {"scores": NO_SCORES},
        notes=_notes([label for label in found if label not in classes]),
    )


def elements_of(lists: "pa.Array") -> "pa.Array":
    """Return all elements of lists; nothing but NULL has none, of type text."""
    import pyarrow as pa
    import pyarrow.types as types

    return pa.array([], pa.string()) if types.is_null(lists.type) else lists.flatten()


def _labels(workflow: "MultilabelClassification", inputs: ScoringInput, truth: "pa.Array") -> tuple[str, ...]:
    """Return the labels of the truth in their own order, then those that are only predicted."""
    import pyarrow.compute as pc

    label = workflow.prediction_field
    predicted = elements_of(inputs.distinct(INFERENCE + label)) if label else truth[:0]
    in_order = [pc.unique(one).take(pc.array_sort_indices(pc.unique(one))) for one in (truth, predicted)]
    return merged_labels(in_order[0], in_order[1], truth.type)


def _scored(workflow: "MultilabelClassification", inputs: ScoringInput, truth: "pa.Array") -> tuple[str, ...]:
    """Return the labels that the scores name themselves, in their order."""
    import pyarrow.compute as pc

    if workflow.score_labels is not None:
        labels = pc.unique(elements_of(inputs.distinct(INFERENCE + workflow.score_labels)))
        return merged_labels(truth[:0], labels.take(pc.array_sort_indices(labels)), truth.type)
    named = named_classes(workflow.scores, inputs.schema)
    known = merged_labels(truth, truth, truth.type)
    return tuple(spelled(label, known, truth.type) for label in named)


def _reported(configuration: Configuration, classes: tuple[str, ...], like: "pa.DataType") -> tuple[str, ...]:
    if configuration.classes is None:
        return classes
    return tuple(label_of(label, classes, like, "the class") for label in configuration.classes)


def _threshold(workflow: "MultilabelClassification", configuration: Configuration) -> float | None:
    """Return the score from which on a label is predicted; None when the results name the labels themselves."""
    given = configuration.threshold
    if given is None:
        return DEFAULT_THRESHOLD if workflow.prediction_field is None else None
    if workflow.scores is None:
        raise InvalidInput(f"threshold={given!r} needs a score for each class, and the workflow names none (scores=)")
    if isinstance(given, str):
        raise InvalidInput(
            f"threshold={given!r} is for problems of two classes; give a number, which is used for every class"
        )
    return single_threshold(given)


def _notes(outside: list[str]) -> tuple[str, ...]:
    return (f"labels outside the classes are left out: {shown(outside)}",) if outside else ()
