"""Which columns identify a sample, and that they do."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.database import Session
from kolena_store.datasets.sql_types import is_exact
from kolena_store.display import counted
from kolena_store.errors import ChangedType, DuplicateIds, InvalidInput, MissingColumns, shown
from kolena_store.schema import listed
from kolena_store.statements import Fragment, identifier, joined, statement

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "check_id_types",
    "check_ids",
    "check_label_types",
    "check_same_id_types",
    "missing_ids",
    "resolve_id_fields",
    "same_ids",
    "shown_ids",
]

EXAMPLES = 5
HAVE = ("has", "have")
ONE_ROW_EACH = "Remove the repeated rows, or name further id fields that tell them apart"
REMEDY = "Rename the column or name another one"


def resolve_id_fields(
    where: str, names: Sequence[str], given: Sequence[str] | None, *, index: Sequence[str] = ()
) -> list[str]:
    """Return the id fields: the given ones, else `id`, else `id_*` and `*_id`, else `locator`, else `text`.

    Args:
        index: the names of a pandas frame's index, which is no column.

    Raises:
        MissingColumns: a given one is no column.
        InvalidInput: none is given and none can be inferred.
    """
    if given:
        wanted = listed("id_fields", given)
        missing = [name for name in wanted if name not in names]
        if missing:
            raise MissingColumns.of(where, missing, names, remedy=REMEDY + _index_hint(index))
        return wanted
    affixed = [name for name in names if name.startswith("id_") or name.endswith("_id")]
    for candidates in (["id"], affixed, ["locator"], ["text"]):
        if candidates and set(candidates) <= set(names):
            return candidates
    raise InvalidInput(
        f"{where}: no column named id, id_..., ..._id, locator or text; say which columns identify a sample "
        f"with id_fields=[...] (--id on the command line). The columns are {shown(names)}{_index_hint(index)}"
    )


def missing_ids(
    where: str, dataset: str, missing: Sequence[str], names: Sequence[str], *, index: Sequence[str] = ()
) -> MissingColumns:
    """Return the error for an input that lacks id fields of a dataset, by which its rows are matched to samples."""
    named = ", ".join(map(repr, missing))
    what = f"{named} is an id field" if len(missing) == 1 else f"{named} are id fields"
    remedy = (
        f"{what} of {dataset!r}, by which rows are matched to samples: rename the columns that hold the ids, "
        "or upload the dataset under another name with other id fields (--id, in Python id_fields=)"
    )
    return MissingColumns.of(where, missing, names, remedy=remedy + _index_hint(index))


def shown_ids(rows: Iterable[Mapping[str, object]], id_fields: Sequence[str]) -> str:
    """Return the ids in rows as people read them, the first few: `7, 8`, or `(patient=7, visit=1)` with more fields."""

    def spelled_row(row: object) -> str:
        assert isinstance(row, Mapping)
        if len(id_fields) == 1:
            return _spelled(row[id_fields[0]])
        return f"({', '.join(f'{name}={_spelled(row[name])}' for name in id_fields)})"

    return shown(rows, spelled_row)


def check_id_types(where: str, schema: "pa.Schema", id_fields: Sequence[str]) -> None:
    """Refuse id columns whose values can't identify anything safely.

    Those are floats, nested values, NULL alone, and what SQL does not see in full (nanoseconds with a zone).

    Raises:
        ChangedType: a column has such a type.
    """
    import pyarrow.types as types

    for name in id_fields:
        found = schema.field(name).type
        if types.is_floating(found) or types.is_nested(found) or types.is_null(found) or not is_exact(found):
            raise ChangedType(
                f"{where}: id field {name!r} holds {found}, which can't identify a sample; "
                "use integers, text, dates or booleans (declare the type, e.g. types={...} or --type)"
            )


def check_same_id_types(where: str, schema: "pa.Schema", id_types: "dict[str, pa.DataType]") -> None:
    """Check that id columns have the dataset's types, integer widths aside.

    Raises:
        ChangedType: one has not: SQL would match '01' with 1, and true with 1.
    """
    for name, wanted in id_types.items():
        found = schema.field(name).type
        if not _comparable(found, wanted):
            raise ChangedType(
                f"{where}: id field {name!r} holds {found}, the dataset's is {wanted}; "
                "convert the column, so that no id matches another by accident"
            )


def check_label_types(where: str, schema: "pa.Schema", label_types: "dict[str, pa.DataType]") -> None:
    """Check that label columns hold what the labels that they are compared with hold: text, or numbers of any kind.

    Raises:
        ChangedType: one does not: '1' would silently be taken for the class 1, and '01' for a class of its own.
    """
    for name, wanted in label_types.items():
        found = schema.field(name).type if name in schema.names else wanted
        if not (_comparable(found, wanted) or _are_both_numbers(found, wanted) or _is_null(found) or _is_null(wanted)):
            raise ChangedType(
                f"{where}: column {name!r} holds {found}, the labels of the ground truth are {wanted}; "
                "convert one of them, so that equal labels are equal values"
            )


def check_ids(
    session: Session, where: str, paths: Sequence[Path], keys: Sequence[str], *, remedy: str = ONE_ROW_EACH
) -> None:
    """Check that the key columns of staged rows hold no NULL and no combination twice; `remedy` ends that message.

    Raises:
        InvalidInput: a key is NULL.
        DuplicateIds: rows share a key; the first few are named.
    """
    names = [identifier(name) for name in keys]
    files = [str(path) for path in paths]
    any_null = joined((Fragment(f"{name} IS NULL") for name in names), " OR ")
    missing = session.rows(statement("queries/datasets", "rows_without_id").fill(any_null=any_null), files=files)
    if missing:
        one_of = "one of " if len(keys) > 1 else ""
        raise InvalidInput(
            f"{where}: {counted(missing[0][1], 'row', HAVE)} no value in {one_of}{shown(keys)} (first: row "
            f"{missing[0][0] + 1}); every row needs an id. Fill it in or remove those rows"
        )
    duplicates = session.table(statement("queries/datasets", "duplicate_ids").fill(ids=joined(names)), files=files)
    if duplicates.num_rows:
        raise _duplicate_error(where, keys, duplicates, remedy)


def same_ids(left: str, right: str, id_fields: Sequence[str]) -> Fragment:
    """Return the condition that two tables' rows carry the same id."""
    pairs = (Fragment(f"{identifier(left, name)} = {identifier(right, name)}") for name in id_fields)
    return joined(pairs, " AND ")


def _duplicate_error(where: str, keys: Sequence[str], duplicates: "pa.Table", remedy: str) -> DuplicateIds:
    records = duplicates.drop_columns(["_duplicated"]).to_pylist()
    n_duplicated = duplicates.column("_duplicated")[0].as_py()
    return DuplicateIds(
        f"{where}: {counted(n_duplicated, 'id', ('stands', 'stand'))} in more than one row of {shown(keys)}: "
        f"{shown_ids(records[:EXAMPLES], keys)}. {remedy}"
    )


def _index_hint(index: Sequence[str]) -> str:
    if not index:
        return ""
    return f". The frame's index {', '.join(map(repr, index))} is no column: frame.reset_index() makes it one"


def _spelled(value: object) -> str:
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else repr(value)


def _is_null(kind: "pa.DataType") -> bool:
    import pyarrow.types as types

    return bool(types.is_null(kind))


def _are_both_numbers(found: "pa.DataType", wanted: "pa.DataType") -> bool:
    import pyarrow.types as types

    def is_number(kind: "pa.DataType") -> bool:
        return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))

    return is_number(found) and is_number(wanted)


def _comparable(found: "pa.DataType", wanted: "pa.DataType") -> bool:
    import pyarrow.types as types

    def is_text(kind: "pa.DataType") -> bool:
        return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))

    both_integers = types.is_integer(found) and types.is_integer(wanted)
    return bool(found.equals(wanted) or both_integers or (is_text(found) and is_text(wanted)))
