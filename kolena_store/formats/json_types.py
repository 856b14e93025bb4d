"""Where a JSON column's values meet a type that is given: whether they fit, and what the column's type becomes."""

from typing import TYPE_CHECKING

from kolena_store.formats.nesting import children_of, with_children

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["fitted_type", "read_type", "stored_type"]


def fitted_type(found: "pa.DataType", wanted: "pa.DataType") -> "pa.DataType | None":
    """Return the wanted type, with the fields that were found beside its own; None when the values don't fit it."""
    import pyarrow as pa

    if pa.types.is_null(found) or found.equals(wanted):
        return wanted
    if pa.types.is_null(wanted):
        return found
    if pa.types.is_struct(found):
        return _fitted_object(found, wanted)
    if pa.types.is_list(found):
        return _fitted_list(found, wanted)
    return wanted if _fits_value(found, wanted) else None


def _fitted_object(found: "pa.StructType", wanted: "pa.DataType") -> "pa.DataType | None":
    import pyarrow as pa

    fields = children_of(found)
    if pa.types.is_map(wanted):
        fitted_items = [fitted_type(field.type, wanted.item_type) for field in fields]
        return wanted if all(kind is not None and kind.equals(wanted.item_type) for kind in fitted_items) else None
    if not pa.types.is_struct(wanted):
        return None
    known = children_of(wanted)
    names, found_types = {field.name for field in known}, {field.name: field.type for field in fields}
    fitted = [(field, fitted_type(found_types.get(field.name, pa.null()), field.type)) for field in known]
    if any(kind is None for _, kind in fitted):
        return None
    added = [field for field in fields if field.name not in names]
    return pa.struct([*(field.with_type(kind) for field, kind in fitted), *added])


def _fitted_list(found: "pa.ListType", wanted: "pa.DataType") -> "pa.DataType | None":
    import pyarrow as pa

    if not pa.types.is_nested(wanted) or pa.types.is_struct(wanted) or pa.types.is_map(wanted):
        return None
    kind = fitted_type(found.value_type, wanted.value_type)
    return None if kind is None else with_children(wanted, [kind])


def _fits_value(found: "pa.DataType", wanted: "pa.DataType") -> bool:
    import pyarrow as pa

    is_number = pa.types.is_floating(wanted) or pa.types.is_decimal(wanted)
    if pa.types.is_string(wanted) or pa.types.is_large_string(wanted) or pa.types.is_string_view(wanted):
        return True
    if pa.types.is_integer(found):
        return bool(is_number or pa.types.is_integer(wanted))
    if pa.types.is_floating(found):
        return bool(is_number)
    is_uuid = isinstance(wanted, pa.BaseExtensionType) and wanted.extension_name == "arrow.uuid"
    return bool(pa.types.is_string(found) and (pa.types.is_temporal(wanted) or is_uuid))


def stored_type(kind: "pa.DataType") -> "pa.DataType":
    """Return the type with the null type in place of objects without any key, which Parquet can't hold."""
    import pyarrow as pa

    if _is_empty_object(kind):
        return pa.null()
    return with_children(kind, [stored_type(child.type) for child in children_of(kind)])


def read_type(kind: "pa.DataType") -> "pa.DataType":
    """Return the type as which DuckDB reads such values; objects without any key need a field that is never there."""
    import pyarrow as pa

    if _is_empty_object(kind):
        return pa.struct([("nothing", pa.null())])
    return with_children(kind, [read_type(child.type) for child in children_of(kind)])


def _is_empty_object(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_struct(kind) and kind.num_fields == 0)
