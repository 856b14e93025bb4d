-- name: catalogue()
CREATE SCHEMA catalogue;

-- name: store_info()
CREATE TABLE catalogue.store_info (
    format_version INTEGER, store_id UUID, root VARCHAR, generation BIGINT, next_id BIGINT, updated TIMESTAMP
);

-- name: files()
CREATE TABLE catalogue.files (
    file_id BIGINT, kind VARCHAR, sha256 VARCHAR, n_rows BIGINT, n_bytes BIGINT,
    first_sample BIGINT, last_sample BIGINT, added_in BIGINT
);

-- name: released_files()
CREATE TABLE IF NOT EXISTS catalogue.released_files (kind VARCHAR, sha256 VARCHAR, n_bytes BIGINT, released TIMESTAMP);

-- name: datasets()
CREATE TABLE catalogue.datasets (
    dataset_id BIGINT, name VARCHAR, id_fields VARCHAR[], id_map_files BIGINT[], next_sample BIGINT,
    description VARCHAR, tags VARCHAR[], metadata VARCHAR, created TIMESTAMP
);

-- name: dataset_versions()
CREATE TABLE catalogue.dataset_versions (
    dataset_id BIGINT, version INTEGER, workflow VARCHAR, columns VARCHAR, sampling VARCHAR, fields VARCHAR, arrow_schema BLOB, sample_files BIGINT[],
    n_samples BIGINT, added BIGINT, changed BIGINT, removed BIGINT, unchanged BIGINT,
    author VARCHAR, message VARCHAR, tags VARCHAR[], created TIMESTAMP, content_digest VARCHAR
);

-- name: attached_tables()
CREATE TABLE catalogue.attached_tables (
    dataset_id BIGINT, version INTEGER, name VARCHAR, fields VARCHAR, arrow_schema BLOB, table_files BIGINT[],
    n_rows BIGINT, content_digest VARCHAR
);

-- name: models()
CREATE TABLE catalogue.models (model_id BIGINT, name VARCHAR, tags VARCHAR[], metadata VARCHAR, created TIMESTAMP);

-- name: configurations()
CREATE TABLE catalogue.configurations (configuration_id BIGINT, kind VARCHAR, document VARCHAR, created TIMESTAMP);

-- name: results()
CREATE TABLE catalogue.results (
    results_id BIGINT, dataset_id BIGINT, model_id BIGINT, upload_configuration_id BIGINT
);

-- name: results_versions()
CREATE TABLE catalogue.results_versions (
    results_id BIGINT, version INTEGER, fields VARCHAR, arrow_schema BLOB, metadata_fields VARCHAR[],
    inference_files BIGINT[], n_answered BIGINT,
    inserted BIGINT, updated BIGINT, unchanged BIGINT, unmatched BIGINT, author VARCHAR, created TIMESTAMP,
    content_digest VARCHAR, repeat_field VARCHAR, n_rows BIGINT
);

-- name: test_cases()
CREATE TABLE catalogue.test_cases (
    test_case_id BIGINT, dataset_id BIGINT, name VARCHAR, description VARCHAR, tags VARCHAR[]
);

-- name: test_case_versions()
CREATE TABLE catalogue.test_case_versions (
    test_case_id BIGINT, version INTEGER, level VARCHAR, definition_digest VARCHAR, source VARCHAR,
    normalised VARCHAR, object_query VARCHAR, within VARCHAR, fields VARCHAR[], inference_fields VARCHAR[],
    members_file BIGINT, created TIMESTAMP
);

-- name: test_suites()
CREATE TABLE catalogue.test_suites (
    suite_id BIGINT, dataset_id BIGINT, name VARCHAR, origin VARCHAR, description VARCHAR, tags VARCHAR[]
);

-- name: test_suite_versions()
CREATE TABLE catalogue.test_suite_versions (suite_id BIGINT, version INTEGER, source VARCHAR, created TIMESTAMP);

-- name: test_suite_members()
CREATE TABLE catalogue.test_suite_members (
    suite_id BIGINT, suite_version INTEGER, position INTEGER, test_case_id BIGINT, test_case_version INTEGER
);

-- name: metric_versions()
CREATE TABLE catalogue.metric_versions (
    dataset_id BIGINT, name VARCHAR, version INTEGER, definition_digest VARCHAR, source VARCHAR, is_current BOOLEAN,
    created TIMESTAMP
);

-- name: memberships()
CREATE TABLE catalogue.memberships (
    test_case_id BIGINT, test_case_version INTEGER, dataset_id BIGINT, dataset_version INTEGER, file_id BIGINT,
    n BIGINT, n_nan BIGINT, results_id BIGINT, results_version INTEGER
);

-- name: sample_metrics()
CREATE TABLE catalogue.sample_metrics (
    dataset_id BIGINT, dataset_version INTEGER, results_id BIGINT, results_version INTEGER, configuration_id BIGINT,
    scorer VARCHAR, facts VARCHAR, fields VARCHAR, metric_files BIGINT[], n_scored BIGINT,
    n_reused BIGINT
);

-- name: thresholds()
CREATE TABLE catalogue.thresholds (
    results_id BIGINT, results_version INTEGER, dataset_version INTEGER, configuration_id BIGINT, class VARCHAR,
    threshold DOUBLE, tuned_on VARCHAR
);

-- name: test_runs()
CREATE TABLE catalogue.test_runs (
    run_id BIGINT, run_key VARCHAR, dataset_id BIGINT, dataset_version INTEGER, results_id BIGINT,
    results_version INTEGER, suite_id BIGINT, suite_version INTEGER, configuration_id BIGINT, restriction VARCHAR,
    metric_set VARCHAR, status VARCHAR, origin VARCHAR, notes VARCHAR[], level DOUBLE, seed BIGINT,
    term_file BIGINT, metric_file BIGINT, software VARCHAR, started TIMESTAMP, seconds DOUBLE, n_scored BIGINT, n_reused BIGINT,
    repeats VARCHAR, definitions VARCHAR
);

-- name: comparisons()
CREATE TABLE catalogue.comparisons (
    comparison_id BIGINT, comparison_key VARCHAR, dataset_id BIGINT, dataset_version INTEGER, results_id BIGINT,
    results_version INTEGER, baseline_results_id BIGINT, baseline_results_version INTEGER, suite_id BIGINT,
    suite_version INTEGER, configuration_id BIGINT, options VARCHAR, found VARCHAR, rows_file BIGINT, software VARCHAR,
    started TIMESTAMP, seconds DOUBLE
);

-- name: published()
CREATE TABLE catalogue.published (
    dataset_id BIGINT, schema_name VARCHAR, name VARCHAR, kind VARCHAR, digest VARCHAR
);

-- name: published_cases()
CREATE TABLE catalogue.published_cases (dataset_id BIGINT, test_case_id BIGINT, test_case_version INTEGER);

-- name: published_metrics()
CREATE TABLE catalogue.published_metrics (
    dataset_id BIGINT, metric VARCHAR, level VARCHAR, better VARCHAR, unit VARCHAR, value_range VARCHAR,
    formula VARCHAR, undefined VARCHAR, recomputable BOOLEAN, macro VARCHAR, reason VARCHAR, definition VARCHAR
);
