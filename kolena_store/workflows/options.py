"""What the workflows share in reading their options."""

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from kolena_store.errors import InvalidInput, shown

if TYPE_CHECKING:
    from kolena_store.workflows.configuration import Configuration

__all__ = ["check_column_names", "checked_classes", "plain_label", "refuse_options"]


def refuse_options(workflow: str, configuration: "Configuration", *, allowed: Sequence[str]) -> None:
    """Refuse options of a configuration that this workflow does not have.

    Raises:
        InvalidInput: one is set.
    """
    unknown = [name for name in configuration.document() if name not in allowed]
    if unknown:
        takes = ", ".join(allowed) or "no options"
        raise InvalidInput(f"the workflow {workflow} has no option {unknown[0]!r}; it takes {takes}")


def check_column_names(workflow: str, **names: object) -> None:
    """Check that options that name a column hold a text; None is an option that was not given.

    Raises:
        InvalidInput: one holds something else, or an empty text.
    """
    for option, name in names.items():
        if name is not None and (not isinstance(name, str) or not name):
            raise InvalidInput(f"{workflow}({option}={name!r}): give the name of a column")


def checked_classes(classes: object) -> tuple[object, ...]:
    """Return labels that were given in order, as plain values.

    Raises:
        InvalidInput: they are no list, or none, or one stands twice.
    """
    if isinstance(classes, (str, bytes, Mapping, Set)) or not isinstance(classes, Iterable):
        raise InvalidInput(f"classes={classes!r} must be a list of labels, in order")
    labels = tuple(plain_label(label) for label in classes)
    if not labels:
        raise InvalidInput("classes names no label; name at least one, or leave it away to take all")
    repeated = [label for index, label in enumerate(labels) if str(label) in map(str, labels[:index])]
    if repeated:
        raise InvalidInput(f"classes names {shown(dict.fromkeys(repeated))} twice; name each label once")
    return labels


def plain_label(label: object) -> object:
    """Return a label as a document holds it: text, number or boolean; dates and the like become text.

    Raises:
        InvalidInput: None or NaN, which are no labels.
    """
    value = label.item() if hasattr(label, "item") else label
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidInput(f"{value!r} is no label; a sample without a label is left out and counted")
    return value if isinstance(value, (str, bool, int, float)) else str(value)
