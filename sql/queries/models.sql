-- name: all_models()
SELECT model_id, name, tags, metadata, created FROM catalogue.models ORDER BY name;

-- name: model_named(name)
SELECT model_id, name, tags, metadata, created FROM catalogue.models WHERE name = $name;

-- name: insert_model(model_id, name, tags, metadata, created)
INSERT INTO catalogue.models VALUES ($model_id, $name, $tags, $metadata, $created);

-- name: update_model(model_id, tags, metadata)
UPDATE catalogue.models SET tags = $tags, metadata = $metadata WHERE model_id = $model_id;

-- name: configuration_of(kind, document)
SELECT configuration_id FROM catalogue.configurations WHERE kind = $kind AND document = $document;

-- name: insert_configuration(configuration_id, kind, document, created)
INSERT INTO catalogue.configurations VALUES ($configuration_id, $kind, $document, $created);
