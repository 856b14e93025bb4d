-- Reading CSV and JSON files. Every cell comes in as text; its type is judged here, by rules that don't guess.

-- name: type_of_column(path)
DESCRIBE SELECT * FROM read_parquet($path);

-- name: allow_files(paths)
SET allowed_paths = $paths;

-- name: use_utc()
SET TimeZone = 'UTC';

-- name: no_progress_bar()
-- DuckDB 2 draws one on stdout when a query takes two seconds, terminal or not.
SET enable_progress_bar = false;

-- name: wide()
-- The search for common subexpressions grows with the square of the columns, and these share none.
SET disabled_optimizers = 'common_subexpressions';

-- name: no_outside()
SET enable_external_access = false;

-- name: lock()
SET lock_configuration = true;

-- name: csv_rows(path, columns, delimiter, compression, is_single)
-- The rows as text: an empty cell is NULL, a quoted empty one is ''. Blank lines are no rows, in a single column neither.
-- The line end is given where DuckDB takes one: it would look for it in quoted names too. It takes no \r\n, but finds it.
-- example: line_end = new_line = '\n',
SELECT *
FROM read_csv(
    $path, columns = $columns, delim = $delimiter, compression = $compression, auto_detect = false, header = true,
    {line_end}
    quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, strict_mode = true,
    max_line_size = 16000000, buffer_size = 32000000
)
WHERE c0 IS NOT NULL OR NOT $is_single

-- name: json_texts(path, format, compression, wide)
-- Each row's structure, and whether its text holds a number that may be an integer of more than 63 bits.
-- The structure is NULL for rows with very many brackets: they may be nested so deeply that describing them crashes.
SELECT
    CASE WHEN length(json::VARCHAR) <= 10000 OR length(json::VARCHAR) - length(translate(json::VARCHAR, '[{', '')) <= 5000
        THEN json_structure(json)::VARCHAR END AS structure,
    regexp_matches(json::VARCHAR, $wide) AS is_wide
FROM read_json_objects($path, format = $format, compression = $compression, maximum_object_size = 16777216);

-- name: json_rows(path, columns, format, compression)
-- example: names = c0
SELECT *
FROM read_json($path, columns = $columns, format = $format, compression = $compression, maximum_object_size = 16777216)
    AS cells ({names})

-- name: coco_results(path, compression)
-- COCO's results where they have no further fields: three times as fast as reading them one by one.
SELECT image_id, category_id, bbox, score
FROM read_json(
    $path, format = 'array', compression = $compression, maximum_object_size = 16777216,
    columns = {image_id: 'DOUBLE', category_id: 'DOUBLE', bbox: 'DOUBLE[]', score: 'DOUBLE'}
);

-- name: classes_in_first_rows()
-- The or-ed classes of the cells of some columns, and the number of rows looked at. One expression for all columns: a
-- thousand of them would take seconds to plan.
-- example: rows = SELECT '1' AS c0
-- example: limit = 1000
-- example: cells = c0
-- example: positions = 0
WITH first_rows AS (SELECT * FROM ({rows}) LIMIT {limit}),
    cells AS (SELECT unnest([{positions}]) AS position, unnest([{cells}]) AS cell FROM first_rows)
SELECT position, bit_or(class_of_cell(cell)), count(*) FROM cells GROUP BY position;

-- name: all_rows()
-- example: rows = SELECT '1' AS c0
-- example: measures = count(*)
WITH cells AS ({rows}) SELECT {measures} FROM cells;

-- name: values()
-- example: rows = SELECT '1' AS c0
-- example: values = c0
WITH cells AS ({rows}) SELECT {values} FROM cells;

-- name: first_misfit()
-- example: rows = SELECT '1' AS c0
-- example: cell = c0
-- example: misfit = c0 IS NULL
WITH cells AS ({rows}),
    numbered AS (SELECT row_number() OVER () AS position, {cell} AS cell, {misfit} AS is_misfit FROM cells)
SELECT position, cell FROM numbered WHERE is_misfit ORDER BY position LIMIT 1;

-- name: classes_of_cells(cells)
SELECT list_transform($cells::VARCHAR[], lambda cell: class_of_cell(cell));

-- name: trimmed_cell()
-- The cell without blanks around it; nothing else left is NULL.
CREATE TEMP MACRO trimmed_cell(cell) AS nullif(trim(cell, E' \t'), '');

-- name: present_cell()
-- The cell of a column whose type was declared: the usual words for a missing value are NULL.
CREATE TEMP MACRO present_cell(cell) AS
CASE WHEN lower(trim(cell, E' \t')) NOT IN ('', 'na', 'n/a', '#n/a', '<na>', 'null', 'none') THEN trim(cell, E' \t') END;

-- name: class_of_cell()
-- What a cell looks like: one bit of kolena_store.formats.cells.CellClass, 0 for NULL.
-- Only canonical integers (no leading zero), finite decimals, ISO dates and times in the calendar: all else is text.
CREATE TEMP MACRO class_of_cell(cell) AS
CASE
    WHEN cell IS NULL THEN 0
    WHEN trim(cell, E' \t') = '' THEN 1
    WHEN length(cell) > 400 THEN 2048
    WHEN regexp_matches(cell, '^[ \t]*[-+.0-9]') THEN CASE
        WHEN regexp_full_match(cell, '[ \t]*(\+?(0|[1-9]\d*)|-[1-9]\d*)[ \t]*') THEN CASE
            WHEN TRY_CAST(cell AS BIGINT) >= 0 THEN 2
            WHEN TRY_CAST(cell AS BIGINT) < 0 THEN 4
            WHEN TRY_CAST(cell AS UBIGINT) IS NOT NULL THEN 8
            ELSE 2048 END
        WHEN regexp_full_match(cell, '[ \t]*[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t]*')
            THEN CASE WHEN isfinite(TRY_CAST(cell AS DOUBLE)) THEN 16 ELSE 2048 END
        WHEN lower(trim(cell, E' \t')) IN ('+inf', '-inf', '+infinity', '-infinity', '-nan') THEN 32
        WHEN regexp_full_match(cell, '\d\d\d\d-\d\d-\d\d')
            THEN CASE WHEN TRY_CAST(cell AS DATE) IS NOT NULL THEN 128 ELSE 2048 END
        WHEN regexp_full_match(cell, '\d\d\d\d-\d\d-\d\d[ T]([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,6})?)?')
            THEN CASE WHEN TRY_CAST(cell AS TIMESTAMP) IS NOT NULL THEN 256 ELSE 2048 END
        WHEN regexp_full_match(cell, '\d\d\d\d-\d\d-\d\d[ T]([01]\d|2[0-3]):\d\d:\d\d\.\d{7,9}')
            THEN CASE WHEN TRY_CAST(cell AS TIMESTAMP_NS) IS NOT NULL THEN 512 ELSE 2048 END
        WHEN regexp_full_match(cell, '\d\d\d\d-\d\d-\d\d[ T]([01]\d|2[0-3]):\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:?\d\d)?)')
            THEN CASE WHEN TRY_CAST(cell AS TIMESTAMPTZ) IS NOT NULL THEN 1024 ELSE 2048 END
        ELSE 2048 END
    WHEN lower(trim(cell, E' \t')) IN ('true', 'false') THEN 64
    WHEN lower(trim(cell, E' \t')) IN ('nan', 'inf', 'infinity') THEN 32
    ELSE 2048 END;

-- Columns that looked all alike in the first rows: whether a cell is missing or spelled as such cells mostly are. False says
-- nothing yet: then `class_of_cell` decides.

-- name: is_plain_blank()
CREATE TEMP MACRO is_plain_blank(cell) AS cell IS NULL;

-- name: is_plain_integer()
CREATE TEMP MACRO is_plain_integer(cell) AS coalesce(TRY_CAST(cell AS BIGINT)::VARCHAR = cell, cell IS NULL);

-- name: is_plain_number()
CREATE TEMP MACRO is_plain_number(cell) AS
coalesce(regexp_full_match(cell, '-?(0|[1-9]\d{0,17})(\.\d{1,99})?|NaN|nan|-?inf'), true);

-- name: is_plain_boolean()
CREATE TEMP MACRO is_plain_boolean(cell) AS coalesce(cell IN ('true', 'false', 'True', 'False'), true);

-- name: is_plain_date()
CREATE TEMP MACRO is_plain_date(cell) AS
coalesce(length(cell) = 10 AND TRY_CAST(cell AS DATE)::VARCHAR = cell, cell IS NULL);

-- name: is_plain_timestamp()
CREATE TEMP MACRO is_plain_timestamp(cell) AS
coalesce(length(cell) = 19 AND TRY_CAST(cell AS TIMESTAMP)::VARCHAR = cell, cell IS NULL);
