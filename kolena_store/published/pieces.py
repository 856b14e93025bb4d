"""What the terms of macros are put together from: pieces of SQL, and names that stand in all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from kolena_store.statements import Fragment, statement

__all__ = ["CLASS", "CLASSES", "POSITION", "ClassTerm", "piece", "piece_of_metrics", "weight_part"]

CLASSES = Fragment("_classes")
CLASS = Fragment("_class")
POSITION = Fragment("list_position(_classes, _class)")


@dataclass(frozen=True, kw_only=True)
class ClassTerm:
    """A term where a macro goes over the classes: aggregates by name, the term of one class, and its labels."""

    aggregates: Mapping[str, Fragment]
    value: Fragment
    labels: Fragment | None = None


def piece(name: str, **fragments: Fragment) -> Fragment:
    """Return a piece of a term."""
    return statement("macros/terms", name).fill(**fragments)


def piece_of_metrics(name: str, **fragments: Fragment) -> Fragment:
    """Return a piece of a metric."""
    return statement("macros/metrics", name).fill(**fragments)


def weight_part(weight: Fragment | None) -> Fragment:
    """Return what an entry of a list says of the weight of its sample: nothing where all count alike."""
    return piece("weight_of_sample", weight=weight) if weight else Fragment("")
