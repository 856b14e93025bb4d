"""Scenes of handwritten digits: several on one page, some touching, some under tape, in more or less light."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolena_store.cli.demo.rendering import INK_SEEN, INK_STRENGTH, TAPE_SHADE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Drawing = NDArray[np.float64]
    Pixels = NDArray[np.uint8]

__all__ = ["SIDE", "Box", "Crowd", "Placed", "Scene", "draw_scene"]

SIDE = 128  # pixels along each side of a scene
LEAST, MOST = 3, 7  # digits on a scene
SMALLEST, LARGEST = 16, 40  # pixels along the side that a digit is drawn at
TRIES = 40  # places that are tried for a digit before it is left out
DARK = 0.4  # how often there is little light
GRAIN = 0.5  # how often there is noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How often a digit is put close to another one, and how often tape covers a part of a digit."""

    close: float
    covered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Left, top, width and height in pixels."""

    x: int
    y: int
    width: int
    height: int

    def shared(self, other: "Box") -> int:
        """Return how many pixels both cover."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(across, 0) * max(down, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A digit on a scene, and what was measured of it."""

    source: int
    box: Box  # around all of its ink, covered or not
    occlusion: float  # share of its ink that tape hides
    crowding: float  # share of its box that boxes of other digits cover, the one that covers most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """An image with its digits; `brightness` is the mean of all pixels from 0 to 1, `noise` what was added to them."""

    pixels: "Pixels"
    digits: Sequence[Placed]
    brightness: float
    noise: float


def draw_scene(
    drawings: "Drawing", sources: "NDArray[np.int64]", crowd: Crowd, generator: "np.random.Generator"
) -> Scene:
    """Return a scene of some of the digits (each 8 x 8, ink of 0 to 1), drawn at random, and what is measured of it."""
    import numpy as np

    chosen = generator.choice(sources, int(generator.integers(LEAST, MOST + 1)), replace=False)
    ink, tape = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE), dtype=np.bool_)
    placed: list[tuple[int, Box, Drawing]] = []
    for source in chosen:
        side = int(generator.integers(SMALLEST, LARGEST + 1))
        others = [box for _, box, _ in placed]
        is_close = bool(others) and generator.random() < crowd.close
        found = _placed(_resized(drawings[int(source)], side), others, generator, is_close=is_close)
        if found is not None:
            placed.append((int(source), *found))
            ink = np.maximum(ink, found[1])
    for _, box, own in placed:
        if generator.random() < crowd.covered:
            tape |= _tape(own, box, float(generator.uniform(0.1, 0.45)), generator)
    pixels, noise = _developed(ink, tape, generator)
    digits = [
        Placed(
            source=source,
            box=box,
            occlusion=float(own[tape].sum() / own.sum()),
            crowding=max((box.shared(other) for _, other, _ in placed if other is not box), default=0)
            / (box.width * box.height),
        )
        for source, box, own in placed
    ]
    return Scene(pixels=pixels, digits=digits, brightness=float(pixels.mean() / 255), noise=noise)


def _resized(digit: "Drawing", side: int) -> "Drawing":
    """Return a digit at another size, cut to its ink."""
    import numpy as np
    from PIL import Image

    letter = Image.fromarray(np.round(digit * 255).astype(np.uint8))
    ink = np.asarray(letter.resize((side, side), Image.Resampling.BICUBIC)) / 255
    rows, columns = (np.flatnonzero((ink >= INK_SEEN).any(axis=axis)) for axis in (1, 0))
    return np.asarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _placed(
    digit: "Drawing", others: Sequence[Box], generator: "np.random.Generator", *, is_close: bool
) -> "tuple[Box, Drawing] | None":
    """Return where a digit goes and the page with its ink alone; None when there is no room for it."""
    import numpy as np

    height, width = digit.shape
    for _ in range(TRIES):
        x, y = (int(generator.integers(1, SIDE - extent)) for extent in (width, height))
        box = Box(x=x, y=y, width=width, height=height)
        shared = max(
            (box.shared(other) / min(width * height, other.width * other.height) for other in others), default=0
        )
        if 0.02 < shared < 0.35 if is_close else not any(map(_grown(box).shared, others)):
            page = np.zeros((SIDE, SIDE))
            page[y : y + height, x : x + width] = digit
            return box, page
    return None


def _grown(box: Box) -> Box:
    """Return a box with a margin, so that digits that are not close do not touch."""
    return Box(x=box.x - 3, y=box.y - 3, width=box.width + 6, height=box.height + 6)


def _tape(ink: "Drawing", box: Box, share: float, generator: "np.random.Generator") -> "NDArray[np.bool_]":
    """Return which pixels lie under a strip of tape across a digit, just wide enough to hide `share` of its ink."""
    import numpy as np

    is_upright = generator.random() < 0.5
    along = ink.sum(axis=0 if is_upright else 1)
    start, extent = (box.x, box.width) if is_upright else (box.y, box.height)
    first = start + int(generator.integers(0, max(extent // 2, 1)))
    hidden = np.cumsum(along[first : start + extent])
    wide = min(int(np.searchsorted(hidden, share * along.sum())) + 1, start + extent - first)
    tape = np.zeros(ink.shape, dtype=np.bool_)
    if is_upright:
        tape[max(box.y - 2, 0) : box.y + box.height + 2, first : first + wide] = True
    else:
        tape[first : first + wide, max(box.x - 2, 0) : box.x + box.width + 2] = True
    return tape


def _developed(ink: "Drawing", tape: "NDArray[np.bool_]", generator: "np.random.Generator") -> "tuple[Pixels, float]":
    """Return the page as it is lit and photographed, and how much noise that adds (standard deviation)."""
    import numpy as np

    light = float(generator.uniform(0.3, 0.6) if generator.random() < DARK else generator.uniform(0.75, 0.95))
    slope = generator.uniform(-0.15, 0.15, 2)
    rows, columns = np.indices(ink.shape) / SIDE - 0.5
    page = light * (1 + slope[0] * rows + slope[1] * columns) * np.where(tape, TAPE_SHADE, 1 - INK_STRENGTH * ink)
    spread = float(generator.uniform(0.02, 0.08)) if generator.random() < GRAIN else 0.0
    still = np.clip(np.round(page * 255), 0, 255)
    noisy = np.clip(np.round(page * 255 + generator.normal(0, spread * 255, page.shape)), 0, 255) if spread else still
    return noisy.astype(np.uint8), float(np.std(noisy - still) / 255)
