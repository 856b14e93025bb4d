"""Values from one Arrow type to another without loss: on the way in, and back to the types that the user gave."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput
from kolena_store.formats.categories import Categories, decoded, encoded
from kolena_store.formats.nesting import children_of, plain_type, with_children

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["cast_array", "cast_batch", "restore_types"]


def restore_types(table: "pa.Table", schema: "pa.Schema", categories: Mapping[str, Categories]) -> "pa.Table":
    """Return a table read from the store with the types, the field metadata and the categories that its columns had.

    Columns of the table that `schema` does not name stay as they are.

    Raises:
        InvalidInput: a column's values don't fit the type that it should have.
    """
    import pyarrow as pa

    columns, fields = [], []
    for position, field in enumerate(table.schema):
        column = table.column(position)
        if field.name in schema.names:
            column = _restored(column, schema.field(field.name), categories.get(field.name))
            field = schema.field(field.name).with_type(column.type)
        columns.append(column)
        fields.append(field)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=table.schema.metadata))


def cast_batch(batch: "pa.RecordBatch", schema: "pa.Schema", where: str) -> "pa.RecordBatch":
    """Return a batch with the types of a schema that has the same columns in the same order.

    Raises:
        InvalidInput: a value of the batch does not fit.
    """
    import pyarrow as pa

    arrays = [_cast_column(array, field, where) for array, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def cast_array(array: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    """Return an array with another type; where Arrow has no cast of its own (nested, UUID, null) it is made here.

    Raises:
        pyarrow.ArrowInvalid: a value does not fit.
        pyarrow.ArrowNotImplementedError: there is no way from the one type to the other.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if array.type.equals(kind, check_metadata=True):
        return array
    if pa.types.is_dictionary(array.type):
        return cast_array(decoded(array), kind)
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), kind)
    if pa.types.is_run_end_encoded(array.type):
        return cast_array(pc.run_end_decode(array), kind)
    if pa.types.is_null(kind):
        return _all_null(array)
    if isinstance(array.type, pa.BaseExtensionType) and not pa.types.is_string(kind):
        return cast_array(array.storage, kind)
    if isinstance(kind, pa.BaseExtensionType):
        return _cast_extension(array, kind)
    return _cast_nested(array, kind)


def _restored(column: "pa.ChunkedArray", field: "pa.Field", categories: Categories | None) -> "pa.ChunkedArray":
    import pyarrow as pa

    kind = plain_type(field.type) if categories is None else categories.value_type
    try:
        plain = pa.chunked_array([cast_array(chunk, kind) for chunk in column.chunks], kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidInput(
            f"stored column {field.name!r} ({column.type}) can't be read as {kind}: {error}; "
            "read it with its stored type"
        ) from error
    if categories is not None:
        return encoded(plain, categories)
    return plain.cast(field.type) if pa.types.is_dictionary(field.type) else plain


def _cast_column(array: "pa.Array", field: "pa.Field", where: str) -> "pa.Array":
    import pyarrow as pa

    try:
        cast = cast_array(array, field.type)
        _check_seconds(cast)
        return cast
    except pa.ArrowException as error:
        raise InvalidInput(
            f"{where}: column {field.name!r} ({array.type}) can't be read as {field.type}: {error}; "
            "declare another type for it, or convert it first"
        ) from error


def _check_seconds(array: "pa.Array") -> None:
    """Refuse seconds that are too far from 1970: Parquet, which has no seconds, keeps them as milliseconds.

    Raises:
        pyarrow.ArrowInvalid: there is such a value.
    """
    kind = _in_milliseconds(array.type)
    if not kind.equals(array.type):
        cast_array(array, kind)


def _in_milliseconds(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    if pa.types.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ms", kind.tz)
    return with_children(kind, [_in_milliseconds(child.type) for child in children_of(kind)])


def _all_null(array: "pa.Array") -> "pa.Array":
    """Return only NULL in place of values that say nothing: NULL itself, and objects without a key."""
    import pyarrow as pa

    if array.null_count != len(array) and not pa.types.is_struct(array.type):
        raise pa.ArrowInvalid("it has values, and the null type has none")
    return pa.nulls(len(array))


def _cast_extension(array: "pa.Array", kind: "pa.BaseExtensionType") -> "pa.Array":
    import uuid

    import pyarrow as pa

    is_text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
    if is_text and kind.extension_name == "arrow.uuid":
        values = [None if text is None else uuid.UUID(text).bytes for text in array.to_pylist()]
        return kind.wrap_array(pa.array(values, kind.storage_type))
    return kind.wrap_array(cast_array(array, kind.storage_type))


def _cast_nested(array: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    if pa.types.is_struct(kind) and pa.types.is_struct(array.type):
        return _cast_struct(array, kind)
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return _cast_list_view(array, kind)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _cast_list(array, kind)
    return array.cast(kind)


def _cast_struct(array: "pa.StructArray", kind: "pa.StructType") -> "pa.Array":
    import pyarrow as pa

    fields = [kind.field(position) for position in range(kind.num_fields)]
    children = [
        cast_array(array.field(field.name), field.type)
        if array.type.get_field_index(field.name) >= 0
        else pa.nulls(len(array), field.type)
        for field in fields
    ]
    return pa.StructArray.from_arrays(children, fields=fields, mask=array.is_null())


def _cast_list(array: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    """Cast the values of a list and keep its bounds; only a list whose values need it is taken apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_same_kind = pa.types.is_list(array.type) or pa.types.is_large_list(array.type)
    if not is_same_kind:
        plain = array.cast(pa.list_(array.type.value_type))
        return _cast_list(plain, kind)
    make = pa.LargeListArray if pa.types.is_large_list(kind) else pa.ListArray
    offsets = pc.add(array.offsets, 0).cast(pa.int64() if pa.types.is_large_list(kind) else pa.int32())
    return make.from_arrays(offsets, cast_array(array.values, kind.value_type), type=kind, mask=array.is_null())


def _cast_list_view(array: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    is_large = pa.types.is_large_list_view(kind)
    make, number = (pa.LargeListViewArray, pa.int64()) if is_large else (pa.ListViewArray, pa.int32())
    lists = _cast_list(array, pa.large_list(kind.value_field))
    starts = lists.offsets.slice(0, len(lists))
    sizes = pc.fill_null(pc.list_value_length(lists), 0)
    return make.from_arrays(
        pc.add(starts, 0).cast(number), sizes.cast(number), lists.values, type=kind, mask=lists.is_null()
    )
