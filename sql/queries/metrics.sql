-- name: sample_columns(files)
-- example: columns = _sample AS c0
SELECT _sample, {columns} FROM read_parquet($files, union_by_name = true);

-- name: list_columns(files)
-- example: lists = class
SELECT {lists} FROM read_parquet($files, union_by_name = true);

-- name: element_columns()
-- example: columns = scores AS c0
SELECT {columns} FROM elements;

-- name: whole_values()
-- example: values = 1.0 AS v0
SELECT position, 0 AS class_position, {values} FROM case_terms ORDER BY position;

-- name: class_values()
-- example: values = 1.0 AS v0
SELECT position, class_position, {values}
FROM class_terms JOIN case_terms USING (position)
WHERE is_reported ORDER BY position, class_position;

-- name: reported_values()
-- example: values = sum(1.0) AS v0
SELECT position, 0 AS class_position, {values}
FROM (
    SELECT * FROM case_terms LEFT JOIN (SELECT * FROM class_terms WHERE is_reported) USING (position)
    ORDER BY position, class_position
)
GROUP BY position ORDER BY position;

-- name: class_averages()
-- example: values = sum(1.0) AS v0
SELECT position, 0 AS class_position, {values}
FROM (SELECT * FROM case_terms LEFT JOIN class_terms USING (position) ORDER BY position, class_position)
GROUP BY position ORDER BY position;
