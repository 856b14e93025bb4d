"""What is stored of the matching of one sample: its objects, its detections, and the pairs that overlap."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["MATCH_COLUMNS", "MatchedObjects", "match_arrays", "match_schema"]

MATCH_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "detections": "The usable detections by class and falling score with their matches, flat in the view matches",
        "truths": "The objects that are there, and in which settings of the matching each is ignored, as bits",
        "candidates": "The pairs of a detection and an object, by their places here, that overlap by 0.1 or more",
        "n_unusable": "Detections without a score or label",
    }
)
"""What each column of the sample metrics is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchedObjects:
    """The columns of one of the lists, and the row of each entry's sample; entries stand by sample."""

    rows: "np.ndarray"
    columns: "dict[str, pa.Array]"


def match_schema() -> "pa.Schema":
    """Return the sample metrics of workflows of objects."""
    import pyarrow as pa

    detections = [
        ("object", pa.int32()),
        ("label", pa.string()),
        ("score", pa.float64()),
        ("rank", pa.int32()),
        ("matched", pa.uint64()),
        ("ignored", pa.uint64()),
        ("truth", pa.int32()),
        ("overlap", pa.float64()),
        ("mistake", pa.string()),
        ("mistaken_for", pa.int32()),
        ("is_mendable", pa.bool_()),
        ("confused_with", pa.int32()),
    ]
    truths = [
        ("object", pa.int32()),
        ("label", pa.string()),
        ("area", pa.float64()),
        ("ignored", pa.uint64()),
        ("is_crowd", pa.bool_()),
        ("is_missed", pa.bool_()),
    ]
    candidates = [("detection", pa.int32()), ("truth", pa.int32()), ("overlap", pa.float64())]
    return pa.schema(
        [
            ("detections", pa.list_(pa.struct(detections))),
            ("truths", pa.list_(pa.struct(truths))),
            ("candidates", pa.list_(pa.struct(candidates))),
            ("n_unusable", pa.int32()),
        ]
    )


def match_arrays(n_rows: int, lists: "list[MatchedObjects]", n_unusable: "np.ndarray") -> "list[pa.Array]":
    """Return the columns of `match_schema` for some samples.

    Args:
        n_rows: how many samples there are.
        lists: the detections, the objects, and the candidates.
        n_unusable: how many detections of each sample could not be used.
    """
    import numpy as np
    import pyarrow as pa

    schema = match_schema()
    arrays = []
    for field, one in zip(schema, lists, strict=False):
        inside = field.type.value_type
        columns = [one.columns[child.name].cast(child.type) for child in inside]
        offsets = np.concatenate([[0], np.cumsum(np.bincount(one.rows, minlength=n_rows))])
        values = pa.StructArray.from_arrays(columns, fields=list(inside))
        arrays.append(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, type=field.type))
    return [*arrays, pa.array(n_unusable, pa.int32())]
