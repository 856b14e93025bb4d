"""What the demo shows: real handwritten digits under measured conditions, and two models trained there and then."""

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
    "RenderedDigits",
    "demo_predictions",
    "demo_samples",
    "rendered_digits",
    "require_packages",
    "standard_text",
    "suite_text",
]
