-- Which files are needed, and what goes with a version that is dropped. `keep` is how many of the newest versions of each
-- dataset and of each result stay; NULL is all.

-- name: unreferenced_files(keep)
WITH dataset_versions AS (
    FROM catalogue.dataset_versions
    QUALIFY $keep::BIGINT IS NULL OR row_number() OVER (PARTITION BY dataset_id ORDER BY version DESC) <= $keep
), results_versions AS (
    FROM catalogue.results_versions
    QUALIFY $keep::BIGINT IS NULL OR row_number() OVER (PARTITION BY results_id ORDER BY version DESC) <= $keep
), needed AS (
    SELECT unnest(id_map_files) AS file_id FROM catalogue.datasets
    UNION ALL SELECT unnest(sample_files) FROM dataset_versions
    UNION ALL
    SELECT unnest(table_files) FROM catalogue.attached_tables AS attached
    JOIN dataset_versions
        ON dataset_versions.dataset_id = attached.dataset_id AND dataset_versions.version = attached.version
    UNION ALL SELECT unnest(inference_files) FROM results_versions
    UNION ALL SELECT members_file FROM catalogue.test_case_versions
    UNION ALL
    SELECT memberships.file_id FROM catalogue.memberships
    JOIN dataset_versions ON dataset_versions.dataset_id = memberships.dataset_id
        AND dataset_versions.version = dataset_version
    LEFT JOIN results_versions ON results_versions.results_id = memberships.results_id
        AND results_versions.version = results_version
    WHERE memberships.results_id IS NULL OR results_versions.results_id IS NOT NULL
    UNION ALL
    SELECT unnest(metric_files) FROM catalogue.sample_metrics AS scored
    JOIN dataset_versions ON dataset_versions.dataset_id = scored.dataset_id
        AND dataset_versions.version = dataset_version
    JOIN results_versions ON results_versions.results_id = scored.results_id
        AND results_versions.version = results_version
    UNION ALL SELECT unnest([term_file, metric_file]) FROM catalogue.test_runs
    UNION ALL SELECT rows_file FROM catalogue.comparisons
)
SELECT file_id, kind, sha256, n_rows, n_bytes, first_sample, last_sample, added_in FROM catalogue.files
WHERE file_id NOT IN (SELECT file_id FROM needed WHERE file_id IS NOT NULL)
ORDER BY file_id;

-- name: drop_file(file_id)
DELETE FROM catalogue.files WHERE file_id = $file_id;

-- name: has_released_files()
SELECT count(*) > 0 FROM duckdb_tables() WHERE schema_name = 'catalogue' AND table_name = 'released_files';

-- name: released_files()
SELECT kind, sha256, n_bytes, released FROM catalogue.released_files
WHERE (kind, sha256) NOT IN (SELECT kind, sha256 FROM catalogue.files) ORDER BY released, sha256;

-- name: release_file(file_id, released)
INSERT INTO catalogue.released_files
SELECT kind, sha256, n_bytes, $released FROM catalogue.files WHERE file_id = $file_id;

-- name: forget_needed_files()
DELETE FROM catalogue.released_files WHERE (kind, sha256) IN (SELECT kind, sha256 FROM catalogue.files);

-- name: forget_released_file(kind, sha256)
DELETE FROM catalogue.released_files WHERE kind = $kind AND sha256 = $sha256;

-- name: file_names()
SELECT kind, sha256 FROM catalogue.files;

-- name: dropped_dataset_versions(keep)
SELECT dataset_id AS id, version, 'dataset ' || datasets.name || ' version ' || version AS label
FROM catalogue.dataset_versions JOIN catalogue.datasets USING (dataset_id)
QUALIFY row_number() OVER (PARTITION BY dataset_id ORDER BY version DESC) > $keep
ORDER BY ALL;

-- name: dropped_results_versions(keep)
SELECT results_id AS id, version,
    'results of ' || concat_ws(' ', models.name, document) || ' on ' || datasets.name || ' version ' || version AS label
FROM catalogue.results_versions
JOIN catalogue.results USING (results_id)
JOIN catalogue.models USING (model_id)
JOIN catalogue.datasets USING (dataset_id)
LEFT JOIN catalogue.configurations ON configuration_id = upload_configuration_id
QUALIFY row_number() OVER (PARTITION BY results_id ORDER BY version DESC) > $keep
ORDER BY ALL;

-- name: drop_dataset_version(id, version)
DELETE FROM catalogue.dataset_versions WHERE dataset_id = $id AND version = $version;

-- name: drop_tables_of(id, version)
DELETE FROM catalogue.attached_tables WHERE dataset_id = $id AND version = $version;

-- name: drop_memberships_of(id, version)
DELETE FROM catalogue.memberships WHERE dataset_id = $id AND dataset_version = $version;

-- name: drop_memberships_of_results(id, version)
DELETE FROM catalogue.memberships WHERE results_id = $id AND results_version = $version;

-- name: drop_scores_of_dataset(id, version)
DELETE FROM catalogue.sample_metrics WHERE dataset_id = $id AND dataset_version = $version;

-- name: drop_thresholds_of_dataset(id, version)
DELETE FROM catalogue.thresholds
WHERE dataset_version = $version AND results_id IN (SELECT results_id FROM catalogue.results WHERE dataset_id = $id);

-- name: drop_results_version(id, version)
DELETE FROM catalogue.results_versions WHERE results_id = $id AND version = $version;

-- name: drop_scores_of_results(id, version)
DELETE FROM catalogue.sample_metrics WHERE results_id = $id AND results_version = $version;

-- name: drop_thresholds_of_results(id, version)
DELETE FROM catalogue.thresholds WHERE results_id = $id AND results_version = $version;

-- name: row_files_of_runs()
-- example: column = metric_file
SELECT DISTINCT {column} FROM catalogue.test_runs WHERE status = 'done' AND {column} IS NOT NULL ORDER BY ALL;

-- name: move_rows_of_runs(old, new)
-- example: column = metric_file
UPDATE catalogue.test_runs SET {column} = $new WHERE {column} IN (SELECT unnest($old::BIGINT[]));

-- name: row_files_of_comparisons()
SELECT DISTINCT rows_file FROM catalogue.comparisons WHERE rows_file IS NOT NULL ORDER BY ALL;

-- name: move_rows_of_comparisons(old, new)
UPDATE catalogue.comparisons SET rows_file = $new WHERE rows_file IN (SELECT unnest($old::BIGINT[]));

-- name: move_id_files(id, first, old, new)
UPDATE catalogue.datasets SET id_map_files = list_filter(
    list_transform(id_map_files, lambda one: CASE WHEN one = $first THEN $new ELSE one END),
    lambda one: NOT list_contains($old::BIGINT[], one)
)
WHERE dataset_id = $id;

-- name: move_sample_files(id, version, first, old, new)
UPDATE catalogue.dataset_versions SET sample_files = list_filter(
    list_transform(sample_files, lambda one: CASE WHEN one = $first THEN $new ELSE one END),
    lambda one: NOT list_contains($old::BIGINT[], one)
)
WHERE dataset_id = $id AND version = $version;

-- name: move_inference_files(id, version, first, old, new)
UPDATE catalogue.results_versions SET inference_files = list_filter(
    list_transform(inference_files, lambda one: CASE WHEN one = $first THEN $new ELSE one END),
    lambda one: NOT list_contains($old::BIGINT[], one)
)
WHERE results_id = $id AND version = $version;
