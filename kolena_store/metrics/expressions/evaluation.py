"""From the text of a metric to its value and derivatives, for the part of SQL that metric files use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from kolena_store.errors import InvalidInput
from kolena_store.metrics.expressions.traced import (
    Flags,
    Numbers,
    Traced,
    add,
    average,
    chosen,
    divide,
    extreme,
    multiply,
    root,
    total,
)
from kolena_store.predicates.trees import Node, arguments, parse_tree
from kolena_store.statements import Fragment, statement

__all__ = ["Gradient", "gradient_of", "value_of"]

Environment: TypeAlias = Mapping[str, Traced]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """A metric's value, and its derivative by each term that it names, in the shape of the term."""

    value: Numbers
    by_term: Mapping[str, Numbers]


def value_of(expression: str, terms: Mapping[str, Numbers]) -> Numbers:
    """Return a metric expression's value on terms; NaN is NULL.

    Args:
        expression: arithmetic over terms, as metric files write it.
        terms: arrays of one shape but for the last axis, which has an entry for each class or a single one. Aggregates
            (`sum`, `avg`, `min`, `max`) go over that axis.

    Raises:
        InvalidInput: it uses what is not understood here.
    """
    with np.errstate(all="ignore"):
        return _evaluated(expression, terms)[0].value


def gradient_of(expression: str, terms: Mapping[str, Numbers]) -> Gradient:
    """Return a metric expression's value and derivatives.

    Where it has no derivative (at a tie of `greatest`, say) it is that of the side that was taken.

    Raises:
        InvalidInput: it uses what is not understood here.
    """
    with np.errstate(all="ignore"):
        found, leaves = _evaluated(expression, terms)
        found.follow_back()
    return Gradient(value=found.value, by_term={name: leaf.gradient for name, leaf in leaves.items()})


def _evaluated(expression: str, terms: Mapping[str, Numbers]) -> tuple[Traced, dict[str, Traced]]:
    tree = _parsed(str(expression))
    leaves = {name: Traced(np.asarray(values, dtype=np.float64)) for name, values in terms.items()}
    return _number(tree, leaves), leaves


@cache
def _parsed(expression: str) -> Node:
    query = statement("queries/predicates", "whole_expression").fill(expression=Fragment(expression))
    found: Node = parse_tree(query, where=f"the metric {expression!r}").root["select_list"][0]
    return found


def _number(node: Node, known: Environment) -> Traced:
    kind = node["class"]
    if kind == "COLUMN_REF":
        return _term(node["column_names"][-1], known)
    if kind == "CONSTANT":
        return Traced(np.full(_shape(known), _constant(node)))
    if kind == "CASE":
        return _case(node, known)
    if kind == "OPERATOR" and node["type"] == "OPERATOR_COALESCE":
        return reduce(_coalesced, (_number(child, known) for child in node["children"]))
    if kind == "FUNCTION":
        return _call(node, known)
    raise _not_understood(node)


def _term(name: str, known: Environment) -> Traced:
    if name not in known:
        raise InvalidInput(f"a metric names {name!r}, which is none of its terms {sorted(known)}; correct the metric")
    return known[name]


def _shape(known: Environment) -> tuple[int, ...]:
    shapes = {(*term.value.shape[:-1], 1) for term in known.values()}
    return np.broadcast_shapes(*shapes) if shapes else (1,)


def _constant(node: Node) -> float:
    """Return a literal number (NaN for NULL), in the form of either DuckDB version."""
    if "literal" in node:
        is_null = node["literal"]["kind"] == "NULL_LITERAL"
        return float("nan") if is_null else float(node["literal"]["text"])
    stored = node["value"]
    if stored["is_null"]:
        return float("nan")
    scale = (stored["type"]["type_info"] or {}).get("scale", 0)
    return float(stored["value"]) / float(10**scale)


def _case(node: Node, known: Environment) -> Traced:
    found = _number(node["else_expr"], known)
    for check in reversed(node["case_checks"]):
        found = chosen(_condition(check["when_expr"], known), _number(check["then_expr"], known), found)
    return found


def _coalesced(first: Traced, second: Traced) -> Traced:
    return chosen(~np.isnan(first.value), first, second)


def _call(node: Node, known: Environment) -> Traced:
    name, inner = node["function_name"], [_number(one, known) for one in arguments(node)]
    if name in AGGREGATES:
        counts = np.ones(inner[0].value.shape, dtype=bool)
        if node["filter"] is not None:
            counts = counts & _condition(node["filter"], known)
        return AGGREGATES[name](_spread(inner[0], counts.shape), counts)
    if name not in FUNCTIONS:
        raise _not_understood(node)
    return FUNCTIONS[name](inner)


def _spread(inner: Traced, shape: tuple[int, ...]) -> Traced:
    """Return a value in every column of a shape."""
    if inner.value.shape == shape:
        return inner
    return Traced(np.broadcast_to(inner.value, shape), [(inner, lambda g: g)])


def _condition(node: Node, known: Environment) -> Flags:
    """Return where a condition is true: a NULL in it makes it untrue."""
    kind = node["type"]
    if kind in COMPARISONS:
        left, right = _number(node["left"], known).value, _number(node["right"], known).value
        return COMPARISONS[kind](left, right) & ~np.isnan(left) & ~np.isnan(right)
    if kind == "CONJUNCTION_AND":
        return reduce(np.logical_and, (_condition(child, known) for child in node["children"]))
    if kind == "CONJUNCTION_OR":
        return reduce(np.logical_or, (_condition(child, known) for child in node["children"]))
    if kind in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
        is_null = np.isnan(_number(node["children"][0], known).value)
        return is_null if kind == "OPERATOR_IS_NULL" else ~is_null
    raise _not_understood(node)


def _nullif(inner: Sequence[Traced]) -> Traced:
    first, second = inner
    return chosen(first.value != second.value, first, Traced(np.full(first.value.shape, np.nan)))


def _subtract(inner: Sequence[Traced]) -> Traced:
    if len(inner) == 1:
        return multiply(inner[0], Traced(np.full(inner[0].value.shape, -1.0)))
    return add(inner[0], inner[1], sign=-1)


def _greatest(inner: Sequence[Traced]) -> Traced:
    return reduce(lambda a, b: chosen((a.value >= b.value) | np.isnan(b.value), a, b), inner)


def _least(inner: Sequence[Traced]) -> Traced:
    return reduce(lambda a, b: chosen((a.value <= b.value) | np.isnan(b.value), a, b), inner)


def _absolute(inner: Sequence[Traced]) -> Traced:
    return chosen(inner[0].value >= 0, inner[0], _subtract(inner))


def _not_understood(node: Node) -> InvalidInput:
    named = node.get("function_name") or node["type"]
    return InvalidInput(f"a metric uses {named!r}, which its interval can't follow; name 'interval: none: the reason'")


FUNCTIONS: Mapping[str, Callable[[Sequence[Traced]], Traced]] = MappingProxyType(
    {
        "+": lambda inner: add(inner[0], inner[1]),
        "-": _subtract,
        "*": lambda inner: multiply(inner[0], inner[1]),
        "/": lambda inner: divide(inner[0], inner[1]),
        "sqrt": lambda inner: root(inner[0]),
        "abs": _absolute,
        "nullif": _nullif,
        "greatest": _greatest,
        "least": _least,
    }
)
AGGREGATES: Mapping[str, Callable[[Traced, Flags], Traced]] = MappingProxyType(
    {
        "sum": total,
        "avg": average,
        "max": lambda inner, counts: extreme(inner, counts, sign=1),
        "min": lambda inner, counts: extreme(inner, counts, sign=-1),
    }
)
COMPARISONS: Mapping[str, Callable[[Numbers, Numbers], Flags]] = MappingProxyType(
    {
        "COMPARE_EQUAL": np.equal,
        "COMPARE_NOTEQUAL": np.not_equal,
        "COMPARE_LESSTHAN": np.less,
        "COMPARE_LESSTHANOREQUALTO": np.less_equal,
        "COMPARE_GREATERTHAN": np.greater,
        "COMPARE_GREATERTHANOREQUALTO": np.greater_equal,
    }
)
