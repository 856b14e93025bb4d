"""Data for the tests of repeats: answers of a model to each sample, and the same as samples of their own."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from small_stores import temporary_store

import kolena_store as ks

SEED_FIELD = "seed"


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """Samples by column, and answers by column, of which `of` says what sample each answers, and `seed` which it is."""

    samples: dict[str, Any]
    answers: dict[str, Any]
    of: np.ndarray
    seed: np.ndarray
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def n_repeats(self) -> np.ndarray:
        """How many answers the sample of each answer has."""
        return np.bincount(self.of)[self.of]

    def table(self, wanted: Any = slice(None)) -> pa.Table:
        """The answers as they are uploaded, those that are wanted."""
        columns = {"id": self.of, SEED_FIELD: self.seed, **self.answers}
        return pa.table(columns).take(np.arange(len(self.of))[wanted])

    def store(self, workflow: Any) -> ks.Store:
        """A store with the samples and the answers of the model `m`."""
        store = temporary_store()
        with store.transaction():
            ids = range(len(next(iter(self.samples.values()))))
            samples = pa.table({"id": ids, **self.samples})
            store.upload_dataset("d", samples, id_fields=["id"], workflow=workflow, **self.options)
            store.upload_results("d", "m", self.table(), repeat_field=SEED_FIELD)
        return store

    def as_samples(self, workflow: Any) -> ks.Store:
        """A store where each answer is of a sample of its own: its share of the weight, in the cluster of the sample."""
        n_samples = len(next(iter(self.samples.values())))
        weight = self.samples.get(self.options.get("weight", ""), np.ones(n_samples))
        shared = pa.table(self.samples).take(self.of)
        weights = np.asarray(weight)[self.of] / self.n_repeats
        columns = {name: shared.column(name) for name in shared.column_names}
        samples = pa.table({"id": range(len(self.of)), **columns, "share": weights, "sample": self.of})
        cluster = self.options.get("cluster", "sample")
        store = temporary_store()
        with store.transaction():
            given = {"id_fields": ["id"], "workflow": workflow, "cluster": cluster, "weight": "share"}
            store.upload_dataset("d", samples, **given)
            store.upload_results("d", "m", pa.table({"id": range(len(self.of)), **self.answers}))
        return store


def repeats_of(rng: np.random.Generator, n: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The sample and the seed of each answer, in no order: 1 to `most` answers to each of n samples."""
    counts = rng.integers(1, most + 1, n)
    of = np.repeat(np.arange(n), counts)
    seed = np.concatenate([np.arange(count) for count in counts]) if n else np.empty(0, dtype=np.int64)
    order = rng.permutation(len(of))
    return of[order], seed[order]
