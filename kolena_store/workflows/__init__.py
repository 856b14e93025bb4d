"""Workflows: the types of problem that a store knows, one module each."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import Any

from kolena_store.errors import UnknownName, shown
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, Facts, ScoringInput, Workflow
from kolena_store.workflows.configuration import Configuration, configuration_from_document, read_configuration

__all__ = [
    "GROUND_TRUTH",
    "INFERENCE",
    "WORKFLOWS",
    "Configuration",
    "Facts",
    "ScoringInput",
    "Workflow",
    "configuration_from_document",
    "read_configuration",
    "workflow_classes",
    "workflow_from_document",
    "workflow_named",
]


def _discovered() -> Mapping[str, type[Workflow]]:
    """Return name -> workflow, by name, of all modules of this package; one that can't be imported is an error.

    Raises:
        TypeError: a workflow lacks something that it must state, or takes the name of another one.
    """
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    found: dict[str, type[Workflow]] = {}
    for kind in (kind for module in modules for kind in _defined_in(module)):
        if kind.name in found:
            raise TypeError(
                f"{kind.__module__} and {found[kind.name].__module__} both define {kind.name!r}; rename one"
            )
        found[kind.name] = kind
    return MappingProxyType(dict(sorted(found.items())))


def _defined_in(module: ModuleType) -> Iterator[type[Workflow]]:
    for kind in vars(module).values():
        is_workflow = isinstance(kind, type) and issubclass(kind, Workflow) and kind.__module__ == module.__name__
        if is_workflow and "name" in vars(kind):
            _check_complete(kind)
            yield kind


def _check_complete(kind: type[Workflow]) -> None:
    where = f"{kind.__module__}.{kind.__name__}"
    unstated = [name for name in ("metric_file", "scorer_version", "option_help") if not hasattr(kind, name)]
    if unstated or kind.__abstractmethods__:
        raise TypeError(f"{where} must state {', '.join([*unstated, *sorted(kind.__abstractmethods__)])}; see Workflow")
    differing = {one.name for one in fields(kind)} ^ set(kind.option_help)
    if differing:
        raise TypeError(f"{where}: {shown(sorted(differing))} must be both a field and explained in option_help")
    if kind.name != kind.name.lower():
        raise TypeError(f"{where}: spell the name {kind.name!r} in small letters, so that it is found in any")


WORKFLOWS: Mapping[str, type[Workflow]] = _discovered()


def workflow_classes() -> dict[str, type[Workflow]]:
    """Return class name -> workflow, as `kolena_store` offers them."""
    return {kind.__name__: kind for kind in WORKFLOWS.values()}


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
