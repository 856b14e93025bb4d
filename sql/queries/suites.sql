-- name: all_suites(dataset_id)
SELECT suite_id, datasets.name AS dataset, test_suites.name, origin, test_suites.description, test_suites.tags, version,
    (SELECT count(*) FROM catalogue.test_suite_members AS members
        WHERE members.suite_id = test_suite_versions.suite_id AND suite_version = version) AS n_test_cases,
    source, test_suite_versions.created
FROM catalogue.test_suites
JOIN catalogue.test_suite_versions USING (suite_id)
JOIN catalogue.datasets USING (dataset_id)
WHERE dataset_id = $dataset_id OR $dataset_id::BIGINT IS NULL
QUALIFY version = max(version) OVER (PARTITION BY suite_id)
ORDER BY lower(datasets.name), lower(test_suites.name);

-- name: suite_named(dataset_id, name, version)
SELECT suite_id, datasets.name AS dataset, test_suites.name, origin, test_suites.description, test_suites.tags, version,
    (SELECT count(*) FROM catalogue.test_suite_members AS members
        WHERE members.suite_id = test_suite_versions.suite_id AND suite_version = version) AS n_test_cases,
    source, test_suite_versions.created
FROM catalogue.test_suites
JOIN catalogue.test_suite_versions USING (suite_id)
JOIN catalogue.datasets USING (dataset_id)
WHERE dataset_id = $dataset_id AND lower(test_suites.name) = lower($name)
    AND (version = $version::INTEGER OR $version::INTEGER IS NULL)
ORDER BY version DESC LIMIT 1;

-- name: suite_numbered(suite_id, version)
SELECT suite_id, datasets.name AS dataset, test_suites.name, origin, test_suites.description, test_suites.tags, version,
    (SELECT count(*) FROM catalogue.test_suite_members AS members
        WHERE members.suite_id = test_suite_versions.suite_id AND suite_version = version) AS n_test_cases,
    source, test_suite_versions.created
FROM catalogue.test_suites
JOIN catalogue.test_suite_versions USING (suite_id)
JOIN catalogue.datasets USING (dataset_id)
WHERE suite_id = $suite_id AND version = $version;

-- name: insert_suite(suite_id, dataset_id, name, origin)
INSERT INTO catalogue.test_suites VALUES ($suite_id, $dataset_id, $name, $origin, NULL, []);

-- name: update_suite(suite_id, origin, description, tags)
UPDATE catalogue.test_suites SET origin = $origin, description = $description, tags = $tags
WHERE suite_id = $suite_id;

-- name: insert_suite_version(suite_id, version, source, created)
INSERT INTO catalogue.test_suite_versions VALUES ($suite_id, $version, $source, $created);

-- name: insert_members(suite_id, suite_version, test_case_ids, test_case_versions)
INSERT INTO catalogue.test_suite_members
SELECT $suite_id, $suite_version, position - 1, ids[position], versions[position]
FROM (
    SELECT $test_case_ids::BIGINT[] AS ids, $test_case_versions::INTEGER[] AS versions,
        unnest(range(1, len(ids) + 1)) AS position
);

-- name: cases_of_suite(suite_id, version)
SELECT test_case_id, test_case_versions.version, name, level, definition_digest, source, normalised, object_query, within,
    fields, inference_fields, members_file, description, tags
FROM catalogue.test_suite_members AS members
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.test_case_versions USING (test_case_id)
WHERE suite_id = $suite_id AND suite_version = $version
    AND test_case_versions.version = members.test_case_version
ORDER BY position;

-- name: case_versions(dataset_id)
SELECT test_case_id, version, name, level, definition_digest, source, normalised, object_query, within, fields,
    inference_fields, members_file, description, tags
FROM catalogue.test_cases JOIN catalogue.test_case_versions USING (test_case_id)
WHERE dataset_id = $dataset_id ORDER BY test_case_id, version;

-- name: insert_cases(test_case_ids, dataset_id, names)
INSERT INTO catalogue.test_cases
SELECT unnest($test_case_ids::BIGINT[]), $dataset_id, unnest($names::VARCHAR[]), NULL, [];

-- name: update_case(test_case_id, name, description, tags)
UPDATE catalogue.test_cases SET name = $name, description = $description, tags = $tags
WHERE test_case_id = $test_case_id;

-- name: insert_case_versions(test_case_ids, versions, levels, definition_digests, sources, normalised, object_queries, within, fields, inference_fields, members_files, created)
INSERT INTO catalogue.test_case_versions
SELECT unnest($test_case_ids::BIGINT[]), unnest($versions::INTEGER[]), unnest($levels::VARCHAR[]),
    unnest($definition_digests::VARCHAR[]), unnest($sources::VARCHAR[]), unnest($normalised::VARCHAR[]),
    unnest($object_queries::VARCHAR[]), unnest($within::VARCHAR[]), unnest($fields::VARCHAR[][]),
    unnest($inference_fields::VARCHAR[][]), unnest($members_files::BIGINT[]), $created;

-- name: pins(dataset_id)
SELECT members.test_case_id, test_suites.suite_id, test_suites.name, members.test_case_version
FROM catalogue.test_suites
JOIN (SELECT suite_id, max(version) AS version FROM catalogue.test_suite_versions GROUP BY suite_id) AS newest
    USING (suite_id)
JOIN catalogue.test_suite_members AS members
    ON members.suite_id = test_suites.suite_id AND members.suite_version = newest.version
WHERE dataset_id = $dataset_id AND origin <> 'by'
ORDER BY test_suites.name;

-- name: pinned_cases(dataset_id)
SELECT DISTINCT test_case_id, test_case_versions.version, test_cases.name, level, definition_digest,
    test_case_versions.source, normalised, object_query, within, fields, inference_fields, members_file,
    test_cases.description, test_cases.tags
FROM catalogue.test_suites
JOIN (SELECT suite_id, max(version) AS version FROM catalogue.test_suite_versions GROUP BY suite_id) AS newest
    USING (suite_id)
JOIN catalogue.test_suite_members AS members
    ON members.suite_id = test_suites.suite_id AND members.suite_version = newest.version
JOIN catalogue.test_cases USING (test_case_id)
JOIN catalogue.test_case_versions USING (test_case_id)
WHERE test_suites.dataset_id = $dataset_id AND origin <> 'by'
    AND test_case_versions.version = members.test_case_version
ORDER BY test_case_id;

-- name: stratum()
-- example: name = "short"
-- example: predicate = length < 40
CREATE VIEW {name} AS SELECT * FROM test_samples WHERE {predicate};

-- name: comment_on_case()
-- example: name = digits.test_samples
-- example: comment = 'Few characters'
COMMENT ON VIEW {name} IS {comment};

-- name: field_values(files, most)
-- example: field = _sample
-- example: kind = BIGINT
SELECT value, min(value::VARCHAR) AS text
FROM (SELECT {field}::{kind} AS value FROM read_parquet($files, union_by_name = true))
GROUP BY value ORDER BY value LIMIT $most;

-- name: field_facts(files, fractions)
-- example: field = 0.5::DOUBLE
-- example: number = 0.5::DOUBLE
SELECT count(*) FILTER ({field} IS NULL) AS n_null, count(*) FILTER (isnan({number})) AS n_nan,
    count(*) FILTER (isinf({number})) AS n_infinite, min({number}) FILTER (NOT isnan({number})) AS lowest,
    max({number}) FILTER (NOT isnan({number})) AS highest, min({field}) FILTER (isfinite({number})) AS least,
    max({field}) FILTER (isfinite({number})) AS greatest,
    quantile_disc({field}, $fractions::DOUBLE[]) FILTER (isfinite({number})) AS quantiles
FROM read_parquet($files, union_by_name = true);

-- name: of_type()
-- example: value = struct_extract("meta", 'x')
-- example: kind = STRUCT(x INTEGER)
-- example: name = "meta"
SELECT {value} AS value FROM (SELECT NULL::{kind} AS {name})

-- Periods of dates: days are counted in UTC; what is infinite has none.

-- name: date_facts(files)
-- example: field = DATE '2026-01-31'
-- example: day = DATE '2026-01-31'
SELECT count(DISTINCT value) AS n_values, count(*) FILTER (value IS NULL) AS n_null,
    count(*) FILTER (NOT isfinite(value)) AS n_infinite,
    count(DISTINCT date_trunc('year', day)) AS year, count(DISTINCT date_trunc('quarter', day)) AS quarter,
    count(DISTINCT date_trunc('month', day)) AS month, count(DISTINCT date_trunc('week', day)) AS week,
    count(DISTINCT day) AS day
FROM (
    SELECT value, CASE WHEN isfinite(value) THEN day END AS day
    FROM (SELECT {field} AS value, {day} AS day FROM read_parquet($files, union_by_name = true))
);

-- name: periods(files, most)
-- example: field = DATE '2026-01-31'
-- example: day = DATE '2026-01-31'
-- example: period = 'month'
-- example: length = INTERVAL 1 month
SELECT start::VARCHAR AS first, (start + {length})::DATE::VARCHAR AS after
FROM (
    SELECT DISTINCT date_trunc({period}, day)::DATE AS start
    FROM (SELECT {field} AS value, {day} AS day FROM read_parquet($files, union_by_name = true))
    WHERE isfinite(value)
)
ORDER BY start LIMIT $most;

-- name: date_sides(files)
-- example: field = DATE '2026-01-31'
-- example: first = DATE '2026-01-01'
-- example: last = DATE '2026-07-01'
SELECT count(*) FILTER (value IS NULL) AS n_null, count(*) FILTER (value < {first}) AS n_below,
    count(*) FILTER (value >= {last}) AS n_above
FROM (SELECT {field} AS value FROM read_parquet($files, union_by_name = true));

-- name: list_elements(files, most)
-- example: field = [1, 2]
-- example: kind = INTEGER
SELECT value, text, n, row_number() OVER (ORDER BY value) AS place
FROM (
    SELECT value, min(value::VARCHAR) AS text, count(DISTINCT place) AS n
    FROM (
        SELECT place, unnest(held)::{kind} AS value
        FROM (SELECT row_number() OVER () AS place, {field} AS held FROM read_parquet($files, union_by_name = true))
    )
    WHERE value IS NOT NULL
    GROUP BY value ORDER BY n DESC, value LIMIT $most
)
ORDER BY n DESC, value;

-- name: list_facts(files)
-- example: field = [1, 2]
WITH lists AS (SELECT {field} AS held FROM read_parquet($files, union_by_name = true))
SELECT count(*) FILTER (held IS NULL) AS n_null, count(*) FILTER (len(held) = 0) AS n_empty,
    count(*) FILTER (len(held) > list_count(held)) AS n_holes,
    (SELECT count(DISTINCT value) FROM (SELECT unnest(held) AS value FROM lists)) AS n_elements
FROM lists;

-- Fields crossed.

-- name: coded_samples(files)
-- example: columns = 1 AS age
-- example: codes = CASE WHEN age < 2 THEN 0 END AS "_cut0"
SELECT {codes} FROM (SELECT {columns} FROM read_parquet($files, union_by_name = true)) AS test_samples

-- name: unnested()
-- example: column = "_cut0"
-- example: query = SELECT [1, 2] AS "_cut0"
SELECT * REPLACE (unnest({column}) AS {column}) FROM ({query}) AS nested

-- name: cells(files, most)
-- example: columns = "_sample"
-- example: coded = SELECT _sample FROM read_parquet($files)
-- example: present = _sample IS NOT NULL
SELECT {columns}, count(*) AS n FROM ({coded}) AS coded
WHERE {present}
GROUP BY {columns} ORDER BY {columns} LIMIT $most;

-- name: count_cells(files)
-- example: columns = "_sample"
-- example: coded = SELECT _sample FROM read_parquet($files)
-- example: present = _sample IS NOT NULL
SELECT count(*) AS n_cells FROM (SELECT DISTINCT {columns} FROM ({coded}) AS coded WHERE {present});

-- name: all_samples()
SELECT * FROM test_samples

-- name: empty_table()
-- example: table = test_samples
-- example: columns = , "id" BIGINT
CREATE TABLE {table} (_sample BIGINT{columns});
