-- name: tree(text)
SELECT json_serialize_sql($text);

-- name: whole_expression()
-- example: expression = true
SELECT ({expression}
);

-- name: empty_table()
-- example: table = "test_samples"
-- example: columns = "_sample" BIGINT
CREATE TABLE {table} ({columns});

-- name: row_of_nulls()
-- example: table = "test_samples"
INSERT INTO {table} DEFAULT VALUES;

-- name: lock_scratch()
SET lock_configuration = true;

-- name: close_scratch()
SET enable_external_access = false;

-- name: use_utc()
SET TimeZone = 'UTC';

-- name: selected()
-- example: predicate = true
-- example: table = (VALUES (1)) AS test_samples (_sample)
SELECT ({predicate}) AS selected FROM {table};

-- name: explain()
-- example: query = SELECT 1
EXPLAIN {query};

-- name: readable_names()
SELECT DISTINCT name FROM (
    SELECT view_name AS name, schema_name FROM duckdb_views() WHERE NOT internal
    UNION ALL SELECT schema_name || '.' || view_name, schema_name FROM duckdb_views() WHERE NOT internal
    UNION ALL SELECT table_name, schema_name FROM duckdb_tables() WHERE NOT internal
    UNION ALL SELECT schema_name || '.' || table_name, schema_name FROM duckdb_tables() WHERE NOT internal
) ORDER BY name;
