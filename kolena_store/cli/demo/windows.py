"""A detector that looks through windows of several sizes at every place, and asks a classifier what each shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolena_store.cli.demo.components import NOTHING, READ, darkness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Boxes = NDArray[np.float64]

__all__ = ["SIZES", "WindowDetector", "overlaps_with", "without_neighbours"]

SIZES = (14, 17, 21, 26, 32, 39)  # pixels along the side of a window
STEP = 1  # pixels of what the classifier reads, from one window to the next
LEAST_SCORE = 0.05
MOST_OVERLAP = 0.3  # of two windows that are both kept
LEAST_INK = 0.05  # mean darkness of a window that is looked at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowDetector:
    """Reads the image through windows, and keeps those that show a digit better than those around them."""

    reader: Any
    shapes: "NDArray[np.float64]"  # width and height of each digit, as shares of the window

    def detections(self, pixels: "Pixels") -> "tuple[Boxes, NDArray[np.int64], NDArray[np.float64]]":
        """Return boxes (left, top, width, height), digits and scores of what is found on an image."""
        windows, digits, scores = self._likely(pixels)
        boxes = _shaped(windows, self.shapes[digits])
        kept = without_neighbours(boxes, scores)
        return boxes[kept], digits[kept], scores[kept]

    def looked_at(self, pixels: "Pixels") -> "Boxes":
        """Return the windows that are likely to show a digit, without those that overlap a likelier one much."""
        windows, _, scores = self._likely(pixels)
        return windows[without_neighbours(windows, scores)]

    def _likely(self, pixels: "Pixels") -> "tuple[Boxes, NDArray[np.int64], NDArray[np.float64]]":
        import numpy as np

        windows, inputs = (np.concatenate(part) for part in zip(*_windows(darkness(pixels)), strict=True))
        chances = self.reader.predict_proba(inputs)[:, :NOTHING]
        digits, scores = chances.argmax(axis=1), chances.max(axis=1)
        likely = scores >= LEAST_SCORE
        return windows[likely], digits[likely], scores[likely]


def _windows(dark: "NDArray[np.float64]") -> "Iterator[tuple[Boxes, NDArray[np.float64]]]":
    """Yield the windows of each size that have ink, and what the classifier reads in them."""
    import numpy as np
    from PIL import Image

    image = Image.fromarray((dark * 255).astype(np.uint8))
    for size in SIZES:
        side = round(dark.shape[0] * READ / size)
        small = np.asarray(image.resize((side, side), Image.Resampling.BOX), dtype=np.float64) / 255
        views = np.lib.stride_tricks.sliding_window_view(small, (READ, READ))[::STEP, ::STEP]
        has_ink = views.mean(axis=(2, 3)) >= LEAST_INK
        rows, columns = np.nonzero(has_ink)
        inputs = views[has_ink].reshape(-1, READ * READ)
        scale = dark.shape[0] / side
        corners = np.column_stack([columns, rows]) * STEP * scale
        sides = np.full((len(rows), 2), READ * scale)
        yield np.hstack([corners, sides]), inputs / np.maximum(inputs.max(axis=1, keepdims=True), 1 / 255)


def _shaped(windows: "Boxes", shapes: "NDArray[np.float64]") -> "Boxes":
    """Return boxes of the usual shape of their digits in the middle of the windows."""
    import numpy as np

    sides = windows[:, 2:] * shapes
    return np.hstack([windows[:, :2] + (windows[:, 2:] - sides) / 2, sides])


def without_neighbours(boxes: "Boxes", scores: "NDArray[np.float64]") -> "NDArray[np.int64]":
    """Return the boxes that are kept, the best first: none overlaps a better one much."""
    import numpy as np

    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[overlaps_with(boxes[best], boxes[rest]) < MOST_OVERLAP]
    return np.array(kept, dtype=np.int64)


def overlaps_with(box: "NDArray[np.float64]", boxes: "Boxes") -> "NDArray[np.float64]":
    """Return the intersection over union of a box with each of some boxes."""
    import numpy as np

    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    return np.asarray(shared / (np.prod(boxes[:, 2:], axis=1) + np.prod(box[2:]) - shared))
