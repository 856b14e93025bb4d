-- name: schema()
-- example: schema = "digits"
CREATE SCHEMA IF NOT EXISTS {schema};

-- name: test_samples()
-- example: view = "digits".test_samples
-- example: columns = _sample
-- example: files = ['x.parquet']
CREATE OR REPLACE VIEW {view} AS SELECT {columns} FROM read_parquet({files}, union_by_name = true);

-- name: ground_truths()
-- example: view = "digits".ground_truths
-- example: columns = _sample
-- example: samples = "digits".test_samples
CREATE OR REPLACE VIEW {view} AS SELECT {columns} FROM {samples};

-- name: inferences()
-- example: view = "digits".inferences
-- example: parts = SELECT 1 AS a
CREATE OR REPLACE VIEW {view} AS {parts};

-- name: inferences_of_model()
-- example: model = 'v1'
-- example: configuration = NULL
-- example: columns = , inferences._sample AS label
-- example: files = ['x.parquet']
-- example: samples = "digits".test_samples
SELECT _sample, {model}::VARCHAR AS model, {configuration}::VARCHAR AS upload_configuration{columns}
FROM read_parquet({files}, union_by_name = true) AS inferences
WHERE _sample IN (SELECT _sample FROM {samples})

-- name: results_of_model()
-- example: model = 'v1'
-- example: configuration = NULL
-- example: s = NULL
-- example: g = NULL
-- example: i = NULL
-- example: files = ['x.parquet']
-- example: samples = "digits".test_samples
-- example: m = NULL
-- example: scored = WHERE inferences._sample > 0
SELECT samples._sample, {model}::VARCHAR AS model, {configuration}::VARCHAR AS upload_configuration,
    {s} AS s, {g} AS g, {i} AS i, {m} AS m
FROM {samples} AS samples
JOIN read_parquet({files}, union_by_name = true) AS inferences ON inferences._sample = samples._sample
{scored}

-- name: join_sample_metrics()
-- example: files = ['x.parquet']
LEFT JOIN read_parquet({files}, union_by_name = true) AS scored ON scored._sample = samples._sample

-- name: no_inferences()
-- example: view = "digits".inferences
CREATE OR REPLACE VIEW {view} AS
SELECT NULL::BIGINT AS _sample, NULL::VARCHAR AS model, NULL::VARCHAR AS upload_configuration WHERE FALSE;

-- name: no_results()
-- example: view = "digits".results
CREATE OR REPLACE VIEW {view} AS
SELECT NULL::BIGINT AS _sample, NULL::VARCHAR AS model, NULL::VARCHAR AS upload_configuration WHERE FALSE;
