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
