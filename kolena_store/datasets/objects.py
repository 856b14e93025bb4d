"""Objects: any number of rows for each sample, which become one list of structs for each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kolena_store.datasets.columns import ColumnNeed
from kolena_store.datasets.identity import check_same_id_types
from kolena_store.datasets.widening import check_names
from kolena_store.display import counted
from kolena_store.errors import MissingColumns, UnmatchedResults, shown
from kolena_store.formats import TableInput, open_table, restore_types
from kolena_store.formats.casts import cast_batch

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = [
    "OBJECTS",
    "collected_objects",
    "field_types",
    "input_of",
    "object_types",
    "table_of_input",
    "with_object_fields",
    "with_objects",
]

OBJECTS = "objects"
"""The column of lists, on either side."""


def with_objects(samples: TableInput, source: object, id_fields: Sequence[str], known: "pa.Schema") -> TableInput:
    """Return samples with the list of each one's objects; one without a row of objects has an empty list.

    Args:
        samples: a row for each sample.
        source: a table with a row for each object, which names its sample by the id fields.
        id_fields: the columns that identify a sample.
        known: the columns of the dataset so far, whose types cells of text are read as.

    Raises:
        MissingColumns: the objects lack an id field, or have nothing else.
        ChangedType: their ids are of another type.
        UnmatchedResults: some belong to no sample.
    """
    import numpy as np
    import pyarrow as pa

    ids = {name: samples.schema.field(name).type for name in id_fields}
    rows = open_table(source, expected={**field_types(known), **ids})
    missing = [name for name in id_fields if name not in rows.schema.names]
    if missing:
        raise MissingColumns.of(rows.name, missing, rows.schema.names)
    check_same_id_types(rows.name, rows.schema, ids)
    given, found = table_of_input(samples), collected_objects(rows, id_fields)
    both = pa.concat_tables([given.select(list(id_fields)), found.select(list(id_fields)).cast(_ids_of(given, ids))])
    codes = _codes(both, id_fields)
    places = np.full(int(codes.max(initial=-1)) + 1, found.num_rows, dtype=np.int64)
    places[codes[given.num_rows :]] = np.arange(found.num_rows)
    strange = ~np.isin(codes[given.num_rows :], codes[: given.num_rows])
    if strange.any():
        raise _strange(rows.name, found.select(list(id_fields)).filter(pa.array(strange)), id_fields)
    lists = pa.concat_arrays([found.column(OBJECTS).combine_chunks(), _empty(found.schema.field(OBJECTS).type, 1)])
    column = lists.take(pa.array(places[codes[: given.num_rows]]))
    return input_of(given.append_column(OBJECTS, column), samples)


def collected_objects(rows: TableInput, keys: Sequence[str]) -> "pa.Table":
    """Return one row for each combination of keys, in the order in which they come, with the list of its objects.

    Raises:
        MissingColumns: there is nothing but keys.
        InvalidInput: a column has a name that is kept for the store.
    """
    import numpy as np
    import pyarrow as pa

    table = table_of_input(rows)
    fields = [name for name in table.column_names if name not in keys]
    check_names(rows.name, table.select(fields).schema)
    if not fields:
        raise MissingColumns(f"{rows.name} has no column beside {shown(keys)}; add what there is to say of an object")
    codes = _codes(table, keys)
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes) if len(codes) else np.empty(0, dtype=np.int64)
    columns = [table.column(name).combine_chunks() for name in fields]
    structs = pa.StructArray.from_arrays(columns, fields=[table.schema.field(name) for name in fields])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs.take(pa.array(order)))
    firsts = order[offsets[:-1]]
    return table.select(list(keys)).take(pa.array(firsts)).append_column(OBJECTS, lists)


def with_object_fields(source: TableInput, needs: Iterable[ColumnNeed]) -> TableInput:
    """Return an input whose objects have their fields, of no type yet, where no row has an object that shows them."""
    import pyarrow as pa

    schema = source.schema
    for need in needs:
        if need.kind == "objects" and need.fields and need.name in schema.names:
            at = schema.get_field_index(need.name)
            if _is_without_objects(schema.field(at).type):
                fields = [pa.field(name, pa.null()) for name in need.fields]
                schema = schema.set(at, pa.field(need.name, pa.list_(pa.struct(fields))))
    if schema.equals(source.schema):
        return source
    return replace(
        source, schema=schema, source=lambda: (cast_batch(one, schema, source.name) for one in source.batches())
    )


def _is_without_objects(kind: "pa.DataType") -> bool:
    import pyarrow.types as types

    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(types.is_null(kind) or (is_list and types.is_null(kind.value_type)))


def field_types(known: "pa.Schema") -> "Mapping[str, pa.DataType]":
    """Return the fields of the objects that a schema has, with their types; none when it has no objects."""
    import pyarrow.types as types

    if OBJECTS not in known.names:
        return {}
    kind = known.field(OBJECTS).type
    if not (types.is_list(kind) or types.is_large_list(kind)):
        return {}
    inside = kind.value_type
    return {field.name: field.type for field in inside} if types.is_struct(inside) else {}


def object_types(kind: str) -> dict[str, str]:
    """Return the fields of objects with their types in SQL; none when the SQL type `kind` is no list of structs."""
    import duckdb

    found: Any = duckdb.sqltype(kind)
    if found.id != "list" or found.children[0][1].id != "struct":
        return {}
    return {name: str(one) for name, one in found.children[0][1].children}


def table_of_input(source: TableInput) -> "pa.Table":
    """Return all rows of an input, with the types that it came with."""
    import pyarrow as pa

    return pa.Table.from_batches(source.batches(), source.schema)


def input_of(table: "pa.Table", source: TableInput) -> TableInput:
    """Return a table as an input that is called as the one that it was made from."""
    categories = {name: one for name, one in source.categories.items() if name in table.column_names}
    made = open_table(restore_types(table, table.schema, categories))
    return replace(made, name=source.name, is_text=source.is_text, index=source.index)


def _ids_of(table: "pa.Table", ids: "Mapping[str, pa.DataType]") -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([table.schema.field(name) for name in ids])


def _empty(kind: "pa.DataType", n: int) -> "pa.ListArray":
    import pyarrow as pa

    return pa.array([[]] * n, kind)


def _codes(table: "pa.Table", keys: Sequence[str]) -> "np.ndarray":
    """Return a number for each row, equal where all keys are, from 0 on in the order in which they come first."""
    import numpy as np

    codes = np.zeros(table.num_rows, dtype=np.int64)
    for key in keys:
        encoded = table.column(key).combine_chunks().dictionary_encode()
        own = encoded.indices.fill_null(-1).to_numpy().astype(np.int64) + 1
        _, codes = np.unique(codes * (len(encoded.dictionary) + 1) + own, return_inverse=True)
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[codes]


def _strange(where: str, ids: "pa.Table", id_fields: Sequence[str]) -> UnmatchedResults:
    rows = list(zip(*(ids.column(name).to_pylist() for name in id_fields), strict=True))
    spelled = shown([row[0] for row in rows] if len(id_fields) == 1 else rows)
    return UnmatchedResults(
        f"{where}: the objects of {counted(len(rows), 'sample')} belong to no sample of the dataset; unknown "
        f"{', '.join(id_fields)}: {spelled}. Correct the ids, or add the samples"
    )
