-- The self-contained copy: attached beside the store, filled object by object.

-- name: less_memory()
SET memory_limit = '1GB';

-- name: any_order()
SET preserve_insertion_order = false;

-- name: attach_copy()
-- example: path = 'copy.duckdb'
-- example: storage = 'v1.0.0'
ATTACH {path} AS copy (STORAGE_VERSION {storage});

-- name: use_copy()
USE copy;

-- name: checkpoint_copy()
CHECKPOINT copy;

-- name: detach_copy()
DETACH copy;

-- name: copy_schema()
-- example: schema = copy
CREATE SCHEMA IF NOT EXISTS {schema};

-- name: copy_table()
-- example: target = copied
-- example: source = test_samples
CREATE TABLE {target} AS SELECT * FROM {source};

-- name: catalogue_tables()
SELECT table_name FROM duckdb_tables() WHERE database_name = 'store' AND schema_name = 'catalogue' ORDER BY table_name;
