"""Instance segmentation: masks with a label and a score, matched to the masks that are there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from kolena_store.datasets import ColumnNeed, Columns
from kolena_store.workflows.base import OptionHelp
from kolena_store.workflows.box_scenes import BoxFields
from kolena_store.workflows.mask_columns import Masks
from kolena_store.workflows.object_detection import ObjectDetection
from kolena_store.workflows.options import check_column_names

__all__ = ["InstanceSegmentation"]


@dataclass(frozen=True)
class InstanceSegmentation(ObjectDetection):
    """Masks on images: how much two of them overlap is the intersection of their pixels over the union.

    It needs the extra `masks`. Objects need a box too, as those of `ObjectDetection`.

    Args:
        mask: the field with the mask of an object, on both sides: polygons or a run-length encoding, as COCO has them,
            as JSON text or as they are.
        image_height: the field of the sample with the height of the image in pixels, for polygons.
        image_width: that with the width.

    Raises:
        InvalidInput: an option that names no field.
    """

    mask: str = "segmentation"
    image_height: str = "height"
    image_width: str = "width"

    name: ClassVar[str] = "instance-segmentation"
    scorer_version: ClassVar[str] = "1"
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {
            **ObjectDetection.option_help,
            "mask": OptionHelp("FIELD", "The objects' field with polygons or RLE, e.g. --mask outline."),
            "image_height": OptionHelp("FIELD", "FILE's column with the image's height, e.g. --image-height h."),
            "image_width": OptionHelp("FIELD", "FILE's column with the image's width, e.g. --image-width w."),
        }
    )

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        names = {"mask": self.mask, "image_height": self.image_height, "image_width": self.image_width}
        check_column_names("InstanceSegmentation", **{option: name or "" for option, name in names.items()})

    @property
    def fields(self) -> BoxFields:
        """Return what the fields of an object are."""
        masks = Masks(field=self.mask, height=self.image_height, width=self.image_width)
        return replace(super().fields, masks=masks)

    def columns(self) -> Columns:
        """Return the objects of both sides, which have a box and a mask, and the size of the image."""
        found = super().columns()
        truths, answers = (
            tuple(replace(need, fields=(*need.fields, self.mask)) for need in side)
            for side in (found.ground_truth, found.inference)
        )
        sizes = tuple(ColumnNeed(name=name, kind="number") for name in (self.image_height, self.image_width))
        return replace(found, ground_truth=truths, inference=answers, sample=sizes)
