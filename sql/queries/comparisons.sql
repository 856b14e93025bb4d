-- Comparisons of models with a baseline, and their rows.

-- name: comparison_of_key(key)
SELECT comparison_id FROM catalogue.comparisons WHERE comparison_key = $key AND rows_file IS NOT NULL;

-- name: insert_comparison(comparison_id, comparison_key, dataset_id, dataset_version, results_id, results_version, baseline_results_id, baseline_results_version, suite_id, suite_version, configuration_id, options, found, rows_file, software, started, seconds)
INSERT INTO catalogue.comparisons VALUES (
    $comparison_id, $comparison_key, $dataset_id, $dataset_version, $results_id, $results_version,
    $baseline_results_id, $baseline_results_version, $suite_id, $suite_version, $configuration_id, $options, $found,
    $rows_file, $software, $started, $seconds
);

-- name: comparisons_numbered(numbers)
SELECT comparison_id, datasets.name AS dataset, dataset_version, test_suites.name AS suite, suite_version,
    evaluator.document AS configuration, models.name AS model, upload.document AS upload_configuration, results_version,
    baseline_models.name AS baseline, baseline_upload.document AS baseline_upload_configuration,
    baseline_results_version, options, found, rows_file
FROM catalogue.comparisons
JOIN catalogue.datasets USING (dataset_id)
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
JOIN catalogue.results AS baselines ON baselines.results_id = baseline_results_id
JOIN catalogue.models AS baseline_models ON baseline_models.model_id = baselines.model_id
JOIN catalogue.test_suites USING (suite_id)
LEFT JOIN catalogue.configurations AS upload ON upload.configuration_id = results.upload_configuration_id
LEFT JOIN catalogue.configurations AS baseline_upload
    ON baseline_upload.configuration_id = baselines.upload_configuration_id
LEFT JOIN catalogue.configurations AS evaluator ON evaluator.configuration_id = comparisons.configuration_id
WHERE comparison_id IN (SELECT unnest($numbers::BIGINT[])) ORDER BY comparison_id;

-- name: rows_of_comparisons(files, numbers)
SELECT * FROM read_parquet($files) WHERE comparison IN (SELECT unnest($numbers::BIGINT[]));

-- name: ids_of_samples(files, samples)
-- example: ids = _sample AS id
SELECT _sample, {ids} FROM read_parquet($files, union_by_name = true)
WHERE _sample IN (SELECT unnest($samples::BIGINT[])) ORDER BY _sample;
