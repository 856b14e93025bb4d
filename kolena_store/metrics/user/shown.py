"""The samples of one model that queries see as `results`: all of them, those of a test case, or some drawn again."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kolena_store.number_types import is_number
from kolena_store.statements import identifier, statement

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa

    from kolena_store.metrics.repeated_rows import RepeatedRows

__all__ = ["Document", "ShownSamples", "plain_number"]

ROWS_KEPT = 2

Document = dict[str, Any]


class ShownSamples:
    """The table of the samples that one model answered, of which queries see a part."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", table: str, attached: Sequence[str]) -> None:
        """Show nothing yet; `attached` are the tables whose rows come and go with the samples."""
        self.connection, self._attached, self._table = connection, attached, identifier(table)
        query = statement("queries/user_metrics", "answered_samples").fill(table=self._table)
        self.samples: np.ndarray = connection.sql(query).to_arrow_table().column(0).to_numpy()
        self.show_rows(self.samples < 0)

    def samples_among(self, is_member: "np.ndarray") -> "np.ndarray":
        """Return the samples that are answered, each once, among those of flags over all sample numbers."""
        import numpy as np

        return np.asarray(self.samples[self._is_first & is_member[self.samples]])

    def repeated_rows(self, size: int) -> "RepeatedRows | None":
        """Return the rows by sample, where the model answered some samples several times."""
        from kolena_store.metrics.repeated_rows import RepeatedRows

        return None if self._is_first.all() else RepeatedRows(samples=self.samples, size=size)

    @cached_property
    def _is_first(self) -> "np.ndarray":
        """Return which rows are the first of their sample."""
        import numpy as np

        is_first = np.ones(len(self.samples), dtype=np.bool_)
        is_first[1:] = self.samples[1:] != self.samples[:-1]
        return is_first

    def show_everything(self) -> None:
        """Show all samples; of attached tables what was shown before."""
        self._execute("every_answer", table=True)

    def show_members(self, is_member: "np.ndarray") -> None:
        """Show the members of a test case, by flags over all sample numbers."""
        self.show_rows(is_member[self.samples])

    def show_rows(self, is_shown: "np.ndarray") -> None:
        """Show some of the rows of the table, and of attached tables those of the same samples."""
        import pyarrow as pa

        self.connection.register("given", pa.table({"is_member": is_shown}))
        self._execute("choose_members", table=True)
        self.show_chosen()
        self._show_attached("rows_of_chosen")
        self.connection.unregister("given")

    def show_chosen(self) -> None:
        """Show what was chosen last."""
        self._execute("results")

    def show_drawn(self, drawn: "pa.Table") -> None:
        """Show samples as often as they were drawn, each time as one of its own: `drawn` has `_sample` and `times`."""
        self.connection.register("drawn_samples", drawn)
        self._execute("draws")
        self._execute("draw_again", table=True)
        self._show_attached("rows_of_draws")
        self.connection.unregister("drawn_samples")

    def answer(self, query: str) -> Document:
        """Return what a query answers on what is shown, or what goes wrong.

        Raises:
            duckdb.OutOfMemoryException: it needs more memory than it is allowed.
        """
        import duckdb

        from kolena_store.predicates.messages import missing_name, plain_message

        try:
            return _rows(self.connection, query)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            missing = missing_name(error)
            column = missing[1] if missing and missing[0] == "column" else None
            is_bound = not isinstance(error, (duckdb.BinderException, duckdb.CatalogException))
            return {"problem": plain_message(error), "missing": column, "is_bound": is_bound}

    def value_on_drawn(self, query: str, drawn: "pa.Table") -> float | None:
        """Return the value of a query on samples that were drawn again."""
        self.show_drawn(drawn)
        answer = self.answer(query)
        names = [name.lower() for name, _ in answer.get("columns", ())]
        rows = answer.get("rows") or [[None] * len(names)]
        return rows[0][names.index("value")] if "value" in names else None

    def _show_attached(self, which: str) -> None:
        for table in self._attached:
            self.connection.execute(statement("queries/user_metrics", which).fill(table=identifier(table)))

    def _execute(self, name: str, *, table: bool = False) -> None:
        fragments = {"table": self._table} if table else {}
        self.connection.execute(statement("queries/user_metrics", name).fill(**fragments))


def _rows(connection: "duckdb.DuckDBPyConnection", query: str) -> Document:
    import duckdb

    found = connection.extract_statements(query)
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        return {"problem": "it is not one SELECT", "is_bound": False}
    relation = connection.sql(found[0])
    columns = [(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)]
    readable = all(is_number(kind) for _, kind in columns)
    rows = relation.limit(ROWS_KEPT).fetchall() if readable else []
    return {"columns": columns, "rows": [[plain_number(value) for value in row] for row in rows]}


def plain_number(value: object) -> object:
    """Return a number as JSON knows it: a decimal as a float."""
    return value if value is None or isinstance(value, (int, float)) else float(str(value))
