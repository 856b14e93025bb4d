-- name: load_samples()
-- example: columns = _sample
-- example: files = ['x.parquet']
CREATE TABLE test_samples AS SELECT _sample, {columns} FROM read_parquet({files}, union_by_name = true);

-- name: no_external_access()
SET enable_external_access = false;

-- name: members()
-- example: query = SELECT * FROM test_samples
SELECT _sample FROM (
{query}
) AS members;

-- name: samples_with_nan()
-- example: field = 0.0
SELECT _sample FROM test_samples WHERE isnan({field});

-- name: stored(dataset_id, dataset_version, test_case_ids)
SELECT test_case_id, test_case_version, file_id, n, n_nan
FROM catalogue.memberships
WHERE dataset_id = $dataset_id AND dataset_version = $dataset_version
    AND test_case_id IN (SELECT unnest($test_case_ids::BIGINT[]));

-- name: blocks(files, test_case_ids)
SELECT test_case_id, test_case_version, block, bits FROM read_parquet($files)
WHERE test_case_id IN (SELECT unnest($test_case_ids::BIGINT[]))
ORDER BY test_case_id, test_case_version, block;

-- name: insert_membership(test_case_id, test_case_version, dataset_id, dataset_version, file_id, n, n_nan)
INSERT INTO catalogue.memberships
VALUES ($test_case_id, $test_case_version, $dataset_id, $dataset_version, $file_id, $n, $n_nan);
