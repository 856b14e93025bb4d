-- name: view()
-- example: name = "Night"
-- example: query = SELECT 1 AS _sample
CREATE VIEW {name} AS {query};

-- name: columns()
-- example: query = SELECT 1 AS _sample
DESCRIBE {query};

-- name: normalised_views()
SELECT view_name, sql FROM duckdb_views() WHERE NOT internal;

-- name: text_value()
-- example: text = 'At least 40 % is hidden'
SELECT {text};

-- name: inlined()
-- example: views = "Night" AS (SELECT 1 AS _sample)
-- example: query = FROM "Night"
WITH {views}
SELECT * FROM ({query}) AS selected;
