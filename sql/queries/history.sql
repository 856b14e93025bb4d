-- One row for each metric that a version of a model's results has on a test case, and one where it has none.
-- A step is a version of results that was tested, or is the newest of its model; steps come in the order of upload.
-- Points whose data, definitions and samples are the same are of one line; a line is broken where a step is missing.

-- name: history()
-- example: metrics = SELECT * FROM kolena.metrics
-- example: models = SELECT * FROM catalogue.models
WITH steps AS (
    SELECT results.dataset_id, versions.results_id, versions.version AS results_version, models.name AS model,
        document AS upload_configuration, newest.version = versions.version AS is_newest,
        row_number() OVER (
            PARTITION BY results.dataset_id ORDER BY versions.created, versions.results_id, versions.version
        ) AS step
    FROM catalogue.results_versions AS versions
    JOIN catalogue.results USING (results_id)
    JOIN ({models}) AS models USING (model_id)
    JOIN (SELECT results_id, max(version) AS version FROM catalogue.results_versions GROUP BY results_id) AS newest
        ON newest.results_id = versions.results_id
    LEFT JOIN catalogue.configurations ON configuration_id = upload_configuration_id
    WHERE newest.version = versions.version OR EXISTS (
        SELECT 1 FROM catalogue.test_runs AS runs
        WHERE runs.results_id = versions.results_id AND runs.results_version = versions.version AND status = 'done'
    )
),
tested AS (
    SELECT run_id, status, runs.dataset_id, dataset_version, results_id, results_version, test_suites.name AS suite,
        suite_version, configuration_id, restriction, started, test_cases.name AS test_case, test_case_version
    FROM catalogue.test_runs AS runs
    JOIN catalogue.test_suites USING (suite_id)
    JOIN catalogue.test_suite_members USING (suite_id, suite_version)
    JOIN catalogue.test_cases USING (test_case_id)
),
defined AS (
    SELECT run_id, metric, json_extract_string(definitions, '$.' || metric) AS definition
    FROM (
        SELECT run_id, definitions, unnest(json_keys(definitions)) AS metric
        FROM catalogue.test_runs WHERE status = 'done'
    )
),
points AS NOT MATERIALIZED (
    SELECT tested.*, step, metrics.metric, metrics.class, definition, value, n, n_samples, ci_low, ci_high, method,
        better, reason,
        concat_ws('/', tested.dataset_version, tested.test_case_version, definition, tested.restriction) AS line_key
    FROM ({metrics}) AS metrics
    JOIN tested ON tested.run_id = metrics.run AND tested.test_case = metrics.test_case
    JOIN defined ON defined.run_id = metrics.run AND defined.metric = metrics.metric
    JOIN steps ON steps.results_id = tested.results_id AND steps.results_version = tested.results_version
    WHERE tested.status = 'done'
    QUALIFY row_number() OVER (
        PARTITION BY tested.dataset_id, metrics.test_case, metrics.metric, metrics.class, configuration_id, step,
            line_key
        ORDER BY tested.run_id DESC
    ) = 1
),
numbered AS NOT MATERIALIZED (
    SELECT *, dense_rank() OVER (
            PARTITION BY dataset_id, test_case, metric, class, configuration_id
            ORDER BY restriction IS NULL, dataset_version, last_run
        ) AS line
    FROM (
        SELECT *, max(run_id) OVER (
            PARTITION BY dataset_id, test_case, metric, class, configuration_id, line_key
        ) AS last_run
        FROM points
    )
),
found AS NOT MATERIALIZED (
    SELECT dataset_id, test_case, metric, class, configuration_id, line, step, run_id AS run, started, dataset_version,
        suite, suite_version, test_case_version, value, n, n_samples, ci_low, ci_high, method, better,
        'measured' AS status,
        nullif(concat_ws(', ',
            CASE WHEN dataset_version <> arg_max(dataset_version, line) OVER series THEN 'dataset version' END,
            CASE WHEN test_case_version <> arg_max(test_case_version, line) OVER series THEN 'test case' END,
            CASE WHEN definition <> arg_max(definition, line) OVER series THEN 'metric' END,
            CASE WHEN coalesce(restriction, '') <> arg_max(coalesce(restriction, ''), line) OVER series
                THEN 'samples' END
        ), '') AS differs,
        coalesce(lag(step) OVER (
            PARTITION BY dataset_id, test_case, metric, class, configuration_id, line ORDER BY step
        ) = step - 1, FALSE) AS connected,
        reason
    FROM numbered
    WINDOW series AS (PARTITION BY dataset_id, test_case, metric, class, configuration_id)
),
expected AS (
    SELECT DISTINCT test_suites.dataset_id, test_cases.name AS test_case
    FROM catalogue.test_suites
    JOIN (SELECT suite_id, max(version) AS version FROM catalogue.test_suite_versions GROUP BY suite_id) AS current
        ON current.suite_id = test_suites.suite_id
    JOIN catalogue.test_suite_members AS members
        ON members.suite_id = current.suite_id AND members.suite_version = current.version
    JOIN catalogue.test_cases ON test_cases.test_case_id = members.test_case_id
    WHERE origin <> 'by'
),
lost AS (
    SELECT results_id, results_version, test_case, max(run_id) AS run
    FROM tested WHERE status = 'lost' GROUP BY results_id, results_version, test_case
),
missing AS NOT MATERIALIZED (
    SELECT series.dataset_id, series.test_case, metric, class, configuration_id, line, steps.step, run,
        CASE WHEN run IS NULL THEN 'missing' ELSE 'lost' END AS status
    FROM (
        SELECT dataset_id, test_case, metric, class, configuration_id, count(DISTINCT line_key) AS line,
            list(DISTINCT step) AS measured
        FROM points GROUP BY dataset_id, test_case, metric, class, configuration_id
    ) AS series
    JOIN expected ON expected.dataset_id = series.dataset_id AND expected.test_case = series.test_case
    JOIN steps ON steps.dataset_id = series.dataset_id AND is_newest AND NOT list_contains(measured, steps.step)
    LEFT JOIN lost ON lost.results_id = steps.results_id AND lost.results_version = steps.results_version
        AND lost.test_case = series.test_case
)
SELECT datasets.name AS dataset, test_case, metric, class, document AS configuration, line, all_points.step, model,
    upload_configuration, results_version, run, started, dataset_version, suite, suite_version, test_case_version,
    value, n, n_samples, ci_low, ci_high, method, better, status, differs, coalesce(connected, FALSE) AS connected, reason
FROM (SELECT * FROM found UNION ALL BY NAME SELECT * FROM missing) AS all_points
JOIN steps ON steps.dataset_id = all_points.dataset_id AND steps.step = all_points.step
JOIN catalogue.datasets ON datasets.dataset_id = all_points.dataset_id
LEFT JOIN catalogue.configurations ON configurations.configuration_id = all_points.configuration_id

-- name: all_models()
SELECT model_id, name FROM catalogue.models

-- name: models_named()
-- example: names = ['v1']
SELECT model_id, name FROM catalogue.models WHERE name IN (SELECT unnest({names}::VARCHAR[]))

-- name: all_rows()
SELECT * FROM kolena.metrics

-- name: rows_of_case()
-- example: files = ['x.parquet']
-- example: test_case = NULL
SELECT * FROM read_parquet({files}) WHERE test_case = {test_case}

-- name: no_rows()
SELECT * FROM kolena.metrics WHERE FALSE

-- name: names_of_cases(dataset_id)
SELECT name FROM catalogue.test_cases WHERE dataset_id = $dataset_id ORDER BY name;

-- name: measured_metrics(dataset_id)
SELECT DISTINCT unnest(json_keys(definitions)) FROM catalogue.test_runs
WHERE dataset_id = $dataset_id AND status = 'done';

-- name: metric_files(dataset_id)
SELECT DISTINCT metric_file FROM catalogue.test_runs
WHERE dataset_id = $dataset_id AND status = 'done' ORDER BY metric_file;

-- name: of_case(dataset, test_case, configuration, metrics)
-- example: history = SELECT 'd' AS dataset, 't' AS test_case, 'm' AS metric, 'c' AS class, 1 AS step, 1 AS line, NULL AS configuration
SELECT * FROM ({history}) AS history
WHERE dataset = $dataset AND test_case = $test_case AND configuration IS NOT DISTINCT FROM $configuration::VARCHAR
    AND metric IN (SELECT unnest($metrics::VARCHAR[]))
ORDER BY list_position($metrics::VARCHAR[], metric), class NULLS FIRST, step, line;
