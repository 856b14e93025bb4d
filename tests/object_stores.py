"""Stores of objects for tests: random scenes as tables."""

from typing import Any

from scenes import Scene

import kolena_store as ks

SIDES = ("x", "y", "width", "height")


def image_rows(scene: Scene) -> list[dict[str, Any]]:
    """Return a row for each image, with metadata to cut by."""
    return [
        {"image": image, "half": "first" if image * 2 < scene.n_images else "second", "video": f"v{image % 7}"}
        for image in range(scene.n_images)
    ]


def truth_rows(scene: Scene) -> list[dict[str, Any]]:
    """Return a row for each object."""
    return [
        {"image": image, "label": f"c{label}", **dict(zip(SIDES, box, strict=True)), "is_crowd": crowd}
        for image, label, box, crowd in scene.truths
    ]


def detection_rows(scene: Scene) -> list[dict[str, Any]]:
    """Return a row for each detection."""
    return [
        {"image": image, "label": f"c{label}", **dict(zip(SIDES, box, strict=True)), "score": score}
        for image, label, box, score in scene.detections
    ]


def store_of(scene: Scene, *, workflow: ks.ObjectDetection | None = None, **options: Any) -> ks.Store:
    """Return a store with the dataset `d` and the results of `m`."""
    store = ks.Store()
    store.upload_dataset(
        "d",
        image_rows(scene),
        id_fields=["image"],
        objects=truth_rows(scene),
        workflow=workflow or ks.ObjectDetection(),
        **options,
    )
    store.upload_results("d", "m", detection_rows(scene))
    return store
