"""Keypoint detection: skeletons with a score, matched to those that are there by how near their keypoints are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from kolena_store.datasets import Columns
from kolena_store.errors import InvalidInput
from kolena_store.workflows.base import Facts, OptionHelp, ScoringInput
from kolena_store.workflows.box_scenes import BoxFields
from kolena_store.workflows.configuration import Configuration
from kolena_store.workflows.keypoint_columns import Keypoints
from kolena_store.workflows.object_detection import ObjectDetection
from kolena_store.workflows.object_facts import object_facts
from kolena_store.workflows.options import check_column_names

__all__ = ["KeypointDetection"]

MOST_DETECTIONS = 20
"""Of an image and class, as COCO counts keypoints."""


@dataclass(frozen=True)
class KeypointDetection(ObjectDetection):
    """Objects with keypoints: how alike two of them are is COCO's object keypoint similarity.

    Objects need a box too, and may have an area, as those of `ObjectDetection`; an object without a visible keypoint is
    ignored.

    Args:
        keypoints: the field with a list of x, y and visibility of each keypoint, on both sides.
        sigmas: how far people place each keypoint apart, in units of an object's size; None: COCO's 17 of a person.

    Raises:
        InvalidInput: an option that names no field, or sigmas that are none.
    """

    keypoints: str = "keypoints"
    sigmas: Sequence[float] | None = None

    name: ClassVar[str] = "keypoint-detection"
    scorer_version: ClassVar[str] = "1"
    option_help: ClassVar[Mapping[str, OptionHelp]] = MappingProxyType(
        {
            **ObjectDetection.option_help,
            "keypoints": OptionHelp("FIELD", "The objects' field with x, y, visibility, ..., e.g. --keypoints joints."),
            "sigmas": OptionHelp("NUMBER,NUMBER", "How far people place each keypoint apart, e.g. --sigmas .03,.05."),
        }
    )

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_column_names("KeypointDetection", keypoints=self.keypoints or "")
        if self.sigmas is not None:
            object.__setattr__(self, "sigmas", _checked_sigmas(self.sigmas))

    @property
    def fields(self) -> BoxFields:
        """Return what the fields of an object are."""
        from kolena_store.matching.keypoints import COCO_SIGMAS

        sigmas = tuple(self.sigmas) if self.sigmas is not None else COCO_SIGMAS
        return replace(super().fields, keypoints=Keypoints(field=self.keypoints, sigmas=sigmas))

    def columns(self) -> Columns:
        """Return the objects of both sides, which have a box, keypoints, and a label unless all are alike."""
        found = super().columns()
        truths, answers = (
            tuple(replace(need, fields=(*need.fields, self.keypoints)) for need in side)
            for side in (found.ground_truth, found.inference)
        )
        return replace(found, ground_truth=truths, inference=answers)

    def prepare(self, inputs: ScoringInput, configuration: Configuration) -> Facts:
        """Return how objects are matched; classes and thresholds are found when all are."""
        if configuration.ignore == "caltech":
            raise InvalidInput(
                "ignore='caltech' looks at how much of a detection lies in an ignored object, which keypoints don't "
                "tell; leave it away"
            )
        return object_facts(self.name, configuration, most=MOST_DETECTIONS)


def _checked_sigmas(given: object) -> tuple[float, ...]:
    is_list = isinstance(given, Sequence) and not isinstance(given, (str, bytes))
    try:
        sigmas = tuple(float(one) for one in given) if is_list else ()  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        sigmas = ()
    if not sigmas or not all(math.isfinite(one) and one > 0 for one in sigmas):
        raise InvalidInput(f"KeypointDetection(sigmas={given!r}): give a number above 0 for each keypoint")
    return sigmas
