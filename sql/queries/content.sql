-- Content digests: what rows say, as one text that is the same for every DuckDB, and the sum of its hashes.

-- name: digest()
-- The sum of the row hashes in two halves, each of which is exact for more rows than there can be.
-- example: row = 'a'
-- example: rows = (SELECT 1) AS one
SELECT count(*), coalesce(sum((hash & 18446744073709551615::UHUGEINT)::UBIGINT), 0), coalesce(sum((hash >> 64)::UBIGINT), 0)
FROM (SELECT md5_number({row}) AS hash FROM {rows}) AS hashes;

-- name: count_changes()
-- example: older = 'a'
-- example: newer = 'b'
-- example: older_rows = (SELECT 1 AS _sample) AS older
-- example: newer_rows = (SELECT 1 AS _sample) AS newer
SELECT count(*) FILTER (older._sample IS NULL), count(*) FILTER (older.row <> newer.row),
    count(*) FILTER (newer._sample IS NULL), count(*) FILTER (older.row = newer.row)
FROM (SELECT _sample, bit_xor(md5_number({older})) AS row FROM {older_rows} GROUP BY _sample) AS older
FULL JOIN (SELECT _sample, bit_xor(md5_number({newer})) AS row FROM {newer_rows} GROUP BY _sample) AS newer
USING (_sample);

-- name: types()
-- example: columns = NULL::BIGINT AS a
SELECT {columns} LIMIT 0;

-- The following stand inside the ones above, and inside each other.

-- name: rows_of_files()
-- example: files = ['x.parquet']
-- example: name = samples
read_parquet({files}, union_by_name = true) AS {name}

-- name: rows_with_ids()
-- example: rows = (SELECT 1 AS _sample) AS answers
-- example: ids = (SELECT 1 AS _sample) AS ids
-- example: known = SEMI JOIN (SELECT 1 AS _sample) AS known ON known._sample = ids._sample
{rows} JOIN {ids} ON ids._sample = answers._sample {known}

-- name: known_ids()
-- example: known = (SELECT 1 AS _sample) AS known
-- example: same_ids = ids._sample = known._sample
SEMI JOIN {known} ON {same_ids}

-- name: cell()
-- example: text = samples._sample::VARCHAR
coalesce(strlen({text}) || ':' || {text}, '-')

-- name: plain_text()
-- example: value = samples._sample
{value}::VARCHAR

-- name: float_text()
-- example: value = samples._sample::DOUBLE
CASE WHEN isnan({value}) THEN 'nan' WHEN {value} = 0 THEN '0' ELSE format('{:.17g}', {value}::DOUBLE) END

-- name: bytes_text()
-- example: value = NULL::BLOB
lower(hex({value}))

-- name: date_text()
-- example: value = NULL::DATE
CASE WHEN isfinite({value}) THEN date_diff('day', DATE '1970-01-01', {value})::VARCHAR ELSE {value}::VARCHAR END

-- name: time_text()
-- example: value = NULL::TIME
epoch_us({value})::VARCHAR

-- name: moment_text()
-- example: value = NULL::TIMESTAMP
CASE WHEN isfinite({value}) THEN epoch_us({value})::VARCHAR ELSE {value}::VARCHAR END

-- name: nanosecond_text()
-- example: value = NULL::TIMESTAMP_NS
CASE WHEN isfinite({value}) THEN epoch_ns({value})::VARCHAR ELSE {value}::VARCHAR END

-- name: list_text()
-- example: value = [1]
-- example: item = item
-- example: cell = item::VARCHAR
len({value}) || ':' || array_to_string(list_transform({value}, lambda {item}: {cell}), '')

-- name: entries_of_map()
-- example: value = map([1], [2])
map_entries({value})

-- name: field_of_struct()
-- example: value = struct_pack(a := 1)
-- example: field = 'a'
struct_extract({value}, {field})

-- name: struct_text()
-- example: value = samples._sample
-- example: cells = 'a'
CASE WHEN {value} IS NOT NULL THEN {cells} END
