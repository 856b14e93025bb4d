"""The demo's two models: the same network and the same digits, shown under different conditions while it learned."""

from types import MappingProxyType
from typing import TYPE_CHECKING

from kolena_store.cli.demo.digits import RenderedDigits, rendered, require_packages, training_half
from kolena_store.cli.demo.rendering import PAGE, Chances
from kolena_store.progress import track

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
    from sklearn.neural_network import MLPClassifier

__all__ = ["RECIPES", "demo_predictions"]

RECIPES = MappingProxyType(
    {
        "v1": Chances(occlusion=0.7),
        "v2": Chances(rotation=0.6, brightness=0.6, noise=0.6, scale=0.6),
    }
)
TRAINING_STREAM = 2
COPIES = 12
EPOCHS = 25
NEURONS = 128
POOLED = 16  # pixels along each side of what the network reads


def demo_predictions(digits: RenderedDigits) -> dict[str, "pa.Table"]:
    """Return what each model says of the test samples: id, label and the probabilities `p_0` to `p_9`.

    Both learn from the half of the images that the test samples are not made of: `v1` from clean and partly covered
    digits, `v2` from turned, small, dark and noisy ones that are never covered. The network, the images, their number
    and the epochs are the same.

    Raises:
        MissingExtra: scikit-learn or Pillow is not installed.
    """
    require_packages()
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # such small matrices gain nothing from more, and the sums repeat
        return {name: _predicted(_trained(name, digits.seed), digits) for name in RECIPES}


def _trained(name: str, seed: int) -> "MLPClassifier":
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    sources, labels = training_half(seed)
    images = rendered(sources, COPIES, RECIPES[name], (seed, TRAINING_STREAM))
    inputs = _inputs(np.stack([image.pixels for image in images]))
    network = MLPClassifier((NEURONS,), random_state=seed)
    with track(EPOCHS, f"training {name}") as advance:
        for _ in range(EPOCHS):
            network.partial_fit(inputs, np.repeat(labels, COPIES), classes=np.arange(10))
            advance(1)
    return network


def _predicted(network: "MLPClassifier", digits: RenderedDigits) -> "pa.Table":
    import pyarrow as pa

    probabilities = network.predict_proba(_inputs(digits.pixels))
    labels = [str(digit) for digit in probabilities.argmax(axis=1)]
    columns = {f"p_{digit}": column for digit, column in enumerate(probabilities.T)}
    return pa.table({"id": digits.samples["id"], "label": labels, **columns})


def _inputs(pixels: "NDArray[np.uint8]") -> "NDArray[np.float64]":
    """Return what the network reads: 16 x 16 means, ink as 1 and paper as 0 whatever the light."""
    pooled = pixels.reshape(-1, POOLED, PAGE // POOLED, POOLED, PAGE // POOLED).mean(axis=(2, 4))
    flat = pooled.reshape(len(pixels), -1)
    lightest, darkest = flat.max(axis=1, keepdims=True), flat.min(axis=1, keepdims=True)
    inputs: NDArray[np.float64] = (lightest - flat) / (lightest - darkest)
    return inputs
