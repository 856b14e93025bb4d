"""How a metric went on: the history of a test case, under the configuration of a suite's runs."""

import json
from collections.abc import Sequence

from kolena_store.database import Session
from kolena_store.histories import History, HistoryOptions, history_of
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.workflows import configuration_from_document

__all__ = ["past"]


def past(
    session: Session, scope: SuiteScope, test_case: str, metric: str, *, models: Sequence[str] | None = None
) -> History:
    """Return the values of a metric on a test case over the results of models (None: all of the dataset).

    Raises:
        UnknownName: there is no such test case, metric or model.
    """
    document = None if scope.configuration is None else json.loads(scope.configuration)
    named = None if models is None else [scope.of.results_labelled(label).model for label in models]
    options = HistoryOptions(
        test_case=test_case,
        metrics=[metric],
        models=None if named is None else list(dict.fromkeys(named)),
        configuration=None if document is None else configuration_from_document(document),
    )
    return history_of(session, scope.of.dataset, options)
