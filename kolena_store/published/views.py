"""The views of a dataset's own schema."""

from collections.abc import Iterator, Mapping, Sequence

from kolena_store.database import Session
from kolena_store.files import REPEAT, SAMPLE
from kolena_store.metrics.definitions import load_metrics
from kolena_store.published.descriptions import (
    OBJECT_VIEWS,
    VIEWS,
    curve_comment,
    field_comment,
    match_comment,
    member_comment,
    sample_metric_comment,
    shared_comment,
    table_comment,
    table_field_comment,
)
from kolena_store.published.object_views import (
    CURVE_COLUMNS,
    MATCH_COLUMNS,
    case_matches,
    found_objects,
    has_matches,
    has_objects,
    matches,
    object_fields,
    precision_recall,
    true_objects,
)
from kolena_store.published.objects import PublishedObject
from kolena_store.published.paths import paths
from kolena_store.published.state import DatasetState, ResultsState, ScoredState, TableState
from kolena_store.results.common_types import common_types
from kolena_store.statements import Fragment, identifier, joined, literal, statement

__all__ = ["CLASSES", "WEIGHT", "dataset_views", "has_classes"]

CLASSES = "classes"
WEIGHT = "_weight"
REPEATS = Fragment("_repeats")
"""How many rows the sample has, until its weight is divided by them."""

ONE = Fragment("1")
OWN_COLUMNS = frozenset((SAMPLE, "model", "upload_configuration"))
UNION = Fragment(" UNION ALL BY NAME ")
TERM_COLUMNS = ("run", "model", "suite", "test_case", "term", "class", "predicted", "value")


def has_classes(state: DatasetState) -> bool:
    """Return whether the workflow has terms by class."""
    if state.workflow is None:
        return False
    return any(term.labels or term.each for term in load_metrics(state.workflow.metric_file).terms)


def dataset_views(session: Session, state: DatasetState) -> Iterator[PublishedObject]:
    """Yield the views of a dataset, each after those that it reads."""
    fields = [(name, field_comment(name, state.roles[name])) for name in state.types]
    own = [(name, shared_comment(name)) for name in (SAMPLE, "model", "upload_configuration")]
    yield _view(state, "test_samples", _test_samples(state), [own[0], *fields])
    yield from _objects(state, own) if has_objects(state) else _sides(state, own)
    told = [(WEIGHT, shared_comment(WEIGHT))]
    yield _view(state, "sample_metrics", _sample_metrics(state), [*own, *_sample_metric_comments(state)])
    sides = [(name, shared_comment(name)) for name in ("s", "g", "i", "m")] if state.results else []
    yield _view(state, "results", _results(state), [*own, *told, *sides])
    yield _view(state, "terms", _terms(session, state), [(name, shared_comment(name)) for name in TERM_COLUMNS])
    members = [(name, member_comment(name)) for name in ("test_case", SAMPLE, "model", "upload_configuration")]
    yield _view(state, "test_case_members", _members(session, state), members)
    if has_objects(state) and has_matches(state):
        matched = [members[0], *((name, match_comment(name)) for name in MATCH_COLUMNS)]
        yield _view(state, "case_matches", case_matches(state), matched)
        curves = [(name, curve_comment(name)) for name in CURVE_COLUMNS]
        yield _view(state, "precision_recall", precision_recall(state), curves)
    for table in state.tables:
        columns = [own[0], *((name, table_field_comment(name, table.roles[name])) for name in table.types)]
        yield _view(state, table.name, _attached(state, table), columns, comment=table_comment(table.name))


def _sides(state: DatasetState, own: Sequence[tuple[str, str]]) -> Iterator[PublishedObject]:
    truths = [(name, field_comment(name, "ground_truth")) for name in state.truths]
    yield _view(state, "ground_truths", _ground_truths(state), [own[0], *truths])
    shown = [name for name in common_types(one.types for one in state.results) if name.casefold() not in OWN_COLUMNS]
    said = [(name, field_comment(name, _inference_role(state, name))) for name in shown]
    told = [(WEIGHT, shared_comment(WEIGHT))] if state.has_repeats else []
    yield _view(state, "inferences", _inferences(state), [*own, *said, *told])


def _objects(state: DatasetState, own: Sequence[tuple[str, str]]) -> Iterator[PublishedObject]:
    """Yield the same of objects, a row for each."""
    true, found = object_fields(state)
    number = ("_object", shared_comment("_object"))
    fields = [(name, field_comment(name, "ground_truth")) for name in true]
    yield _view(state, "ground_truths", true_objects(state), [own[0], number, *fields], comment=OBJECT_VIEWS[0])
    said = [(name, field_comment(name, "inference")) for name in found]
    numbered = [number] if found else []
    yield _view(state, "inferences", found_objects(state), [*own, *numbered, *said], comment=OBJECT_VIEWS[1])
    if has_matches(state):
        yield _view(state, "matches", matches(state), [(name, match_comment(name)) for name in MATCH_COLUMNS])


def _inference_role(state: DatasetState, name: str) -> str:
    declared = {field.casefold() for one in state.results for field in one.metadata_fields}
    return "inference_metadata" if name.casefold() in declared else "inference"


def _view(
    state: DatasetState,
    name: str,
    create: Fragment,
    columns: Sequence[tuple[str, str]],
    *,
    comment: str | None = None,
) -> PublishedObject:
    return PublishedObject(
        schema=state.name,
        name=name,
        kind="view",
        made_from=create,
        create=lambda: create,
        comment=comment or VIEWS[name],
        columns=columns,
    )


def _test_samples(state: DatasetState) -> Fragment:
    return _rows_of_files(state.view("test_samples"), state.types, state.files)


def _attached(state: DatasetState, table: TableState) -> Fragment:
    return _rows_of_files(state.view(table.name), table.types, table.files)


def _rows_of_files(view: Fragment, types: Mapping[str, str], files: Fragment) -> Fragment:
    columns = joined([Fragment(SAMPLE), *(_typed(name, kind) for name, kind in types.items())])
    return statement("views/datasets", "test_samples").fill(view=view, columns=columns, files=files)


def _ground_truths(state: DatasetState) -> Fragment:
    columns = joined([Fragment(SAMPLE), *map(identifier, state.truths)])
    view = statement("views/datasets", "ground_truths")
    return view.fill(view=state.view("ground_truths"), columns=columns, samples=state.view("test_samples"))


def _inferences(state: DatasetState) -> Fragment:
    types = common_types(one.types for one in state.results)
    shown = [name for name in types if name.casefold() not in OWN_COLUMNS]
    part = statement("views/datasets", "inferences_of_model")
    parts = [
        part.fill(
            model=literal(one.model),
            configuration=literal(one.upload_configuration),
            columns=joined([*(_of_model(one, name, types[name]) for name in shown), *_counted(state, one)], ""),
            files=one.files,
        )
        for one in state.results
    ]
    view, samples = state.view("inferences"), state.view("test_samples")
    if not parts:
        return statement("views/datasets", "no_inferences").fill(view=view)
    if state.has_repeats:
        weighed = statement("views/datasets", "weighed_inferences")
        return weighed.fill(view=view, parts=joined(parts, UNION), samples=samples, weight=_weight(state))
    return statement("views/datasets", "inferences").fill(view=view, parts=joined(parts, UNION), samples=samples)


def _results(state: DatasetState) -> Fragment:
    types = common_types(one.types for one in state.results)
    part = statement("views/datasets", "results_of_model")
    parts = [
        part.fill(
            model=literal(one.model),
            configuration=literal(one.upload_configuration),
            i=_struct({name: _value_of_model(one, name, kind) for name, kind in types.items()}),
            m=_metrics_struct(state, one),
            files=one.files,
            scored=_metrics_join(one),
            repeats=_repeats(one, "inferences"),
        )
        for one in state.results
    ]
    if not parts:
        return statement("views/datasets", "no_results").fill(view=state.view("results"))
    return statement("views/datasets", "results").fill(
        view=state.view("results"),
        s=_struct({name: identifier("samples", name) for name in state.types}),
        g=_struct({name: identifier("samples", name) for name in state.truths}),
        parts=joined(parts, UNION),
        samples=state.view("test_samples"),
        weight=_weight(state),
    )


def _counted(state: DatasetState, one: ResultsState) -> list[Fragment]:
    """Return the column that counts the repeats of a sample, where some model has any."""
    return [Fragment(f", {_repeats(one, 'inferences')} AS {REPEATS}")] if state.has_repeats else []


def _repeats(one: ResultsState, table: str) -> Fragment:
    if one.repeat_field is None:
        return ONE
    return statement("views/datasets", "repeats_of_sample").fill(table=Fragment(table))


def _weight(state: DatasetState) -> Fragment:
    """Return what a row counts: the weight of its sample, shared among the repeats."""
    weight = ONE if state.weight is None else identifier("samples", state.weight)
    return statement("views/datasets", "weight_of_row").fill(weight=weight, repeats=Fragment(f"answers.{REPEATS}"))


def _metrics_struct(state: DatasetState, one: ResultsState) -> Fragment:
    """Return what the workflow found out about a sample; NULL, of the same type, until the model is tested."""
    scored = one.by_default
    if scored is not None or not state.metric_types:
        known = scored.types if scored is not None else {}
        return _struct({name: _scored_value(known, name, kind) for name, kind in state.metric_types.items()})
    kinds = joined(Fragment(f"{identifier(name)} {kind}") for name, kind in state.metric_types.items())
    return Fragment(f"NULL::STRUCT({kinds})")


def _metrics_join(one: ResultsState) -> Fragment:
    if one.by_default is None:
        return Fragment("")
    same = literal(True)
    if one.repeat_field is not None:
        same = statement("views/datasets", "same_repeat").fill(repeat=identifier("inferences", one.repeat_field))
    return statement("views/datasets", "join_sample_metrics").fill(files=one.by_default.files, same_repeat=same)


def _sample_metrics(state: DatasetState) -> Fragment:
    view, part = state.view("sample_metrics"), statement("views/datasets", "sample_metrics_of_model")
    weights = Fragment("")
    if state.weight is not None:
        weights = statement("views/datasets", "join_weights").fill(samples=state.view("test_samples"))
    parts = [
        part.fill(
            model=literal(one.model),
            upload_configuration=literal(one.upload_configuration),
            configuration=literal(scored.configuration),
            columns=_metric_columns(state, one, scored),
            files=scored.files,
            weights=weights,
        )
        for one in state.results
        for scored in one.scored
    ]
    if parts:
        return statement("views/datasets", "sample_metrics").fill(view=view, parts=joined(parts, UNION))
    columns = _metric_columns(state, None, None)
    return statement("views/datasets", "no_sample_metrics").fill(view=view, columns=columns)


def _scored_value(known: Mapping[str, str], name: str, kind: str) -> Fragment:
    """Return a column of sample metrics; NULL where a scorer returned it for other models alone."""
    return Fragment(f"{identifier('scored', name) if name in known else 'NULL'}::{kind}")


def _metric_columns(state: DatasetState, one: ResultsState | None, scored: ScoredState | None) -> Fragment:
    known = scored.types if scored is not None else {}
    found = [f"{_scored_value(known, name, kind)} AS {identifier(name)}" for name, kind in state.metric_types.items()]
    if state.has_repeats:
        is_told = one is not None and one.repeat_field is not None
        found.insert(0, f"{identifier('scored', REPEAT) if is_told else 'NULL'}::{_repeat_type(state)} AS {REPEAT}")
    if has_classes(state):
        found.append(f"{literal(scored.classes if scored else None)}::VARCHAR[] AS {identifier(CLASSES)}")
    if state.is_weighed:
        found.append(f"{_weight_of_scored(state, one) if scored is not None else 'NULL'}::DOUBLE AS {WEIGHT}")
    return Fragment("".join(f", {text}" for text in found))


def _weight_of_scored(state: DatasetState, one: ResultsState | None) -> Fragment:
    weight = ONE if state.weight is None else identifier("weighed", state.weight)
    if one is None or one.repeat_field is None:
        return weight
    return statement("views/datasets", "weight_of_row").fill(weight=weight, repeats=_repeats(one, "scored"))


def _repeat_type(state: DatasetState) -> str:
    """Return a type that the repeat fields of all models fit."""
    told = (one.types[one.repeat_field] for one in state.results if one.repeat_field is not None)
    return common_types({REPEAT: kind} for kind in told)[REPEAT]


def _sample_metric_comments(state: DatasetState) -> Iterator[tuple[str, str]]:
    yield "configuration", shared_comment("configuration")
    if state.has_repeats:
        yield REPEAT, shared_comment(REPEAT)
    for name in state.metric_types:
        yield name, sample_metric_comment(state.workflow, name)
    if has_classes(state):
        yield CLASSES, shared_comment(CLASSES)
    if state.is_weighed:
        yield WEIGHT, shared_comment(WEIGHT)


def _terms(session: Session, state: DatasetState) -> Fragment:
    file_ids = [row[0] for row in session.rows("publish.term_files", dataset_id=state.dataset_id)]
    view = state.view("terms")
    if not file_ids:
        return statement("views/datasets", "no_terms").fill(view=view)
    return statement("views/datasets", "terms").fill(view=view, files=paths(session, file_ids))


def _members(session: Session, state: DatasetState) -> Fragment:
    key = {"dataset_id": state.dataset_id, "dataset_version": state.version}
    file_ids = [row[0] for row in session.rows("publish.membership_files", **key)]
    view, block = state.view("test_case_members"), statement("views/datasets", "membership_blocks")
    if not file_ids:
        return statement("views/datasets", "no_members").fill(view=view)
    blocks = [block.fill(file_id=literal(one), files=paths(session, [one])) for one in file_ids]
    return statement("views/datasets", "test_case_members").fill(
        view=view,
        dataset_id=literal(state.dataset_id),
        version=literal(state.version),
        blocks=joined(blocks, UNION),
    )


def _of_model(one: ResultsState, name: str, kind: str) -> Fragment:
    return Fragment(f", {_value_of_model(one, name, kind)} AS {identifier(name)}")


def _value_of_model(one: ResultsState, name: str, kind: str) -> Fragment:
    own = one.spellings.get(name.casefold())
    return Fragment(f"NULL::{kind}" if own is None else f"{identifier('inferences', own)}::{kind}")


def _struct(values: Mapping[str, Fragment]) -> Fragment:
    if not values:
        return Fragment("NULL::INTEGER")
    return Fragment(f"struct_pack({joined(Fragment(f'{identifier(name)} := {one}') for name, one in values.items())})")


def _typed(name: str, kind: str) -> Fragment:
    return Fragment(f"{identifier(name)}::{kind} AS {identifier(name)}")
