"""Data in and out of a store: datasets, results, models."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kolena_store import datasets as dataset_room
from kolena_store import exchange as exchange_room
from kolena_store import models as model_room
from kolena_store import results as result_room
from kolena_store import uploads as upload_room
from kolena_store.tables import Records
from kolena_store.workflows import Workflow

if TYPE_CHECKING:
    import pyarrow as pa


from kolena_store.store.base import StoreBase

__all__ = ["StoreData"]


class StoreData(StoreBase):
    """Datasets with their versions, and what models said of them."""

    def upload_dataset(
        self,
        name: str,
        source: object,
        *,
        id_fields: Sequence[str] | None = None,
        workflow: Workflow | None = None,
        predictions: upload_room.Predictions | None = None,
        objects: object = None,
        append_only: bool = False,
        collect: Sequence[str] = (),
        leave_out: Sequence[str] = (),
        cluster: str | None = None,
        weight: str | None = None,
        types: Mapping[str, str] | None = None,
        tables: Mapping[str, object | None] | None = None,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        message: str | None = None,
        version_tags: Sequence[str] = (),
    ) -> dataset_room.UploadReport:
        """Make a dataset equal to the input, or add the input to it, and return what that changed.

        Args:
            source: a CSV, JSON Lines or Parquet file, an Arrow table or reader, a Polars or pandas frame.
            id_fields: the columns that identify a sample; inferred when not given.
            workflow: the type of problem and its columns; omitted later, it stays.
            predictions: model -> the column with its predictions, for a frame that carries them beside the samples.
            objects: a table with a row for each true object, for workflows of objects.
            append_only: keep the samples that the input does not have.
            collect: columns of a long table, with several rows for a sample, whose values become a list for each
                sample; a row in which all of them are NULL adds nothing.
            leave_out: columns of the input that are not kept; rows that agree in all others then become one.
            cluster: the field of groups that vary together, such as patients or videos; intervals then count groups.
            weight: the field that says how much each sample counts. Like cluster it stays until it is the empty text.
            types: column -> SQL type, for columns that should not be read as they look.
            tables: name -> rows to attach by the id fields; omitted later, a table stays; None takes it away.
            tags: of the dataset; `version_tags` are of the version that this upload makes.

        Raises:
            StoreError: the input can't be used; nothing is written then.
        """
        given = dataset_room.DatasetUpload(
            name=name,
            source=source,
            id_fields=id_fields,
            append_only=append_only,
            long=dataset_room.LongTable(collect=collect, left_out=leave_out),
            objects=objects,
            sampling=dataset_room.Sampling(cluster=cluster, weight=weight),
            types=types or {},
            tables={} if tables is None else tables,
            message=message,
            version_tags=version_tags,
        )
        notes = upload_room.Notes(description=description, tags=tags, metadata=metadata)
        with self._database.transaction() as transaction:
            return upload_room.upload(transaction, given, workflow=workflow, predictions=predictions, notes=notes)

    def upload_results(
        self,
        dataset: str,
        model: str | None,
        source: object,
        *,
        model_field: str | None = None,
        upload_configuration: Mapping[str, Any] | None = None,
        types: Mapping[str, str] | None = None,
        allow_unmatched: bool = False,
        collect: Sequence[str] = (),
        leave_out: Sequence[str] = (),
        repeat_field: str | None = None,
        answered: str | Sequence[object] | None = None,
        metadata_fields: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
    ) -> result_room.ResultsReport | Records[result_room.ResultsReport]:
        """Add or replace a model's inferences (ids, answers) and return what that changed; a list with `model_field`.

        Args:
            model: the model's name, or None with `model_field`, the input's column that holds it.
            metadata_fields: columns that say how a sample was shown to the model, which suites may read.
            upload_configuration: what the model ran with; results under another one are kept apart.
            allow_unmatched: count rows that belong to no sample, in place of an error.
            collect: columns of a long table whose values become a list for each sample (and model).
            leave_out: columns of the input that are not kept; rows that agree in all others then become one.
            repeat_field: the column that tells several answers to one sample apart, such as a seed: each counts for
                its share of the sample. It stays until it is the empty text.
            answered: where each row is an object, the answered samples: ids, or a predicate. None: all of them.

        Raises:
            StoreError: the input can't be used; nothing is written then.
        """
        given = result_room.ResultsUpload(
            dataset=dataset,
            source=source,
            model=model,
            model_field=model_field,
            types=types or {},
            allow_unmatched=allow_unmatched,
            long=dataset_room.LongTable(collect=collect, left_out=leave_out),
            repeat_field=repeat_field,
            answered=answered,
            upload_configuration=upload_configuration,
            metadata=metadata,
            tags=tags,
            metadata_fields=metadata_fields,
        )
        return self._change(exchange_room.upload_answers, given)

    def datasets(self) -> Records[dataset_room.Dataset]:
        """Return all datasets as they stand in their newest versions."""
        return Records(result_room.described_datasets(self._database.session()), dataset_room.DATASETS)

    def dataset(self, name: str) -> dataset_room.Dataset:
        """Return one dataset as it stands in its newest version, with the models that have results on it."""
        return result_room.described_with_models(self._database.session(), self._dataset(name))

    def dataset_history(self, name: str) -> Records[dataset_room.VersionRecord]:
        """Return all versions of a dataset, oldest first."""
        versions = dataset_room.dataset_history(self._database.session(), self._dataset(name))
        return Records(versions, dataset_room.VERSIONS, title=self._dataset(name).name)

    def dataset_digest(self, name: str, version: int | None = None) -> str:
        """Return the content digest of a version: equal wherever the content is, computed once and then kept."""
        return dataset_room.dataset_digest(self._database, name, version)

    def dataset_difference(self, name: str, older: int, newer: int) -> dataset_room.VersionDifference:
        """Return which samples and fields changed between two versions of a dataset."""
        return dataset_room.version_difference(self._database.session(), self._dataset(name), older, newer)

    def download_dataset(self, name: str, version: int | None = None, *, table: str | None = None) -> "pa.Table":
        """Return the samples of one version (by default the newest), or the rows of an attached table, as they came."""
        return dataset_room.download_dataset(self._database.session(), self._dataset(name), version, table=table)

    def download_results(
        self,
        dataset: str,
        model: str,
        *,
        version: int | None = None,
        upload_configuration: str | Mapping[str, Any] | None = None,
    ) -> "pa.Table":
        """Return the ids and inferences of the samples that a model answered, with the types that they came with."""
        record, session = self._dataset(dataset), self._database.session()
        return result_room.download_results(session, record, model, version=version, configuration=upload_configuration)

    def models(self) -> Records[model_room.ModelRecord]:
        """Return all models by name."""
        return Records(model_room.models(self._database.session()), model_room.MODELS)
