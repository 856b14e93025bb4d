"""The views of objects: a row for each one that is there, for each one that was found, and for each match."""

from collections.abc import Mapping

from kolena_store.datasets import OBJECTS, object_types
from kolena_store.published.state import DatasetState, ResultsState, ScoredState
from kolena_store.results.common_types import common_types
from kolena_store.statements import Fragment, identifier, joined, literal, statement

__all__ = [
    "CURVE_COLUMNS",
    "MATCH_COLUMNS",
    "case_matches",
    "found_objects",
    "has_matches",
    "has_objects",
    "matches",
    "object_fields",
    "precision_recall",
    "true_objects",
]

KEYS = frozenset(("_sample", "_object", "model", "upload_configuration"))
UNION = Fragment(" UNION ALL BY NAME ")
MATCH_COLUMNS = (
    *("_sample", "model", "upload_configuration", "configuration", "class", "score", "rank", "detection"),
    *("ground_truth", "overlap", "outcome", "mistake", "mistaken_for", "confused_with", "is_counted"),
    *("matched", "ignored"),
)

CURVE_COLUMNS = (
    *("test_case", "model", "upload_configuration", "configuration", "class", "threshold", "true_positives"),
    *("false_positives", "objects", "precision", "recall", "f1"),
)


def has_objects(state: DatasetState) -> bool:
    """Return whether ground truths are lists of objects."""
    return state.roles.get(OBJECTS) == "ground_truth" and bool(object_types(state.types[OBJECTS]))


def has_matches(state: DatasetState) -> bool:
    """Return whether the workflow matches objects."""
    return state.workflow is not None and state.workflow.matches_objects


def object_fields(state: DatasetState) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fields of true and of found objects with their types in SQL."""
    found = common_types(object_types(one.types[OBJECTS]) for one in state.results if OBJECTS in one.types)
    kept = {name: kind for name, kind in found.items() if name.casefold() not in KEYS}
    return object_types(state.types[OBJECTS]), kept


def true_objects(state: DatasetState) -> Fragment:
    """Return the statement of the view `ground_truths`."""
    fields, _ = object_fields(state)
    return statement("views/datasets", "ground_truth_objects").fill(
        view=state.view("ground_truths"),
        columns=_columns(fields, fields),
        objects=identifier(OBJECTS),
        samples=state.view("test_samples"),
    )


def found_objects(state: DatasetState) -> Fragment:
    """Return the statement of the view `inferences`."""
    _, fields = object_fields(state)
    part = statement("views/datasets", "found_objects_of_model")
    parts = [
        part.fill(
            model=literal(one.model),
            configuration=literal(one.upload_configuration),
            columns=_columns(fields, object_types(one.types[OBJECTS])),
            objects=identifier(OBJECTS),
            files=one.files,
        )
        for one in state.results
        if OBJECTS in one.types
    ]
    view = state.view("inferences")
    if not parts:
        return statement("views/datasets", "no_inferences").fill(view=view)
    return statement("views/datasets", "inferences").fill(
        view=view, parts=joined(parts, UNION), samples=state.view("test_samples")
    )


def matches(state: DatasetState) -> Fragment:
    """Return the statement of the view `matches`."""
    view = state.view("matches")
    parts = [_matches_of(one, scored) for one in state.results for scored in one.scored]
    if not parts:
        return statement("views/datasets", "no_matches").fill(view=view)
    return statement("views/datasets", "matches").fill(
        view=view, parts=joined(parts, UNION), samples=state.view("test_samples")
    )


def case_matches(state: DatasetState) -> Fragment:
    """Return the statement of the view `case_matches`: the same for each object-level test case."""
    view = state.view("case_matches")
    parts = [
        statement("views/datasets", "matches_of_case").fill(test_case=literal(name), matches=_matches_of(one, scored))
        for one in state.results
        for digest, found in one.of_cases.items()
        for name in state.object_cases.get(digest, ())
        for scored in found
    ]
    if not parts:
        return statement("views/datasets", "no_case_matches").fill(view=view)
    return statement("views/datasets", "case_matches").fill(
        view=view, parts=joined(parts, UNION), members=state.view("test_case_members")
    )


def precision_recall(state: DatasetState) -> Fragment:
    """Return the statement of the view `precision_recall`, a row for each score at which detections come in."""
    return statement("views/datasets", "precision_recall").fill(
        view=state.view("precision_recall"),
        matches=state.view("matches"),
        case_matches=state.view("case_matches"),
        members=state.view("test_case_members"),
        object_cases=literal(sorted({name for names in state.object_cases.values() for name in names})),
    )


def _matches_of(one: ResultsState, scored: ScoredState) -> Fragment:
    facts = scored.facts
    return statement("views/datasets", "matches_of_model").fill(
        model=literal(one.model),
        upload_configuration=literal(one.upload_configuration),
        configuration=literal(scored.configuration),
        thresholds=_threshold_map(facts["thresholds"]),
        bit=literal(63 if facts["constants"]["is_one_to_one"] else 0),
        files=scored.files,
    )


def _threshold_map(thresholds: Mapping[str, float]) -> Fragment:
    names, values = literal(list(thresholds)), literal(list(thresholds.values()))
    return Fragment(f"map({names}::VARCHAR[], {values}::DOUBLE[])")


def _columns(wanted: Mapping[str, str], own: Mapping[str, str]) -> Fragment:
    """Return the fields of an object as columns; NULL where this one's kind has none."""
    spellings = {name.casefold(): name for name in own}
    found = [
        f", {identifier('object', spellings[name.casefold()]) if name.casefold() in spellings else 'NULL'}::{kind}"
        f" AS {identifier(name)}"
        for name, kind in wanted.items()
    ]
    return Fragment("".join(found))
