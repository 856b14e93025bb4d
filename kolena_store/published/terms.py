"""Terms as SQL aggregates over sample metrics, in the three forms that macros need."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from kolena_store.metrics.definitions import TermDefinition
from kolena_store.published.element_terms import element_of_class, elements_of_each_class, pooled_elements
from kolena_store.published.kernels import RANKED, calibration_error, median, ranked
from kolena_store.published.pieces import CLASS, CLASSES, POSITION, ClassTerm, piece, piece_of_metrics, weight_part
from kolena_store.statements import Fragment, identifier

__all__ = ["columns_of", "term_of_class", "term_of_each_class", "term_of_whole", "why_not"]

NOT_IN_SQL: Mapping[str, str] = MappingProxyType(
    {
        "spearman": "a rank correlation: ranks of a test case can't be taken inside an aggregate",
        "kendall_tau_b": "a rank correlation: it counts pairs of samples",
        "ordinal_alpha": "an agreement of ranks: ranks of a test case can't be taken inside an aggregate",
    }
)
WEIGHTED: Mapping[str, str] = MappingProxyType({"minimum": "weighted_minimum", "maximum": "weighted_maximum"})
KNOWN_KERNELS = ("median", "expected_calibration_error", *RANKED)


def why_not(term: TermDefinition) -> str | None:
    """Return why a term can't be had in SQL, or None when it can."""
    if len(term.by) > 1 or term.kind == "pairs":
        return "a table of two labels"
    if term.kind == "matches":
        return "of matched objects: the view matches holds what it is made of"
    if term.kind != "kernel" or term.kernel in KNOWN_KERNELS:
        return None
    return NOT_IN_SQL.get(str(term.kernel), f"the kernel {term.kernel} has no form in SQL")


def columns_of(term: TermDefinition, columns: Sequence[str]) -> list[str]:
    """Return those of the sample metrics' columns that a term reads."""
    words = {*re.findall(r"\w+", term.expression), *term.labels, *term.each}
    return [name for name in columns if name in words]


def term_of_whole(term: TermDefinition, weight: Fragment | None) -> Fragment:
    """Return a term of all rows of a group."""
    if term.is_pooled:
        return pooled_elements(term, weight)
    text = term.expression
    if term.kind == "count":
        weighed = {"condition": text, "weight": weight} if weight else {"condition": text}
        return piece("weighted_count" if weight else "count", **weighed)
    if term.kind == "sum":
        return piece("weighted_sum", value=text, weight=weight) if weight else piece("sum", value=text)
    if term.kind in ("minimum", "maximum"):
        return piece(WEIGHTED[term.kind], value=text, weight=weight) if weight else piece(term.kind, value=text)
    return _kernel_of_whole(term, weight)


def _kernel_of_whole(term: TermDefinition, weight: Fragment | None) -> Fragment:
    arguments = [Fragment(part.strip()) for part in term.expression.split(",")]
    if term.kernel == "median":
        return median(arguments[0], weight)
    if term.kernel == "expected_calibration_error":
        return calibration_error(arguments[0], arguments[1], weight)
    entries = piece(
        "entries_of_all_classes", scores=term.expression, label=Fragment(str(term.over)), weight=weight_part(weight)
    )
    return ranked(str(term.kernel), entries, is_weighted=weight is not None)


def term_of_class(term: TermDefinition, weight: Fragment | None) -> Fragment:
    """Return a term of the class that the macro's parameter `class` names."""
    if not term.is_of_class:
        return term_of_whole(term, weight)
    if term.each:
        return element_of_class(term, weight)
    label = Fragment(term.by[0])
    if term.kind == "count":
        if weight:
            return piece("weighted_count_of_class", condition=term.expression, label=label, weight=weight)
        return piece("count_of_class", condition=term.expression, label=label)
    entries = piece("entries_of_class", scores=term.expression, label=label, weight=weight_part(weight))
    return ranked(str(term.kernel), entries, is_weighted=weight is not None)


def term_of_each_class(term: TermDefinition, weight: Fragment | None) -> ClassTerm:
    """Return a term where one row for each class is made."""
    own = f"_{term.name}"
    name = identifier(own)
    if term.each and not term.is_pooled:
        return elements_of_each_class(term, weight)
    if not term.by:
        return ClassTerm(aggregates={own: term_of_whole(term, weight)}, value=name)
    if term.kind == "kernel":
        return _kernel_of_each_class(term, weight)
    label = Fragment(term.by[0])
    if weight:
        rows = piece("weighted_rows_by_label", condition=term.expression, label=label, weight=weight)
        value = piece("weighted_count_of_rows", rows=name, **{"class": CLASS})
        return ClassTerm(aggregates={own: rows}, value=value, labels=piece("labels_of_rows", rows=name))
    counts = piece("counts_by_label", condition=term.expression, label=label)
    value = piece_of_metrics("count_of_map", map=name, **{"class": CLASS})
    return ClassTerm(aggregates={own: counts}, value=value, labels=piece_of_metrics("labels_of_map", map=name))


def _kernel_of_each_class(term: TermDefinition, weight: Fragment | None) -> ClassTerm:
    own = f"_{term.name}"
    rows = piece("rows", scores=term.expression, label=Fragment(term.by[0]), weight=weight_part(weight))
    part = piece("weight_of_row") if weight else Fragment("")
    entries = piece("entries_of_rows", rows=identifier(own), position=POSITION, weight=part, **{"class": CLASS})
    return ClassTerm(
        aggregates={own: rows, str(CLASSES): piece("classes_of_rows")},
        value=ranked(str(term.kernel), entries, is_weighted=weight is not None),
    )
