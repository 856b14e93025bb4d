"""Multi-label classification: any number of labels for each sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from kolena_store.datasets import CLASS_MARK, ColumnNeed, Columns, columns_of_pattern
from kolena_store.errors import InvalidInput
from kolena_store.statements import Fragment
from kolena_store.workflows.base import Facts, OptionHelp, ScoringInput, Workflow
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.options import check_column_names, checked_classes, plain_label

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MultilabelClassification"]


@dataclass(frozen=True)
class MultilabelClassification(Workflow):
    """Any number of labels for each sample, with or without a score for each class.

    Args:
        ground_truth: the dataset's column with the list of true labels; an empty list says that there is none, NULL
            that they are not known. A long table, with a row for each label, is collected on upload (`collect=`).
        prediction: the inference's column with the list of predicted labels. Without it they follow from the scores:
            those from the threshold on, .5 unless the configuration sets another one. With neither prediction nor
            scores it is the column `prediction`.
        scores: the score of each class: a pattern such as `"p_{class}"`, a mapping class -> column, the name of a
            struct column, or of a list column: in the order of `classes`, or of the labels in the list column
            `score_labels`. A sample that lacks the score of a class has no prediction.
        score_labels: the inference's list column with the label of each score, for scores that were a long table; a
            label that is not among them has no score, and is not predicted.
        classes: all labels, in order; labels outside them are left out on both sides, and counted.

    Raises:
        InvalidInput: options that contradict each other, or name no column or label.
    """

    ground_truth: str
    prediction: str | None = None
    scores: str | Mapping[str, str] | None = None
    score_labels: str | None = None
    classes: Sequence[object] | None = None

    name: ClassVar[str] = "multilabel"
    metric_file: ClassVar[str] = "metrics/multilabel"
    scorer_version: ClassVar[str] = "1"
    constants: ClassVar[Mapping[str, float]] = MappingProxyType({"beta": 2.0})
    answered: ClassVar[Fragment] = Fragment("exact_match IS NOT NULL")
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {
            "ground_truth": OptionHelp("FIELD", "FILE's column with the list of true labels."),
            "prediction": OptionHelp("FIELD", "The results' column with the list of predicted labels."),
            "scores": OptionHelp(
                "PATTERN",
                "The results' columns with a score for each class, e.g. --scores 'p_{class}'; or a list or struct.",
            ),
            "score_labels": OptionHelp(
                "FIELD", "The results' column with the label of each of --scores, e.g. --score-labels label."
            ),
            "classes": OptionHelp("LABEL,LABEL", "All labels, in order, e.g. --classes cat,dog,bird."),
        }
    )
    sample_metrics_help: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "truths": "For each class, in their order, whether the sample has it; NULL when the truth is not known",
            "predictions": "For each class whether it is predicted; NULL when there is no answer",
            "scores": "The score of each class; NULL when there is none",
            "exact_match": "Whether exactly the true labels are predicted; NULL unless both sides are known",
            "wrong_share": "The share of the classes that are wrongly predicted or missed",
            "sample_precision": "True labels among the predicted ones; 0 when none is predicted",
            "sample_recall": "Predicted labels among the true ones; 0 when none is true",
            "sample_f1": "2 common labels / (true ones + predicted ones); 0 when there is none on either side",
            "sample_jaccard": "Common labels / labels on either side; 0 when there is none",
        }
    )

    def __post_init__(self) -> None:
        """Check that the options fit together."""
        check_column_names(
            "MultilabelClassification",
            ground_truth=self.ground_truth or "",
            prediction=self.prediction,
            score_labels=self.score_labels,
        )
        if isinstance(self.scores, Mapping):
            by_class = {str(plain_label(label)): column for label, column in self.scores.items()}
            names = {f"scores[{label!r}]": name for label, name in by_class.items()}
            check_column_names("MultilabelClassification", **names)
            object.__setattr__(self, "scores", by_class or "")
        elif self.scores is not None:
            check_column_names("MultilabelClassification", scores=self.scores)
            if CLASS_MARK in self.scores:
                columns_of_pattern(self.scores, ())
        if self.classes is not None:
            object.__setattr__(self, "classes", checked_classes(self.classes))
        if self.score_labels is not None and not self._has_score_list:
            raise InvalidInput(
                f"score_labels={self.score_labels!r} names the labels of a list of scores; name that list (scores=)"
            )

    @property
    def _has_score_list(self) -> bool:
        return isinstance(self.scores, str) and CLASS_MARK not in self.scores

    @property
    def prediction_field(self) -> str | None:
        """Return the inference's column of labels, or None when they follow from the scores."""
        return self.prediction or ("prediction" if self.scores is None else None)

    def columns(self) -> Columns:
        """Return the labels of the truth, and of the inference the labels and the scores."""
        label = self.prediction_field
        answers = [ColumnNeed(name=label, kind="labels", like=self.ground_truth)] if label else []
        needs = (*answers, *self._score_needs())
        truth = ColumnNeed(name=self.ground_truth, kind="labels")
        return Columns(ground_truth=(truth,), inference=needs, answer=needs[0].name)

    def headlines(self) -> tuple[str, ...]:
        """Return F1 over all labels, its unweighted mean over classes, and how often all labels are right."""
        return ("f1_micro", "f1_macro", "accuracy")

    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return the classes, and the threshold when labels follow from scores."""
        from kolena_store.workflows.multilabel_facts import multilabel_facts

        return multilabel_facts(self, inputs, configuration)

    def sample_metrics_schema(self, facts: Facts) -> "pa.Schema":
        """Return lists with an element for every class, and what a sample's labels have in common."""
        from kolena_store.workflows.multilabel_scorer import sample_metrics_schema

        return sample_metrics_schema()

    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return for each class whether it is true, predicted, and its score, and how far the labels agree."""
        from kolena_store.workflows.multilabel_scorer import score_labels

        return score_labels(self, batch, facts)

    def _score_needs(self) -> list[ColumnNeed]:
        if self.scores is None:
            return []
        if isinstance(self.scores, Mapping):
            return [ColumnNeed(name=column, kind="number") for column in self.scores.values()]
        if CLASS_MARK in self.scores:
            return [ColumnNeed(name=self.scores, kind="number_pattern")]
        scores = ColumnNeed(name=self.scores, kind="numbers")
        if self.score_labels is None:
            return [scores]
        return [scores, ColumnNeed(name=self.score_labels, kind="labels", like=self.ground_truth)]
