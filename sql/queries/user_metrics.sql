-- Metrics that users define: their versions, and the tables that their queries run on in a process of their own.

-- name: versions(dataset_id, name)
SELECT name, version, definition_digest, source, is_current, created FROM catalogue.metric_versions
WHERE dataset_id = $dataset_id AND name = $name ORDER BY version;

-- name: current_versions(dataset_id)
SELECT name, version, definition_digest, source, is_current, created FROM catalogue.metric_versions
WHERE dataset_id = $dataset_id AND is_current ORDER BY name;

-- name: all_versions(dataset_id)
SELECT name, version, definition_digest, source, is_current, created FROM catalogue.metric_versions
WHERE dataset_id = $dataset_id ORDER BY name, is_current DESC, version DESC;

-- name: insert_version(dataset_id, name, version, definition_digest, source, created)
INSERT INTO catalogue.metric_versions
VALUES ($dataset_id, $name, $version, $definition_digest, $source, FALSE, $created);

-- name: make_current(dataset_id, name, version)
UPDATE catalogue.metric_versions SET is_current = (version IS NOT DISTINCT FROM $version::INTEGER)
WHERE dataset_id = $dataset_id AND name = $name;

-- name: load_answered()
-- example: table = answered
-- example: model = 'v1'
-- example: configuration = NULL
-- example: s = NULL
-- example: g = NULL
-- example: i = NULL
-- example: m = NULL
-- example: samples = ['x.parquet']
-- example: inferences = ['x.parquet']
-- example: scored = ['x.parquet']
-- example: same_repeat = TRUE
-- example: weight = 1
CREATE TABLE {table} AS
SELECT samples._sample, {model}::VARCHAR AS model, {configuration}::VARCHAR AS upload_configuration,
    {weight} AS _weight, {s} AS s, {g} AS g, {i} AS i, {m} AS m
FROM read_parquet({samples}, union_by_name = true) AS samples
JOIN read_parquet({inferences}, union_by_name = true) AS inferences ON inferences._sample = samples._sample
LEFT JOIN read_parquet({scored}, union_by_name = true) AS scored
    ON scored._sample = samples._sample AND {same_repeat}
ORDER BY samples._sample;

-- name: create_answered()
-- example: s = INTEGER
-- example: g = INTEGER
-- example: i = INTEGER
-- example: m = INTEGER
CREATE TABLE answered (
    _sample BIGINT, model VARCHAR, upload_configuration VARCHAR, _weight DOUBLE, s {s}, g {g}, i {i}, m {m}
);

-- name: add_blank_answer()
INSERT INTO answered (_sample) VALUES (0);

-- name: use_utc()
SET TimeZone = 'UTC';

-- name: one_spelling_of_lambdas()
SET lambda_syntax = 'DISABLE_SINGLE_ARROW';

-- name: null_for_division_by_zero()
SET error_on_division_by_zero = false;

-- name: no_outside()
SET enable_external_access = false;

-- name: lock()
SET lock_configuration = true;

-- name: answered_samples()
-- example: table = answered
SELECT _sample FROM {table};

-- The members are copied: as a condition of the view, DuckDB may evaluate the user's casts on other samples first.

-- name: choose_members()
-- example: table = answered
CREATE OR REPLACE TABLE chosen AS SELECT whole.* FROM {table} AS whole POSITIONAL JOIN given WHERE is_member;

-- A sample that is drawn twice is two samples, each with its own number and its own rows of attached tables.

-- name: draws()
CREATE OR REPLACE TABLE draws AS SELECT _sample AS original, row_number() OVER (ORDER BY _sample) - 1 AS number
FROM (SELECT _sample, unnest(range(times)) FROM drawn_samples);

-- name: draw_again()
-- example: table = answered
CREATE OR REPLACE TABLE chosen AS
SELECT whole.* REPLACE (draws.number AS _sample)
FROM {table} AS whole JOIN draws ON draws.original = whole._sample ORDER BY draws.number;

-- name: results()
CREATE OR REPLACE VIEW results AS SELECT * FROM chosen;

-- Attached tables: whole in a schema of their own; what queries see are the rows of the samples in `results`.

-- name: attached_schema()
CREATE SCHEMA IF NOT EXISTS attached;

-- name: load_attached()
-- example: table = notes
-- example: columns = _sample
-- example: files = ['x.parquet']
CREATE TABLE attached.{table} AS SELECT {columns} FROM read_parquet({files}, union_by_name = true) ORDER BY _sample;

-- name: create_attached()
-- example: table = notes
-- example: columns = _sample BIGINT
CREATE TABLE attached.{table} ({columns});

-- name: add_blank_row()
-- example: table = notes
INSERT INTO attached.{table} (_sample) VALUES (0);

-- name: rows_of_chosen()
-- example: table = notes
CREATE OR REPLACE VIEW {table} AS SELECT * FROM attached.{table} WHERE _sample IN (SELECT _sample FROM chosen);

-- name: rows_of_draws()
-- example: table = notes
CREATE OR REPLACE VIEW {table} AS
SELECT whole.* REPLACE (draws.number AS _sample)
FROM attached.{table} AS whole JOIN draws ON draws.original = whole._sample;

-- Additive aggregates: what each sample adds is evaluated once, then summed for every test case outside SQL.

-- name: every_answer()
-- example: table = answered
CREATE OR REPLACE VIEW results AS SELECT * FROM {table};

-- name: term_values()
-- example: columns = 1::BIGINT AS t0
CREATE OR REPLACE TABLE term_values AS SELECT _case, {columns} FROM given_terms;
