"""One handwritten digit drawn on a page under conditions, and what can be measured of the result."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Drawing = NDArray[np.float64]  # ink of 0 to 1 in each pixel
    Pixels = NDArray[np.uint8]

__all__ = ["PAGE", "SHARES", "Chances", "Conditions", "Measured", "drawn", "render"]

PAGE = 32  # pixels along each side
LETTER = 24  # pixels along the side of a digit at scale 1
WHITE = 0.95
INK_STRENGTH = 0.9  # share of the paper's light that full ink takes away
# Light of the tape that covers a digit, relative to the paper. How far v2 falls behind v1 on occluded digits depends on
# it: 27 points at 1 (tape as white as paper), 19 at .85, 4 at .7, 3 at .6 (accuracy, seed 0).
TAPE_SHADE = 0.85
INK_SEEN = 0.25  # ink from which a pixel counts as part of the digit
SHARES = ("occlusion", "rotation", "brightness", "noise", "scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What happens to one digit; the defaults change nothing."""

    occlusion: float = 0.0  # at least this share of the ink lies under tape
    rotation: float = 0.0  # degrees, counter-clockwise
    paper: float = WHITE  # light of the empty page
    noise: float = 0.0  # standard deviation of what is added to each pixel
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """How often each condition is drawn, independently of the others."""

    occlusion: float = 0.0
    rotation: float = 0.0
    brightness: float = 0.0
    noise: float = 0.0
    scale: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A rendered digit and what was measured of it; all but `rotation`, which is exact, is read from the pixels."""

    pixels: "Pixels"
    occlusion: float  # share of the digit's ink that the tape hides
    rotation: float  # degrees, counter-clockwise
    brightness: float  # mean of all pixels, 0 black to 1 white
    noise: float  # standard deviation of what the noise changed in the pixels
    scale: float  # side of the drawn digit over its side at full size
    height: int  # rows of the page that the digit takes, tape or not
    ink: float  # share of the page that is visibly inked


def drawn(chances: Chances, generator: "np.random.Generator") -> Conditions:
    """Return conditions drawn at random, at least one: each with its chance, and then evenly within its range."""
    while (conditions := _drawn_once(chances, generator)) == Conditions():
        pass
    return conditions


def _drawn_once(chances: Chances, generator: "np.random.Generator") -> Conditions:
    happens = dict(zip(SHARES, generator.random(len(SHARES)), strict=True))
    occlusion, paper, noise, scale = generator.uniform((0.1, 0.35, 0.03, 0.7), (0.5, 0.85, 0.15, 0.95))
    turn = round(float(generator.uniform(5, 25) * generator.choice((-1, 1))), 1)
    return Conditions(
        occlusion=float(occlusion) if happens["occlusion"] < chances.occlusion else 0.0,
        rotation=turn if happens["rotation"] < chances.rotation else 0.0,
        paper=float(paper) if happens["brightness"] < chances.brightness else WHITE,
        noise=float(noise) if happens["noise"] < chances.noise else 0.0,
        scale=float(scale) if happens["scale"] < chances.scale else 1.0,
    )


def render(digit: "Drawing", conditions: Conditions, generator: "np.random.Generator") -> Measured:
    """Return a digit (8 x 8, ink of 0 to 1) drawn, turned, covered, lit and disturbed, in this order, and measured."""
    import numpy as np

    side = round(LETTER * conditions.scale)
    ink = _inked(digit, side, conditions.rotation)
    tape = _tape(ink, conditions.occlusion, generator)
    seen = np.where(tape, 0.0, ink)
    page = conditions.paper * np.where(tape, TAPE_SHADE, 1 - INK_STRENGTH * seen)
    still = _developed(page)
    pixels = _developed(page + generator.normal(0, conditions.noise, page.shape)) if conditions.noise else still
    rows = np.flatnonzero((ink >= INK_SEEN).any(axis=1))
    return Measured(
        pixels=pixels,
        occlusion=1 - float(seen.sum() / ink.sum()),
        rotation=conditions.rotation,
        brightness=float(pixels.mean() / 255),
        noise=float(np.std((pixels.astype(float) - still) / 255)),
        scale=side / LETTER,
        height=int(rows[-1] - rows[0] + 1),
        ink=float(seen.mean()),
    )


def _inked(digit: "Drawing", side: int, rotation: float) -> "Drawing":
    """Return the ink of a page with the digit in its middle."""
    import numpy as np
    from PIL import Image

    letter = Image.fromarray(np.round(digit * 255).astype(np.uint8))
    page = Image.new("L", (PAGE, PAGE))
    page.paste(letter.resize((side, side), Image.Resampling.BICUBIC), ((PAGE - side) // 2, (PAGE - side) // 2))
    return np.asarray(page.rotate(rotation, Image.Resampling.BICUBIC) if rotation else page) / 255


def _tape(ink: "Drawing", share: float, generator: "np.random.Generator") -> "NDArray[np.bool_]":
    """Return which pixels lie under tape: a rectangle around an inked pixel, just large enough to hide `share`."""
    import numpy as np

    if share == 0:
        return np.zeros(ink.shape, dtype=np.bool_)
    inked = np.argwhere(ink >= INK_SEEN)
    row, column = inked[generator.integers(len(inked))]
    stretch = math.sqrt(generator.uniform(0.4, 2.5))
    rows, columns = np.indices(ink.shape)
    distance = np.maximum(np.abs(rows - row) * stretch, np.abs(columns - column) / stretch)
    nearest = np.argsort(distance, axis=None, kind="stable")
    hidden = np.cumsum(ink.ravel()[nearest])
    edge = nearest[int(np.searchsorted(hidden, share * hidden[-1]))]
    return np.asarray(distance <= distance.ravel()[edge])


def _developed(page: "Drawing") -> "Pixels":
    import numpy as np

    return np.clip(np.round(page * 255), 0, 255).astype(np.uint8)
