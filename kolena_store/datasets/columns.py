"""What a workflow asks of the columns of a dataset and of its results."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from kolena_store.errors import ChangedType, InvalidInput, MissingColumns, did_you_mean, shown
from kolena_store.formats.nesting import children_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "CLASS_MARK",
    "LEVEL_MARK",
    "ColumnKind",
    "ColumnNeed",
    "Columns",
    "Scope",
    "check_columns",
    "columns_from_document",
    "columns_of_pattern",
]

CLASS_MARK = "{class}"
LEVEL_MARK = "{level}"
NEED_PARTS = ("ground_truth", "inference", "optional", "sample")

Scope = Literal["named", "named and ids", "all"]
ColumnKind = Literal[
    "label", "labels", "number", "numbers", "verdict", "verdicts", "grades", "number_pattern", "any", "objects"
]
KINDS: Mapping[ColumnKind, str] = MappingProxyType(
    {
        "label": "one plain value a row",
        "labels": "a list of labels",
        "number": "numbers",
        "numbers": "a list or struct of numbers",
        "verdict": "true or false (or 1 and 0)",
        "any": "anything",
        "objects": "a list of objects (structs)",
        "verdicts": "a list of true or false (or 1 and 0), an element for each grader",
        "grades": "a list of numbers, an element for each grader",
    }
)
"""How a message says what a column must hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNeed:
    """A column that must be there, and what it must hold.

    `number_pattern` names several columns at once, such as `p_{class}` or `q_{level}`; `numbers` is a list or struct of
    numbers; `like` names the column of the other side whose type a label must have; optional columns of one `group` are
    there together or not at all. `fields` names what objects must have.
    """

    name: str
    kind: ColumnKind
    like: str | None = None
    group: str | None = None
    fields: tuple[str, ...] = ()

    def is_in(self, names: Iterable[str]) -> bool:
        """Return whether a table with columns of these names has it."""
        is_pattern = self.kind == "number_pattern"
        return bool(columns_of_pattern(self.name, names)) if is_pattern else self.name in names


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that one workflow reads: those of the ground truth, and those of an inference.

    An inference must have the columns `inference`, and may lack the `optional` ones; where it must have none, one of
    the optional ones is there, or one group of them. `answer` is what a wide frame's column of predictions becomes.
    `sample` names fields of the sample that scoring reads beside the ground truth. `scope` says what it reads: the
    columns that are named, the ids of the samples too, or all that there are. `group_by` names the field of the sample
    whose values make groups: those of one group are scored together.
    """

    ground_truth: tuple[ColumnNeed, ...] = ()
    inference: tuple[ColumnNeed, ...] = ()
    answer: str = "prediction"
    optional: tuple[ColumnNeed, ...] = ()
    sample: tuple[ColumnNeed, ...] = ()
    scope: Scope = "named"
    group_by: str | None = None

    @property
    def has_objects(self) -> bool:
        """Return whether inferences are any number of objects for each sample."""
        return any(need.kind == "objects" for need in self.inference)

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
    return Columns(answer=document["answer"], scope=document["scope"], group_by=document["group_by"], **needs)


def check_columns(
    where: str,
    schema: "pa.Schema",
    needs: Iterable[ColumnNeed],
    *,
    optional: Sequence[ColumnNeed] = (),
    is_stored: bool = False,
) -> None:
    """Check that a table has the columns that a workflow needs, with types that it can read.

    Args:
        where: the table's name; one that speaks of several things when it is stored.
        optional: columns that are checked when they are there; without other needs, one of them must be.
        is_stored: the table was fit for its workflow once, and the workflow is what changed.

    Raises:
        MissingColumns: one is not there.
        ChangedType: one holds something else.
    """
    required = tuple(needs)
    groups = {_group(need) for need in optional if need.is_in(schema.names)}
    wanted = (*required, *(need for need in optional if _group(need) in groups))
    missing = [need for need in wanted if not need.is_in(schema.names)]
    if missing:
        raise _missing(where, [missing], schema.names, is_stored)
    if optional and not wanted:
        by_group = [
            [need for need in optional if _group(need) == group] for group in dict.fromkeys(map(_group, optional))
        ]
        raise _missing(where, by_group, schema.names, is_stored)
    for need in wanted:
        _check_type(where, need, schema, is_stored)


def columns_of_pattern(pattern: str, names: Iterable[str]) -> dict[str, str]:
    """Return class -> column for the columns that a pattern such as `p_{class}` names, in their order.

    A pattern of quantiles holds `{level}` in its place.

    Raises:
        InvalidInput: the pattern holds neither exactly once.
    """
    mark = LEVEL_MARK if LEVEL_MARK in pattern else CLASS_MARK
    if pattern.count(mark) != 1:
        raise InvalidInput(f"the pattern {pattern!r} must hold {mark} exactly once, as in 'p_{mark}'")
    start, end = pattern.split(mark)
    return {
        name[len(start) : len(name) - len(end)]: name
        for name in names
        if name.startswith(start) and name.endswith(end) and len(name) > len(start) + len(end)
    }


def _group(need: ColumnNeed) -> str:
    return need.group or need.name


def _missing(
    where: str, alternatives: Sequence[Sequence[ColumnNeed]], names: Sequence[str], is_stored: bool
) -> MissingColumns:
    """Return the error for columns that are not there: for one group of them, or for several of which one would do."""
    named = " or ".join(", ".join(_spelled(need, names, is_stored) for need in group) for group in alternatives)
    is_one_enough = len(alternatives) > 1
    if is_stored:
        read = "one of which the workflow now reads" if is_one_enough else "which the workflow now reads"
        return MissingColumns(
            f"{where} have no column {named}, {read}; they have {shown(names)}. "
            "Upload them again with it, or name another column in the workflow"
        )
    read = ", and the workflow reads one of them" if is_one_enough else ""
    return MissingColumns(
        f"{where} has no column {named}{read}; it has {shown(names)}. Rename the column or name another one"
    )


def _spelled(need: ColumnNeed, names: Sequence[str], is_stored: bool) -> str:
    if need.kind == "number_pattern":
        return f"that fits {need.name!r}"
    near = did_you_mean(need.name, names)
    return f"{need.name!r} ({near.removeprefix('; ')})" if near and is_stored else f"{need.name!r}{near}"


def _check_type(where: str, need: ColumnNeed, schema: "pa.Schema", is_stored: bool) -> None:
    if need.kind == "number_pattern":
        for name in columns_of_pattern(need.name, schema.names).values():
            _check_type(where, ColumnNeed(name=name, kind="number"), schema, is_stored)
        return
    import pyarrow.types as types

    found = schema.field(need.name).type
    if not _is_of_kind(found, need.kind):
        remedy = "convert it, and upload them again" if is_stored else "convert it"
        raise ChangedType(
            f"{where}: column {need.name!r} holds {found}, the workflow needs {KINDS[need.kind]}; {remedy}"
        )
    if need.fields and not types.is_null(found):
        known = [field.name for field in found.value_type]
        missing = [name for name in need.fields if name not in known]
        if missing:
            raise MissingColumns.of(f"{where}: an object of {need.name!r}", missing, known)


def _is_of_kind(found: "pa.DataType", kind: ColumnKind) -> bool:
    import pyarrow.types as types

    if types.is_null(found) or kind == "any":
        return True
    if kind == "label":
        return not types.is_nested(found)
    if kind == "labels":
        return _holds_labels(found)
    if kind == "numbers":
        return _holds_numbers(found)
    if kind == "objects":
        return _is_list(found) and bool(types.is_struct(found.value_type))
    if kind in ("verdicts", "grades"):
        return _is_list(found) and _is_of_kind(found.value_type, "verdict" if kind == "verdicts" else "number")
    if kind == "verdict":
        return bool(types.is_boolean(found) or types.is_integer(found))
    return _is_number(found)


def _holds_labels(found: "pa.DataType") -> bool:
    """Return whether a type is a list of plain values."""
    import pyarrow.types as types

    return _is_list(found) and not types.is_nested(found.value_type)


def _is_list(found: "pa.DataType") -> bool:
    import pyarrow.types as types

    return bool(types.is_list(found) or types.is_large_list(found) or types.is_fixed_size_list(found))


def _holds_numbers(found: "pa.DataType") -> bool:
    """Return whether a type is a list or a struct of numbers; booleans count as 1 and 0."""
    import pyarrow.types as types

    inside = [] if types.is_map(found) else [child.type for child in children_of(found)]
    return bool(inside) and all(types.is_null(one) or types.is_boolean(one) or _is_number(one) for one in inside)


def _is_number(found: "pa.DataType") -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(found) or types.is_floating(found) or types.is_decimal(found))
