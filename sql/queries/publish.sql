-- name: newest_dataset(dataset_id)
SELECT datasets.name, fields, sample_files, version
FROM catalogue.datasets JOIN catalogue.dataset_versions USING (dataset_id)
WHERE dataset_id = $dataset_id ORDER BY version DESC LIMIT 1;

-- name: newest_results(dataset_id)
SELECT results_id, version, models.name AS model, document AS upload_configuration, fields, inference_files
FROM catalogue.results
JOIN catalogue.results_versions USING (results_id)
JOIN catalogue.models USING (model_id)
LEFT JOIN catalogue.configurations ON configuration_id = upload_configuration_id
WHERE dataset_id = $dataset_id
QUALIFY version = max(version) OVER (PARTITION BY results_id)
ORDER BY results_id;

-- name: newest_sample_metrics(dataset_id, dataset_version)
SELECT results_id, results_version, fields, metric_files FROM catalogue.sample_metrics
WHERE dataset_id = $dataset_id AND dataset_version = $dataset_version AND configuration_id IS NULL;

-- name: all_metric_files()
SELECT DISTINCT metric_file FROM catalogue.test_runs WHERE metric_file IS NOT NULL ORDER BY metric_file;
