"""Sample metrics that a user's own function makes, and the columns that they turn out to have."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from kolena_store.errors import ChangedType, FailedScorer
from kolena_store.files import SAMPLE
from kolena_store.workflows.scored_columns import arrow_type, column_kind, common_kinds, stored_column
from kolena_store.workflows.scorer_answers import as_table, one_row_each
from kolena_store.workflows.scorer_calls import Scorer

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["scored_samples"]


def scored_samples(
    scorer: Scorer, batches: "Iterable[pa.RecordBatch]", known: Mapping[str, str]
) -> "tuple[dict[str, str], Iterator[pa.RecordBatch]]":
    """Return the columns that a scorer returns, and its values by sample.

    Args:
        scorer: the function.
        batches: the samples; with groups, in batches that split none.
        known: the columns that it returned for other samples, which stay where they can.

    Raises:
        FailedScorer: it raises, or returns something else than it should.
    """
    scored = [_scored_batch(scorer, batch) for batch in batches]
    try:
        kinds = common_kinds(scorer.label, [_kinds(scorer, table) for table in scored])
        both = common_kinds(scorer.label, [known, kinds])
    except ChangedType as error:
        if known:
            return {}, iter(())
        raise FailedScorer(str(error)) from error
    columns = dict(sorted(both.items()))
    return columns, _conformed(scored, columns, is_sorted=scorer.group_by is None)


def _conformed(scored: "list[pa.Table]", columns: Mapping[str, str], *, is_sorted: bool) -> "Iterator[pa.RecordBatch]":
    """Yield the values in the types of their columns, by sample number."""
    import pyarrow as pa

    schema = pa.schema([(SAMPLE, pa.int64()), *((name, arrow_type(kind)) for name, kind in columns.items())])
    tables = [
        pa.Table.from_arrays(
            [table.column(field.name) if field.name == SAMPLE else _column(table, field) for field in schema],
            schema=schema,
        )
        for table in scored
    ]
    if tables:
        whole = pa.concat_tables(tables)
        yield from (whole if is_sorted else whole.sort_by(SAMPLE)).to_batches()


def _column(table: "pa.Table", field: "pa.Field") -> "pa.ChunkedArray":
    column = table.column(field.name) if field.name in table.column_names else None
    return stored_column(column, field.type, table.num_rows)


def _kinds(scorer: Scorer, table: "pa.Table") -> dict[str, str]:
    label = scorer.label
    return {
        field.name: column_kind(f"{label}: column {field.name!r}", field.type)
        for field in table.schema
        if field.name != SAMPLE
    }


def _scored_batch(scorer: Scorer, batch: "pa.RecordBatch") -> "pa.Table":
    """Return what a scorer returns for some samples, a row for each of them behind its number."""
    table = one_row_each(scorer, batch, as_table(scorer, scorer.call(batch)))
    return table.add_column(0, SAMPLE, [batch.column(SAMPLE)])
