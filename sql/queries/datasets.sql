-- name: all_datasets()
SELECT dataset_id, name, id_fields, id_map_files, next_sample, description, tags, metadata, created
FROM catalogue.datasets ORDER BY lower(name);

-- name: dataset_named(name)
SELECT dataset_id, name, id_fields, id_map_files, next_sample, description, tags, metadata, created
FROM catalogue.datasets WHERE lower(name) = lower($name);

-- name: dataset_numbered(dataset_id)
SELECT dataset_id, name, id_fields, id_map_files, next_sample, description, tags, metadata, created
FROM catalogue.datasets WHERE dataset_id = $dataset_id;

-- name: version_range(dataset_id)
SELECT min(version), max(version) FROM catalogue.dataset_versions WHERE dataset_id = $dataset_id;

-- name: version_numbered(dataset_id, version)
SELECT dataset_id, version, workflow, columns, sampling, fields, arrow_schema, sample_files, n_samples, added, changed, removed,
    unchanged, author, message, tags, created, ARRAY(
        SELECT name FROM catalogue.attached_tables AS attached
        WHERE attached.dataset_id = dataset_versions.dataset_id AND attached.version = dataset_versions.version
        ORDER BY lower(name)
    ) AS tables
FROM catalogue.dataset_versions
WHERE dataset_id = $dataset_id AND (version = $version::INTEGER OR $version::INTEGER IS NULL)
ORDER BY version DESC LIMIT 1;

-- name: all_versions(dataset_id)
SELECT dataset_id, version, workflow, columns, sampling, fields, arrow_schema, sample_files, n_samples, added, changed, removed,
    unchanged, author, message, tags, created, ARRAY(
        SELECT name FROM catalogue.attached_tables AS attached
        WHERE attached.dataset_id = dataset_versions.dataset_id AND attached.version = dataset_versions.version
        ORDER BY lower(name)
    ) AS tables
FROM catalogue.dataset_versions WHERE dataset_id = $dataset_id ORDER BY version;

-- name: insert_dataset(dataset_id, name, id_fields, created)
INSERT INTO catalogue.datasets VALUES ($dataset_id, $name, $id_fields, [], 0, NULL, [], NULL, $created);

-- name: update_numbering(dataset_id, id_map_files, next_sample)
UPDATE catalogue.datasets SET id_map_files = $id_map_files, next_sample = $next_sample
WHERE dataset_id = $dataset_id;

-- name: update_description(dataset_id, description, tags, metadata)
UPDATE catalogue.datasets SET description = $description, tags = $tags, metadata = $metadata
WHERE dataset_id = $dataset_id;

-- name: insert_version(dataset_id, version, workflow, columns, sampling, fields, arrow_schema, sample_files, n_samples, added, changed, removed, unchanged, author, message, tags, created)
INSERT INTO catalogue.dataset_versions VALUES (
    $dataset_id, $version, $workflow, $columns, $sampling, $fields, $arrow_schema, $sample_files, $n_samples, $added, $changed, $removed,
    $unchanged, $author, $message, $tags, $created, NULL
);

-- name: changed_samples(older, newer)
-- example: columns = 1 AS _one
-- example: changes = FALSE
-- example: same_row = older._sample = newer._sample
SELECT coalesce(newer._sample, older._sample) AS _sample, older._sample IS NULL AS is_added,
    newer._sample IS NULL AS is_removed, {columns}
FROM read_parquet($older, union_by_name = true) AS older
FULL JOIN read_parquet($newer, union_by_name = true) AS newer ON {same_row}
WHERE older._sample IS NULL OR newer._sample IS NULL OR {changes}
ORDER BY 1;

-- name: content_digest(dataset_id, version)
SELECT content_digest FROM catalogue.dataset_versions WHERE dataset_id = $dataset_id AND version = $version;

-- name: note_content_digest(dataset_id, version, content_digest)
UPDATE catalogue.dataset_versions SET content_digest = $content_digest
WHERE dataset_id = $dataset_id AND version = $version;

-- name: rows_without_id(files)
-- example: any_null = _sample IS NULL
SELECT min(_sample) - (SELECT min(_sample) FROM read_parquet($files)), count(*)
FROM read_parquet($files) WHERE {any_null} HAVING count(*) > 0;

-- name: bad_weights(files)
-- The weight of the first row without a usable one, as text, and how many there are.
-- example: weight = 1.0
SELECT {weight}::VARCHAR, count(*) OVER ()
FROM read_parquet($files)
WHERE {weight} IS NULL OR NOT isfinite({weight}::DOUBLE) OR {weight} < 0
ORDER BY _sample LIMIT 1;

-- name: duplicate_ids(files)
-- example: ids = _sample
SELECT {ids}, count(*) OVER () AS _duplicated
FROM read_parquet($files) GROUP BY {ids} HAVING count(*) > 1 ORDER BY min(_sample) LIMIT 6;

-- name: numbers_of_ids(staged, numbered)
-- example: same_ids = staged._sample = numbered._sample
SELECT staged._sample AS staged_row, numbered._sample AS known
FROM read_parquet($staged) AS staged JOIN read_parquet($numbered, union_by_name = true) AS numbered ON {same_ids}
ORDER BY staged_row;

-- name: samples_by_id(files)
-- example: ids = _sample
SELECT _sample FROM read_parquet($files, union_by_name = true) ORDER BY {ids};

-- name: differing_rows(staged, current)
-- example: differs = staged._sample IS DISTINCT FROM stored._sample
SELECT staged._sample AS staged_row
FROM numbered_rows AS numbers
JOIN read_parquet($staged) AS staged ON staged._sample = numbers.staged_row
JOIN read_parquet($current, union_by_name = true) AS stored ON stored._sample = numbers.known
WHERE {differs};

-- name: differing_samples(staged, current)
-- example: repeat = _sample
-- example: differs = staged._sample IS DISTINCT FROM stored._sample
-- Samples of which a repeat came, went or differs, among those that staged rows answer.
SELECT DISTINCT coalesce(staged._known, stored._sample) AS _sample
FROM (
    SELECT numbers.known AS _known, given.*
    FROM numbered_rows AS numbers JOIN read_parquet($staged) AS given ON given._sample = numbers.staged_row
) AS staged
FULL JOIN (
    SELECT * FROM read_parquet($current, union_by_name = true)
    WHERE _sample IN (SELECT known FROM numbered_rows)
) AS stored ON stored._sample = staged._known AND stored.{repeat} = staged.{repeat}
WHERE staged._known IS NULL OR stored._sample IS NULL OR {differs};

-- name: column_types(files)
SELECT * FROM read_parquet($files, union_by_name = true) LIMIT 0;

-- name: version_differences(older, newer)
-- example: ids = coalesce(newer._sample, older._sample) AS id
-- example: changed_fields = ['a']
-- example: old = struct_pack(a := 1)
-- example: new = struct_pack(a := 2)
-- The names of the result's own columns start with an underscore, which no column of a user does.
SELECT {ids},
    CASE WHEN older._sample IS NULL THEN 'added' WHEN newer._sample IS NULL THEN 'removed' ELSE 'changed' END AS _change,
    CASE WHEN older._sample IS NULL OR newer._sample IS NULL THEN [] ELSE {changed_fields} END AS _fields,
    CASE WHEN len(_fields) > 0 THEN {old} END AS _old, CASE WHEN len(_fields) > 0 THEN {new} END AS _new
FROM read_parquet($older, union_by_name = true) AS older
FULL JOIN read_parquet($newer, union_by_name = true) AS newer ON older._sample = newer._sample
WHERE older._sample IS NULL OR newer._sample IS NULL OR len(_fields) > 0
ORDER BY coalesce(newer._sample, older._sample);

-- name: has_several_values()
-- example: column = _sample
(count(DISTINCT {column}) + (count({column}) < count(*))::INTEGER > 1)

-- name: samples_with_several_values(files)
-- example: keys = _sample
-- example: differing = (count(*) > 1)
-- example: any_differs = (count(*) > 1)
SELECT {keys}, {differing} FROM read_parquet($files, union_by_name = true)
GROUP BY {keys} HAVING {any_differs} ORDER BY min(_sample) LIMIT 1;

-- name: values_in_order()
-- example: column = _sample
-- example: is_known = _sample IS NOT NULL
coalesce(list({column} ORDER BY _sample) FILTER (WHERE {is_known}), [])

-- name: one_value()
-- example: column = _sample
any_value({column})

-- name: collected_rows(files)
-- example: columns = _sample
-- example: keys = _sample
-- example: condition = TRUE
SELECT {columns} FROM read_parquet($files, union_by_name = true) WHERE {condition}
GROUP BY {keys} ORDER BY min(_sample);

-- name: distinct_labels(files)
-- example: column = _sample
SELECT DISTINCT {column} AS _label FROM read_parquet($files, union_by_name = true)
WHERE _label IS NOT NULL ORDER BY _label;
