"""Problems of the user's own: metrics as SQL over any columns, with or without a Python function that scores."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from kolena_store.datasets import OBJECTS, ColumnKind, ColumnNeed, Columns, Scope
from kolena_store.errors import InvalidInput
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, SAMPLE_FIELD, Facts, OptionHelp, ScoringInput, Workflow
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.options import check_column_names, refuse_options

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Custom"]

SCORER = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
FORM = 1
"""Of what the store makes of a scorer's answers; another one has all samples scored anew."""

SIDES = (SAMPLE_FIELD, GROUND_TRUTH, INFERENCE)


@dataclass(frozen=True, kw_only=True)
class Custom(Workflow):
    """Metrics of your own over any columns, with or without a Python function that scores the samples.

    Args:
        objects: whether ground truths and inferences are any number of objects for each sample: their rows are
            collected into the list column `objects` of either side.
        scorer: the function that scores, as `module:function`, or the function itself where a module holds it. It gets
            an Arrow RecordBatch with a row for each sample, and returns a table, or name -> values: the sample metrics,
            `m.<name>` to the metrics. docs/custom.md says more.
        scorer_version: a text to change whenever the scorer would give other values than before; samples that did not
            change keep what the same version found.
        reads: the columns that are read, and must be there: `g.name` of the ground truth, `i.name` of the inference,
            `s.name` of the sample. None reads all columns, requires none, and knows of no ground truth.
        group_by: the field of the sample whose groups (videos, documents) a scorer sees whole. It may then return a row
            for each group in place of each sample. Intervals count groups, unless `cluster=` names another field.

    Raises:
        InvalidInput: an option that can't be used, or is of no use without a scorer.
    """

    objects: bool = False
    scorer: "str | Callable[..., object] | None" = None
    scorer_version: str | None = None  # type: ignore[assignment, misc]  # the user's to state here
    reads: Sequence[str] | None = None
    group_by: str | None = None

    name: ClassVar[str] = "custom"
    metric_file: ClassVar[str] = "metrics/custom"
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {
            "scorer": OptionHelp("MODULE:FUNCTION", "The Python function that scores, e.g. --scorer scorers:errors."),
            "scorer_version": OptionHelp("TEXT", "Change it when the scorer changes, e.g. --scorer-version 2."),
            "reads": OptionHelp("FIELD,FIELD", "The columns that are read, e.g. --reads g.words,i.words,s.speaker."),
            "group_by": OptionHelp("FIELD", "FILE's column whose groups are scored together, e.g. --group-by video."),
            "objects": OptionHelp("yes|no", "Whether there are any number of objects for each sample, a row for each."),
        }
    )

    def __post_init__(self) -> None:
        """Check the options."""
        check_column_names("Custom", group_by=self.group_by)
        if not isinstance(self.objects, bool):
            raise InvalidInput(f"Custom(objects={self.objects!r}): give True or False")
        if callable(self.scorer):
            place = getattr(self.scorer, "__qualname__", repr(self.scorer))
            object.__setattr__(self, "scorer", f"{self.scorer.__module__}:{place}")
        if self.scorer is not None:
            _check_scorer(self.scorer)
        if self.scorer is None and (self.scorer_version, self.group_by) != (None, None):
            option = "group_by" if self.scorer_version is None else "scorer_version"
            raise InvalidInput(
                f"Custom({option}={getattr(self, option)!r}) is of use to a scorer alone; name it (scorer=)"
            )
        if self.scorer_version is not None and not isinstance(self.scorer_version, str):
            object.__setattr__(self, "scorer_version", str(self.scorer_version))
        if self.reads is not None:
            object.__setattr__(self, "reads", _checked_reads(self.reads))

    @property
    def scorer_key(self) -> str:
        """Return which function scores, in which version."""
        own = "" if self.scorer is None else f" {self.scorer} {self.scorer_version or ''}".rstrip()
        return f"{self.name} {FORM}{own}"

    @property
    def learns_columns(self) -> bool:
        """Whether there is a scorer, which alone knows what it returns."""
        return self.scorer is not None

    @property
    def cluster(self) -> str | None:
        """Return the field of the groups."""
        return self.group_by

    def columns(self) -> Columns:
        """Return the columns that are named; with a scorer, the groups and the ids too."""
        return self._of_objects() if self.objects else self._of_samples()

    def _of_samples(self) -> Columns:
        if self.reads is None:
            scope: Scope = "all" if self.scorer else "named"
            return Columns(sample=self._sample_needs(), scope=scope, group_by=self.group_by)
        return Columns(
            ground_truth=_needs(self._named(GROUND_TRUTH), "any"),
            inference=_needs(self._named(INFERENCE), "any"),
            sample=self._sample_needs(),
            scope="named and ids" if self.scorer else "named",
            group_by=self.group_by,
        )

    def _of_objects(self) -> Columns:
        """Return the objects of both sides, which have the fields that are named, and all that there is of a sample."""
        truth, answer = (
            ColumnNeed(name=OBJECTS, kind="objects", fields=tuple(self._named(side)))
            for side in (GROUND_TRUTH, INFERENCE)
        )
        return Columns(
            ground_truth=(truth,),
            inference=(answer,),
            sample=self._sample_needs(),
            answer=OBJECTS,
            scope="named" if self.scorer is None else "all" if self.reads is None else "named and ids",
            group_by=self.group_by,
        )

    def _sample_needs(self) -> tuple[ColumnNeed, ...]:
        groups = [self.group_by] if self.group_by else []
        fields = [name for name in self._named(SAMPLE_FIELD) if name not in groups]
        return (*_needs(fields, "any"), *_needs(groups, "label"))

    def headlines(self) -> tuple[str, ...]:
        """Return none: the metrics are the user's, and all of them are printed."""
        return ()

    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return nothing: what there is to know of the samples, the scorer finds out."""
        refuse_options(self.name, configuration, allowed=())
        return Facts(columns={} if self.learns_columns else None)

    def sample_metrics_schema(self, facts: Facts) -> "pa.Schema":
        """Return the columns that the scorer returned; none without one, or before it did."""
        import pyarrow as pa

        from kolena_store.workflows.scored_columns import arrow_type

        return pa.schema([(name, arrow_type(kind)) for name, kind in sorted((facts.columns or {}).items())])

    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return nothing without a scorer, else what it returns for the samples of one batch."""
        _, scored = self.score_batches([batch], facts)
        return [column for one in scored for column in one.columns[1:]]

    def score_batches(
        self, batches: "Iterable[pa.RecordBatch]", facts: Facts
    ) -> "tuple[Facts, Iterator[pa.RecordBatch]]":
        """Return what the scorer returns for all samples, with the columns that it has; without one, nothing.

        Raises:
            FailedScorer: it is not to be found, raises, or returns something else than it should.
        """
        if self.scorer is None:
            return facts, (batch.select(["_sample"]) for batch in batches)
        from kolena_store.workflows.custom_scorer import scored_samples
        from kolena_store.workflows.scorer_calls import Scorer
        from kolena_store.workflows.scorer_loading import importing, loaded_scorer

        name = str(self.scorer)
        with importing():
            function = loaded_scorer(name)
            scorer = Scorer(name=name, function=function, group_by=self.group_by, has_objects=self.objects)
            columns, scored = scored_samples(scorer, batches, facts.columns or {})
        return replace(facts, columns=columns), scored

    def facts_to_keep(self, before: Facts, after: Facts) -> Facts | None:
        """Return the earlier facts: each sample, or group, is scored by itself."""
        return before

    def _named(self, side: str) -> list[str]:
        """Return the names of a side that are read."""
        return [name.removeprefix(side) for name in self.reads or () if name.startswith(side)]


def _check_scorer(scorer: object) -> None:
    if not isinstance(scorer, str) or not SCORER.fullmatch(scorer):
        local = " A function inside another one, or without a name, can't be found again." if "<" in str(scorer) else ""
        raise InvalidInput(
            f"Custom(scorer={scorer!r}) names no function; write module:function, such as 'scorers:errors'.{local}"
        )
    if scorer.split(":")[0].split(".")[0] in sys.stdlib_module_names:
        raise InvalidInput(f"Custom(scorer={scorer!r}): {scorer.split(':')[0]} is Python's own; name a module of yours")


def _checked_reads(reads: object) -> tuple[str, ...]:
    if isinstance(reads, (str, bytes, Mapping)) or not isinstance(reads, Iterable):
        raise InvalidInput(f"Custom(reads={reads!r}) must be a list of columns, such as ['g.words', 'i.words']")
    names = tuple(reads)
    for name in names:
        if not isinstance(name, str) or not name.startswith(SIDES) or len(name) <= len(SAMPLE_FIELD):
            raise InvalidInput(
                f"Custom(reads=): {name!r} does not say whose column it is; write g.name (ground truth), "
                "i.name (inference) or s.name (sample)"
            )
    return tuple(dict.fromkeys(names))


def _needs(names: Iterable[str], kind: ColumnKind) -> tuple[ColumnNeed, ...]:
    return tuple(ColumnNeed(name=name, kind=kind) for name in names)
