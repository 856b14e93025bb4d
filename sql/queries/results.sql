-- name: results_of(dataset_id, model_id, configuration_id)
SELECT results_id FROM catalogue.results
WHERE dataset_id = $dataset_id AND model_id = $model_id
    AND upload_configuration_id IS NOT DISTINCT FROM $configuration_id::BIGINT;

-- name: insert_results(results_id, dataset_id, model_id, configuration_id)
INSERT INTO catalogue.results VALUES ($results_id, $dataset_id, $model_id, $configuration_id);

-- name: newest_of_dataset(dataset_id)
SELECT results_id, dataset_id, model_id, models.name AS model, upload_configuration_id,
    configurations.document AS upload_configuration, version, fields, arrow_schema, metadata_fields,
    inference_files, n_answered, inserted, updated, unchanged, unmatched, author, results_versions.created,
    repeat_field, n_rows
FROM catalogue.results
JOIN catalogue.models USING (model_id)
JOIN catalogue.results_versions USING (results_id)
LEFT JOIN catalogue.configurations ON configuration_id = upload_configuration_id
WHERE dataset_id = $dataset_id
QUALIFY version = max(version) OVER (PARTITION BY results_id)
ORDER BY results_id;

-- name: version_numbered(results_id, version)
SELECT results_id, dataset_id, model_id, models.name AS model, upload_configuration_id,
    configurations.document AS upload_configuration, version, fields, arrow_schema, metadata_fields,
    inference_files, n_answered, inserted, updated, unchanged, unmatched, author, results_versions.created,
    repeat_field, n_rows
FROM catalogue.results
JOIN catalogue.models USING (model_id)
JOIN catalogue.results_versions USING (results_id)
LEFT JOIN catalogue.configurations ON configuration_id = upload_configuration_id
WHERE results_id = $results_id AND (version = $version::INTEGER OR $version::INTEGER IS NULL)
ORDER BY version DESC LIMIT 1;

-- name: version_range(results_id)
SELECT min(version), max(version) FROM catalogue.results_versions WHERE results_id = $results_id;

-- name: all_versions(results_id)
SELECT results_id, dataset_id, model_id, models.name AS model, upload_configuration_id,
    configurations.document AS upload_configuration, version, fields, arrow_schema, metadata_fields,
    inference_files, n_answered, inserted, updated, unchanged, unmatched, author, results_versions.created,
    repeat_field, n_rows
FROM catalogue.results
JOIN catalogue.models USING (model_id)
JOIN catalogue.results_versions USING (results_id)
LEFT JOIN catalogue.configurations ON configuration_id = upload_configuration_id
WHERE results_id = $results_id ORDER BY version;

-- name: insert_version(results_id, version, fields, arrow_schema, metadata_fields, inference_files, n_answered, inserted, updated, unchanged, unmatched, author, created, repeat_field, n_rows)
INSERT INTO catalogue.results_versions VALUES (
    $results_id, $version, $fields, $arrow_schema, $metadata_fields, $inference_files, $n_answered, $inserted, $updated,
    $unchanged, $unmatched, $author, $created, NULL, $repeat_field, $n_rows
);

-- name: content_digest(results_id, version)
SELECT content_digest FROM catalogue.results_versions WHERE results_id = $results_id AND version = $version;

-- name: note_content_digest(results_id, version, content_digest)
UPDATE catalogue.results_versions SET content_digest = $content_digest
WHERE results_id = $results_id AND version = $version;

-- name: samples_without_repeat(samples, inferences)
-- example: repeat = _sample
-- Samples of a dataset version with answers that a column does not tell apart.
SELECT count(DISTINCT _sample)
FROM (
    SELECT _sample FROM (SELECT _sample, {repeat} AS told FROM read_parquet($inferences, union_by_name = true))
    WHERE _sample IN (SELECT _sample FROM read_parquet($samples, union_by_name = true))
    GROUP BY _sample, told HAVING count(*) > 1 OR told IS NULL
);

-- name: model_of_rows(files)
-- example: model_field = _sample
SELECT {model_field}::VARCHAR AS model FROM read_parquet($files) ORDER BY _sample;

-- name: ids_of_rows(files, staged_rows)
-- example: ids = _sample
SELECT {ids} FROM read_parquet($files) WHERE _sample IN (SELECT unnest($staged_rows)) ORDER BY _sample;

-- name: some_ids(files)
-- example: ids = _sample
SELECT {ids} FROM read_parquet($files, union_by_name = true) ORDER BY _sample LIMIT 3;

-- name: ids_where(files)
-- example: ids = _sample
-- example: predicate = TRUE
SELECT {ids} FROM read_parquet($files, union_by_name = true) AS test_samples WHERE ({predicate}
) ORDER BY _sample;
