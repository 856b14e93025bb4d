-- name: spill_to(folder)
SET temp_directory = $folder;

-- name: use_utc()
SET TimeZone = 'UTC';

-- name: no_external_access()
SET enable_external_access = false;

-- name: use_root(root)
SET VARIABLE kolena_root = $root;

-- name: attach_snapshot()
-- example: path = 'store.duckdb'
ATTACH {path} AS store (READ_ONLY);

-- name: attach_work_copy()
-- example: path = 'store.duckdb'
-- example: storage = 'v1.0.0'
ATTACH {path} AS store (STORAGE_VERSION {storage});

-- name: use_store()
USE store;

-- name: begin()
BEGIN TRANSACTION;

-- name: commit()
COMMIT;

-- name: checkpoint()
CHECKPOINT store;

-- name: leave_store()
USE memory;

-- name: detach()
DETACH store;

-- name: format_version()
SELECT format_version FROM catalogue.store_info;

-- name: generation()
SELECT generation FROM catalogue.store_info;

-- name: store_info()
SELECT format_version, store_id::VARCHAR AS store_id, root, generation, next_id, updated FROM catalogue.store_info;

-- name: insert_store_info(format_version, store_id, root, updated)
INSERT INTO catalogue.store_info VALUES ($format_version, $store_id, $root, 0, 1, $updated);

-- name: finish_generation(root, next_id, updated)
UPDATE catalogue.store_info SET root = $root, next_id = $next_id, generation = generation + 1, updated = $updated;

-- name: file_of_content(kind, sha256)
SELECT file_id FROM catalogue.files WHERE kind = $kind AND sha256 = $sha256;

-- name: insert_file(file_id, kind, sha256, n_rows, n_bytes, first_sample, last_sample, added_in)
INSERT INTO catalogue.files
VALUES ($file_id, $kind, $sha256, $n_rows, $n_bytes, $first_sample, $last_sample, $added_in);

-- name: files_of(file_ids)
SELECT file_id, kind, sha256, n_rows, n_bytes, first_sample, last_sample, added_in
FROM catalogue.files WHERE file_id IN (SELECT unnest($file_ids::BIGINT[]));

-- name: all_datasets()
SELECT dataset_id FROM catalogue.datasets ORDER BY dataset_id;
