"""What a test case may read and name, beyond the functions and forms of SQL that `predicates` reviews."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kolena_store.errors import MissingColumns, RefusedStatement, did_you_mean, shown
from kolena_store.predicates.functions import ORDERED_WINDOWS, reason_against
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Tree
from kolena_store.test_cases.files import ViewText

__all__ = ["Place", "check_columns", "check_name", "check_positions", "check_sources"]

UNFAIR = "a slice that depends on a model's answer is no fair comparison of models"
RESERVED = ("all", "test_samples", "ground_truths", "inferences")
UNLISTED = reason_against("", frozenset())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test case stands: the beginning of every message about it."""

    file: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: the test case {self.name!r}"

    def refusal(self, problem: str, *, line: int | None = None) -> RefusedStatement:
        """Return the error for `problem`, which says what is wrong and what to do."""
        return RefusedStatement(f"{Place(self.file, line or self.line, self.name)} {problem}")

    def undeclared(self, column: str, declared: Iterable[str], *, line: int | None = None) -> RefusedStatement:
        """Return the error for a column of inferences that no results declare as their metadata."""
        names = [name for name in declared if name != "_sample"]
        return self.refusal(
            f"reads {column!r}, which is no column here: {UNFAIR}, so inferences have only what results declare as "
            f"their metadata (metadata_fields=): {shown(names)}",
            line=line,
        )

    def missing(self, column: str, available: Iterable[str], *, line: int | None = None) -> MissingColumns:
        """Return the error for a column that none of the tables has."""
        where = f"{self.file}, line {line or self.line}: a table of test case {self.name!r}"
        return MissingColumns.of(where, [column], dict.fromkeys(available))


def check_name(view: ViewText, place: Place, tables: Iterable[str], earlier: Mapping[str, object]) -> None:
    """Refuse a view whose name is taken: by a table, by another view of the file, or by kolena_store."""
    key = lowered(view.name)
    if key in RESERVED or key in {lowered(table) for table in tables}:
        raise place.refusal("has the name of a table, or one that is reserved; choose another name")
    if key in earlier:
        raise place.refusal("stands twice in the file (case makes no difference); remove one or rename it")


def check_sources(tree: Tree, place: Place, names: Mapping[str, str], later: Sequence[str]) -> frozenset[str]:
    """Return the tables and earlier views that a query reads, in lower case; refuse to read anything else.

    A common table expression may not take the name of one of them.

    Args:
        tree: the query.
        place: where it stands.
        names: what it may read: names in lower case -> as they are spelled.
        later: the names of the views that follow it in the file.
    """
    ctes = {lowered(name): name for name in tree.cte_names}
    for key, name in ctes.items():
        if key in names or key in RESERVED:
            raise place.refusal(f"gives the name {name!r} of a table or view to a query of its own; rename that one")
    read = {lowered(name): name for name in tree.table_names if lowered(name) not in ctes}
    for key, name in read.items():
        if key not in names:
            raise place.refusal(_unreadable(name, place, list(names.values()), later))
    return frozenset(read)


def _unreadable(name: str, place: Place, known: Sequence[str], later: Sequence[str]) -> str:
    key = lowered(name)
    if key == "inferences":
        return (
            f"reads inferences: {UNFAIR}; use the columns of test_samples, or those of inferences that results "
            "declare as their metadata with metadata_fields= (--metadata-field), of which there are none yet"
        )
    if key == "ground_truths":
        return "reads ground_truths, which this workflow does not have as a table; its columns stand in test_samples"
    if key == lowered(place.name):
        return "reads itself; name a table or an earlier view"
    if key in {lowered(one) for one in later}:
        return f"reads {name!r}, which the file defines only later; move that view up"
    near = did_you_mean(name, known)
    return f"reads {name!r}, which is no table of the dataset and no earlier view{near}; it can read {shown(known)}"


def check_columns(tree: Tree, place: Place, columns: Mapping[str, frozenset[str]]) -> None:
    """Refuse names that DuckDB took for something else than a column of what the query reads.

    Without such a column `user` or `current_date` are functions, `rowid` is the place in a file, a table's name a row.

    Args:
        tree: the query, which DuckDB accepted.
        place: where it stands.
        columns: the columns, in lower case, of each table and view that it reads.
    """
    aliases = _aliases(tree)
    everywhere = frozenset.intersection(*columns.values()) if columns else frozenset()
    somewhere = frozenset().union(*columns.values()) | aliases
    for node in tree.of_class("COLUMN_REF"):
        parts = [lowered(part) for part in node["column_names"]]
        reason = reason_against(parts[0], frozenset())
        if len(parts) == 1 and reason != UNLISTED and parts[0] not in everywhere:
            raise place.refusal(f"uses {parts[0]}, which {reason}")
        if "rowid" in parts and "rowid" not in everywhere:
            raise place.refusal(f"uses rowid, which {reason_against('rowid', frozenset())}")
        if len(parts) == 1 and parts[0] not in somewhere:
            raise place.refusal(
                f"uses {node['column_names'][0]!r} as a column, which no table has; "
                "name a column, or name the expression with AS"
            )


def _aliases(tree: Tree) -> frozenset[str]:
    names = {item["alias"] for query in tree.queries for item in query.get("select_list", ())}
    names |= {name for source in tree.sources for name in source.get("column_name_alias", ())}
    names |= {name for query in tree.queries for entry in query["cte_map"]["map"] for name in entry["value"]["aliases"]}
    names |= {entry["value"] for star in tree.of_class("STAR") for entry in star["rename_list"]}
    names |= {f"col{i}" for source in tree.sources for i in range(len(source.get("values", [[]])[0]))}
    return frozenset(lowered(name) for name in names)


def check_positions(tree: Tree, place: Place, repeating: frozenset[str]) -> None:
    """Refuse windows by position over tables with several rows per sample, unless their order ends every tie."""
    for node in tree.of_class("WINDOW"):
        by_position = node["function_name"] in ORDERED_WINDOWS or "ROWS" in node["start"] or "ROWS" in node["end"]
        keys = {lowered(order["expression"].get("column_names", [""])[-1]) for order in node["orders"]}
        if by_position and repeating and not keys >= {"_sample", "_object"}:
            raise place.refusal(
                f"has {node['function_name']}() OVER rows of which a sample may have several, "
                "in an order that ties leave open; add _sample and _object to its ORDER BY, or use rank()"
            )
