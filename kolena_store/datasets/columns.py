"""What a workflow asks of the columns of a dataset and of its results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kolena_store.errors import ChangedType, InvalidInput, MissingColumns

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "CLASS_MARK",
    "ColumnKind",
    "ColumnNeed",
    "Columns",
    "check_columns",
    "columns_from_document",
    "columns_of_pattern",
]

CLASS_MARK = "{class}"
NEED_PARTS = ("ground_truth", "inference", "optional")

ColumnKind = Literal["label", "number", "numbers", "verdict", "number_pattern"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNeed:
    """A column that must be there, and what it must hold.

    `number_pattern` names several columns at once, such as `p_{class}`; `numbers` is a list or struct of numbers;
    `like` names the column of the other side whose type a label must have.
    """

    name: str
    kind: ColumnKind
    like: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that one workflow reads: those of the ground truth, and those of an inference."""

    ground_truth: tuple[ColumnNeed, ...] = ()
    inference: tuple[ColumnNeed, ...] = ()
    answer: str = "prediction"
    optional: tuple[ColumnNeed, ...] = ()

    @property
    def ground_truth_names(self) -> tuple[str, ...]:
        """Return the names of the ground-truth columns."""
        return tuple(need.name for need in self.ground_truth)

    def expected_labels(self, ground_truth: Mapping[str, "pa.DataType"]) -> "dict[str, pa.DataType]":
        """Return the type of each label column of an inference: that of the ground truth that it answers."""
        needs = (*self.inference, *self.optional)
        return {need.name: ground_truth[need.like] for need in needs if need.like in ground_truth and need.like}


def columns_from_document(document: Mapping[str, Any]) -> Columns:
    """Return the columns that `dataclasses.asdict` wrote down."""
    needs = {part: tuple(ColumnNeed(**need) for need in document[part]) for part in NEED_PARTS}
    return Columns(answer=document["answer"], **needs)


def check_columns(where: str, schema: "pa.Schema", needs: Iterable[ColumnNeed]) -> None:
    """Check that a table has the columns that a workflow needs, with types that it can read.

    Raises:
        MissingColumns: one is not there.
        ChangedType: one holds something else.
    """
    wanted = tuple(needs)
    plain = [need for need in wanted if need.kind != "number_pattern"]
    missing = [need.name for need in plain if need.name not in schema.names]
    if missing:
        raise MissingColumns.of(where, missing, schema.names)
    for need in plain:
        _check_type(where, need, schema.field(need.name).type)
    for need in wanted:
        if need.kind == "number_pattern":
            _check_pattern(where, need.name, schema)


def columns_of_pattern(pattern: str, names: Iterable[str]) -> dict[str, str]:
    """Return class -> column for the columns that a pattern such as `p_{class}` names, in their order.

    Raises:
        InvalidInput: the pattern does not hold `{class}` exactly once.
    """
    if pattern.count(CLASS_MARK) != 1:
        raise InvalidInput(f"scores={pattern!r} must hold {CLASS_MARK} exactly once, as in 'p_{CLASS_MARK}'")
    start, end = pattern.split(CLASS_MARK)
    return {
        name[len(start) : len(name) - len(end)]: name
        for name in names
        if name.startswith(start) and name.endswith(end) and len(name) > len(start) + len(end)
    }


def _check_pattern(where: str, pattern: str, schema: "pa.Schema") -> None:
    columns = columns_of_pattern(pattern, schema.names)
    if not columns:
        raise MissingColumns(f"{where} has no column that fits {pattern!r}; its columns are {', '.join(schema.names)}")
    for name in columns.values():
        _check_type(where, ColumnNeed(name=name, kind="number"), schema.field(name).type)


def _check_type(where: str, need: ColumnNeed, found: "pa.DataType") -> None:
    import pyarrow.types as types

    if types.is_null(found):
        return
    is_number = types.is_integer(found) or types.is_floating(found) or types.is_decimal(found)
    is_nested = types.is_nested(found)
    accepted = {
        "label": not is_nested,
        "number": is_number,
        "numbers": is_nested,
        "verdict": types.is_boolean(found) or types.is_integer(found),
    }[need.kind]
    if not accepted:
        described = {
            "label": "one plain value a row",
            "number": "numbers",
            "numbers": "a list or struct of numbers",
            "verdict": "true or false (or 1 and 0)",
        }[need.kind]
        raise ChangedType(f"{where}: column {need.name!r} holds {found}, the workflow needs {described}; convert it")
