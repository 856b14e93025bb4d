"""Which columns of the view `results` a query names, and which fields of their structs."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kolena_store.predicates import Token, Tree, referenced_fields
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Node

__all__ = ["PLAIN_COLUMNS", "SIDES", "Fields", "Tables", "base_names", "field_references", "named_fields", "own_names"]

SIDES = ("s", "g", "i", "m")
"""The structs: fields of the sample, ground truth, inference, and sample metrics."""

PLAIN_COLUMNS = MappingProxyType(
    {"_sample": "BIGINT", "model": "VARCHAR", "upload_configuration": "VARCHAR", "_weight": "DOUBLE"}
)

Fields = Mapping[str, Mapping[str, str]]
"""Side -> field -> DuckDB type."""


Tables = Mapping[str, Mapping[str, str]]
"""Attached table -> column -> DuckDB type."""


def named_fields(tree: Tree, tokens: tuple[Token, ...], fields: Fields) -> dict[str, list[str]]:
    """Return, of each side, the fields that a query can read by name; all of them where it takes the struct whole."""
    whole = _whole_sides(tree)
    return {
        side: list(known) if side in whole else list(referenced_fields(tokens, known)) for side, known in fields.items()
    }


def field_references(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield (side, field) for each field that a query takes from a struct of `results` itself."""
    results = base_names(tree)
    hidden = own_names(tree)
    for node in tree.of_class("COLUMN_REF"):
        parts = list(node["column_names"])
        if len(parts) > 2 and lowered(parts[0]) in results and lowered(parts[0]) not in SIDES:
            del parts[0]
        side = lowered(parts[0])
        if len(parts) > 1 and side in SIDES and side not in hidden:
            yield side, parts[1]


def base_names(tree: Tree) -> frozenset[str]:
    """Return the names, in lower case, by which a query calls the view `results`."""
    mentions = [source for source in tree.sources if source["type"] == "BASE_TABLE"]
    return frozenset(
        lowered(source["alias"] or source["table_name"])
        for source in mentions
        if lowered(source["table_name"]) == "results"
    )


def own_names(tree: Tree) -> frozenset[str]:
    """Return all names, in lower case, that a query gives to columns, queries and tables of its own."""
    names = {item["alias"] for query in tree.queries for item in query.get("select_list", ())}
    names |= {source["alias"] for source in tree.sources}
    names |= set(tree.cte_names) | {name for named in _alias_lists(tree) for name in named}
    names |= {name for node in tree.of_class("LAMBDA") for name in _parameters(node)}
    return frozenset(lowered(name) for name in names if name)


def _parameters(node: Node) -> Iterator[str]:
    """Yield the names of a lambda's parameters: a column, or a row of columns."""
    waiting = [node["lhs"]]
    while waiting:
        part = waiting.pop()
        if part.get("class") == "COLUMN_REF":
            yield part["column_names"][-1]
        else:
            waiting += [one.get("expression", one) for one in (*part.get("arguments", ()), *part.get("children", ()))]


def _alias_lists(tree: Tree) -> list[list[str]]:
    lists = [source.get("column_name_alias", []) for source in tree.sources]
    return lists + [entry["value"]["aliases"] for query in tree.queries for entry in query["cte_map"]["map"]]


def _whole_sides(tree: Tree) -> frozenset[str]:
    """Return the sides that a query takes as a whole, or may take under another name."""
    tables = {lowered(source["alias"] or source.get("table_name", "")) for source in tree.sources}
    references = [[lowered(part) for part in node["column_names"]] for node in tree.of_class("COLUMN_REF")]
    is_row = any(len(parts) == 1 and parts[0] in tables for parts in references)
    if tree.of_class("STAR") or any(_alias_lists(tree)) or is_row:
        return frozenset(SIDES)
    last = {parts[-1] for parts in references}
    joined = {lowered(name) for source in tree.sources for name in source.get("using_columns", ())}
    return frozenset(side for side in SIDES if side in last | joined)
