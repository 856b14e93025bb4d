"""The two detectors of the demo, trained on scenes of the digits that the test scenes do not show."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from kolena_store.cli.demo.components import NOTHING, ComponentDetector, darkness, inked, pieces_of, read_at
from kolena_store.cli.demo.scenes import SIDE, Placed, Scene
from kolena_store.cli.demo.windows import WindowDetector, overlaps_with
from kolena_store.progress import track

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Boxes = NDArray[np.float64]
    Inputs = list[NDArray[np.float64]]

__all__ = ["DETECTORS", "Detector", "Example", "component_detector", "window_detector"]

NEURONS = 96
EPOCHS = 10
IS_A_DIGIT, IS_NONE = 0.5, 0.3  # overlaps from which on, and up to which
LOOKED_AT = 100  # scenes whose mistakes are learned from
SHOWN, MISSED = 8, 16  # windows of each digit, and of each scene, that the classifier learns from
ROOM = 1.1  # side of a window over the longer side of the digit in it


class Detector(Protocol):
    """What finds digits on an image."""

    def detections(self, pixels: "NDArray[np.uint8]") -> "tuple[Boxes, NDArray[np.int64], NDArray[np.float64]]":
        """Return boxes (left, top, width, height), digits and scores."""


Example = tuple["NDArray[np.float64]", int]
"""What a reader sees, and the digit or NOTHING that it should say."""


def component_detector(scenes: Sequence[Scene], labels: "NDArray[np.int64]", seed: int) -> ComponentDetector:
    """Return a detector whose reader learned from pieces of ink: digits alone on their paper, and what is none."""
    examples = [one for scene in scenes for one in _pieces(scene, labels)]
    return ComponentDetector(reader=_trained(examples, seed, "training components"))


def window_detector(scenes: Sequence[Scene], labels: "NDArray[np.int64]", seed: int) -> WindowDetector:
    """Return a detector whose reader learned from windows on digits, covered and crowded ones too, and beside them.

    It learns twice: then also from what it took for a digit on some of the scenes and is none.
    """
    import numpy as np

    generator = np.random.default_rng((seed, 7))
    examples, shapes = [one for scene in scenes for one in _windows(scene, labels, generator)], _shapes(scenes, labels)
    first = WindowDetector(reader=_trained(examples, seed, "training windows"), shapes=shapes)
    examples += [one for scene in scenes[:: len(scenes) // LOOKED_AT] for one in _mistaken(first, scene)]
    return WindowDetector(reader=_trained(examples, seed, "training windows again"), shapes=shapes)


DETECTORS: Mapping[str, Callable[..., Detector]] = MappingProxyType(
    {"windows": window_detector, "components": component_detector}
)
"""Model A and Model B of the story."""


def _pieces(scene: Scene, labels: "NDArray[np.int64]") -> "Iterator[Example]":
    dark = darkness(scene.pixels)
    boxes = _boxes(scene.digits)
    for piece in pieces_of(inked(dark)):
        overlaps = overlaps_with(piece, boxes)
        best = int(overlaps.argmax())
        if overlaps[best] >= IS_A_DIGIT:
            yield read_at(dark, piece), int(labels[scene.digits[best].source])
        elif overlaps[best] < IS_NONE:
            yield read_at(dark, piece), NOTHING


def _windows(scene: Scene, labels: "NDArray[np.int64]", generator: "np.random.Generator") -> "Iterator[Example]":
    import numpy as np

    dark, boxes = darkness(scene.pixels), _boxes(scene.digits)
    middles, sides = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:].max(axis=1) * ROOM
    for digit, middle, side in zip(scene.digits, middles, sides, strict=True):
        for _ in range(SHOWN):
            own = side * generator.uniform(0.88, 1.14)
            at = middle + generator.uniform(-0.07, 0.07, 2) * side
            yield read_at(dark, np.array([*(at - own / 2), own, own])), int(labels[digit.source])
    squares = np.column_stack([middles - sides[:, None] / 2, sides, sides])
    for _ in range(MISSED):
        near = int(generator.integers(len(middles)))
        own = float(np.exp(generator.uniform(np.log(14), np.log(38))))
        at = np.clip(middles[near] + generator.normal(0, 0.6, 2) * sides[near], 0, SIDE)
        window = np.array([*(at - own / 2), own, own])
        if overlaps_with(window, squares).max() < IS_NONE:
            yield read_at(dark, window), NOTHING


def _mistaken(detector: WindowDetector, scene: Scene) -> "Iterator[Example]":
    """Yield what a detector takes for digits and is none."""
    import numpy as np

    dark, boxes = darkness(scene.pixels), _boxes(scene.digits)
    middles, sides = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:].max(axis=1, keepdims=True) * ROOM
    squares = np.hstack([middles - sides / 2, sides, sides])
    for window in detector.looked_at(scene.pixels):
        if overlaps_with(window, squares).max() < IS_NONE:
            yield read_at(dark, window), NOTHING


def _boxes(digits: Sequence[Placed]) -> "Boxes":
    import numpy as np

    found = [[one.box.x, one.box.y, one.box.width, one.box.height] for one in digits]
    return np.array(found, dtype=np.float64).reshape(len(found), 4)


def _shapes(scenes: Sequence[Scene], labels: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """Return the mean width and height of each digit, as shares of the side of a window around it."""
    import numpy as np

    digits = [one for scene in scenes for one in scene.digits]
    sides = _boxes(digits)[:, 2:]
    shares = sides / (sides.max(axis=1, keepdims=True) * ROOM)
    names = labels[[one.source for one in digits]]
    return np.stack([shares[names == name].mean(axis=0) for name in range(NOTHING)])


def _trained(examples: "Sequence[Example]", seed: int, what: str) -> Any:
    """Return a network that tells the digits and NOTHING apart."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    inputs, answers = np.stack([one for one, _ in examples]), np.array([answer for _, answer in examples])
    network = MLPClassifier((NEURONS,), random_state=seed)
    with track(EPOCHS, what) as advance:
        for _ in range(EPOCHS):
            network.partial_fit(inputs, answers, classes=np.arange(NOTHING + 1))
            advance(1)
    return network
