"""Bringing the published database up to date at the end of a transaction."""

from collections.abc import Sequence

from kolena_store.database import Session, Transaction
from kolena_store.published import objects
from kolena_store.published.cases import case_views, cases_schema, current_cases, note_cases
from kolena_store.published.definitions import PublishedMetric, objects_of, published_metrics
from kolena_store.published.descriptions import CONTRACT_VERSION, KOLENA_VIEWS, VIEWS, kolena_comment
from kolena_store.published.objects import PublishedObject, publish_objects
from kolena_store.published.paths import paths
from kolena_store.published.state import dataset_state
from kolena_store.published.views import dataset_views
from kolena_store.statements import Fragment, identifier, literal, load, statement

__all__ = ["publish_again", "publish_changes", "store_views"]

KOLENA = "kolena"
OF_FILES = (
    ("metrics", "no_metrics", "publish.all_metric_files"),
    ("comparisons", "no_comparisons", "publish.all_comparison_files"),
)
"""Views over the rows of runs and of comparisons: each, what stands for it without any rows, and where those lie."""


def publish_changes(transaction: Transaction) -> None:
    """Bring the views and macros up to date with what the transaction changed."""
    if transaction.is_first or transaction.has_new_runs:
        _publish_store(transaction)
    for dataset_id in sorted(transaction.touched_datasets):
        _publish_dataset(transaction, dataset_id)


def publish_again(transaction: Transaction) -> None:
    """Make every view and macro again, as after the store was moved or a newer version of this package came."""
    _publish_store(transaction, again=True)
    for (dataset_id,) in transaction.rows("store.all_datasets"):
        _publish_dataset(transaction, dataset_id, again=True)


def _publish_dataset(transaction: Transaction, dataset_id: int, *, again: bool = False) -> None:
    state = dataset_state(transaction, dataset_id)
    for schema in (state.name, cases_schema(state.name)):
        transaction.run(statement("views/datasets", "schema").fill(schema=identifier(schema)))
    cases = current_cases(transaction, dataset_id, state.columns)
    if note_cases(transaction, dataset_id, cases):
        state = dataset_state(transaction, dataset_id)
    views = [*dataset_views(transaction, state), *case_views(transaction, state, cases)]
    publish_objects(transaction, dataset_id, views, kinds=objects.VIEWS, again=again)
    noted = transaction.rows("publish.noted_metrics", dataset_id=dataset_id)
    if noted or state.facts:  # before the first test there is nothing to recompute
        metrics = list(published_metrics(transaction, state))
        publish_objects(transaction, dataset_id, objects_of(metrics), kinds=objects.MACROS, again=again)
        _note_metrics(transaction, dataset_id, metrics, noted)


def _note_metrics(
    transaction: Transaction, dataset_id: int, metrics: Sequence[PublishedMetric], noted: Sequence[tuple[object, ...]]
) -> None:
    """Keep the definitions in the catalogue, where a view of the store reads them."""
    rows = [metric.row() for metric in metrics]
    if noted == [tuple(row.values()) for row in rows]:
        return
    transaction.run("publish.forget_metrics", dataset_id=dataset_id)
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    if columns:
        transaction.run("publish.note_metrics", dataset_id=dataset_id, **columns)


def _publish_store(transaction: Transaction, *, again: bool = False) -> None:
    transaction.run(load("views/kolena")["schema"].fill())
    publish_objects(transaction, None, store_views(transaction), kinds=objects.VIEWS, again=again)


def store_views(session: Session) -> list[PublishedObject]:
    """Return the views of schema `kolena`."""
    views = load("views/kolena")
    plain = [name for name, one in views.items() if not one.examples and name in KOLENA_VIEWS]
    made = {name: views[name].fill() for name in plain}
    made["contract"] = views["contract"].fill(version=literal(CONTRACT_VERSION))
    for name, nothing, query in OF_FILES:
        file_ids = [row[0] for row in session.rows(query)]
        made[name] = views[name].fill(files=paths(session, file_ids)) if file_ids else views[nothing].fill()
    made["history"] = views["history"].fill(history=_history())
    return [_view(name, text) for name, text in made.items()]


def _history() -> Fragment:
    rows = statement("queries/history", "all_rows").fill()
    models = statement("queries/history", "all_models").fill()
    return statement("queries/history", "history").fill(metrics=rows, models=models)


def _view(name: str, create: Fragment) -> PublishedObject:
    return PublishedObject(
        schema=KOLENA,
        name=name,
        kind="view",
        made_from=create,
        create=lambda: create,
        comment=VIEWS[f"{KOLENA}.{name}"],
        columns=[(column, kolena_comment(name, column)) for column in KOLENA_VIEWS[name]],
    )
