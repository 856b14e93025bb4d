-- What must hold between the tables of the catalogue. Each of the first statements lists what does not: (subject, problem).

-- name: one_store_info()
SELECT 'store_info', count(*) || ' rows, there must be 1' FROM catalogue.store_info HAVING count(*) <> 1;

-- name: unknown_files()
SELECT DISTINCT subject, 'names a data file (' || file_id || ') that the catalogue does not have'
FROM (
    SELECT 'dataset ' || name AS subject, unnest(id_map_files) AS file_id FROM catalogue.datasets
    UNION ALL
    SELECT 'dataset ' || name || ' version ' || version, unnest(sample_files)
    FROM catalogue.dataset_versions LEFT JOIN catalogue.datasets USING (dataset_id)
    UNION ALL
    SELECT 'attached table ' || name || ' of dataset version ' || version, unnest(table_files)
    FROM catalogue.attached_tables
    UNION ALL
    SELECT 'results ' || results_id || ' version ' || version, unnest(inference_files) FROM catalogue.results_versions
    UNION ALL
    SELECT 'test case ' || test_case_id || ' version ' || version, members_file FROM catalogue.test_case_versions
    UNION ALL
    SELECT 'membership of test case ' || test_case_id, file_id FROM catalogue.memberships
    UNION ALL
    SELECT 'sample metrics of results ' || results_id, unnest(metric_files) FROM catalogue.sample_metrics
    UNION ALL
    SELECT 'run ' || run_id, unnest([term_file, metric_file]) FROM catalogue.test_runs
)
WHERE file_id IS NOT NULL AND file_id NOT IN (SELECT file_id FROM catalogue.files)
ORDER BY ALL;

-- name: repeated_ids()
SELECT kind || ' ' || id, 'is there ' || count(*) || ' times'
FROM (
    SELECT 'file' AS kind, file_id::VARCHAR AS id FROM catalogue.files
    UNION ALL SELECT 'content of kind ' || kind, sha256 FROM catalogue.files
    UNION ALL SELECT 'dataset', dataset_id::VARCHAR FROM catalogue.datasets
    UNION ALL SELECT 'dataset named', lower(name) FROM catalogue.datasets
    UNION ALL SELECT 'dataset version', dataset_id || ' ' || version FROM catalogue.dataset_versions
    UNION ALL
    SELECT 'attached table', concat_ws(' ', dataset_id, version, lower(name)) FROM catalogue.attached_tables
    UNION ALL SELECT 'model', model_id::VARCHAR FROM catalogue.models
    UNION ALL SELECT 'model named', name FROM catalogue.models
    UNION ALL SELECT 'configuration', configuration_id::VARCHAR FROM catalogue.configurations
    UNION ALL SELECT 'results', results_id::VARCHAR FROM catalogue.results
    UNION ALL SELECT 'results version', results_id || ' ' || version FROM catalogue.results_versions
    UNION ALL SELECT 'test case', test_case_id::VARCHAR FROM catalogue.test_cases
    UNION ALL SELECT 'test case named', dataset_id || ' ' || lower(name) FROM catalogue.test_cases
    UNION ALL SELECT 'test suite', suite_id::VARCHAR FROM catalogue.test_suites
    UNION ALL SELECT 'test suite named', dataset_id || ' ' || lower(name) FROM catalogue.test_suites
    UNION ALL SELECT 'test suite version', suite_id || ' ' || version FROM catalogue.test_suite_versions
    UNION ALL SELECT 'run', run_id::VARCHAR FROM catalogue.test_runs
    UNION ALL SELECT 'run of key', run_key FROM catalogue.test_runs WHERE status = 'done'
    UNION ALL
    SELECT 'membership', concat_ws(' ', test_case_id, test_case_version, dataset_id, dataset_version,
        results_id, results_version)
    FROM catalogue.memberships
)
GROUP BY kind, id HAVING count(*) > 1 ORDER BY ALL;

-- name: ids_ahead()
SELECT 'next_id', next_id || ' was given out already'
FROM catalogue.store_info
WHERE next_id <= (
    SELECT max(id)
    FROM (
        SELECT file_id AS id FROM catalogue.files UNION ALL SELECT dataset_id FROM catalogue.datasets
        UNION ALL SELECT model_id FROM catalogue.models UNION ALL SELECT configuration_id FROM catalogue.configurations
        UNION ALL SELECT results_id FROM catalogue.results UNION ALL SELECT test_case_id FROM catalogue.test_cases
        UNION ALL SELECT suite_id FROM catalogue.test_suites UNION ALL SELECT run_id FROM catalogue.test_runs
    )
);

-- name: lost_parents()
SELECT DISTINCT subject, 'belongs to a ' || parent || ' (' || id || ') that the catalogue does not have'
FROM (
    SELECT 'dataset version ' || version AS subject, 'dataset' AS parent, dataset_id AS id FROM catalogue.dataset_versions
    UNION ALL SELECT 'attached table ' || name, 'dataset', dataset_id FROM catalogue.attached_tables
    UNION ALL SELECT 'results ' || results_id, 'dataset', dataset_id FROM catalogue.results
    UNION ALL SELECT 'results ' || results_id, 'model', model_id FROM catalogue.results
    UNION ALL SELECT 'results ' || results_id, 'configuration', upload_configuration_id FROM catalogue.results
    UNION ALL SELECT 'results version ' || version, 'results', results_id FROM catalogue.results_versions
    UNION ALL SELECT 'test case ' || name, 'dataset', dataset_id FROM catalogue.test_cases
    UNION ALL SELECT 'test case version ' || version, 'test case', test_case_id FROM catalogue.test_case_versions
    UNION ALL SELECT 'test suite ' || name, 'dataset', dataset_id FROM catalogue.test_suites
    UNION ALL SELECT 'test suite version ' || version, 'test suite', suite_id FROM catalogue.test_suite_versions
    UNION ALL SELECT 'member of a suite', 'test suite', suite_id FROM catalogue.test_suite_members
    UNION ALL SELECT 'member of a suite', 'test case', test_case_id FROM catalogue.test_suite_members
    UNION ALL SELECT 'metric ' || name, 'dataset', dataset_id FROM catalogue.metric_versions
    UNION ALL SELECT 'membership', 'test case', test_case_id FROM catalogue.memberships
    UNION ALL SELECT 'membership', 'dataset', dataset_id FROM catalogue.memberships
    UNION ALL SELECT 'membership', 'results', results_id FROM catalogue.memberships
    UNION ALL SELECT 'sample metrics', 'results', results_id FROM catalogue.sample_metrics
    UNION ALL SELECT 'threshold', 'results', results_id FROM catalogue.thresholds
    UNION ALL SELECT 'run ' || run_id, 'dataset', dataset_id FROM catalogue.test_runs
    UNION ALL SELECT 'run ' || run_id, 'results', results_id FROM catalogue.test_runs
    UNION ALL SELECT 'run ' || run_id, 'test suite', suite_id FROM catalogue.test_runs
    UNION ALL SELECT 'run ' || run_id, 'configuration', configuration_id FROM catalogue.test_runs
)
WHERE id IS NOT NULL AND (parent, id) NOT IN (
    SELECT 'dataset', dataset_id FROM catalogue.datasets
    UNION ALL SELECT 'model', model_id FROM catalogue.models
    UNION ALL SELECT 'configuration', configuration_id FROM catalogue.configurations
    UNION ALL SELECT 'results', results_id FROM catalogue.results
    UNION ALL SELECT 'test case', test_case_id FROM catalogue.test_cases
    UNION ALL SELECT 'test suite', suite_id FROM catalogue.test_suites
)
ORDER BY ALL;

-- name: lost_versions()
SELECT DISTINCT subject, 'needs version ' || version || ' of ' || parent || ', which the catalogue does not have'
FROM (
    SELECT 'test suite ' || suite_id AS subject, 'test case ' || test_case_id AS parent, test_case_version AS version,
        EXISTS (FROM catalogue.test_case_versions AS found WHERE found.test_case_id = members.test_case_id
            AND found.version = members.test_case_version) AS is_there
    FROM catalogue.test_suite_members AS members
    UNION ALL
    SELECT 'run ' || run_id, 'test suite ' || suite_id, suite_version,
        EXISTS (FROM catalogue.test_suite_versions AS found WHERE found.suite_id = runs.suite_id
            AND found.version = runs.suite_version)
    FROM catalogue.test_runs AS runs
    UNION ALL
    SELECT 'attached table ' || name, 'dataset ' || dataset_id, version,
        EXISTS (FROM catalogue.dataset_versions AS found WHERE found.dataset_id = stored.dataset_id
            AND found.version = stored.version)
    FROM catalogue.attached_tables AS stored
    UNION ALL
    SELECT 'a membership', 'dataset ' || dataset_id, dataset_version,
        EXISTS (FROM catalogue.dataset_versions AS found WHERE found.dataset_id = stored.dataset_id
            AND found.version = stored.dataset_version)
    FROM catalogue.memberships AS stored
    UNION ALL
    SELECT 'a membership', 'results ' || results_id, results_version,
        EXISTS (FROM catalogue.results_versions AS found WHERE found.results_id = stored.results_id
            AND found.version = stored.results_version)
    FROM catalogue.memberships AS stored WHERE results_id IS NOT NULL
    UNION ALL
    SELECT 'sample metrics', 'dataset ' || dataset_id, dataset_version,
        EXISTS (FROM catalogue.dataset_versions AS found WHERE found.dataset_id = stored.dataset_id
            AND found.version = stored.dataset_version)
    FROM catalogue.sample_metrics AS stored
    UNION ALL
    SELECT 'sample metrics', 'results ' || results_id, results_version,
        EXISTS (FROM catalogue.results_versions AS found WHERE found.results_id = stored.results_id
            AND found.version = stored.results_version)
    FROM catalogue.sample_metrics AS stored
)
WHERE NOT is_there ORDER BY ALL;

-- name: gaps()
SELECT subject, 'has versions ' || least || ' to ' || greatest || ', but ' || n || ' of them'
FROM (
    SELECT 'dataset ' || dataset_id AS subject, min(version) AS least, max(version) AS greatest, count(*) AS n
    FROM catalogue.dataset_versions GROUP BY dataset_id
    UNION ALL
    SELECT 'results ' || results_id, min(version), max(version), count(*)
    FROM catalogue.results_versions GROUP BY results_id
    UNION ALL
    SELECT 'test suite ' || suite_id, min(version), max(version), count(*)
    FROM catalogue.test_suite_versions GROUP BY suite_id
)
WHERE greatest - least + 1 <> n ORDER BY ALL;

-- name: wrong_counts()
SELECT subject, 'has ' || counted || ' rows in its files, the catalogue says ' || stated
FROM (
    SELECT 'dataset ' || name || ' version ' || version AS subject, n_samples AS stated,
        (SELECT coalesce(sum(n_rows), 0) FROM catalogue.files
            WHERE file_id IN (SELECT unnest(sample_files))) AS counted
    FROM catalogue.dataset_versions JOIN catalogue.datasets USING (dataset_id)
    UNION ALL
    SELECT 'attached table ' || name || ' of dataset version ' || version, n_rows,
        (SELECT coalesce(sum(n_rows), 0) FROM catalogue.files WHERE file_id IN (SELECT unnest(table_files)))
    FROM catalogue.attached_tables
    UNION ALL
    SELECT 'results ' || results_id || ' version ' || version,
        CASE WHEN repeat_field IS NULL THEN n_answered ELSE n_rows END,
        (SELECT coalesce(sum(n_rows), 0) FROM catalogue.files WHERE file_id IN (SELECT unnest(inference_files)))
    FROM catalogue.results_versions
)
WHERE counted <> stated ORDER BY ALL;

-- name: numbers_ahead()
SELECT DISTINCT 'dataset ' || name, 'has sample ' || last_sample || ', but the next new one would be ' || next_sample
FROM catalogue.datasets
JOIN (
    SELECT dataset_id, unnest(sample_files) AS file_id FROM catalogue.dataset_versions
    UNION ALL SELECT dataset_id, unnest(table_files) FROM catalogue.attached_tables
) USING (dataset_id)
JOIN catalogue.files USING (file_id)
WHERE last_sample >= next_sample ORDER BY ALL;

-- name: comparisons_in(file_ids)
SELECT comparison_id, models.name AS model, baselines.name AS baseline, datasets.name AS dataset
FROM catalogue.comparisons
JOIN catalogue.datasets USING (dataset_id)
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
JOIN catalogue.results AS of_baseline ON of_baseline.results_id = baseline_results_id
JOIN catalogue.models AS baselines ON baselines.model_id = of_baseline.model_id
WHERE rows_file IN (SELECT unnest($file_ids::BIGINT[])) ORDER BY comparison_id;

-- name: forget_comparison(comparison_id)
DELETE FROM catalogue.comparisons WHERE comparison_id = $comparison_id;

-- name: all_files()
SELECT file_id, kind, sha256, n_rows, n_bytes, first_sample, last_sample, added_in FROM catalogue.files ORDER BY file_id;

-- name: users_of_file(file_id)
SELECT DISTINCT 'dataset ' || name || ' version ' || version AS user
FROM catalogue.dataset_versions JOIN catalogue.datasets USING (dataset_id)
WHERE $file_id IN (SELECT unnest(sample_files))
UNION ALL
SELECT 'the table ' || attached.name || ' of dataset ' || datasets.name || ' version ' || version
FROM catalogue.attached_tables AS attached JOIN catalogue.datasets USING (dataset_id)
WHERE $file_id IN (SELECT unnest(table_files))
UNION ALL
SELECT 'the ids of dataset ' || name FROM catalogue.datasets WHERE $file_id IN (SELECT unnest(id_map_files))
UNION ALL
SELECT 'results of ' || models.name || ' on ' || datasets.name || ' version ' || version
FROM catalogue.results_versions
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
JOIN catalogue.datasets USING (dataset_id)
WHERE $file_id IN (SELECT unnest(inference_files))
UNION ALL
SELECT 'the list of ids of test case ' || test_cases.name
FROM catalogue.test_case_versions JOIN catalogue.test_cases USING (test_case_id) WHERE members_file = $file_id
ORDER BY ALL;

-- name: stored_memberships()
SELECT DISTINCT dataset_id, dataset_version, results_id, results_version FROM catalogue.memberships ORDER BY ALL;

-- name: cases_with_members(dataset_id, dataset_version, results_id, results_version)
SELECT test_case_id, test_case_versions.version, name, level, definition_digest, source, normalised, object_query, within, fields,
    inference_fields, members_file, description, tags
FROM catalogue.memberships
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.test_case_versions USING (test_case_id)
WHERE memberships.dataset_id = $dataset_id AND dataset_version = $dataset_version
    AND results_id IS NOT DISTINCT FROM $results_id::BIGINT
    AND results_version IS NOT DISTINCT FROM $results_version::INTEGER
    AND test_case_versions.version = test_case_version
ORDER BY test_case_id, version;

-- name: datasets_using(file_ids)
SELECT DISTINCT dataset_id
FROM (
    SELECT dataset_id, unnest(id_map_files) AS file_id FROM catalogue.datasets
    UNION ALL SELECT dataset_id, unnest(sample_files) FROM catalogue.dataset_versions
    UNION ALL SELECT dataset_id, unnest(table_files) FROM catalogue.attached_tables
    UNION ALL
    SELECT dataset_id, unnest(inference_files) FROM catalogue.results_versions JOIN catalogue.results USING (results_id)
    UNION ALL
    SELECT dataset_id, members_file FROM catalogue.test_case_versions JOIN catalogue.test_cases USING (test_case_id)
)
WHERE file_id IN (SELECT unnest($file_ids::BIGINT[]));

-- name: versions_with_members_in(file_ids)
SELECT DISTINCT dataset_id, dataset_version, results_id, results_version FROM catalogue.memberships
WHERE file_id IN (SELECT unnest($file_ids::BIGINT[])) ORDER BY ALL;

-- name: cases_with_members_in(dataset_id, dataset_version, results_id, results_version, file_ids)
SELECT test_case_id, test_case_versions.version, name, level, definition_digest, source, normalised, object_query, within, fields,
    inference_fields, members_file, description, tags
FROM catalogue.memberships
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.test_case_versions USING (test_case_id)
WHERE memberships.dataset_id = $dataset_id AND dataset_version = $dataset_version
    AND results_id IS NOT DISTINCT FROM $results_id::BIGINT
    AND results_version IS NOT DISTINCT FROM $results_version::INTEGER
    AND test_case_versions.version = test_case_version AND file_id IN (SELECT unnest($file_ids::BIGINT[]))
ORDER BY test_case_id, version;

-- name: drop_memberships_in(dataset_id, dataset_version, results_id, results_version, file_ids)
DELETE FROM catalogue.memberships
WHERE dataset_id = $dataset_id AND dataset_version = $dataset_version
    AND results_id IS NOT DISTINCT FROM $results_id::BIGINT
    AND results_version IS NOT DISTINCT FROM $results_version::INTEGER
    AND file_id IN (SELECT unnest($file_ids::BIGINT[]));
