-- The sandbox for SQL that people type, in this order; the last one makes the others final.

-- name: attach()
-- example: path = 'store.duckdb'
ATTACH {path} AS store (READ_ONLY);

-- name: use_root()
-- example: root = '/store'
SET VARIABLE kolena_root = {root};

-- name: use_utc()
SET TimeZone = 'UTC';

-- name: no_spill()
SET temp_directory = '';

-- name: allow_folder()
-- example: folders = ['/store/data/']
SET allowed_directories = {folders};

-- name: no_secrets()
SET allow_persistent_secrets = false;

-- name: no_outside()
SET enable_external_access = false;

-- name: use_store()
USE store;

-- name: lock()
SET lock_configuration = true;

-- name: format_version()
SELECT format_version FROM store.catalogue.store_info;

-- name: view_texts()
SELECT schema_name, view_name, sql FROM duckdb_views() WHERE database_name = 'store' AND NOT internal;

-- name: files_of_digests(digests)
SELECT file_id, kind, sha256, n_rows, n_bytes, first_sample, last_sample, added_in FROM store.catalogue.files
WHERE sha256 IN (SELECT unnest($digests::VARCHAR[]));
