-- name: scoring_columns(samples, inferences)
-- example: columns = samples._sample AS c
-- example: condition = TRUE
-- example: order = samples._sample
SELECT samples._sample, {columns}
FROM read_parquet($samples, union_by_name = true) AS samples
JOIN read_parquet($inferences, union_by_name = true) AS inferences ON samples._sample = inferences._sample
WHERE {condition} ORDER BY {order};

-- name: chosen_samples()
samples._sample IN (SELECT _sample FROM chosen_samples)

-- name: samples_of_groups(touched, older, newer)
-- example: group_by = run
WITH older AS (SELECT _sample, {group_by} AS kept_together FROM read_parquet($older, union_by_name = true)),
newer AS (SELECT _sample, {group_by} AS kept_together FROM read_parquet($newer, union_by_name = true)),
touched AS (SELECT unnest($touched::BIGINT[]) AS _sample),
groups AS (
    SELECT kept_together FROM older JOIN touched USING (_sample)
    UNION
    SELECT kept_together FROM newer JOIN touched USING (_sample)
)
SELECT DISTINCT _sample
FROM (SELECT * FROM older UNION ALL SELECT * FROM newer) JOIN groups USING (kept_together);

-- name: selected_samples()
-- example: files = ['x.parquet']
-- example: predicate = TRUE
samples._sample IN (
    SELECT _sample FROM read_parquet({files}, union_by_name = true) AS test_samples WHERE ({predicate}
    )
)

-- name: sampling_columns(files)
-- example: cluster = NULL
-- example: weight = NULL
SELECT _sample, {cluster} AS cluster, {weight}::DOUBLE AS weight FROM read_parquet($files, union_by_name = true);

-- name: distinct_truths(samples)
-- example: column = samples._sample
SELECT DISTINCT value
FROM (SELECT {column} AS value FROM read_parquet($samples, union_by_name = true) AS samples)
WHERE value IS NOT NULL ORDER BY value;

-- name: distinct_answers(samples, inferences)
-- example: column = inferences._sample
SELECT DISTINCT value
FROM (
    SELECT {column} AS value
    FROM read_parquet($samples, union_by_name = true) AS samples
    JOIN read_parquet($inferences, union_by_name = true) AS inferences ON samples._sample = inferences._sample
)
WHERE value IS NOT NULL ORDER BY value;

-- name: find_sample_metrics(dataset_id, dataset_version, results_id, results_version, configuration_id, scorer)
SELECT facts, metric_files FROM catalogue.sample_metrics
WHERE dataset_id = $dataset_id AND dataset_version = $dataset_version AND results_id = $results_id
    AND results_version = $results_version
    AND configuration_id IS NOT DISTINCT FROM $configuration_id::BIGINT AND scorer = $scorer;

-- name: earlier_sample_metrics(dataset_id, workflow, results_id, configuration_id, scorer)
SELECT dataset_version, results_version, facts, metric_files
FROM catalogue.sample_metrics JOIN catalogue.dataset_versions USING (dataset_id)
WHERE dataset_id = $dataset_id AND version = dataset_version AND workflow IS NOT DISTINCT FROM $workflow
    AND results_id = $results_id AND configuration_id IS NOT DISTINCT FROM $configuration_id::BIGINT
    AND scorer = $scorer
ORDER BY dataset_version DESC, results_version DESC LIMIT 1;

-- name: scored_columns(dataset_id, scorer)
SELECT facts FROM catalogue.sample_metrics WHERE dataset_id = $dataset_id AND scorer = $scorer
ORDER BY dataset_version, results_id, results_version, configuration_id;

-- name: insert_sample_metrics(dataset_id, dataset_version, results_id, results_version, configuration_id, scorer, facts, fields, metric_files, n_scored, n_reused)
INSERT INTO catalogue.sample_metrics VALUES (
    $dataset_id, $dataset_version, $results_id, $results_version, $configuration_id, $scorer, $facts, $fields,
    $metric_files, $n_scored, $n_reused
);

-- name: insert_threshold(results_id, results_version, dataset_version, configuration_id, class, threshold, tuned_on)
INSERT INTO catalogue.thresholds VALUES (
    $results_id, $results_version, $dataset_version, $configuration_id, $class, $threshold, $tuned_on
);

-- name: run_of_key(run_key)
SELECT run_id FROM catalogue.test_runs WHERE run_key = $run_key AND status = 'done';

-- name: insert_run(run_id, run_key, dataset_id, dataset_version, results_id, results_version, suite_id, suite_version, configuration_id, restriction, metric_set, status, origin, notes, level, seed, term_file, metric_file, software, started, seconds, n_scored, n_reused, repeats, definitions)
INSERT INTO catalogue.test_runs VALUES (
    $run_id, $run_key, $dataset_id, $dataset_version, $results_id, $results_version, $suite_id, $suite_version,
    $configuration_id, $restriction, $metric_set, $status, $origin, $notes, $level, $seed, $term_file,
    $metric_file, $software, $started, $seconds, $n_scored, $n_reused, $repeats, $definitions
);

-- name: runs_numbered(run_ids)
-- These runs, or (NULL) all of them.
SELECT run_id, datasets.name AS dataset, dataset_version, models.name AS model,
    upload.document AS upload_configuration, results_version, test_suites.name AS suite, suite_version,
    evaluator.document AS configuration, restriction, status, test_runs.origin, notes, level, seed, term_file, metric_file,
    software, started, seconds, n_scored, n_reused, repeats,
    dataset_version < (SELECT max(version) FROM catalogue.dataset_versions AS newest
        WHERE newest.dataset_id = test_runs.dataset_id)
    OR results_version < (SELECT max(version) FROM catalogue.results_versions AS newest
        WHERE newest.results_id = test_runs.results_id) AS outdated
FROM catalogue.test_runs
JOIN catalogue.datasets USING (dataset_id)
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
JOIN catalogue.test_suites USING (suite_id)
LEFT JOIN catalogue.configurations AS upload ON upload.configuration_id = upload_configuration_id
LEFT JOIN catalogue.configurations AS evaluator ON evaluator.configuration_id = test_runs.configuration_id
WHERE $run_ids::BIGINT[] IS NULL OR run_id IN (SELECT unnest($run_ids::BIGINT[])) ORDER BY run_id;

-- name: inference_cases(run_id)
SELECT test_cases.name
FROM catalogue.test_runs
JOIN catalogue.test_suite_members AS members USING (suite_id, suite_version)
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.test_case_versions AS versions
    ON versions.test_case_id = members.test_case_id AND versions.version = members.test_case_version
WHERE run_id = $run_id AND versions.level = 'inference' ORDER BY position;

-- name: rows_of_runs(files, run_ids)
-- A condition, not a join: the rows of a file keep their order however many row groups it has.
SELECT * FROM read_parquet($files) WHERE list_contains($run_ids::BIGINT[], run);

-- name: whole_values(files, run_ids, metrics, test_case)
SELECT run, metric, value FROM read_parquet($files)
WHERE list_contains($run_ids::BIGINT[], run) AND test_case = $test_case::VARCHAR AND class IS NULL
    AND list_contains($metrics::VARCHAR[], metric::VARCHAR);

-- name: stored_runs()
SELECT run_id, run_key, test_runs.dataset_id, dataset_version, results_id, results_version, suite_id, suite_version,
    test_runs.configuration_id, evaluator.document AS configuration, restriction, metric_set, definitions, models.name AS model,
    datasets.name AS dataset, test_suites.name AS suite, term_file, metric_file
FROM catalogue.test_runs
JOIN catalogue.datasets USING (dataset_id)
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
JOIN catalogue.test_suites USING (suite_id)
LEFT JOIN catalogue.configurations AS evaluator ON evaluator.configuration_id = test_runs.configuration_id
WHERE status = 'done' ORDER BY run_id;

-- name: sample_metrics_in(file_ids)
SELECT stored.dataset_id, dataset_version, results_id, results_version, stored.configuration_id,
    evaluator.document AS configuration, scorer, datasets.name AS dataset, models.name AS model
FROM catalogue.sample_metrics AS stored
JOIN catalogue.datasets USING (dataset_id)
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
LEFT JOIN catalogue.configurations AS evaluator ON evaluator.configuration_id = stored.configuration_id
WHERE list_has_any(metric_files, $file_ids::BIGINT[])
ORDER BY stored.dataset_id, dataset_version, results_id, results_version;

-- name: drop_sample_metrics(dataset_id, dataset_version, results_id, results_version, configuration_id, scorer)
DELETE FROM catalogue.sample_metrics
WHERE dataset_id = $dataset_id AND dataset_version = $dataset_version AND results_id = $results_id
    AND results_version = $results_version
    AND configuration_id IS NOT DISTINCT FROM $configuration_id::BIGINT AND scorer = $scorer;

-- name: drop_thresholds(dataset_version, results_id, results_version, configuration_id)
DELETE FROM catalogue.thresholds
WHERE dataset_version = $dataset_version AND results_id = $results_id AND results_version = $results_version
    AND configuration_id IS NOT DISTINCT FROM $configuration_id::BIGINT;

-- name: move_rows(run_id, term_file, metric_file)
UPDATE catalogue.test_runs SET term_file = $term_file, metric_file = $metric_file WHERE run_id = $run_id;

-- name: lose_rows(run_id, term_file, metric_file)
UPDATE catalogue.test_runs SET status = 'lost', term_file = $term_file, metric_file = $metric_file
WHERE run_id = $run_id;

-- name: precision_recall(test_case, model, upload_configuration, configuration)
-- example: view = (SELECT 'all' AS test_case, 'v1' AS model, NULL AS upload_configuration, NULL AS configuration, 'a' AS class, 0.5 AS threshold)
SELECT * FROM {view}
WHERE test_case = $test_case AND model = $model AND upload_configuration IS NOT DISTINCT FROM $upload_configuration
    AND configuration IS NOT DISTINCT FROM $configuration
ORDER BY class, threshold DESC;

-- name: scored_configurations(results_id, results_version)
SELECT DISTINCT document FROM catalogue.sample_metrics
LEFT JOIN catalogue.configurations USING (configuration_id)
WHERE results_id = $results_id AND results_version = $results_version
ORDER BY document NULLS FIRST;
