"""Queries of objects that look at one object at a time, so that they can be asked of detections as well."""

from kolena_store.errors import RefusedStatement
from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Node, Tree, children, parse_tree, query_text
from kolena_store.statements import Fragment

__all__ = ["condition_on_objects"]

OBJECTS = "ground_truths"
SEVERAL = ("group_expressions", "having", "qualify")


def condition_on_objects(query: str, name: str, within: str | None) -> Fragment:
    """Return a query of objects without the views of samples that it holds; it reads `within` as a table.

    Args:
        query: of an object-level test case, with the earlier views that it reads inside.
        name: of the test case.
        within: the view of samples that it is measured on.

    Raises:
        RefusedStatement: whether it selects an object depends on others.
    """
    tree = parse_tree(query, where=f"the test case {name!r}")
    own = _views_of_objects(tree.root, lowered(within or ""))
    entries = [entry for entry in tree.root["cte_map"]["map"] if lowered(entry["key"]) in own]
    root = {**tree.root, "cte_map": {**tree.root["cte_map"], "map": entries}}
    text = query_text(root)
    _check_one_by_one(parse_tree(text), own | {OBJECTS}, name)
    return text


def _views_of_objects(root: Node, within: str) -> frozenset[str]:
    """Return the earlier views that the query reads, itself or by way of others, but for that of the samples."""
    views = {lowered(entry["key"]): entry["value"] for entry in root["cte_map"]["map"]}
    waiting = list(children({key: part for key, part in root.items() if key != "cte_map"}))
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        table = lowered(node["table_name"]) if node.get("type") == "BASE_TABLE" else ""
        if table in views and table != within and table not in found:
            found.add(table)
            waiting += children(views[table])
        waiting += children(node)
    return frozenset(found)


def _check_one_by_one(tree: Tree, names: frozenset[str], name: str) -> None:
    """Refuse windows, groups, and what reads the objects beside the one that is looked at."""
    several = any(query.get(part) for query in tree.queries for part in SEVERAL)
    several |= bool(tree.of_class("WINDOW"))
    several |= any(_reads(node, names) for node in tree.of_class("SUBQUERY"))
    several |= any(_joined(source, names) > 1 for source in tree.sources if source["type"] == "JOIN")
    if several:
        raise RefusedStatement(
            f"the test case {name!r} looks at several objects to select one, and with ignore = 'coco' it is asked of "
            "detections too, each by itself; test with ignore = 'caltech', which asks it of the ground truth alone"
        )


def _joined(source: Node, names: frozenset[str]) -> int:
    return sum(_reads(source[side], names) for side in ("left", "right"))


def _reads(node: Node, names: frozenset[str]) -> bool:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.get("type") == "BASE_TABLE" and lowered(one["table_name"]) in names:
            return True
        waiting += children(one)
    return False
