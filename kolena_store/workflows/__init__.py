"""Workflows: the types of problem that a store knows, one module each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from kolena_store.errors import UnknownName
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, Facts, ScoringInput, Workflow
from kolena_store.workflows.classification import Classification
from kolena_store.workflows.configuration import Configuration, configuration_from_document, read_configuration
from kolena_store.workflows.judged import Judged
from kolena_store.workflows.regression import Regression

__all__ = [
    "GROUND_TRUTH",
    "INFERENCE",
    "WORKFLOWS",
    "Classification",
    "Configuration",
    "Facts",
    "Judged",
    "Regression",
    "ScoringInput",
    "Workflow",
    "configuration_from_document",
    "read_configuration",
    "workflow_from_document",
    "workflow_named",
]

WORKFLOWS: Mapping[str, type[Workflow]] = MappingProxyType(
    {workflow.name: workflow for workflow in (Classification, Judged, Regression)}
)


def workflow_named(name: str) -> type[Workflow]:
    """Return the workflow of this name.

    Raises:
        UnknownName: there is none.
    """
    if name.lower() not in WORKFLOWS:
        raise UnknownName.of("workflow", name, WORKFLOWS, "kolena-store dataset upload --help")
    return WORKFLOWS[name.lower()]


def workflow_from_document(document: Mapping[str, Any]) -> Workflow:
    """Return the workflow that a dataset version stores."""
    return workflow_named(str(document["workflow"])).from_document(document)
