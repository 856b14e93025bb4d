"""One view of a suite file: tried in the scratch database, and what later views need to know of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kolena_store.digests import sha256_of_texts
from kolena_store.errors import MissingColumns, RefusedStatement
from kolena_store.predicates import SUITE, Tree, check_tokens, check_tree, definition_digest, parse_tree
from kolena_store.predicates.messages import line_of, missing_name, plain_message
from kolena_store.predicates.scratch import KEYS
from kolena_store.predicates.tokens import lowered, referenced_fields, without_comments
from kolena_store.predicates.trees import limited_depth
from kolena_store.predicates.zones import check_zones, zoned_fields
from kolena_store.statements import Fragment, identifier, statement
from kolena_store.test_cases.files import StatementText, ViewText
from kolena_store.test_cases.levels import INFERENCES, Selection, level_of, restricting_view
from kolena_store.test_cases.origins import Column, columns_of, table_columns
from kolena_store.test_cases.refusals import Place, check_columns, check_name, check_positions, check_sources

if TYPE_CHECKING:
    import duckdb

__all__ = ["CheckedView", "Surroundings", "check_statement", "check_view", "described"]


SPELLING = "check the spelling there, and put a name that is an SQL word in double quotes"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedView:
    """A view that the scratch database accepted."""

    text: ViewText
    place: Place
    columns: tuple[Column, ...]
    types: Mapping[str, str]
    level: str
    within: str | None
    reads: tuple[str, ...]
    tables: frozenset[str]
    fields: frozenset[str]
    digest: str


class Surroundings:
    """What a view of the file can see: the tables, and the views before it; all by name in lower case."""

    def __init__(
        self, connection: "duckdb.DuckDBPyConnection", file: str, tables: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Know the tables, name -> field -> DuckDB type, as the scratch database has them."""
        self.connection = connection
        self.file = file
        self.tables = tables
        self.views: dict[str, CheckedView] = {}
        self.names = {lowered(name): name for name in tables}
        self.types: dict[str, Mapping[str, str]] = {lowered(name): fields for name, fields in tables.items()}
        self.columns = {key: table_columns(key, fields) for key, fields in self.types.items()}
        self.zoned = {key: zoned_fields(fields) for key, fields in self.types.items()}

    def add(self, view: CheckedView) -> None:
        """Let the views that follow see a view."""
        key = lowered(view.text.name)
        self.views[key] = view
        self.names[key] = view.text.name
        self.types[key] = view.types
        self.columns[key] = view.columns
        self.zoned[key] = zoned_fields(view.types)

    def repeating(self, read: frozenset[str]) -> frozenset[str]:
        """Return those of the relations `read` that may have several rows per sample."""
        once = {key for key in read if key in self.views and self.views[key].level != "object"}
        return read - once - {"test_samples", INFERENCES}


def check_statement(text: StatementText, known: Surroundings) -> None:
    """Refuse a statement that DuckDB can't parse, with its line in the file."""
    import duckdb

    try:
        found = known.connection.extract_statements(_on_its_lines(text.text, text.line))
    except duckdb.ParserException as error:
        line = line_of(error) or text.line
        raise RefusedStatement(f"{known.file}, line {line}: {plain_message(error)}; {SPELLING}") from None
    except duckdb.Error:
        return
    if len(found) != 1:
        raise RefusedStatement(f"{known.file}, line {text.line}: DuckDB reads {len(found)} statements here; write one")


def check_view(text: ViewText, known: Surroundings, later: Sequence[str]) -> CheckedView:
    """Return a view that passed every check, and leave it in the scratch database.

    Args:
        text: the view.
        known: what it can see.
        later: the names of the views that follow it.

    Raises:
        RefusedStatement: it uses or reads what a test case can't.
        MissingColumns: it names a column that its tables don't have.
    """
    place = Place(known.file, text.line, text.name)
    check_name(text, place, known.tables, known.views)
    check_statement(text, known)
    tree = _parsed(text, place)
    read = check_sources(tree, place, known.names, later)
    check_tree(tree, SUITE, where=str(place))
    check_positions(tree, place, known.repeating(read))
    check_zones(tree, frozenset().union(*(known.zoned[key] for key in read)), where=str(place))
    _create(text, place, known, read)
    return _checked(text, place, known, tree, read=read)


def described(connection: "duckdb.DuckDBPyConnection", query: Fragment) -> dict[str, str]:
    """Return the columns of a query with their types."""
    rows = connection.execute(statement("queries/test_cases", "columns").fill(query=query)).fetchall()
    return {str(name): str(kind) for name, kind, *_ in rows}


def _parsed(text: ViewText, place: Place) -> Tree:
    if not text.source_tokens:
        raise place.refusal("has nothing after AS; write a SELECT")
    check_tokens(text.source_tokens, where=str(place))
    return parse_tree(_source_on_its_lines(text), where=f"{place.file}: the test case {text.name!r}")


def _create(text: ViewText, place: Place, known: Surroundings, read: frozenset[str]) -> None:
    import duckdb

    query = statement("queries/test_cases", "view").fill(name=identifier(text.name), query=_source_on_its_lines(text))
    try:
        known.connection.execute(query)
    except duckdb.Error as error:
        columns = [name for key in sorted(read) for name in known.types[key]]
        raise _refusal(error, place, columns, list(known.types[INFERENCES]) if INFERENCES in read else None) from None


def _refusal(
    error: "duckdb.Error", place: Place, columns: Sequence[str], inferences: Sequence[str] | None
) -> RefusedStatement | MissingColumns:
    line = line_of(error)
    missing = missing_name(error)
    if missing and missing[0] == "column" and inferences is not None:
        return place.undeclared(missing[1], inferences, line=line)
    if missing and missing[0] == "column":
        return place.missing(missing[1], columns, line=line)
    if missing:
        return place.refusal(f"names {missing[1]!r}, which is no table in its FROM; name one that is", line=line)
    return place.refusal(f"is not understood: {plain_message(error)}. Check names and types there", line=line)


def _checked(text: ViewText, place: Place, known: Surroundings, tree: Tree, *, read: frozenset[str]) -> CheckedView:
    types = described(known.connection, identifier(text.name))
    check_columns(tree, place, {key: frozenset(map(lowered, known.types[key])) for key in read})
    with limited_depth(str(place)):
        traced = columns_of(tree.root, known.columns)
    if len(traced) != len(types):
        raise place.refusal("has columns that can't be traced to a table; select columns plainly, without unnest")
    columns = tuple(replace(column, name=name) for column, name in zip(traced, types, strict=True))
    views = [view for key, view in known.views.items() if key in read]
    tables = frozenset(key for key in read if key not in known.views)
    read_through = tables.union(*(view.tables for view in views))
    level = level_of(tree.root, columns, read_through, place)
    return CheckedView(
        text=text,
        place=place,
        columns=columns,
        types=types,
        level=level,
        within=restricting_view(place, tables | read_through & {INFERENCES}, [_selection(view) for view in views])
        if level == "object"
        else None,
        reads=tuple(view.text.name for view in views),
        tables=read_through,
        fields=_fields(text, tree, known, tables=tables, views=views),
        digest=_digest(text, views),
    )


def _selection(view: CheckedView) -> Selection:
    return Selection(view.text.name, view.level, view.within)


def _digest(text: ViewText, views: Sequence[CheckedView]) -> str:
    own = definition_digest(text.source_tokens)
    return sha256_of_texts([own, *(view.digest for view in views)]) if views else own


def _fields(
    text: ViewText, tree: Tree, known: Surroundings, *, tables: frozenset[str], views: Sequence[CheckedView]
) -> frozenset[str]:
    """Return the fields, in lower case, that the view's tables need: those it names, or all when whole rows count."""
    read = tables.union(*(view.tables for view in views))
    names = {lowered(name) for table, fields in known.tables.items() if lowered(table) in read for name in fields}
    if not _compares_rows(tree):
        names = set(referenced_fields(text.source_tokens, names))
    return frozenset(names.difference(KEYS).union(*(view.fields for view in views)))


def _compares_rows(tree: Tree) -> bool:
    """Return whether a `*` stands where leaving out a column could change which rows there are."""
    compares = any(node["type"] == "DISTINCT_MODIFIER" for node in tree.modifiers)
    for query in tree.queries:
        compares |= query["type"] == "SET_OPERATION_NODE" or query.get("aggregate_handling") == "FORCE_AGGREGATES"
        compares |= any(key["class"] == "CONSTANT" for key in query.get("group_expressions", ()))
    ordered = [order["expression"] for node in tree.modifiers for order in node.get("orders", ())]
    compares |= any(key["class"] == "CONSTANT" for key in ordered)
    return compares and bool(tree.of_class("STAR"))


def _source_on_its_lines(text: ViewText) -> Fragment:
    return _on_its_lines(text.source, text.source_tokens[0].line)


def _on_its_lines(text: str, line: int) -> Fragment:
    """Return SQL text without comments, moved down so that DuckDB counts its lines as the file does."""
    return Fragment("\n" * (line - 1) + without_comments(text))
