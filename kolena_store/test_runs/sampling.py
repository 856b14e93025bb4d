"""The sampling of a dataset version as intervals read it: clusters and weights by sample number."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kolena_store.database import Session
from kolena_store.datasets import Sampling, VersionRecord, files_of
from kolena_store.metrics.counting import Codes
from kolena_store.metrics.design import SamplingDesign
from kolena_store.statements import Fragment, identifier, statement
from kolena_store.statistics.clusters import FEW_CLUSTERS

__all__ = ["sampling_design"]


def sampling_design(session: Session, version: VersionRecord, size: int) -> SamplingDesign:
    """Return the clusters and weights of all samples of a dataset version, as its fields give them.

    A sample without a cluster (NULL) is a cluster of its own.
    """
    sampling = version.sampled
    if not sampling.document():
        return SamplingDesign()
    fields = {"cluster": sampling.cluster, "weight": sampling.weight}
    columns = {name: identifier(field) if field else Fragment("NULL") for name, field in fields.items()}
    paths = [str(file.path(session.root)) for file in files_of(session, version.sample_files)]
    table = session.table(statement("queries/runs", "sampling_columns").fill(**columns), files=paths)
    samples = table.column("_sample").to_numpy()
    clusters = weights = None
    if sampling.cluster:
        clusters = np.zeros(size, dtype=np.int32)
        clusters[samples] = _numbered(table.column("cluster").combine_chunks())
    if sampling.weight:
        weights = np.zeros(size)
        weights[samples] = table.column("weight").cast(pa.float64()).to_numpy()
    return SamplingDesign(clusters=clusters, weights=weights, notes=tuple(_notes(sampling, clusters)))


def _notes(sampling: Sampling, clusters: Codes | None) -> Iterator[str]:
    if clusters is not None:
        n_clusters = len(np.unique(clusters))
        few = f", and fewer than {FEW_CLUSTERS} are few for an interval" if n_clusters < FEW_CLUSTERS else ""
        yield f"intervals keep the samples of one {sampling.cluster} together ({n_clusters:,} of them{few})"
    if sampling.weight:
        yield f"values are weighted by {sampling.weight}, n counts samples"


def _numbered(column: pa.Array) -> Codes:
    """Return the position of each value among the distinct ones; each NULL is one of its own."""
    encoded = pc.dictionary_encode(column)
    codes: Codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
    is_null = codes < 0
    codes[is_null] = len(encoded.dictionary) + np.arange(int(is_null.sum()), dtype=np.int32)
    return codes
