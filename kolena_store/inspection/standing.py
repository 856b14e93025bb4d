"""How models stand against quality standards, checked beside the store: looking writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kolena_store.database import Session
from kolena_store.errors import InvalidInput, StoreError, UnknownName
from kolena_store.inspection.compared import QUICK
from kolena_store.inspection.scopes import DatasetScope
from kolena_store.inspection.scored import is_scored
from kolena_store.inspection.scratch import on_scratch
from kolena_store.inspection.workbench import Look
from kolena_store.models import stored_configuration
from kolena_store.schema import now
from kolena_store.standards import CheckReport, Standard, check_standard, read_standard
from kolena_store.test_suites import cases_of, find_suite

__all__ = ["Standing", "StandardFile", "standard_files", "standing"]

BYTES_PER_RESULT = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardFile:
    """A file that was named: the standard in it, or why there is none."""

    path: Path
    standard: Standard | None
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a model stands: what its check says, or why it could not be checked."""

    model: str
    report: CheckReport | None
    problem: str | None


def standard_files(paths: Sequence[Path]) -> list[StandardFile]:
    """Return the standards in some files, as these are now."""
    return [_read(path) for path in paths]


def standing(look: Look, scope: DatasetScope, standard: Standard, model: str, *, baseline: str | None) -> Standing:
    """Return how a model stands against a standard; nothing is scored for it, and user's functions are not called."""
    try:
        return Standing(model=model, report=_report(look, scope, standard, model, baseline=baseline), problem=None)
    except StoreError as error:
        return Standing(model=model, report=None, problem=str(error))


def _read(path: Path) -> StandardFile:
    try:
        return StandardFile(path=path, standard=read_standard(path), problem=None)
    except StoreError as error:
        return StandardFile(path=path, standard=None, problem=str(error))


def _report(look: Look, scope: DatasetScope, standard: Standard, model: str, *, baseline: str | None) -> CheckReport:
    against = baseline if standard.needs_baseline else None
    _check_measured(look.session, scope, standard, model, baseline=against)
    day = now().date()
    key = ("standing", look.session.value("store.generation"), _stamp(standard), model, against, day)
    return look.kept.get(
        key,
        lambda: on_scratch(
            look.session.root, lambda transaction: check_standard(transaction, standard, model, against)
        ),
        lambda report: BYTES_PER_RESULT * (len(report.results) + 1),
    )


def _check_measured(
    session: Session, scope: DatasetScope, standard: Standard, model: str, *, baseline: str | None
) -> None:
    """Stop unless the models were scored as the standard asks, and measuring them is quick.

    Raises:
        UnknownName: there is no such model.
        InvalidInput: they were not, or it is not.
    """
    more = f" --baseline {baseline}" if baseline is not None else ""
    command = f"run: kolena-store check {standard.file} --model {model}{more}"
    given = standard.configuration
    configuration = None if given is None else stored_configuration(session, "evaluator", given.document())
    is_unknown = given is not None and configuration is None
    for name in (model, *([baseline] if baseline is not None else [])):
        own = [one for one in scope.results if one.model == name]
        if not own:
            known = [one.model for one in scope.results]
            raise UnknownName.of(f"model with results on {scope.dataset.name!r}", name, known, "kolena-store models")
        for results in own:
            if is_unknown or not is_scored(session, scope, results, configuration):
                raise InvalidInput(f"{results.label} was not tested as this standard asks yet; {command}")
    suite = find_suite(session, scope.dataset, standard.suite) if isinstance(standard.suite, str) else None
    n_cases = len(cases_of(session, suite)) if suite is not None else 1
    if baseline is not None and scope.dataset.next_sample * n_cases > QUICK:
        raise InvalidInput(f"comparing {model} with {baseline} takes longer than a page should; {command}")


def _stamp(standard: Standard) -> tuple[str, int, int]:
    """Return what tells a state of the file from others."""
    try:
        status = standard.file.stat()
    except OSError:
        return str(standard.file), 0, 0
    return str(standard.file), status.st_mtime_ns, status.st_size
