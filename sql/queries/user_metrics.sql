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
-- example: model = 'v1'
-- example: configuration = NULL
-- example: s = NULL
-- example: g = NULL
-- example: i = NULL
-- example: m = NULL
-- example: samples = ['x.parquet']
-- example: inferences = ['x.parquet']
-- example: scored = ['x.parquet']
CREATE TABLE answered AS
SELECT samples._sample, {model}::VARCHAR AS model, {configuration}::VARCHAR AS upload_configuration,
    {s} AS s, {g} AS g, {i} AS i, {m} AS m
FROM read_parquet({samples}, union_by_name = true) AS samples
JOIN read_parquet({inferences}, union_by_name = true) AS inferences ON inferences._sample = samples._sample
LEFT JOIN read_parquet({scored}, union_by_name = true) AS scored ON scored._sample = samples._sample
ORDER BY samples._sample;

-- name: create_answered()
-- example: s = INTEGER
-- example: g = INTEGER
-- example: i = INTEGER
-- example: m = INTEGER
CREATE TABLE answered (
    _sample BIGINT, model VARCHAR, upload_configuration VARCHAR, s {s}, g {g}, i {i}, m {m}
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
SELECT _sample FROM answered;

-- The members are copied: as a condition of the view, DuckDB may evaluate the user's casts on other samples first.

-- name: choose_members()
CREATE OR REPLACE TABLE chosen AS SELECT answered.* FROM answered POSITIONAL JOIN given WHERE is_member;

-- name: draw_again()
CREATE OR REPLACE TABLE chosen AS
SELECT answered.* FROM answered JOIN (SELECT _sample, unnest(range(times)) FROM drawn_samples) AS drawn USING (_sample);

-- name: results()
CREATE OR REPLACE VIEW results AS SELECT * FROM chosen;

-- Additive aggregates: what each sample adds is evaluated once, then summed for every test case outside SQL.

-- name: every_answer()
CREATE OR REPLACE VIEW results AS SELECT * FROM answered;

-- name: term_values()
-- example: columns = 1::BIGINT AS t0
CREATE OR REPLACE TABLE term_values AS SELECT _case, {columns} FROM given_terms;
