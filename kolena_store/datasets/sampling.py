"""How the samples of a dataset were drawn: which field groups them, and which one weighs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.database import Session
from kolena_store.errors import ChangedType, InvalidInput, MissingColumns
from kolena_store.statements import identifier, statement

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = ["Sampling", "check_sampling", "check_weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The metadata field that names each sample's cluster (a patient, a video, a document), and the one of its weight.

    None: every sample is a cluster of its own, and all count alike.
    """

    cluster: str | None = None
    weight: str | None = None

    def document(self) -> dict[str, str]:
        """Return the fields that are named, as plain JSON values."""
        return {name: value for name, value in (("cluster", self.cluster), ("weight", self.weight)) if value}

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> "Sampling":
        """Return what a document describes."""
        return cls(**(document or {}))

    def after(self, before: "Sampling") -> "Sampling":
        """Return what holds after `before`: a field that is not given stays, an empty text takes it away."""
        return Sampling(
            cluster=(before.cluster if self.cluster is None else self.cluster) or None,
            weight=(before.weight if self.weight is None else self.weight) or None,
        )


def check_sampling(where: str, schema: "pa.Schema", sampling: Sampling) -> None:
    """Check that a table has the fields, and that they can be what they are said to be.

    Raises:
        MissingColumns: one is not there.
        ChangedType: a cluster is nested, or a weight no number.
    """
    import pyarrow.types as types

    missing = [name for name in sampling.document().values() if name not in schema.names]
    if missing:
        raise MissingColumns.of(where, missing, schema.names)
    if sampling.cluster and types.is_nested(schema.field(sampling.cluster).type):
        raise ChangedType(
            f"{where}: the cluster field {sampling.cluster!r} holds {schema.field(sampling.cluster).type}; "
            "name a field with one plain value a row"
        )
    if sampling.weight and not _is_number(schema.field(sampling.weight).type):
        raise ChangedType(
            f"{where}: the weight field {sampling.weight!r} holds {schema.field(sampling.weight).type}; "
            "name a field of numbers"
        )


def check_weights(session: Session, where: str, paths: "list[Path]", weight: str) -> None:
    """Check that every row has a weight that is a finite number and not negative.

    Raises:
        InvalidInput: some have not.
    """
    query = statement("queries/datasets", "bad_weights").fill(weight=identifier(weight))
    found = session.rows(query, files=[str(path) for path in paths])
    if found:
        value, n_bad = found[0]
        raise InvalidInput(
            f"{where}: {n_bad:,} rows have no usable weight in {weight!r} (the first has {value}); "
            "give each a finite number from 0 on"
        )


def _is_number(kind: "pa.DataType") -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))
