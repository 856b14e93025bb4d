-- What a merge reads from the other store's catalogue and writes into this one's, whole rows at a time.

-- name: all_rows()
-- example: table = models
SELECT * FROM catalogue.{table};

-- name: no_rows()
-- example: table = models
SELECT * FROM catalogue.{table} LIMIT 0;

-- name: insert_rows()
-- example: table = models
INSERT INTO catalogue.{table} BY NAME SELECT * FROM merged_rows;

-- name: numbers_of_ids(theirs, ours)
-- example: same_ids = theirs._sample = ours._sample
SELECT theirs._sample AS theirs, ours._sample AS ours
FROM read_parquet($theirs, union_by_name = true) AS theirs
JOIN read_parquet($ours, union_by_name = true) AS ours ON {same_ids};

