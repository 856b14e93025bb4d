"""Where the score of each class stands: in a column of its own, in a list, in a struct, or derived from one score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kolena_store.datasets import CLASS_MARK, columns_of_pattern
from kolena_store.errors import InvalidInput, shown
from kolena_store.workflows.base import INFERENCE

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from kolena_store.workflows.classification import Classification

__all__ = ["check_list_length", "score_columns", "score_matrix", "scored_classes"]


def score_columns(workflow: "Classification", schema: "pa.Schema") -> dict[str, str]:
    """Return class -> inference column for scores that have a column for each class; else nothing."""
    names = [name.removeprefix(INFERENCE) for name in schema.names if name.startswith(INFERENCE)]
    if workflow.scores is None:
        return {}
    if not isinstance(workflow.scores, str):
        return {str(label): column for label, column in workflow.scores.items()}
    return columns_of_pattern(workflow.scores, names) if CLASS_MARK in workflow.scores else {}


def scored_classes(workflow: "Classification", schema: "pa.Schema") -> list[str]:
    """Return the classes that the scores name themselves; a list column names none."""
    import pyarrow.types as types

    by_column = list(score_columns(workflow, schema))
    if by_column or workflow.scores is None:
        return by_column
    found = schema.field(INFERENCE + str(workflow.scores)).type
    return [found.field(index).name for index in range(found.num_fields)] if types.is_struct(found) else []


def score_matrix(workflow: "Classification", batch: "pa.RecordBatch", classes: Sequence[str]) -> "np.ndarray":
    """Return the scores as float64[rows, classes]; a class without a score, and a NULL, is NaN."""
    import numpy as np

    columns = _columns_by_class(workflow, batch, classes)
    empty = np.full(batch.num_rows, np.nan)
    return np.column_stack([_floats(columns[label]) if label in columns else empty for label in classes])


def check_list_length(column: "pa.Array", n_classes: int, name: str) -> None:
    """Check that a list column has a score for each class in every row.

    Raises:
        InvalidInput: the lengths differ.
    """
    import pyarrow.compute as pc

    lengths = [length for length in pc.unique(pc.list_value_length(column)).to_pylist() if length is not None]
    if any(length != n_classes for length in lengths):
        raise InvalidInput(
            f"the lists in {name!r} have {shown(sorted(lengths))} values, there are {n_classes} classes; "
            "name the classes in the order of the list with classes=[...]"
        )


def _columns_by_class(workflow: "Classification", batch: "pa.RecordBatch", classes: Sequence[str]) -> dict[str, Any]:
    import pyarrow.compute as pc
    import pyarrow.types as types

    by_column = score_columns(workflow, batch.schema)
    if by_column:
        return {label: batch.column(INFERENCE + column) for label, column in by_column.items()}
    column = batch.column(INFERENCE + str(workflow.scores))
    if types.is_struct(column.type):
        return {label: pc.struct_field(column, label) for label in scored_classes(workflow, batch.schema)}
    check_list_length(column, len(classes), str(workflow.scores))
    return {label: pc.list_element(column, index) for index, label in enumerate(classes)}


def _floats(column: "pa.Array") -> "np.ndarray":
    import numpy as np
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
