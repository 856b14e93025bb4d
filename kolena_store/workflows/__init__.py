"""Workflows: the types of problem that a store knows, one module each."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import Any

from kolena_store.errors import InvalidInput, UnknownName, did_you_mean, shown
from kolena_store.workflows.base import GROUND_TRUTH, INFERENCE, SAMPLE_FIELD, Facts, ScoringInput, Workflow, numbered
from kolena_store.workflows.configuration import Configuration, configuration_from_document, read_configuration

__all__ = [
    "GROUND_TRUTH",
    "INFERENCE",
    "SAMPLE_FIELD",
    "WORKFLOWS",
    "Configuration",
    "Facts",
    "ScoringInput",
    "Workflow",
    "check_workflow",
    "configuration_from_document",
    "numbered",
    "read_configuration",
    "workflow_classes",
    "workflow_from_document",
    "workflow_named",
]


EXAMPLES = 3
"""How many workflows a message shows."""


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


def check_workflow(given: object) -> None:
    """Check that what was given as a workflow is one.

    Raises:
        InvalidInput: it is a name, a class or something else; the message says how to make a workflow.
    """
    if isinstance(given, Workflow):
        return
    if isinstance(given, type) and issubclass(given, Workflow):
        raise InvalidInput(
            f"workflow={given.__name__} is a class and not yet a workflow; give workflow={_example(given)}"
        )
    if isinstance(given, str) and given.lower() in WORKFLOWS:
        example = _example(WORKFLOWS[given.lower()])
        raise InvalidInput(f"workflow={given!r} does not say which column is what; give workflow={example}")
    near = did_you_mean(given, WORKFLOWS) if isinstance(given, str) else ""
    given_as = repr(given) if isinstance(given, (str, Mapping)) else f"an object of type {type(given).__name__}"
    examples = " or ".join(map(_example, list(WORKFLOWS.values())[:EXAMPLES]))
    raise InvalidInput(f"workflow={given_as} is no workflow{near}; give one, such as {examples}")


def _example(kind: type[Workflow]) -> str:
    needed = [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]
    return f"ks.{kind.__name__}({', '.join(f'{name}=...' for name in needed or list(kind.option_help)[:1])})"
