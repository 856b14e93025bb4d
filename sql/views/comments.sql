-- name: on_view()
-- example: name = "digits".test_samples
-- example: text = 'The samples'
COMMENT ON VIEW {name} IS {text};

-- name: on_table()
-- example: name = catalogue.files
-- example: text = 'The files'
COMMENT ON TABLE {name} IS {text};

-- name: on_column()
-- example: name = "digits".test_samples._sample
-- example: text = 'The number of the sample'
COMMENT ON COLUMN {name} IS {text};

-- name: on_macro()
-- example: name = "digits".accuracy
-- example: text = 'correct / measured'
COMMENT ON MACRO {name} IS {text};

-- name: on_table_macro()
-- example: name = "digits".extra
-- example: text = 'extra steps'
COMMENT ON MACRO TABLE {name} IS {text};

-- name: drop_view()
-- example: name = "digits".old_view
DROP VIEW IF EXISTS {name};

-- name: drop_macro()
-- example: name = "digits".accuracy
DROP MACRO IF EXISTS {name};

-- name: drop_table_macro()
-- example: name = "digits".extra
DROP MACRO TABLE IF EXISTS {name};
