-- name: schema()
CREATE SCHEMA IF NOT EXISTS kolena;

-- name: datasets()
CREATE OR REPLACE VIEW kolena.datasets AS
SELECT datasets.name, version, json_extract_string(workflow, '$.workflow') AS workflow, id_fields, n_samples,
    description, datasets.tags, metadata, datasets.created, dataset_versions.created AS updated
FROM catalogue.datasets JOIN catalogue.dataset_versions USING (dataset_id)
QUALIFY version = max(version) OVER (PARTITION BY dataset_id);

-- name: dataset_versions()
CREATE OR REPLACE VIEW kolena.dataset_versions AS
SELECT datasets.name AS dataset, version, workflow, sampling, n_samples, added, changed, removed, unchanged, author,
    message, dataset_versions.tags, dataset_versions.created
FROM catalogue.dataset_versions JOIN catalogue.datasets USING (dataset_id);

-- name: attached_tables()
CREATE OR REPLACE VIEW kolena.attached_tables AS
SELECT datasets.name AS dataset, version, attached_tables.name AS attached_table, n_rows
FROM catalogue.attached_tables JOIN catalogue.datasets USING (dataset_id);

-- name: models()
CREATE OR REPLACE VIEW kolena.models AS SELECT name, tags, metadata, created FROM catalogue.models;

-- name: result_versions()
CREATE OR REPLACE VIEW kolena.result_versions AS
SELECT datasets.name AS dataset, models.name AS model, document AS upload_configuration, version, n_answered, inserted,
    updated, unchanged, unmatched, author, results_versions.created, metadata_fields,
    repeat_field, n_rows
FROM catalogue.results_versions
JOIN catalogue.results USING (results_id)
JOIN catalogue.datasets USING (dataset_id)
JOIN catalogue.models USING (model_id)
LEFT JOIN catalogue.configurations ON configuration_id = upload_configuration_id;

-- name: test_cases()
CREATE OR REPLACE VIEW kolena.test_cases AS
SELECT datasets.name AS dataset, test_cases.name AS test_case, version, level, test_cases.description,
    test_cases.tags, source AS definition, test_case_versions.created
FROM catalogue.test_case_versions
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.datasets USING (dataset_id);

-- name: test_suites()
CREATE OR REPLACE VIEW kolena.test_suites AS
SELECT datasets.name AS dataset, test_suites.name AS suite, version, origin, test_suites.description,
    test_suites.tags, test_suite_versions.created
FROM catalogue.test_suite_versions
JOIN catalogue.test_suites USING (suite_id)
JOIN catalogue.datasets USING (dataset_id);

-- name: test_suite_members()
CREATE OR REPLACE VIEW kolena.test_suite_members AS
SELECT datasets.name AS dataset, test_suites.name AS suite, suite_version, position, test_cases.name AS test_case,
    test_case_version
FROM catalogue.test_suite_members
JOIN catalogue.test_suites USING (suite_id)
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.datasets ON datasets.dataset_id = test_suites.dataset_id;

-- name: test_runs()
CREATE OR REPLACE VIEW kolena.test_runs AS
SELECT run_id AS run, datasets.name AS dataset, dataset_version, models.name AS model,
    upload.document AS upload_configuration, results_version, test_suites.name AS suite, suite_version,
    evaluator.document AS configuration, restriction, status, test_runs.origin, notes, level, seed, started, seconds,
    n_scored, n_reused, repeats,
    dataset_version < newest_dataset.version OR results_version < newest_results.version AS outdated
FROM catalogue.test_runs
JOIN catalogue.datasets USING (dataset_id)
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
JOIN catalogue.test_suites USING (suite_id)
JOIN (SELECT dataset_id, max(version) AS version FROM catalogue.dataset_versions GROUP BY dataset_id)
    AS newest_dataset ON newest_dataset.dataset_id = test_runs.dataset_id
JOIN (SELECT results_id, max(version) AS version FROM catalogue.results_versions GROUP BY results_id)
    AS newest_results ON newest_results.results_id = test_runs.results_id
LEFT JOIN catalogue.configurations AS upload ON upload.configuration_id = upload_configuration_id
LEFT JOIN catalogue.configurations AS evaluator ON evaluator.configuration_id = test_runs.configuration_id;

-- name: no_metrics()
CREATE OR REPLACE VIEW kolena.metrics AS
SELECT NULL::BIGINT AS run, NULL::VARCHAR AS model, NULL::VARCHAR AS dataset, NULL::VARCHAR AS suite,
    NULL::VARCHAR AS test_case, NULL::VARCHAR AS metric, NULL::VARCHAR AS class, NULL::DOUBLE AS value,
    NULL::BIGINT AS n, NULL::BIGINT AS n_samples, NULL::BIGINT AS n_missing, NULL::BIGINT AS n_null,
    NULL::DOUBLE AS ci_low, NULL::DOUBLE AS ci_high, NULL::VARCHAR AS method, NULL::VARCHAR AS better,
    NULL::VARCHAR AS configuration, NULL::VARCHAR AS reason, NULL::VARCHAR AS upload_configuration
WHERE FALSE;

-- name: metrics()
-- example: files = ['x.parquet']
CREATE OR REPLACE VIEW kolena.metrics AS SELECT * FROM read_parquet({files});

-- name: no_comparisons()
CREATE OR REPLACE VIEW kolena.comparisons AS
SELECT NULL::BIGINT AS comparison, NULL::VARCHAR AS dataset, NULL::VARCHAR AS suite, NULL::VARCHAR AS model,
    NULL::VARCHAR AS upload_configuration, NULL::VARCHAR AS baseline_model,
    NULL::VARCHAR AS baseline_upload_configuration, NULL::VARCHAR AS test_case, NULL::VARCHAR AS metric,
    NULL::VARCHAR AS class, NULL::VARCHAR AS better, NULL::DOUBLE AS value, NULL::DOUBLE AS baseline,
    NULL::DOUBLE AS delta, NULL::DOUBLE AS ci_low, NULL::DOUBLE AS ci_high, NULL::VARCHAR AS method,
    NULL::DOUBLE AS p, NULL::VARCHAR AS test, NULL::DOUBLE AS q, NULL::VARCHAR AS family, NULL::DOUBLE AS mde,
    NULL::VARCHAR AS mde_basis, NULL::BIGINT AS n, NULL::BIGINT AS baseline_n, NULL::BIGINT AS n_samples,
    NULL::BIGINT AS n_missing, NULL::BIGINT AS n_null, NULL::BIGINT AS n_only_model,
    NULL::BIGINT AS n_only_baseline, NULL::DOUBLE AS tolerance, NULL::DOUBLE AS q_equivalence,
    NULL::VARCHAR AS verdict, NULL::BOOLEAN AS detected, NULL::VARCHAR AS reason, NULL::VARCHAR AS note,
    NULL::INTEGER AS dataset_version, NULL::INTEGER AS results_version, NULL::INTEGER AS baseline_results_version,
    NULL::INTEGER AS suite_version, NULL::VARCHAR AS configuration, NULL::DOUBLE AS alpha,
    NULL::VARCHAR AS correction, NULL::TIMESTAMP AS started, NULL::BOOLEAN AS outdated
WHERE FALSE;

-- name: comparisons()
-- example: files = ['x.parquet']
CREATE OR REPLACE VIEW kolena.comparisons AS
SELECT found.*, made.dataset_version, made.results_version, baseline_results_version, made.suite_version,
    evaluator.document AS configuration, json_extract_string(options, '$.alpha')::DOUBLE AS alpha,
    json_extract_string(options, '$.correction') AS correction, made.started,
    made.dataset_version < newest_dataset.version OR made.results_version < newest_results.version
        OR baseline_results_version < newest_baseline.version AS outdated
FROM read_parquet({files}) AS found
JOIN catalogue.comparisons AS made ON made.comparison_id = found.comparison
JOIN (SELECT dataset_id, max(version) AS version FROM catalogue.dataset_versions GROUP BY dataset_id)
    AS newest_dataset ON newest_dataset.dataset_id = made.dataset_id
JOIN (SELECT results_id, max(version) AS version FROM catalogue.results_versions GROUP BY results_id)
    AS newest_results ON newest_results.results_id = made.results_id
JOIN (SELECT results_id, max(version) AS version FROM catalogue.results_versions GROUP BY results_id)
    AS newest_baseline ON newest_baseline.results_id = made.baseline_results_id
LEFT JOIN catalogue.configurations AS evaluator ON evaluator.configuration_id = made.configuration_id;

-- name: metric_definitions()
CREATE OR REPLACE VIEW kolena.metric_definitions AS
SELECT datasets.name AS dataset, json_extract_string(workflow, '$.workflow') AS workflow, metric, level, better, unit,
    value_range AS range, formula, undefined, recomputable, macro, reason, definition
FROM catalogue.published_metrics
JOIN catalogue.datasets USING (dataset_id)
JOIN catalogue.dataset_versions USING (dataset_id)
QUALIFY version = max(version) OVER (PARTITION BY dataset_id);

-- name: contract()
-- example: version = 1
CREATE OR REPLACE VIEW kolena.contract AS SELECT {version}::INTEGER AS version, '1.1.3' AS oldest_duckdb;

-- name: history()
-- example: history = SELECT 1
CREATE OR REPLACE VIEW kolena.history AS {history};
