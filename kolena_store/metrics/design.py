"""How the samples of a dataset were drawn: in clusters, with weights, or each for itself."""

from dataclasses import dataclass, replace

import numpy as np

from kolena_store.membership.bitmaps import Samples
from kolena_store.metrics.counting import Codes
from kolena_store.metrics.sums import Floats

__all__ = ["INDEPENDENT", "SamplingDesign"]


@dataclass(frozen=True, kw_only=True)
class SamplingDesign:
    """What intervals must know of the samples, dense by `_sample`.

    `clusters` numbers the cluster of each sample from 0; samples of one cluster (a patient, a video) vary together.
    `weights` says how much each sample counts. None: each is a cluster of its own, and all count alike. `notes` say so
    to those who read the results, and `unit` is what they call a cluster.
    """

    clusters: Codes | None = None
    weights: Floats | None = None
    notes: tuple[str, ...] = ()
    unit: str = "cluster"

    @property
    def is_plain(self) -> bool:
        """Whether samples are independent and count alike."""
        return self.clusters is None and self.weights is None

    def by_sample(self, size: int) -> "SamplingDesign":
        """Return the design for samples with several rows each: a sample is a cluster, unless there are others."""
        if self.clusters is not None:
            return self
        return replace(self, clusters=np.arange(size, dtype=np.int32), unit="sample")

    def weights_of(self, samples: Samples) -> Floats | None:
        """Return the weights of some samples, or None when all count alike."""
        return None if self.weights is None else self.weights[samples]


INDEPENDENT = SamplingDesign()
