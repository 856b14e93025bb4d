"""An embedded analytical store for testing machine-learning models.

The names below are imported when they are first used, so that `import kolena_store` loads no third-party package.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kolena_store.attribution import Attribution
    from kolena_store.comparisons import Comparison, Difference
    from kolena_store.errors import StoreError
    from kolena_store.histories import History
    from kolena_store.standards import CheckReport, Standard, read_standard
    from kolena_store.store import Store
    from kolena_store.test_runs import ConfusionMatrix, MetricValue, TestResults, TestRun
    from kolena_store.test_suites import Bins, ExplicitCase
    from kolena_store.workflows import Configuration, read_configuration
    from kolena_store.workflows.classification import Classification
    from kolena_store.workflows.custom import Custom
    from kolena_store.workflows.instance_segmentation import InstanceSegmentation
    from kolena_store.workflows.judged import Judged
    from kolena_store.workflows.keypoint_detection import KeypointDetection
    from kolena_store.workflows.multilabel import MultilabelClassification
    from kolena_store.workflows.object_detection import ObjectDetection
    from kolena_store.workflows.regression import Regression

__version__ = "0.1.0"

__all__ = [
    "Attribution",
    "Bins",
    "CheckReport",
    "Classification",
    "Comparison",
    "Configuration",
    "ConfusionMatrix",
    "Custom",
    "Difference",
    "ExplicitCase",
    "History",
    "InstanceSegmentation",
    "Judged",
    "KeypointDetection",
    "MultilabelClassification",
    "MetricValue",
    "ObjectDetection",
    "Regression",
    "Standard",
    "Store",
    "StoreError",
    "TestResults",
    "TestRun",
    "read_configuration",
    "read_standard",
]

_HOMES = (
    ("attribution", ("Attribution",)),
    ("comparisons", ("Comparison", "Difference")),
    ("errors", ("StoreError",)),
    ("histories", ("History",)),
    ("standards", ("CheckReport", "Standard", "read_standard")),
    ("store", ("Store",)),
    ("test_runs", ("ConfusionMatrix", "MetricValue", "TestResults", "TestRun")),
    ("test_suites", ("Bins", "ExplicitCase")),
    ("workflows", ("Configuration", "read_configuration")),
)


def __getattr__(name: str) -> object:
    for module, names in _HOMES:
        if name in names:
            return getattr(import_module(f"kolena_store.{module}"), name)
    if name[:1].isupper() and name in _workflow_classes():
        return _workflow_classes()[name]
    raise AttributeError(f"module 'kolena_store' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_workflow_classes()})


def _workflow_classes() -> dict[str, object]:
    """Return class name -> class of every workflow, those without an import above among them."""
    found: dict[str, object] = import_module("kolena_store.workflows").workflow_classes()
    return found
