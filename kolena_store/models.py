"""Models are names with metadata, shared by all datasets of a store."""

import datetime
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kolena_store.database import Session, Transaction
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.schema import document_text, listed, now
from kolena_store.tables import Layout, RecordColumn

__all__ = [
    "MODELS",
    "ModelRecord",
    "configuration_id",
    "labelled",
    "model_named",
    "models",
    "normal_name",
    "note_model",
    "stored_configuration",
]

LISTING = "kolena-store models"
LONGEST_NAME = 200
MORE_COLUMNS = (
    RecordColumn(name="tags", kind="texts"),
    RecordColumn(name="metadata", kind="document", of="metadata_document"),
    RecordColumn(name="created", kind="moment"),
)
MODELS = Layout(
    fields=(RecordColumn(name="name"), *MORE_COLUMNS), shown=(RecordColumn(name="model", of="name"), *MORE_COLUMNS)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """A model as the catalogue knows it; its name keeps its case."""

    model_id: int = field(repr=False)
    name: str
    tags: list[str]
    metadata: str | None
    created: datetime.datetime

    @property
    def metadata_document(self) -> dict[str, Any]:
        """Return the metadata as a mapping."""
        return dict(json.loads(self.metadata)) if self.metadata else {}


def labelled(model: str, upload_configuration: str | None) -> str:
    """Return what people call some results: the model's name, followed by the upload configuration if there is one."""
    return f"{model} {upload_configuration}" if upload_configuration else model


def normal_name(name: str) -> str:
    """Return a model's name as the store spells it: in Unicode's composed form."""
    return unicodedata.normalize("NFC", name)


def models(session: Session) -> list[ModelRecord]:
    """Return all models by name."""
    return session.records(ModelRecord, "models.all_models")


def model_named(session: Session, name: str) -> ModelRecord:
    """Return the model of this name; upper and lower case count.

    Raises:
        UnknownName: the store has none.
    """
    found = session.records(ModelRecord, "models.model_named", name=normal_name(name))
    if not found:
        raise UnknownName.of("model", name, [record.name for record in models(session)], LISTING)
    return found[0]


def note_model(
    transaction: Transaction, name: str, *, metadata: Mapping[str, Any] | None = None, tags: Sequence[str] | None = None
) -> ModelRecord:
    """Return the model of this name, made at its first mention; given metadata and tags are added to it.

    Raises:
        InvalidInput: the name is empty, longer than 200 characters, or holds control characters.
    """
    known = transaction.records(ModelRecord, "models.model_named", name=_checked_name(name))
    if not known:
        return _insert(transaction, _checked_name(name), metadata or {}, tags or ())
    record = known[0]
    merged = {**record.metadata_document, **(metadata or {})}
    all_tags = list(dict.fromkeys([*record.tags, *listed("tags", tags or ())]))
    if merged != record.metadata_document or all_tags != record.tags:
        text = document_text("the model's metadata", merged) if merged else None
        transaction.run("models.update_model", model_id=record.model_id, tags=all_tags, metadata=text)
    return model_named(transaction, record.name)


def configuration_id(transaction: Transaction, kind: str, document: Mapping[str, Any] | None) -> int | None:
    """Return the id of a configuration, entered at its first mention; None is none, which is not {}."""
    if document is None:
        return None
    known = stored_configuration(transaction, kind, document)
    if known is not None:
        return known
    text = document_text(f"the {kind} configuration", document)
    new_id = transaction.new_id()
    transaction.run("models.insert_configuration", configuration_id=new_id, kind=kind, document=text, created=now())
    return new_id


def stored_configuration(session: Session, kind: str, document: Mapping[str, Any]) -> int | None:
    """Return the id of a configuration that was mentioned before, else None."""
    text = document_text(f"the {kind} configuration", document)
    known = session.value("models.configuration_of", kind=kind, document=text)
    return None if known is None else int(known)


def _insert(transaction: Transaction, name: str, metadata: Mapping[str, Any], tags: Sequence[str]) -> ModelRecord:
    text = document_text("the model's metadata", metadata) if metadata else None
    model_id = transaction.new_id()
    transaction.run(
        "models.insert_model",
        model_id=model_id,
        name=name,
        tags=listed("tags", tags),
        metadata=text,
        created=now(),
    )
    return model_named(transaction, name)


def _checked_name(name: str) -> str:
    normal = normal_name(name)
    has_control = any(unicodedata.category(character) == "Cc" for character in normal)
    if not normal.strip() or len(normal) > LONGEST_NAME or has_control:
        raise InvalidInput(f"{name!r} can't name a model: 1 to {LONGEST_NAME} characters, no control characters")
    return normal
