"""A suite file, checked and tried in a scratch database: one definition per view."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kolena_store.errors import RefusedStatement, did_you_mean
from kolena_store.predicates import SUITE, check_tree, parse_tree, tokenize
from kolena_store.predicates.scratch import scratch_database, with_keys
from kolena_store.predicates.tokens import lowered
from kolena_store.statements import Fragment, identifier, joined, statement
from kolena_store.test_cases.definitions import ViewDefinition
from kolena_store.test_cases.files import CommentText, StatementText, ViewText, read_statements
from kolena_store.test_cases.levels import INFERENCES
from kolena_store.test_cases.views import CheckedView, Surroundings, check_statement, check_view, described

if TYPE_CHECKING:
    import duckdb

__all__ = ["parse_suite"]


def parse_suite(text: str, *, file: str, tables: Mapping[str, Mapping[str, str]]) -> tuple[ViewDefinition, ...]:
    """Return the test cases that a suite file defines, in its order.

    Args:
        text: the file's content.
        file: its name, for messages.
        tables: each table that test cases of the dataset may read -> its fields -> their DuckDB types.

    Raises:
        RefusedStatement: a statement or a view that a suite can't hold; the message says where, why, and what to do.
        MissingColumns: a view names a column that its tables don't have.
    """
    statements = list(read_statements(text, file=file))
    names = [one.name for one in statements if isinstance(one, ViewText)]
    keyed = {name: with_keys(name, fields) for name, fields in tables.items()}
    with scratch_database(keyed) as connection:
        known = Surroundings(connection, file, keyed)
        descriptions: dict[str, str | None] = {}
        for one in statements:
            if isinstance(one, ViewText):
                known.add(check_view(one, known, names[len(known.views) + 1 :]))
            elif isinstance(one, CommentText):
                descriptions[_described_view(one, known)] = _text_of(one, known)
            else:
                raise _refused_statement(one, known)
        return _definitions(known, descriptions)


def _described_view(comment: CommentText, known: Surroundings) -> str:
    check_statement(comment, known)
    key = lowered(comment.name)
    if key not in known.views:
        near = did_you_mean(comment.name, [view.text.name for view in known.views.values()])
        raise RefusedStatement(
            f"{known.file}, line {comment.line}: COMMENT ON VIEW {comment.name!r} describes a view that the file "
            f"does not define above it{near}; write it below its view"
        )
    return key


def _text_of(comment: CommentText, known: Surroundings) -> str | None:
    query = statement("queries/test_cases", "text_value").fill(text=Fragment(comment.comment))
    value = known.connection.execute(query).fetchall()[0][0]
    return str(value) if value else None


def _refused_statement(text: StatementText, known: Surroundings) -> RefusedStatement:
    check_statement(text, known)
    words = " ".join(token.text.upper() for token in text.tokens[:2] if token.kind == "word")
    return RefusedStatement(
        f"{known.file}, line {text.line}: a suite file can't hold {words}; "
        "it holds CREATE VIEW name AS SELECT ... and COMMENT ON VIEW name IS '...', and nothing else"
    )


def _definitions(known: Surroundings, descriptions: Mapping[str, str | None]) -> tuple[ViewDefinition, ...]:
    rows = known.connection.execute(statement("queries/test_cases", "normalised_views").fill()).fetchall()
    normalised = {lowered(name): _select_of(sql) for name, sql in rows}
    return tuple(
        ViewDefinition(
            name=view.text.name,
            level=view.level,
            source=view.text.source,
            normalised=normalised[key],
            standalone=_standalone(key, known, normalised),
            digest=view.digest,
            description=descriptions.get(key),
            tags=view.text.tags,
            reads=view.reads,
            within=view.within,
            fields=_spelled(view, known, [name for name in known.tables if lowered(name) != INFERENCES]),
            inference_fields=_spelled(view, known, [name for name in known.tables if lowered(name) == INFERENCES]),
            line=view.text.line,
        )
        for key, view in known.views.items()
    )


def _select_of(sql: str) -> Fragment:
    """Return what stands after AS in DuckDB's own text of a view."""
    tokens = tokenize(sql)
    start = next(i for i, token in enumerate(tokens) if token.meaning == "as") + 1
    end = -1 if tokens[-1].text == ";" else len(tokens)
    return Fragment(sql[tokens[start].start : tokens[start:end][-1].end])


def _standalone(key: str, known: Surroundings, normalised: Mapping[str, Fragment]) -> Fragment:
    """Return the query with the views that it reads inside; it is checked once more, as it is what will run."""
    view = known.views[key]
    inside = _all_reads(view, known)
    query = normalised[key]
    if inside:
        views = joined((_named(one, normalised) for one in inside), ",\n")
        query = statement("queries/test_cases", "inlined").fill(views=views, query=query)
    query = Fragment(query.rstrip(";\n"))
    check_tree(parse_tree(query, where=str(view.place)), SUITE, where=str(view.place))
    _require_same_columns(view, query, known.connection)
    return query


def _named(view: CheckedView, normalised: Mapping[str, Fragment]) -> Fragment:
    return Fragment(f"{identifier(view.text.name)} AS ({normalised[lowered(view.text.name)]})")


def _all_reads(view: CheckedView, known: Surroundings) -> list[CheckedView]:
    """Return all earlier views that a view reads, directly or not, in the order of the file."""
    waiting = [lowered(name) for name in view.reads]
    found: set[str] = set()
    while waiting:
        key = waiting.pop()
        found.add(key)
        waiting += [lowered(name) for name in known.views[key].reads if lowered(name) not in found]
    return [one for key, one in known.views.items() if key in found]


def _require_same_columns(view: CheckedView, query: Fragment, connection: "duckdb.DuckDBPyConnection") -> None:
    import duckdb

    try:
        types = described(connection, query)
    except duckdb.Error:
        types = {}
    if types != view.types:
        raise view.place.refusal("means something else once DuckDB has stored it; write it in another, simpler way")


def _spelled(view: CheckedView, known: Surroundings, tables: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that a view needs of some tables as these spell them, in their order."""
    spelled: dict[str, str] = {}
    for table in tables:
        for name in known.tables[table] if lowered(table) in view.tables else ():
            spelled.setdefault(lowered(name), name)
    return tuple(name for key, name in spelled.items() if key in view.fields)
