-- Metric macros: one scalar macro for each metric, which BI tools call beside GROUP BY.

-- name: macro()
-- example: name = "digits".accuracy
-- example: parameters = correct
-- example: value = avg(correct::INTEGER)
CREATE OR REPLACE MACRO {name}({parameters}) AS {value};

-- name: finite()
-- example: value = 0.5
CASE WHEN isfinite(({value})::DOUBLE) THEN ({value})::DOUBLE END

-- The averages over classes: the metric's own expression runs over one row for each class. The names that begin with `_`
-- keep clear of the parameters.

-- name: over_classes()
-- example: value = avg(hits) FILTER (support > 0)
-- example: terms = 1.0 AS hits, 1.0 AS support
-- example: carried = _n
-- example: keys = ['a']
-- example: aggregates = count(*) AS _n
-- example: condition = TRUE
(
    SELECT CASE WHEN isfinite(_value) THEN _value END
    FROM (
        SELECT ({value})::DOUBLE AS _value
        FROM (
            SELECT {terms}
            FROM (
                SELECT {carried}, unnest(_keys) AS _class
                FROM (SELECT {carried}, {keys} AS _keys FROM (SELECT {aggregates}))
            )
            WHERE {condition}
        )
    )
)

-- name: count_of_map()
-- example: map = MAP {'a': 1}
-- example: class = 'a'
coalesce(map_extract({map}, {class})[1], 0)::DOUBLE

-- name: labels_of_map()
-- example: map = MAP {'a': 1}
map_keys({map})

-- name: distinct_labels()
-- example: labels = ['a']
list_distinct({labels})

-- name: joined_labels()
-- example: left = ['a']
-- example: right = ['b']
list_concat({left}, {right})

-- name: is_class()
-- example: other = '(another label)'
_class <> {other}

-- name: is_reported()
-- example: other = '(another label)'
_class <> {other} AND (reported IS NULL OR list_contains(reported::VARCHAR[], _class))

-- name: default()
-- example: name = class
-- example: value = 'a'
{name} := {value}

-- name: user_macro()
-- example: name = "digits".extra
-- example: results = "digits".results
-- example: members = "digits".test_case_members
-- example: tables = , notes AS (SELECT 1 AS a)
-- example: query = SELECT 1 AS value
CREATE OR REPLACE MACRO {name}(_model, _test_case, _upload_configuration := NULL) AS TABLE
WITH results AS (
    SELECT * FROM {results}
    WHERE model = _model AND upload_configuration IS NOT DISTINCT FROM _upload_configuration
        AND _sample IN (
            SELECT _sample FROM {members}
            WHERE test_case = _test_case AND (
                model IS NULL
                OR model = _model AND upload_configuration IS NOT DISTINCT FROM _upload_configuration
            )
        )
){tables}
SELECT * REPLACE (CASE WHEN isfinite(try_cast(value AS DOUBLE)) THEN value END AS value) FROM (
{query}
);

-- name: attached_rows()
-- example: name = "notes"
-- example: table = "digits"."notes"
, {name} AS (SELECT * FROM {table} WHERE _sample IN (SELECT _sample FROM results))
