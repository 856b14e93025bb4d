"""The demo's scenes as tables and images, and what its two detectors find on them."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kolena_store.cli.demo.detectors import DETECTORS
from kolena_store.cli.demo.digits import drawings, halves, require_packages
from kolena_store.cli.demo.scenes import Crowd, Scene, draw_scene
from kolena_store.errors import InvalidInput
from kolena_store.progress import track

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = [
    "TRAINING",
    "DrawnScenes",
    "check_folder",
    "demo_detections",
    "drawn_scenes",
    "scenes_standard_text",
    "scenes_suite_text",
]

N_TRAINING, N_TEST = 400, 300
TEST_STREAM, TRAINING_STREAM = 5, 4  # keep the randomness of the test scenes apart from that of the training scenes
TEST = Crowd(close=0.18, covered=0.25)
TRAINING = MappingProxyType({"windows": Crowd(close=0.4, covered=0.6), "components": Crowd(close=0.1, covered=0.1)})
DECIMALS = 4
OWN_NAME = re.compile(r"\d{4}\.png")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnScenes:
    """The demo's scenes, and the digit that each drawing shows."""

    scenes: Sequence[Scene]
    labels: "NDArray[np.int64]"
    seed: int

    @property
    def names(self) -> list[str]:
        """Return the ids of the scenes."""
        return [f"{number:04d}" for number in range(len(self.scenes))]

    def samples(self, folder: str) -> "pa.Table":
        """Return a row for each scene, whose images lie in a folder of this name."""
        import pyarrow as pa

        return pa.table(
            {
                "image_id": self.names,
                "locator": [f"{folder}/{name}.png" for name in self.names],
                "n_digits": [len(one.digits) for one in self.scenes],
                "brightness": [round(one.brightness, DECIMALS) for one in self.scenes],
                "noise": [round(one.noise, DECIMALS) for one in self.scenes],
            }
        )

    def objects(self) -> "pa.Table":
        """Return a row for each digit: where it is, and what was measured of it."""
        import pyarrow as pa

        return pa.Table.from_pylist(
            [
                {
                    "image_id": name,
                    "label": str(self.labels[digit.source]),
                    "x": float(digit.box.x),
                    "y": float(digit.box.y),
                    "width": float(digit.box.width),
                    "height": float(digit.box.height),
                    "occlusion": round(digit.occlusion, DECIMALS),
                    "crowding": round(digit.crowding, DECIMALS),
                }
                for name, scene in zip(self.names, self.scenes, strict=True)
                for digit in scene.digits
            ]
        )

    def write_images(self, folder: Path) -> None:
        """Write each scene as `<id>.png` into a folder, which may hold no other files.

        Raises:
            InvalidInput: it does.
        """
        from PIL import Image

        names = [f"{name}.png" for name in self.names]
        foreign = sorted({one.name for one in folder.iterdir()} - set(names)) if folder.is_dir() else []
        if foreign or folder.is_file():
            raise InvalidInput(
                f"{folder} holds other files ({', '.join(foreign[:3])}); name another place for the demo"
            )
        beside = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name, scene in zip(self.names, self.scenes, strict=True):
            Image.fromarray(scene.pixels).save(beside / f"{name}.png")
        shutil.rmtree(folder, ignore_errors=True)
        beside.replace(folder)


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds other files than images of scenes.

    Raises:
        InvalidInput: it does, or it is a file.
    """
    names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
    foreign = sorted(name for name in names if not OWN_NAME.fullmatch(name))
    if foreign or folder.is_file():
        what = f"holds other files ({', '.join(foreign[:3])})" if foreign else "is a file"
        raise InvalidInput(f"{folder} {what}; images of the demo go there: name another place")


def drawn_scenes(seed: int = 0) -> DrawnScenes:
    """Return the demo's scenes, of the half of the digits that no detector learns from.

    Raises:
        MissingExtra: scikit-learn or Pillow is not installed.
    """
    require_packages()
    return _scenes(halves(seed)[1], N_TEST, TEST, (seed, TEST_STREAM))


def demo_detections(drawn: DrawnScenes) -> dict[str, "pa.Table"]:
    """Return what each detector finds on the scenes: a row for each detection.

    `windows` looks through windows of several sizes at every place, and learned from scenes with many digits covered
    or touching; `components` looks for connected ink, and learned from scenes with few of them. Both read with a
    network of the same size.

    Raises:
        MissingExtra: scikit-learn or Pillow is not installed.
    """
    require_packages()
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # such small matrices gain nothing from more, and the sums repeat
        return {name: _found(name, drawn) for name in DETECTORS}


def scenes_suite_text() -> str:
    """Return the test suite of the demo of object detection."""
    return _text("scenes.sql")


def scenes_standard_text() -> str:
    """Return the quality standard of the demo of object detection."""
    return _text("scenes.standard.toml")


def _text(name: str) -> str:
    return files("kolena_store.cli.demo").joinpath(name).read_text(encoding="utf-8")


def _scenes(sources: "NDArray[np.int64]", n: int, crowd: Crowd, stream: tuple[int, int]) -> DrawnScenes:
    import numpy as np

    ink, labels = drawings()
    scenes = [draw_scene(ink, sources, crowd, np.random.default_rng((*stream, number))) for number in range(n)]
    return DrawnScenes(scenes=scenes, labels=labels, seed=stream[0])


def _found(name: str, drawn: DrawnScenes) -> "pa.Table":
    import pyarrow as pa

    learned = _scenes(halves(drawn.seed)[0], N_TRAINING, TRAINING[name], (drawn.seed, TRAINING_STREAM))
    detector = DETECTORS[name](learned.scenes, learned.labels, drawn.seed)
    rows = []
    with track(len(drawn.scenes), f"looking with {name}") as advance:
        for image, scene in zip(drawn.names, drawn.scenes, strict=True):
            for box, digit, score in zip(*detector.detections(scene.pixels), strict=True):
                sides = dict(zip(("x", "y", "width", "height"), map(float, box), strict=True))
                rows.append({"image_id": image, "label": str(digit), **sides, "score": float(score)})
            advance(1)
    return pa.Table.from_pylist(rows)
