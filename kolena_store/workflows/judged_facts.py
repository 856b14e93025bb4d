"""What judged answers have to say of all samples at once: which columns there are, and how many graders."""

import math
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput, shown
from kolena_store.workflows.base import INFERENCE, Facts, ScoringInput
from kolena_store.workflows.graders import Grades, places_of

if TYPE_CHECKING:
    import pyarrow as pa

    from kolena_store.workflows.judged import Judged

__all__ = ["judged_facts"]

NO_VERDICT = "the workflow names no verdict column"
NO_SCORE = "the workflow names no score column"
ONE_VERDICT = "the workflow names no rule for the verdicts of several graders (graders=)"
ONE_SCORE = "the workflow names no rule for the scores of several graders (graders=)"
OF_VERDICTS = ("n_verdicts", "n_passes")
OF_TWO = ("first_verdict", "second_verdict")
OF_GRADES = ("n_grades", "grade_sum", "grade_squares", "lowest_grade", "highest_grade", "grades")


def judged_facts(workflow: "Judged", inputs: ScoringInput) -> Facts:
    """Return what can't be had and why, and the mean of all grades, about which second moments are taken.

    Raises:
        InvalidInput: a verdict is a number other than 0 and 1.
    """
    missing: dict[str, str] = {}
    if workflow.verdict is None:
        missing |= dict.fromkeys(("verdict", *OF_VERDICTS, *OF_TWO), NO_VERDICT)
    elif workflow.verdict_rule is None:
        _check_verdicts(inputs, workflow.verdict, inputs.distinct(INFERENCE + workflow.verdict).to_pylist())
        missing |= dict.fromkeys((*OF_VERDICTS, *OF_TWO), ONE_VERDICT)
    else:
        lists = _column(inputs, workflow.verdict)
        _check_verdicts(inputs, workflow.verdict, sorted(set(Grades.of_column(lists).values.tolist())))
        missing |= dict.fromkeys(OF_TWO, _not_two(places_of(lists)) or "")
    if workflow.score is None:
        missing |= dict.fromkeys(("score", *OF_GRADES), NO_SCORE)
    elif workflow.score_rule is None:
        missing |= dict.fromkeys(OF_GRADES, ONE_SCORE)
    moments = _moments(inputs, workflow.score) if workflow.score and workflow.score_rule else {}
    return Facts(
        unavailable={column: reason for column, reason in missing.items() if reason},
        centres={"grade": moments["mean"]} if moments else {},
        spreads={"grade": moments["spread"]} if moments else {},
    )


def _column(inputs: ScoringInput, name: str) -> "pa.Array":
    return inputs.columns([INFERENCE + name]).column(0).combine_chunks()


def _check_verdicts(inputs: ScoringInput, column: str, found: "list[object]") -> None:
    others = [verdict for verdict in found if verdict not in (0, 1)]
    if others:
        raise InvalidInput(
            f"{inputs.name}: column {column!r} holds {shown(others)}, and a verdict is true or false "
            "(or 1 and 0); grades on a scale are a score (score=)"
        )


def _not_two(places: "list[int]") -> str | None:
    """Return why Cohen's kappa can't be had; None when all lists have two places."""
    if places in ([], [2]):
        return None
    lengths = " and ".join(map(str, (places[0], places[-1])[: len(places)]))
    return f"Cohen's kappa compares two graders, and the lists have places for {lengths}"


def _moments(inputs: ScoringInput, column: str) -> dict[str, float]:
    """Return the mean and the standard deviation of the grades beside others, 0 where there are none.

    Only these are compared: one by itself, however large, must not move what the others are measured from.
    """
    import numpy as np

    grades = Grades.of_column(_column(inputs, column))
    values = grades.values[grades.counts[grades.rows] > 1]
    with np.errstate(over="ignore", invalid="ignore"):
        found = {"mean": values.mean(), "spread": values.std()} if len(values) else {"mean": 0.0, "spread": 0.0}
    return {name: float(value) if math.isfinite(value) else 0.0 for name, value in found.items()}
