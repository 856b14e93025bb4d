"""A model's inferences on their way out, beside the ids of the samples that they answer."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, read_rows, version_of
from kolena_store.errors import InvalidInput, shown
from kolena_store.files import SAMPLE
from kolena_store.results.records import ResultsRecord, results_of_model, results_version
from kolena_store.schema import document_text

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["download_results"]


def download_results(
    session: Session,
    dataset: DatasetRecord,
    model: str,
    *,
    version: int | None = None,
    configuration: str | Mapping[str, Any] | None = None,
) -> "pa.Table":
    """Return the ids and inference columns of the samples that the model answered, in the dataset's order.

    The repeats of a sample follow each other by their repeat field.

    Args:
        version: of the results, by default the newest. Samples that left the dataset are left out.
        configuration: what the model ran with, as it was uploaded or as its JSON text; None means the results that
            came without one, or the only ones.

    Raises:
        UnknownName: no such model or version.
        InvalidInput: the model has no results under this configuration, or several and none was named.
    """
    chosen = _chosen(results_of_model(session, dataset, model), configuration)
    record = results_version(session, chosen.results_id, version)
    samples = version_of(session, dataset)
    ids = read_rows(session, samples.sample_files, samples.schema).select([SAMPLE, *dataset.id_fields])
    repeat = [record.repeat_field] if record.repeat_field is not None else []
    inferences = read_rows(session, record.inference_files, record.schema, then_by=repeat)
    return _beside(ids, inferences)


def _chosen(records: Sequence[ResultsRecord], configuration: str | Mapping[str, Any] | None) -> ResultsRecord:
    wanted = configuration
    if isinstance(configuration, Mapping):
        wanted = document_text("the upload configuration", configuration)
    found = [record for record in records if record.upload_configuration == wanted]
    if configuration is None and len(records) == 1:
        found = list(records)
    if not found:
        known = shown(record.upload_configuration for record in records)
        raise InvalidInput(
            f"{records[0].model!r} has no results under the upload configuration {wanted}; it has some under {known}. "
            "Name one of these"
        )
    return found[0]


def _beside(ids: "pa.Table", inferences: "pa.Table") -> "pa.Table":
    """Return the inferences whose sample is there, beside its ids; both are ordered by sample number."""
    import numpy as np
    import pyarrow as pa

    of_ids, of_inferences = ids.column(SAMPLE).to_numpy(), inferences.column(SAMPLE).to_numpy()
    right = np.flatnonzero(np.isin(of_inferences, of_ids))
    left = np.searchsorted(of_ids, of_inferences[right])
    columns = ids.take(pa.array(left)).drop_columns([SAMPLE])
    answers = inferences.take(pa.array(right)).drop_columns([SAMPLE])
    for field in answers.schema:
        columns = columns.append_column(field, answers.column(field.name))
    return columns
