"""The options that say what a dataset's columns are to its workflow."""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import click

from kolena_store.cli.pairs import read_labels

if TYPE_CHECKING:
    from kolena_store.workflows import Workflow

__all__ = ["WorkflowOptions", "chosen_workflow", "workflow_options"]


class WorkflowOptions(TypedDict):
    """What `workflow_options` adds to a command."""

    workflow: str | None
    ground_truth: str | None
    prediction: str | None
    score: str | None
    scores: str | None
    positive: str | None
    classes: list[str] | None
    verdict: str | None


class _WorkflowOption(click.Option):
    """The option whose help lists the workflows that there are."""

    def make_metavar(self, ctx: click.Context) -> str:
        from kolena_store.workflows import WORKFLOWS

        return f"[{'|'.join(WORKFLOWS)}]"


OPTIONS = (
    click.option(
        "--workflow",
        cls=_WorkflowOption,
        help="The type of problem, e.g. --workflow classification. Omitted later, it stays.",
    ),
    click.option("--ground-truth", metavar="FIELD", help="FILE's column with the truth, e.g. --ground-truth label."),
    click.option(
        "--prediction", metavar="FIELD", help="The results' column with the prediction, e.g. --prediction label."
    ),
    click.option(
        "--score",
        metavar="FIELD",
        help="The results' column with the score of the prediction, or of --positive, e.g. --score confidence.",
    ),
    click.option(
        "--scores",
        metavar="PATTERN",
        help="The results' columns with a score for each class, e.g. --scores 'p_{class}'; or a list or struct.",
    ),
    click.option(
        "--positive", metavar="LABEL", help="The label of interest of a problem with two, e.g. --positive spam."
    ),
    click.option(
        "--classes",
        metavar="LABEL,LABEL",
        callback=read_labels,
        help="All labels, in order, e.g. --classes cat,dog,bird.",
    ),
    click.option(
        "--verdict", metavar="FIELD", help="The results' column with true or false, e.g. --verdict is_correct."
    ),
)


def workflow_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, in the order in which they stand here."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def chosen_workflow(options: Mapping[str, Any]) -> "Workflow | None":
    """Return the workflow that the options describe, or None when they name none.

    Raises:
        UsageError: an option is missing, or belongs to another workflow.
    """
    names = [name for name in WorkflowOptions.__annotations__ if name != "workflow"]
    given = {name: options[name] for name in names if options[name] is not None}
    if options["workflow"] is None:
        if given:
            raise click.UsageError(f"{_flag(next(iter(given)))} belongs to a workflow; name it with --workflow")
        return None
    return _workflow(options["workflow"], given)


def _workflow(name: str, given: Mapping[str, Any]) -> "Workflow":
    from kolena_store.workflows import workflow_named

    kind: Callable[..., Workflow] = workflow_named(name)
    known = inspect.signature(kind).parameters
    for option in given:
        if option not in known:
            takes = ", ".join(map(_flag, known))
            raise click.UsageError(f"the workflow {name} has no option {_flag(option)}; it takes {takes}")
    for option, parameter in known.items():
        if parameter.default is parameter.empty and option not in given:
            raise click.UsageError(f"the workflow {name} needs {_flag(option)}")
    return kind(**given)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
