"""Judged answers: a verdict or a score on the inference, and no ground truth (LLM answers, human review)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from kolena_store.datasets import ColumnNeed, Columns
from kolena_store.errors import InvalidInput, shown
from kolena_store.statements import Fragment
from kolena_store.workflows.base import INFERENCE, SCORE_HELP, Facts, OptionHelp, ScoringInput, Workflow
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.options import check_column_names, refuse_options

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Judged"]

NO_VERDICT = "the workflow names no verdict column"
NO_SCORE = "the workflow names no score column"


@dataclass(frozen=True)
class Judged(Workflow):
    """Answers that someone judged, without a ground truth: by a `verdict` (true or false), by a `score`, or by both.

    Raises:
        InvalidInput: neither column is named.
    """

    verdict: str | None = None
    score: str | None = None

    name: ClassVar[str] = "judged"
    metric_file: ClassVar[str] = "metrics/judged"
    scorer_version: ClassVar[str] = "1"
    answered: ClassVar[Fragment] = Fragment("verdict IS NOT NULL OR score IS NOT NULL")
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {
            "verdict": OptionHelp("FIELD", "The results' column with true or false, e.g. --verdict is_correct."),
            "score": SCORE_HELP,
        }
    )
    sample_metrics_help: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "verdict": "Whether the answer passed; NULL when it was not judged",
            "score": "The grade; NULL when there is none",
        }
    )

    def __post_init__(self) -> None:
        """Check that something was judged."""
        check_column_names("Judged", verdict=self.verdict, score=self.score)
        if self.verdict is None and self.score is None:
            raise InvalidInput("Judged needs the inference column with the verdict (verdict=) or the grade (score=)")

    def columns(self) -> Columns:
        """Return the judged columns of the inference; there is no ground truth."""
        verdict = [ColumnNeed(name=self.verdict, kind="verdict")] if self.verdict else []
        score = [ColumnNeed(name=self.score, kind="number")] if self.score else []
        return Columns(inference=(*verdict, *score), answer=str(self.verdict or self.score))

    def headlines(self) -> tuple[str, ...]:
        """Return the rate of passed verdicts, the mean grade, or both."""
        return (*(["pass_rate"] if self.verdict else []), *(["mean_score"] if self.score else []))

    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return which of the two columns there is.

        Raises:
            InvalidInput: a verdict is a number other than 0 and 1.
        """
        refuse_options(self.name, configuration, allowed=())
        self._check_verdicts(inputs)
        missing = {**({} if self.verdict else {"verdict": NO_VERDICT}), **({} if self.score else {"score": NO_SCORE})}
        return Facts(unavailable=missing)

    def sample_metrics_schema(self, facts: Facts) -> "pa.Schema":
        """Return `verdict` and `score`."""
        import pyarrow as pa

        return pa.schema([("verdict", pa.bool_()), ("score", pa.float64())])

    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return the verdicts as booleans and the grades as numbers; a grade that is not finite counts as NULL."""
        import pyarrow as pa
        import pyarrow.compute as pc

        none = pa.nulls(batch.num_rows)
        verdict = batch.column(INFERENCE + self.verdict).cast(pa.bool_()) if self.verdict else none.cast(pa.bool_())
        given = batch.column(INFERENCE + self.score) if self.score else none
        score = given.cast(pa.float64(), safe=False)
        return [verdict, pc.if_else(pc.is_finite(score), score, pa.scalar(None, pa.float64()))]

    def _check_verdicts(self, inputs: ScoringInput) -> None:
        if self.verdict is not None:
            found = inputs.distinct(INFERENCE + self.verdict).to_pylist()
            others = [verdict for verdict in found if verdict not in (0, 1)]
            if others:
                raise InvalidInput(
                    f"{inputs.name}: column {self.verdict!r} holds {shown(others)}, and a verdict is true or false "
                    "(or 1 and 0); grades on a scale are a score (score=)"
                )
