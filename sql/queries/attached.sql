-- Tables that lie beside the samples of a dataset version: any number of rows for each sample.

-- name: of_version(dataset_id, version)
SELECT dataset_id, version, name, fields, arrow_schema, table_files, n_rows, content_digest
FROM catalogue.attached_tables WHERE dataset_id = $dataset_id AND version = $version ORDER BY lower(name);

-- name: digests(dataset_id, version)
SELECT lower(name), content_digest FROM catalogue.attached_tables
WHERE dataset_id = $dataset_id AND version = $version ORDER BY lower(name);

-- name: insert_table(dataset_id, version, name, fields, arrow_schema, table_files, n_rows, content_digest)
INSERT INTO catalogue.attached_tables
VALUES ($dataset_id, $version, $name, $fields, $arrow_schema, $table_files, $n_rows, $content_digest);

-- name: ids_of_rows(files, staged_rows)
-- example: ids = _sample
SELECT {ids} FROM read_parquet($files) WHERE _sample IN (SELECT unnest($staged_rows::BIGINT[])) ORDER BY _sample;
