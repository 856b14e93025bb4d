"""Confusion matrices of a test case, of samples or of objects, as a run counted them."""

from kolena_store.datasets import files_of
from kolena_store.errors import InvalidInput
from kolena_store.inspection.asked_plots import AskedPlot
from kolena_store.plots import Confusion, Plot, confusion_plot
from kolena_store.test_runs.confusion import confusion_matrix

__all__ = ["confusion_drawn"]


def confusion_drawn(asked: AskedPlot) -> Plot:
    """Return the confusion matrix of the first model; that of objects has the background as its last label.

    Raises:
        UnknownName: the model has no run.
        InvalidInput: its run counted none.
    """
    model, scope, session = asked.request.models[0], asked.scope, asked.look.session
    runs = [run for run in scope.runs if run.label == model]
    if not runs:
        scope.runs_of([model])
        raise InvalidInput(f"{model!r} has no run on the suite {scope.suite.name!r}; test it first")
    run = runs[-1]
    files = [str(file.path(session.root)) for file in files_of(session, [run.term_file])]
    terms = session.table("inspection.confusion", files=files, run_ids=[run.run_id], test_case=asked.request.case)
    found = confusion_matrix(terms, run.run_id, asked.request.case, model)
    confusion = Confusion(model=model, labels=found.labels, counts=found.counts)
    return confusion_plot(asked.titled(f"Confusion of {model}"), confusion)
