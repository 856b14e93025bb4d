"""Long tables: several rows of one sample become one, the values of some columns lists."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.database import Transaction, reading_files
from kolena_store.datasets.staging import Staged, stage
from kolena_store.errors import InvalidInput, MissingColumns, shown
from kolena_store.files import ROWS_PER_FILE
from kolena_store.formats import TableInput
from kolena_store.formats.casts import cast_batch
from kolena_store.statements import Fragment, identifier, joined, statement

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LongTable", "collected"]

INCOMING_KIND = "incoming"
ROWS_PER_BATCH = ROWS_PER_FILE // 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTable:
    """How rows of one sample become one: `collect` are the columns whose values become lists, in the rows' order.

    `left_out` columns are not kept; all others must agree in the rows of a sample. `owner` names the column whose
    value must be there for a row to say anything (the model of an answer), unless it holds a value to collect.
    """

    collect: Sequence[str] = ()
    left_out: Sequence[str] = ()
    owner: str | None = None

    @property
    def is_asked_for(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.collect or self.left_out)

    def types_of_cells(self, stored: "Mapping[str, pa.DataType]") -> "dict[str, pa.DataType]":
        """Return the types that the columns have before they are collected, given those of the store."""
        import pyarrow.types as types

        listed = {name: kind for name, kind in stored.items() if name in self.collect and types.is_list(kind)}
        others = {name: kind for name, kind in stored.items() if name not in self.collect}
        return {**others, **{name: kind.value_type for name, kind in listed.items()}}


@contextmanager
def collected(
    transaction: Transaction, source: TableInput, long: LongTable, keys: Sequence[str]
) -> Iterator[TableInput]:
    """Yield the input with one row for each combination of the key columns.

    A row in which every collected column is NULL adds no element, so that a sample may have an empty list.

    Raises:
        MissingColumns: a column to collect, to leave out or to tell samples apart by is not there.
        InvalidInput: another column has several values in the rows of a sample; the first such sample is named.
    """
    if not long.is_asked_for:
        yield source
        return
    _check_names(source, long, keys)
    staged = stage(transaction.root, INCOMING_KIND, source, schema=source.schema, base=0)
    try:
        collection = _Collection(transaction, source, staged, long=long, keys=keys)
        collection.check()
        yield collection.input()
    finally:
        staged.remove_unused(transaction)


def _check_names(source: TableInput, long: LongTable, keys: Sequence[str]) -> None:
    wanted = [*keys, *long.collect, *long.left_out]
    missing = [name for name in wanted if name not in source.schema.names]
    if missing:
        raise MissingColumns.of(source.name, missing, source.schema.names)
    both = [name for name in long.collect if name in keys or name in long.left_out]
    if both:
        raise InvalidInput(
            f"{source.name}: {shown(both)} can't be collected, since it tells the samples apart or is left out"
        )


class _Collection:
    """A staged input, and the queries that make one row of several."""

    def __init__(
        self, transaction: Transaction, source: TableInput, staged: Staged, *, long: LongTable, keys: Sequence[str]
    ) -> None:
        self._transaction, self._source, self._long = transaction, source, long
        self._keys = list(keys)
        left_out = {*keys, *long.collect, *long.left_out}
        self._others = [name for name in source.schema.names if name not in left_out]
        self._parameters = {"files": [str(path) for path in staged.paths]}

    def check(self) -> None:
        """Stop when a column that is not collected differs among the rows of a sample."""
        if not self._others:
            return
        differing = [
            statement("queries/datasets", "has_several_values").fill(column=identifier(name)) for name in self._others
        ]
        query = statement("queries/datasets", "samples_with_several_values").fill(
            keys=joined(map(identifier, self._keys)),
            differing=joined(differing),
            any_differs=joined(differing, " OR "),
        )
        found = self._transaction.rows(query, **self._parameters)
        if found:
            n_keys = len(self._keys)
            named = [name for name, differs in zip(self._others, found[0][n_keys:], strict=True) if differs]
            sample = ", ".join(f"{key} = {value!r}" for key, value in zip(self._keys, found[0][:n_keys], strict=True))
            raise InvalidInput(
                f"{self._source.name}: rows of one sample ({sample}) differ in {shown(named)}; collect it into a list "
                "(collect=, --collect), leave it out (leave_out=, --leave-out), or make it an id field"
            )

    def input(self) -> TableInput:
        """Return the rows as an input of their own."""
        schema = self._schema()
        return TableInput(
            name=self._source.name,
            schema=schema,
            categories={name: one for name, one in self._source.categories.items() if name in self._kept},
            is_text=self._source.is_text,
            index=self._source.index,
            source=self._batches(schema),
        )

    @property
    def _kept(self) -> list[str]:
        """Return the columns that stay as they are."""
        return [*self._keys, *self._others]

    def _schema(self) -> "pa.Schema":
        import pyarrow as pa

        fields = [field for field in self._source.schema if field.name in {*self._kept, *self._long.collect}]
        return pa.schema(
            [
                field.with_type(pa.list_(field.type)).with_nullable(True) if field.name in self._long.collect else field
                for field in fields
            ]
        )

    def _batches(self, schema: "pa.Schema") -> "Callable[[], Iterator[pa.RecordBatch]]":
        columns = joined(self._column(name) for name in schema.names)
        query = statement("queries/datasets", "collected_rows").fill(
            columns=columns, keys=joined(map(identifier, self._keys)), condition=self._condition()
        )

        def batches() -> "Iterator[pa.RecordBatch]":
            with reading_files():
                reader = self._transaction.connection.sql(query, params=self._parameters).to_arrow_reader(
                    ROWS_PER_BATCH
                )
                for batch in reader:
                    yield cast_batch(batch, schema, self._source.name)

        return batches

    def _column(self, name: str) -> Fragment:
        if name in self._keys:
            return identifier(name)
        if name in self._long.collect:
            return statement("queries/datasets", "values_in_order").fill(
                column=identifier(name), is_known=self._says_something()
            )
        return statement("queries/datasets", "one_value").fill(column=identifier(name))

    def _says_something(self) -> Fragment:
        return joined((Fragment(f"{identifier(name)} IS NOT NULL") for name in self._long.collect), " OR ")

    def _condition(self) -> Fragment:
        if self._long.owner is None:
            return Fragment("TRUE")
        known = [Fragment(f"{identifier(self._long.owner)} IS NOT NULL")]
        return joined([*known, *([self._says_something()] if self._long.collect else [])], " OR ")
