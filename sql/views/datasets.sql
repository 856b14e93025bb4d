-- name: schema()
-- example: schema = "digits"
CREATE SCHEMA IF NOT EXISTS {schema};

-- name: test_samples()
-- example: view = "digits".test_samples
-- example: columns = _sample
-- example: files = ['x.parquet']
CREATE OR REPLACE VIEW {view} AS SELECT {columns} FROM read_parquet({files}, union_by_name = true);

-- name: ground_truths()
-- example: view = "digits".ground_truths
-- example: columns = _sample
-- example: samples = "digits".test_samples
CREATE OR REPLACE VIEW {view} AS SELECT {columns} FROM {samples};

-- A row for each object: an object's number is its place in the list, from 0.

-- name: ground_truth_objects()
-- example: view = "digits".ground_truths
-- example: columns = , object.x AS x
-- example: objects = objects
-- example: samples = (SELECT 1 AS _sample, [{'x': 1}] AS objects)
CREATE OR REPLACE VIEW {view} AS
SELECT _sample, _object{columns}
FROM (SELECT _sample, unnest(range(len({objects}))) AS _object, unnest({objects}) AS object FROM {samples} AS samples);

-- name: found_objects_of_model()
-- example: model = 'v1'
-- example: configuration = NULL
-- example: columns = , object.x AS x
-- example: objects = objects
-- example: files = ['x.parquet']
SELECT _sample, {model}::VARCHAR AS model, {configuration}::VARCHAR AS upload_configuration, _object{columns}
FROM (
    SELECT _sample, unnest(range(len({objects}))) AS _object, unnest({objects}) AS object
    FROM read_parquet({files}, union_by_name = true)
)

-- A detection is counted from the threshold of its class on. Objects without a true positive follow, as missed.

-- name: matches()
-- example: view = "digits".matches
-- example: parts = SELECT 1 AS _sample
-- example: samples = (SELECT 1 AS _sample)
CREATE OR REPLACE VIEW {view} AS
SELECT * FROM ({parts}) AS found WHERE _sample IN (SELECT _sample FROM {samples});

-- name: matches_of_model()
-- example: model = 'v1'
-- example: upload_configuration = NULL
-- example: configuration = NULL
-- example: thresholds = MAP {'a': 0.5}
-- example: bit = 0
-- example: files = ['x.parquet']
SELECT _sample, {model}::VARCHAR AS model, {upload_configuration}::VARCHAR AS upload_configuration,
    {configuration}::VARCHAR AS configuration, label AS class, score, rank, object AS detection, truth AS ground_truth,
    overlap,
    CASE WHEN truth IS NOT NULL THEN 'true positive' WHEN (ignored >> {bit}) & 1 = 1 THEN 'ignored'
        ELSE 'false positive' END AS outcome,
    mistake, mistaken_for, confused_with, score >= map_extract({thresholds}, label)[1] AS is_counted, matched, ignored
FROM (SELECT _sample, unnest(detections, recursive := true) FROM read_parquet({files}))
UNION ALL BY NAME
SELECT _sample, {model}::VARCHAR AS model, {upload_configuration}::VARCHAR AS upload_configuration,
    {configuration}::VARCHAR AS configuration, label AS class, object AS ground_truth,
    CASE WHEN (ignored >> {bit}) & 1 = 1 THEN 'ignored' ELSE 'missed' END AS outcome,
    CASE WHEN is_missed THEN 'missed' END AS mistake, ignored
FROM (SELECT _sample, unnest(truths, recursive := true) FROM read_parquet({files})) AS truths
WHERE NOT EXISTS (
    FROM (SELECT _sample AS sample, unnest(detections, recursive := true) FROM read_parquet({files})) AS found
    WHERE found.sample = truths._sample AND found.truth = truths.object
)

-- name: no_matches()
-- example: view = "digits".matches
CREATE OR REPLACE VIEW {view} AS
SELECT NULL::BIGINT AS _sample, NULL::VARCHAR AS model, NULL::VARCHAR AS upload_configuration,
    NULL::VARCHAR AS configuration, NULL::VARCHAR AS class, NULL::DOUBLE AS score, NULL::INTEGER AS rank,
    NULL::INTEGER AS detection, NULL::INTEGER AS ground_truth, NULL::DOUBLE AS overlap, NULL::VARCHAR AS outcome,
    NULL::VARCHAR AS mistake, NULL::INTEGER AS mistaken_for, NULL::INTEGER AS confused_with,
    NULL::BOOLEAN AS is_counted, NULL::UBIGINT AS matched, NULL::UBIGINT AS ignored
WHERE FALSE;

-- name: case_matches()
-- example: view = "digits".case_matches
-- example: parts = SELECT 'Near' AS test_case, 1 AS _sample
-- example: members = (SELECT 'Near' AS test_case, 1 AS _sample)
CREATE OR REPLACE VIEW {view} AS
SELECT * FROM ({parts}) AS found WHERE EXISTS (
    SELECT 1 FROM {members} AS members
    WHERE members.test_case = found.test_case AND members._sample = found._sample
);

-- name: matches_of_case()
-- example: test_case = 'Near'
-- example: matches = SELECT 1 AS _sample
SELECT {test_case}::VARCHAR AS test_case, * FROM ({matches}) AS of_case

-- name: no_case_matches()
-- example: view = "digits".case_matches
CREATE OR REPLACE VIEW {view} AS
SELECT NULL::VARCHAR AS test_case, NULL::BIGINT AS _sample, NULL::VARCHAR AS model,
    NULL::VARCHAR AS upload_configuration, NULL::VARCHAR AS configuration, NULL::VARCHAR AS class, NULL::DOUBLE AS score,
    NULL::INTEGER AS rank, NULL::INTEGER AS detection, NULL::INTEGER AS ground_truth, NULL::DOUBLE AS overlap,
    NULL::VARCHAR AS outcome, NULL::VARCHAR AS mistake, NULL::INTEGER AS mistaken_for,
    NULL::INTEGER AS confused_with, NULL::BOOLEAN AS is_counted, NULL::UBIGINT AS matched, NULL::UBIGINT AS ignored
WHERE FALSE;

-- name: precision_recall()
-- example: view = "digits".precision_recall
-- example: matches = (SELECT 1 AS _sample, 'v1' AS model, NULL AS upload_configuration, NULL AS configuration, 'a' AS class, 0.5 AS score, 'missed' AS outcome)
-- example: case_matches = (SELECT 'Near' AS test_case, 1 AS _sample, 'v1' AS model, NULL AS upload_configuration, NULL AS configuration, 'a' AS class, 0.5 AS score, 'missed' AS outcome)
-- example: members = (SELECT 'Far' AS test_case, 1 AS _sample, NULL AS model, NULL AS upload_configuration)
-- example: object_cases = ['Near']
-- A score that several detections have is one point: all of them are found from it on.
CREATE OR REPLACE VIEW {view} AS
WITH entries AS (
    SELECT 'all' AS test_case, model, upload_configuration, configuration, class, score, outcome FROM {matches}
    UNION ALL
    SELECT members.test_case, found.model, found.upload_configuration, configuration, class, score, outcome
    FROM {matches} AS found JOIN {members} AS members ON members._sample = found._sample
        AND (members.model IS NULL OR (members.model = found.model
            AND members.upload_configuration IS NOT DISTINCT FROM found.upload_configuration))
    WHERE members.test_case <> 'all' AND NOT list_contains({object_cases}::VARCHAR[], members.test_case)
    UNION ALL
    SELECT test_case, model, upload_configuration, configuration, class, score, outcome FROM {case_matches}
), points AS (
    SELECT test_case, model, upload_configuration, configuration, class, score AS threshold,
        count(*) FILTER (outcome = 'true positive') AS hits, count(*) FILTER (outcome = 'false positive') AS others,
        count(*) FILTER (outcome IN ('true positive', 'missed')) AS objects
    FROM entries GROUP BY ALL
), sums AS (
    SELECT test_case, model, upload_configuration, configuration, class, threshold,
        sum(hits) OVER falling::BIGINT AS true_positives, sum(others) OVER falling::BIGINT AS false_positives,
        sum(objects) OVER whole::BIGINT AS objects
    FROM points
    WINDOW whole AS (PARTITION BY test_case, model, upload_configuration, configuration, class),
        falling AS (
            PARTITION BY test_case, model, upload_configuration, configuration, class
            ORDER BY threshold DESC NULLS LAST
        )
)
SELECT *, true_positives / (true_positives + false_positives) AS precision,
    true_positives / nullif(objects, 0) AS recall,
    2 * true_positives / (true_positives + false_positives + objects) AS f1
FROM sums WHERE threshold IS NOT NULL AND true_positives + false_positives > 0;

-- name: inferences()
-- example: view = "digits".inferences
-- example: parts = SELECT 1 AS _sample
-- example: samples = "digits".test_samples
CREATE OR REPLACE VIEW {view} AS
SELECT * FROM ({parts}) AS answers WHERE _sample IN (SELECT _sample FROM {samples});

-- name: weighed_inferences()
-- example: view = "digits".inferences
-- example: parts = SELECT 1 AS _sample, 1 AS _repeats
-- example: samples = "digits".test_samples
-- example: weight = 1 / answers._repeats
CREATE OR REPLACE VIEW {view} AS
SELECT answers.* EXCLUDE (_repeats), {weight} AS _weight
FROM ({parts}) AS answers JOIN {samples} AS samples ON samples._sample = answers._sample;

-- name: repeats_of_sample()
-- example: table = samples
count(*) OVER (PARTITION BY {table}._sample)

-- name: weight_of_row()
-- example: weight = 1
-- example: repeats = samples._sample
{weight}::DOUBLE / {repeats}

-- name: inferences_of_model()
-- example: model = 'v1'
-- example: configuration = NULL
-- example: columns = , inferences._sample AS label
-- example: files = ['x.parquet']
SELECT _sample, {model}::VARCHAR AS model, {configuration}::VARCHAR AS upload_configuration{columns}
FROM read_parquet({files}, union_by_name = true) AS inferences

-- name: results()
-- example: view = "digits".results
-- example: s = NULL
-- example: g = NULL
-- example: parts = SELECT 1 AS _sample, 'v1' AS model, NULL AS upload_configuration, 1 AS _repeats, NULL AS i, NULL AS m
-- example: samples = "digits".test_samples
-- example: weight = 1 / answers._repeats
CREATE OR REPLACE VIEW {view} AS
SELECT samples._sample, answers.model, answers.upload_configuration, {weight} AS _weight, {s} AS s, {g} AS g,
    answers.i, answers.m
FROM {samples} AS samples JOIN ({parts}) AS answers ON answers._sample = samples._sample;

-- name: results_of_model()
-- example: model = 'v1'
-- example: configuration = NULL
-- example: i = NULL
-- example: files = ['x.parquet']
-- example: m = NULL
-- example: scored = WHERE inferences._sample > 0
-- example: repeats = 1
SELECT inferences._sample, {model}::VARCHAR AS model, {configuration}::VARCHAR AS upload_configuration,
    {repeats} AS _repeats, {i} AS i, {m} AS m
FROM read_parquet({files}, union_by_name = true) AS inferences
{scored}

-- name: join_sample_metrics()
-- example: files = ['x.parquet']
-- example: same_repeat = TRUE
LEFT JOIN read_parquet({files}, union_by_name = true) AS scored
    ON scored._sample = inferences._sample AND {same_repeat}

-- name: same_repeat()
-- example: repeat = samples._sample
scored._repeat IS NOT DISTINCT FROM {repeat}

-- name: no_inferences()
-- example: view = "digits".inferences
CREATE OR REPLACE VIEW {view} AS
SELECT NULL::BIGINT AS _sample, NULL::VARCHAR AS model, NULL::VARCHAR AS upload_configuration WHERE FALSE;

-- name: no_results()
-- example: view = "digits".results
CREATE OR REPLACE VIEW {view} AS
SELECT NULL::BIGINT AS _sample, NULL::VARCHAR AS model, NULL::VARCHAR AS upload_configuration, NULL::DOUBLE AS _weight
WHERE FALSE;

-- name: sample_metrics()
-- example: view = "digits".sample_metrics
-- example: parts = SELECT 1 AS a
CREATE OR REPLACE VIEW {view} AS {parts};

-- name: sample_metrics_of_model()
-- example: model = 'v1'
-- example: upload_configuration = NULL
-- example: configuration = NULL
-- example: columns = , scored._sample AS correct
-- example: files = ['x.parquet']
-- example: weights = WHERE scored._sample > 0
SELECT scored._sample, {model}::VARCHAR AS model, {upload_configuration}::VARCHAR AS upload_configuration,
    {configuration}::VARCHAR AS configuration{columns}
FROM read_parquet({files}) AS scored
{weights}

-- name: join_weights()
-- example: samples = "digits".test_samples
JOIN {samples} AS weighed ON weighed._sample = scored._sample

-- name: no_sample_metrics()
-- example: view = "digits".sample_metrics
-- example: columns = , NULL::BOOLEAN AS correct
CREATE OR REPLACE VIEW {view} AS
SELECT NULL::BIGINT AS _sample, NULL::VARCHAR AS model, NULL::VARCHAR AS upload_configuration,
    NULL::VARCHAR AS configuration{columns}
WHERE FALSE;

-- name: terms()
-- example: view = "digits".terms
-- example: files = ['x.parquet']
CREATE OR REPLACE VIEW {view} AS
SELECT run, model, suite, test_case, term, class, predicted, value FROM read_parquet({files});

-- name: no_terms()
-- example: view = "digits".terms
CREATE OR REPLACE VIEW {view} AS
SELECT NULL::BIGINT AS run, NULL::VARCHAR AS model, NULL::VARCHAR AS suite, NULL::VARCHAR AS test_case,
    NULL::VARCHAR AS term, NULL::VARCHAR AS class, NULL::VARCHAR AS predicted, NULL::DOUBLE AS value
WHERE FALSE;

-- The bit of sample i stands in byte i // 8 from the lowest up, and get_bit counts from the highest. The join, not
-- unnest: every DuckDB from 1.1.3 pushes a condition on test_case below it, before any bit is looked at.

-- name: test_case_members()
-- example: view = "digits".test_case_members
-- example: dataset_id = 1
-- example: version = 1
-- example: blocks = SELECT 1 AS file_id, 1 AS test_case_id, 1 AS test_case_version, 0 AS block, ''::BLOB AS bits
CREATE OR REPLACE VIEW {view} AS
SELECT test_case, block * 131072 + i AS _sample, model, upload_configuration
FROM (
    SELECT test_cases.name AS test_case, answers.model, answers.upload_configuration, block, bits::BIT AS members,
        octet_length(bits) * 8 AS n_bits
    FROM catalogue.published_cases AS published
    JOIN catalogue.test_cases ON test_cases.test_case_id = published.test_case_id
    JOIN catalogue.memberships AS found
        ON found.test_case_id = published.test_case_id
        AND found.test_case_version = published.test_case_version
        AND found.dataset_version = {version}
    LEFT JOIN (
        SELECT results_id, version, models.name AS model, document AS upload_configuration
        FROM catalogue.results
        JOIN catalogue.results_versions USING (results_id)
        JOIN catalogue.models USING (model_id)
        LEFT JOIN catalogue.configurations ON configuration_id = upload_configuration_id
        QUALIFY version = max(version) OVER (PARTITION BY results_id)
    ) AS answers ON answers.results_id = found.results_id AND answers.version = found.results_version
    JOIN ({blocks}) AS blocks
        ON blocks.test_case_id = published.test_case_id AND blocks.test_case_version = published.test_case_version
        AND blocks.file_id = found.file_id
    WHERE published.dataset_id = {dataset_id} AND (found.results_id IS NULL OR answers.results_id IS NOT NULL)
) AS cases, range(131072) AS samples(i)
WHERE CASE WHEN i < n_bits THEN get_bit(members, ((i // 8) * 8 + 7 - i % 8)::INTEGER) ELSE 0 END = 1;

-- name: membership_blocks()
-- example: file_id = 1
-- example: files = ['x.parquet']
SELECT {file_id} AS file_id, test_case_id, test_case_version, block, bits FROM read_parquet({files})

-- name: no_members()
-- example: view = "digits".test_case_members
CREATE OR REPLACE VIEW {view} AS
SELECT NULL::VARCHAR AS test_case, NULL::BIGINT AS _sample, NULL::VARCHAR AS model, NULL::VARCHAR AS upload_configuration
WHERE FALSE;

-- name: test_case()
-- example: view = "digits".test_samples
-- example: samples = "digits".test_samples
-- example: members = SELECT 1 AS _sample
CREATE OR REPLACE VIEW {view} AS
SELECT samples.* FROM {samples} AS samples WHERE samples._sample IN (SELECT _sample FROM (
{members}
) AS members);

-- name: plain_test_case()
-- example: view = "digits".test_samples
-- example: query = SELECT 1 AS _sample
CREATE OR REPLACE VIEW {view} AS {query};

-- name: test_case_of_models()
-- example: view = "digits".test_samples
-- example: samples = "digits".test_samples
-- example: members = (SELECT 1 AS _sample, 'v1' AS model, NULL AS upload_configuration, 'Dim' AS test_case)
-- example: test_case = 'Dim'
-- example: columns = , samples._sample AS id
CREATE OR REPLACE VIEW {view} AS
SELECT samples._sample, members.model, members.upload_configuration{columns}
FROM {members} AS members JOIN {samples} AS samples ON samples._sample = members._sample
WHERE members.test_case = {test_case};

-- name: test_case_of_objects()
-- example: view = "digits".test_samples
-- example: objects = (SELECT 1 AS _sample, 0 AS _object)
-- example: selected = SELECT 1 AS _sample, 0 AS _object
CREATE OR REPLACE VIEW {view} AS
SELECT objects.* FROM {objects} AS objects WHERE EXISTS (
    SELECT 1 FROM (
{selected}
    ) AS selected
    WHERE selected._sample = objects._sample AND selected._object = objects._object
);

-- name: listed_members()
-- example: files = ['x.parquet']
SELECT _sample FROM read_parquet({files})
