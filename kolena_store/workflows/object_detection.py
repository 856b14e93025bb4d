"""Object detection: boxes with a label and a score, matched to the boxes that are there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from kolena_store.datasets import OBJECTS, ColumnNeed, Columns
from kolena_store.errors import InvalidInput
from kolena_store.workflows.base import Facts, OptionHelp, ScoringInput, Workflow, WrongObject
from kolena_store.workflows.box_scenes import BoxFields, found_geometry, scored_boxes, wrong_box_object
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.object_facts import concluded_facts, object_facts
from kolena_store.workflows.object_matches import MATCH_COLUMNS, match_schema
from kolena_store.workflows.options import check_column_names

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ObjectDetection"]

BOX = ("x", "y", "width", "height")


@dataclass(frozen=True)
class ObjectDetection(Workflow):
    """Boxes on images: any number of them are there, and any number are found.

    Args:
        label: the field with the class of an object, on both sides; None: all objects are of one class.
        score: the field with the score of a detection.
        box: the fields with left, top, width and height in pixels, on both sides.
        corners: in place of them the fields with left, top, right and bottom.
        crowd: the field that says of a true object that it stands for many; there need not be one.
        ignored: the field that says of a true object that it is neither found nor missed; there need not be one.
        area: the field with the area of a true object, as its mask covers it; without one it is that of the box.

    Raises:
        InvalidInput: an option that names no field.
    """

    label: str | None = "label"
    score: str = "score"
    box: Sequence[str] = BOX
    corners: Sequence[str] | None = None
    crowd: str | None = "is_crowd"
    ignored: str | None = "is_ignored"
    area: str | None = "area"

    name: ClassVar[str] = "object-detection"
    metric_file: ClassVar[str] = "metrics/objects"
    scorer_version: ClassVar[str] = "1"
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {
            "label": OptionHelp("FIELD", "The objects' field with the class, e.g. --label category."),
            "score": OptionHelp("FIELD", "The detections' field with the score, e.g. --score confidence."),
            "box": OptionHelp("FIELD,FIELD,FIELD,FIELD", "Left, top, width and height, e.g. --box x,y,w,h."),
            "corners": OptionHelp("FIELD,FIELD,FIELD,FIELD", "Left, top, right and bottom, e.g. --corners l,t,r,b."),
            "crowd": OptionHelp("FIELD", "The objects' field that marks a crowd, e.g. --crowd is_crowd."),
            "ignored": OptionHelp("FIELD", "The objects' field that marks what is ignored, e.g. --ignored difficult."),
            "area": OptionHelp("FIELD", "The objects' field with the area, e.g. --area area."),
        }
    )
    sample_metrics_help: ClassVar[Mapping[str, str]] = MATCH_COLUMNS

    def __post_init__(self) -> None:
        """Check the options."""
        names = {"label": self.label, "score": self.score or "", "crowd": self.crowd, "ignored": self.ignored}
        check_column_names("ObjectDetection", **names, area=self.area)
        for option in ("box", "corners"):
            given = getattr(self, option)
            if given is not None:
                object.__setattr__(self, option, _four_names(option, given))

    @property
    def matches_objects(self) -> bool:
        """Whether the sample metrics are matches of objects: they are."""
        return True

    @property
    def fields(self) -> BoxFields:
        """Return what the fields of an object are."""
        return BoxFields(
            label=self.label,
            score=self.score,
            box=tuple(self.corners or self.box),
            are_corners=self.corners is not None,
            crowd=self.crowd,
            ignored=self.ignored,
            area=self.area,
        )

    def columns(self) -> Columns:
        """Return the objects of both sides, which have the fields of a box, and a label unless all are alike."""
        shared = (*self.fields.box, *((self.label,) if self.label else ()))
        return Columns(
            ground_truth=(ColumnNeed(name=OBJECTS, kind="objects", fields=shared),),
            inference=(ColumnNeed(name=OBJECTS, kind="objects", fields=(*shared, self.score)),),
            answer=OBJECTS,
        )

    def headlines(self) -> tuple[str, ...]:
        """Return COCO's average precision, that at a single overlap, and the recall at the threshold."""
        return ("ap", "ap50", "recall")

    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return how objects are matched; classes and thresholds are found when all are."""
        return object_facts(self.name, configuration)

    def facts_to_keep(self, before: Facts, after: Facts) -> Facts | None:
        """Return the new facts, as long as objects are matched as before."""
        return after if (before.overlaps, before.constants) == (after.overlaps, after.constants) else None

    def conclude(self, facts: Facts, inputs: ScoringInput, scored: "Callable[[Sequence[str]], pa.Table]") -> Facts:
        """Return the classes that occur, and the threshold of each class."""
        return concluded_facts(facts, inputs, scored)

    def sample_metrics_schema(self, facts: Facts) -> "pa.Schema":
        """Return the detections with their matches, the objects, and the pairs that overlap."""
        return match_schema()

    def score_batch(self, batch: "pa.RecordBatch", facts: Facts) -> "list[pa.Array]":
        """Return the matches of each sample."""
        return scored_boxes(self.fields, batch, facts)

    def found_geometry(self, batch: "pa.RecordBatch") -> "pa.Table":
        """Return a row for each detection: `_sample`, `_object`, label, box and area, named as those of objects."""
        return found_geometry(self.fields, batch)

    def wrong_object(self, side: str, batch: "pa.RecordBatch") -> WrongObject | None:
        """Return the first object without a box, or without a label that it needs."""
        return wrong_box_object(self.fields, side, batch)


def _four_names(option: str, given: object) -> tuple[str, ...]:
    names: tuple[object, ...] = ()
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        names = tuple(given)
    found = tuple(name for name in names if isinstance(name, str) and name)
    if len(names) != len(BOX) or len(found) != len(BOX):
        raise InvalidInput(f"ObjectDetection({option}={given!r}): name four fields, such as {list(BOX)}")
    return found
