"""What the demos show: real handwritten digits under measured conditions, and models trained there and then."""

from kolena_store.cli.demo.detection import (
    DrawnScenes,
    check_folder,
    demo_detections,
    drawn_scenes,
    scenes_standard_text,
    scenes_suite_text,
)
from kolena_store.cli.demo.digits import (
    RenderedDigits,
    demo_samples,
    rendered_digits,
    require_packages,
    standard_text,
    suite_text,
)
from kolena_store.cli.demo.training import demo_predictions

__all__ = [
    "DrawnScenes",
    "RenderedDigits",
    "check_folder",
    "demo_detections",
    "demo_predictions",
    "demo_samples",
    "drawn_scenes",
    "rendered_digits",
    "require_packages",
    "scenes_standard_text",
    "scenes_suite_text",
    "standard_text",
    "suite_text",
]
