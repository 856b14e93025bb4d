"""Classification: one label for every sample, of two classes or of many, with or without scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from kolena_store.datasets import CLASS_MARK, ColumnNeed, Columns, columns_of_pattern
from kolena_store.errors import InvalidInput
from kolena_store.statements import Fragment
from kolena_store.workflows.base import (
    GROUND_TRUTH_HELP,
    PREDICTION_HELP,
    SCORE_HELP,
    Facts,
    OptionHelp,
    ScoringInput,
    Workflow,
)
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.options import check_column_names, checked_classes, plain_label

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["PREDICTION", "SCORES", "Classification"]

PREDICTION, SCORES = "prediction", "scores"
"""The two parts of an answer."""


@dataclass(frozen=True)
class Classification(Workflow):
    """A label for each sample, of two classes or of many, with or without scores.

    Args:
        ground_truth: the dataset's column with the true label.
        prediction: the inference's column with the predicted label. A named one is the prediction; without it the
            label follows from the scores. With neither prediction nor scores it is the column `prediction`. Where both
            are named and each would do, results may have only the one or the other.
        score: the inference's column with the confidence of the prediction, or, when `positive` is given, the score
            of the positive class.
        scores: the score of each class: a pattern such as `"p_{class}"`, a mapping class -> column, or the name of
            one list column (in the order of `classes`) or struct column.
        positive: the label of interest in a problem of two classes; every other label counts as the other class.
        classes: all labels, in order; a sample with another label is left out and counted, another prediction is wrong.

    Raises:
        InvalidInput: options that contradict each other, or name no column or label.
    """

    ground_truth: str
    prediction: str | None = None
    score: str | None = None
    scores: str | Mapping[str, str] | None = None
    positive: object = None
    classes: Sequence[object] | None = None

    name: ClassVar[str] = "classification"
    metric_file: ClassVar[str] = "metrics/classification"
    scorer_version: ClassVar[str] = "1"
    answered: ClassVar[Fragment] = Fragment("prediction IS NOT NULL")
    constants: ClassVar[Mapping[str, float]] = MappingProxyType({"beta": 2.0})
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {
            "ground_truth": GROUND_TRUTH_HELP,
            "prediction": PREDICTION_HELP,
            "score": SCORE_HELP,
            "scores": OptionHelp(
                "PATTERN",
                "The results' columns with a score for each class, e.g. --scores 'p_{class}'; or a list or struct.",
            ),
            "positive": OptionHelp("LABEL", "The label of interest of a problem with two, e.g. --positive spam."),
            "classes": OptionHelp("LABEL,LABEL", "All labels, in order, e.g. --classes cat,dog,bird."),
        }
    )
    sample_metrics_help: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "truth": "The true label as text; NULL when it is missing or outside the classes",
            "prediction": "The predicted label as text; NULL when it is missing",
            "correct": "Whether the prediction is right; NULL unless there are both labels",
            "confidence": "The score of the predicted label",
            "scores": "The score of each class, in the order of classes; NULL when one is missing",
            "log_loss": "-log(score of the true label); NULL where the scores are no probabilities",
            "brier_score": "The squared distance of the scores from the truth; NULL where they are no probabilities",
            "in_top_k": "Whether the true label is among the top_k highest scores",
        }
    )

    def __post_init__(self) -> None:
        """Check that the options fit together."""
        check_column_names(
            "Classification", ground_truth=self.ground_truth or "", prediction=self.prediction, score=self.score
        )
        self._normalise()
        if self.score is not None and self.scores is not None:
            raise InvalidInput("give either score= (one column) or scores= (one for each class), not both")
        if self.score is not None and self.prediction is None and self.positive is None:
            raise InvalidInput(
                f"score={self.score!r} alone does not say which label it is the score of: "
                "name the positive class (positive=), or the column with the predicted label (prediction=)"
            )

    def _normalise(self) -> None:
        """Hold options as a document gives them back, so that the two are equal."""
        if isinstance(self.scores, Mapping):
            by_class = {str(plain_label(label)): column for label, column in self.scores.items()}
            check_column_names("Classification", **{f"scores[{label!r}]": name for label, name in by_class.items()})
            object.__setattr__(self, "scores", by_class or "")
        if self.scores is not None and not isinstance(self.scores, Mapping):
            check_column_names("Classification", scores=self.scores)
            if CLASS_MARK in self.scores:
                columns_of_pattern(self.scores, ())
        if self.positive is not None:
            object.__setattr__(self, "positive", plain_label(self.positive))
        if self.classes is not None:
            object.__setattr__(self, "classes", checked_classes(self.classes))

    @property
    def prediction_field(self) -> str | None:
        """Return the inference's label column, or None when the label follows from the scores."""
        has_scores = self.score is not None or self.scores is not None
        return self.prediction or (None if has_scores else "prediction")

    @property
    def has_two_answers(self) -> bool:
        """Whether both a label and scores are named from which the label follows: results may lack one of them."""
        has_label_in_scores = self.scores is not None or (self.score is not None and self.positive is not None)
        return self.prediction is not None and has_label_in_scores

    def without(self, absent: Sequence[str]) -> "Classification":
        """Return the workflow as it reads results that lack the `PREDICTION` or the `SCORES`."""
        prediction = None if PREDICTION in absent else self.prediction
        score, scores = (None, None) if SCORES in absent else (self.score, self.scores)
        return replace(self, prediction=prediction, score=score, scores=scores)

    def columns(self) -> Columns:
        """Return the label of the truth, and of the inference the label, the score or the scores."""
        truth = ColumnNeed(name=self.ground_truth, kind="label")
        label = self.prediction_field
        answers = [ColumnNeed(name=label, kind="label", like=self.ground_truth)] if label else []
        needs = (*answers, *self._score_needs())
        required, optional = ((), needs) if self.has_two_answers else (needs, ())
        return Columns(ground_truth=(truth,), inference=required, optional=optional, answer=needs[0].name)

    def headlines(self) -> tuple[str, ...]:
        """Return accuracy beside precision and recall of the positive class, or the unweighted mean of F1."""
        return ("accuracy", "precision", "recall") if self.positive is not None else ("accuracy", "f1_macro")

    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return the classes, what the scores allow, and the threshold when there is one."""
        from kolena_store.workflows.classification_facts import classification_facts

        return classification_facts(self, inputs, configuration)

    def facts_to_keep(self, before: Facts, after: Facts) -> Facts | None:
        """Return the new facts unless the classes, the threshold or the k of the top labels are other ones."""
        as_before = replace(
            after,
            reported=before.reported,
            tuned_on=before.tuned_on,
            constants={**after.constants, "beta": before.constants.get("beta", 0.0)},
            notes=before.notes,
        )
        return after if as_before == before else None

    def sample_metrics_schema(self, facts: Facts) -> "pa.Schema":
        """Return the columns of `classification_scorer`."""
        from kolena_store.workflows.classification_scorer import sample_metrics_schema

        return sample_metrics_schema()

    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return labels as text, correctness, the score of each class, and the losses that follow from them."""
        from kolena_store.workflows.classification_scorer import score_classification

        return score_classification(self, batch, facts)

    def check_labels(self, labels: "pa.Array") -> None:
        """Check that the positive label occurs in the ground truth, and among the classes that were named.

        Raises:
            InvalidInput: it does not; near labels are named.
        """
        from kolena_store.workflows.labels import label_of, label_texts, spelled

        if self.positive is None:
            return
        known = [text for text in label_texts(labels, labels.type).to_pylist() if text is not None]
        positive = label_of(self.positive, known, labels.type, "positive")
        if self.classes is not None and positive not in [spelled(one, known, labels.type) for one in self.classes]:
            raise InvalidInput(f"positive {self.positive!r} is none of classes={list(self.classes)}; name it there")

    def _score_needs(self) -> list[ColumnNeed]:
        if self.score is not None:
            return [ColumnNeed(name=self.score, kind="number")]
        if isinstance(self.scores, Mapping):
            columns = self.scores.values()
            return [ColumnNeed(name=column, kind="number", group=SCORES) for column in columns]
        if self.scores is None:
            return []
        return [ColumnNeed(name=self.scores, kind="number_pattern" if CLASS_MARK in self.scores else "numbers")]
