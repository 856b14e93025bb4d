"""Categorical columns: the values that may occur, in their order, kept apart from the plain values that are stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Categories", "CategoryCollector", "decoded", "encoded", "has_categories"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """The categories of one column: an Arrow array of values in order, and how the column pointed at them."""

    values: "pa.Array"
    ordered: bool
    index_type: "pa.DataType"

    @property
    def value_type(self) -> "pa.DataType":
        """Return the type of the values."""
        return self.values.type

    @property
    def type(self) -> "pa.DataType":
        """Return the dictionary type that the column had."""
        import pyarrow as pa

        return pa.dictionary(self.index_type, self.value_type, self.ordered)

    def serialize(self) -> bytes:
        """Return the categories as bytes (an Arrow stream) for `deserialize`."""
        import pyarrow as pa

        column = pa.DictionaryArray.from_arrays(pa.nulls(1, self.index_type), self.values, ordered=self.ordered)
        sink = pa.BufferOutputStream()
        batch = pa.record_batch([column], names=["categories"])
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return bytes(sink.getvalue().to_pybytes())

    @classmethod
    def deserialize(cls, content: bytes) -> Self:
        """Return the categories that `serialize` wrote."""
        import pyarrow as pa

        column = pa.ipc.open_stream(content).read_next_batch().column(0)
        return cls(values=column.dictionary, ordered=column.type.ordered, index_type=column.type.index_type)


class CategoryCollector:
    """Gathers the categories of dictionary columns from their chunks, in order of appearance."""

    def __init__(self, schema: "pa.Schema") -> None:
        """Start with no category for each dictionary column of the schema."""
        self._types = {
            name: kind for name, kind in zip(schema.names, schema.types, strict=True) if has_categories(kind)
        }
        self._values: dict[str, list[pa.Array]] = {name: [] for name in self._types}

    @property
    def names(self) -> list[str]:
        """Return the names of the dictionary columns."""
        return list(self._types)

    def add(self, name: str, chunk: "pa.Array") -> None:
        """Take in the dictionary of one chunk of a column."""
        known = self._values[name]
        if not known or not known[-1].equals(chunk.dictionary):
            known.append(chunk.dictionary)
            self._values[name] = [_distinct(known, chunk.type.value_type)]

    def result(self) -> Mapping[str, Categories]:
        """Return the categories of each dictionary column."""
        return {name: self._categories(name) for name in self._types}

    def _categories(self, name: str) -> Categories:
        kind = self._types[name]
        values = _distinct(self._values[name], kind.value_type)
        return Categories(values=values, ordered=kind.ordered, index_type=kind.index_type)


def decoded(array: "pa.Array") -> "pa.Array":
    """Return the plain values of a dictionary array."""
    values = array.dictionary
    takeable = _without_views(values)
    return takeable.take(array.indices).cast(values.type)


def encoded(column: "pa.ChunkedArray", categories: Categories) -> "pa.ChunkedArray":
    """Return plain values as a dictionary column over the categories; values outside them are appended at the end."""
    import pyarrow as pa

    plain = column.cast(categories.value_type)
    values = _distinct([categories.values, *plain.chunks], categories.value_type)
    index_type = _wide_enough(categories.index_type, len(values))
    kind = pa.dictionary(index_type, values.type, categories.ordered)
    return pa.chunked_array([_indexed(chunk, values, kind) for chunk in plain.chunks], kind)


def has_categories(kind: "pa.DataType") -> bool:
    """Return whether a column of this type is a dictionary of single values, whose categories can be kept."""
    import pyarrow as pa

    if not pa.types.is_dictionary(kind):
        return False
    value_type = kind.value_type
    return not (
        pa.types.is_nested(value_type) or pa.types.is_null(value_type) or isinstance(value_type, pa.BaseExtensionType)
    )


def _indexed(chunk: "pa.Array", values: "pa.Array", kind: "pa.DataType") -> "pa.DictionaryArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    indices = pc.index_in(_without_views(chunk), value_set=_without_views(values)).cast(kind.index_type)
    return pa.DictionaryArray.from_arrays(indices, values, ordered=kind.ordered)


def _distinct(parts: "Iterable[pa.Array]", kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = [_without_views(part.cast(kind)) for part in parts]
    if not plain:
        return pa.array([], kind)
    return pc.unique(pa.concat_arrays(plain)).drop_null().cast(kind)


def _without_views(array: "pa.Array") -> "pa.Array":
    """Return text views as text: Arrow has no way to pick from views."""
    import pyarrow as pa

    if pa.types.is_string_view(array.type):
        return array.cast(pa.large_string())
    return array.cast(pa.large_binary()) if pa.types.is_binary_view(array.type) else array


def _wide_enough(index_type: "pa.DataType", n_categories: int) -> "pa.DataType":
    import pyarrow as pa

    is_signed = pa.types.is_signed_integer(index_type)
    if n_categories <= 2 ** (index_type.bit_width - is_signed):
        return index_type
    return pa.int64()
