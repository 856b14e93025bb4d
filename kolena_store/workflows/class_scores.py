"""Where the score of each class stands: in a column of its own, in a list, in a struct, or derived from one score."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from kolena_store.datasets import CLASS_MARK, columns_of_pattern
from kolena_store.errors import InvalidInput, shown
from kolena_store.workflows.base import INFERENCE
from kolena_store.workflows.numbers import numbers_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.workflows.classification import Classification

Scores: TypeAlias = "str | Mapping[str, str] | None"

__all__ = ["Scores", "named_classes", "positive_scores", "score_columns", "score_matrix"]


def score_columns(workflow: "Classification", schema: "pa.Schema") -> list[str]:
    """Return the columns of a batch that hold the scores."""
    if workflow.score is not None:
        return [INFERENCE + workflow.score]
    if workflow.scores is None:
        return []
    return [INFERENCE + name for name in _columns_by_class(workflow.scores, schema).values() or [str(workflow.scores)]]


def named_classes(scores: Scores, schema: "pa.Schema") -> list[str]:
    """Return the classes that the scores name themselves, in the order of the scores; a list column names none."""
    import pyarrow.types as types

    by_column = _columns_by_class(scores, schema)
    if by_column or scores is None:
        return list(by_column)
    found = schema.field(INFERENCE + str(scores)).type
    return [found.field(index).name for index in range(found.num_fields)] if types.is_struct(found) else []


def score_matrix(scores: Scores, batch: "pa.RecordBatch", scored: Sequence[str]) -> "np.ndarray":
    """Return the scores of the classes `scored` as float64[rows, classes]; NULL is NaN.

    Raises:
        InvalidInput: the lists of a list column have other lengths.
    """
    import numpy as np

    columns = [numbers_of(column) for column in _score_arrays(scores, batch, scored)]
    return np.column_stack(columns) if columns else np.empty((batch.num_rows, 0))


def positive_scores(
    workflow: "Classification", batch: "pa.RecordBatch", positive: str, scored: Sequence[str]
) -> "np.ndarray":
    """Return the score of the positive class: float64[rows], NaN where there is none."""
    if workflow.score is not None:
        return numbers_of(batch.column(INFERENCE + workflow.score))
    return score_matrix(workflow.scores, batch, scored)[:, scored.index(positive)]


def _columns_by_class(scores: Scores, schema: "pa.Schema") -> dict[str, str]:
    """Return class -> inference column for scores that have a column for each class; else nothing."""
    if isinstance(scores, Mapping):
        return {str(label): column for label, column in scores.items()}
    if scores is None or CLASS_MARK not in scores:
        return {}
    names = [name.removeprefix(INFERENCE) for name in schema.names if name.startswith(INFERENCE)]
    return columns_of_pattern(scores, names)


def _score_arrays(scores: Scores, batch: "pa.RecordBatch", scored: Sequence[str]) -> "list[pa.Array]":
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    by_column = _columns_by_class(scores, batch.schema)
    if by_column:
        return [batch.column(INFERENCE + name) for name in by_column.values()]
    column = batch.column(INFERENCE + str(scores))
    if types.is_struct(column.type):
        return [pc.struct_field(column, [index]) for index in range(column.type.num_fields)]
    if not types.is_nested(column.type):  # nothing but NULL: its type says nothing then
        return [pa.nulls(len(column), pa.float64()) for _ in scored]
    _check_list_length(column, scored, str(scores))
    return [pc.list_element(column, index) for index in range(len(scored))]


def _check_list_length(column: "pa.Array", scored: Sequence[str], name: str) -> None:
    import pyarrow.compute as pc

    lengths = [length for length in pc.unique(pc.list_value_length(column)).to_pylist() if length is not None]
    if any(length != len(scored) for length in lengths):
        raise InvalidInput(
            f"the lists in {name!r} have {shown(sorted(lengths))} values, and the classes are {shown(scored)}; "
            "name the classes in the order of the list with classes=[...]"
        )
