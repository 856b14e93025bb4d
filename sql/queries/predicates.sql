-- name: tree(text)
SELECT json_serialize_sql($text);

-- name: trees(texts)
SELECT json_serialize_sql(text) FROM (SELECT unnest($texts::VARCHAR[]) AS text);

-- name: text_of_tree(tree)
SELECT json_deserialize_sql($tree::JSON);

-- name: every_row()
SELECT TRUE FROM test_samples

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

-- name: selected()
-- example: predicate = true
-- example: table = (VALUES (1)) AS test_samples (_sample)
SELECT ({predicate}) AS selected FROM {table};

-- name: explain()
-- example: query = SELECT 1
EXPLAIN {query};

-- name: views_to_read()
SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal

-- name: relations()
SELECT database_name, schema_name, view_name FROM duckdb_views()
UNION ALL SELECT database_name, schema_name, table_name FROM duckdb_tables();

-- name: table_macros()
SELECT schema_name, function_name FROM duckdb_functions() WHERE function_type = 'table_macro' AND NOT internal;
