"""Metadata of images that come as a table of their own, joined by a field."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.datasets import table_of_input
from kolena_store.errors import ChangedType, DuplicateIds, InvalidInput, MissingColumns, UnmatchedResults, shown
from kolena_store.formats import open_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FurtherMetadata", "further_metadata"]


def further_metadata(source: object, on: str | None) -> "FurtherMetadata | None":
    """Return a table of further metadata, or None when none was given.

    Raises:
        InvalidInput: a table was given without the field to join by, or the field without a table.
    """
    if (source is None) != (on is None):
        raise InvalidInput("further metadata need a table and the field to join by: --metadata FILE --on FIELD")
    return None if source is None or on is None else FurtherMetadata(source=source, on=on)


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherMetadata:
    """A table with further fields of images, and the field that both share; an image without a row has NULL there."""

    source: object
    on: str

    def joined(self, images: "pa.Table") -> "pa.Table":
        """Return the images with the further fields.

        Raises:
            MissingColumns: one side lacks the field.
            ChangedType: its values are of different types.
            DuplicateIds: two rows of the table have the same value there.
            UnmatchedResults: a row belongs to no image.
            InvalidInput: both sides have another field of the same name.
        """
        import pyarrow as pa

        if self.on not in images.column_names:
            raise MissingColumns.of("the images", [self.on], images.column_names)
        rows = open_table(self.source, expected={self.on: images.schema.field(self.on).type})
        if self.on not in rows.schema.names:
            raise MissingColumns.of(rows.name, [self.on], rows.schema.names)
        table = table_of_input(rows)
        twice = [name for name in table.column_names if name != self.on and name in images.column_names]
        if twice:
            raise InvalidInput(f"{rows.name}: the images have the fields {shown(twice)} already; rename or drop them")
        keys, wanted = table.column(self.on).to_pylist(), images.column(self.on).to_pylist()
        if keys and wanted and type(keys[0]) is not type(wanted[0]):
            raise ChangedType(
                f"{rows.name}: {self.on!r} holds {table.schema.field(self.on).type}, that of the images "
                f"{images.schema.field(self.on).type}; convert it"
            )
        places: dict[object, int] = {}
        for place, key in enumerate(keys):
            if key in places:
                raise DuplicateIds(f"{rows.name}: {self.on} {key!r} stands in two rows; leave one of them")
            places[key] = place
        strange = sorted(map(repr, set(keys) - set(wanted)))
        if strange:
            raise UnmatchedResults(
                f"{rows.name}: no image has {self.on} {shown(strange, str)}; correct it, or leave the rows out"
            )
        found = table.drop_columns([self.on]).take(pa.array([places.get(key) for key in wanted], pa.int64()))
        for field in found.schema:
            images = images.append_column(field, found.column(field.name))
        return images
