-- name: load_table()
-- example: table = test_samples
-- example: columns = _sample
-- example: files = ['x.parquet']
-- example: condition = TRUE
-- example: distinct = DISTINCT
CREATE TABLE {table} AS SELECT {distinct} _sample, {columns} FROM read_parquet({files}, union_by_name = true)
WHERE {condition};

-- name: load_objects()
-- example: columns = , object.x AS x
-- example: objects = objects
-- example: files = ['x.parquet']
-- example: condition = TRUE
CREATE TABLE ground_truths AS
SELECT _sample, _object{columns}
FROM (
    SELECT _sample, unnest(range(len({objects}))) AS _object, unnest({objects}) AS object
    FROM read_parquet({files}, union_by_name = true) WHERE {condition}
);

-- name: selected_objects()
-- example: query = SELECT 1 AS _sample, 0 AS _object
SELECT _sample::BIGINT AS _sample, _object::BIGINT AS _object FROM (
{query}
) AS objects ORDER BY ALL;

-- name: name_samples()
-- example: table = "Night"
-- example: query = SELECT 1 AS _sample
CREATE TABLE {table} AS {query};

-- name: drop_objects()
-- example: kind = TABLE
DROP {kind} IF EXISTS ground_truths;

-- name: with_nan()
-- example: conditions = isnan(0.5::DOUBLE)
SELECT DISTINCT _sample FROM inferences JOIN test_samples USING (_sample) WHERE {conditions}

-- name: is_nan()
-- example: column = 0.5::DOUBLE
isnan({column})

-- name: is_loaded()
_sample IN (SELECT _sample FROM test_samples)

-- name: is_chosen()
_sample IN (SELECT _sample FROM chosen_samples)

-- name: column_values(files)
-- example: column = _sample AS value
SELECT {column} FROM read_parquet($files, union_by_name = true);

-- name: distinct_values()
-- example: column = value AS "night"
CREATE OR REPLACE TEMPORARY TABLE test_samples AS SELECT {column} FROM given_values;

-- name: truth_of_atoms()
-- example: query = SELECT true AS a0 FROM test_samples
SELECT COLUMNS(*)::BOOLEAN FROM ({query});

-- name: members()
-- example: query = SELECT * FROM test_samples
SELECT _sample FROM (
{query}
) AS members;

-- name: stored(dataset_id, dataset_version, test_case_ids)
SELECT test_case_id, test_case_version, dataset_version, file_id, n, n_nan
FROM catalogue.memberships
WHERE dataset_id = $dataset_id AND dataset_version = $dataset_version AND results_id IS NULL
    AND test_case_id IN (SELECT unnest($test_case_ids::BIGINT[]));

-- name: of_other_versions(dataset_id, dataset_version, test_case_ids)
SELECT test_case_id, test_case_version, dataset_version, file_id, n, n_nan
FROM catalogue.memberships
WHERE dataset_id = $dataset_id AND dataset_version <> $dataset_version AND results_id IS NULL
    AND test_case_id IN (SELECT unnest($test_case_ids::BIGINT[]))
QUALIFY dataset_version = max(dataset_version) OVER (PARTITION BY test_case_id, test_case_version);

-- name: stored_of_results(dataset_id, dataset_version, results_id, results_version, test_case_ids)
SELECT test_case_id, test_case_version, dataset_version, file_id, n, n_nan
FROM catalogue.memberships
WHERE dataset_id = $dataset_id AND dataset_version = $dataset_version
    AND results_id = $results_id AND results_version = $results_version
    AND test_case_id IN (SELECT unnest($test_case_ids::BIGINT[]));

-- name: insert_memberships(test_case_ids, test_case_versions, dataset_id, dataset_version, file_ids, n, n_nan, results_id, results_version)
INSERT INTO catalogue.memberships
SELECT unnest($test_case_ids::BIGINT[]), unnest($test_case_versions::INTEGER[]), $dataset_id, $dataset_version,
    unnest($file_ids::BIGINT[]), unnest($n::BIGINT[]), unnest($n_nan::BIGINT[]), $results_id, $results_version;
