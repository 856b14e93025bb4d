"""What a workflow is: the columns it reads, how it scores a sample, and the file that defines its metrics."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from kolena_store.datasets import Columns
from kolena_store.errors import InvalidInput
from kolena_store.files import SAMPLE
from kolena_store.statements import Fragment
from kolena_store.workflows.configuration import Configuration

if TYPE_CHECKING:
    from dataclasses import Field

    import pyarrow as pa

__all__ = [
    "GROUND_TRUTH",
    "GROUND_TRUTH_HELP",
    "INFERENCE",
    "PREDICTION_HELP",
    "SAMPLE_FIELD",
    "SCORE_HELP",
    "Facts",
    "OptionHelp",
    "ScoringInput",
    "Workflow",
    "WrongObject",
    "numbered",
]

GROUND_TRUTH = "g."
INFERENCE = "i."
SAMPLE_FIELD = "s."
"""Prefixes of the columns of a scoring batch: one name may occur on both sides."""


class ScoringInput(Protocol):
    """The samples that one model answered: ground truth (`g.<column>`) beside inference (`i.<column>`)."""

    @property
    def name(self) -> str:
        """Return how messages call the results: `the results of 'm' (version 1)`."""

    @property
    def schema(self) -> "pa.Schema":
        """Return the schema of the batches: `_sample` first."""

    def columns(self, names: Sequence[str], *, predicate: str | None = None) -> "pa.Table":
        """Return some columns of all answered samples, or of those that a predicate over metadata selects."""

    def samples(self, predicate: str) -> "pa.Array":
        """Return the numbers of the answered samples that a predicate over metadata selects."""

    def distinct(self, name: str) -> "pa.Array":
        """Return the distinct values of a column, sorted, without NULL: of the ground truth those of all samples."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a workflow finds out once about (model, dataset, configuration), before any sample is scored.

    `classes` are the labels in order, `reported` those that have rows of their own; `accepted` are the labels that are
    measured at all (None: every one); `scored` are the labels that the results score, in the order of their scores;
    `is_binary` says that truth and scores know two classes (a model may answer others still), and `positive` is the one
    of them that the user named; `threshold` was tuned or given; `centres` are the values about which second
    moments are taken, `spreads` how far the values lie around them; `constants` are numbers that metrics may name;
    `groups` names those among the classes that some metrics are of; `overlaps` are the thresholds of overlap from which
    on objects match, that of the counts first, and `thresholds` the score from which on a detection of each class
    counts;
    `unavailable` says of a sample-metrics column why it is NULL throughout; `absent` are the parts of an answer that
    these results do without, and may; `columns` are the columns of the sample metrics with their types, where only
    scoring tells them.
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
    spreads: Mapping[str, float] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    columns: Mapping[str, str] | None = None
    overlaps: tuple[float, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OptionHelp:
    """How the command line explains an option of a workflow: what stands behind it, and a sentence with an example."""

    metavar: str
    text: str


@dataclass(frozen=True, slots=True)
class WrongObject:
    """An object that can't be scored: its sample's number, its place in the list, and what is wrong with it."""

    sample: int
    place: int
    what: str


GROUND_TRUTH_HELP = OptionHelp("FIELD", "FILE's column with the truth, e.g. --ground-truth label.")
PREDICTION_HELP = OptionHelp("FIELD", "The results' column with the prediction, e.g. --prediction label.")
SCORE_HELP = OptionHelp(
    "FIELD", "The results' column with the score of the prediction, or of --positive, e.g. --score confidence."
)
"""What several workflows say of the same option; a workflow that says something else is named in the help."""


@dataclass(frozen=True)
class Workflow(ABC):
    """One type of problem: a frozen dataclass, whose fields are the options that the user gives.

    The module that defines one is all that makes it known, beside its metric file: the store finds it by `name`,
    Python users find it as `kolena_store.<ClassName>`, and the command line offers its fields as options. It states:

    - `name`, by which datasets and the command line know it, and `metric_file`, the file below `sql/` that defines its
      metrics over the columns of `sample_metrics_schema`;
    - `scorer_version`, a text that changes whenever `prepare` or `score_batch` would give other numbers than before;
      what was scored under another one is scored again;
    - `answered`, SQL over its sample metrics that says whether a sample has an answer with a value;
    - `option_help`, for each field how the command line explains it;
    - `constants`, the numbers that its metrics may name beside terms, as they are by default; its facts hold them as
      the configuration has them;
    - `sample_metrics_help`, if it likes, what each column of its sample metrics is, for the published database;
    - `columns`, `headlines`, `prepare`, `sample_metrics_schema` and `score_batch`, each explained below;
    - `learns_columns`, `score_batches`, `scorer_key` and `cluster`, if it likes, as `custom.py` does: for scores whose
      columns are not known before, by something that the user names, of samples that belong together;
    - `conclude`, if it likes, as `object_detection.py` does: for what only all samples together tell.

    On the command line a field is spelled with `-` for `_`, and its annotation says how it is read there: as a number
    (`float`, `int`), as true or false (`bool`), as labels between commas (a sequence), else as text. Fields hold plain
    JSON values; where one does not, override `document` and `from_document`.
    """

    name: ClassVar[str]
    metric_file: ClassVar[str]
    scorer_version: ClassVar[str]
    answered: ClassVar[Fragment] = Fragment("TRUE")
    option_help: ClassVar[Mapping[str, OptionHelp]]
    constants: ClassVar[Mapping[str, float]] = MappingProxyType({})
    sample_metrics_help: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @property
    def scorer_key(self) -> str:
        """Return what tells this scorer from others: sample metrics of another one are made anew."""
        return f"{self.name} {self.scorer_version}"

    @property
    def learns_columns(self) -> bool:
        """Whether only scoring tells which columns the sample metrics have; `Facts.columns` then holds them."""
        return False

    @property
    def matches_objects(self) -> bool:
        """Whether the sample metrics are matches of objects, as `object_matches.py` stores them."""
        return False

    @property
    def cluster(self) -> str | None:
        """Return the field of the sample by which samples belong together, unless the user names another one."""
        return None

    def document(self) -> dict[str, Any]:
        """Return the options as plain JSON values, from which `from_document` makes an equal workflow."""
        given = {one.name: getattr(self, one.name) for one in fields(self) if not _is_left_out(one, self)}
        return {"workflow": self.name, **{name: _as_json(value) for name, value in given.items()}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the workflow that a document describes."""
        return cls(**{name: value for name, value in document.items() if name != "workflow"})

    @abstractmethod
    def columns(self) -> Columns:
        """Return the columns that the dataset and the results must have; uploads and tests check them."""

    @abstractmethod
    def headlines(self) -> tuple[str, ...]:
        """Return the names of at most three metrics to print when the user names none."""

    @abstractmethod
    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return what scoring needs to know of all samples at once; it is kept with the sample metrics.

        Raises:
            InvalidInput: the configuration asks for what this problem does not have, or values can't be read.
        """

    @abstractmethod
    def sample_metrics_schema(self, facts: Facts) -> "pa.Schema":
        """Return the columns that `score_batch` makes, without `_sample`: what the metric file's terms can read."""

    @abstractmethod
    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return the sample metrics of a batch, one array for each column of the schema, one value for each row.

        A value that can't be had is NULL, so that the metrics count what they leave out.
        """

    def score_batches(
        self, batches: "Iterable[pa.RecordBatch]", facts: Facts
    ) -> "tuple[Facts, Iterator[pa.RecordBatch]]":
        """Return the sample metrics of several batches behind `_sample`, and the facts, which scoring may add to."""
        import pyarrow as pa

        schema = numbered(self.sample_metrics_schema(facts))
        columns = ([batch.column(SAMPLE), *self.score_batch(batch, facts)] for batch in batches)
        return facts, (pa.RecordBatch.from_arrays(one, schema=schema) for one in columns)

    def facts_to_keep(self, before: Facts, after: Facts) -> Facts | None:
        """Return the facts to score new samples with beside those that were scored with `before`; None: score all anew.

        What is returned must give each sample the same sample metrics as `before` gave it, since the samples that did
        not change keep theirs. By default that is so when nothing but notes changed.

        Args:
            before: the facts of an earlier version of the data, from the same workflow and configuration.
            after: what `prepare` says of the data as they are now.
        """
        return after if replace(after, notes=before.notes) == before else None

    def conclude(self, facts: Facts, inputs: ScoringInput, scored: "Callable[[Sequence[str]], pa.Table]") -> Facts:
        """Return the facts that can only be told from all sample metrics together; by default there are none.

        Args:
            facts: those that the samples were scored with.
            inputs: the samples.
            scored: gives columns of the sample metrics, `_sample` first.
        """
        del inputs, scored
        return facts

    def wrong_object(self, side: str, batch: "pa.RecordBatch") -> WrongObject | None:
        """Return the first object of a batch that can't be scored; an upload of it is refused. By default none is.

        Args:
            side: `g.` of the ground truth, `i.` of the inference.
            batch: `_sample` and the lists of objects.
        """
        del side, batch
        return None

    def found_geometry(self, batch: "pa.RecordBatch") -> "pa.Table":
        """Return a row for each detection of a scoring batch, with what it has in common with true objects.

        Those are `_sample`, `_object`, the label, the box and the area. Only workflows that match objects have it.
        """
        raise InvalidInput(f"the workflow {self.name} has no detections with a geometry; {len(batch)} rows were given")

    def check_labels(self, labels: "pa.Array") -> None:
        """Check the options against the distinct values of the ground truth; nothing to check by default."""
        del labels


def numbered(schema: "pa.Schema") -> "pa.Schema":
    """Return the schema of stored sample metrics: `_sample` first, then the columns that the workflow makes."""
    import pyarrow as pa

    return pa.schema([pa.field(SAMPLE, pa.int64()), *schema])


def _is_left_out(option: "Field[Any]", workflow: Workflow) -> bool:
    """Return whether a document need not say that an option is None, since it is so by default."""
    return getattr(workflow, option.name) is None and option.default is None


def _as_json(value: object) -> object:
    """Return a value as JSON gives it back, so that documents can be compared."""
    if isinstance(value, (list, tuple)):
        return [_as_json(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _as_json(one) for key, one in value.items()}
    return value
