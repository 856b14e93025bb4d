"""Comparisons of a number column with literals, done by numpy as DuckDB does them: NaN is the greatest number."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import reduce
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolena_store.errors import RefusedStatement
from kolena_store.membership.bitmaps import Flags
from kolena_store.predicates.trees import Node, arguments

__all__ = ["LARGEST_WHOLE", "Comparison", "compiled", "literals_of"]

Values: TypeAlias = NDArray[Any]
Comparison: TypeAlias = Callable[[Values], Flags]

LARGEST_WHOLE = 2**62
"""Comparisons with greater numbers are left to DuckDB: the numbers beside each literal must fit 64 bits too."""

FLIPPED = MappingProxyType({"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"})
SIGNS = MappingProxyType(
    {
        "COMPARE_EQUAL": "=",
        "COMPARE_NOTEQUAL": "<>",
        "COMPARE_LESSTHAN": "<",
        "COMPARE_LESSTHANOREQUALTO": "<=",
        "COMPARE_GREATERTHAN": ">",
        "COMPARE_GREATERTHANOREQUALTO": ">=",
    }
)


def compiled(key: str, *, kind: type) -> Comparison | None:
    """Return what tells for known values whether a condition holds; None when it is more than comparisons.

    Args:
        key: the condition, as an atom has it.
        kind: of the column's numbers: np.int64, np.float64 or np.float32.
    """
    try:
        return _compiled(json.loads(key), kind)
    except (RefusedStatement, RecursionError):
        return None


def literals_of(key: str) -> Iterator[Decimal]:
    """Yield the numbers that a condition compares with."""
    waiting: list[Any] = [json.loads(key)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if value.get("class") == "CONSTANT":
                yield from _number_in(value)
            else:
                waiting += value.values()


def _more() -> RefusedStatement:
    return RefusedStatement("the condition is more than comparisons with literals; let DuckDB evaluate it")


def _number_in(node: Node) -> Iterator[Decimal]:
    try:
        number = _decimal(node)
    except RefusedStatement:
        return
    yield number
    yield -number


def _compiled(node: Node, kind: type) -> Comparison:
    form = node["type"]
    if form in SIGNS:
        return _compared(node, kind)
    if form in ("CONJUNCTION_AND", "CONJUNCTION_OR"):
        parts = [_compiled(child, kind) for child in node["children"]]
        join = np.logical_and if form == "CONJUNCTION_AND" else np.logical_or
        return lambda values: reduce(join, (part(values) for part in parts))
    if form == "OPERATOR_NOT":
        inner = _compiled(node["children"][0], kind)
        return lambda values: ~inner(values)
    if form in ("COMPARE_BETWEEN", "COMPARE_NOT_BETWEEN"):
        return _between(node, kind)
    if form in ("COMPARE_IN", "COMPARE_NOT_IN"):
        return _among(node, kind)
    if form in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL") and _is_column(node["children"][0]):
        answer = form == "OPERATOR_IS_NOT_NULL"
        return lambda values: np.full(values.shape, answer)
    raise _more()


def _compared(node: Node, kind: type) -> Comparison:
    sign = SIGNS[node["type"]]
    if _is_column(node["left"]):
        return _test(sign, _literal(node["right"], kind=kind))
    if _is_column(node["right"]):
        return _test(FLIPPED[sign], _literal(node["left"], kind=kind))
    raise _more()


def _between(node: Node, kind: type) -> Comparison:
    if not _is_column(node["input"]):
        raise _more()
    low = _test(">=", _literal(node["lower"], kind=kind))
    high = _test("<=", _literal(node["upper"], kind=kind))
    if node["type"] == "COMPARE_BETWEEN":
        return lambda values: low(values) & high(values)
    return lambda values: ~(low(values) & high(values))


def _among(node: Node, kind: type) -> Comparison:
    column, *others = node["children"]
    if not _is_column(column):
        raise _more()
    listed = np.array([_literal(one, kind=kind) for one in others])
    if node["type"] == "COMPARE_IN":
        return lambda values: np.isin(values, listed)
    return lambda values: ~np.isin(values, listed)


def _test(sign: str, number: Any) -> Comparison:
    # A NaN among the values fails every comparison of numpy; in DuckDB it is greater than each of these numbers.
    tests: Mapping[str, Comparison] = {
        "=": lambda values: values == number,
        "<>": lambda values: values != number,
        "<": lambda values: values < number,
        "<=": lambda values: values <= number,
        ">": lambda values: ~(values <= number),
        ">=": lambda values: ~(values < number),
    }
    return tests[sign]


def _is_column(node: Node) -> bool:
    return bool(node["class"] == "COLUMN_REF")


def _literal(node: Node, *, kind: type) -> Any:
    """Return a literal as a number of this kind, from the form of either DuckDB version."""
    if node["class"] == "FUNCTION" and node["function_name"] == "-":
        given: Sequence[Node] = arguments(node)
        if len(given) == 1:
            return -_literal(given[0], kind=kind)
    if node["class"] != "CONSTANT":
        raise _more()
    number = _decimal(node)
    if kind is not np.int64:
        return kind(float(number))
    if number != number.to_integral_value() or abs(number) >= LARGEST_WHOLE:
        raise _more()
    return int(number)


def _decimal(node: Node) -> Decimal:
    try:
        if "literal" in node:
            if node["literal"]["kind"] not in ("INTEGER", "NUMERIC"):
                raise _more()
            return Decimal(node["literal"]["text"].replace("_", ""))
        found = node["value"]["type"]
        if node["value"]["is_null"] or found["id"] not in ("INTEGER", "BIGINT", "DECIMAL", "DOUBLE"):
            raise _more()
        scale = (found["type_info"] or {}).get("scale", 0)
        return Decimal(str(node["value"]["value"])).scaleb(-scale)
    except (InvalidOperation, KeyError, TypeError):
        raise _more() from None
