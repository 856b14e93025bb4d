"""Conditions as AND, OR and NOT of tests on single columns."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kolena_store.predicates.row_conditions import Condition, column_names, conjunction, negated
from kolena_store.predicates.trees import Node

__all__ = ["NO_COLUMN", "Atom", "Formula", "Junction", "Negation", "atoms_of", "formula_of"]

AND, OR = "CONJUNCTION_AND", "CONJUNCTION_OR"
NO_COLUMN = ""


@dataclass(frozen=True, slots=True)
class Atom:
    """An expression over one column (or over none, whose name is empty); equal expressions have one key."""

    column: str
    key: str


@dataclass(frozen=True, slots=True)
class Junction:
    """Several formulas: all must be true (AND), or one of them (OR)."""

    is_and: bool
    parts: "tuple[Formula, ...]"


@dataclass(frozen=True, slots=True)
class Negation:
    """A formula that must be false."""

    part: "Formula"


Formula: TypeAlias = Atom | Junction | Negation


def formula_of(condition: Condition) -> Formula | None:
    """Return a condition as a formula, or None when a part of it compares columns; a true one has no parts."""
    if not condition.expressions:
        return Junction(is_and=True, parts=())
    return _formula(conjunction(AND, condition.expressions))


def atoms_of(formula: Formula) -> Iterator[Atom]:
    """Yield the atoms of a formula."""
    if isinstance(formula, Atom):
        yield formula
    else:
        for part in formula.parts if isinstance(formula, Junction) else (formula.part,):
            yield from atoms_of(part)


def _formula(node: Node) -> Formula | None:
    columns = column_names(node)
    if len(columns) <= 1:
        return _atom(node, next(iter(columns), NO_COLUMN))
    if node["class"] == "CONJUNCTION":
        parts = [_formula(part) for part in _by_column(node["type"], _flat(node))]
        known = tuple(part for part in parts if part is not None)
        return Junction(is_and=node["type"] == AND, parts=known) if len(known) == len(parts) else None
    inner = negated(node)
    part = _formula(inner) if inner is not None else None
    return None if part is None else Negation(part)


def _atom(node: Node, column: str) -> Atom:
    return Atom(column=column, key=json.dumps(node, sort_keys=True, separators=(",", ":")))


def _flat(node: Node) -> Iterator[Node]:
    """Yield the parts of a junction, those of a junction of the same kind inside it among them."""
    for child in node["children"]:
        if child["type"] == node["type"]:
            yield from _flat(child)
        else:
            yield child


def _by_column(kind: str, nodes: Iterator[Node]) -> Sequence[Node]:
    """Return the nodes with those on one column joined, so that they are asked as one."""
    grouped: dict[frozenset[str], list[Node]] = {}
    apart = []
    for node in nodes:
        columns = column_names(node)
        if len(columns) == 1:
            grouped.setdefault(columns, []).append(node)
        else:
            apart.append(node)
    return [*(conjunction(kind, alike) for alike in grouped.values()), *apart]
