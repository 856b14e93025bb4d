"""Terms over the elements of lists, as SQL aggregates: a list has an element for every class, in their order."""

import re

from kolena_store.metrics.definitions import TermDefinition
from kolena_store.metrics.element_columns import kernel_arguments
from kolena_store.published.kernels import ranked
from kolena_store.published.pieces import CLASSES, POSITION, ClassTerm, piece, piece_of_metrics, weight_part
from kolena_store.statements import Fragment, identifier

__all__ = ["element_of_class", "elements_of_each_class", "pooled_elements"]

OWN_POSITION = Fragment("list_position(classes, class)")
ELEMENT = Fragment("_k")


def element_of_class(term: TermDefinition, weight: Fragment | None) -> Fragment:
    """Return the term of the class that the macro's parameter `class` names."""
    if term.kind == "kernel":
        scores, truths = (_at(term, text, OWN_POSITION) for text in kernel_arguments(term))
        entries = piece("entries_of_elements", scores=scores, truths=truths, weight=weight_part(weight))
        return ranked(str(term.kernel), entries, is_weighted=weight is not None)
    text = _at(term, term.expression, OWN_POSITION)
    if term.kind == "count":
        return piece("weighted_count", condition=text, weight=weight) if weight else piece("count", condition=text)
    return piece("weighted_sum", value=text, weight=weight) if weight else piece("sum", value=text)


def pooled_elements(term: TermDefinition, weight: Fragment | None) -> Fragment:
    """Return a kernel's term over the elements of all classes together."""
    scores, truths = (Fragment(text) for text in kernel_arguments(term))
    entries = piece("entries_of_all_elements", scores=scores, truths=truths, weight=weight_part(weight))
    return ranked(str(term.kernel), entries, is_weighted=weight is not None)


def elements_of_each_class(term: TermDefinition, weight: Fragment | None) -> ClassTerm:
    """Return a term where one row for each class is made."""
    own = f"_{term.name}"
    name, classes = identifier(own), {str(CLASSES): piece("classes_of_rows")}
    if term.kind == "kernel":
        scores, truths = (Fragment(text) for text in kernel_arguments(term))
        rows = piece("element_rows", scores=scores, truths=truths, weight=weight_part(weight))
        part = piece("weight_of_row") if weight else Fragment("")
        entries = piece("entries_of_element_rows", rows=name, position=POSITION, weight=part)
        value = ranked(str(term.kernel), entries, is_weighted=weight is not None)
        return ClassTerm(aggregates={own: rows, **classes}, value=value)
    text = _at(term, term.expression, ELEMENT)
    if term.kind == "sum":
        values = piece("element_values", value=text, weight=weight or Fragment("1"))
        value = piece("sum_of_elements", rows=name, position=POSITION)
        return ClassTerm(aggregates={own: values, **classes}, value=value)
    if weight:
        rows = piece("weighted_element_positions", condition=text, weight=weight)
        value = piece("weighted_count_of_rows", rows=name, **{"class": POSITION})
        return ClassTerm(aggregates={own: rows, **classes}, value=value)
    counts = piece("counts_by_element", condition=text)
    value = piece_of_metrics("count_of_map", map=name, **{"class": POSITION})
    return ClassTerm(aggregates={own: counts, **classes}, value=value)


def _at(term: TermDefinition, text: str, position: Fragment) -> Fragment:
    """Return an expression over lists as one over their elements at a position."""

    def element(match: "re.Match[str]") -> str:
        return f"{match[0]}[{position}]" if match[0] in term.each else match[0]

    return Fragment(re.sub(r"\w+", element, text))
