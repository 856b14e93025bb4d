"""What the differences between two runs are due to, measured beside the store: looking writes nothing."""

from dataclasses import dataclass

from kolena_store.attribution import Attribution, Part, compare_runs, parts_between
from kolena_store.errors import InvalidInput
from kolena_store.inspection.compared import QUICK
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.inspection.scratch import on_scratch
from kolena_store.inspection.workbench import Look
from kolena_store.workflows.custom import Custom

__all__ = ["RunPair", "causes", "parts_of", "runs_beside"]

BYTES_PER_ROW = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPair:
    """A run and an older one that it is compared with, by their numbers."""

    run: int
    baseline: int


def runs_beside(scope: SuiteScope, *, model: str, baseline: str) -> RunPair | None:
    """Return the newest runs of two models on a suite; None when one of them has none."""
    newest = {run.label: run.run_id for run in scope.runs}
    if model not in newest or baseline not in newest:
        return None
    return RunPair(run=newest[model], baseline=newest[baseline])


def parts_of(look: Look, pair: RunPair) -> tuple[Part, ...]:
    """Return what differs between two runs at all: labels, membership, the model and so on. Nothing is measured.

    Raises:
        UnknownName: there is no such run.
        InvalidInput: they have nothing in common.
    """
    return look.kept.get(
        ("parts", pair), lambda: parts_between(look.session, pair.run, pair.baseline), lambda _: BYTES_PER_ROW
    )


def causes(look: Look, scope: SuiteScope, pair: RunPair) -> Attribution:
    """Return each difference between two runs, split into its parts.

    Raises:
        UnknownName: there is no such run.
        InvalidInput: they have nothing in common; or it would take long, or call a user's function.
    """
    if len(parts_of(look, pair)) > 1:
        _check_measurable(scope, pair)
    key = ("causes", look.session.value("store.generation"), pair)
    return look.kept.get(
        key,
        lambda: on_scratch(look.session.root, lambda transaction: compare_runs(transaction, pair.run, pair.baseline)),
        lambda found: BYTES_PER_ROW * (len(found) + 1),
    )


def _check_measurable(scope: SuiteScope, pair: RunPair) -> None:
    command = f"kolena-store runs compare {pair.run} {pair.baseline}"
    workflow = scope.of.workflow
    if isinstance(workflow, Custom) and workflow.scorer is not None:
        raise InvalidInput(f"splitting these differences calls the scorer {workflow.scorer}; run: {command}")
    if scope.of.dataset.next_sample * len(scope.cases) > QUICK:
        raise InvalidInput(f"splitting these differences takes longer than a page should; run: {command}")
