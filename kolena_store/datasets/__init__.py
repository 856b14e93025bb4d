"""Datasets: named, versioned sets of test samples with their ground truths."""

from kolena_store.datasets.attached import AttachedTable, attached_tables, check_table_name
from kolena_store.datasets.categories import with_categories
from kolena_store.datasets.changed_samples import SampleChanges, VersionRows, changed_samples
from kolena_store.datasets.changes import RowChanges, count_samples, row_changes, stored_samples, write_changes
from kolena_store.datasets.collecting import LongTable, collected
from kolena_store.datasets.columns import (
    CLASS_MARK,
    LEVEL_MARK,
    ColumnKind,
    ColumnNeed,
    Columns,
    Scope,
    check_columns,
    columns_of_pattern,
)
from kolena_store.datasets.content import (
    ChangeCounts,
    Content,
    StoredRows,
    content_of_answers,
    content_of_members,
    content_of_version,
    count_changes,
    rows_of_version,
    version_digest,
)
from kolena_store.datasets.differences import VersionDifference, version_difference
from kolena_store.datasets.download import download_dataset, read_rows
from kolena_store.datasets.history import (
    DATASETS,
    VERSIONS,
    Dataset,
    DatasetModel,
    DatasetTable,
    dataset_history,
    describe_dataset,
    note_dataset,
)
from kolena_store.datasets.identity import (
    check_ids,
    check_label_types,
    check_same_id_types,
    missing_ids,
    same_ids,
    shown_ids,
)
from kolena_store.datasets.kept_digests import dataset_digest
from kolena_store.datasets.mixed import has_other_samples, mixed_version
from kolena_store.datasets.numbering import find_numbers
from kolena_store.datasets.objects import (
    OBJECTS,
    collected_objects,
    field_types,
    input_of,
    object_types,
    table_of_input,
    with_object_fields,
)
from kolena_store.datasets.records import (
    DatasetRecord,
    Field,
    VersionRecord,
    dataset_named,
    datasets,
    files_of,
    find_dataset,
    find_version,
    version_of,
    version_of_id,
)
from kolena_store.datasets.sampling import Sampling
from kolena_store.datasets.sql_types import column_types, is_exact
from kolena_store.datasets.staging import Staged, check_not_empty, stage, without_columns
from kolena_store.datasets.upload import DatasetUpload, UploadReport, upload_dataset
from kolena_store.datasets.versions import author
from kolena_store.datasets.widening import check_names, widened_schema

__all__ = [
    "OBJECTS",
    "CLASS_MARK",
    "LEVEL_MARK",
    "DATASETS",
    "VERSIONS",
    "AttachedTable",
    "ChangeCounts",
    "ColumnKind",
    "ColumnNeed",
    "Columns",
    "Content",
    "Dataset",
    "DatasetModel",
    "DatasetRecord",
    "DatasetTable",
    "DatasetUpload",
    "LongTable",
    "Field",
    "RowChanges",
    "SampleChanges",
    "Sampling",
    "Scope",
    "Staged",
    "StoredRows",
    "UploadReport",
    "VersionDifference",
    "VersionRecord",
    "VersionRows",
    "attached_tables",
    "author",
    "changed_samples",
    "check_columns",
    "collected",
    "collected_objects",
    "check_ids",
    "check_label_types",
    "check_names",
    "check_not_empty",
    "check_same_id_types",
    "check_table_name",
    "column_types",
    "columns_of_pattern",
    "content_of_answers",
    "content_of_members",
    "content_of_version",
    "count_changes",
    "count_samples",
    "dataset_digest",
    "dataset_history",
    "dataset_named",
    "datasets",
    "describe_dataset",
    "download_dataset",
    "field_types",
    "files_of",
    "find_dataset",
    "find_numbers",
    "find_version",
    "has_other_samples",
    "input_of",
    "object_types",
    "is_exact",
    "missing_ids",
    "mixed_version",
    "note_dataset",
    "read_rows",
    "row_changes",
    "rows_of_version",
    "same_ids",
    "shown_ids",
    "stage",
    "stored_samples",
    "table_of_input",
    "upload_dataset",
    "version_difference",
    "version_digest",
    "version_of",
    "version_of_id",
    "widened_schema",
    "with_categories",
    "with_object_fields",
    "without_columns",
    "write_changes",
]
