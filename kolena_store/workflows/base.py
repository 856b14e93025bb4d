"""What a workflow is: the columns it reads, how it scores a sample, and the file that defines its metrics."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from kolena_store.datasets import Columns
from kolena_store.statements import Fragment
from kolena_store.workflows.configuration import Configuration

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["GROUND_TRUTH", "INFERENCE", "Facts", "ScoringInput", "Workflow"]

GROUND_TRUTH = "g."
INFERENCE = "i."
"""Prefixes of the columns of a scoring batch: one name may occur on both sides."""


class ScoringInput(Protocol):
    """The samples that one model answered: ground truth (`g.<column>`) beside inference (`i.<column>`)."""

    @property
    def schema(self) -> "pa.Schema":
        """Return the schema of the batches: `_sample` first."""

    def columns(self, names: Sequence[str], *, predicate: str | None = None) -> "pa.Table":
        """Return some columns of all answered samples, or of those that a predicate over metadata selects."""

    def distinct(self, name: str) -> "pa.Array":
        """Return the distinct values of a column, sorted, without NULL: of the ground truth those of all samples."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a workflow finds out once about (model, dataset, configuration), before any sample is scored.

    `classes` are the labels in order, `reported` those that have rows of their own; `accepted` are the labels that are
    measured at all (None: every one); `scored` are the labels that the results score, in the order of their scores;
    `is_binary` says that truth and scores know two classes (a model may answer others still), and `positive` is the one
    of them that the user named; `threshold` was tuned or given; `centres` are the values about which second
    moments are taken; `constants` are numbers that metrics may name; `unavailable` says of a sample-metrics column why
    it is NULL throughout.
    """

    classes: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()
    accepted: tuple[str, ...] | None = None
    scored: tuple[str, ...] = ()
    is_binary: bool = False
    positive: str | None = None
    threshold: float | None = None
    tuned_on: str | None = None
    centres: Mapping[str, float] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Workflow(ABC):
    """One type of problem. A subclass is a frozen dataclass; its fields are the options that the user gives."""

    name: ClassVar[str]
    metric_file: ClassVar[str]
    scorer_version: ClassVar[str]
    answered: ClassVar[Fragment] = Fragment("TRUE")
    """SQL over the sample metrics: whether a sample has an answer with a value."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """Return the options as plain JSON values, from which `from_document` makes an equal workflow."""

    @classmethod
    @abstractmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Workflow":
        """Return the workflow that a document describes."""

    @abstractmethod
    def columns(self) -> Columns:
        """Return the columns that the dataset and the results must have."""

    @abstractmethod
    def headlines(self) -> tuple[str, ...]:
        """Return the names of at most three metrics to show first."""

    @abstractmethod
    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return what scoring needs to know of all samples at once."""

    @abstractmethod
    def sample_metrics_schema(self, facts: Facts) -> "pa.Schema":
        """Return the columns that `score_batch` makes, without `_sample`."""

    @abstractmethod
    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return the sample metrics of a batch, one array for each column of the schema, one value for each row."""

    def check_labels(self, labels: "pa.Array") -> None:
        """Check the options against the distinct values of the ground truth; nothing to check by default."""
        del labels
