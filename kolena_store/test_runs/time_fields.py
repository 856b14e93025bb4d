"""What there is to say of samples that were taken over time."""

from collections.abc import Iterator

from kolena_store.datasets import VersionRecord
from kolena_store.errors import shown

__all__ = ["time_notes"]


def time_notes(version: VersionRecord) -> Iterator[str]:
    """Yield that samples near each other in time may be alike, where metadata are times and no cluster is named.

    Neighbours that vary together leave less to rest on than their number, and intervals come out too narrow.
    """
    fields = _time_fields(version) if version.sampled.cluster is None else []
    if fields:
        yield (
            f"samples near each other in {shown(fields)} may be alike, and intervals take each for itself; a field of "
            "what belongs together (cluster=, --cluster), such as the day, would make them as wide as they should be"
        )


def _time_fields(version: VersionRecord) -> list[str]:
    """Return the metadata that are dates or moments."""
    import pyarrow.types as types

    return [
        field.name
        for field in version.field_list
        if field.role == "metadata"
        and (types.is_date(version.plain_types[field.name]) or types.is_timestamp(version.plain_types[field.name]))
    ]
