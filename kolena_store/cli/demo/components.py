"""A detector that looks for connected ink, and reads each piece with a classifier of digits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Flags = NDArray[np.bool_]
    Boxes = NDArray[np.float64]

__all__ = ["NOTHING", "READ", "ComponentDetector", "connected", "darkness", "inked", "pieces_of", "read_at"]

NOTHING = 10  # the class of pieces and windows that show no digit
READ = 10  # pixels along each side of what a classifier reads
AROUND = 40  # pixels of paper that are thought of beyond the edges
NEAR = 24  # pixels around one that say how light the paper is there
MARGIN = 0.25  # how much darker than the paper ink is, as a share of its light
SMALLEST = 8  # pixels along the longer side of a piece that may be a digit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComponentDetector:
    """Finds pieces of connected ink, and gives each the digit that its reader takes it for."""

    reader: Any

    def detections(self, pixels: "Pixels") -> "tuple[Boxes, NDArray[np.int64], NDArray[np.float64]]":
        """Return boxes (left, top, width, height), digits and scores of what is found on an image."""
        import numpy as np

        dark = darkness(pixels)
        boxes = pieces_of(inked(dark))
        if not len(boxes):
            return np.zeros((0, 4)), np.zeros(0, dtype=np.int64), np.zeros(0)
        chances = self.reader.predict_proba(np.stack([read_at(dark, box) for box in boxes]))
        digits = chances.argmax(axis=1)
        is_digit = digits != NOTHING
        return boxes[is_digit], digits[is_digit], chances.max(axis=1)[is_digit]


def darkness(pixels: "Pixels") -> "NDArray[np.float64]":
    """Return how dark each pixel is beside the paper around it: 0 as light as the paper, 1 black."""
    import numpy as np

    light = pixels / 255.0
    n = len(light) // NEAR + 1
    padded = np.pad(light, ((0, n * NEAR - light.shape[0]), (0, n * NEAR - light.shape[1])), mode="edge")
    blocks = np.percentile(padded.reshape(n, NEAR, n, NEAR), 85, axis=(1, 3))
    paper = np.repeat(np.repeat(blocks, NEAR, axis=0), NEAR, axis=1)[: light.shape[0], : light.shape[1]]
    return np.clip(1 - light / np.maximum(paper, 1e-3), 0, 1)


def inked(dark: "NDArray[np.float64]") -> "Flags":
    """Return which pixels are ink: darker than the paper, as most of their neighbours are."""
    import numpy as np

    padded = np.pad(dark, 1, mode="edge")
    smooth = sum(padded[row : row + dark.shape[0], column : column + dark.shape[1]] for row, column in np.ndindex(3, 3))
    return np.asarray(smooth / 9 >= MARGIN)


def connected(flags: "Flags") -> "NDArray[np.int64]":
    """Return a number for each pixel that is set, the same for those that touch, also by a corner; 0 elsewhere."""
    import numpy as np

    labels = np.where(flags, np.arange(1, flags.size + 1).reshape(flags.shape), 0)
    while True:
        padded = np.pad(labels, 1)
        near = [
            padded[row : row + flags.shape[0], column : column + flags.shape[1]] for row, column in np.ndindex(3, 3)
        ]
        highest = np.where(flags, np.max(near, axis=0), 0)
        if (highest == labels).all():
            return labels
        labels = highest


def pieces_of(flags: "Flags") -> "Boxes":
    """Return the box of each piece of ink that is large enough, as left, top, width and height."""
    import numpy as np

    labels = connected(flags)
    rows, columns = np.nonzero(labels)
    names, piece = np.unique(labels[rows, columns], return_inverse=True)
    low, high = np.full((2, len(names)), flags.size), np.zeros((2, len(names)), dtype=np.int64)
    for axis, places in enumerate((columns, rows)):
        np.minimum.at(low[axis], piece, places)
        np.maximum.at(high[axis], piece, places + 1)
    boxes = np.concatenate([low, high - low]).T.astype(np.float64)
    return np.asarray(boxes[boxes[:, 2:].max(axis=1) >= SMALLEST])


def read_at(dark: "NDArray[np.float64]", box: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the ink in a box as a classifier reads it: on a square, at one size, the darkest pixel 1."""
    import numpy as np
    from PIL import Image

    x, y, width, height = box
    side = max(width, height)
    left, top = x + width / 2 - side / 2 + AROUND, y + height / 2 - side / 2 + AROUND
    page = Image.fromarray((np.pad(dark, AROUND) * 255).astype(np.uint8))
    square = page.resize((READ, READ), Image.Resampling.BOX, box=(left, top, left + side, top + side))
    ink: NDArray[np.float64] = np.asarray(square, dtype=np.float64).ravel() / 255
    return np.asarray(ink / max(float(ink.max()), 1 / 255))
