"""What a user's function may return: a table with a row for each sample, or for each group."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kolena_store.errors import FailedScorer, shown
from kolena_store.workflows.base import SAMPLE_FIELD
from kolena_store.workflows.groups import group_starts
from kolena_store.workflows.scorer_calls import Scorer

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["as_table", "one_row_each"]

INDEX = "__index_level_"
"""How Arrow calls the index of a pandas frame that has no name."""


def as_table(scorer: Scorer, returned: object) -> "pa.Table":
    """Return what a scorer returned as a table.

    Raises:
        FailedScorer: it is none.
    """
    import pyarrow as pa

    try:
        if isinstance(returned, pa.RecordBatch):
            table = pa.Table.from_batches([returned])
        elif isinstance(returned, Mapping):
            table = pa.table({str(name): _array(values) for name, values in returned.items()})
        else:
            table = returned if isinstance(returned, pa.Table) else pa.table(returned)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise FailedScorer(
            f"{scorer.label} returned {_spelled(returned)}, which is no table ({error}); return an Arrow table, or a "
            "dictionary with a list or array for each column"
        ) from error
    table = table.drop_columns([name for name in table.column_names if name.startswith(INDEX)])
    _check_names(scorer, table.column_names)
    return table


def _array(values: object) -> "pa.Array | pa.ChunkedArray":
    import pyarrow as pa

    return values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)


def _spelled(returned: object) -> str:
    if isinstance(returned, Mapping):
        return f"the columns {shown(returned)}"
    return "nothing (None)" if returned is None else f"an object of type {type(returned).__name__}"


def _check_names(scorer: Scorer, names: "list[str]") -> None:
    folded = [name.casefold() for name in names]
    repeated = [name for position, name in enumerate(names) if name.casefold() in folded[:position]]
    if repeated:
        raise FailedScorer(
            f"{scorer.label} returned two columns named {repeated[0]!r}, and SQL takes no account of "
            "capitals; rename one"
        )
    wrong = [name for name in names if not name or name.startswith("_")]
    if wrong:
        raise FailedScorer(
            f"{scorer.label} returned a column named {wrong[0]!r}; names that are empty or start with an "
            "underscore are kept for the store; rename it"
        )


def one_row_each(scorer: Scorer, batch: "pa.RecordBatch", table: "pa.Table") -> "pa.Table":
    """Return a table with a row for each sample; a row for a group stands at its first sample.

    Raises:
        FailedScorer: it has another number of rows.
    """
    import numpy as np
    import pyarrow as pa

    if scorer.group_by is None:
        if table.num_rows != batch.num_rows:
            raise FailedScorer(
                f"{scorer.label} returned {table.num_rows:,} rows for {batch.num_rows:,} samples; return one "
                "for each, in their order"
            )
        return table
    starts = group_starts(batch.column(SAMPLE_FIELD + scorer.group_by))
    is_of_samples = table.num_rows == batch.num_rows and len(starts) != batch.num_rows
    if not is_of_samples and table.num_rows != len(starts):
        raise FailedScorer(
            f"{scorer.label} returned {table.num_rows:,} rows for {batch.num_rows:,} samples of {len(starts):,} "
            f"groups by {scorer.group_by!r}; return one for each sample, or one for each group"
        )
    if is_of_samples:
        return table.drop_columns(scorer.group_by) if scorer.group_by in table.column_names else table
    rows = np.zeros(batch.num_rows, dtype=np.int64)
    rows[starts] = np.arange(len(starts))
    is_first = np.zeros(batch.num_rows, dtype=bool)
    is_first[starts] = True
    return _in_order(scorer, batch, starts, table).take(pa.array(rows, mask=~is_first))


def _in_order(scorer: Scorer, batch: "pa.RecordBatch", starts: "np.ndarray", table: "pa.Table") -> "pa.Table":
    """Return the rows in the order of the groups, which a column by the name of the field may tell.

    Raises:
        FailedScorer: that column names other groups.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    name = scorer.group_by or ""
    if name not in table.column_names:
        return table
    wanted = batch.column(SAMPLE_FIELD + name).take(pa.array(starts))
    try:
        found = table.column(name).combine_chunks().cast(wanted.type)
    except pa.ArrowException as error:
        raise FailedScorer(f"{scorer.label}: the column {name!r} does not name the groups ({error})") from error
    positions = pc.index_in(wanted, value_set=found)
    if positions.null_count or len(found.unique()) != len(found):
        missing = wanted.filter(positions.is_null()).to_pylist()
        problem = f"lacks the groups {shown(missing)}" if missing else "names a group twice"
        raise FailedScorer(f"{scorer.label}: the column {name!r} {problem}; return one row for each group")
    return table.drop_columns(name).take(positions)
