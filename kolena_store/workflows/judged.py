"""Judged answers: verdicts or grades on the inference, and no ground truth (LLM answers, human review)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from kolena_store.datasets import ColumnKind, ColumnNeed, Columns
from kolena_store.errors import InvalidInput, shown
from kolena_store.statements import Fragment
from kolena_store.workflows.base import SCORE_HELP, Facts, OptionHelp, ScoringInput, Workflow
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.options import check_column_names, refuse_options

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Judged"]

VERDICT_RULES = ("majority", "unanimous")
SCORE_RULES = ("mean", "median")


@dataclass(frozen=True)
class Judged(Workflow):
    """Answers that someone judged, without a ground truth: by a `verdict` (true or false), by a `score`, or by both.

    Args:
        verdict: the inference's column with true or false; with a rule for verdicts in `graders`, a list of them.
        score: the inference's column with the grade; with a rule for scores in `graders`, a list of them.
        graders: how several graders become one answer. Verdicts pass by `majority` (more pass it than fail it, or the
            other way round; a tie is NULL, and counted) or when they are `unanimous` (one that fails it is enough);
            scores become their `mean` or `median`. With lists in both columns, one rule for each. The lists have a
            place for each grader; a grader who gave nothing is NULL there.

    Raises:
        InvalidInput: neither column is named, or a rule is unknown or has no column.
    """

    verdict: str | None = None
    score: str | None = None
    graders: str | Sequence[str] | None = None

    name: ClassVar[str] = "judged"
    metric_file: ClassVar[str] = "metrics/judged"
    scorer_version: ClassVar[str] = "2"
    answered: ClassVar[Fragment] = Fragment(
        "verdict IS NOT NULL OR score IS NOT NULL OR n_verdicts > 0 OR n_grades > 0"
    )
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {
            "verdict": OptionHelp("FIELD", "The results' column with true or false, e.g. --verdict is_correct."),
            "score": SCORE_HELP,
            "graders": OptionHelp(
                "RULE,RULE",
                "How lists of several graders become one answer: majority or unanimous, mean or median, e.g. "
                "--graders majority,mean.",
            ),
        }
    )
    sample_metrics_help: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "verdict": "Whether the answer passed; NULL when it was not judged, or the graders are split evenly",
            "score": "The grade; NULL when there is none",
            "n_verdicts": "How many graders gave a verdict",
            "n_passes": "How many graders let the answer pass",
            "first_verdict": "The verdict of the first of two graders",
            "second_verdict": "The verdict of the second of two graders",
            "n_grades": "How many graders gave a grade",
            "grade_sum": "The sum of the grades, each less the mean of all grades",
            "grade_squares": "The sum of the squares of the grades, each less the mean of all grades",
            "lowest_grade": "The lowest grade",
            "highest_grade": "The highest grade",
            "grades": "The grades of all graders who gave one",
        }
    )

    def __post_init__(self) -> None:
        """Check that something was judged, and that every rule has a column."""
        check_column_names("Judged", verdict=self.verdict, score=self.score)
        if self.verdict is None and self.score is None:
            raise InvalidInput("Judged needs the inference column with the verdict (verdict=) or the grade (score=)")
        if self.graders is not None:
            object.__setattr__(self, "graders", self._checked_rules(self.graders))

    @property
    def verdict_rule(self) -> str | None:
        """Return how several verdicts become one; None: there is one for each sample."""
        return next((rule for rule in self.graders or () if rule in VERDICT_RULES), None)

    @property
    def score_rule(self) -> str | None:
        """Return how several grades become one; None: there is one for each sample."""
        return next((rule for rule in self.graders or () if rule in SCORE_RULES), None)

    def columns(self) -> Columns:
        """Return the judged columns of the inference; there is no ground truth."""
        of_verdict: ColumnKind = "verdicts" if self.verdict_rule else "verdict"
        of_score: ColumnKind = "grades" if self.score_rule else "number"
        verdict = [ColumnNeed(name=self.verdict, kind=of_verdict)] if self.verdict else []
        score = [ColumnNeed(name=self.score, kind=of_score)] if self.score else []
        return Columns(inference=(*verdict, *score), answer=str(self.verdict or self.score))

    def headlines(self) -> tuple[str, ...]:
        """Return the rate of passed verdicts, the mean grade, or both."""
        return (*(["pass_rate"] if self.verdict else []), *(["mean_score"] if self.score else []))

    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return which columns there are, how many graders, and the mean grade.

        Raises:
            InvalidInput: a verdict is a number other than 0 and 1.
        """
        from kolena_store.workflows.judged_facts import judged_facts

        refuse_options(self.name, configuration, allowed=())
        return judged_facts(self, inputs)

    def facts_to_keep(self, before: Facts, after: Facts) -> Facts | None:
        """Return the new facts with the centre of before, as long as it lies among the grades as they are now."""
        centre = before.centres.get("grade")
        if centre is None or abs(after.centres.get("grade", centre) - centre) > after.spreads.get("grade", 0):
            return super().facts_to_keep(before, after)
        kept = replace(after, centres=before.centres)
        return kept if replace(kept, spreads=before.spreads, notes=before.notes) == before else None

    def sample_metrics_schema(self, facts: Facts) -> "pa.Schema":
        """Return verdict and score, and what several graders said."""
        from kolena_store.workflows.judged_scorer import sample_metrics_schema

        return sample_metrics_schema()

    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return the verdicts as booleans and the grades as numbers; a grade that is not finite counts as NULL."""
        from kolena_store.workflows.judged_scorer import score_judged

        return score_judged(self, batch, facts)

    def _checked_rules(self, graders: object) -> tuple[str, ...]:
        rules = tuple(graders) if isinstance(graders, Sequence) and not isinstance(graders, str) else (graders,)
        known = (*VERDICT_RULES, *SCORE_RULES)
        unknown = [rule for rule in rules if rule not in known]
        if unknown or not rules:
            raise InvalidInput(f"graders={graders!r} is no rule; give {shown(known, str)}, or one of each kind")
        for kind, column, of_kind in (("verdict", self.verdict, VERDICT_RULES), ("score", self.score, SCORE_RULES)):
            named = [rule for rule in rules if rule in of_kind]
            if len(named) > 1:
                raise InvalidInput(f"graders={graders!r} names {shown(named, str)} for one {kind}; choose one of them")
            if named and column is None:
                raise InvalidInput(
                    f"graders={graders!r} combines the {kind}s of several graders; "
                    f"name the list column that holds them ({kind}=)"
                )
        return tuple(str(rule) for rule in rules)
