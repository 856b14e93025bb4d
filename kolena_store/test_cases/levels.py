"""What a view selects: test samples, those of each model, or objects; and on whose samples the latter are measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kolena_store.predicates.tokens import lowered
from kolena_store.predicates.trees import Node
from kolena_store.test_cases.origins import Column, Origin
from kolena_store.test_cases.refusals import Place

__all__ = ["INFERENCES", "Selection", "level_of", "restricting_view"]

INFERENCES = "inferences"

DISTINCT_SETOPS = frozenset({"UNION", "UNION_BY_NAME", "EXCEPT", "INTERSECT"})


@dataclass(frozen=True, slots=True)
class Selection:
    """An earlier view as later ones see it: its name, its level, and the sample-level view it is measured within."""

    name: str
    level: str
    within: str | None


def level_of(query: Node, columns: Sequence[Column], tables: Iterable[str], place: Place) -> str:
    """Return "sample", "inference" or "object": the level of a view by the key columns that it passes on.

    One that reads inferences, itself or through earlier views, selects other samples for each model.

    Raises:
        RefusedStatement: `_sample` is missing or computed, or it and `_object` are not of one row of ground_truths.
    """
    sample = _plain_key("_sample", columns, place)
    if sample is None:
        raise place.refusal("lacks the column _sample; select it, or *")
    item = _plain_key("_object", columns, place)
    if item is not None:
        if item.mention != sample.mention:
            raise place.refusal("takes _sample and _object from two places; take both from one, such as g.*")
        return "object"
    if sample.table == "ground_truths" and not _is_distinct(query):
        raise place.refusal(
            "selects objects without their _object; select * for an object-level test case, "
            "or DISTINCT _sample for a sample-level one"
        )
    if INFERENCES not in tables:
        return "sample"
    if sample.table != INFERENCES:
        raise place.refusal(
            f"reads inferences and takes its _sample from {sample.table}; take that of inferences, as in "
            "SELECT inferences.* FROM inferences JOIN test_samples USING (_sample)"
        )
    return "inference"


def restricting_view(place: Place, tables: Iterable[str], views: Sequence[Selection]) -> str | None:
    """Return the sample-level view on whose samples an object-level view is measured, or None for all samples.

    Raises:
        RefusedStatement: it reads another table than ground_truths, or two sample-level views.
    """
    others = sorted(set(tables) - {"ground_truths"})
    if others:
        raise place.refusal(
            f"selects objects and reads {others[0]}; an object-level test case reads ground_truths and earlier views: "
            "write the condition on samples as a view of its own, and name that"
        )
    within = [view.name if view.level == "sample" else view.within for view in views]
    names = dict.fromkeys(name for name in within if name is not None)
    if len(names) > 1:
        raise place.refusal(
            f"selects objects within {' and '.join(repr(name) for name in names)}; "
            "write one sample-level view that joins the two conditions, and name that"
        )
    return next(iter(names), None)


def _plain_key(key: str, columns: Sequence[Column], place: Place) -> Origin | None:
    found = next((column for column in columns if lowered(column.name) == key), None)
    if found is None:
        return None
    if found.origin is None or found.origin.column != key:
        raise place.refusal(f"computes its column {key}; pass on a table's own {key}, unchanged")
    return found.origin


def _is_distinct(query: Node) -> bool:
    if query["type"] == "SET_OPERATION_NODE":
        return not query["setop_all"] and query["setop_type"] in DISTINCT_SETOPS
    has_distinct = any(modifier["type"] == "DISTINCT_MODIFIER" for modifier in query["modifiers"])
    return has_distinct or bool(query["group_expressions"]) or query["aggregate_handling"] == "FORCE_AGGREGATES"
