-- What people look at: each page of the web app and each part of a report is made of these, on one snapshot.

-- name: newest_runs(suite_id, suite_version, configuration)
-- The runs of the newest results: for each set of metrics that was asked for, the last one.
SELECT run_id, test_runs.results_id, models.name AS model, upload.document AS upload_configuration, dataset_version,
    test_runs.results_version, test_runs.configuration_id, evaluator.document AS configuration, metric_file, term_file,
    notes, level, started,
    dataset_version < (SELECT max(version) FROM catalogue.dataset_versions AS newest
        WHERE newest.dataset_id = test_runs.dataset_id)
    OR test_runs.results_version < (SELECT max(version) FROM catalogue.results_versions AS newest
        WHERE newest.results_id = test_runs.results_id) AS outdated
FROM catalogue.test_runs
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
LEFT JOIN catalogue.configurations AS upload ON upload.configuration_id = upload_configuration_id
LEFT JOIN catalogue.configurations AS evaluator ON evaluator.configuration_id = test_runs.configuration_id
WHERE suite_id = $suite_id AND suite_version = $suite_version AND status = 'done' AND restriction IS NULL
    AND evaluator.document IS NOT DISTINCT FROM $configuration::VARCHAR
QUALIFY row_number() OVER (
        PARTITION BY test_runs.results_id, metric_set ORDER BY dataset_version DESC, test_runs.results_version DESC, run_id DESC
    ) = 1
    AND dataset_version = max(dataset_version) OVER (PARTITION BY test_runs.results_id)
    AND test_runs.results_version = max(test_runs.results_version) OVER (PARTITION BY test_runs.results_id)
ORDER BY test_runs.results_id, run_id;

-- name: tested_versions(suite_id)
-- Which versions of a suite have runs, and under which configurations, the newest first.
SELECT suite_version, evaluator.document AS configuration, max(run_id) AS last_run
FROM catalogue.test_runs
LEFT JOIN catalogue.configurations AS evaluator ON evaluator.configuration_id = test_runs.configuration_id
WHERE suite_id = $suite_id AND status = 'done' AND restriction IS NULL
GROUP BY suite_version, evaluator.document
ORDER BY suite_version DESC, evaluator.document IS NOT NULL, last_run DESC;

-- name: suites_with_runs()
SELECT datasets.name AS dataset, test_suites.name AS suite, test_suites.origin, max(suite_members.version) AS version,
    max(suite_members.n_test_cases) AS n_test_cases, count(DISTINCT run_id) AS n_runs,
    count(DISTINCT test_runs.results_id) AS n_models, max(started) AS last_run
FROM catalogue.test_suites
JOIN catalogue.datasets ON datasets.dataset_id = test_suites.dataset_id
JOIN (
    SELECT suite_id, suite_version AS version, count(*) AS n_test_cases FROM catalogue.test_suite_members
    GROUP BY suite_id, suite_version
    QUALIFY suite_version = max(suite_version) OVER (PARTITION BY suite_id)
) AS suite_members ON suite_members.suite_id = test_suites.suite_id
LEFT JOIN catalogue.test_runs ON test_runs.suite_id = test_suites.suite_id AND status = 'done'
GROUP BY ALL HAVING test_suites.origin <> 'by' OR n_runs > 0 ORDER BY 1, 2;

-- name: latest_runs(most)
SELECT run_id FROM catalogue.test_runs WHERE status = 'done' ORDER BY run_id DESC LIMIT $most;

-- name: newest_comparisons(suite_id, most)
-- The last comparison of each pair of models, of one suite or (NULL) of all.
SELECT comparison_id, comparisons.suite_id, test_suites.name AS suite, suite_version, datasets.name AS dataset,
    comparisons.results_id, models.name AS model, upload.document AS upload_configuration, baseline_results_id,
    baseline_models.name AS baseline, baseline_upload.document AS baseline_upload_configuration, dataset_version,
    comparisons.results_version, baseline_results_version, comparisons.configuration_id, options, rows_file, started
FROM catalogue.comparisons
JOIN catalogue.datasets USING (dataset_id)
JOIN catalogue.test_suites ON test_suites.suite_id = comparisons.suite_id
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
JOIN catalogue.results AS baselines ON baselines.results_id = baseline_results_id
JOIN catalogue.models AS baseline_models ON baseline_models.model_id = baselines.model_id
LEFT JOIN catalogue.configurations AS upload ON upload.configuration_id = results.upload_configuration_id
LEFT JOIN catalogue.configurations AS baseline_upload
    ON baseline_upload.configuration_id = baselines.upload_configuration_id
WHERE rows_file IS NOT NULL AND (comparisons.suite_id = $suite_id::BIGINT OR $suite_id::BIGINT IS NULL)
QUALIFY row_number() OVER (
    PARTITION BY comparisons.suite_id, comparisons.results_id, baseline_results_id, comparisons.configuration_id
    ORDER BY comparison_id DESC
) = 1
ORDER BY comparison_id DESC LIMIT $most;

-- name: differences(files, numbers)
-- The rows of some comparisons, those of the whole.
SELECT comparison, test_case, metric, better, value, baseline, delta, ci_low, ci_high, method, p, test, q, mde, mde_basis,
    n, baseline_n, n_samples, n_only_model, n_only_baseline, tolerance, verdict, detected, reason, note
FROM read_parquet($files) WHERE comparison IN (SELECT unnest($numbers::BIGINT[])) AND class IS NULL;

-- name: regressions(files, numbers, most)
-- What got worse with evidence, the strongest first.
SELECT comparison, test_case, metric, value, baseline, delta, q, n
FROM read_parquet($files)
WHERE comparison IN (SELECT unnest($numbers::BIGINT[])) AND verdict = 'regressed' AND class IS NULL
ORDER BY test_case <> 'all', q, test_case LIMIT $most;

-- name: measured_metrics(files, run_ids)
-- The metrics that some runs have of the whole, in their order.
SELECT metric, any_value(better) AS better, bool_and(value IS NULL OR abs(value) <= 1) AS is_bounded
FROM read_parquet($files)
WHERE run IN (SELECT unnest($run_ids::BIGINT[])) AND class IS NULL AND test_case = 'all'
GROUP BY metric ORDER BY min(file_row_number);

-- name: scenarios(files, run_ids, places, suite_id, suite_version, metric, sort_place, baseline_place, sort, sign, text, tag, size, skipped)
-- The test cases of one page of a leaderboard, `all` first, and how many there are on all pages.
WITH shown AS (SELECT unnest($run_ids::BIGINT[]) AS run, unnest($places::INTEGER[]) AS place),
cells AS (
    SELECT place, test_case, value, n_samples FROM read_parquet($files) JOIN shown USING (run)
    WHERE metric = $metric AND class IS NULL
    QUALIFY row_number() OVER (PARTITION BY place, test_case ORDER BY run DESC) = 1
),
sizes AS (SELECT test_case, max(n_samples) AS n_samples FROM cells GROUP BY test_case)
SELECT test_cases.name, test_cases.description, test_cases.tags, versions.level, sizes.n_samples,
    count(*) OVER () AS n_found
FROM catalogue.test_suite_members AS members
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.test_case_versions AS versions
    ON versions.test_case_id = members.test_case_id AND versions.version = members.test_case_version
LEFT JOIN sizes ON sizes.test_case = test_cases.name
LEFT JOIN cells AS chosen ON chosen.test_case = test_cases.name AND chosen.place = $sort_place
LEFT JOIN cells AS base ON base.test_case = test_cases.name AND base.place = $baseline_place
WHERE suite_id = $suite_id AND suite_version = $suite_version
    AND (contains(lower(test_cases.name), lower($text)) OR contains(lower(test_cases.description), lower($text)))
    AND ($tag::VARCHAR IS NULL OR list_contains(test_cases.tags, $tag))
ORDER BY test_cases.name <> 'all', CASE WHEN $sort = 'name' THEN lower(test_cases.name) END,
    $sign * CASE $sort WHEN 'value' THEN chosen.value WHEN 'delta' THEN chosen.value - base.value
        WHEN 'n' THEN sizes.n_samples END NULLS LAST, position
LIMIT $size OFFSET $skipped;

-- name: cells(files, run_ids, places, test_cases, metrics)
SELECT place, test_case, metric, value, ci_low, ci_high, n, n_samples, n_missing, n_null, better, method, reason
FROM read_parquet($files)
JOIN (SELECT unnest($run_ids::BIGINT[]) AS run, unnest($places::INTEGER[]) AS place) AS shown USING (run)
WHERE class IS NULL AND test_case IN (SELECT unnest($test_cases::VARCHAR[]))
    AND metric IN (SELECT unnest($metrics::VARCHAR[]))
QUALIFY row_number() OVER (PARTITION BY place, test_case, metric ORDER BY run DESC) = 1;

-- name: rows_of_case(files, run_ids, places, test_case)
-- All that some runs measured of one test case, those of classes behind those of the whole.
SELECT place, metric, class, value, ci_low, ci_high, n, n_samples, n_missing, n_null, better, method, reason
FROM read_parquet($files)
JOIN (SELECT unnest($run_ids::BIGINT[]) AS run, unnest($places::INTEGER[]) AS place) AS shown USING (run)
WHERE test_case = $test_case
QUALIFY row_number() OVER (PARTITION BY place, metric, class ORDER BY run DESC) = 1
ORDER BY class IS NOT NULL, file_row_number;

-- name: tags_of_suite(suite_id, suite_version)
SELECT DISTINCT unnest(tags) AS tag
FROM catalogue.test_suite_members AS members JOIN catalogue.test_cases USING (test_case_id)
WHERE suite_id = $suite_id AND suite_version = $suite_version ORDER BY tag;

-- name: versions_of_case(test_case_id)
SELECT version, level, source, created FROM catalogue.test_case_versions WHERE test_case_id = $test_case_id
ORDER BY version DESC;

-- name: confusion(files, run_ids, test_case)
SELECT run, test_case, term, class, predicted, value FROM read_parquet($files)
WHERE run IN (SELECT unnest($run_ids::BIGINT[])) AND test_case = $test_case
    AND term IN ('support', 'objects', 'confusion');

-- name: sample_arrays(files)
-- Some expressions over sample metrics, of every sample.
-- example: columns = _sample AS c0
SELECT _sample, {columns} FROM read_parquet($files, union_by_name = true);

-- name: field_of_samples(files)
-- example: field = _sample
-- example: kind = BIGINT
SELECT _sample, {field}::{kind} AS value FROM read_parquet($files, union_by_name = true);

-- name: rows_of_samples(files, samples)
-- example: columns = *
SELECT {columns} FROM read_parquet($files, union_by_name = true) WHERE _sample IN (SELECT unnest($samples::BIGINT[]));

-- name: samples_where(files)
-- The samples that a checked predicate selects; it is run in a process that may be killed.
-- example: columns = _sample AS id
-- example: predicate = TRUE
SELECT _sample FROM (SELECT _sample, {columns} FROM read_parquet($files, union_by_name = true)) AS test_samples
WHERE ({predicate}
);

-- name: datasets_shown()
SELECT datasets.name, version, json_extract_string(workflow, '$.workflow') AS workflow, n_samples,
    (SELECT count(*) FROM catalogue.results WHERE results.dataset_id = datasets.dataset_id) AS n_models,
    description, datasets.tags, dataset_versions.created AS updated
FROM catalogue.datasets JOIN catalogue.dataset_versions USING (dataset_id)
QUALIFY version = max(version) OVER (PARTITION BY dataset_id)
ORDER BY lower(datasets.name);

-- name: samples_labelled(files, truth, predicted)
SELECT _sample FROM read_parquet($files, union_by_name = true)
WHERE ($truth::VARCHAR IS NULL OR truth = $truth) AND ($predicted::VARCHAR IS NULL OR prediction = $predicted);

-- name: nothing()
SELECT NULL::BIGINT AS _sample WHERE FALSE;
