-- name: newest_dataset(dataset_id)
SELECT datasets.name, fields, sample_files, version, workflow, sampling
FROM catalogue.datasets JOIN catalogue.dataset_versions USING (dataset_id)
WHERE dataset_id = $dataset_id ORDER BY version DESC LIMIT 1;

-- name: newest_results(dataset_id)
SELECT results_id, version, models.name AS model, document AS upload_configuration, fields, inference_files, metadata_fields,
    repeat_field
FROM catalogue.results
JOIN catalogue.results_versions USING (results_id)
JOIN catalogue.models USING (model_id)
LEFT JOIN catalogue.configurations ON configuration_id = upload_configuration_id
WHERE dataset_id = $dataset_id
QUALIFY version = max(version) OVER (PARTITION BY results_id)
ORDER BY results_id;

-- name: newest_sample_metrics(dataset_id, dataset_version)
SELECT results_id, results_version, fields, metric_files, scorer, facts, document AS configuration
FROM catalogue.sample_metrics LEFT JOIN catalogue.configurations USING (configuration_id)
WHERE dataset_id = $dataset_id AND dataset_version = $dataset_version
ORDER BY results_id, sample_metrics.configuration_id NULLS FIRST;

-- name: all_metric_files()
SELECT DISTINCT metric_file FROM catalogue.test_runs WHERE metric_file IS NOT NULL ORDER BY metric_file;

-- name: all_comparison_files()
SELECT DISTINCT rows_file FROM catalogue.comparisons WHERE rows_file IS NOT NULL ORDER BY rows_file;

-- name: term_files(dataset_id)
SELECT DISTINCT term_file FROM catalogue.test_runs
WHERE dataset_id = $dataset_id AND term_file IS NOT NULL ORDER BY term_file;

-- name: current_cases(dataset_id)
SELECT test_case_id, pinned.version, test_cases.name, level, definition_digest, normalised, object_query, fields,
    members_file, test_cases.description
FROM (
    SELECT members.test_case_id, members.test_case_version AS version
    FROM catalogue.test_suites
    JOIN (SELECT suite_id, max(version) AS version FROM catalogue.test_suite_versions GROUP BY suite_id) AS newest
        ON newest.suite_id = test_suites.suite_id
    JOIN catalogue.test_suite_members AS members
        ON members.suite_id = newest.suite_id AND members.suite_version = newest.version
    WHERE test_suites.dataset_id = $dataset_id
    QUALIFY row_number() OVER (
        PARTITION BY members.test_case_id ORDER BY origin = 'by', members.test_case_version DESC
    ) = 1
) AS pinned
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.test_case_versions USING (test_case_id)
WHERE test_case_versions.version = pinned.version
ORDER BY test_case_id;

-- name: object_cases(dataset_id)
SELECT DISTINCT test_cases.name, definition_digest
FROM catalogue.published_cases AS published
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.test_case_versions AS versions USING (test_case_id)
WHERE published.dataset_id = $dataset_id AND versions.version = published.test_case_version
    AND object_query IS NOT NULL
ORDER BY test_cases.name;

-- name: membership_files(dataset_id, dataset_version)
SELECT DISTINCT file_id
FROM catalogue.memberships JOIN catalogue.published_cases USING (dataset_id, test_case_id, test_case_version)
LEFT JOIN (SELECT results_id, max(version) AS version FROM catalogue.results_versions GROUP BY results_id) AS newest
    USING (results_id)
WHERE dataset_id = $dataset_id AND dataset_version = $dataset_version
    AND (results_id IS NULL OR results_version = newest.version)
ORDER BY file_id;

-- name: published_objects(dataset_id)
SELECT schema_name, name, kind, digest FROM catalogue.published WHERE dataset_id IS NOT DISTINCT FROM $dataset_id::BIGINT;

-- name: published_cases(dataset_id)
SELECT test_case_id, test_case_version FROM catalogue.published_cases
WHERE dataset_id = $dataset_id ORDER BY test_case_id;

-- name: forget_objects(dataset_id, keys)
DELETE FROM catalogue.published
WHERE dataset_id IS NOT DISTINCT FROM $dataset_id::BIGINT
    AND [schema_name, kind, name] IN (SELECT unnest($keys::VARCHAR[][]));

-- name: note_objects(dataset_id, schemas, names, kinds, digests)
INSERT INTO catalogue.published
SELECT $dataset_id::BIGINT, unnest($schemas::VARCHAR[]), unnest($names::VARCHAR[]), unnest($kinds::VARCHAR[]),
    unnest($digests::VARCHAR[]);

-- name: forget_cases(dataset_id)
DELETE FROM catalogue.published_cases WHERE dataset_id = $dataset_id;

-- name: note_cases(dataset_id, test_case_ids, versions)
INSERT INTO catalogue.published_cases
SELECT $dataset_id::BIGINT, unnest($test_case_ids::BIGINT[]), unnest($versions::INTEGER[]);

-- name: forget_metrics(dataset_id)
DELETE FROM catalogue.published_metrics WHERE dataset_id = $dataset_id;

-- name: noted_metrics(dataset_id)
SELECT metric, level, better, unit, value_range, formula, undefined, recomputable, macro, reason, definition
FROM catalogue.published_metrics WHERE dataset_id = $dataset_id ORDER BY rowid;

-- name: note_metrics(dataset_id, metric, level, better, unit, value_range, formula, undefined, recomputable, macro, reason, definition)
INSERT INTO catalogue.published_metrics
SELECT $dataset_id, unnest($metric::VARCHAR[]), unnest($level::VARCHAR[]), unnest($better::VARCHAR[]), unnest($unit::VARCHAR[]),
    unnest($value_range::VARCHAR[]), unnest($formula::VARCHAR[]), unnest($undefined::VARCHAR[]),
    unnest($recomputable::BOOLEAN[]), unnest($macro::VARCHAR[]), unnest($reason::VARCHAR[]), unnest($definition::VARCHAR[]);

-- name: rewritten(tree)
SELECT json_deserialize_sql($tree::JSON);

-- name: case_names(dataset_id)
SELECT DISTINCT name FROM catalogue.published_cases AS published
JOIN catalogue.test_cases USING (dataset_id, test_case_id)
WHERE dataset_id = $dataset_id ORDER BY name;
