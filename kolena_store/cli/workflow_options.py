"""The options that say what a dataset's columns are to its workflow: the fields of all workflows that there are."""

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import click

from kolena_store.cli.pairs import read_labels
from kolena_store.workflows import WORKFLOWS, Workflow, workflow_named

__all__ = ["image_workflow_options", "workflow_options"]

OBJECTS = "objects"
"""The field whose option is the command's own: the file with the true objects, which also says that there are any."""

FIXED_BY_FORMAT = ("label", "score", "box", "corners", "image_height", "image_width")
"""Fields that are called the same in every dataset of images that was imported."""

PLAIN_TYPES = ((bool, click.BOOL), (float, click.FLOAT), (int, click.INT))


def workflow_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of all workflows to a command, which gets the workflow that they describe as its `workflow`.

    It gets None where they name none. A workflow that knows objects has them when the command's own option `--objects`
    is given.
    """
    return _with_options(function, WORKFLOWS, (), "Omitted later, it stays.")


def image_workflow_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the workflows of objects on images, but for those that the format of a file decides."""
    kinds = {name: kind for name, kind in WORKFLOWS.items() if {"box", "crowd"} <= kind.option_help.keys()}
    return _with_options(
        function, kinds, FIXED_BY_FORMAT, "[default: that of the dataset; of a new one object-detection]"
    )


def _with_options(
    function: Callable[..., None], kinds: Mapping[str, type[Workflow]], fixed: Collection[str], omitted: str
) -> Callable[..., None]:
    texts = {name: said for name, said in _explanations(kinds).items() if name not in fixed}

    @wraps(function)
    def with_workflow(*arguments: Any, workflow: str | None, **options: Any) -> None:
        given = {name: text for name in texts if (text := options.pop(name)) is not None}
        if workflow is not None and options.get(OBJECTS) is not None:
            given[OBJECTS] = "yes"
        if workflow in WORKFLOWS and workflow not in kinds:
            raise click.UsageError(f"images have no workflow {workflow}; they have {', '.join(kinds)}")
        function(*arguments, workflow=_chosen_workflow(workflow, given), **options)

    command: Callable[..., None] = with_workflow
    for option in reversed([_workflow_option(kinds, omitted), *_field_options(texts)]):
        command = option(command)
    return command


def _workflow_option(kinds: Iterable[str], omitted: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    text = f"The type of problem, e.g. --workflow {next(iter(kinds))}; there are {', '.join(kinds)}. {omitted}"
    return click.option("--workflow", metavar="WORKFLOW", help=text)


def _field_options(
    explained: Mapping[str, Sequence[tuple[str, str]]],
) -> Iterator[Callable[[Callable[..., None]], Callable[..., None]]]:
    """Yield an option for each field; its value stays text until the workflow is known that says what it is."""
    for name, texts in explained.items():
        (metavar, first), *others = texts
        further = [f" With {workflow}: {text}" for workflow, text in others]
        yield click.option(_flag(name), name, metavar=metavar, help="".join([first, *further]))


def _explanations(kinds: Mapping[str, type[Workflow]]) -> dict[str, list[tuple[str, str]]]:
    """Return field -> its metavar and help, then (workflow, help) of the workflows that say something else of it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for workflow, kind in kinds.items():
        for name, said in kind.option_help.items():
            if name == OBJECTS:
                continue
            texts = found.setdefault(name, [(said.metavar, said.text)])
            if said.text not in [text for _, text in texts]:
                texts.append((workflow, said.text))
    return found


def _chosen_workflow(name: str | None, given: Mapping[str, str]) -> Workflow | None:
    """Return the workflow that the options describe, or None when they name none.

    Raises:
        UsageError: an option is missing, belongs to another workflow, or holds what it can't.
    """
    if name is None:
        if given:
            raise click.UsageError(f"{_flag(next(iter(given)))} belongs to a workflow; name it with --workflow")
        return None
    kind: Callable[..., Workflow] = workflow_named(name)
    known = inspect.signature(kind).parameters
    for option in given:
        if option not in known:
            takes = ", ".join(map(_flag, known))
            raise click.UsageError(f"the workflow {name} has no option {_flag(option)}; it takes {takes}")
    for option, parameter in known.items():
        if parameter.default is parameter.empty and option not in given:
            raise click.UsageError(f"the workflow {name} needs {_flag(option)}")
    annotations = get_type_hints(kind)
    return kind(**{option: _read(_flag(option), text, annotations[option]) for option, text in given.items()})


def _read(flag: str, text: str, annotation: object) -> object:
    """Return what an option holds, as the annotation of its field says."""
    is_union = get_origin(annotation) in (Union, UnionType)
    kinds = {get_origin(one) or one for one in (get_args(annotation) if is_union else (annotation,))}
    try:
        if any(isinstance(kind, type) and issubclass(kind, Sequence) and kind is not str for kind in kinds):
            return read_labels(text)
        for kind, reader in PLAIN_TYPES:
            if kind in kinds and str not in kinds:
                return reader(text, None, None)
    except click.BadParameter as error:
        error.param_hint = f"'{flag}'"
        raise
    return text


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
