"""Finding the history of a test case among the stored runs."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from kolena_store.database import Session
from kolena_store.datasets import DatasetRecord, files_of, version_of
from kolena_store.digests import canonical_json
from kolena_store.errors import InvalidInput, UnknownName
from kolena_store.histories.outcome import History
from kolena_store.metrics.definitions import load_metrics
from kolena_store.metrics.user.stored import chosen_metrics, user_metrics
from kolena_store.results import results_of_model
from kolena_store.statements import Fragment, literal, statement
from kolena_store.test_runs import listed, workflow_of
from kolena_store.test_suites import ALL
from kolena_store.workflows import Configuration

__all__ = ["HistoryOptions", "history_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOptions:
    """Which history: of which test case, metrics (None: the headlines) and models (None: all), how they were scored."""

    test_case: str = ALL
    metrics: str | Sequence[str] | None = None
    models: str | Sequence[str] | None = None
    configuration: Configuration | None = None


def history_of(session: Session, dataset: DatasetRecord, options: HistoryOptions) -> History:
    """Return the metrics of a test case over the results of models.

    Raises:
        UnknownName: no such test case, metric or model.
        InvalidInput: no metric or no model is named.
    """
    case = _case_named(session, dataset, options.test_case)
    metrics = _metrics(session, dataset, options.metrics)
    document = options.configuration.document() if options.configuration is not None else None
    configuration = canonical_json(document) if document is not None else None
    found = session.table(
        statement("queries/history", "of_case").fill(history=_history(session, dataset, case, options.models)),
        dataset=dataset.name,
        test_case=case,
        configuration=configuration,
        metrics=metrics,
    )
    return History(
        dataset=dataset.name, test_case=case, metrics=tuple(metrics), configuration=configuration, points=found
    )


def _history(session: Session, dataset: DatasetRecord, case: str, models: str | Sequence[str] | None) -> Fragment:
    file_ids = [row[0] for row in session.rows("history.metric_files", dataset_id=dataset.dataset_id)]
    paths = [str(file.path(session.root)) for file in files_of(session, file_ids)]
    rows = statement("queries/history", "rows_of_case").fill(files=literal(paths), test_case=literal(case))
    metrics = rows if paths else statement("queries/history", "no_rows").fill()
    chosen = statement("queries/history", "all_models").fill()
    if models is not None:
        names = _models(session, dataset, listed(models))
        chosen = statement("queries/history", "models_named").fill(names=literal(names))
    return statement("queries/history", "history").fill(metrics=metrics, models=chosen)


def _case_named(session: Session, dataset: DatasetRecord, name: str) -> str:
    known = [row[0] for row in session.rows("history.names_of_cases", dataset_id=dataset.dataset_id)]
    if name != ALL and name not in known:
        listing = f"kolena-store suite list {shlex.quote(dataset.name)}"
        raise UnknownName.of(f"test case of {dataset.name!r}", name, known, listing)
    return name


def _metrics(session: Session, dataset: DatasetRecord, names: str | Sequence[str] | None) -> list[str]:
    workflow = workflow_of(dataset, version_of(session, dataset))
    if names is None:
        own = [metric.name for metric in user_metrics(session, dataset)]
        return list(workflow.headlines() or own)
    wanted = list(dict.fromkeys(listed(names)))
    if not wanted:
        raise InvalidInput("the history names no metric; name at least one, or leave metrics away for the main ones")
    measured = {row[0] for row in session.rows("history.measured_metrics", dataset_id=dataset.dataset_id)}
    unmeasured = [name for name in wanted if name not in measured]
    if unmeasured:
        chosen_metrics(load_metrics(workflow.metric_file), user_metrics(session, dataset), unmeasured)
    return wanted


def _models(session: Session, dataset: DatasetRecord, names: Sequence[str]) -> list[str]:
    if not names:
        raise InvalidInput("the history names no model; name at least one, or leave models away for all")
    return [one.model for name in names for one in results_of_model(session, dataset, name)]
