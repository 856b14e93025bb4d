"""Which change of a column's type keeps every value that it could hold."""

from typing import TYPE_CHECKING

from kolena_store.formats.nesting import children_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["is_widening"]


def is_widening(old: "pa.DataType", new: "pa.DataType") -> bool:
    """Return whether every value of the old type is, unchanged, a value of the new one.

    Text (and bytes) in its several layouts is one type, and so are a dictionary and its plain values. An integer does
    not widen to a float: large ones would change.
    """
    import pyarrow as pa

    old, new = _value_type(old), _value_type(new)
    if old.equals(new) or pa.types.is_null(old):
        return True
    if isinstance(old, pa.BaseExtensionType) or isinstance(new, pa.BaseExtensionType):
        return False
    if pa.types.is_nested(old) or pa.types.is_nested(new):
        return _is_widening_nested(old, new)
    if pa.types.is_decimal(old) and pa.types.is_decimal(new):
        return bool(old.scale == new.scale and old.precision <= new.precision)
    return any(kind(old) and kind(new) for kind in (_is_text, _is_bytes)) or _is_wider_number(old, new)


def _value_type(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_bytes(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _is_wider_number(old: "pa.DataType", new: "pa.DataType") -> bool:
    import pyarrow as pa

    if pa.types.is_floating(old) and pa.types.is_floating(new):
        return bool(old.bit_width <= new.bit_width)
    if not (pa.types.is_integer(old) and pa.types.is_integer(new)):
        return False
    old_is_signed, new_is_signed = pa.types.is_signed_integer(old), pa.types.is_signed_integer(new)
    if old_is_signed == new_is_signed:
        return bool(old.bit_width <= new.bit_width)
    return bool(new_is_signed and old.bit_width < new.bit_width)


def _is_widening_nested(old: "pa.DataType", new: "pa.DataType") -> bool:
    import pyarrow as pa

    if pa.types.is_struct(old) and pa.types.is_struct(new):
        return _is_wider_struct(old, new)
    if pa.types.is_map(old) and pa.types.is_map(new):
        return is_widening(old.key_type, new.key_type) and is_widening(old.item_type, new.item_type)
    if pa.types.is_fixed_size_list(old) and pa.types.is_fixed_size_list(new):
        return old.list_size == new.list_size and is_widening(old.value_type, new.value_type)
    return _is_list(old) and _is_list(new) and is_widening(old.value_type, new.value_type)


def _is_list(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_list_view, pa.types.is_large_list_view)
    return any(is_list(kind) for is_list in kinds)


def _is_wider_struct(old: "pa.StructType", new: "pa.StructType") -> bool:
    names = {child.name for child in children_of(new)}
    return all(
        child.name in names and is_widening(child.type, new.field(child.name).type) for child in children_of(old)
    )
