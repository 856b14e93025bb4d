"""Where the columns of a view come from: which of them are a table's own, untouched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Node

__all__ = ["Column", "Origin", "Relation", "columns_of", "table_columns"]


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of one mention of a table; two mentions in a join are two."""

    table: str
    column: str
    mention: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation: its name, and its origin when it is passed on as it is."""

    name: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """What FROM names once: an alias and columns; `hidden` are those that USING takes from the other side."""

    alias: str
    columns: tuple[Column, ...]
    hidden: frozenset[str] = frozenset()


Known = Mapping[str, tuple[Column, ...]]


def table_columns(table: str, fields: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns of a table, each its own origin."""
    return tuple(Column(name, Origin(table, lowered(name), ())) for name in fields)


def columns_of(query: Node, known: Known) -> tuple[Column, ...]:
    """Return the columns of a query over the tables and views `known` (by lower-case name), with their origins."""
    return _Tracer().query(query, known)


class _Tracer:
    def __init__(self) -> None:
        self._mentions = count()

    def query(self, node: Node, known: Known) -> tuple[Column, ...]:
        """Return the columns of a SELECT or a set operation."""
        for entry in node["cte_map"]["map"]:
            value = entry["value"]
            found = self.query(value.get("query_node") or value["query"]["node"], known)
            known = {**known, lowered(entry["key"]): _renamed(found, value["aliases"])}
        if node["type"] == "SET_OPERATION_NODE":
            return self._combined(node, known)
        relations = tuple(self._relations(node["from_table"], known))
        columns: list[Column] = []
        for item in node["select_list"]:
            columns += _selected(item, relations, columns)
        return tuple(columns)

    def _combined(self, node: Node, known: Known) -> tuple[Column, ...]:
        sides = node.get("children") or [node["left"], node["right"]]
        first, *others = [self.query(side, known) for side in sides]
        if node["setop_type"] in ("EXCEPT", "INTERSECT"):
            return first
        mention = (next(self._mentions),)
        for other in others:
            by_name = node["setop_type"] == "UNION_BY_NAME"
            first = tuple(_union_by_name(first, other, mention) if by_name else _union(first, other, mention))
        return first

    def _relations(self, source: Node, known: Known) -> Iterator[Relation]:
        kind = source["type"]
        if kind == "JOIN":
            yield from self._joined(source, known)
        elif kind == "BASE_TABLE":
            columns = self._mentioned(known.get(lowered(source["table_name"]), ()))
            yield Relation(source["alias"] or source["table_name"], _renamed(columns, source["column_name_alias"]))
        elif kind == "SUBQUERY":
            columns = self.query(source["subquery"]["node"], known)
            yield Relation(source["alias"], _renamed(columns, source["column_name_alias"]))
        elif kind == "EXPRESSION_LIST":
            yield Relation(source["alias"], tuple(Column(f"col{i}") for i in range(len(source["values"][0]))))

    def _joined(self, join: Node, known: Known) -> Iterator[Relation]:
        yield from self._relations(join["left"], known)
        if join["join_type"] in ("SEMI", "ANTI"):
            return
        shared = frozenset(lowered(name) for name in join["using_columns"])
        for relation in self._relations(join["right"], known):
            yield replace(relation, hidden=relation.hidden | shared)

    def _mentioned(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        """Return columns as seen by one more mention of their table, which is not the same row as another mention."""
        mention = next(self._mentions)
        return tuple(
            replace(column, origin=replace(column.origin, mention=(mention, *column.origin.mention)))
            if column.origin
            else column
            for column in columns
        )


def _renamed(columns: tuple[Column, ...], names: list[str]) -> tuple[Column, ...]:
    return tuple(replace(column, name=names[i]) if i < len(names) else column for i, column in enumerate(columns))


def _union(first: tuple[Column, ...], other: tuple[Column, ...], mention: tuple[int, ...]) -> Iterator[Column]:
    for one, two in zip(first, other, strict=False):
        yield Column(one.name, _shared_origin(one.origin, two.origin, mention))


def _union_by_name(first: tuple[Column, ...], other: tuple[Column, ...], mention: tuple[int, ...]) -> Iterator[Column]:
    by_name = {lowered(column.name): column for column in other}
    for column in first:
        two = by_name.pop(lowered(column.name), None)
        yield Column(column.name, _shared_origin(column.origin, two.origin, mention) if two else None)
    yield from (Column(column.name) for column in by_name.values())


def _shared_origin(one: Origin | None, two: Origin | None, mention: tuple[int, ...]) -> Origin | None:
    if one is None or two is None or one.column != two.column:
        return None
    # both mentions stay in it: two columns share the new one only if they came from one row on either side
    return Origin(one.table if one.table == two.table else "", one.column, (*mention, *one.mention, -1, *two.mention))


def _selected(item: Node, relations: tuple[Relation, ...], before: list[Column]) -> list[Column]:
    if item["class"] == "STAR":
        return _starred(item, relations)
    if item["class"] != "COLUMN_REF":
        return [Column(item["alias"])]
    name = item["column_names"][-1]
    found = _resolved(item["column_names"], relations)
    if found is None and len(item["column_names"]) == 1:
        found = next((column for column in before if lowered(column.name) == lowered(name)), None)
    return [Column(item["alias"] or name, found.origin if found else None)]


def _resolved(parts: list[str], relations: tuple[Relation, ...]) -> Column | None:
    if len(parts) > 2:
        return None
    for relation in relations:
        if len(parts) == 1 or lowered(relation.alias) == lowered(parts[0]):
            for column in relation.columns:
                if lowered(column.name) == lowered(parts[-1]):
                    return column
    return None


def _starred(star: Node, relations: tuple[Relation, ...]) -> list[Column]:
    wanted = lowered(star["relation_name"])
    excluded = {lowered(name) for name in star["exclude_list"]}
    excluded |= {lowered(entry["column"]) for entry in star["qualified_exclude_list"]}
    replaced = {lowered(entry["key"]): entry["value"] for entry in star["replace_list"]}
    renamed = {lowered(entry["key"]["column"]): entry["value"] for entry in star["rename_list"]}
    columns: list[Column] = []
    for relation in relations:
        if wanted in ("", lowered(relation.alias)):
            hidden = excluded | (relation.hidden if not wanted else frozenset())
            columns += [column for column in relation.columns if lowered(column.name) not in hidden]
    return [_edited(column, replaced, renamed, relations) for column in columns]


def _edited(
    column: Column, replaced: Mapping[str, Node], renamed: Mapping[str, str], relations: tuple[Relation, ...]
) -> Column:
    key = lowered(column.name)
    if key in replaced:
        value = replaced[key]
        found = _resolved(value["column_names"], relations) if value["class"] == "COLUMN_REF" else None
        column = Column(column.name, found.origin if found else None)
    return replace(column, name=renamed.get(key, column.name))
