"""Models and configurations of the other store: what both know of a model is put together."""

from collections.abc import Mapping
from dataclasses import dataclass

from kolena_store.database import Transaction
from kolena_store.merging.both_stores import BothStores
from kolena_store.merging.notes import united_documents
from kolena_store.merging.other_store import OtherStore
from kolena_store.merging.report import Ledger
from kolena_store.merging.rows import all_rows, insert_rows
from kolena_store.models import ModelRecord, models, note_model
from kolena_store.schema import document_text

__all__ = ["ModelPlan", "apply_configurations", "apply_models", "plan_configurations", "plan_models"]

MODEL = "model"
CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """What comes of one model: its metadata and tags here; `ours` is None for a model that is new."""

    theirs: ModelRecord
    ours: ModelRecord | None
    metadata: dict[str, object]
    tags: list[str]


def plan_models(both: BothStores) -> list[ModelPlan]:
    """Return what comes of each model."""
    known = {model.name: model for model in models(both.session)}
    return [_plan(known.get(theirs.name), theirs, both.ledger) for theirs in models(both.other.session)]


def apply_models(transaction: Transaction, other: OtherStore, plans: list[ModelPlan]) -> dict[int, int]:
    """Bring models and what is noted of them; return their ids there -> here."""
    rows = {row["model_id"]: row for row in other.rows("models")}
    for plan in plans:
        if plan.ours is None:
            row = rows[plan.theirs.model_id]
            insert_rows(transaction, "models", [{**row, "model_id": transaction.new_id()}])
        else:
            note_model(transaction, plan.ours.name, metadata=plan.metadata, tags=plan.tags)
    here = {model.name: model.model_id for model in models(transaction)}
    return {plan.theirs.model_id: here[plan.theirs.name] for plan in plans}


def plan_configurations(both: BothStores) -> dict[int, int]:
    """Return the ids there -> here of the configurations that both have; those of the others are negative."""
    known = {
        (row["kind"], row["document"]): row["configuration_id"] for row in all_rows(both.session, "configurations")
    }
    found = {}
    for row in both.other.rows("configurations"):
        here = known.get((row["kind"], row["document"]))
        name = f"{row['kind']} {row['document']}"
        both.ledger.note(CONFIGURATION, name, "equal" if here is not None else "added")
        found[row["configuration_id"]] = -row["configuration_id"] if here is None else here
    return found


def apply_configurations(transaction: Transaction, other: OtherStore, planned: Mapping[int, int]) -> dict[int, int]:
    """Bring the configurations that are not here; return their ids there -> here."""
    rows = {row["configuration_id"]: row for row in other.rows("configurations")}
    found = {there: here if here > 0 else transaction.new_id() for there, here in planned.items()}
    new = [{**rows[there], "configuration_id": found[there]} for there, here in planned.items() if here < 0]
    insert_rows(transaction, "configurations", new)
    return found


def _plan(ours: ModelRecord | None, theirs: ModelRecord, ledger: Ledger) -> ModelPlan:
    if ours is None:
        ledger.note(MODEL, theirs.name, "added")
        return ModelPlan(theirs=theirs, ours=None, metadata=theirs.metadata_document, tags=theirs.tags)
    before = ours.metadata_document
    metadata = united_documents(ledger, MODEL, ours.name, ours=before, theirs=theirs.metadata_document)
    tags = list(dict.fromkeys([*ours.tags, *theirs.tags]))
    is_same = document_text("metadata", metadata) == document_text("metadata", before) and tags == ours.tags
    ledger.note(MODEL, ours.name, "equal" if is_same else "extended")
    return ModelPlan(theirs=theirs, ours=ours, metadata=metadata, tags=tags)
