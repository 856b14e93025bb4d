"""The demo's test samples: half of scikit-learn's handwritten digits, each one clean and under drawn conditions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kolena_store.cli.demo.rendering import Chances, Conditions, Measured, drawn, render
from kolena_store.errors import MissingExtra

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = [
    "RenderedDigits",
    "demo_samples",
    "drawings",
    "halves",
    "rendered",
    "rendered_digits",
    "require_packages",
    "standard_text",
    "suite_text",
    "training_half",
]

RENDERINGS = 4
TEST_CHANCES = Chances(occlusion=0.25, rotation=0.35, brightness=0.3, noise=0.3, scale=0.3)
TEST_STREAM = 1  # keeps the test half's randomness apart from the training half's
DECIMALS = 4
FULL_INK = 16.0
MEASURES = ("occlusion", "rotation", "brightness", "noise", "scale", "height", "ink")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RenderedDigits:
    """The demo's test samples as a table, and the image of each row: an array of (rows, 32, 32) bytes, 255 is white."""

    samples: "pa.Table"
    pixels: "NDArray[np.uint8]"
    seed: int

    def write_images(self, folder: Path) -> "pa.Table":
        """Return the samples with a column `locator`, after writing each image as `<id>.png` into the folder.

        A locator starts with the folder's own name, so it holds as long as the folder stays beside what names it.
        """
        import pyarrow as pa
        from PIL import Image

        folder.mkdir(parents=True, exist_ok=True)
        names = [f"{name}.png" for name in self.samples["id"].to_pylist()]
        for name, image in zip(names, self.pixels, strict=True):
            Image.fromarray(image).save(folder / name)
        locators = pa.array([f"{folder.resolve().name}/{name}" for name in names])
        return self.samples.append_column("locator", locators)


def demo_samples(seed: int = 0, folder: Path | None = None) -> "pa.Table":
    """Return the demo's test samples, with the column `locator` of their images when a folder takes these."""
    digits = rendered_digits(seed)
    return digits.samples if folder is None else digits.write_images(folder)


def rendered_digits(seed: int = 0) -> RenderedDigits:
    """Return the test half's digits, each rendered four times: once clean, three times under drawn conditions.

    Raises:
        MissingExtra: scikit-learn or Pillow is not installed.
    """
    import numpy as np

    require_packages()
    labels = drawings()[1]
    _, test = halves(seed)
    renderings = list(rendered(test, RENDERINGS, TEST_CHANCES, (seed, TEST_STREAM)))
    sources = np.repeat(test, RENDERINGS)
    return RenderedDigits(
        samples=_table(sources, labels[sources], renderings),
        pixels=np.stack([rendering.pixels for rendering in renderings]),
        seed=seed,
    )


def training_half(seed: int) -> tuple["NDArray[np.int64]", "NDArray[np.int64]"]:
    """Return the indices of the training half's images, and the digit that each one shows."""
    training, _ = halves(seed)
    return training, drawings()[1][training]


def rendered(
    sources: "NDArray[np.int64]", copies: int, chances: Chances, stream: tuple[int, int]
) -> Iterator[Measured]:
    """Give each source image `copies` times, the first time clean; depends on nothing but the image and the stream."""
    import numpy as np

    images, _ = drawings()
    for source in sources:
        for copy in range(copies):
            generator = np.random.default_rng((*stream, int(source), copy))
            conditions = drawn(chances, generator) if copy else Conditions()
            yield render(images[source], conditions, generator)


def require_packages() -> None:
    """Refuse to go on without the packages that only the demo needs.

    Raises:
        MissingExtra: scikit-learn or Pillow is not installed.
    """
    if any(find_spec(name) is None for name in ("sklearn", "PIL")):
        raise MissingExtra.of("the demo", "demo")


def suite_text() -> str:
    """Return the demo's test suite: the scenarios as views over the test samples."""
    return _text("digits.sql")


def standard_text() -> str:
    """Return the demo's quality standard: what a model must show on the scenarios of the suite."""
    return _text("digits.standard.toml")


def _text(name: str) -> str:
    return files("kolena_store.cli.demo").joinpath(name).read_text(encoding="utf-8")


@cache
def drawings() -> tuple["NDArray[np.float64]", "NDArray[np.int64]"]:
    """Return scikit-learn's digits, 8 x 8 with ink from 0 to 1, and what each shows."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images / FULL_INK, bunch.target


def halves(seed: int) -> tuple["NDArray[np.int64]", "NDArray[np.int64]"]:
    """Return the indices of the training half and of the test half, each with the same share of every digit."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    labels = drawings()[1]
    training, test = train_test_split(np.arange(len(labels)), test_size=0.5, stratify=labels, random_state=seed)
    return np.sort(training), np.sort(test)


def _table(sources: "NDArray[np.int64]", labels: "NDArray[np.int64]", renderings: Iterable[Measured]) -> "pa.Table":
    import pyarrow as pa

    listed = list(renderings)
    ids = [f"{source:04d}-{position % RENDERINGS}" for position, source in enumerate(sources)]
    measures = {name: [round(getattr(one, name), DECIMALS) for one in listed] for name in MEASURES}
    return pa.table({"id": ids, "source_image": sources, "digit": [str(label) for label in labels], **measures})
